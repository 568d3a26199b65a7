"""How often each cause was found, over time (floor 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.words import CAUSE_NAMES, listing
from toolkit.vocabulary import VERDICTS

#: Each cause in a colour and, for who sees no colours, a hatching of its own.
LOOKS: Final = {
    "data": (f.MAIN, ""),
    "overfitting": (f.GREY, "//"),
    "integration": (f.BAD, ""),
    "bias": (f.GOOD, ""),
    "human": (f.BADBAND, "\\\\"),
    "none": (f.SHADE, ""),
    "undetermined": (f.BAND, ".."),
    "not yet diagnosed": (f.PAPER, ""),
}
#: Periods that a plot has room for; with more, longer ones are counted.
_MOST: Final = 18


def causes(found: Sequence[tuple[datetime, str]]) -> f.Figure:
    """Draw a bar for each period, its parts the causes that were found in it; ``found`` is (when, verdict)."""
    unit, periods = _periods([when for when, _ in found])
    counts = Counter((_period(when, unit), verdict) for when, verdict in found)
    rows = [v for v in VERDICTS if any(c == v for _, c in found)]
    drawn = {v: [counts[p, v] for p in periods] for v in LOOKS}

    def draw(drawing: Any, narrow: bool) -> None:
        bars(f.axes_in(drawing, left=0.75, right=0.3, top=0.75, bottom=0.45), periods, drawn, 3 if narrow else 9)

    said = [f"{CAUSE_NAMES[v]} {sum(c == v for _, c in found)}" for v in rows]
    alt = f"Verdicts by {unit}, {periods[0]} to {periods[-1]}: {listing(said)}." if found else "No verdict yet."
    table = Table(
        (unit.capitalize(), *(CAUSE_NAMES[v].capitalize() for v in rows)),
        tuple((p, *(counts[p, v] for v in rows)) for p in periods),
        f"Verdicts by {unit}",
    )
    return f.Figure("causes", "What the causes were, over time", alt, table, draw, 2.9)


def bars(axes: Any, periods: Sequence[str], counts: Mapping[str, Sequence[int]], most: int) -> None:
    """Draw a bar a period, its parts counted by cause; ``most`` is how many periods there is room to name."""
    below = [0] * len(periods)
    for cause, values in counts.items():
        if any(values):
            colour, hatch = LOOKS[cause]
            axes.bar(
                range(len(periods)), values, 0.7, bottom=below, color=colour, hatch=hatch, edgecolor=f.SOFT, lw=0.5,
                label=cause,
            )  # fmt: skip
            below = [b + v for b, v in zip(below, values, strict=True)]
    ticks(axes, periods, most)
    axes.locator_params(axis="y", integer=True, nbins=5)
    axes.set_ylabel("incidents")
    axes.tick_params(length=0)
    if any(below):
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 0.98), frameon=False, ncols=4 if most > 4 else 3, fontsize=8.5
        )


def ticks(axes: Any, periods: Sequence[str], most: int) -> None:
    """Name as many periods as there is room for."""
    step = -(-len(periods) // most) or 1
    axes.set_xticks(range(0, len(periods), step), periods[::step])
    axes.set_xlim(-0.6, max(len(periods), 4) - 0.4)


def _period(when: datetime, unit: str) -> str:
    if unit == "month":
        return f"{when:%Y-%m}"
    return f"{when:%Y}" if unit == "year" else f"{when.year} Q{(when.month + 2) // 3}"


def _periods(times: Sequence[datetime]) -> tuple[str, list[str]]:
    """Choose months, quarters or years, and give all from the first to the last, those without an incident too."""
    if not times:
        return "month", []
    first, last = min(times), max(times)
    months = [divmod(m, 12) for m in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)]
    days = [first.replace(year=y, month=m + 1, day=1) for y, m in months]
    made: list[str] = []
    unit = "month"
    for unit in ("month", "quarter", "year"):
        made = list(dict.fromkeys(_period(d, unit) for d in days))
        if len(made) <= _MOST:
            break
    return unit, made
