"""Finding things again (floor 2): words over everything recorded, and incidents whose evidence looks alike."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.records import Verdict
from toolkit.store import diagnoses
from toolkit.store.attach import Place
from toolkit.store.incidents import require
from toolkit.store.session import Session
from toolkit.store.work import read

#: How much more a word says where it stands: in a title more than in a finding of many.
_WEIGHT = {"incident": 3.0, "action": 2.0, "event": 1.5, "note": 1.5, "postmortem": 1.5, "finding": 1.0}

#: What people wrote, in an incident's folder, a heading a part; a comment there is a question and not yet an answer.
_PROSE = "postmortem.md"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"^#+[ \t]+(.+)$", re.MULTILINE)


#: Which columns of which table are text to search.
_TEXTS = {
    "events": ("text", "actor"),
    "actions": ("summary", "owner"),
    "notes": ("text", "conditions", "actions", "needs"),
    "findings": ("statement",),
}


@dataclass(frozen=True)
class Hit:
    """A place where every word was found: the incident, what kind of record, its id, its text, and how well it fits."""

    incident: str
    kind: str
    id: str
    text: str
    score: float


@dataclass(frozen=True)
class Alike:
    """An incident or a case whose evidence looks alike: its name, 0 to 1, and the mechanisms that both show."""

    name: str
    likeness: float
    shared: tuple[str, ...]


def search(place: Place, words: str, limit: int = 20) -> tuple[Hit, ...]:
    """Find records that hold every word (or a word that starts with it), the best first.

    Rare words count for more, and a hit in a short text for more than one in a long text (BM25).
    """
    wanted = _words(words)
    texts = read(place, _texts) if wanted else []
    texts += [text for name in {text[0] for text in texts} for text in _written(place.folder, name)]
    counts = [(text, Counter(_words(text[3]))) for text in texts]
    mean = sum(sum(c.values()) for _, c in counts) / max(1, len(counts))
    rarity = {word: _rarity(sum(_times(c, word) > 0 for _, c in counts), len(counts)) for word in wanted}
    hits = []
    for (incident, kind, name, text), count in counts:
        times = [_times(count, word) for word in wanted]
        if all(times):
            longer = 0.25 + 0.75 * sum(count.values()) / mean
            score = sum(rarity[w] * 2.2 * t / (t + 1.2 * longer) for w, t in zip(wanted, times, strict=True))
            hits.append(Hit(incident, kind, name, text, score * _WEIGHT[kind]))
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.incident, hit.id))[:limit])


def _written(folder: Path, incident: str) -> Iterator[tuple[str, str, str, str]]:
    """Give what people wrote into an incident's postmortem, part by part, named by its heading."""
    try:
        text = (folder / incident / _PROSE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    parts = _HEADING.split(_COMMENT.sub("", text))
    for heading, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        if part.strip():
            yield incident, "postmortem", heading.strip(), " ".join(part.split())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _times(count: Counter[str], word: str) -> int:
    return count[word] or sum(n for other, n in count.items() if other.startswith(word))


def _rarity(holding: int, of: int) -> float:
    return math.log(1 + (of - holding + 0.5) / (holding + 0.5))


def _texts(session: Session) -> list[tuple[str, str, str, str]]:
    """Give every text worth searching: incident, kind, id, text."""
    found: list[tuple[str, str, str, str]] = []
    for row in session.select("incidents", order=("number",)):
        about = " ".join([row["title"], row["model"], row["summary"], row["owner"], *row["tags"]])
        found.append((row["id"], "incident", row["id"], about))
    latest = {row["incident"]: row["run"] for row in session.select("verdicts", order=("run",))}
    for table, names in _TEXTS.items():
        for row in session.select(table, order=("incident", "number" if table != "findings" else "position")):
            counts = not row.get("withdrawn") and row.get("run") in (None, latest.get(row["incident"]))
            if counts:
                text = " ".join(str(row[name]) for name in names if row[name])
                found.append((row["incident"], table.removesuffix("s"), row["id"], text))
    return found


def fingerprint(verdict: Verdict) -> dict[str, float]:
    """Give what a diagnosis looks like: the share that each mechanism explains, and which detectors speak for which."""
    marks: dict[str, float] = {}
    for line in verdict.ledger:
        if line.mechanism and line.share > 0:
            marks[line.mechanism] = marks.get(line.mechanism, 0.0) + line.share
    for found in verdict.findings:
        for mechanism in found.supports if found.stance == "supports" else ():
            marks[f"{found.detector} for {mechanism}"] = 0.5
    return marks


def likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Give the cosine between two fingerprints, 0 to 1."""
    size = math.hypot(*one.values()) * math.hypot(*other.values())
    return sum(weight * other.get(mark, 0.0) for mark, weight in one.items()) / size if size else 0.0


def similar(
    place: Place, incident: str, others: Mapping[str, Verdict | Mapping[str, float]], limit: int
) -> tuple[Alike, ...]:
    """Rank the other incidents of the store, and ``others`` by their names, by how alike their evidence looks."""

    def give(session: Session) -> tuple[str, dict[str, Verdict]]:
        own = str(require(session, incident)["id"])
        names = dict.fromkeys(row["incident"] for row in session.select("verdicts", order=("incident",)))
        found = {name: diagnoses.body(session, name) for name in names}
        return own, {name: Verdict.from_dict(body) for name, body in found.items() if body}

    own, verdicts = read(place, give)
    if own not in verdicts:
        return ()
    mine = fingerprint(verdicts.pop(own))
    ranked = []
    known: dict[str, Verdict | Mapping[str, float]] = {**verdicts, **others}
    for name, verdict in known.items():
        marks = fingerprint(verdict) if isinstance(verdict, Verdict) else verdict
        alike = likeness(mine, marks)
        if alike > 0:
            ranked.append(Alike(name, alike, tuple(sorted(m for m in mine if m in marks and " for " not in m))))
    return tuple(sorted(ranked, key=lambda a: (-a.likeness, a.name))[:limit])
