"""What people say of a finding, in the store (floor 2): accepted, contested, or open again, by whom and why.

Nothing is overwritten: each word is a record of its own, and the last one on a finding counts. A finding is known by
its ``key``, so that a word on it holds for later diagnoses too, in which its number may be another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toolkit.errors import StoreError
from toolkit.mime import Shows
from toolkit.records import moment
from toolkit.store.attach import Place
from toolkit.store.diagnoses import body
from toolkit.store.incidents import next_number, one_of, require
from toolkit.store.session import Session, Transaction
from toolkit.store.work import Request, read, write

#: What can be said of a finding; ``open`` takes an earlier word back.
STANCES: Final = ("accepted", "contested", "open")


@dataclass(frozen=True)
class Judgement(Shows):
    """One person's word on one finding; ``finding`` is its id in the diagnosis ``run`` that was looked at."""

    id: str
    finding: str
    key: str
    run: int
    stance: str
    reason: str
    actor: str
    noted_at: datetime | None


def add(place: Place, request: Request, incident: str, finding: str, stance: str) -> Judgement:
    """Record a word on a finding of the latest diagnosis."""
    one_of(stance, STANCES, "word on a finding")
    if stance == "contested" and not request.reason.strip():
        raise StoreError("contesting a finding needs a reason", fix="say why it does not hold")

    def work(tx: Transaction) -> str:
        from toolkit.records import Finding

        tx.incident = require(tx, incident)["id"]
        run = tx.count("verdicts", incident=tx.incident)
        there = (body(tx, tx.incident) or {}).get("findings", ())
        found = next((Finding.from_dict(f) for f in there if f["id"] == finding.strip().upper()), None)
        if found is None:
            names = ", ".join(f["id"] for f in there) or "none yet"
            raise StoreError(f"{tx.incident} has no finding {finding[:20]!r}", fix=f"there are: {names}")
        number = next_number(tx, "judgements", incident=tx.incident)
        about = {"incident": tx.incident, "id": f"J{number:02d}", "number": number, "noted_at": tx.now}
        said = {"finding": found.id, "key": found.key, "run": run, "stance": stance, "reason": request.reason.strip()}
        tx.insert("judgements", {**said, **about, "actor": request.actor})
        return f"J{number:02d}"

    return write(place, request, work, lambda session, name: next(j for j in _all(session, incident) if j.id == name))


def listed(place: Place, incident: str) -> tuple[Judgement, ...]:
    """Read every word on an incident's findings, oldest first."""
    return read(place, lambda session: _all(session, incident))


def standing(judgements: tuple[Judgement, ...]) -> dict[str, Judgement]:
    """Give the last word on each finding by its key, those taken back left out."""
    last = {j.key: j for j in judgements}
    return {key: j for key, j in last.items() if j.stance != "open"}


def _all(session: Session, incident: str) -> tuple[Judgement, ...]:
    rows = session.select("judgements", order=("number",), incident=require(session, incident)["id"])
    names = ("id", "finding", "key", "stance", "reason", "actor")
    said = [({name: str(row[name] or "") for name in names}, row) for row in rows]
    return tuple(Judgement(**texts, run=int(r["run"]), noted_at=moment(r["noted_at"])) for texts, r in said)
