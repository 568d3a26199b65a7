"""The action list (floor 7): what will be done about it, by whom, until when, and what is overdue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from toolkit.jupyter import parts
from toolkit.jupyter.panel import Panel, stack
from toolkit.records import ActionItem
from toolkit.report import show
from toolkit.report.shown import Shown
from toolkit.vocabulary import ACTION_KINDS


class Actions(Panel):
    """The incident's action items."""

    title = "Actions"

    def still(self) -> Shown:
        """Give the table of action items."""
        return stack(show.actions(self.desk.case))

    def build(self) -> Any:
        """Make the controls."""
        self.said = parts.Said()
        self.list = parts.listing("Actions", rows=7)
        self.table = parts.picture()
        self.summary = parts.text("What", hint="what will be done")
        self.kind = parts.choice("Kind", ACTION_KINDS)
        self.owner = parts.text("Owner", hint="who does it")
        self.due = parts.text("Due (UTC)", hint="2026-12-01")
        self.why = parts.text("Reason", hint="how it was done, or why it is dropped")
        press = [
            parts.button("Done", lambda: self.turn("done"), self.said, style="success"),
            parts.button("Drop", lambda: self.turn("dropped"), self.said),
            parts.button("Open again", lambda: self.turn("open"), self.said),
            parts.button("Refresh", self.refresh, self.said, tip="See what others wrote"),
        ]
        add = parts.button("Add", self.add, self.said, style="primary")
        self.refresh()
        new = parts.fold("Add an action", self.summary, self.kind, self.owner, self.due, add)
        return parts.column(self.list, self.why, parts.row(*press), self.said.place, new, self.table)

    def refresh(self) -> None:
        """Read the record and show it."""
        case = self.desk.case
        parts.fill(self.list, [(line(a, datetime.now(UTC)), a.id) for a in case.actions])
        parts.put(self.table, show.actions(case))

    def turn(self, status: str) -> None:
        """Set the chosen action's status."""
        made = self.desk.store.update_action(
            self.desk.id, self.list.value or "", reason=self.why.value, command="action list", status=status
        )
        self.said(f"{made.id} is {made.status}.")
        self.why.value = ""
        self.refresh()

    def add(self) -> None:
        """Record what the fields say as a new action."""
        due = parts.read_time(self.due.value, "date") if self.due.value.strip() else None
        new = ActionItem(self.summary.value, self.kind.value, self.owner.value.strip(), due)
        made = self.desk.store.add_action(self.desk.id, new, command="action list")
        self.summary.value = ""
        self.said(f"{made.id} is on record.")
        self.refresh()


def line(action: ActionItem, now: datetime) -> str:
    """Give an action on one line."""
    late = ", overdue" if action.status == "open" and action.due is not None and action.due < now else ""
    due = f" until {action.due:%Y-%m-%d}" if action.due else ""
    return f"{action.id} {action.status}{late}: {action.summary} ({action.owner or 'no owner'}{due}, {action.kind})"
