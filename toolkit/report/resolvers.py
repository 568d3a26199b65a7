"""What a reference can name: a function for each head, from the record to a cited value (floor 6).

A function gives the cited value, or, where there is none of that name, a sentence that says what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Finding, LedgerLine
from toolkit.report import words
from toolkit.report.cited import Cited, slug
from toolkit.report.text import visible


def _evidence(bundle: Bundle, rest: str) -> Cited | str:
    """``ev.F03.effect``: a field of a finding."""
    key, _, field = rest.partition(".")
    finding = next((f for f in bundle.findings if f.id == key), None)
    if finding is None:
        known = words.listing([f.id for f in bundle.findings], 40) or "none, diagnose the log first"
        return f"the findings are {known}"
    fields: dict[str, tuple[Any, str]] = {
        "effect": (finding.effect, words.with_unit(finding.effect, finding.unit)),
        "value": (finding.effect, words.with_unit(finding.effect, finding.unit)),
        "statistic": (finding.statistic, words.number(finding.statistic)),
        "low": _edge(finding, 0),
        "high": _edge(finding, 1),
        "interval": (finding.interval, words.between(finding.interval, finding.unit)),
        "n": (finding.n, words.number(finding.n)),
        "p_value": (finding.p_value, words.p_value(finding.p_value)),
        "threshold": (finding.threshold, words.number(finding.threshold)),
        "onset": (finding.onset, words.time(finding.onset)),
        "statement": (finding.statement, visible(finding.statement)),
        "features": (finding.features, words.listing(finding.features)),
        "detector": (finding.detector, words.name(finding.detector)),
    }
    if field not in fields:
        return f"a finding has {', '.join(fields)}"
    value, text = fields[field]
    return Cited(
        "", value, text, f"{finding.id}, {words.name(finding.detector)}", f"finding-{slug(finding.id)}", finding.id,
        finding.query, words.between(finding.interval, finding.unit) if finding.interval else "", finding.n or None,
    )  # fmt: skip


def _harm(bundle: Bundle, field: str) -> Cited | str:
    """``harm.excess_errors``: the damage."""
    if bundle.verdict is None:
        return "the log was not diagnosed yet"
    harm = bundle.verdict.harm
    fields: dict[str, tuple[Any, str]] = {
        "metric": (harm.metric, words.name(harm.metric)),
        "expected": (harm.expected, words.number(harm.expected)),
        "observed": (harm.observed, words.number(harm.observed)),
        "excess_errors": (harm.excess_errors, _whole(harm.excess_errors)),
        "low": (harm.interval and harm.interval[0], _whole(harm.interval[0]) if harm.interval else words.UNKNOWN),
        "high": (harm.interval and harm.interval[1], _whole(harm.interval[1]) if harm.interval else words.UNKNOWN),
        "n": (harm.n, words.number(harm.n)),
    }
    interval = words.between(tuple(round(v) for v in harm.interval)) if harm.interval else ""
    return _pick(
        fields, field, "the harm of the diagnosis", "impact", interval if field == "excess_errors" else "", harm.n
    )


def _ledger(bundle: Bundle, rest: str) -> Cited | str:
    """``ledger.unit_change.share``: a line of the ledger, by its mechanism, its cause, or its place from 1."""
    lines = bundle.verdict.ledger if bundle.verdict else ()
    key, _, field = rest.partition(".")
    places = {str(i): x for i, x in enumerate(lines, 1)}
    line = places.get(key) or next((x for x in lines if key in {x.mechanism, x.cause}), None)
    if line is None:
        return f"the ledger has {words.listing([x.mechanism or x.cause for x in lines], 40) or 'no lines'}"
    interval = words.between(line.interval, "share") if line.interval else ""
    return _pick(
        _line_fields(line),
        field,
        f"the ledger, line {words.name(line.mechanism or line.cause)}",
        "root-cause",
        interval,
    )


def _line_fields(line: LedgerLine) -> dict[str, tuple[Any, str]]:
    return {
        "share": (line.share, words.percent(line.share)),
        "low": (
            line.interval and line.interval[0],
            words.percent(line.interval[0]) if line.interval else words.UNKNOWN,
        ),
        "high": (
            line.interval and line.interval[1],
            words.percent(line.interval[1]) if line.interval else words.UNKNOWN,
        ),
        "onset": (line.onset, words.time(line.onset)),
        "features": (line.features, words.listing(line.features)),
        "slice": (line.slice, words.slice_words(line.slice)),
        "mechanism": (line.mechanism, words.name(line.mechanism)),
        "cause": (line.cause, words.CAUSE_NAMES.get(line.cause, words.name(line.cause))),
    }


def _verdict(bundle: Bundle, field: str) -> Cited | str:
    """``verdict.confidence``: the verdict; ``verdict.p.data`` the probability of one cause."""
    verdict = bundle.verdict
    if verdict is None:
        return "the log was not diagnosed yet"
    mechanism = verdict.mechanism or ""
    fields: dict[str, tuple[Any, str]] = {
        "verdict": (verdict.verdict, words.CAUSE_NAMES.get(verdict.verdict, words.name(verdict.verdict))),
        "mechanism": (mechanism, words.name(mechanism)),
        "confidence": (verdict.confidence, words.percent(verdict.confidence)),
        "onset": (verdict.onset, words.time(verdict.onset)),
        "onset_from": (
            verdict.onset_interval and verdict.onset_interval[0],
            words.time((verdict.onset_interval or (None,))[0]),
        ),
        "onset_to": (
            verdict.onset_interval and verdict.onset_interval[1],
            words.time((verdict.onset_interval or (None, None))[1]),
        ),
        "features": (verdict.features, words.listing(verdict.features)),
        "slice": (verdict.slice, words.slice_words(verdict.slice)),
        "model_versions": (verdict.model_versions, words.listing(verdict.model_versions)),
        "findings": (len(verdict.findings), words.number(len(verdict.findings))),
        **{f"p.{c}": (p, words.percent(p)) for c, p in verdict.probabilities.items()},
    }
    return _pick(fields, field, "the diagnosis", "root-cause")


def _incident(bundle: Bundle, field: str) -> Cited | str:
    """``incident.detected_at``: a field of the incident."""
    incident = bundle.incident
    times = {
        f: getattr(incident, f)
        for f in ("occurred_at", "detected_at", "mitigated_at", "resolved_at", "closed_at", "created_at")
    }
    texts = {f: getattr(incident, f) for f in ("id", "title", "model", "severity", "kind", "status", "owner")}
    fields: dict[str, tuple[Any, str]] = {f: (v, words.time(v)) for f, v in times.items()}
    fields |= {f: (v, visible(v, 400)) for f, v in texts.items()}
    return _pick(fields, field, "the incident's record", "summary" if field in times else "")


def _lag(bundle: Bundle, field: str) -> Cited | str:
    """``lag.to_detect``: seconds from the beginning to detection, mitigation or resolution."""
    fields = {k: (v, words.duration(v)) for k, v in bundle.incident.lags.items()}
    return _pick(fields, field, "from the incident's times", "summary")


def _log(bundle: Bundle, field: str) -> Cited | str:
    """``log.rows_read``: a field of the validation report, or of what the diagnosis says of the log."""
    said: dict[str, Any] = {**(bundle.verdict.log if bundle.verdict else {}), **bundle.validation}
    plain = {k: v for k, v in said.items() if isinstance(v, str | int | float) and not isinstance(v, bool)}
    fields = {k: (v, words.number(v) if isinstance(v, int | float) else visible(v, 400)) for k, v in plain.items()}
    return _pick(fields, field, "the validation of the log", "supporting-data")


def _event(bundle: Bundle, rest: str) -> Cited | str:
    """``event.E3.text``: an event of the timeline."""
    key, _, field = rest.partition(".")
    event = next((e for e in bundle.events if e.id == key), None)
    if event is None:
        return f"the events are {words.listing([e.id for e in bundle.events], 40) or 'none'}"
    fields: dict[str, tuple[Any, str]] = {
        "text": (event.text, visible(event.text, 400)),
        "time": (event.occurred_at, words.time(event.occurred_at)),
        "kind": (event.kind, words.name(event.kind)),
        "source": (event.source, visible(event.source, 200)),
    }
    return _pick(fields, field, f"event {visible(key, 20)} of the timeline", f"event-{slug(key)}")


def _pick(
    fields: Mapping[str, tuple[Any, str]], field: str, source: str, anchor: str, interval: str = "", n: int = 0
) -> Cited | str:
    if field not in fields:
        return f"there are {', '.join(fields) or 'no fields'}"
    value, text = fields[field]
    return Cited("", value, text, source, anchor, "", "", interval, n or None)


def _edge(finding: Finding, index: int) -> tuple[float | None, str]:
    value = finding.interval[index] if finding.interval else None
    return value, words.with_unit(value, finding.unit)


def _whole(value: float | None) -> str:
    return words.number(value if value is None or abs(value) < 10 else round(value))


#: The heads of references, each with what resolves the rest.
HEADS: Final[dict[str, Callable[[Bundle, str], Cited | str]]] = {
    "ev": _evidence,
    "harm": _harm,
    "ledger": _ledger,
    "verdict": _verdict,
    "incident": _incident,
    "lag": _lag,
    "log": _log,
    "event": _event,
}
