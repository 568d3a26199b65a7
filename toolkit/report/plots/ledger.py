"""The damage split over causes, and the rivals for the verdict (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from toolkit.records import Harm, LedgerLine, Verdict
from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.text import label
from toolkit.report.words import CAUSE_NAMES, between, name, number, percent
from toolkit.vocabulary import CAUSES

_MOST: Final = 12
_LOOSE: Final = frozenset({"unexplained", "off_support"})


def waterfall(ledger: Sequence[LedgerLine], harm: Harm | None = None) -> f.Figure:
    """Draw the lines of the ledger one under the other, each beginning where the one above ends; they sum to all."""
    lines = sorted(ledger, key=lambda line: (line.cause in _LOOSE, -line.share))[:_MOST]
    total = harm.excess_errors if harm and harm.excess_errors else None

    def draw(drawing: Any, narrow: bool) -> None:
        titles = [label(_title(line), 18 if narrow else 34) for line in lines]
        axes = f.axes_in(drawing, left=f.room(titles), right=0.15, top=0.08, bottom=0.52)
        start = 0.0
        for row, line in enumerate(lines):
            _bar(axes, row, start, line)
            start += line.share
        axes.set_yticks(range(len(lines)), titles)
        axes.invert_yaxis()
        _shares(axes, lines, narrow)
        whole = f" ({number(round(total))} excess errors)" if total and not narrow else ""
        axes.set_xlabel(f"share of the damage{whole}")

    title = "The damage, split over its causes"
    height = 0.65 + 0.38 * max(1, len(lines))
    return f.Figure("ledger", title, _ledger_alt(lines), _ledger_table(lines, total), draw, height)


def _bar(axes: Any, row: int, start: float, line: LedgerLine) -> None:
    loose = line.cause in _LOOSE
    face = f.PAPER if loose else f.GOOD if line.share < 0 else f.MAIN
    axes.barh(row, line.share, left=start, height=0.56, color=face, hatch="////" if loose else None,
              edgecolor=f.GREY if loose else face, lw=0.8, zorder=2)  # fmt: skip
    ends = [start, start + line.share]
    if line.interval:
        low, high = (start + v for v in line.interval)
        axes.plot([low, high], [row + 0.4] * 2, color=f.SOFT, lw=1.3, zorder=3, solid_capstyle="butt")
        for edge in (low, high):
            axes.plot([edge, edge], [row + 0.33, row + 0.47], color=f.SOFT, lw=1.3, zorder=3)
    axes.annotate(percent(line.share), (max(ends), row), xytext=(6, 0), textcoords="offset points", va="center",
                  fontsize=9.5, zorder=4)  # fmt: skip


def _shares(axes: Any, lines: Sequence[LedgerLine], narrow: bool) -> None:
    from matplotlib.ticker import PercentFormatter

    ends, running = [0.0, 1.0], 0.0
    for line in lines:
        ends += [running + v for v in (line.interval or (line.share, line.share))]
        running += line.share
        ends.append(running)
    low, high = max(min(ends), -1.0), min(max(ends), 2.0)
    axes.set_xlim(low - 0.01, high + (0.2 if narrow else 0.1) * (high - low))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.locator_params(axis="x", nbins=4 if narrow else 8)
    axes.grid(axis="x", color=f.GRID, lw=0.8, zorder=0)
    axes.axvline(0, color=f.GREY, lw=0.8, zorder=1)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=f.INK)
    axes.spines["left"].set_visible(False)


def _title(line: LedgerLine) -> str:
    return name(line.mechanism) if line.mechanism else CAUSE_NAMES.get(line.cause, name(line.cause))


def _ledger_alt(lines: Sequence[LedgerLine]) -> str:
    said = ", ".join(f"{_title(line)} {percent(line.share)}" for line in lines)
    return f"Shares of the damage: {said}." if said else "The ledger is empty."


def _ledger_table(lines: Sequence[LedgerLine], total: float | None) -> Table:
    rows = tuple(
        (
            _title(line), CAUSE_NAMES.get(line.cause, name(line.cause)), percent(line.share),
            between(line.interval, "share"), round(line.share * total) if total else None,
        )
        for line in lines
    )  # fmt: skip
    return Table(("Mechanism", "Cause", "Share", "95 % interval", "Excess errors"), rows, "The ledger")


def rivals(verdict: Verdict) -> f.Figure:
    """Draw how probable each of the five causes and ``none`` is."""
    order = sorted((*CAUSES, "none"), key=lambda c: -verdict.probabilities.get(c, 0.0))
    values = [verdict.probabilities.get(c, 0.0) for c in order]
    names = [CAUSE_NAMES[c] if c != "none" else "no failure" for c in order]

    def draw(drawing: Any, _: bool) -> None:
        axes = f.axes_in(drawing, left=f.room(names), right=0.15, top=0.05, bottom=0.05)
        colours = [f.MAIN if cause == verdict.verdict else f.GREY for cause in order]
        axes.barh(range(len(order)), values, height=0.56, color=colours, zorder=2)
        for row, value in enumerate(values):
            axes.annotate(percent(value), (value, row), xytext=(6, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(order)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.16)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=f.INK)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)

    said = ", ".join(f"{n} {percent(v)}" for n, v in zip(names, values, strict=True))
    rows = tuple((n, percent(v)) for n, v in zip(names, values, strict=True))
    table = Table(("Cause", "Probability"), rows, "Probability of each cause")
    return f.Figure("rivals", "How probable each cause is", f"Probabilities: {said}.", table, draw, 1.9)
