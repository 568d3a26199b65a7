"""The library of case studies: find them, read them, lay out their logs (floor 7).

A case is a folder under ``case_studies`` with a ``case.toml``. Its log is a small file of real data, or is
made on demand by the folder's ``generate.py`` (``tables(seed)`` gives the frames), or is absent: then the
case is a timeline. What a reader may see before the answer is ``brief``; cause, mechanism, onset, slice,
facts and debrief are the truth.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from toolkit.errors import PostmortemError
from toolkit.mime import Shows, pairs
from toolkit.paths import shipped
from toolkit.records import Event, Slice, moment, slice_from_json
from toolkit.roles import Roles
from toolkit.vocabulary import CAUSE_OF, CAUSES, EVENT_KINDS

FORMAT: Final = "toolkit.case/1"
KINDS: Final = ("real", "reconstruction", "illustrative")
#: S: seen in the page that ``source`` names; D: counted from the data. What is only remembered is no fact.
CERTAINTIES: Final = ("S", "D")
KNOWN: Final = frozenset(
    {"format", "title", "brief", "call", "kind", "difficulty", "teaches", "cause", "mechanism", "also_mechanisms"}
    | {
        "also_accepted",
        "contributing",
        "onset",
        "onset_interval",
        "features",
        "slice",
        "licence",
        "log",
        "facts",
    }
)

_NOTICE: Final = {
    "real": "",
    "reconstruction": "Reconstruction: the rows are made by a seeded program so that their totals meet the "
    "published figures; no row is a real case.",
    "illustrative": "Illustrative: no figures were published or the case is made up; every number in this "
    "log is invented to show how such a failure looks.",
}


class Told:
    """Shows of a case what a trainee may see, and not the answer."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        said = [(name, getattr(self, name)) for name in ("title", "kind", "difficulty", "brief")]
        return pairs(f"Case {getattr(self, 'name', '')}", said)


@dataclass(frozen=True)
class Fact(Shows):
    """One sourced statement; where ``check`` is set, that SQL over the case's tables gives ``value``."""

    text: str
    source: str
    certainty: str
    value: float | None = None
    check: str = ""
    tolerance: float = 0.0


@dataclass(frozen=True)
class Case(Told):
    """A case study: what the trainee is told (``title``, ``brief``), and the truth (everything else).

    ``cause`` is one of the five or ``none``; ``onset`` is ``None`` where the fault was there from the first
    row, and ``onset_interval`` says within which times an answer about it is right. ``call`` is what a drill tells in
    place of a brief that knows more than was known when the trainee is called.
    """

    name: str
    folder: Path
    title: str
    brief: str
    kind: str
    difficulty: int
    teaches: str
    cause: str
    mechanism: str | None
    licence: str
    also_mechanisms: tuple[str, ...] = ()
    also_accepted: tuple[str, ...] = ()
    contributing: tuple[str, ...] = ()
    onset: datetime | None = None
    onset_interval: tuple[datetime, datetime] | None = None
    features: tuple[str, ...] = ()
    slice: Slice = ()
    facts: tuple[Fact, ...] = ()
    log_file: str | None = None
    reference_file: str | None = None
    seed: int | None = None
    call: str = ""

    @property
    def has_log(self) -> bool:
        """Whether there is a log of predictions; without one the case is a timeline of events."""
        return self.log_file is not None or self.seed is not None

    @property
    def notice(self) -> str:
        """What every page and plot of this case must say; empty for real data."""
        return _NOTICE[self.kind]

    @property
    def accepted(self) -> tuple[str, ...]:
        """The verdicts that count as right."""
        return (self.cause, *self.also_accepted)

    @property
    def events_path(self) -> Path:
        """The events, in the order in which they happened."""
        return self.folder / "events.csv"

    @property
    def roles_path(self) -> Path | None:
        """roles.toml of the log; ``None`` without a log."""
        return self.folder / "roles.toml" if self.has_log else None

    @property
    def roles(self) -> Roles | None:
        """The roles of the log's columns; ``None`` without a log."""
        return Roles.load(self.folder / "roles.toml") if self.has_log else None

    def log_path(self, workdir: str | Path) -> Path | None:
        """Give the log's file; a generated one is written into ``workdir`` first. ``None`` without a log.

        Raises:
            PostmortemError: the case's generator fails or gives no log.

        """
        return self._table("log", self.log_file, workdir)

    def reference_path(self, workdir: str | Path) -> Path | None:
        """Give the reference's file like ``log_path``; ``None`` where the case has none."""
        return self._table("reference", self.reference_file, workdir)

    def events(self, known_by: datetime | None = None) -> tuple[Event, ...]:
        """Read the events, sorted by time; with ``known_by`` only those that were known by then.

        An event is known when it happens, unless its row has a later ``known_at``: a cause found in hindsight.

        Raises:
            PostmortemError: a row has no time, or a kind that is not in the vocabulary.
        """
        return tuple(event for event, known_at in self.timeline() if known_by is None or known_at <= known_by)

    def timeline(self) -> tuple[tuple[Event, datetime], ...]:
        """Read the events, sorted by time, each with the time at which it was known.

        Raises:
            PostmortemError: a row has no time, or a kind that is not in the vocabulary.
        """
        with self.events_path.open(newline="", encoding="utf-8") as file:
            found = [_event(row, self.events_path) for row in csv.DictReader(file)]
        return tuple(sorted(found, key=lambda pair: pair[0].occurred_at))

    def debrief(self) -> str:
        """Give the debrief, as Markdown: what happened, what the log shows, what would have caught it."""
        return (self.folder / "debrief.md").read_text(encoding="utf-8")

    def _table(self, which: str, file: str | None, workdir: str | Path) -> Path | None:
        if file is not None:
            return self.folder / file
        if self.seed is None:
            return None
        from toolkit.drills.make import write_table

        frame = _generated(self).get(which)
        if frame is None:
            return None
        place = Path(workdir) / self.name
        place.mkdir(parents=True, exist_ok=True)
        return write_table(frame, place / f"{which}.parquet")


def cases(folder: str | Path | None = None) -> tuple[Case, ...]:
    """Give every case of the library (or of another folder), by name."""
    root = Path(folder) if folder is not None else shipped("case_studies")
    return tuple(_read(place.parent) for place in sorted(root.glob("*/case.toml")))


def case(name: str, folder: str | Path | None = None) -> Case:
    """Give one case by its name.

    Raises:
        PostmortemError: there is no such case; the message lists the nearest names.

    """
    root = Path(folder) if folder is not None else shipped("case_studies")
    known = sorted(place.parent.name for place in root.glob("*/case.toml"))
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
        raise PostmortemError(f"there is no case {name!r}", fix=f"try {', '.join(near)}; `postmortem cases` lists all")
    return _read(root / name)


def _generated(case: Case) -> Mapping[str, Any]:
    """Run the case's own generate.py with its seed."""
    file = case.folder / "generate.py"
    spec = spec_from_file_location(f"toolkit_case_{case.name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise PostmortemError("the case has a seed but no generator", where=str(file), fix="reinstall ml-postmortem")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    tables: Mapping[str, Any] = module.tables(case.seed)
    if "log" not in tables:
        raise PostmortemError("the case's generator gives no log", where=str(file), fix="return a table named log")
    return tables


def _event(row: Mapping[str, str], where: Path) -> tuple[Event, datetime]:
    """Read one row of events.csv: the event, and when it was known."""
    kind = row.get("kind") or ""
    try:
        when = _sure(row["timestamp"])
        known_at = max(when, _sure(row.get("known_at") or row["timestamp"]))
    except (KeyError, ValueError):
        kind = ""
    if kind not in EVENT_KINDS:
        fix = "mend its time or kind"
        raise PostmortemError(f"an event cannot be read: {dict(row)}", where=str(where), fix=fix)
    text, source, actor = (row.get(key) or "" for key in ("text", "source", "actor"))
    return Event(when, kind, text, source=source, actor=actor), known_at


def _read(folder: Path) -> Case:
    """Read one case.toml, and say what is wrong with it."""
    file = folder / "case.toml"
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        _check(raw)
        log = raw.get("log", {})
        between = raw.get("onset_interval")
        return Case(
            name=folder.name,
            folder=folder,
            title=raw["title"],
            brief=" ".join(raw["brief"].split()),
            kind=raw["kind"],
            difficulty=int(raw["difficulty"]),
            teaches=raw["teaches"],
            cause=raw["cause"],
            mechanism=raw.get("mechanism"),
            licence=raw["licence"],
            also_mechanisms=tuple(raw.get("also_mechanisms", ())),
            also_accepted=tuple(raw.get("also_accepted", ())),
            contributing=tuple(raw.get("contributing", ())),
            onset=_time(raw.get("onset")),
            onset_interval=None if between is None else (_sure(between[0]), _sure(between[1])),
            features=tuple(raw.get("features", ())),
            slice=slice_from_json(raw.get("slice")),
            facts=tuple(Fact(**fact) for fact in raw.get("facts", ())),
            log_file=log.get("file"),
            reference_file=log.get("reference"),
            seed=log.get("seed"),
            call=" ".join(raw.get("call", "").split()),
        )
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise PostmortemError(f"the case cannot be read: {error}", where=str(file), fix="mend case.toml") from None


def _check(raw: Mapping[str, Any]) -> None:
    """Hold a case.toml against the vocabulary.

    Raises:
        ValueError: with the first thing that is wrong.

    """
    unknown = set(raw) - KNOWN
    mechanisms = [m for m in [raw.get("mechanism"), *raw.get("also_mechanisms", ())] if m is not None]
    verdicts = (*CAUSES, "none")
    wrong = {
        f"format is {raw.get('format')!r}, expected {FORMAT!r}": raw.get("format") != FORMAT,
        f"unknown keys {sorted(unknown)}": bool(unknown),
        f"kind is none of {KINDS}": raw["kind"] not in KINDS,
        "difficulty is not 1 to 5": raw["difficulty"] not in range(1, 6),
        f"cause is none of {verdicts}": raw["cause"] not in verdicts,
        f"also_accepted names none of {verdicts}": bool(set(raw.get("also_accepted", ())) - set(verdicts)),
        "a mechanism is not in the vocabulary": any(m not in CAUSE_OF for m in mechanisms),
        "cause none takes no mechanism": raw["cause"] == "none" and raw.get("mechanism") is not None,
        "the mechanism belongs to another cause": raw["cause"] != "none"
        and CAUSE_OF.get(raw.get("mechanism", "")) != raw["cause"],
        "a fact's certainty is neither S nor D": any(f.get("certainty") not in CERTAINTIES for f in raw["facts"]),
    }
    for message, holds in wrong.items():
        if holds:
            raise ValueError(message)


def _time(value: Any) -> datetime | None:
    return None if value is None else _sure(value)


def _sure(value: Any) -> datetime:
    read = moment(str(value))
    if read is None:
        msg = f"{value!r} is no time"
        raise ValueError(msg)
    return read
