"""How often each cause was found, over time (floor 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.words import CAUSE_NAMES, listing
from toolkit.vocabulary import VERDICTS

#: Periods that a plot has room for; with more, longer ones are counted.
_MOST: Final = 18


def causes(found: Sequence[tuple[datetime, str]]) -> f.Figure:
    """Draw a disc for each cause and period, as large as its incidents are many; ``found`` is (when, verdict)."""
    unit, periods = _periods([when for when, _ in found])
    counts = Counter((_period(when, unit), verdict) for when, verdict in found)
    rows = [v for v in VERDICTS if any(c == v for _, c in found)]

    def draw(drawing: Any, narrow: bool) -> None:
        names = [CAUSE_NAMES[v] if v != "none" else "nothing wrong" for v in rows]
        axes = f.axes_in(drawing, left=f.room(names), right=0.3, top=0.15, bottom=0.45)
        for (period, verdict), times in counts.items():
            x, y = periods.index(period), rows.index(verdict)
            axes.plot([x], [y], marker="o", ms=min(7 + 4 * times**0.5, 20), color=f.MAIN, ls="", zorder=2)
            axes.annotate(str(times), (x, y), ha="center", va="center", fontsize=8.5, color=f.PAPER, zorder=3)
        step = max(1, -(-len(periods) // (3 if narrow else 9)))
        axes.set_xticks(range(0, len(periods), step), periods[::step])
        axes.set_yticks(range(len(rows)), names)
        axes.set_xlim(-0.6, max(len(periods), 2) - 0.4)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", color=f.GRID, lw=0.8, zorder=0)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=f.INK)
        axes.spines["left"].set_visible(False)

    said = [f"{CAUSE_NAMES[v]} {sum(c == v for _, c in found)}" for v in rows]
    alt = f"Verdicts by {unit}, {periods[0]} to {periods[-1]}: {listing(said)}." if found else "No verdict yet."
    table = Table(
        (unit.capitalize(), *(CAUSE_NAMES[v].capitalize() for v in rows)),
        tuple((p, *(counts[p, v] for v in rows)) for p in periods),
        f"Verdicts by {unit}",
    )
    return f.Figure("causes", "What the causes were, over time", alt, table, draw, 0.75 + 0.42 * max(len(rows), 1))


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
