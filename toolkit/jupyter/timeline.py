"""The timeline (floor 7): zoom, filter, star, add, edit and withdraw events; onset and the order of changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from toolkit.jupyter import parts
from toolkit.jupyter.onset import Onset
from toolkit.jupyter.panel import Panel, stack
from toolkit.jupyter.spans import Span
from toolkit.notebooks.bundle import Bundle
from toolkit.records import Event
from toolkit.report import plots, show
from toolkit.report.shown import Shown, note
from toolkit.store.events import MARKERS
from toolkit.vocabulary import EVENT_KINDS

_STOPS = 120
_SOURCES = ("finding", "import", "person")


class Timeline(Panel):
    """People's and the machine's events on one axis."""

    title = "Timeline"

    def still(self) -> Shown:
        """Give the plot, the events in order, and the order of changes and onset."""
        case = self.desk.case
        return stack(show.timeline(case), show.events(case), show.order_check(case))

    def build(self) -> Any:
        """Make the controls."""
        self.said, self.edited = parts.Said(), ""
        self.plot, self.order = parts.picture(), parts.picture()
        self.zoom = Span("Zoom", "Shown", self.said, self.draw)
        self.kinds = parts.several("Kinds", EVENT_KINDS, EVENT_KINDS)
        self.sources = parts.several("Sources", _SOURCES, _SOURCES)
        self.only_starred = parts.check("Starred alone")
        self.list = parts.listing("Events")
        self.when = parts.text("When (UTC)", "now", "2026-03-14T09:10Z, or now")
        self.kind = parts.choice("Kind", EVENT_KINDS, "human_action")
        self.what = parts.text("What happened", long=True)
        self.marker = parts.choice("Marks", [("nothing", ""), *((m.replace("_", " "), m) for m in MARKERS if m)])
        self.why = parts.text("Reason", hint="why it is changed or withdrawn")
        self.onset = Onset(self.desk, self.said, self.zoom, self.refresh)
        for control in (self.kinds, self.sources, self.only_starred):
            parts.on_change(control, self.draw, self.said)
        self.refresh()
        press = [
            parts.button("Star / unstar", self.star, self.said, style="primary", tip="Starred events are for readers"),
            parts.button("Edit", self.take, self.said, tip="Put the chosen event into the fields below"),
            parts.button("Withdraw", self.withdraw, self.said, tip="Off the timeline; it stays in the record"),
            parts.button("Refresh", self.refresh, self.said, tip="See what others wrote"),
        ]
        edit = [
            parts.button("Add as new event", self.add, self.said, style="primary"),
            parts.button("Save changes", self.save, self.said, tip="To the event that Edit put into the fields"),
        ]
        fields = (self.when, self.kind, self.what, self.marker, self.why, parts.row(*edit))
        self.form = parts.fold("Add or edit an event", *fields)
        return parts.column(
            self.plot, self.zoom.box, parts.row(self.kinds, self.sources, self.only_starred), self.list,
            parts.row(*press), self.said.place, self.form, self.onset.box, self.order,
        )  # fmt: skip

    def refresh(self) -> None:
        """Read the record and show it."""
        case = self.desk.case
        moments = stops(case)
        if self.zoom.stops != moments:
            self.zoom.offer(moments)
        known = sorted({e.source for e in case.events} | set(_SOURCES))
        if tuple(known) != self.sources.options:
            self.sources.options = known
            self.sources.value = known
        self.onset.show(case)
        self.draw(case)

    def draw(self, case: Bundle | None = None) -> None:
        """Draw what is chosen."""
        case = case or self.desk.case
        shown = self.chosen(case.events)
        parts.fill(self.list, [(line(e), e.id) for e in shown])
        parts.put(self.plot, zoomed(case, shown, *self.zoom.value))
        parts.put(self.order, show.order_check(case))

    def chosen(self, events: Sequence[Event]) -> list[Event]:
        """Give the events within the zoom that are of a chosen kind and source."""
        low, high = self.zoom.value
        return [
            e
            for e in events
            if low <= e.occurred_at <= high
            and e.kind in self.kinds.value
            and e.source in self.sources.value
            and (e.starred or not self.only_starred.value)
        ]

    def take(self) -> None:
        """Put the chosen event into the fields, to be edited."""
        one = self.event()
        if one is None:
            self.said("Choose an event first.")
            return
        self.edited = one.id
        self.when.value, self.kind.value = parts.written(one.occurred_at), one.kind
        self.what.value, self.marker.value = one.text, one.marker
        self.form.children[0].value = True
        self.said(f"{one.id} is in the fields: change them, say why, and press Save changes.")

    def event(self) -> Event | None:
        """Give the chosen event as it is on record now."""
        return next((e for e in self.desk.store.events(self.desk.id) if e.id == self.list.value), None)

    def star(self) -> None:
        """Star the chosen event, or take the star back."""
        one = self.event()
        if one is None:
            self.said("Choose an event first.")
            return
        made = self.desk.store.star_event(self.desk.id, one.id, not one.starred, command="timeline")
        self.said(f"{made.id} is {'starred: readers of the postmortem see it' if made.starred else 'not starred'}.")
        self.refresh()

    def add(self) -> None:
        """Record what the fields say as a new event."""
        new = Event(parts.read_time(self.when.value), self.kind.value, self.what.value.strip(), source="person",
                    marker=self.marker.value)  # fmt: skip
        if not new.text:
            self.said("Say what happened first.", wrong=True)
            return
        (made,) = self.desk.store.add_events(self.desk.id, [new], command="timeline")
        self._clear()
        self.said(f"{made.id} is on record.")
        self.refresh()
        self.list.value = made.id if made.id in [name for _, name in self.list.options] else self.list.value

    def save(self) -> None:
        """Change the event that is edited to what the fields say."""
        if not self.edited:
            self.said("Choose an event and press Edit first.")
            return
        changed = {"occurred_at": parts.read_time(self.when.value), "kind": self.kind.value,
                   "text": self.what.value.strip(), "marker": self.marker.value}  # fmt: skip
        made = self.desk.store.edit_event(
            self.desk.id, self.edited, reason=self.why.value, command="timeline", **changed
        )
        self._clear()
        self.said(f"{made.id} is changed; what it was stays in the journal.")
        self.refresh()

    def _clear(self) -> None:
        """Make the fields ready for the next event."""
        self.edited, self.when.value, self.what.value, self.marker.value, self.why.value = "", "now", "", "", ""

    def withdraw(self) -> None:
        """Take the chosen event off the timeline."""
        made = self.desk.store.withdraw_event(
            self.desk.id, self.list.value or "", reason=self.why.value, command="timeline"
        )
        self.said(f"{made.id} is withdrawn; it stays in the record.")
        self.refresh()


def line(event: Event) -> str:
    """Give an event on one line."""
    star = "★" if event.starred else "☆"
    return f"{star} {event.id} {event.occurred_at:%Y-%m-%d %H:%M} {event.kind.replace('_', ' ')}: {event.text}"


def stops(case: Bundle) -> list[datetime]:
    """Give the moments that the zoom stops at, evenly over all that is known, the ends a little beyond."""
    own = case.incident
    known = [e.occurred_at for e in case.events] + [case.verdict.onset if case.verdict else None]
    known += [own.occurred_at, own.detected_at, own.mitigated_at, own.resolved_at]
    if case.series.starts:
        known += [case.series.starts[0], case.series.ends[-1]]
    moments = [m for m in known if m is not None] or [own.created_at or datetime.now(UTC)]
    low, high = min(moments), max(moments)
    step = max((high - low) / (_STOPS - 2), timedelta(minutes=1))
    return [low + step * (i - 1) for i in range(_STOPS + 1)]


def zoomed(case: Bundle, events: Sequence[Event], low: datetime, high: datetime) -> Any:
    """Draw some events, with the times and the onset that lie between two moments."""
    if not events:
        return note("No event is in view: widen the zoom, or choose more kinds and sources.")
    names = ("occurred_at", "detected_at", "mitigated_at", "resolved_at", "closed_at")
    gone: dict[str, Any] = {
        n: None for n in names if not low <= (getattr(case.incident, n) or low - timedelta(1)) <= high
    }
    onset = case.verdict.onset if case.verdict else None
    there = onset is not None and low <= onset <= high
    interval = case.verdict.onset_interval if case.verdict and there else None
    drawn = plots.timeline(events, replace(case.incident, **gone), onset if there else None, interval, (low, high))
    return drawn.marked(case.incident.tags)
