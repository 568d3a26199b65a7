"""When it began (floor 7): what the log says, with its interval, and what a person says, who has the last word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from toolkit.jupyter import parts
from toolkit.report.shown import Shown, note

if TYPE_CHECKING:
    from toolkit.jupyter.desks import Desk
    from toolkit.jupyter.spans import Span
    from toolkit.notebooks.bundle import Bundle
    from toolkit.records import Verdict

#: How much of the time around the onset's interval is shown, in lengths of it.
_ROOM = 4


class Onset:
    """The control over the moment at which the incident began."""

    def __init__(self, desk: Desk, said: parts.Said, zoom: Span, refresh: Callable[[], None]) -> None:
        self.desk, self.said, self.zoom, self._refresh = desk, said, zoom, refresh
        self.found = parts.picture()
        self.began = parts.text("It began (UTC)", hint="2026-03-14T09:10Z; empty: as the log says")
        press = [
            parts.button("Set when it began", self.keep, said, style="primary",
                         tip="Your word stands against later diagnoses; empty takes it back"),
            parts.button("Take the log's onset", self.take, said),
            parts.button("Zoom to the onset", self.near, said),
        ]  # fmt: skip
        self.box = parts.fold("When it began", self.found, self.began, parts.row(*press))

    def show(self, case: Bundle) -> None:
        """Show what is known of it."""
        parts.put(self.found, _known(case))
        self.began.value = parts.written(case.incident.occurred_at)

    def keep(self) -> None:
        """Record when it began, or take a person's word back."""
        given, verdict = self.began.value.strip(), self.desk.case.verdict
        when = parts.read_time(given) if given else verdict.onset if verdict else None
        made = self.desk.store.update(self.desk.id, occurred_at=when, command="timeline")
        self._refresh()
        self.said(
            f"{made.id} began {parts.written(made.occurred_at)}: on record." if when else "When it began is open."
        )

    def take(self) -> None:
        """Put the log's onset into the field."""
        verdict = self._dated()
        if verdict is not None:
            self.began.value = parts.written(verdict.onset)
            self.said("Press Set when it began to record it.")

    def near(self) -> None:
        """Zoom to the surroundings of the onset."""
        verdict = self._dated()
        if verdict is None or verdict.onset is None:
            return
        low, high = verdict.onset_interval or (verdict.onset, verdict.onset)
        stops = self.zoom.stops
        room = max((high - low) * _ROOM, 2 * (stops[1] - stops[0]))
        self.zoom.choose(low - room, high + room)
        self.said("The timeline shows the surroundings of the onset.")

    def _dated(self) -> Verdict | None:
        """Give the verdict where it has an onset; else say that there is none."""
        verdict = self.desk.case.verdict
        if verdict is not None and verdict.onset is not None:
            return verdict
        self.said("The log shows no onset.", wrong=True)
        return None


def _known(case: Bundle) -> Shown:
    """Say since when, by the log."""
    verdict = case.verdict
    if verdict is None:
        return note("Not diagnosed yet.")
    if verdict.onset is None:
        return note("The log shows no onset: it is healthy, or was so from its first row.")
    said = f"By the log it began {verdict.onset:%Y-%m-%d %H:%M} UTC"
    if verdict.onset_interval:
        said += ", with 95 % confidence between {:%Y-%m-%d %H:%M} and {:%Y-%m-%d %H:%M} UTC".format(
            *verdict.onset_interval
        )
    return note(f"{said}.")
