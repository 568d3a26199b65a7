"""The read-only evidence bundle of one incident: a folder of JSON files (floor 6).

The bundle is all that a notebook kernel and a page are given. ``incident.json`` must be there; ``events.json``,
``actions.json``, ``diagnosis.json``, ``series.json`` and ``document.json`` may be absent. Values are JSON; times are
ISO 8601 in UTC.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from toolkit.errors import PostmortemError
from toolkit.paths import write_whole
from toolkit.records import ActionItem, Event, Finding, Incident, Verdict, iso, moment

Values = tuple[float | None, ...]

FILES: Final = ("incident", "events", "actions", "diagnosis", "series", "document")


@dataclass(frozen=True)
class Metric:
    """One metric over the buckets: value with its 95 % interval and rows; ``reference`` is what it was held to."""

    name: str
    value: Values
    low: Values
    high: Values
    n: tuple[int, ...]
    reference: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the arrays as series.json has them."""
        return {"value": list(self.value), "low": list(self.low), "high": list(self.high), "n": list(self.n)}


@dataclass(frozen=True)
class Series:
    """Metrics over time: bucket i spans ``[starts[i], ends[i])``; ``immature`` marks those still waiting for labels.

    ``window`` is the half-open span under investigation; ``onset`` is ``None`` where nothing changed.
    """

    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()
    immature: tuple[bool, ...] = ()
    metrics: tuple[Metric, ...] = ()
    onset: datetime | None = None
    onset_interval: tuple[datetime, datetime] | None = None
    window: tuple[datetime, datetime] | None = None

    def metric(self, name: str) -> Metric | None:
        """Give one metric by its name, or ``None``."""
        return next((m for m in self.metrics if m.name == name), None)


@dataclass(frozen=True)
class GroupValue:
    """One metric of the rows where ``column`` has ``value``, with its 95 % interval and rows."""

    column: str
    value: str
    metric: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Bundle:
    """Everything that the record holds of one incident, typed.

    ``validation`` is the report of the log that was read, ``roles`` one line a column (column, type, role, declared,
    note), ``prose`` what people wrote, Markdown by section id, ``anchor`` the journal's entry that it was read at.
    """

    incident: Incident
    events: tuple[Event, ...] = ()
    actions: tuple[ActionItem, ...] = ()
    verdict: Verdict | None = None
    series: Series = field(default_factory=Series)
    groups: tuple[GroupValue, ...] = ()
    validation: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[Mapping[str, Any], ...] = ()
    prose: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    anchor: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the diagnosis, or none where nothing was diagnosed yet."""
        return self.verdict.findings if self.verdict else ()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a bundle from its folder.

        Raises:
            PostmortemError: the folder is no bundle, or a file in it is damaged; export the incident again.
        """
        folder = Path(path)
        raw = {name: _read(folder / f"{name}.json") for name in FILES}
        if raw["incident"] is None:
            fix = "export the incident again with postmortem investigate"
            raise PostmortemError("this folder holds no incident.json", where=str(folder), fix=fix)
        try:
            return cls(path=folder, **_parts(raw))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            fix = "export the incident again with postmortem investigate"
            what = f"the bundle is damaged: {type(error).__name__} {error}"
            raise PostmortemError(what, where=str(folder), fix=fix) from None

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the bundle into a folder, made where absent, and give the folder."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in self.parts().items():
            write_whole(folder / name, written(part))
        return folder

    def parts(self) -> dict[str, Any]:
        """Give the content of each file of the bundle by its name, as JSON values."""
        parts: dict[str, Any] = {
            "incident": self.incident.to_dict(),
            "events": [event.to_dict() for event in self.events],
            "actions": [action.to_dict() for action in self.actions],
            "diagnosis": self.verdict.to_dict() if self.verdict else None,
            "series": series_json(self),
            "document": {"sections": dict(self.prose)},
        }
        return {f"{name}.json": part for name, part in parts.items() if part is not None}

    @classmethod
    def of_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Read what ``parts`` gave.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not what a bundle holds.
        """
        return cls(**_parts({name: parts.get(f"{name}.json") for name in FILES}))


def written(part: Any) -> str:
    """Give JSON values as a file of a bundle has them."""
    return json.dumps(part, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def series_json(bundle: Bundle) -> dict[str, Any]:
    """Give the content of series.json: metric series, groups, validation report and roles, as JSON values."""
    series = bundle.series
    spans = {"onset_interval": series.onset_interval, "window": series.window}
    return {
        "buckets": [iso(t) for t in series.starts],
        "bucket_end": [iso(t) for t in series.ends],
        "immature": list(series.immature),
        "metrics": {m.name: m.to_dict() for m in series.metrics},
        "reference": {m.name: m.reference for m in series.metrics if m.reference is not None},
        "onset": iso(series.onset),
        **{name: [iso(t) for t in span] if span else None for name, span in spans.items()},
        "groups": [
            {"column": g.column, "value": g.value, "metric": g.metric, "value_": g.estimate}
            | {"low": g.low, "high": g.high, "n": g.n}
            for g in bundle.groups
        ],
        "validation": dict(bundle.validation),
        "roles": [dict(role) for role in bundle.roles],
    }


def _read(file: Path) -> Any:
    """Read one JSON file; ``None`` where it is absent."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        fix = "export the incident again with postmortem investigate"
        raise PostmortemError(f"the file cannot be read: {error}", where=str(file), fix=fix) from None


def _parts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the parsed files into the fields of a bundle."""
    series = raw["series"] or {}
    document = raw["document"] or {}
    return {
        "incident": Incident.from_dict(raw["incident"]),
        "events": tuple(sorted((Event.from_dict(e) for e in raw["events"] or ()), key=lambda e: e.occurred_at)),
        "actions": tuple(ActionItem.from_dict(a) for a in raw["actions"] or ()),
        "verdict": Verdict.from_dict(raw["diagnosis"]) if raw["diagnosis"] else None,
        "series": _series(series),
        "groups": tuple(_group(g) for g in series.get("groups") or ()),
        "validation": dict(series.get("validation") or {}),
        "roles": tuple(dict(r) for r in series.get("roles") or ()),
        "prose": {str(k): str(v) for k, v in (document.get("sections") or {}).items()},
    }


def _series(raw: Mapping[str, Any]) -> Series:
    """Read the metric series; arrays of a wrong length are refused."""
    starts = tuple(_time(t) for t in raw.get("buckets") or ())
    ends = tuple(_time(t) for t in raw.get("bucket_end") or ()) or starts
    immature = tuple(bool(x) for x in raw.get("immature") or ()) or (False,) * len(starts)
    reference = raw.get("reference") or {}
    metrics = tuple(_metric(name, m, reference.get(name)) for name, m in (raw.get("metrics") or {}).items())
    lengths = {len(ends), len(immature), *(len(a) for m in metrics for a in (m.value, m.low, m.high, m.n))}
    if starts and lengths != {len(starts)}:
        msg = f"the arrays of series.json have {len(starts)} buckets but lengths {sorted(lengths)}"
        raise ValueError(msg)
    onset = moment(raw.get("onset"))
    return Series(starts, ends, immature, metrics, onset, _span(raw.get("onset_interval")), _span(raw.get("window")))


def _metric(name: str, raw: Mapping[str, Any], reference: Any) -> Metric:
    values = _numbers(raw["value"])
    blank: Sequence[Any] = [None] * len(values)
    low, high = (_numbers(raw.get(key) or blank) for key in ("low", "high"))
    rows = tuple(int(x or 0) for x in raw.get("n") or [0] * len(values))
    return Metric(str(name), values, low, high, rows, _number(reference))


def _group(raw: Mapping[str, Any]) -> GroupValue:
    estimate, low, high = (_number(raw.get(key)) for key in ("value_", "low", "high"))
    return GroupValue(
        str(raw["column"]), str(raw["value"]), str(raw["metric"]), estimate, low, high, int(raw.get("n") or 0)
    )


def _number(value: Any) -> float | None:
    """Read a number; what is absent or not finite is unknown."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _numbers(values: Sequence[Any]) -> Values:
    return tuple(_number(v) for v in values)


def _time(text: str) -> datetime:
    read = moment(text)
    if read is None:
        msg = "a bucket has no time"
        raise ValueError(msg)
    return read


def _span(value: Sequence[str] | None) -> tuple[datetime, datetime] | None:
    return None if not value else (_time(value[0]), _time(value[1]))
