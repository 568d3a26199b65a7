"""Parts of a record that an audience does not see at all (floor 6): free text, raw lines, sources, queries, folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Finding
from toolkit.report.policy import Policy
from toolkit.report.small_cells import bare

FREE_TEXT: Final = "values of a free-text column"
_GONE: Final = "not shown here"
_SAID: Final = "This finding is about a column of free text or ids, whose values are not shown here."
#: Roles whose values name a row or a person, or are written by one.
_TELLING: Final = frozenset({"text", "id", "decider"})
#: What of a validation report is counts and rules; the rest can quote lines of the log.
_QUOTING: Final = ("examples", "reject_lines", "notes")
_SOURCES: Final = frozenset({"", "person", "import", "finding"})


def free_text_columns(bundle: Bundle, policy: Policy) -> frozenset[str]:
    """Name the columns whose values are not shown: ids, texts, deciders, and those that the house names."""
    telling = {str(r.get("column")) for r in bundle.roles if str(r.get("role")) in _TELLING}
    return frozenset(telling | {"decider"} | set(policy.columns))  # findings name that column by its role


def without_free_text(bundle: Bundle, columns: frozenset[str], counts: Counter[tuple[str, str]]) -> Bundle:
    """Take out what shows values of some columns, the details of findings, and quoted lines of the log."""
    verdict = bundle.verdict
    if verdict is not None:
        hidden = [f for f in verdict.findings if _about(f, columns)]
        if hidden:
            counts[FREE_TEXT, "findings"] += len(hidden)
        findings = tuple(bare(f, _SAID) if _about(f, columns) else replace(f, details={}) for f in verdict.findings)
        ledger = tuple(replace(x, slice=tuple(t for t in x.slice if t.column not in columns)) for x in verdict.ledger)
        own = tuple(t for t in verdict.slice if t.column not in columns)
        verdict = replace(verdict, findings=findings, ledger=ledger, slice=own)
    groups = tuple(g for g in bundle.groups if g.column not in columns)
    if len(groups) < len(bundle.groups):
        counts[FREE_TEXT, "groups"] += len(bundle.groups) - len(groups)
    quoted = [key for key in _QUOTING if bundle.validation.get(key)]
    if quoted:
        counts["lines of the log quoted", "validation"] += len(quoted)
    validation = {k: v for k, v in bundle.validation.items() if k not in _QUOTING}
    roles = tuple({k: v for k, v in role.items() if k != "note"} for role in bundle.roles)
    return replace(bundle, verdict=verdict, groups=groups, validation=validation, roles=roles)


def _about(finding: Finding, columns: frozenset[str]) -> bool:
    return bool(columns & ({*finding.features} | {t.column for t in finding.slice}))


def without_internal(bundle: Bundle, policy: Policy, counts: Counter[tuple[str, str]]) -> Bundle:
    """Take out what only those inside can use: sources, checks and queries, tags, where the log lies, who did what."""
    incident = replace(bundle.incident, log={}, tags=(), related=(), duplicate_of="", responder_hours=None)
    if policy.people:
        incident = replace(incident, roles={}, owner="")
    events = tuple(replace(e, actor="" if policy.people else e.actor) for e in bundle.events)
    if not policy.internal:
        return replace(bundle, incident=incident, events=events)
    named = sum(e.source not in _SOURCES for e in events)
    checks = sum(bool(a.check_sql) for a in bundle.actions)
    for rule, where, times in (("source", "events", named), ("query", "action items", checks)):
        if times:
            counts[rule, where] += times
    incident = replace(incident, model="", dataset="")
    events = tuple(replace(e, source=e.source if e.source in _SOURCES else "") for e in events)
    actions = tuple(replace(a, check_sql=a.check_sql and _GONE, owner=a.owner and _GONE) for a in bundle.actions)
    verdict = bundle.verdict
    if verdict is not None:
        findings = tuple(replace(f, query="") for f in verdict.findings)
        verdict = replace(verdict, findings=findings, log=_named(verdict.log))
    return replace(bundle, incident=incident, events=events, actions=actions, verdict=verdict)


def _named(log: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what says how much was read and when, and nothing of where."""
    return {k: v for k, v in log.items() if k in ("task", "rows", "first", "last", "seed", "analysis")}
