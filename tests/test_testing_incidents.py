"""The generator of incidents: every variant, its truth and its clean twin."""

from __future__ import annotations

import functools
from datetime import timedelta

import pandas as pd
import pytest

from toolkit import testing
from toolkit.errors import PostmortemError
from toolkit.records import Harm, LedgerLine, Rival, SliceTerm, Verdict
from toolkit.testing.incidents import VARIANTS
from toolkit.vocabulary import CAUSE_OF, EVENT_KINDS, MECHANISMS

ALL = testing.variants()
IDS = [f"{mechanism}-{name}" for mechanism, name, _ in ALL]
ROWS = 800


@functools.cache
def made(mechanism: str, **kwargs: str) -> testing.GeneratedIncident:
    """Make a variant once for all tests."""
    return testing.make_incident(mechanism, **kwargs, rows=ROWS, seed=2)  # type: ignore[arg-type]


def test_every_mechanism_has_two_variants() -> None:
    """The vocabulary is covered: all 39 mechanisms, two variants or more of each, 80 or more in all."""
    count = {m: sum(v[0] == m for v in ALL) for m in CAUSE_OF}
    assert set(count) == {m for ms in MECHANISMS.values() for m in ms}
    assert min(count.values()) >= 2
    assert len(ALL) >= 80
    assert len({(m, n) for m, n, _ in ALL}) == len(ALL)


@pytest.mark.parametrize(("mechanism", "name", "kwargs"), ALL, ids=IDS)
def test_truth_fits_the_log(mechanism: str, name: str, kwargs: dict[str, str]) -> None:
    """What the truth names is in the log: features, slice, groups, versions, and an onset inside its span."""
    case = made(mechanism, **kwargs)
    log, truth = case.log, case.truth
    case.roles.check(list(log.columns))
    assert (truth.mechanism, truth.variant, truth.cause) == (mechanism, name, CAUSE_OF[mechanism])
    assert mechanism in truth.accepted
    assert sum(truth.shares.values()) == pytest.approx(1.0)
    assert set(truth.features) <= set(case.roles.columns("feature"))
    for column, value in truth.slice:
        assert column in log.columns
        assert value in set(log[column].astype(str)) or mechanism == "dropped_traffic"
    assert set(truth.groups) <= set(case.roles.columns("group"))
    assert set(truth.versions) <= set(log["model_version"])
    if truth.onset is not None:
        assert log["timestamp"].min() < truth.onset < log["timestamp"].max()
    assert log["timestamp"].is_monotonic_increasing
    assert str(log["timestamp"].dt.tz) == "UTC"
    assert case.events is not None
    assert set(case.events["kind"]) <= set(EVENT_KINDS)
    assert case.reference is None or set(case.reference["split"]) <= {"train", "validation"}


@pytest.mark.parametrize(("mechanism", "name", "kwargs"), ALL, ids=IDS)
def test_the_twin_is_the_same_before_the_onset(mechanism: str, name: str, kwargs: dict[str, str]) -> None:
    """Before the onset log and clean twin are equal, cell by cell; afterwards they differ."""
    case = made(mechanism, **kwargs)
    onset = case.truth.onset
    shared = [c for c in case.log.columns if c in case.twin.columns]
    assert not case.log[shared].equals(case.twin[shared])
    flavoured = next(v for v in VARIANTS if (v.mechanism, v.name) == (mechanism, name)).flavour != "plain"
    if onset is None or flavoured:  # another model serves from the first row on
        return
    log, twin = (t.loc[t["timestamp"] < onset, shared].reset_index(drop=True) for t in (case.log, case.twin))
    pd.testing.assert_frame_equal(log, twin, check_dtype=False)


def test_a_pulse_ends() -> None:
    """After the end of a pulse log and twin are equal again."""
    case = testing.make_incident("unit_change", variant="times_100", rows=ROWS, shape="pulse", seed=4)
    assert case.truth.end is not None
    log, twin = (t.loc[t["timestamp"] > case.truth.end].reset_index(drop=True) for t in (case.log, case.twin))
    pd.testing.assert_frame_equal(log, twin, check_dtype=False)


def test_a_unit_change_is_exactly_that() -> None:
    """Only the named number and what the model makes of it differ, by the factor, from the onset on."""
    case = testing.make_incident("unit_change", variant="inches_to_cm", rows=ROWS, seed=1, columns={"cost": False})
    (name,) = case.truth.features
    after = case.log["timestamp"] >= case.truth.onset
    ratio = case.log.loc[after, name] / case.twin.loc[after, name]
    assert ratio.dropna().tolist() == pytest.approx([2.54] * len(ratio.dropna()))
    same = [c for c in case.log.columns if c not in {name, "score", "prediction", "decision"}]
    pd.testing.assert_frame_equal(case.log[same], case.twin[same])


def test_harm_is_what_pandas_counts() -> None:
    """The truth's harm is the number of wrong answers in the log minus that in the twin, from the onset on."""
    case = testing.make_incident("swapped_columns", variant="two_numbers", rows=ROWS, seed=1)
    answer = "decision" if "decision" in case.log else "prediction"
    wrong = [
        (t.loc[t["timestamp"] >= case.truth.onset, answer] != t.loc[t["timestamp"] >= case.truth.onset, "label"]).sum()
        for t in (case.log, case.twin)
    ]
    assert case.truth.harm == wrong[0] - wrong[1]
    assert case.truth.harm > case.truth.null95
    assert not case.truth.harmless


def test_a_seed_gives_the_same_log_again() -> None:
    """One seed, one log; another seed, another."""
    first, again, other = (testing.make_incident("concept_drift", rows=300, seed=s) for s in (7, 7, 8))
    pd.testing.assert_frame_equal(first.log, again.log)
    assert first.truth == again.truth
    assert not first.log.equals(other.log)


@pytest.mark.parametrize("kind", [*testing.HEALTHY_KINDS, *testing.HARMLESS_KINDS])
def test_healthy_logs_do_no_harm(kind: str) -> None:
    """With a healthy log nothing is wrong: its truth is none, and its harm is within chance."""
    case = testing.make_healthy(kind, rows=1500, seed=3)
    assert (case.truth.cause, case.truth.mechanism) == ("none", "none")
    assert case.truth.harmless


def test_what_a_log_has_does_not_tell_its_fault() -> None:
    """Surroundings come from the seed alone: two faults of one seed have the same optional columns."""
    a, b = (testing.make_incident(m, rows=200, seed=11).log.columns for m in ("covariate_shift", "unit_change"))
    assert list(a) == list(b)


@pytest.mark.parametrize(
    ("labels", "share"), [("full", (1.0, 1.0)), ("partial", (0.15, 0.35)), ("delayed", (0.3, 0.95))]
)
def test_label_regimes(labels: str, share: tuple[float, float]) -> None:
    """Labels are all there, a quarter, or not yet those of the last days."""
    log = testing.make_incident("concept_drift", rows=1000, labels=labels, seed=1, span_days=56).log
    assert share[0] <= log["label"].notna().mean() <= share[1]


def test_without_labels_the_truth_says_what_cannot_be_seen() -> None:
    """Without labels concept drift cannot be told, a unit change can."""
    blind = testing.make_incident("concept_drift", rows=200, labels="none")
    seen = testing.make_incident("unit_change", rows=200, labels="none")
    assert "label" not in blind.log
    assert (blind.truth.identifiable, seen.truth.identifiable) == (False, True)


def test_selective_labels_follow_the_decision() -> None:
    """With selective labels an outcome is known only where the decision let it happen."""
    log = testing.make_incident("concept_drift", rows=500, labels="selective", columns={"decisions": True}).log
    assert (log["decision"] == 0).tolist() == log["label"].notna().tolist()


def test_shares_of_two_faults_sum_to_one() -> None:
    """Two faults split the harm exactly; the larger names the truth."""
    case = testing.make_multi(
        [
            {"mechanism": "unit_change", "variant": "times_100", "onset": 0.4},
            {"mechanism": "threshold_misconfigured", "variant": "too_high", "onset": 0.7},
        ],
        rows=1500,
        seed=2,
    )
    assert sum(case.truth.shares.values()) == pytest.approx(1.0)
    assert case.truth.mechanism == max(case.truth.shares, key=lambda m: case.truth.shares[m])


def test_identifiability_twins_share_one_log() -> None:
    """Both stories of a pair belong to one log that cannot tell them apart; without labels the twin is that log."""
    pairs = testing.identifiability_twins(seed=1, rows=400)
    assert len(pairs) >= 6
    for pair in pairs:
        first, second = pair.truths
        assert not first.identifiable
        assert not second.identifiable
        assert first.cause != second.cause
        assert pair.settle
        if "without_labels" in pair.name:
            pd.testing.assert_frame_equal(pair.case.log, pair.case.twin)


@pytest.mark.parametrize("kind", list(testing.SERIES_KINDS))
def test_series(kind: str) -> None:
    """A forecast without features has time, forecast and outcome; its fault hurts, the healthy one does not."""
    case = testing.make_series(kind, rows=80)
    assert case.roles.columns("feature") == ()
    assert len(case.log) == 80
    assert case.truth.harmless == (kind == "healthy")


def test_small_logs_are_small() -> None:
    """A log of 30 rows is possible."""
    assert len(testing.make_incident("missing_values", rows=30).log) == 30


@pytest.mark.parametrize(
    "bad",
    [
        {"mechanism": "gremlins"},
        {"mechanism": "unit_change", "variant": "nope"},
        {"mechanism": "unit_change", "base": "nope"},
        {"mechanism": "unit_change", "model": "nope"},
        {"mechanism": "unit_change", "labels": "nope"},
        {"mechanism": "unit_change", "columns": {"nope": True}},
        {"mechanism": "unit_change", "rows": 3},
        {"mechanism": "threshold_misconfigured", "base": "demand"},
    ],
)
def test_wrong_arguments_are_named(bad: dict[str, object]) -> None:
    """What cannot be made is refused in one line that says what there is."""
    with pytest.raises(PostmortemError, match=r"; .+"):
        testing.make_incident(**bad)  # type: ignore[arg-type]


def verdict(**changes: object) -> Verdict:
    """Give a verdict of a unit change, with changes."""
    case = testing.make_incident("unit_change", variant="times_100", rows=200, seed=1)
    chances = dict.fromkeys(("data", "overfitting", "bias", "human", "none"), 0.02) | {"integration": 0.9}
    line = LedgerLine("integration", "unit_change", 0.8)
    fields: dict[str, object] = {
        "verdict": "integration", "mechanism": "unit_change", "confidence": 0.9, "probabilities": chances,
        "onset": case.truth.onset, "onset_interval": None, "features": case.truth.features, "slice": (),
        "model_versions": (), "harm": Harm("", None, None, None, None), "ledger": (line,),
        "rivals": (Rival("data", "covariate_shift", 0.02),), "would_settle_it": (), "findings": (),
    }  # fmt: skip
    return Verdict(**{**fields, **changes})  # type: ignore[arg-type]


def test_score_of_a_right_verdict() -> None:
    """All right: cause, mechanism, place, onset at distance 0, and 20 points missing in the ledger."""
    truth = testing.make_incident("unit_change", variant="times_100", rows=200, seed=1).truth
    got = testing.score(verdict(), truth)
    assert (got.right, got.cause_right, got.mechanism_right, got.top3_right, got.place_right) == (True,) * 5
    assert got.onset_error == 0.0
    assert got.ledger_error == pytest.approx(20.0)
    assert got.probability == 0.9


def test_score_of_an_onset_interval() -> None:
    """An interval that begins after the onset does not hold it; without one there is nothing to hold."""
    truth = testing.make_incident("unit_change", variant="times_100", rows=200, seed=1).truth
    assert truth.onset is not None
    hour = timedelta(hours=1)
    spans = {True: (truth.onset - hour, truth.onset), False: (truth.onset + hour, truth.onset + 2 * hour)}
    assert {held: testing.score(verdict(onset_interval=s), truth).onset_held for held, s in spans.items()} == {
        True: True,
        False: False,
    }
    assert testing.score(verdict(), truth).onset_held is None


def test_score_of_a_wrong_verdict() -> None:
    """Another cause is wrong, though the mechanism among its rivals is worth a place in the first three."""
    truth = testing.make_incident("unit_change", variant="times_100", rows=200, seed=1).truth
    said = verdict(
        verdict="data",
        mechanism="covariate_shift",
        rivals=(Rival("integration", "unit_change", 0.3),),
        slice=(SliceTerm("region", "north"),),
    )
    got = testing.score(said, truth)
    assert (got.right, got.mechanism_right, got.top3_right) == (False, False, True)
    assert got.place_right is None


def test_undetermined_is_right_where_the_log_cannot_tell() -> None:
    """Where the visible columns cannot tell, undetermined is right, and a cause is not."""
    truth = testing.make_incident("concept_drift", rows=200, labels="none").truth
    unsure = verdict(verdict="undetermined", mechanism=None)
    assert testing.score(unsure, truth).right
    assert not testing.score(verdict(verdict="data", mechanism="concept_drift"), truth).right


def test_real_bases_load_offline() -> None:
    """At least six real data sets are there without a network, on three tasks."""
    real = [b for b in testing.base_names() if testing.load_base(b).real]
    assert len(real) >= 6
    assert {testing.load_base(b).task for b in real} == {"binary", "multiclass", "regression"}
