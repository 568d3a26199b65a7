"""All incidents at one look (floor 6): causes by month, how soon each was seen and stopped, and what recurs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from toolkit.report.plots import figure as f
from toolkit.report.plots.causes import LOOKS, bars, ticks
from toolkit.report.tables import Table
from toolkit.report.text import label
from toolkit.report.words import listing
from toolkit.store import Stats
from toolkit.vocabulary import CAUSES

_MOST: Final = 36


def overview(stats: Stats) -> f.Figure:
    """Draw the incidents of each month by cause, a bar a month, and the mechanisms that were found, the rarest last."""
    months = stats.months[-_MOST:]
    counts = {cause: [_count(m.causes, cause, m.incidents) for m in months] for cause in LOOKS}
    found = list(stats.mechanisms.items())[:8]
    lags = {"detect": [m.to_detect for m in months], "mitigate": [m.to_mitigate for m in months]}
    timed = any(lag is not None for values in lags.values() for lag in values)
    heights = [2.7, *([1.5] if timed else []), *([0.75 + 0.24 * max(len(found), 2)] if found else [])]

    def draw(drawing: Any, narrow: bool) -> None:
        width, height = drawing.get_size_inches()
        names = [label(name.replace("_", " "), 24) for name, _ in found]

        def panel(position: int, left: float) -> Any:
            """Give the axes of the panel at a position, from the top."""
            over = sum(heights[:position])
            above = 0.6 if position == 0 else 0.35
            size = [left / width, 1 - (over + heights[position] - 0.35) / height]
            return drawing.add_axes([*size, 1 - (left + 0.25) / width, (heights[position] - 0.35 - above) / height])

        bars(panel(0, 0.75), [m.month for m in months], counts, 4 if narrow else 8)
        if timed:
            _lags(panel(1, 0.75), [m.month for m in months], lags, 4 if narrow else 8)
        if found:
            _mechanisms(panel(len(heights) - 1, f.room(names)), names, [n for _, n in found])

    known = [cause for cause in counts if any(counts[cause])]
    heads = ("month", "incidents", *known, "hours to detect", "hours to mitigate")
    rows = tuple(
        (m.month, m.incidents, *(counts[c][i] for c in known), _hours(m.to_detect), _hours(m.to_mitigate))
        for i, m in enumerate(months)
    )
    table = Table(heads, rows, "Incidents by month and cause, with the median hours to detect and to mitigate")
    return f.Figure("overview", "Incidents by month and cause", _alt(stats, found), table, draw, sum(heights))


def _count(causes: dict[str, int], cause: str, of: int) -> int:
    """Count a month's incidents of one cause; what no verdict names is not yet diagnosed."""
    known = {c: causes.get(c, 0) for c in (*CAUSES, "none", "undetermined")}
    return known[cause] if cause in known else of - sum(known.values())


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 2)


def _lags(axes: Any, months: Sequence[str], lags: dict[str, list[float | None]], most: int) -> None:
    """Draw the median hours to detect and to mitigate of each month, as far as they are known."""
    for (name, values), (colour, mark) in zip(lags.items(), ((f.MAIN, "o"), (f.BAD, "s")), strict=True):
        known = [(i, _hours(v)) for i, v in enumerate(values) if v is not None]
        axes.plot([i for i, _ in known], [v for _, v in known], mark, ls="-", lw=1, color=colour, label=name)
    ticks(axes, months, most)
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(length=0)
    axes.set_title("median hours to", loc="left", color=f.SOFT)
    axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.96), frameon=False, ncols=2, fontsize=8.5)


def _mechanisms(axes: Any, names: Sequence[str], counts: Sequence[int]) -> None:
    axes.barh(range(len(names)), counts, 0.6, color=f.MAIN)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.locator_params(axis="x", integer=True, nbins=5)
    axes.tick_params(length=0)
    axes.set_title("mechanisms found", loc="left", color=f.SOFT)


def _alt(stats: Stats, found: Sequence[tuple[str, int]]) -> str:
    said = listing([f"{name.replace('_', ' ')} ({n})" for name, n in found])
    causes = listing([f"{name} ({n})" for name, n in stats.causes.items()])
    return (
        f"{stats.incidents} incidents over {len(stats.months)} months; causes: {causes or 'none yet'}; "
        f"mechanisms: {said or 'none yet'}."
    )
