"""The store against a simple model: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from benchmarks.stress.result import NOON, Result
from toolkit.errors import StaleIncident, StoreError
from toolkit.records import ActionItem, Event
from toolkit.store import Store
from toolkit.vocabulary import SEVERITIES, STATUSES

WORDS = st.text(max_size=12)


class Machine(RuleBasedStateMachine):
    """Does things to a store and to dicts alike, and compares them after each."""

    incidents = Bundle("incidents")

    @initialize()
    def start(self) -> None:
        """Begin with a store that was not made yet."""
        self.folder = Path(tempfile.mkdtemp(prefix="stress-model-"))
        self.store = Store(self.folder / "home")
        self.model: dict[str, dict[str, Any]] = {}
        self.saved: dict[str, dict[str, Any]] | None = None

    def teardown(self) -> None:
        """See that journal, database and rows agree, and leave nothing."""
        try:
            if self.model:
                checked = self.store.check()
                assert checked.sound, checked.problems
                assert self.store.repair().kept is None
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @rule(target=incidents, title=WORDS, severity=st.sampled_from(SEVERITIES), key=st.sampled_from(["", "a", "b"]))
    def open(self, title: str, severity: str, key: str) -> str:
        """Open an incident; with a key used before, nothing happens."""
        try:
            incident = self.store.open_incident(f"x{title}", severity=severity, key=key)
        except StoreError as error:
            raise AssertionError(str(error)) from None
        if incident.id not in self.model:
            assert incident.id == f"INC-{len(self.model) + 1:04d}"
            self.model[incident.id] = {
                "severity": severity,
                "status": "open",
                "version": 1,
                "events": [],
                "actions": [],
            }
        return incident.id

    @rule(incident=incidents, severity=st.sampled_from(SEVERITIES), behind=st.integers(0, 1))
    def change(self, incident: str, severity: str, behind: int) -> None:
        """Change a field, having read this version or an older one."""
        if incident not in self.model:
            return
        mine = self.model[incident]
        try:
            self.store.update(incident, severity=severity, expected_version=mine["version"] - behind)
            assert not behind
            mine["version"] += severity != mine["severity"]
            mine["severity"] = severity
        except StaleIncident:
            assert behind

    @rule(incident=incidents, status=st.sampled_from(STATUSES), reason=st.sampled_from(["", "it came back"]))
    def move(self, incident: str, status: str, reason: str) -> None:
        """Change the status; going back needs a reason."""
        if incident not in self.model:
            return
        mine = self.model[incident]
        back = STATUSES.index(status) < STATUSES.index(mine["status"])
        try:
            self.store.update(incident, status=status, reason=reason)
            assert reason or not back
            mine["version"] += status != mine["status"]
            mine["status"] = status
        except StoreError:
            assert back
            assert not reason

    @rule(incident=incidents, texts=st.lists(WORDS, max_size=3))
    def happen(self, incident: str, texts: list[str]) -> None:
        """Add events; the same one twice is one."""
        if incident not in self.model:
            return
        self.store.add_events(incident, [Event(NOON, "note", text) for text in texts])
        known = self.model[incident]["events"]
        for text in texts:
            clean = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
            if clean not in [event[0] for event in known]:
                known.append([clean, False])

    @rule(incident=incidents, number=st.integers(0, 3))
    def withdraw(self, incident: str, number: int) -> None:
        """Withdraw an event, if there is one of that number."""
        if incident in self.model and number < len(self.model[incident]["events"]):
            self.store.withdraw_event(incident, f"E{number + 1:02d}")
            self.model[incident]["events"][number][1] = True

    @rule(incident=incidents, done=st.booleans())
    def act(self, incident: str, done: bool) -> None:
        """Add an action, and perhaps do it."""
        if incident not in self.model:
            return
        action = self.store.add_action(incident, ActionItem("Check units", "prevent"))
        if done:
            self.store.update_action(incident, action.id, status="done")
        self.model[incident]["actions"].append("done" if done else "open")

    @rule()
    def reopen(self) -> None:
        """Go on with another object on the same folder."""
        self.store = Store(self.folder / "home")

    @rule()
    def compact(self) -> None:
        """Compact the file, if there is one."""
        if self.model:
            self.store.compact()

    @rule(incident=consumes(incidents))
    def lose_the_file(self, incident: str) -> None:
        """Take the database away, and repair."""
        assert incident
        if self.model:
            (self.store.folder / "incidents.duckdb").unlink()
            self.store.repair()

    @invariant()
    def both_say_the_same(self) -> None:
        """Compare every incident, event and action."""
        if not hasattr(self, "model"):
            return
        found = {i.id: i for i in self.store.incidents()}
        assert list(found) == list(self.model)
        for name, mine in self.model.items():
            got = found[name]
            assert (got.severity, got.status, got.version) == (mine["severity"], mine["status"], mine["version"])
        events = self.store.sql("SELECT incident, text, withdrawn FROM events")[1] if self.model else []
        expected = [(name, *event) for name, mine in self.model.items() for event in mine["events"]]
        assert sorted(events) == sorted(expected)
        actions = [(t.incident, t.action.status) for t in self.store.actions()]
        assert sorted(actions) == sorted((n, s) for n, mine in self.model.items() for s in mine["actions"])


def model(sequences: int, *, steps: int = 12, derandomize: bool = False) -> Result:
    """Run generated sequences of operations against the model."""
    result = Result("operations against a model", {"sequences": sequences, "steps each, at most": steps})
    how = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=how)  # type: ignore[no-untyped-call]
    return result
