"""The stage of a drill (floor 7): all that happened, the truth about it, and what the clock lets be seen.

``Scene`` holds everything and is never shown. ``visible`` gives what had arrived by a time: rows, labels and events
that came later are not in it, nor is the time at which a label will come.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.drills.cases import Case
from toolkit.records import Event, Slice
from toolkit.roles import Roles

#: The clock's whole way; every cost is a share of it.
WHOLE: Final = 100.0
#: Rows without a time of their own arrive in their order; so many of them before the drill begins.
_BEFORE: Final = 0.4
_NEVER: Final = np.datetime64("9999-01-01", "us")

Times = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a drill is played on, with its truth; ``kind`` says whether its rows are real.

    ``arrived`` says of each row of ``log`` when it came, ``labelled`` when its label did. ``timeline`` pairs each
    event with the time at which it was known. ``moments`` are the times that the clock passes, evenly apart in cost.
    """

    name: str
    title: str
    brief: str
    notice: str
    kind: str
    difficulty: int
    cause: str
    mechanism: str | None
    accepted: tuple[str, ...]
    mechanisms: tuple[str, ...]
    onset: datetime | None
    onset_interval: tuple[datetime, datetime] | None
    slice: Slice
    contributing: tuple[str, ...]
    debrief: str
    facts: tuple[tuple[str, str], ...]
    timeline: tuple[tuple[Event, datetime], ...]
    moments: tuple[datetime, ...]
    log: pd.DataFrame | None = None
    reference: pd.DataFrame | None = None
    roles: Roles | None = None
    arrived: Times | None = None
    labelled: Times | None = None

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong, whatever was feared."""
        return self.cause == "none"

    def time_at(self, progress: float) -> datetime:
        """Give the clock's time after ``progress`` of 100 parts."""
        place = min(max(progress, 0.0), WHOLE) / WHOLE * (len(self.moments) - 1)
        left = min(int(place), len(self.moments) - 2)
        a, b = self.moments[left], self.moments[left + 1]
        return a + (b - a) * (place - left)

    @cached_property
    def affected(self) -> NDArray[np.bool_] | None:
        """The rows that the failure hits: from the onset on, in the slice; ``None`` without a log."""
        if self.log is None or self.arrived is None:
            return None
        hit = np.full(len(self.log), not self.healthy)
        if self.onset is not None:
            hit &= self.arrived >= instant(self.onset)
        for column in {term.column for term in self.slice}:
            wanted = {term.value for term in self.slice if term.column == column}
            hit &= self.log[column].astype(str).isin(wanted).to_numpy()
        return hit


@dataclass(frozen=True, eq=False)
class Visible:
    """What a trainee can see at ``clock``; it holds nothing that came later."""

    clock: datetime
    log: pd.DataFrame | None
    reference: pd.DataFrame | None
    events: tuple[Event, ...]
    roles: Roles | None


def visible(scene: Scene, clock: datetime) -> Visible:
    """Copy out of a scene what had arrived by ``clock``."""
    events = tuple(event for event, known in scene.timeline if known <= clock)
    if scene.log is None or scene.arrived is None or scene.labelled is None or scene.roles is None:
        return Visible(clock, None, None, events, scene.roles)
    now = instant(clock)
    came = scene.arrived <= now
    log = scene.log.loc[came].reset_index(drop=True)
    _hide(log, scene.roles, scene.labelled[came] > now)
    return Visible(clock, log, _reference(scene, now), events, scene.roles)


def _reference(scene: Scene, now: np.datetime64) -> pd.DataFrame | None:
    """Give the reference rows that had come by now, without the labels that had not."""
    if scene.reference is None or scene.roles is None:
        return None
    seen, roles = scene.reference, scene.roles
    when = roles.column("timestamp")
    if when in seen:
        seen = seen.loc[utc(seen[when]) <= now]
    seen = seen.reset_index(drop=True)
    if roles.column("label_time") in seen:
        came = utc(seen[roles.single["label_time"]])
        _hide(seen, roles, (came > now).to_numpy())
    return seen


def _hide(rows: pd.DataFrame, roles: Roles, late: NDArray[np.bool_]) -> None:
    """Take out of the rows whose labels are still to come all that may be known only with them, in place.

    That is the label with its time and, where labels have times, what a request cost and every column without a role.
    """
    columns = [roles.column("label")]
    if "label_time" in roles.single:
        given = {*roles.single.values(), *(c for name in ("group", "segment", "feature") for c in roles.columns(name))}
        columns += [roles.column("label_time"), roles.column("cost")]
        columns += [str(c) for c in rows.columns if c not in given and c != "split"]
    for column in columns:
        if column in rows and late.any():
            rows[column] = rows[column].where(~late)


def scene_of(case: Case, seed: int = 0) -> Scene:
    """Set a case study as the stage of a drill; ``seed`` moves the hour at which the trainee is called.

    Raises:
        PostmortemError: the case's log or events cannot be made or read.
    """
    with tempfile.TemporaryDirectory() as folder:
        log, reference = (_frame(p) for p in (case.log_path(folder), case.reference_path(folder)))
    known = case.timeline()
    rng = np.random.default_rng([seed, sum(map(ord, case.name))])
    truth: dict[str, Any] = {
        "name": case.name, "title": case.title, "brief": case.call or case.brief, "notice": case.notice,
        "kind": case.kind,
        "difficulty": case.difficulty, "cause": case.cause, "mechanism": case.mechanism, "accepted": case.accepted,
        "mechanisms": tuple(m for m in (case.mechanism, *case.also_mechanisms) if m), "onset": case.onset,
        "onset_interval": case.onset_interval, "slice": case.slice, "contributing": case.contributing,
        "debrief": case.debrief(), "facts": tuple((f.text, f.source) for f in case.facts), "timeline": known,
    }  # fmt: skip
    if log is None or case.roles is None:
        return Scene(**truth, moments=_steps([known_at for _, known_at in known]))
    return staged(truth, log, reference, case.roles, rng)


def staged(
    truth: dict[str, Any], log: pd.DataFrame, reference: pd.DataFrame | None, roles: Roles, rng: np.random.Generator
) -> Scene:
    """Set a log with its truth as the stage of a drill, and choose when the trainee is called."""
    when = roles.column("timestamp")
    onset = truth["onset"]
    if when is not None and log[when].nunique() > 1:
        order = log[when].argsort(kind="stable")
        log = log.iloc[order].reset_index(drop=True)
        arrived = utc(log[when]).to_numpy().astype("datetime64[us]")
        first = arrived[0] if onset is None else max(arrived[0], instant(onset))
        share = rng.uniform(0.3, 0.5) if onset is None else rng.uniform(0.08, 0.2)
        start = first + (arrived[-1] - first) * share
    else:
        start, end = _span(truth["timeline"])
        place = (np.arange(len(log)) / max(len(log) - 1, 1) - _BEFORE) / (1 - _BEFORE)
        arrived = start + (end - start) * np.clip(place, 0, 1)
    labelled = _labelled(log, roles, arrived)
    last = max(arrived[-1], min(_last(labelled), arrived[-1] + (arrived[-1] - start) / 4))
    moments = tuple(_aware(t) for t in (start, last))
    return Scene(
        **truth, moments=moments, log=log, reference=reference, roles=roles, arrived=arrived, labelled=labelled
    )


def instant(time: datetime) -> np.datetime64:
    """Give an aware time as NumPy holds it: UTC without a zone."""
    return np.datetime64(pd.Timestamp(time).tz_convert("UTC").tz_localize(None), "us")


def utc(column: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column of times in UTC, without the zone; what is no time is missing."""
    return pd.to_datetime(column, utc=True, errors="coerce", format="mixed").dt.tz_localize(None)


def _aware(time: np.datetime64) -> datetime:
    return pd.Timestamp(time).tz_localize("UTC").to_pydatetime()


def _labelled(log: pd.DataFrame, roles: Roles, arrived: Times) -> Times:
    """Say when each label came: at its label_time, or with its row where the log has no such column."""
    column = roles.column("label_time")
    if column is None:
        return arrived
    came = utc(log[column]).to_numpy().astype("datetime64[us]")
    return np.maximum(np.where(np.isnat(came), _NEVER, came), arrived)


def _last(labelled: Times) -> np.datetime64:
    known = labelled[labelled < _NEVER]
    last: np.datetime64 = known.max() if len(known) else labelled.min()
    return last


def _span(timeline: Sequence[tuple[Event, datetime]]) -> tuple[np.datetime64, np.datetime64]:
    """Give the first and the last time of a timeline, at least a day apart."""
    times = sorted(instant(event.occurred_at) for event, _ in timeline)
    return times[0], max(times[-1], times[0] + np.timedelta64(1, "D"))


def _steps(times: Sequence[datetime]) -> tuple[datetime, ...]:
    """Let the clock of a timeline step from one thing that becomes known to the next."""
    found = sorted(set(times))
    return tuple(found) if len(found) > 1 else (found[0], found[0] + (pd.Timedelta(days=1).to_pytimedelta()))


def _frame(path: Path | None) -> pd.DataFrame | None:
    return None if path is None else pd.read_parquet(path)
