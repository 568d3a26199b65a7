"""Where a document stands between draft and published (floor 7): who approved which text, and what is still missing.

A review is of one text. Its fingerprint covers what people wrote and the evidence it stands on; when either changes,
what was approved is no longer what would be published.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import PostmortemError
from toolkit.records import Incident
from toolkit.report.written import stripped
from toolkit.store.artefacts import Document
from toolkit.store.reviews import APPROVE, ELSEWHERE, Comment, Review
from toolkit.vocabulary import AUDIENCES, SEVERITIES

if TYPE_CHECKING:
    from toolkit.notebooks.bundle import Bundle
    from toolkit.store import Store

#: How many approvals a document needs, by severity and by audience; the larger of the two counts.
NEEDED: Final[Mapping[str, int]] = {
    "SEV1": 2,
    "SEV2": 1,
    "SEV3": 0,
    "SEV4": 0,
    "team": 0,
    "leadership": 0,
    "public": 1,
    "regulator": 1,
}
#: A house's own numbers, in the folder of incidents.
FILE: Final = "reviewers.toml"
#: What goes on after a text was approved and is no part of it.
_MOVING: Final = ("version", "status", "closed_at", "created_at", "responder_hours", "log", "tags", "related")


@dataclass(frozen=True)
class Standing:
    """Where a document stands: its status, the fingerprint of its text, and what is missing to publish it.

    ``elsewhere`` approved this text where the incident was imported from, which counts for nothing here.
    """

    status: str
    source: str
    needed: int
    approved_by: tuple[str, ...]
    asked: tuple[str, ...]
    objections: tuple[Review, ...]
    comments: tuple[Comment, ...]
    changed: bool = False
    elsewhere: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Say what is still needed before it can be published; nothing where all is there."""
        said = []
        if len(self.approved_by) < self.needed:
            left = self.needed - len(self.approved_by)
            changed = ", which was changed since it was read" if self.changed else ""
            other = f" ({', '.join(self.elsewhere)} approved it where it was imported from)" if self.elsewhere else ""
            said.append(f"{left} approval{'' if left == 1 else 's'} of this text{changed}{other}")
        said += [f"{r.reviewer}'s objection is not settled" for r in self.objections]
        return said

    @property
    def ready(self) -> bool:
        """Whether it can be published."""
        return not self.missing


def source_of(bundle: Bundle) -> str:
    """Give the fingerprint of a text and its evidence."""
    parts = bundle.parts()
    incident = {k: v for k, v in parts["incident.json"].items() if k not in _MOVING}
    actions = [{k: v for k, v in a.items() if k != "status"} for a in parts["actions.json"]]
    text = {"sections": stripped(bundle.prose)}
    whole = {**parts, "incident.json": incident, "actions.json": actions, "document.json": text}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def standing_of(store: Store, bundle: Bundle, audience: str = "team", kind: str = "full") -> Standing:
    """Say where the document of an incident stands, as it would be written now.

    Raises:
        PostmortemError: reviewers.toml cannot be read.
    """
    incident = bundle.incident
    with store.at_once():
        reviews, said = store.reviews(incident.id), store.comments(incident.id)
        documents = [d for d in store.documents(incident.id) if (d.audience, d.kind) == (audience, kind)]
    source = source_of(bundle)
    needed = needed_for(incident, audience, store.folder)
    authors = {r.actor for r in reviews if r.decision == "ask"}
    given = [r for r in reviews if r.decision == APPROVE and r.reviewer not in authors]
    approved = {r.reviewer: r for r in given if r.actor != ELSEWHERE}
    elsewhere = tuple(dict.fromkeys(r.reviewer for r in given if r.actor == ELSEWHERE and r.source == source))
    by = tuple(name for name, r in approved.items() if r.source == source)
    last = {r.reviewer: r for r in reviews if r.decision != "ask"}
    objections = tuple(r for r in last.values() if r.decision == "object")
    asked = tuple(dict.fromkeys(r.reviewer for r in reviews if r.decision == "ask"))
    fresh = any(r.source == source for r in reviews)
    status = _status(documents, source, in_review=fresh, approved=len(by) >= needed > 0 and not objections)
    comments = tuple(c for c in said if not c.resolved)
    return Standing(status, source, needed, by, asked, objections, comments, bool(reviews) and not fresh, elsewhere)


def _status(documents: Sequence[Document], source: str, *, in_review: bool, approved: bool) -> str:
    if any(d.status == "published" and d.source == source for d in documents):
        return "published"
    return "approved" if approved else "in_review" if in_review else "draft"


def needed_for(incident: Incident, audience: str, folder: Path) -> int:
    """Give how many approvals a document needs.

    Raises:
        PostmortemError: reviewers.toml cannot be read.
    """
    numbers: dict[str, int] = {**NEEDED, **_own(folder / FILE)}
    return max(numbers[incident.severity], numbers[audience])


def _own(file: Path) -> dict[str, int]:
    try:
        own: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PostmortemError(f"the numbers cannot be read: {error}", where=str(file), fix="write it as TOML") from None
    for key, value in own.items():
        if key not in (*SEVERITIES, *AUDIENCES) or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            fix = f"write lines like SEV1 = 2, with {', '.join((*SEVERITIES, *AUDIENCES))}"
            raise PostmortemError(f"{key[:40]!r} says no number of approvals", where=str(file), fix=fix)
    return own
