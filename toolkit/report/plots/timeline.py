"""People's and the machine's events on one axis, a lane for each kind (floor 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.records import Event, Incident
from toolkit.report.plots import figure as f
from toolkit.report.plots.axis import seconds, time_ticks
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.report.words import name, time
from toolkit.vocabulary import EVENT_KINDS

_MARKS: Final = {
    "deployment": ("^", f.INK), "data_change": ("D", f.MAIN), "config_change": ("s", f.MAIN), "alert": ("v", f.BAD),
    "human_action": ("o", f.MAIN), "staffing": ("P", f.SOFT), "mitigation": ("o", f.GOOD), "recovery": ("*", f.GOOD),
    "note": ("o", f.SOFT),
}  # fmt: skip
_TIMES: Final = (("occurred_at", "began"), ("detected_at", "detected"), ("mitigated_at", "mitigated"),
                 ("resolved_at", "resolved"))  # fmt: skip
#: Width of a letter of a label, in inches.
_LETTER: Final = 0.073
#: Height of a row of labels, and the room for labels of the last moments, in inches.
_LEVEL: Final = 0.165
_RIGHT: Final = 0.75
#: Marks that a lane has room for.
_PLACES: Final = 200


def timeline(
    events: Sequence[Event],
    incident: Incident | None = None,
    onset: datetime | None = None,
    onset_interval: tuple[datetime, datetime] | None = None,
    span: tuple[datetime, datetime] | None = None,
) -> f.Figure:
    """Draw events by time in a lane for each kind, the incident's times as lines and the onset with its interval.

    ``span`` is what the axis shows; where it is not given, all that is drawn.
    """
    shown = [e for e in events if not e.withdrawn]
    kinds = [k for k in reversed(EVENT_KINDS) if any(e.kind == k for e in shown)] or ["note"]
    moments = _moments(incident, onset)

    low, high = _span(list(span or ()) or [e.occurred_at for e in shown] + [when for when, _ in moments])
    rows = {narrow: list(_levels(moments, low, high, narrow)) for narrow in (False, True)}

    def draw(drawing: Any, narrow: bool) -> None:
        lanes = [name(k) for k in kinds]
        levels = 1 + max((level for _, _, level in rows[narrow]), default=0)
        axes = f.axes_in(drawing, left=f.room(lanes), right=_RIGHT, top=0.1 + _LEVEL * levels, bottom=0.5)
        for row, kind in enumerate(kinds):
            mark, colour = _MARKS[kind]
            when = _apart([seconds(e.occurred_at) for e in shown if e.kind == kind], (high - low) / _PLACES)
            axes.axhline(row, color=f.GRID, lw=0.8, zorder=0)
            size = 9 if mark == "*" else 7
            axes.plot(
                when, [row] * len(when), ls="", marker=mark, ms=size, color=colour, mec=f.PAPER, mew=0.7, zorder=3
            )
        if onset_interval:
            axes.axvspan(*(seconds(t) for t in onset_interval), color=f.BADBAND, lw=0, zorder=0)
        _lines(axes, rows[narrow])
        axes.set_xlim(low, high)
        axes.set_ylim(-0.6, len(kinds) - 0.4)
        axes.set_yticks(range(len(kinds)), lanes)
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        time_ticks(axes, 4 if narrow else 8)

    height = 0.7 + 0.32 * len(kinds) + _LEVEL * (1 + max((level for _, _, level in rows[True]), default=0))
    return f.Figure("timeline", "What happened, and when", _alt(shown, incident, onset), _table(shown), draw, height)


def _apart(times: Sequence[float], least: float) -> list[float]:
    """Keep one of several times that would be drawn on top of each other."""
    return list({round(t / least): t for t in times}.values()) if len(times) > _PLACES else list(times)


def _span(moments: Sequence[datetime]) -> tuple[float, float]:
    """Give the ends of the axis: all moments, with a little room on both sides."""
    times = [seconds(moment) for moment in moments] or [0.0]
    low, high = min(times), max(times)
    room = (high - low) * 0.03 or 3_600.0
    return low - room, high + room


def _moments(incident: Incident | None, onset: datetime | None) -> list[tuple[datetime, str]]:
    """Give the incident's times and the onset, those at the same moment under one label."""
    found: dict[datetime, list[str]] = {}
    times = [(getattr(incident, field), word) for field, word in _TIMES] if incident else []
    for when, word in [*times, (onset, "onset")]:
        if when is not None:
            found.setdefault(when, []).append(word)
    return [(when, ", ".join(words)) for when, words in sorted(found.items())]


def _lines(axes: Any, rows: Sequence[tuple[datetime, str, int]]) -> None:
    """Draw the moments as lines, each label right of its line in its row above the plot."""
    for when, said, level in rows:
        begins = "onset" in said or "began" in said
        colour = f.BAD if begins else f.SOFT
        axes.axvline(seconds(when), color=colour, lw=1.1, ls="-" if begins else (0, (4, 3)), zorder=1)
        axes.annotate(
            said, (seconds(when), 1), xycoords=("data", "axes fraction"), xytext=(2, 3 + 72 * _LEVEL * level),
            textcoords="offset points", fontsize=8.5, color=colour, ha="left", va="bottom", annotation_clip=False,
        )  # fmt: skip


def _levels(
    moments: Sequence[tuple[datetime, str]], low: float, high: float, narrow: bool
) -> Iterator[tuple[datetime, str, int]]:
    """Give each label the lowest row in which it touches no other; the last moments may use the right margin."""
    per_inch = (high - low) / (2.3 if narrow else 5.3)
    taken: list[tuple[float, float, int]] = []
    for when, said in moments:
        start = seconds(when)
        end = start + _LETTER * (len(said) + 1) * per_inch
        busy = {level for a, b, level in taken if a < end and start < b}
        level = min(set(range(len(taken) + 1)) - busy)
        taken.append((start, end, level))
        yield when, said, level


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
    rows = tuple((e.occurred_at, name(e.kind), visible(e.text, 300), visible(e.source or e.actor, 120)) for e in events)
    return Table(("When (UTC)", "Kind", "What", "Source"), rows, "Events in order")
