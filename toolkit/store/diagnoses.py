"""Diagnoses in the store (floor 2): each run's verdict, findings and ledger; the latest counts, all are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.records import Finding, Verdict
from toolkit.store.attach import Place
from toolkit.store.incidents import log_rows, require
from toolkit.store.plain import plain
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write


def record(
    place: Place,
    request: Request,
    incident: str,
    verdict: Verdict,
    profile_hash: str,
    log_hashes: Mapping[str, str],
) -> int:
    """Record a diagnosis as the incident's next run; give the run's number, from 1."""

    def work(tx: Transaction) -> int:
        row = require(tx, incident)
        tx.incident = row["id"]
        run = 1 + tx.count("verdicts", incident=tx.incident)
        put(tx, run, verdict, profile_hash)
        tx.insert("logs", *log_rows(tx.incident, run, row["log"] or {}, log_hashes))
        return run

    return write(place, request, work, lambda _, run: int(run))


def put(tx: Transaction, run: int, verdict: Verdict, profile_hash: str, recorded_at: Any = None) -> None:
    """Put a diagnosis in as a run of the transaction's incident: verdict, ledger and findings."""
    whole = plain(verdict.to_dict())
    body = {k: v for k, v in whole.items() if k not in {"ledger", "findings"}}
    of = {"incident": tx.incident, "run": run}
    about = {"recorded_at": recorded_at or tx.now, "profile_hash": profile_hash}
    tx.insert("verdicts", {**of, **_columns(body), **about, "body": body})
    tx.insert("ledger", *[{**of, "position": i, **_line(x)} for i, x in enumerate(whole["ledger"])])
    tx.insert("findings", *[{**of, "position": i, **_finding(x)} for i, x in enumerate(whole["findings"])])


def _columns(body: Row) -> Row:
    harm = body.get("harm") or {}
    named = {name: body.get(name) for name in ("verdict", "mechanism", "confidence", "onset")}
    return {**named, "excess_errors": harm.get("excess_errors")}


def _ends(interval: Any) -> Row:
    low, high = interval or (None, None)
    return {"low": low, "high": high}


def _line(line: Row) -> Row:
    named = {name: line.get(name) for name in ("cause", "mechanism", "share")}
    return {**named, **_ends(line.get("interval")), "body": line}


def _finding(found: Row) -> Row:
    names = ("id", "detector", "statement", "stance", "effect", "unit", "n", "p_value", "onset")
    return {**{name: found.get(name) for name in names}, **_ends(found.get("interval")), "body": found}


def latest(place: Place, incident: str, run: int | None = None) -> Verdict | None:
    """Read an incident's latest diagnosis, or that of one run; ``None`` if there is none."""
    found = read(place, lambda session: body(session, require(session, incident)["id"], run))
    return None if found is None else Verdict.from_dict(found)


def body(session: Session, incident: str, run: int | None = None) -> Row | None:
    """Put a diagnosis together again from its rows, as the diagnosis contract has it."""
    runs = session.select("verdicts", order=("run",), incident=incident)
    chosen = [row for row in runs if run is None or row["run"] == run]
    if not chosen:
        return None
    of = {"incident": incident, "run": chosen[-1]["run"]}
    ledger = [row["body"] for row in session.select("ledger", order=("position",), **of)]
    findings = [row["body"] for row in session.select("findings", order=("position",), **of)]
    return {**chosen[-1]["body"], "ledger": ledger, "findings": findings}


def findings(place: Place, incident: str, run: int | None = None) -> tuple[Finding, ...]:
    """Read the findings of the latest diagnosis, or of one run."""
    verdict = latest(place, incident, run)
    return verdict.findings if verdict else ()
