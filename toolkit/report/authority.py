"""Drafts of reports to authorities and public databases (floor 6): fields from the record, clocks from quoted law.

Nothing is guessed: a field stands on the record (direct), stands on it in part (partial), was answered by a person
(answered), or is a gap. A reminder, not legal advice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.records import iso
from toolkit.report import words
from toolkit.report.prose import Prose, render_prose
from toolkit.report.sections.base import told
from toolkit.report.text import visible

DISCLAIMER: Final = "A reminder, not legal advice."
#: What people answered, in the incident's folder.
ANSWERS: Final = "authority.toml"
_HERE: Final = Path(__file__).parent / "authorities"
_YES_NO: Final = ("yes", "no", "unknown")


@dataclass(frozen=True)
class Filled:
    """One field of a report: ``status`` is direct, partial, answered or gap; ``lacks`` says what is missing of it."""

    id: str
    title: str
    status: str
    text: str
    html: Markup
    lacks: str = ""
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """One clock: ``applies`` is yes, no or unknown; ``due`` is ``None`` where nobody said when it began."""

    id: str
    rule: str
    applies_to: str
    applies: str
    period: str
    due: datetime | None
    quote: str
    source: str
    retrieved: str
    confidence: str
    supposed: bool = False


@dataclass(frozen=True)
class Answers:
    """What only people can say: when they became aware, yes or no to what starts a clock, and texts of fields."""

    aware_at: datetime | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A report as far as the record and people's answers go."""

    regime: str
    stage: str
    title: str
    about: str
    fields: tuple[Filled, ...]
    clocks: tuple[Due, ...]
    contested: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the draft as JSON values."""
        return {
            "format": "toolkit.authority/1",
            "disclaimer": DISCLAIMER,
            "regime": self.regime,
            "stage": self.stage,
            "title": self.title,
            "about": self.about,
            "fields": [
                {
                    "id": f.id,
                    "title": f.title,
                    "status": f.status,
                    "text": f.text,
                    "lacks": f.lacks,
                    "cites": [*f.cites],
                }
                for f in self.fields
            ],
            "clocks": [{**c.__dict__, "due": iso(c.due)} for c in self.clocks],
            "contested": [{k: str(v) if not isinstance(v, list) else v for k, v in c.items()} for c in self.contested],
        }


@lru_cache(maxsize=1)
def known() -> Mapping[str, Any]:
    """Give the regimes, the clocks and the bridges, as they are written in the data files."""
    clocks, fields = (tomllib.loads((_HERE / f).read_text("utf-8")) for f in ("clocks.toml", "fields.toml"))
    return {**clocks, **fields}


def regimes() -> list[str]:
    """Name the regimes that there are drafts for."""
    return list(known()["regime"])


def draft(bundle: Bundle, regime: str, stage: str = "complete", answers: Answers | None = None) -> Draft:
    """Fill a report from a record and what people answered.

    Raises:
        RenderError: there is no such regime, or it has no such stage.
    """
    given = answers or Answers()
    if regime not in known()["regime"]:
        raise RenderError(f"there is no regime {visible(regime, 40)!r}", fix=f"use one of {', '.join(regimes())}")
    about = known()["regime"][regime]
    if stage not in about["stages"]:
        fix = f"use {' or '.join(about['stages'])}"
        raise RenderError(f"{regime} knows no {visible(stage, 40)} report", fix=fix)
    texts = given.texts.get(regime, {})
    chosen = [f for f in about["field"] if stage == "complete" or f.get("stage", "initial") == "initial"]
    return Draft(
        regime,
        stage,
        about["title"],
        about["about"],
        tuple(_filled(bundle, f, str(texts.get(f["id"], ""))) for f in chosen),
        tuple(due_dates(bundle, regime, given)),
        tuple(c for c in known()["contested"] if c["regime"] == regime),
    )


def _filled(bundle: Bundle, asked: Mapping[str, Any], answer: str) -> Filled:
    if answer.strip():
        shown = render_prose(bundle, answer, where=asked["id"], linked=False)
        return _field(asked, "answered", shown)
    wanted = list(asked.get("fill", ()))
    sentences = told(bundle, *wanted) if wanted else _SOURCES[asked["from"]](bundle) if "from" in asked else []
    if not sentences:
        return Filled(asked["id"], asked["title"], "gap", "", Markup(""))
    whole = not wanted or len(sentences) == len(wanted)
    status = asked["mark"] if whole else "partial"
    lacks = asked.get("lacks", "") if whole else asked.get("lacks", "what the record does not hold yet")
    shown = render_prose(bundle, "\n\n".join(sentences), where=asked["id"], linked=False)
    return _field(asked, status, shown, lacks if status == "partial" else "")


def _field(asked: Mapping[str, Any], status: str, shown: Prose, lacks: str = "") -> Filled:
    text = " ".join(str(shown.html.striptags()).split())
    return Filled(asked["id"], asked["title"], status, text, shown.html, lacks, tuple(c.reference for c in shown.cited))


def _actions(bundle: Bundle) -> Sequence[str]:
    kept = [a for a in bundle.actions if a.status != "dropped"]
    lines = [f"- {_plain(a.summary)} ({a.kind}, {a.status}, due {words.stamp(a.due)[:10] or 'not set'})" for a in kept]
    return ["\n".join(lines)] if lines else []


def _groups(bundle: Bundle) -> Sequence[str]:
    columns = dict.fromkeys(g.column for g in bundle.groups)
    return [f"The log tells people or cases apart by {words.listing([_plain(c) for c in columns])}."] if columns else []


def _dataset(bundle: Bundle) -> Sequence[str]:
    return [_plain(bundle.incident.dataset)] if bundle.incident.dataset else []


def _gmf(bundle: Bundle) -> Sequence[str]:
    labels = known()["gmf"].get(bundle.verdict.verdict if bundle.verdict else "", ())
    return (
        [f"One of {words.listing(labels, 12)}, by the verdict {words.name(bundle.verdict.verdict)}."]
        if (labels and bundle.verdict)
        else []
    )


_SOURCES: Final = {"actions": _actions, "groups": _groups, "dataset": _dataset, "gmf": _gmf}


def _plain(text: str) -> str:
    """Give a text of the record so that Markdown reads it as text."""
    line = " ".join(visible(text, 300).split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#+!|~" else c for c in line)


def due_dates(bundle: Bundle, regime: str, answers: Answers) -> list[Due]:
    """Give the clocks of a regime: when each ends in the strict reading, counted from awareness in hours of UTC.

    Of several that apply at once only the shortest counts. Where nobody recorded awareness the time of detection
    stands in for it, and is marked as supposed.
    """
    clocks = [c for c in known()["clock"] if c["regime"] == regime]
    start = answers.aware_at or bundle.incident.detected_at
    said = {c["id"]: answers.said.get(c["question"], "unknown") if "question" in c else "yes" for c in clocks}
    yes = [c for c in clocks if said[c["id"]] == "yes"]
    shortest = min(yes, key=lambda c: int(c["hours"]), default=None)
    made = []
    for clock in clocks:
        applies = said[clock["id"]]
        if applies == "yes" and clock is not shortest:
            applies = "no"
        due = start + timedelta(hours=int(clock["hours"])) if start and applies != "no" else None
        about = {k: clock[k] for k in ("id", "rule", "period", "quote", "source", "confidence")}
        read = f"{clock['retrieved']:%Y-%m-%d}"
        supposed = answers.aware_at is None
        made.append(
            Due(**about, applies_to=clock["applies"], applies=applies, due=due, retrieved=read, supposed=supposed)
        )
    return made


def read_answers(file: Path) -> Answers:
    """Read what people answered; nothing where there is no file.

    Raises:
        RenderError: it cannot be read, or a line is none of those that are known.
    """
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Answers()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RenderError(f"the answers cannot be read: {error}", where=str(file), fix="write it as TOML") from None
    questions = {c["question"] for c in known()["clock"] if "question" in c}
    aware, texts = own.pop("aware_at", None), own.pop("answers", {})
    if aware is not None and not isinstance(aware, datetime):
        raise RenderError("aware_at is no time", where=str(file), fix="write it like 2026-03-14T09:00:00Z")
    for key, value in own.items():
        if key not in questions or value not in _YES_NO:
            fix = f"write {', '.join(sorted(questions))} = yes, no or unknown in quotes"
            raise RenderError(f"{key[:40]!r} is no question, or not answered so", where=str(file), fix=fix)
    for regime, fields in texts.items():
        ids = {f["id"] for f in known()["regime"].get(regime, {"field": ()})["field"]}
        wrong = [k for k in fields if k not in ids]
        if wrong or not ids:
            raise RenderError(
                f"there is no field {(wrong or [regime])[0][:40]!r}", where=str(file), fix="see the draft"
            )
    if aware is not None and aware.tzinfo is None:
        raise RenderError("aware_at has no time zone", where=str(file), fix="give one, e.g. a Z at its end for UTC")
    return Answers(aware.astimezone(UTC) if aware else None, own, texts)


def blank_answers() -> str:
    """Give the file to begin with: every question of every regime, commented out."""
    lines = ["# What only people can say for reports to authorities. " + DISCLAIMER]
    lines += ["# aware_at = 2026-03-14T09:00:00Z   # when you became aware; quotes are for texts only"]
    lines += [
        f'# {c["question"]} = "unknown"   # yes, no or unknown: {c["applies"]}'
        for c in known()["clock"]
        if "question" in c
    ]
    for name, regime in known()["regime"].items():
        lines += ["", f"[answers.{name}]"]
        lines += [f'# "{f["id"]}" = ""   # {f["title"]}' for f in regime["field"]]
    return "\n".join(lines) + "\n"
