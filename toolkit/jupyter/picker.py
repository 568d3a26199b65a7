"""Choose an incident, open a new one, or lay out a case study (floor 7); the workbench then takes its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.jupyter import files
from toolkit.jupyter.desks import Desk
from toolkit.jupyter.live import live
from toolkit.jupyter.panel import CONTROLS, VIEW, view
from toolkit.mime import table
from toolkit.records import Incident
from toolkit.report.shown import note
from toolkit.store import Store
from toolkit.vocabulary import SEVERITIES

PARTS: Final = ("open", "new", "drill")


class Picker:
    """The way in; ``first`` says which of the three is unfolded: open, new or drill."""

    def __init__(self, store: Store, first: str = "open") -> None:
        self.store, self.first = store, first
        self._widget: Any = None
        self._shown: Any = None

    def _ipython_display_(self) -> None:
        """Show it so that what takes its place takes that of its picture, too, which is what an export has."""
        from IPython.display import display

        self._shown = display(self._repr_mimebundle_(), raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        rows = [(i.id, i.severity, i.status, i.occurred_at, i.title) for i in self.store.incidents()]
        shown: dict[str, Any] = table("Incidents", ("id", "severity", "status", "began", "title"), rows)
        if live():
            self._widget = self._widget or self.build()
            shown[VIEW] = view(self._widget)
        return shown

    def build(self) -> Any:
        """Make the controls."""
        from toolkit.jupyter import parts

        self.said = parts.Said()
        self.place = parts.column()
        self.place.add_class(CONTROLS)
        ways = [
            ("open", "Open an incident", self._opening),
            ("new", "New incident", self._new),
            ("drill", "Case study drill", self._drill),
        ]
        ways.sort(key=lambda way: way[0] != self.first)
        shown = [parts.fold(title, *make(parts), is_open=self.first == name) for name, title, make in ways]
        self.place.children = [*shown, self.said.place]
        return self.place

    def sit_down(self, incident_id: str) -> None:
        """Put the workbench of an incident in the picker's place, and the desk at hand in the notebook."""
        desk = Desk(self.store, incident_id)
        panel = desk.panel()
        self._show("desk", desk, incident_id, panel.widget)
        if self._shown is not None:
            self._shown.update({**panel.picture(), VIEW: view(self.place)}, raw=True)

    def _show(self, name: str, value: Any, title: str, controls: Any) -> None:
        """Put controls in the picker's place, and what they are about into the notebook, under a name."""
        import ipywidgets as w
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        if shell is not None:
            shell.push({name: value})
        at_hand = Markup("<p><strong>{}</strong> In the cells below it is <code>{}</code>.</p>").format(title, name)
        self.place.children = [w.HTML(str(at_hand)), *([controls] if controls is not None else [])]

    def _opening(self, parts: Any) -> list[Any]:
        known = self.store.incidents()
        options = [(f"{i.id} {i.severity} {i.status}: {i.title}", i.id) for i in reversed(known)]
        which = parts.choice("Incident", options)
        which.layout.width = "min(100% - 4px, 46rem)"
        press = parts.button("Open", lambda: self._open(which.value), self.said, style="primary")
        return [which, press] if known else [parts.picture(note("There is no incident on record yet."))]

    def _open(self, incident_id: str) -> None:
        self.sit_down(self.store.incident(incident_id).id)

    def _new(self, parts: Any) -> list[Any]:
        found = files.near(self.store.folder)
        self.title = parts.text("What failed", hint="in a few words")
        self.severity = parts.choice("Severity", SEVERITIES, "SEV3")
        self.model = parts.text("Model", hint="the deployed model, with its version")
        self.log = parts.text("Prediction log", hint="a file, a glob or a folder", options=found)
        self.reference = parts.text("Reference", hint="rows the model is held to, if any", options=found)
        self.roles = parts.text("roles.toml", hint="guessed where there is none", options=files.near_roles(found))
        self.events = parts.text("Events", hint="a table with timestamp, kind and text, if any", options=found)
        press = [
            parts.button("Look at the log", self.look, self.said, busy="Reading the log …"),
            parts.button("Open the incident", self.make, self.said, style="primary", busy="Reading the log …"),
        ]
        self.seen = parts.picture()
        fields = (self.title, self.severity, self.model, self.log, self.reference, self.roles, self.events)
        return [*fields, parts.row(*press), self.seen]

    def look(self) -> None:
        """Read the log once and show what it is: its columns with their roles, and which rows were left out."""
        from toolkit.jupyter import parts
        from toolkit.logs import read_log

        source = files.whole(self.log.value, self.store.folder)
        roles = files.whole(self.roles.value, self.store.folder) or None
        held = files.whole(self.reference.value, self.store.folder) or None
        with read_log(source, roles, reference=held) as log:
            parts.put(self.seen, log)
        self.said("This is how the log would be read. Roles can be corrected after it is opened, too.")

    def make(self) -> None:
        """Record the incident and sit down at it."""
        from toolkit.investigation.opening import open_incident

        given: dict[str, Any] = {
            name: files.whole(getattr(self, name).value, self.store.folder) or None
            for name in ("log", "reference", "roles", "events")
        }
        made: Incident = open_incident(
            self.store, self.title.value, model=self.model.value, severity=self.severity.value, command="new incident",
            **given,
        )  # fmt: skip
        self.sit_down(made.id)

    def _drill(self, parts: Any) -> list[Any]:
        from toolkit.drills.cases import cases

        known = {c.name: c for c in cases() if c.has_log}
        which = parts.choice("Case", [(f"{c.title} (difficulty {c.difficulty})", name) for name, c in known.items()])
        which.layout.width = "min(100% - 4px, 46rem)"
        self.trainee = parts.text("Trainee", hint="who diagnoses; your name on this machine where empty")
        brief = parts.picture(known[which.value])
        parts.on_change(which, lambda: parts.put(brief, known[which.value]), self.said)
        busy = "Laying out the case …"
        press = [
            parts.button("Begin the drill", lambda: self._play(which.value), self.said, style="primary", busy=busy,
                         tip="The case on a moving clock: look, answer, and read the debrief"),
            parts.button("Open it as an incident", lambda: self._begin(known[which.value]), self.said, busy=busy,
                         tip="The whole log at once, as an incident of your own"),
        ]  # fmt: skip
        return [which, brief, self.trainee, parts.row(*press)]

    def _play(self, name: str) -> None:
        """Begin a drill, or go on with one that was left; its controls take the picker's place."""
        from toolkit.drills.drill import drill

        made = drill(name, trainee=self.trainee.value.strip(), folder=self.store.folder / "drills")
        self._show("d", made, made.title, made.board().controls)

    def _begin(self, case: Any) -> None:
        """Open a case as an incident of one's own, its answer left out."""
        from toolkit.investigation.opening import open_incident

        work = self.store.folder / "practice"
        work.mkdir(parents=True, exist_ok=True)
        made = open_incident(
            self.store, case.title, log=case.log_path(work), reference=case.reference_path(work), roles=case.roles_path,
            events=case.events_path if Path(case.events_path).is_file() else None, summary=case.brief, tags=["drill"],
            command="case study drill",
        )  # fmt: skip
        self.sit_down(made.id)
