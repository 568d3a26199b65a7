"""One metric by group, each with its interval and its rows (floor 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from toolkit.notebooks.bundle import GroupValue
from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.text import label, visible
from toolkit.report.words import capital, listing, name, number

_MOST: Final = 24
#: Rows from which a group's interval counts for the scale.
_ENOUGH: Final = 30


def groups(values: Sequence[GroupValue], metric: str | None = None) -> f.Figure:
    """Draw a point with its 95 % interval for each group, the columns one under the other; the largest first.

    ``metric`` chooses one where the values hold several; the first otherwise.
    """
    chosen = metric or (values[0].metric if values else "metric")
    mine = [v for v in values if v.metric == chosen and v.estimate is not None]
    columns = list(dict.fromkeys(v.column for v in mine))
    kept = [v for c in columns for v in sorted((v for v in mine if v.column == c), key=lambda v: -v.n)][:_MOST]
    rows = _rows(kept)

    def draw(drawing: Any, narrow: bool) -> None:
        names = [label(f"{v.column} = {v.value}", 18 if narrow else 34) for v in kept]
        counts = [f"n = {v.n:,}" for v in kept]
        axes = f.axes_in(drawing, left=f.room(names), right=f.room(counts, 8.5), top=0.08, bottom=0.52)
        for row, value in zip(rows, kept, strict=True):
            _point(axes, row, value)
        _limits(axes, kept)
        axes.set_yticks(rows, names)
        axes.invert_yaxis()
        axes.grid(axis="x", color=f.GRID, lw=0.8, zorder=0)
        axes.locator_params(axis="x", nbins=4 if narrow else 7)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=f.INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(label(name(chosen)))

    height = 0.65 + 0.3 * max(2.0, (rows[-1] if rows else 0) + 1)
    return f.Figure("groups", f"{capital(chosen)} by group", _alt(kept, chosen), _table(values), draw, height)


def _rows(kept: Sequence[GroupValue]) -> list[float]:
    """Give each group its row, with a gap where the next column begins."""
    rows: list[float] = []
    for position, value in enumerate(kept):
        gap = 1.6 if position and value.column != kept[position - 1].column else 1.0
        rows.append(rows[-1] + gap if rows else 0.0)
    return rows


def _limits(axes: Any, kept: Sequence[GroupValue]) -> None:
    """Let the groups with enough rows set the scale; the interval of a tiny one may run out of the plot."""
    known = [v for v in kept if v.n >= _ENOUGH] or kept
    edges = [x for v in known for x in (v.low, v.estimate, v.high) if x is not None]
    edges += [v.estimate for v in kept if v.estimate is not None]
    if edges and max(edges) > min(edges):
        room = 0.04 * (max(edges) - min(edges))
        axes.set_xlim(min(edges) - room, max(edges) + room)


def _point(axes: Any, row: float, value: GroupValue) -> None:
    low, high = (math.nan if v is None else v for v in (value.low, value.high))
    axes.plot([low, high], [row, row], color=f.BAND, lw=5, solid_capstyle="round", zorder=2)
    axes.plot([value.estimate], [row], marker="o", ms=6, color=f.MAIN, zorder=3)
    axes.annotate(f"n = {value.n:,}", (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0), va="center",
                  textcoords="offset points", fontsize=8.5, color=f.SOFT, annotation_clip=False)  # fmt: skip


def _alt(kept: Sequence[GroupValue], metric: str) -> str:
    if not kept:
        return f"{capital(metric)} by group: no group has a value."
    parts = []
    for column in dict.fromkeys(v.column for v in kept):
        mine = [f"{v.value} {number(v.estimate)} of {v.n:,} rows" for v in kept if v.column == column]
        parts.append(f"{name(column)}: {listing(mine, 6)}")
    return f"{capital(metric)} by group. {'; '.join(parts)}."


def _table(values: Sequence[GroupValue]) -> Table:
    rows = tuple(
        (visible(v.column, 80), visible(v.value, 120), name(v.metric), v.estimate, v.low, v.high, v.n) for v in values
    )
    return Table(("Column", "Group", "Metric", "Value", "95 % low", "95 % high", "Rows"), rows, "Groups")
