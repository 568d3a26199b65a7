"""Every detector keeps one contract, sees its fault in a generated log, and claims no defect in a healthy one."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import played
import pytest

import toolkit.causes.evidence
import toolkit.detectors
from toolkit.api import as_events
from toolkit.causes.evidence import gather
from toolkit.detectors import versions
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.importance import importance
from toolkit.detectors.relation import relate
from toolkit.detectors.scoring import surrogate
from toolkit.detectors.study import Study, make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.records import Finding
from toolkit.testing import GeneratedIncident, make_incident, make_series
from toolkit.vocabulary import CAUSE_OF

#: Signatures that nothing but the fault leaves.
HARD = frozenset(
    {
        "unit_change",
        "swapped_columns",
        "schema_change",
        "category_recoded",
        "threshold_misconfigured",
        "duplicated_requests",
    }
)
#: Faults beside those of ``played.INCIDENTS``, so that nearly every detector has one of its own.
MORE = (
    ("poisoned_data", "account_flood", "credit", 6),
    ("duplicated_requests", "retry_storm", "credit", 28),
    ("stale_feature", "entities_frozen", "churn", 29),
    ("stale_feature", "feed_stopped", "churn", 29),
    ("stale_feature", "feed_stopped", "credit", 1),
)
SEEN = (*played.INCIDENTS, *MORE)


def detectors() -> dict[str, Callable[..., Any]]:
    """Find every public ``detect`` of ``toolkit.detectors``, by the name of its file."""
    found = {}
    for module in pkgutil.iter_modules(toolkit.detectors.__path__):
        loaded = importlib.import_module(f"toolkit.detectors.{module.name}")
        if hasattr(loaded, "detect"):
            found[module.name] = loaded.detect
    return found


@functools.cache
def studied(kind: str) -> tuple[Study, dict[str, Any]]:
    """Study one incident of a task, with everything that a detector may ask for, by the name of its parameter."""
    makers: dict[str, Callable[[], GeneratedIncident]] = {
        "binary": lambda: make_incident(
            "harmful_overrides", base="credit", rows=900, seed=2, columns={"decisions": True, "deciders": True}
        ),
        "multiclass": lambda: make_incident("unit_change", variant="times_100", base="claims", rows=900, seed=3),
        "regression": lambda: make_incident("missing_values", base="demand", rows=900, seed=4),
        "no labels": lambda: make_incident("concept_drift", base="credit", rows=900, seed=5, labels="none"),
        "no reference": lambda: make_incident(
            "unit_change", base="credit", rows=900, seed=6, columns={"reference": False}
        ),
        "a bare series": make_series,
        "thirty rows": lambda: make_incident("concept_drift", base="credit", rows=30, seed=7),
    }
    made = makers[kind]()
    with read_log(made.log, made.roles, reference=made.reference) as log:
        study = make_study(build_profile(log))
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    at_hand = {
        "study": study,
        "moves": moves,
        "relation": relate(study),
        "explained": set(),
        "named": set(),
        "found": [],
        "fitted": surrogate(study),
        "used": importance(study),
        "versioned": versions.detect(study),
        "found_rows": np.zeros(len(study.log)),
        "events": as_events(made.events),
    }
    return study, at_hand


KINDS = ("binary", "multiclass", "regression", "no labels", "no reference", "a bare series", "thirty rows")


@functools.cache
def packed(kind: str) -> dict[str, bytes]:
    """Give what a detector may ask for as bytes, from which each call takes a copy of its own."""
    return {name: pickle.dumps(value) for name, value in studied(kind)[1].items()}


def evidence_of(detect: Callable[..., Any], kind: str) -> list[Evidence]:
    """Call a detector with what its parameters name; some hand on a second thing beside their evidence."""
    got = detect(**{name: pickle.loads(packed(kind)[name]) for name in inspect.signature(detect).parameters})
    return list(got[0] if isinstance(got, tuple) else got)


def faults(e: Evidence, study: Study) -> Iterator[str]:
    """Name what is wrong with a piece of evidence."""
    f, n = e.finding, len(study.log)
    words = {*CAUSE_OF, "none"}
    columns = {*study.log.features, "prediction", "score", "decision", "latency_ms"}
    checks = {
        "no detector": bool(f.detector),
        "no sentence": f.statement[-1:] in (".", "!") and "nan" not in f.statement.split(),
        "unknown mechanism": {*f.supports, *f.refutes} <= words and (not e.mechanism or e.mechanism in words),
        "its own mechanism is not among those it supports": not e.mechanism
        or e.strength == 0
        or e.mechanism in f.supports,
        "supports and refutes one thing": not set(f.supports) & set(f.refutes),
        "stance": f.stance
        == ("not_testable" if f.not_testable else "supports" if f.supports else "refutes" if f.refutes else "silent"),
        "strength": 0.0 <= e.strength <= 1.0 and np.isfinite(e.z) and e.z >= 0,
        "p": f.p_value is None or 0.0 <= f.p_value <= 1.0,
        "rows": e.rows is None or (e.rows.dtype == bool and e.rows.shape == (n,)),
        "n": 0 <= f.n <= n,
        "interval": f.interval is None or f.interval[0] <= f.interval[1],
        "effect outside its interval": f.interval is None
        or f.effect is None
        or f.interval[0] - 1e-9 <= f.effect <= f.interval[1] + 1e-9,
        "onset outside its interval": f.onset_interval is None
        or f.onset is None
        or f.onset_interval[0] <= f.onset <= f.onset_interval[1],
        "features": set(f.features) <= columns,
        "slice": all(isinstance(t.value, str) for t in f.slice),
        "versions": set(f.model_versions) <= {*study.log.version.names, *study.ref.version.names},
        "does not survive JSON": Finding.from_dict(f.to_dict()).to_dict() == f.to_dict(),
    }
    yield from (name for name, fine in checks.items() if not fine)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", detectors())
def test_a_detector_keeps_the_contract(name: str, kind: str) -> None:
    """Whatever the log: evidence in known words and sane numbers, the same when asked twice, and no input changed."""
    study, _ = studied(kind)
    detect = detectors()[name]
    got = evidence_of(detect, kind)
    assert [(e.finding.statement, list(faults(e, study))) for e in got if list(faults(e, study))] == []
    again = evidence_of(detect, kind)
    assert [e.finding.to_dict() for e in again] == [e.finding.to_dict() for e in got]


def test_every_detector_is_asked() -> None:
    """``gather`` calls the ``detect`` of every file that has one: a detector that nobody calls is dead."""
    tree = ast.parse(Path(str(toolkit.causes.evidence.__file__)).read_text(encoding="utf-8"))
    called = {
        node.func.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "detect"
        and isinstance(node.func.value, ast.Name)
    }
    assert called == set(detectors())


@pytest.mark.parametrize("kind", KINDS)
def test_all_evidence_together_keeps_the_contract(kind: str) -> None:
    """What ``gather`` hands on is what its detectors said, in the same words and numbers, within those of the log."""
    study, at_hand = studied(kind)
    got = gather(study, at_hand["events"])
    assert [(e.finding.statement, list(faults(e, study))) for e in got.evidence if list(faults(e, study))] == []
    assert set(got.used) <= set(study.log.features)
    assert set(got.moves) <= set(study.log.features)


@pytest.mark.parametrize(
    "which",
    SEEN,
    ids=lambda which: "-".join(map(str, which[:3])),
)
def test_the_fault_is_seen(which: tuple[str, str, str, int]) -> None:
    """In a strong incident some finding supports the very mechanism."""
    supported = {m for f in played.incident(*which).verdict.findings for m in f.supports}
    assert which[0] in supported


@pytest.mark.parametrize(
    "which",
    [h for h in played.HEALTHY if h[0] != "unused_drift"],  # there a column is multiplied, as by a change of unit
    ids=lambda which: which[0],
)
def test_a_healthy_log_has_no_hard_signature(which: tuple[str, str, int]) -> None:
    """Where nothing is wrong no finding claims a defect that only a defect leaves."""
    findings = played.healthy(*which).verdict.findings
    assert [f.statement for f in findings if HARD & set(f.supports)] == []
