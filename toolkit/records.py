"""The nouns (floor 0): frozen records that every other floor passes around.

Times are aware UTC ``datetime``s, or ``None`` where unknown. ``to_dict`` of each gives JSON values alone, with times
as ISO 8601 ending in ``Z``; ``from_dict`` reads the same back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

from toolkit.mime import Shows, pairs, plain
from toolkit.vocabulary import CAUSES

Interval = tuple[float, float]
Stance = Literal["supports", "refutes", "silent", "not_testable"]

DIAGNOSIS_FORMAT: Final = "toolkit.diagnosis/1"
#: From this probability on a cause is plausible. The causes that reach it hold the true one in nine of ten logs like
#: the 369 that others wrote and that were diagnosed once before anybody looked: the 37th smallest probability of a true
#: cause was .0376 (split conformal sets: Sadinle, Lei & Wasserman 2019; benchmarks/verdict/README.md).
PLAUSIBLE: Final = 0.037


def iso(moment: datetime | None) -> str | None:
    """Write an aware time as ISO 8601 in UTC, to the second where it has no fraction; ``None`` stays ``None``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(text: str | None) -> datetime | None:
    """Read what ``iso`` wrote, or any ISO 8601 time; one without a zone is taken as UTC.

    Raises:
        ValueError: the text is no ISO 8601 time.
    """
    if text is None:
        return None
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        return _plain(value.item())  # a number of numpy
    if isinstance(value, float) and value != value:
        return None
    return value


class _Record(Shows):
    """Shared by the records: to JSON values, and shown in a notebook."""

    def to_dict(self) -> dict[str, Any]:
        """Give the record as JSON values, keys as the field names."""
        plain: dict[str, Any] = _plain(self)
        return plain


@dataclass(frozen=True)
class SliceTerm(_Record):
    """One condition of a slice: rows where ``column`` has ``value``."""

    column: str
    value: str


Slice = tuple[SliceTerm, ...]


def slice_json(terms: Slice) -> dict[str, str] | list[dict[str, str]] | None:
    """Write a slice as the diagnosis contract has it: null, one term, or a list of terms."""
    written = [{"column": t.column, "value": t.value} for t in terms]
    if not written:
        return None
    return written[0] if len(written) == 1 else written


def slice_from_json(value: Any) -> Slice:
    """Read what ``slice_json`` wrote."""
    if value is None:
        return ()
    terms = value if isinstance(value, list) else [value]
    return tuple(SliceTerm(str(t["column"]), str(t["value"])) for t in terms)


@dataclass(frozen=True)
class Finding(_Record):
    """One detector's answer: what it looked at, what it found, and for which mechanisms that speaks.

    ``effect`` has the unit ``unit`` and the 95 % ``interval``; ``p_value`` is corrected within the detector's family
    (Benjamini-Hochberg); ``query`` is what gives the number again: SQL over the log, or a call of this library.
    ``supports`` and ``refutes`` name mechanisms (or ``none``); ``not_testable`` says why nothing could be said.
    """

    detector: str
    statement: str
    id: str = ""
    stance: Stance = "silent"
    supports: tuple[str, ...] = ()
    refutes: tuple[str, ...] = ()
    not_testable: str = ""
    statistic: float | None = None
    effect: float | None = None
    unit: str = ""
    interval: Interval | None = None
    n: int = 0
    p_value: float | None = None
    threshold: float | None = None
    onset: datetime | None = None
    onset_interval: tuple[datetime, datetime] | None = None
    features: tuple[str, ...] = ()
    slice: Slice = ()
    model_versions: tuple[str, ...] = ()
    query: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the finding is known by from one diagnosis to the next: detector, mechanisms, features and slice."""
        where = [f"{t.column}={t.value}" for t in self.slice]
        return "|".join(map(",".join, ([self.detector], self.supports or self.refutes, self.features, where)))

    def to_dict(self) -> dict[str, Any]:
        """Give the finding as JSON values; the slice as in the diagnosis contract."""
        return {**super().to_dict(), "slice": slice_json(self.slice)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; unknown keys are ignored, so that newer files can be read."""
        known = {f.name for f in dataclasses.fields(cls)}
        given = {k: v for k, v in data.items() if k in known}
        for name in ("supports", "refutes", "features", "model_versions"):
            given[name] = tuple(given.get(name) or ())
        given["slice"] = slice_from_json(given.get("slice"))
        given["onset"] = moment(given.get("onset"))
        given["onset_interval"] = _moments(given.get("onset_interval"))
        given["interval"] = _interval(given.get("interval"))
        return cls(**given)


def _interval(value: Any) -> Interval | None:
    return None if value is None else (float(value[0]), float(value[1]))


def _moments(value: Any) -> tuple[datetime, datetime] | None:
    if value is None:
        return None
    first, last = moment(value[0]), moment(value[1])
    return None if first is None or last is None else (first, last)


@dataclass(frozen=True)
class Harm(_Record):
    """The damage: expected and observed value of ``metric`` in the incident window and the excess over all its rows.

    ``excess_errors`` counts wrong final decisions beyond the expected ones (classification), or is the excess of the
    summed loss (regression: in the label's unit); ``interval`` is its 95 % interval. ``estimated`` marks harm that
    rests on scores instead of labels.
    """

    metric: str
    expected: float | None
    observed: float | None
    excess_errors: float | None
    interval: Interval | None
    n: int = 0
    estimated: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        known = {f.name for f in dataclasses.fields(cls)}
        given = {k: v for k, v in data.items() if k in known}
        given["interval"] = _interval(given.get("interval"))
        return cls(**given)


@dataclass(frozen=True)
class LedgerLine(_Record):
    """One line of the ledger: the share of the damage that one mechanism explains.

    ``share`` is in parts of the total harm (all lines, the unexplained one included, sum to 1); ``cause`` is one of
    the five, ``unexplained`` or ``off_support``. ``supporting`` and ``contradicting`` are finding ids.
    """

    cause: str
    mechanism: str
    share: float
    interval: Interval | None = None
    onset: datetime | None = None
    features: tuple[str, ...] = ()
    slice: Slice = ()
    supporting: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the line as JSON values; the slice as in the diagnosis contract."""
        return {**super().to_dict(), "slice": slice_json(self.slice)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        return cls(
            cause=data["cause"],
            mechanism=data["mechanism"],
            share=float(data["share"]),
            interval=_interval(data.get("interval")),
            onset=moment(data.get("onset")),
            features=tuple(data.get("features") or ()),
            slice=slice_from_json(data.get("slice")),
            supporting=tuple(data.get("supporting") or ()),
            contradicting=tuple(data.get("contradicting") or ()),
        )


@dataclass(frozen=True)
class Rival(_Record):
    """A candidate for the verdict: a mechanism, how probable it is, and the findings for and against it."""

    cause: str
    mechanism: str
    probability: float
    supporting: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()
    not_testable: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        return cls(
            data["cause"],
            data["mechanism"],
            float(data["probability"]),
            tuple(data.get("supporting") or ()),
            tuple(data.get("contradicting") or ()),
            data.get("not_testable", ""),
        )


@dataclass(frozen=True)
class Verdict(_Record):
    """The whole diagnosis (format ``toolkit.diagnosis/1``), as data.

    ``verdict`` is one of the five causes, ``none`` or ``undetermined``; ``probabilities`` are of the five and
    ``none`` and sum to 1; ``onset`` is ``None`` where the fault was there from the first row.
    """

    verdict: str
    mechanism: str | None
    confidence: float
    probabilities: Mapping[str, float]
    onset: datetime | None
    onset_interval: tuple[datetime, datetime] | None
    features: tuple[str, ...]
    slice: Slice
    model_versions: tuple[str, ...]
    harm: Harm
    ledger: tuple[LedgerLine, ...]
    rivals: tuple[Rival, ...]
    would_settle_it: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    log: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        said: list[tuple[str, Any]] = [("verdict", self.verdict), ("mechanism", self.mechanism)]
        said += [
            ("confidence", self.confidence),
            ("onset", self.onset),
            ("harm", plain(self.harm.excess_errors)),
            ("features", self.features),
        ]
        shares = {line.mechanism or line.cause: f"{line.share:.0%}" for line in self.ledger}
        return pairs("Verdict", [*said, ("ledger", shares), ("findings", len(self.findings))])

    @property
    def plausible(self) -> tuple[str, ...]:
        """The causes (and ``none``) that cannot be ruled out, the likeliest first; see ``PLAUSIBLE``."""
        held = [cause for cause, p in self.probabilities.items() if p >= PLAUSIBLE]
        return tuple(sorted(held, key=lambda cause: -self.probabilities[cause]))

    @property
    def leader(self) -> Rival | None:
        """The rival that the verdict names, ``none`` among them; ``None`` where it names none."""
        named = "none" if self.verdict == "none" else self.mechanism
        return next((rival for rival in self.rivals if rival.mechanism == named), None)

    def strongest(self, finding_ids: Sequence[str]) -> Finding | None:
        """Give the one whose statistic is farthest from 0, e.g. of a rival's ``supporting``; ``None`` of none."""
        return max(map(self.finding, finding_ids), key=lambda f: abs(f.statistic or 0.0), default=None)

    def finding(self, finding_id: str) -> Finding:
        """Give one finding by its id.

        Raises:
            KeyError: there is no finding of that id; ``findings`` lists them all.
        """
        for found in self.findings:
            if found.id == finding_id:
                return found
        raise KeyError(finding_id)

    def to_dict(self) -> dict[str, Any]:
        """Give the diagnosis as the JSON contract has it."""
        return {
            "format": DIAGNOSIS_FORMAT,
            **super().to_dict(),
            "slice": slice_json(self.slice),
            "ledger": [line.to_dict() for line in self.ledger],
            "findings": [found.to_dict() for found in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote.

        Raises:
            ValueError: the data is of another format.
        """
        if data.get("format") != DIAGNOSIS_FORMAT:
            msg = f"expected format {DIAGNOSIS_FORMAT}, found {data.get('format')!r}"
            raise ValueError(msg)
        return cls(
            verdict=data["verdict"],
            mechanism=data.get("mechanism"),
            confidence=float(data["confidence"]),
            probabilities={k: float(data["probabilities"].get(k, 0.0)) for k in (*CAUSES, "none")},
            onset=moment(data.get("onset")),
            onset_interval=_moments(data.get("onset_interval")),
            features=tuple(data.get("features") or ()),
            slice=slice_from_json(data.get("slice")),
            model_versions=tuple(data.get("model_versions") or ()),
            harm=Harm.from_dict(data["harm"]),
            ledger=tuple(LedgerLine.from_dict(x) for x in data["ledger"]),
            rivals=tuple(Rival.from_dict(x) for x in data.get("rivals", ())),
            would_settle_it=tuple(data.get("would_settle_it") or ()),
            findings=tuple(Finding.from_dict(x) for x in data["findings"]),
            notes=tuple(data.get("notes") or ()),
            log=dict(data.get("log") or {}),
        )


@dataclass(frozen=True)
class Event(_Record):
    """Something that happened: noted by a person, imported, or derived from a finding.

    ``kind`` is one of ``vocabulary.EVENT_KINDS``; ``source`` is ``person``, ``import`` or ``finding``, or the URL or
    system that an imported event names.
    """

    occurred_at: datetime
    kind: str
    text: str
    source: str = ""
    actor: str = ""
    id: str = ""
    starred: bool = False
    withdrawn: bool = False
    marker: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        known = {f.name for f in dataclasses.fields(cls)}
        given = {k: v for k, v in data.items() if k in known}
        given["occurred_at"] = moment(given["occurred_at"])
        return cls(**given)


@dataclass(frozen=True)
class ActionItem(_Record):
    """What will be done about it: ``kind`` prevent, detect, mitigate or repair; ``due`` is a date in UTC."""

    summary: str
    kind: str
    owner: str = ""
    due: datetime | None = None
    status: str = "open"
    check_sql: str = ""
    id: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        known = {f.name for f in dataclasses.fields(cls)}
        given = {k: v for k, v in data.items() if k in known}
        given["due"] = moment(given.get("due"))
        return cls(**given)


@dataclass(frozen=True)
class Incident(_Record):
    """One failure of one deployed model, with its five times; ``lags`` follow from them."""

    id: str
    title: str
    model: str = ""
    severity: str = "SEV3"
    kind: str = "incident"
    status: str = "open"
    owner: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    created_at: datetime | None = None
    tags: tuple[str, ...] = ()
    summary: str = ""
    log: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    dataset: str = ""
    related: tuple[str, ...] = ()
    duplicate_of: str = ""
    restricted: bool = False
    responder_hours: float | None = None

    @property
    def lags(self) -> dict[str, float | None]:
        """Seconds from occurrence to detection, mitigation and resolution; ``None`` where a time is missing."""
        start = self.occurred_at
        ends = {"to_detect": self.detected_at, "to_mitigate": self.mitigated_at, "to_resolve": self.resolved_at}
        return {k: (end - start).total_seconds() if start and end else None for k, end in ends.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote."""
        known = {f.name for f in dataclasses.fields(cls)}
        given = {k: v for k, v in data.items() if k in known}
        for name in ("occurred_at", "detected_at", "mitigated_at", "resolved_at", "closed_at", "created_at"):
            given[name] = moment(given.get(name))
        for name in ("tags", "related"):
            given[name] = tuple(given.get(name) or ())
        return cls(**given)
