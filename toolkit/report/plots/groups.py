"""One metric by group, each with its interval and its rows (floor 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.notebooks.bundle import GroupValue
from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.text import label
from toolkit.report.words import listing, name, number

_MOST = 24


def groups(values: Sequence[GroupValue], metric: str | None = None) -> f.Figure:
    """Draw a point with its 95 % interval for each group, the columns one under the other; the largest first.

    ``metric`` chooses one where the values hold several; the first otherwise.
    """
    chosen = metric or (values[0].metric if values else "metric")
    mine = [v for v in values if v.metric == chosen and v.estimate is not None]
    columns = list(dict.fromkeys(v.column for v in mine))
    kept = [v for c in columns for v in sorted((v for v in mine if v.column == c), key=lambda v: -v.n)][:_MOST]
    with f.paper(0.7 + 0.28 * max(2, len(kept) + len(columns) - 1)) as drawing:
        axes = drawing.add_subplot()
        ticks, names, row = [], [], 0.0
        for position, value in enumerate(kept):
            if position and value.column != kept[position - 1].column:
                row += 0.6
            assert value.estimate is not None
            low, high = (math.nan if v is None else v for v in (value.low, value.high))
            axes.plot([low, high], [row, row], color=f.BAND, lw=5, solid_capstyle="round", zorder=2)
            axes.plot([value.estimate], [row], marker="o", ms=6, color=f.MAIN, zorder=3)
            axes.annotate(f"n = {value.n:,}", (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
                          textcoords="offset points", va="center", fontsize=8.5, color=f.SOFT)  # fmt: skip
            ticks.append(row)
            names.append(label(f"{value.column} = {value.value}"))
            row += 1
        axes.set_yticks(ticks, names)
        axes.invert_yaxis()
        axes.grid(axis="x", color=f.GRID, lw=0.8, zorder=0)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=f.INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(name(chosen))
        return f.finish(drawing, "groups", f"{name(chosen).capitalize()} by group", _alt(kept, chosen), _table(values))


def _alt(kept: Sequence[GroupValue], metric: str) -> str:
    if not kept:
        return f"{name(metric).capitalize()} by group: no group has a value."
    parts = []
    for column in dict.fromkeys(v.column for v in kept):
        mine = [f"{v.value} {number(v.estimate)} of {v.n:,} rows" for v in kept if v.column == column]
        parts.append(f"{name(column)}: {listing(mine, 6)}")
    return f"{name(metric).capitalize()} by group. {'; '.join(parts)}."


def _table(values: Sequence[GroupValue]) -> Table:
    rows = tuple((v.column, v.value, name(v.metric), v.estimate, v.low, v.high, v.n) for v in values)
    return Table(("Column", "Group", "Metric", "Value", "95 % low", "95 % high", "Rows"), rows, "Groups")
