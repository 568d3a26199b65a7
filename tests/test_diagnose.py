"""``diagnose`` end to end: its JSON contract, what must hold of every answer, and logs that are odd or hostile."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import played
import pytest

from toolkit.api import as_events, diagnose
from toolkit.causes.diagnosis import Diagnosis, explain, summary_lines
from toolkit.logs import read_log
from toolkit.records import Event, Verdict, moment
from toolkit.testing import GeneratedIncident, make_healthy, make_incident, make_series
from toolkit.vocabulary import CAUSES, MECHANISMS

NUMBER = (int, float)

#: The contract of vocabulary.md, written out by hand: what each key of the diagnosis holds.
CONTRACT: dict[str, Any] = {
    "format": str,
    "verdict": str,
    "mechanism": (str, type(None)),
    "confidence": NUMBER,
    "probabilities": dict,
    "onset": (str, type(None)),
    "onset_interval": (list, type(None)),
    "features": list,
    "slice": (dict, list, type(None)),
    "model_versions": list,
    "harm": dict,
    "ledger": list,
    "would_settle_it": list,
    "findings": list,
}
HARM: dict[str, Any] = {
    "metric": str,
    "expected": (*NUMBER, type(None)),
    "observed": (*NUMBER, type(None)),
    "excess_errors": (*NUMBER, type(None)),
    "interval": (list, type(None)),
}
LINE: dict[str, Any] = {
    "cause": str,
    "mechanism": str,
    "share": NUMBER,
    "interval": (list, type(None)),
    "onset": (str, type(None)),
    "features": list,
    "slice": (dict, list, type(None)),
    "supporting": list,
    "contradicting": list,
}


def diagnosed(case: GeneratedIncident, **more: Any) -> Diagnosis:
    """Diagnose a generated case as its user would."""
    return diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events, **more)


#: Kinds that ``played`` has.
PLAYED = {
    "unit": ("unit_change", "times_100", "credit", 12),
    "slice": ("performance_gap", "own_relation", "credit", 19),
    "people": ("harmful_overrides", "new_instruction", "credit", 24),
    "rollout": ("bad_rollout", "big_bang", "churn", 18),
}


@functools.cache
def answers() -> dict[str, Diagnosis]:
    """Diagnose one log of each kind that matters to the contract, once for all tests; half of them are ``played``."""
    cases = {
        "no labels": make_incident("concept_drift", rows=1500, seed=6, labels="none"),
        "series": make_series("level_shift", seed=1),
        "many classes": make_incident("missing_values", base="claims", rows=1200, seed=7),
        "regression": make_incident("unit_change", variant="times_100", base="demand", rows=1200, seed=8),
        "few": make_incident("concept_drift", rows=60, seed=9),
    }
    games = {name: played.incident(*which) for name, which in PLAYED.items()} | {
        "healthy": played.healthy("plain", "credit", 1)
    }
    return {name: Diagnosis(game.verdict) for name, game in games.items()} | {
        name: diagnosed(case) for name, case in cases.items()
    }


KINDS = ("unit", "slice", "people", "rollout", "healthy", "no labels", "series", "many classes", "regression", "few")


def holds(data: Mapping[str, Any], contract: Mapping[str, Any]) -> None:
    """Check that every key of the contract is there with a value of its type."""
    for key, kind in contract.items():
        assert key in data, key
        assert isinstance(data[key], kind), (key, data[key])
        assert not isinstance(data[key], bool)


def check(d: Diagnosis) -> dict[str, Any]:
    """Check everything that holds of any diagnosis; give it as read back from its JSON."""
    text = d.to_json()
    data: dict[str, Any] = json.loads(text, parse_constant=lambda c: pytest.fail(f"{c} is no JSON"))
    holds(data, CONTRACT)
    holds(data["harm"], HARM)
    assert data["format"] == "toolkit.diagnosis/1"
    check_verdict(data)
    check_ledger(data)
    check_findings(data)
    return data


def check_verdict(data: Mapping[str, Any]) -> None:
    """A verdict in known words, probabilities that sum to 1, times in UTC and in order."""
    p = data["probabilities"]
    assert set(p) == {"data", "overfitting", "integration", "bias", "human", "none"}
    assert sum(p.values()) == pytest.approx(1.0, abs=1e-3)
    assert all(0.0 <= v <= 1.0 for v in p.values())
    assert data["verdict"] in (*CAUSES, "none", "undetermined")
    assert data["confidence"] == pytest.approx(max(p.values()), abs=1e-3)
    if data["verdict"] in CAUSES:
        assert data["mechanism"] in MECHANISMS[data["verdict"]]
        assert p[data["verdict"]] == max(p.values())
    else:
        assert data["mechanism"] is None
    if data["verdict"] == "undetermined":
        assert data["would_settle_it"]
        assert all(t.strip() for t in data["would_settle_it"])
    else:
        assert data["would_settle_it"] == []
    if data["onset"] is not None:
        assert data["onset"].endswith("Z")
        low, at, high = (read(t) for t in (data["onset_interval"][0], data["onset"], data["onset_interval"][1]))
        assert low <= at <= high
    terms = data["slice"] if isinstance(data["slice"], list) else [data["slice"]] if data["slice"] else []
    assert all(set(t) == {"column", "value"} for t in terms)


def check_ledger(data: Mapping[str, Any]) -> None:
    """Shares that sum to 1 where there is any line, each within its interval, resting on findings that are there."""
    ids = {f["id"] for f in data["findings"]}
    for line in data["ledger"]:
        holds(line, LINE)
        assert line["cause"] in (*CAUSES, "unexplained", "off_support")
        assert 0.0 <= line["share"] <= 1.0
        assert {*line["supporting"], *line["contradicting"]} <= ids
        if line["interval"] is not None:
            low, high = line["interval"]
            assert 0.0 <= low <= line["share"] + 1e-3
            assert line["share"] - 1e-3 <= high <= 1.0
    if data["ledger"]:
        assert sum(line["share"] for line in data["ledger"]) == pytest.approx(1.0, abs=1e-3)


def check_findings(data: Mapping[str, Any]) -> None:
    """Findings numbered in order, each with its detector and a sentence; rivals rest on them."""
    ids = [f["id"] for f in data["findings"]]
    assert ids == [f"F{i + 1:02d}" for i in range(len(ids))]
    assert all(f["detector"] and f["statement"] for f in data["findings"])
    for rival in data["rivals"]:
        assert {*rival["supporting"], *rival["contradicting"]} <= set(ids)
    likely = [r["probability"] for r in data["rivals"]]
    assert likely == sorted(likely, reverse=True)


def read(text: str) -> datetime:
    """Read a time of the JSON."""
    got = moment(text)
    assert got is not None
    return got


@pytest.mark.parametrize("kind", KINDS)
def test_the_contract_key_by_key(kind: str) -> None:
    """Every diagnosis is JSON of the documented shape and keeps what the shape promises."""
    check(answers()[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_diagnosis_reads_back_as_it_was(kind: str) -> None:
    """What was written as JSON reads back to an equal record; unknown keys of newer files are ignored."""
    d = answers()[kind]
    data = json.loads(d.to_json())
    back = Verdict.from_dict(data)
    assert back.to_dict() == d.to_dict()
    assert Verdict.from_dict({**data, "of_a_later_version": 1}).to_dict() == d.to_dict()


def test_another_format_is_refused() -> None:
    """A file of another format is no diagnosis."""
    with pytest.raises(ValueError, match="expected format toolkit"):
        Verdict.from_dict({**answers()["unit"].to_dict(), "format": "toolkit.diagnosis/2"})


def test_an_exact_defect_is_named_and_dated() -> None:
    """A column times 100 from the middle on: the cause, the mechanism, the column, the hour, most of the damage."""
    case = played.incident(*PLAYED["unit"]).case
    d = answers()["unit"]
    assert (d.verdict, d.mechanism, d.features) == ("integration", "unit_change", case.truth.features)
    assert d.onset is not None
    assert case.truth.onset is not None
    assert abs((d.onset - case.truth.onset).total_seconds()) <= 86400
    assert d.harm.excess_errors is not None
    assert d.harm.excess_errors == pytest.approx(case.truth.harm, rel=0.3)
    assert d.ledger["share"].iloc[0] > 0.5
    assert d.ledger["share"].sum() == pytest.approx(1.0, abs=1e-3)


def test_from_the_first_row_there_is_no_onset() -> None:
    """What was there from the first row has no onset, in the verdict as in its line of the ledger."""
    for mechanism, variant, base, seed in played.INCIDENTS:
        if mechanism not in ("overconfidence", "performance_gap", "memorised_training_data"):
            continue
        verdict = played.incident(mechanism, variant, base, seed).verdict
        assert verdict.verdict in ("overfitting", "bias")
        assert (verdict.onset, verdict.onset_interval) == (None, None)
        assert verdict.to_dict()["onset"] is None
        assert [line.onset for line in verdict.ledger if line.cause == verdict.verdict] in ([None], [])


@pytest.mark.parametrize("kind", KINDS)
def test_harm_is_split_and_no_harm_is_not_claimed(kind: str) -> None:
    """Where the harm's interval lies above 0 the ledger splits it; the unexplained part is a line of its own."""
    d = answers()[kind]
    if d.harm.interval is not None and d.harm.interval[0] > 0 and d.verdict in CAUSES:
        assert sum(line.share for line in d.lines) == pytest.approx(1.0, abs=1e-3)
        assert d.lines[0].cause == d.verdict
        assert [line.cause for line in d.lines[:-1]].count("unexplained") == 0
    if d.verdict == "none":
        assert [line.cause for line in d.lines if line.cause in CAUSES and line.share > 0.5] == []


def test_without_labels_nothing_is_declared_fine() -> None:
    """Where errors cannot be counted ``none`` is never the verdict, and the harm is not invented."""
    for seed in range(3):
        d = diagnosed(make_healthy(rows=400, seed=seed, labels="none"))
        assert d.verdict != "none"
        assert (d.harm.expected, d.harm.observed, d.harm.excess_errors) == (None, None, None)
        if d.verdict == "undetermined":
            assert "abels" in " ".join(d.would_settle_it)


@pytest.fixture(scope="module")
def small() -> GeneratedIncident:
    return make_incident("missing_values", variant="nulls", rows=700, seed=11)


@pytest.fixture(scope="module")
def once(small: GeneratedIncident) -> Diagnosis:
    """The answer on ``small``, for all tests that hold another one to it."""
    return diagnosed(small)


def test_the_same_seed_gives_the_same_answer(small: GeneratedIncident, once: Diagnosis) -> None:
    """Asked twice, the answer is the same to the last digit, also of a ``Log`` that its owner opened and keeps open."""
    with read_log(small.log, small.roles, reference=small.reference) as log:
        for _ in range(2):
            assert diagnose(log, events=small.events).to_json() == once.to_json()
        assert log.rows.fetch("SELECT count(*) FROM rows") == [(len(small.log),)]


def test_the_order_of_rows_does_not_matter(small: GeneratedIncident, once: Diagnosis) -> None:
    """The rows of log and reference in any order: the same verdict, to the last digit."""
    assert small.reference is not None
    mixed = diagnose(
        small.log.sample(frac=1.0, random_state=1),
        reference=small.reference.sample(frac=1.0, random_state=2),
        roles=small.roles,
        events=small.events,
    )
    assert mixed.verdict == once.verdict
    assert mixed.mechanism == once.mechanism
    assert mixed.onset == once.onset
    assert mixed.probabilities == pytest.approx(dict(once.probabilities), abs=0.02)


def test_the_order_of_rows_of_one_time_does_not_matter() -> None:
    """A healthy log dated by the month is healthy too when its file is sorted by the label."""
    case = make_healthy(rows=900, seed=2)
    log = case.log.assign(timestamp=case.log["timestamp"].dt.floor("30D"))
    orders = (log, log.sort_values(["label", "prediction"]))
    got = [diagnose(rows, reference=case.reference, roles=case.roles) for rows in orders]
    assert [d.verdict for d in got] == ["none", "none"]


@pytest.mark.xfail(reason="a change that ends where the log begins to be well is no shape of find_change")
def test_a_fault_that_was_mended_is_named() -> None:
    """A column times 100 from the first row to the middle: a change of unit, there from the first row."""
    case = make_incident("unit_change", variant="times_100", rows=1500, seed=1, columns={"label_times": False})
    when = case.log["timestamp"]
    turned = case.log.assign(timestamp=when.min() + (when.max() - when)).sort_values("timestamp")
    d = diagnose(turned, reference=case.reference, roles=case.roles)
    assert (d.verdict, d.mechanism, d.onset) == ("integration", "unit_change", None)


def test_events_are_taken_in_any_form(small: GeneratedIncident, tmp_path: Any) -> None:
    """A table, a file and a list of events are the same events."""
    assert small.events is not None
    path = tmp_path / "events.csv"
    small.events.to_csv(path, index=False)
    listed = [
        Event(pd.Timestamp(e["timestamp"]).to_pydatetime(), e["kind"], e["text"])
        for e in small.events.to_dict("records")
    ]
    one, two, three = (as_events(events) for events in (small.events, str(path), listed))
    assert one == two == three == tuple(listed)
    log = plain(60)
    got = {diagnose(log, events=events).to_json() for events in (small.events, str(path), listed)}
    assert len(got) == 1


# odd logs


def plain(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Make n rows of a model of two numbers, one an hour."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=n), rng.normal(size=n)
    score = 1 / (1 + np.exp(-1.5 * x - 0.5 * w))
    return pd.DataFrame(
        {
            "timestamp": pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"),
            "x": x,
            "w": w,
            "score": score,
            "prediction": (score >= 0.5).astype(int),
            "label": (rng.random(n) < score).astype(int),
        }
    )


ODD: dict[str, Callable[[], pd.DataFrame]] = {
    "one row": lambda: plain(1),
    "two rows": lambda: plain(2),
    "seven rows": lambda: plain(7),
    "one class": lambda: plain().assign(label=1, prediction=1),
    "one label": lambda: plain().assign(label=[1.0] + [np.nan] * 299),
    "equal scores": lambda: plain().assign(score=0.5),
    "equal features": lambda: plain().assign(x=1.0, w=0.0),
    "one time": lambda: plain().assign(timestamp=pd.Timestamp("2025-01-01", tz="UTC")),
    "no timestamps": lambda: plain().drop(columns="timestamp"),
    "no features": lambda: plain().drop(columns=["x", "w"]),
    "no label column": lambda: plain().drop(columns="label"),
    "no scores": lambda: plain().drop(columns="score"),
    "scores and labels alone": lambda: plain()[["score", "label"]],
    "predictions alone": lambda: plain()[["prediction"]],
    "infinite and huge features": lambda: plain().assign(
        x=np.where(np.arange(300) % 7 == 0, np.inf, 1e300), w=np.where(np.arange(300) % 5 == 0, -np.inf, np.nan)
    ),
    "empty features": lambda: plain().assign(x=np.nan, w=None),
    "texts for features": lambda: plain().assign(x="a", w=[f"t{i}" for i in range(300)]),
    "every row twice": lambda: pd.concat([plain(150)] * 2, ignore_index=True),
    "booleans": lambda: plain().assign(
        label=lambda d: d["label"].astype(bool), prediction=lambda d: d["prediction"].astype(bool)
    ),
}


@pytest.mark.parametrize("with_reference", [False, True], ids=["alone", "with a reference"])
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_log_has_a_verdict(kind: str, with_reference: bool) -> None:
    """However odd the log, there is a verdict that keeps the contract, and no exception."""
    log = ODD[kind]()
    check(diagnose(log, reference=plain(400, seed=1)[list(log.columns)] if with_reference else None))


@pytest.mark.parametrize("rows", [1, 5])
def test_a_tiny_reference_is_no_harm(rows: int) -> None:
    """A reference of a few rows is set aside, not tripped over."""
    check(diagnose(plain(), reference=plain(rows, seed=2)))


def test_a_healthy_odd_log_is_given_no_cause() -> None:
    """None of the odd but blameless logs is given a cause with labels at hand."""
    blamed = {
        kind: d.mechanism
        for kind in ("one row", "seven rows", "no timestamps", "no features", "no scores", "scores and labels alone")
        if (d := diagnose(ODD[kind]())).verdict in CAUSES
    }
    assert blamed == {}


HOSTILE = (
    "at",
    "a b",
    "x; drop table",
    'quo"te',
    "it's",
    "select",
    "🙂",
    "名前",
    "<script>alert(1)</script>",
    "rows",
    "feature_0",
    "t",
    "{{ 7*7 }}",
    "a\nb",
    "ünï",
)


def test_hostile_column_names() -> None:
    """Names of columns are names: a defect in any of them is named as it stands, and nothing else happens."""
    n = 600
    rng = np.random.default_rng(3)
    roles = {
        "task": "binary",
        "roles": {
            "timestamp": "timestamp",
            "score": "score",
            "prediction": "prediction",
            "label": "label",
            "feature": list(HOSTILE),
        },
        "values": {"positive": 1},
    }
    log, reference = plain(n), plain(n, seed=1)
    for rows in (log, reference):
        for name in HOSTILE:
            rows[name] = rng.lognormal(1.0, 0.5, n)
    for name in HOSTILE[:3]:
        log.loc[300:, name] *= 100.0
    d = diagnose(log, reference=reference, roles=roles)
    data = check(d)
    named = {f for e in data["findings"] if "unit_change" in e["supports"] for f in e["features"]}
    assert named == set(HOSTILE[:3])
    assert "<script>" not in d._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("name", ["at", "a b", "x; drop table", "🙂", 'quo"te'])
def test_hostile_names_of_roles(name: str) -> None:
    """The columns of roles may be called anything too."""
    log = plain(300).rename(columns={"label": name})
    roles = {"task": "binary", "roles": {"timestamp": "timestamp", "prediction": "prediction", "label": name}}
    check(diagnose(log, roles=roles))


def test_hostile_values() -> None:
    """Values of groups, versions and categories reach the page escaped."""
    evil = "<img src=x onerror=alert(1)>"
    log = plain(600).assign(
        town=np.where(np.arange(600) >= 300, evil, "Bonn"), model_version=evil, sex=["F", evil] * 300
    )
    reference = plain(600, seed=1).assign(town="Bonn", model_version="v1", sex=["F", "M"] * 300)
    d = diagnose(log, reference=reference)
    check(d)
    assert "<img" not in d._repr_mimebundle_()["text/html"]


@pytest.mark.slow
def test_many_features() -> None:
    """A log of 150 columns is answered within a quarter of a minute of one core."""
    rng = np.random.default_rng(4)
    many = {f"f{i}": rng.normal(size=1500) for i in range(150)}
    log = pd.concat([plain(1500), pd.DataFrame(many)], axis=1)
    reference = pd.concat([plain(1500, seed=1), pd.DataFrame({k: rng.permutation(v) for k, v in many.items()})], axis=1)
    begun = time.process_time()
    d = diagnose(log, reference=reference)
    assert time.process_time() - begun < 15
    check(d)
    assert d.verdict in ("none", "undetermined")


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_is_read_in_ten_seconds(kind: str) -> None:
    """A dozen lines at most, the verdict first, no number that is none, and the same in every form."""
    d = answers()[kind]
    lines = d.summary().splitlines()
    assert 2 <= len(lines) <= 12
    assert lines[0].startswith("Verdict")
    assert "nan" not in d.summary().lower().split()
    assert set(d._repr_mimebundle_()) == {"text/plain", "text/markdown", "text/html"}
    assert d.explain()


@pytest.mark.parametrize(
    ("probabilities", "held"),
    [
        ({"human": 0.42, "data": 0.46, "bias": 0.036, "none": 0.036, "integration": 0.02, "overfitting": 0.028},
         ("data", "human")),
        ({"data": 0.2, "overfitting": 0.2, "integration": 0.2, "bias": 0.2, "human": 0.1, "none": 0.1},
         ("data", "overfitting", "integration", "bias", "human", "none")),
    ],
)  # fmt: skip
def test_an_open_verdict_says_what_is_not_ruled_out(probabilities: dict[str, float], held: tuple[str, ...]) -> None:
    """The likeliest first; where nothing is ruled out, no line claims that something is."""
    v = replace(answers()["healthy"].record, verdict="undetermined", mechanism=None, probabilities=probabilities)
    assert v.plausible == held
    lines = dict(summary_lines(v))
    if len(held) == 2:
        assert lines["Among"].startswith("data or human ")
        assert "Among: data or human " in explain(v)
    else:
        assert "Among" not in lines


def test_a_log_that_shows_no_cause_says_so_once() -> None:
    """Answers by chance, without a reference: the headline names no cause, and no second line repeats it."""
    rng = np.random.default_rng(5)
    log = pd.DataFrame({c: rng.integers(0, 2, 200) for c in ("prediction", "label")})
    lines = summary_lines(diagnose(log).record)
    assert lines[0][1] == "undetermined; no cause shows, and 200 rows are too few to rule harm out"
    assert any("no better than" in text for head, text in lines if head == "Note")
    assert "Rival" not in [head for head, _ in lines]
