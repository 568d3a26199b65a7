"""People's and the machine's events on one axis, a lane for each kind (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.records import Event, Incident
from toolkit.report.plots import figure as f
from toolkit.report.plots.series import time_axis
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.report.words import name, time
from toolkit.vocabulary import EVENT_KINDS

_MARKS: Final = {
    "deployment": ("^", f.INK), "data_change": ("D", f.MAIN), "config_change": ("s", f.MAIN), "alert": ("v", f.BAD),
    "human_action": ("o", f.MAIN), "staffing": ("P", f.SOFT), "mitigation": ("o", f.GOOD), "recovery": ("*", f.GOOD),
    "note": (".", f.SOFT),
}  # fmt: skip
_TIMES: Final = (("occurred_at", "began"), ("detected_at", "detected"), ("mitigated_at", "mitigated"),
                 ("resolved_at", "resolved"))  # fmt: skip


def timeline(
    events: Sequence[Event],
    incident: Incident | None = None,
    onset: datetime | None = None,
    onset_interval: tuple[datetime, datetime] | None = None,
) -> f.Figure:
    """Draw events by time in a lane for each kind, the incident's times as lines and the onset with its interval."""
    shown = [e for e in events if not e.withdrawn]
    kinds = [k for k in EVENT_KINDS if any(e.kind == k for e in shown)] or ["note"]
    with f.paper(0.95 + 0.34 * len(kinds)) as drawing:
        axes = drawing.add_subplot()
        dates = time_axis(axes)
        for row, kind in enumerate(reversed(kinds)):
            mark, colour = _MARKS[kind]
            when = [dates.date2num(e.occurred_at) for e in shown if e.kind == kind]
            axes.axhline(row, color=f.GRID, lw=0.8, zorder=0)
            axes.plot(when, [row] * len(when), ls="", marker=mark, ms=7.5, color=colour, mec=f.PAPER, mew=0.7, zorder=3)
        if onset_interval:
            axes.axvspan(*(dates.date2num(t) for t in onset_interval), color=f.BADBAND, lw=0, zorder=0)
        _lines(axes, dates, incident, onset)
        axes.set_yticks(range(len(kinds)), [name(k) for k in reversed(kinds)])
        axes.set_ylim(-0.6, len(kinds) - 0.4)
        axes.tick_params(length=0)
        axes.margins(x=0.04)
        axes.spines["left"].set_visible(False)
        return f.finish(drawing, "timeline", "What happened, and when", _alt(shown, incident, onset), _table(shown))


def _lines(axes: Any, dates: Any, incident: Incident | None, onset: datetime | None) -> None:
    """Draw the incident's times; labels take turns in two heights so that neighbours do not collide."""
    times = [(getattr(incident, field), word) for field, word in _TIMES] if incident else []
    times.append((onset, "onset in the log"))
    moments: dict[datetime, list[str]] = {}
    for when, word in times:
        if when is not None:
            moments.setdefault(when, []).append(word)
    low, high = axes.get_xlim()
    taken: list[tuple[float, float, int]] = []
    for when, words in sorted(moments.items()):
        at, said = dates.date2num(when), ", ".join(words)
        colour = f.BAD if "onset in the log" in words or "began" in words else f.SOFT
        axes.axvline(at, color=colour, lw=1.1, ls="-" if colour == f.BAD else (0, (4, 3)), zorder=1)
        low, high = min(low, at), max(high, at)
        taken.append((at, 0.013 * (len(said) + 1), 0))
        level = _level(taken, (high - low) or 1.0)
        taken[-1] = (*taken[-1][:2], level)
        axes.annotate(
            said, (at, 1), xycoords=("data", "axes fraction"), xytext=(2, 2 + 11 * level), textcoords="offset points",
            fontsize=8.5, color=colour, ha="left", va="bottom", annotation_clip=False,
        )  # fmt: skip


def _level(taken: Sequence[tuple[float, float, int]], width: float) -> int:
    """Give the lowest height at which the last label touches none before it."""
    at = taken[-1][0]
    busy = {level for x, length, level in taken[:-1] if at < x + length * width}
    return min(set(range(len(taken))) - busy)


def _alt(events: Sequence[Event], incident: Incident | None, onset: datetime | None) -> str:
    if not events:
        return "Timeline without events."
    ordered = sorted(events, key=lambda e: e.occurred_at)
    counts = {k: sum(e.kind == k for e in ordered) for k in EVENT_KINDS}
    kinds = ", ".join(f"{n} {name(k)}" for k, n in counts.items() if n)
    span = f"from {time(ordered[0].occurred_at)} to {time(ordered[-1].occurred_at)}"
    parts = [f"Timeline of {len(ordered)} events {span}: {kinds}."]
    if onset:
        parts.append(f"The log shows the change from {time(onset)}.")
    for field, word in _TIMES if incident else ():
        when = getattr(incident, field)
        if when:
            parts.append(f"{word.capitalize()} {time(when)}.")
    return " ".join(parts)


def _table(events: Sequence[Event]) -> Table:
    rows = tuple((e.occurred_at, name(e.kind), visible(e.text, 300), e.source or e.actor) for e in events)
    return Table(("When (UTC)", "Kind", "What", "Source"), rows, "Events in order")
