"""Scripted trainees: an expert who reads what the looks show, a gambler, one whom luck never leaves, and a novice.

The expert is told nothing that a trainee is not: it takes looks, reads their tables, and follows a fixed habit.
"""

from __future__ import annotations

import random
import re
from datetime import datetime
from typing import Any, Final

from toolkit.drills.drill import Drill
from toolkit.vocabulary import CAUSES

_FIRST: Final = {
    "data": "fall_back", "overfitting": "roll_back", "integration": "repair_feed", "bias": "human_review",
    "human": "change_policy", "none": "watch",
}  # fmt: skip
#: Words that say that a column tells who somebody is, and not where or with what.
_PEOPLE: Final = frozenset(["sex", "gender", "race", "ethnicity", "skin", "age", "accent", "dialect", "name", "group"])
Said = dict[str, Any]


def expert(d: Drill) -> None:
    """Ask first whether it answers and is served right, then what came in, who decided, whom it hits; then answer."""
    said = _timeline(d) if not any(row[0] == "metric" for row in d.looks().rows) else _log(d)
    d.answer(mitigation=_FIRST[said["cause"]], **said)


def _log(d: Drill) -> Said:
    events = _rows(d, "events")
    worse, onset = _worse(d)
    change = _last_change(events, d)
    for sign in (_service, _versions, _people, _inputs, _groups, _reference):
        found = sign(d, worse)
        if found is not None:
            timed = found["cause"] in {"integration", "human"}
            return {"onset": change or onset if timed else None, **found}
    if worse:
        return {"cause": "data", "mechanism": "concept_drift", "onset": onset, "confidence": 65}
    return {"cause": "none", "confidence": 75}


def _rows(d: Drill, look: str) -> tuple[tuple[Any, ...], ...]:
    return d.look(look).table.rows


def _last_change(events: tuple[tuple[Any, ...], ...], d: Drill) -> datetime | None:
    """When something was last done to the system or its people while it served, by the timeline."""
    kinds = {"deployment", "config_change", "data_change", "staffing"}
    live = next((when for when, kind, *_ in events if kind == "deployment"), None)
    done = [when for when, kind, *_ in events if kind in kinds and when != live]
    return max(done, default=None)


def _worse(d: Drill) -> tuple[bool, datetime | None]:
    """Whether the latest labelled parts are worse than expected beyond their noise, and since which part."""
    table = d.look("metric").table
    expected = float(table.caption.rsplit(" ", 1)[-1].replace("None", "nan"))
    parts = [(name, rate, n) for name, rate, n in table.rows if rate is not None and n >= 25]
    noise = lambda n: 3 * (max(expected * (1 - expected), 0.01) / n) ** 0.5 if expected < 1 else 0.0  # noqa: E731
    bad = [name for name, rate, n in parts if rate > expected + max(noise(n), 0.15 * expected)]
    if not bad or parts[-1][0] not in bad:
        return False, None
    return True, None if bad[0] == parts[0][0] or not bad[0].startswith("20") else datetime.fromisoformat(bad[0])


def _service(d: Drill, _: bool) -> Said | None:
    rows = _rows(d, "service")
    first, last = rows[0], rows[-1]
    slow = [row[4] for row in rows if row[4]]
    late = bool(slow) and max(slow) > 1.5 * sorted(slow)[len(slow) // 2]
    if max(row[2] or 0 for row in rows) > (first[2] or 0) + 0.02:
        return {"cause": "integration", "mechanism": "timeouts" if late else "errors", "confidence": 90}
    if (last[3] or 0) > 0.01:
        return {"cause": "integration", "mechanism": "duplicated_requests", "confidence": 90}
    return {"cause": "integration", "mechanism": "latency", "confidence": 80} if late else None


def _versions(d: Drill, _: bool) -> Said | None:
    rates = [row[4] for row in _rows(d, "versions") if row[4] is not None and row[3] >= 50]
    apart = len(rates) > 1 and max(rates) - min(rates) > max(0.06, 0.3 * max(rates))
    return {"cause": "integration", "mechanism": "bad_rollout", "confidence": 75} if apart else None


def _inputs(d: Drill, worse: bool) -> Said | None:
    rows = [row for row in _rows(d, "inputs") if row[5] is not None]
    for _, before, now, missed, misses, moved in rows:
        if (misses or 0) > (missed or 0) + 0.05:
            return {"cause": "integration", "mechanism": "missing_values", "confidence": 80}
        numbers = isinstance(before, float) and isinstance(now, float) and before > 0
        if numbers and moved > 5 and not 0.2 < now / before < 5:
            return {"cause": "integration", "mechanism": "unit_change", "confidence": 90}
    if worse and rows and max(row[5] for row in rows) > 0.4:
        return {"cause": "data", "mechanism": "covariate_shift", "confidence": 70}
    return None


def _people(d: Drill, worse: bool) -> Said | None:
    table = d.look("people").table
    rows = table.rows
    if table.columns[1:2] == ("cost of a row",):
        usual = float(table.caption.rsplit(" ", 1)[-1])
        dear = max(row[1] or 0 for row in rows) > usual + 0.5 * abs(usual)
        return {"cause": "human", "mechanism": "goal_misaligned", "confidence": 85} if dear and not worse else None
    passed = [row[4] for row in rows if len(row) > 4 and row[4] is not None and not row[0].startswith("by ")]
    if len(passed) > 3 and rows[0][0] == "before" and min(passed[-3:]) > passed[0] + 0.1:
        return {"cause": "human", "mechanism": "over_reliance", "confidence": 75}
    costs = [row[3] - row[2] for row in rows if len(row) > 1 and row[2] is not None and row[3] is not None]
    late = costs[-3:]
    if not late or max(late) < 0.02:
        return None
    kind = "harmful_overrides" if any(str(row[0]).startswith("by ") for row in rows) else "threshold_misconfigured"
    return {"cause": "human", "mechanism": kind, "confidence": 85}


def _groups(d: Drill, _: bool) -> Said | None:
    table: dict[str, list[tuple[Any, ...]]] = {}
    for row in _rows(d, "groups"):
        table.setdefault(row[0].split(" = ")[0], []).append(row)
    for rows in table.values():
        big = [row for row in rows if row[1] >= 40 and row[2] is not None]
        if len(big) < 2:
            continue
        worst = max(big, key=lambda row: row[2])
        share, least = worst[1] / sum(row[1] for row in rows), min(row[2] for row in big)
        if worst[2] - least > max(0.08, 0.35 * worst[2]):
            if not _PEOPLE & set(re.split(r"[^a-z]+", worst[0].split(" = ")[0].lower())):
                return {"cause": "overfitting", "mechanism": "pilot_did_not_generalise", "confidence": 65}
            kind = "under_represented_group" if share < 0.15 else "performance_gap"
            who = worst[0].replace(" = ", "=")
            return {"cause": "bias", "mechanism": kind, "affected": who, "confidence": 85}
        taken = [row[3] for row in big if row[3] is not None]
        named = _PEOPLE & set(re.split(r"[^a-z]+", worst[0].split(" = ")[0].lower()))
        if named and taken and max(taken) - min(taken) > max(0.06, 0.25 * max(taken)):
            who = min((row for row in big if row[3] is not None), key=lambda row: row[3])[0].replace(" = ", "=")
            return {"cause": "bias", "mechanism": "selection_gap", "affected": who, "confidence": 70}
    return None


def _reference(d: Drill, _: bool) -> Said | None:
    rows = {row[0]: row[2] for row in _rows(d, "reference") if row[2] is not None}
    promised = [rate for name, rate in rows.items() if not name.startswith("in use")]
    first = rows.get("in use, first quarter")
    if not promised or first is None or first - min(promised) < max(0.06, min(promised)):
        return None
    known = "validation" in rows and rows["validation"] - min(promised) < 0.06
    kind = "pilot_did_not_generalise" if known else "memorised_training_data"
    return {"cause": "overfitting", "mechanism": kind, "confidence": 80}


def _timeline(d: Drill) -> Said:
    """Where only events were kept: what was changed comes first, then who did what."""
    changes, staff = _rows(d, "changes"), _rows(d, "staff")
    if changes and len(changes) >= len(staff):
        return {"cause": "integration", "mechanism": "bad_rollout", "onset": changes[-1][0], "confidence": 70}
    return {"cause": "human", "mechanism": "missing_guardrail", "confidence": 60}


def gambler(d: Drill) -> None:
    """Look at nothing, answer at once, and be sure of it."""
    cause = random.Random(d.scenario).choice([*CAUSES, "none"])
    d.answer(cause, confidence=95, mitigation="watch" if cause == "none" else "pause")


def lucky(d: Drill) -> None:
    """Guess right every time, and look at nothing: the one player who is told the answer."""
    cause = d._stage.cause
    d.answer(cause, confidence=95, mitigation="watch" if cause == "none" else "pause")


def novice(d: Drill) -> None:
    """Look at everything, ask for every hint, wait, and call it the data."""
    for row in d.looks().rows:
        if row[0] not in {"hint", "sql"}:
            d.look(row[0])
    d.hint()
    d.hint()
    d.wait(30)
    d.answer("data", "concept_drift", d.clock, confidence=60, mitigation="retrain")
