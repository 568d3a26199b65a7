"""The evidence board (floor 7): accept, contest and comment on findings; verdict and ledger follow at once."""

from __future__ import annotations

from typing import Any

from toolkit.jupyter import parts
from toolkit.jupyter.panel import Panel, heading, stack
from toolkit.notebooks.bundle import Bundle
from toolkit.records import Finding
from toolkit.report import show
from toolkit.report.shown import Shown, note
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.store.judgements import Judgement, standing


class Board(Panel):
    """Every finding with what people say of it."""

    title = "Evidence"

    def still(self) -> Shown:
        """Give the ledger, what people said of the findings, and the evidence for and against each rival."""
        case = self.desk.case
        return stack(show.ledger(case), self.words(), show.evidence(case), show.findings(case))

    def words(self) -> Any:
        """Show who said what of which finding, oldest first."""
        said = () if self.desk._store is None else self.desk.store.judgements(self.desk.id)
        rows = tuple((j.finding, j.stance, visible(j.reason, 300), j.actor, j.noted_at) for j in said)
        if not rows:
            return note("Nobody has accepted or contested a finding yet.")
        return Table(("Finding", "Word", "Reason", "Who", "When (UTC)"), rows, "What people said of the findings")

    def build(self) -> Any:
        """Make the controls."""
        self.said = parts.Said()
        self.ledger, self.detail, self.log = parts.picture(), parts.picture(), parts.picture()
        self.list = parts.listing("Findings", rows=10)
        self.why = parts.text("Reason or comment", hint="why; needed to contest", long=True)
        parts.on_change(self.list, self.look, self.said)
        press = [
            parts.button("Accept", lambda: self.judge("accepted"), self.said, style="success"),
            parts.button("Contest", lambda: self.judge("contested"), self.said, style="warning",
                         tip="The finding weighs nothing any more; who said so and why is kept"),
            parts.button("Take back", lambda: self.judge("open"), self.said),
            parts.button("Refresh", self.refresh, self.said, tip="See what others wrote"),
        ]  # fmt: skip
        self.refresh()
        return parts.column(self.ledger, self.list, self.why, parts.row(*press), self.said.place, self.detail, self.log)

    def refresh(self) -> None:
        """Read the record and show it."""
        case = self.desk.case
        said = standing(self.desk.store.judgements(self.desk.id))
        parts.fill(self.list, [(line(f, said.get(f.key)), f.id) for f in case.findings])
        parts.put(self.ledger, heading("Verdict and ledger"), _stands(case), show.ledger(case))
        parts.put(self.log, self.words())
        self.look(case)

    def look(self, case: Bundle | None = None) -> None:
        """Show the chosen finding whole."""
        found = next((f for f in (case or self.desk.case).findings if f.id == self.list.value), None)
        parts.put(self.detail, found or note("There is no finding yet: run the triage first."))

    def judge(self, stance: str) -> None:
        """Put a word on the chosen finding on record, and weigh the evidence again."""
        made = self.desk.store.judge(self.desk.id, self.list.value or "", stance, self.why.value, command="board")
        self.said(f"{made.finding} is {made.stance} by {made.actor}: on record. Weighing the evidence again …")
        verdict = self.desk.diagnose(lambda step: self.said(f"{made.finding} is {made.stance}. {step} …"))
        self.why.value = ""
        self.refresh()
        self.said(f"{made.finding} is {made.stance} by {made.actor}. The verdict is now {_headline(verdict)}.")


def line(found: Finding, word: Judgement | None) -> str:
    """Give a finding on one line, with the last word on it."""
    said = f" [{word.stance} by {word.actor}]" if word else ""
    side = f"for {', '.join(found.supports)}" if found.supports else ""
    against = f"against {', '.join(found.refutes)}" if found.refutes else ""
    stance = " and ".join(filter(None, (side, against))) or found.stance.replace("_", " ")
    return f"{found.id}{said} {stance.replace('_', ' ')}: {found.statement}"


def _stands(case: Bundle) -> Any:
    return note(f"The verdict is {_headline(case.verdict)}." if case.verdict else "Not diagnosed yet.")


def _headline(verdict: Any) -> str:
    from toolkit.causes.diagnosis import headline

    return headline(verdict)
