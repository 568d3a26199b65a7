"""Hold a published document against a record computed anew: which sentences no longer hold (floor 6)."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.errors import PostmortemError, RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.outcome import RunResult
from toolkit.report.evidence import cite
from toolkit.report.freeze import BASIS, EVIDENCE, PROFILE
from toolkit.report.page import compose
from toolkit.report.policy import Policy
from toolkit.report.publish import DATA, PAGE, made_by
from toolkit.report.redact import redacted
from toolkit.report.text import visible

#: Numbers that differ by less than this part of themselves are the same: sums depend on the order of their terms.
CLOSE: Final = 1e-9
#: What the numbers of a document and the letters of its page depend on.
LIBRARIES: Final = ("duckdb", "numpy", "scipy", "scikit-learn", "matplotlib", "mistune", "nh3", "jinja2")
GONE: Final = "no longer in the record"


@dataclass(frozen=True)
class Stale:
    """A sentence that no longer holds, for each reference that gives another value now."""

    section: str
    sentence: str
    reference: str
    was: str
    now: str

    @property
    def line(self) -> str:
        """The sentence and what changed, in one line."""
        return f"{self.section}: “{self.sentence}” {self.reference} was {self.was}, is {self.now}"


@dataclass(frozen=True)
class Frozen:
    """A published folder as it was read: the document's data, its evidence, the basis of its diagnosis, its profile."""

    folder: Path
    data: Mapping[str, Any]
    bundle: Bundle
    basis: Mapping[str, Any]
    profile: bytes = b""


def read_frozen(folder: str | os.PathLike[str], evidence: Path | None = None) -> Frozen:
    """Read a published folder; ``evidence`` is where its whole evidence lies, where the folder has a redacted one.

    Raises:
        RenderError: it is none, or a file of it cannot be read.
    """
    place = Path(folder)
    inside = evidence if evidence is not None else place / EVIDENCE
    try:
        data = json.loads((place / DATA).read_text(encoding="utf-8"))
        basis = inside / BASIS
        known = json.loads(basis.read_text(encoding="utf-8")) if basis.is_file() else {}
        if not isinstance(data["sections"], list) or not isinstance(known, dict):
            raise TypeError
        profile = (inside / PROFILE).read_bytes() if (inside / PROFILE).is_file() else b""
        return Frozen(place, data, Bundle.load(inside), known, profile)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__} {error}".strip()
        fix = "name the folder that postmortem publish wrote"
        raise RenderError(f"this is no published postmortem: {why}", where=str(place), fix=fix) from None


def stale(data: Mapping[str, Any], now: Bundle) -> list[Stale]:
    """Compute every cited value of a document again from ``now`` and give the sentences that no longer hold."""
    found = []
    for section in data["sections"]:
        known = {(c["reference"], c.get("form", "")): c for c in section["cites"]}
        for sentence in section.get("sentences", ()):
            for reference, form in dict.fromkeys(tuple(pair) for pair in sentence["references"]):
                was = known[reference, form]
                value, text = _now(now, reference, form)
                if not same(was["value"], value):
                    old, new = told_apart(str(was["text"]), text, was["value"], value)
                    found.append(Stale(section["title"], sentence["text"], reference, old, new))
    return found


def _now(bundle: Bundle, reference: str, form: str) -> tuple[Any, str]:
    """Give the value of a reference now, and how it is shown."""
    try:
        cited = cite(bundle, f"{reference}|{form}" if form else reference)
    except RenderError:
        return GONE, GONE
    return cited.plain, cited.text


def told_apart(old: str, new: str, was: Any, now: Any) -> tuple[str, str]:
    """Show two values so that they differ: with all their digits where their rounded forms are the same."""
    return (old, new) if old != new else (f"{was!r}", f"{now!r}")


def same(was: Any, now: Any) -> bool:
    """Whether two JSON values are the same; numbers up to rounding."""
    numbers = (int, float)
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    if isinstance(was, numbers) and isinstance(now, numbers):
        return was == now or math.isclose(was, now, rel_tol=CLOSE, abs_tol=1e-12)
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        return was.keys() == now.keys() and all(same(v, now[k]) for k, v in was.items())
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        return len(was) == len(now) and all(map(same, was, now))
    return bool(was == now)


def differences(was: Bundle, now: Bundle) -> list[str]:
    """Say which findings, ledger lines, plots and group bars come out differently, cited or not."""
    return [*_findings(was, now), *_figures(was, now)]


def _findings(was: Bundle, now: Bundle) -> Iterator[str]:
    old, new = ({f.id: f.to_dict() for f in b.findings} for b in (was, now))
    moved = [key for key in old if key not in new or not same(old[key], new[key])]
    moved += [key for key in new if key not in old]
    if moved:
        yield f"findings that come out differently: {_some(moved)}"
    if was.verdict and now.verdict:
        lines = [[x.to_dict() for x in b.verdict.ledger] for b in (was, now) if b.verdict]
        if not same(*lines):
            yield "the ledger comes out differently"
        if not same(dict(was.verdict.probabilities), dict(now.verdict.probabilities)):
            yield "the probabilities of the causes come out differently"


def _figures(was: Bundle, now: Bundle) -> Iterator[str]:
    for metric in was.series.metrics:
        other = now.series.metric(metric.name)
        if other is None:
            yield f"the series of {visible(metric.name, 80)} is no longer in the record"
            continue
        pairs = zip(metric.value, other.value, strict=False)
        changed = sum(not same(a, b) for a, b in pairs) + abs(len(metric.value) - len(other.value))
        if changed:
            yield f"the plot of {visible(metric.name, 80)} over time: {changed} of {len(metric.value)} points differ"
    old, new = ({(g.column, g.value, g.metric): (g.estimate, g.n) for g in b.groups} for b in (was, now))
    moved = [key for key in old if key not in new or not same(old[key], new[key])]
    if moved:
        yield f"groups that come out differently: {_some([f'{c} = {v}' for c, v, _ in moved])}"


def _some(names: Sequence[str], most: int = 8) -> str:
    once = list(dict.fromkeys(names))
    shown = ", ".join(visible(" ".join(n.split()), 60) for n in once[:most])  # a line break would feign a line of ours
    return shown if len(once) <= most else f"{shown} and {len(once) - most} more"


def page_says(frozen: Frozen) -> list[str]:
    """Give the sentences of the data that the page does not say: the two were made together."""
    try:
        page = (frozen.folder / PAGE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return [f"{PAGE} cannot be read"]
    body = page.partition("<main")[2].partition("</main>")[0]
    text = _plain(Markup(body).striptags())  # noqa: S704
    told = [(s["title"], x["text"]) for s in frozen.data["sections"] for x in s.get("sentences", ())]
    return [f"{title}: the page does not say “{said}”" for title, said in told if _plain(said) not in text]


def page_again(frozen: Frozen, policy: Policy) -> list[str]:
    """Render the page from its evidence once more and say whether it is the one that lies there, to the letter.

    Nothing is said where another version of the program made it, or where it is held against other rules than its own.
    """
    data = frozen.data
    if data.get("made_by") != made_by() or data.get("audience") != policy.audience:
        return []
    place = frozen.folder / "notebooks"
    runs = [
        RunResult(r["template"], r["status"], place / r["file"], r["seconds"], r["cell"], r["reason"])
        for r in data["notebooks"]
    ]
    record = replace(frozen.bundle, anchor=str(data["anchor"]))
    again = compose(redacted(record, policy), notebooks=runs, kind=data["kind"], status=data["status"]).html
    page = (frozen.folder / PAGE).read_bytes()
    return [] if page == again.encode() else [f"{PAGE} is not what its evidence gives"]


def _plain(text: str) -> str:
    """Give text without its spaces, which tags come and go with."""
    return "".join(str(text).split())


def basis_of(bundle: Bundle, events: Sequence[Any], roles: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say how a diagnosis is computed again: roles and seed, the events it knew, the sums of its files, the versions.

    Raises:
        PostmortemError: the bundle was never diagnosed.
    """
    from importlib.metadata import version

    if bundle.verdict is None:
        raise PostmortemError(f"{bundle.incident.id} was never diagnosed", fix="investigate it first")
    log = bundle.verdict.log
    return {
        "roles": dict(roles) if roles else None,
        "seed": int(log.get("seed") or 0),
        "files": dict(log.get("files") or {}),
        "events": [e.to_dict() for e in events],
        "versions": {name: version(name) for name in LIBRARIES},
    }
