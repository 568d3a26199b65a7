"""The benchmark of the verdict: its plan, its metrics and its baseline."""

from __future__ import annotations

import pytest

from benchmarks.verdict import baseline
from benchmarks.verdict.metrics import (
    alarms,
    by_mechanism,
    calibration_chance,
    calibration_error,
    clopper_pearson,
    confusion,
)
from benchmarks.verdict.plan import GROUPS, Trial, ablations, build, trials
from toolkit import testing
from toolkit.testing.bases_real import REAL
from toolkit.vocabulary import CAUSE_OF, VERDICTS


def test_the_plan_covers_what_was_promised() -> None:
    """Every mechanism, six real data sets, three families of models, several hundred healthy logs."""
    plan = trials()
    assert {t.group for t in plan} == set(GROUPS)
    assert {t.args["mechanism"] for t in plan if t.group == "strong"} == set(CAUSE_OF)
    assert {t.args["mechanism"] for t in plan if t.group == "hard"} == set(CAUSE_OF)
    bases = {str(t.args["base"]) for t in plan if "base" in t.args}
    assert len(bases & set(REAL)) >= 6
    assert {t.args.get("model") for t in plan if t.group == "hard"} == {"logistic", "forest", "boosting"}
    assert sum(t.group == "healthy" for t in plan) >= 300
    assert len({t.name for t in plan}) == len(plan)


def test_halves_are_fixed_and_keep_a_fault_together() -> None:
    """The half depends on mechanism, variant and base alone, and both halves are about as large."""
    first = Trial(
        "strong", "incident", {"mechanism": "unit_change", "variant": "times_100", "base": "credit", "seed": 1}
    )
    again = Trial("hard", "incident", {**first.args, "seed": 2, "severity": 0.3})
    assert first.half == again.half
    share = sum(t.half == "tune" for t in trials()) / len(trials())
    assert 0.4 < share < 0.6


def test_ablations_mask_one_thing_each() -> None:
    """Masked trials are the strong ones again, each without one kind of column."""
    case, _ = build(next(t for t in ablations(quick=True) if t.mask == "groups"))
    assert not case.roles.columns("group")
    assert not {"sex", "origin"} & set(case.log.columns)


def test_exact_interval() -> None:
    """No alarm in 300 logs bounds the rate at 1.22 % (exact 95 %, two-sided); no log bounds nothing."""
    assert clopper_pearson(0, 300) == pytest.approx((0.0, 0.01222), abs=1e-4)
    assert clopper_pearson(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_calibration_error() -> None:
    """Stating .9 and being right half of the time is .4 off; being right nine times in ten is not off."""
    assert calibration_error([0.9] * 10, [True] * 5 + [False] * 5) == pytest.approx(0.4)
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0.0)


def test_calibration_error_of_chance() -> None:
    """Of one trial stated at .7 the gap is .3 or .7, .42 on average; of ten thousand it is next to nothing."""
    assert calibration_chance([0.7], draws=4000) == pytest.approx(0.7 * 0.3 + 0.3 * 0.7, abs=0.02)
    assert calibration_chance([0.7] * 10_000, draws=20) < 0.01


def test_intervals_come_from_mechanisms() -> None:
    """Ten trials of one mechanism are one piece of evidence: the interval spans what mechanisms differ by."""
    rows = [{"mechanism": m, "right": v} for m, v in (("a", 1.0), ("b", 0.0)) for _ in range(50)]
    middle, low, high = by_mechanism(rows, lambda r: r["right"])
    assert (middle, low, high) == (0.5, 0.0, 1.0)


def test_false_alarms_are_counted() -> None:
    """A cause for a healthy log is an alarm, undetermined is not; crashes are kept apart."""
    said = [("none", None), ("undetermined", None), ("data", "concept_drift"), ("x", "y")]
    rows = [
        {"verdict": v, "said_mechanism": m, "variant": "plain", "undetermined": v == "undetermined", "error": None}
        for v, m in said
    ]
    rows[3]["error"] = "KeyError"
    got = alarms(rows)
    assert (got["alarms"], got["n"], got["crashes"], got["as"]) == (1, 3, 1, {"concept_drift": 1})


def test_confusion_counts_what_was_said() -> None:
    """Only logs that can tell are counted, and undetermined is an answer of its own."""
    row = {
        "error": None,
        "identifiable": True,
        "mechanism": "errors",
        "said_mechanism": "latency",
        "verdict": "integration",
    }
    rows = [row, {**row, "verdict": "undetermined"}, {**row, "identifiable": False}]
    assert confusion(rows) == {"errors": {"latency": 1, "undetermined": 1}}


@pytest.mark.parametrize("mechanism", ["missing_values", "performance_gap", "not_adopted", "concept_drift"])
def test_the_baseline_finds_the_plain_faults(mechanism: str) -> None:
    """The hand-written tree names the cause of strong plain faults: it is a bar, not a straw man."""
    case = testing.make_incident(mechanism, rows=2000, seed=1)
    verdict = baseline.diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events)
    assert verdict.verdict == case.truth.cause


@pytest.mark.parametrize("trial", trials(quick=True)[::23], ids=lambda t: t.name[:60])
def test_the_baseline_answers_every_kind_of_log(trial: Trial) -> None:
    """No log of the plan stops the baseline, and its probabilities sum to one."""
    case, _ = build(trial)
    verdict = baseline.diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events)
    assert verdict.verdict in VERDICTS
    assert sum(verdict.probabilities.values()) == pytest.approx(1.0)
