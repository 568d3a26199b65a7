"""The triage console (floor 7): which column is what, which span is bad and what it is held to, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import ipywidgets as w

from toolkit.investigation.diagnosing import choose, open_log
from toolkit.jupyter import parts
from toolkit.jupyter.panel import Panel, heading, stack
from toolkit.jupyter.spans import Span
from toolkit.notebooks.bundle import Series
from toolkit.report import plots, show
from toolkit.report.shown import Shown, note
from toolkit.spans import SPANS, spans_of
from toolkit.vocabulary import PLURAL_ROLES, SINGLE_ROLES

_ABSENT: Final = "(no column)"


class Console(Panel):
    """From a log to a verdict: confirm the roles, brush the spans, run."""

    title = "Triage"

    def still(self) -> Shown:
        """Give the summary, the metric over time, and what to do now."""
        case = self.desk.case
        return stack(show.header(case), show.metric(case), show.reading(case, "summary"), show.next_steps(case))

    def build(self) -> Any:
        """Make the controls."""
        self.said = parts.Said()
        self.series = Series()
        self.columns: dict[str, str] = {}
        self.plot, self.answer = parts.picture(), parts.picture()
        self.metric = parts.choice("Metric", ["accuracy"])
        self.held = parts.check("Hold it to a span of the log, not to the reference")
        self.spans = parts.column()
        self.roles = parts.column()
        run = parts.button("Run", self.run, self.said, style="primary", busy="Reading the log …",
                           tip="Diagnose the chosen span and put the verdict on record")  # fmt: skip
        more = [
            parts.button("Run the notebooks", self.notebooks, self.said, busy="Starting the kernel …"),
            parts.button("Publish", self.publish, self.said, busy="Writing the document …"),
            parts.button("Refresh", self.refresh, self.said, tip="See what others wrote"),
        ]
        self.bar = w.IntProgress(0, 0, 100, description="Progress", layout=w.Layout(visibility="hidden"))
        parts.on_change(self.metric, self.draw, self.said)
        parts.on_change(self.held, self.draw, self.said)
        names = {"window": ("Incident span", "Incident"), "reference_window": ("Held to", "Held to,")}
        self.brush = {key: Span(name, ends, self.said, self.draw) for key, (name, ends) in names.items()}
        self.pickers: dict[str, Any] = {}
        self.refresh()
        find = parts.button("Look at the columns", self.find_roles, self.said, busy="Reading the log …")
        return parts.column(
            self.answer, self.plot, parts.row(self.metric, self.held), self.spans, parts.row(run, *more), self.bar,
            self.said.place, parts.fold("Which column is what", find, self.roles),
        )  # fmt: skip

    def refresh(self) -> None:
        """Read the record and show it."""
        case = self.desk.case
        if case.series.starts and (not self.series.starts or len(case.series.starts) >= len(self.series.starts)):
            self._take_series(case.series)
        parts.put(self.answer, _verdict(case) if case.verdict else show.header(case))
        self.draw()

    def _take_series(self, series: Series) -> None:
        """Offer the metrics and the buckets of the widest series that was seen."""
        self.series = series
        names = [m.name for m in series.metrics]
        self.metric.options = names
        harm = self.desk.case.verdict.harm.metric if self.desk.case.verdict else ""
        self.metric.value = harm if harm in names else names[0]
        moments = [*series.starts, series.ends[-1]]
        chosen = spans_of(self.desk.incident.log)
        self.held.value = "reference_window" in chosen
        early = (moments[0], moments[max(1, len(moments) // 4)])
        self.brush["window"].offer(moments, chosen.get("window"))
        self.brush["reference_window"].offer(moments, chosen.get("reference_window") or early)

    def draw(self) -> None:
        """Draw the metric with the brushed spans."""
        shown = [n for n in SPANS if self.series.starts and (n == "window" or self.held.value)]
        self.spans.children = [self.brush[n].box for n in shown]
        one = self.series.metric(self.metric.value or "")
        if one is None:
            parts.put(self.plot, note("Press Run: the log is read, and its metrics over time appear here."))
            return
        window = None if self.brush["window"].whole else self.brush["window"].value
        figure = plots.metric_series(replace(self.series, window=window), one, self.desk.case.events)
        parts.put(self.plot, figure.marked(self.desk.case.incident.tags))

    def find_roles(self) -> None:
        """Read the log's columns and offer each role a column; a guess is marked as one."""
        with open_log({**self.desk.incident.log, "analysis": {}}) as log:
            self.columns, roles = dict(log.columns), log.roles
        names = [_ABSENT, *self.columns]
        self.pickers = {
            role: parts.choice(_named(role, roles.guessed), names, roles.column(role) or _ABSENT)
            for role in SINGLE_ROLES
        } | {
            role: parts.several(_named(role, roles.guessed), list(self.columns), roles.columns(role))
            for role in PLURAL_ROLES
        }
        keep = parts.button("Confirm the roles", self.keep_roles, self.said, style="primary")
        self.roles.children = [parts.row(*self.pickers.values()), keep]
        guessed = ", ".join(sorted(r for r in roles.guessed if r in self.pickers)) or "none"
        self.said(f"{len(self.columns)} columns. Guessed: {guessed}. Correct what is wrong, then confirm.")

    def keep_roles(self) -> None:
        """Record the roles as declared."""
        single = {r: self.pickers[r].value for r in SINGLE_ROLES if self.pickers[r].value != _ABSENT}
        plural = {r: list(self.pickers[r].value) for r in PLURAL_ROLES if self.pickers[r].value}
        was = dict(self.desk.incident.log.get("roles") or {})
        choose(self.desk.store, self.desk.id, roles={**was, "roles": {**single, **plural}}, command="console")
        self.said("The roles are on record; the next run heeds them.")

    def run(self) -> None:
        """Put the chosen spans on record, diagnose, and show the verdict."""
        spans: dict[str, Any] = {}
        if self.series.starts:
            begin = self.series.starts[0]
            spans["window"] = (begin, begin) if self.brush["window"].whole else self.brush["window"].value
            spans["reference_window"] = self.brush["reference_window"].value if self.held.value else (begin, begin)
        now = spans_of(self.desk.incident.log)
        if {n: s for n, s in spans.items() if s[0] != s[1]} != now:
            choose(self.desk.store, self.desk.id, command="console", **spans)
        self.desk.diagnose(lambda step: self.said(f"{step} …"))
        self.refresh()
        self.said("The verdict is on record.")

    def notebooks(self) -> None:
        """Run the notebooks of an investigation on what is on record."""
        from toolkit.investigation.flow import TEMPLATES, investigate

        self.bar.layout.visibility = "visible"
        try:
            made = investigate(self.desk.store, self.desk.id, command="console", progress=self._step)
        finally:
            self.bar.layout.visibility = "hidden"
        self.refresh()
        failed = [run for run in made.runs if not run.ok]
        for run in failed:
            self.said(f"{run.template} failed at cell {run.cell}: {run.reason}", wrong=True)
        if not failed:
            self.said(f"{', '.join(TEMPLATES)}: run; they lie in {self.desk.id}/notebooks.")

    def _step(self, step: str) -> None:
        """Move the bar: ``[2/3] root_cause: Rivals (4/9, 1.2 s)`` is a third and four ninths of another."""
        import re

        self.said(f"{step} …")
        place = re.search(r"\[(\d+)/(\d+)\].*\((\d+)/(\d+),", step)
        if place:
            number, total, cell, cells = map(int, place.groups())
            self.bar.value = round(100 * (number - 1 + cell / cells) / total)

    def publish(self) -> None:
        """Write the postmortem."""
        from toolkit.investigation.publishing import publish

        made = publish(self.desk.store, self.desk.id, command="console")
        self.said(f"{self.desk.id}/{made.page.name} is written, version {made.document.version}.")


def _verdict(case: Any) -> Any:
    """Show the verdict in ten seconds of reading."""
    from toolkit.causes.diagnosis import Diagnosis

    own = case.incident
    return stack(heading(f"{own.id} {own.title} · {own.severity} · {own.status}"), Diagnosis(case.verdict))


def _named(role: str, guessed: Sequence[str] | frozenset[str]) -> str:
    return f"{role.replace('_', ' ')}{' (guessed)' if role in guessed else ''}"
