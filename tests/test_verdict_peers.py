"""The peers' mapping rules, on small outputs made by hand: no peer has to be installed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.verdict.peers import causal, dowhy, evidently, nannyml, rankers, setup
from benchmarks.verdict.peers.answer import Found, verdict_of
from benchmarks.verdict.peers.bridge import PeerMissing, Worker
from benchmarks.verdict.peers.frames import jump
from toolkit.roles import Roles
from toolkit.vocabulary import CAUSE_OF


def evidently_said(**changes: Any) -> dict[str, Any]:
    """Give outputs of Evidently for a log in which nothing happens, with some parts replaced."""
    calm = {"missing": {"income": 0.0}, "quartiles": {"income": [1.0, 2.0, 3.0]}, "values": {}, "rows": 500,
            "duplicates": 0}  # fmt: skip
    out: dict[str, Any] = {
        "roles": {"prediction": "p", "label": "y"}, "task": "binary", "features": ["income"], "groups": [],
        "summary": {"normal": calm, "early": calm, "late": calm}, "drift": {"change": {}, "start": {}},
        "quality": {t: {"p": {"all": 0.9}} for t in ("normal", "early", "late")}, "onset": None,
    }  # fmt: skip
    return {**out, **changes}


def late(**changes: Any) -> dict[str, Any]:
    """Give outputs in which the late log is summarised otherwise, and the accuracy fell by 20 points."""
    said = evidently_said()
    said["summary"] = {**said["summary"], "late": {**said["summary"]["late"], **changes}}
    said["quality"] = {**said["quality"], "late": {"p": {"all": 0.7}}}
    return said


DRIFT = {"income": {"score": 0.4, "over": True, "method": "Wasserstein distance (normed)"}}


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("none", evidently_said()),
        ("none", evidently_said(drift={"change": DRIFT, "start": {}})),
        ("missing_values", late(missing={"income": 0.3})),
        ("schema_change", late(missing={})),
        ("unit_change", late(quartiles={"income": [100.0, 200.0, 300.0]})),
        ("default_filled", late(quartiles={"income": [1.0, 1.0, 3.0]})),
        ("concept_drift", late()),
        ("covariate_shift", {**late(), "drift": {"change": DRIFT, "start": {}}}),
    ],
)
def test_evidently(mechanism: str, said: dict[str, Any]) -> None:
    """Harm first: drift alone is nothing; with a drop it is the mix, without it the relation; defects go before."""
    assert evidently.decide(said, evidently.DEFAULTS).mechanism == mechanism


def test_evidently_from_the_start() -> None:
    """Worse than validation from the first row without drift is a fit that learned its rows, and has no onset."""
    said = evidently_said(quality={"normal": {"p": {"all": 0.9}}, "early": {"p": {"all": 0.7}},
                                   "late": {"p": {"all": 0.7}}})  # fmt: skip
    assert evidently.decide(said, evidently.DEFAULTS) == Found("memorised_training_data", lasting=True)


def chunks(value: float, worse: float, since: int = 6) -> dict[str, Any]:
    """Give ten chunks of one value and, from some chunk on, of another that alerts."""
    return {"value": [value] * since + [worse] * (10 - since), "alert": [False] * since + [True] * (10 - since)}


def nannyml_said(**changes: Any) -> dict[str, Any]:
    """Give outputs of NannyML for a log whose realised accuracy falls from .9 to .7 in the seventh chunk."""
    out: dict[str, Any] = {
        "roles": {"prediction": "p", "label": "y"}, "task": "binary", "features": ["income"], "gone": [],
        "groups": {}, "trained": None, "estimated": None, "held": True, "drift": {}, "missing": {}, "unseen": {},
        "range": {}, "realised": {"p": {**chunks(0.9, 0.7), "reference": 0.9}},
        "starts": [f"2025-01-{day:02d}T00:00:00+00:00" for day in range(1, 11)],
    }  # fmt: skip
    return {**out, **changes}


@pytest.mark.parametrize(
    ("mechanism", "changes"),
    [
        ("concept_drift", {"estimated": chunks(0.9, 0.89)}),
        ("covariate_shift", {"estimated": chunks(0.9, 0.72), "drift": {"income": chunks(0.05, 0.3)}}),
        ("missing_values", {"missing": {"income": chunks(0.0, 0.3)}}),
        ("category_recoded", {"unseen": {"income": chunks(0.0, 0.9)}}),
        ("unit_change", {"range": {"income": chunks(0.0, 0.6)}}),
        ("none", {"realised": {"p": {**chunks(0.9, 0.9, since=10), "reference": 0.9}},
                  "drift": {"income": chunks(0.05, 0.3)}}),
    ],
)  # fmt: skip
def test_nannyml(mechanism: str, changes: dict[str, Any]) -> None:
    """A drop that the estimate saw is the mix, one that it did not see the relation; alerts of quality come first."""
    assert nannyml.decide(nannyml_said(**changes), nannyml.DEFAULTS).mechanism == mechanism


def test_nannyml_onset() -> None:
    """The onset is the start of the first chunk that alerts."""
    assert nannyml.onset_of(nannyml_said(), nannyml.DEFAULTS) == datetime(2025, 1, 7, tzinfo=UTC)


def dowhy_said(blame: dict[str, float], *, pair: str = "change", z: float = 9.0, **facts: Any) -> dict[str, Any]:
    """Give outputs of dowhy for a log whose accuracy fell by 20 points, split over some nodes."""
    calm = {"feature income": 0.0, "prediction": 0.0, "label": 0.0, "loss": 0.0}
    rise = {"rise": 0.2, "z": z, "blame": calm | blame, "facts": {"missing": {}, "fresh": {}, "apart": {}} | facts}
    return {"pairs": {pair: rise}, "groups": {}, "trained": None, "task": "binary", "onset": None}


NEW = {"grown": "v2", "by": 0.9, "usual": "v1"}


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("none", dowhy_said({"label": 0.2}, z=1.0)),
        ("none", {**dowhy_said({}), "pairs": {}}),
        ("concept_drift", dowhy_said({"label": 0.2})),
        ("label_shift", dowhy_said({"label": 0.12, "feature income": 0.04, "feature age": 0.04})),
        ("default_filled", dowhy_said({"label": 0.12, "feature income": 0.08})),
        ("covariate_shift", dowhy_said({"feature income": 0.2})),
        ("missing_values", dowhy_said({"defect income": 0.1, "feature income": 0.1}, missing={"income": 0.3})),
        ("schema_change", dowhy_said({"defect income": 0.2}, missing={"income": 1.0})),
        ("new_category", dowhy_said({"defect income": 0.2}, fresh={"income": 0.3})),
        ("unit_change", dowhy_said({"label": 0.2}, apart={"income": 0.9})),
        ("bad_rollout", dowhy_said({"prediction": 0.2}, model_version=NEW)),
        ("wrong_model_version", dowhy_said({"prediction": 0.2}, model_version={**NEW, "grown": "v0"})),
        ("training_serving_skew", dowhy_said({"prediction": 0.2})),
        ("concept_drift", dowhy_said({"label": 0.2}, model_version=NEW)),
        ("threshold_misconfigured", dowhy_said({"score": 0.0, "prediction": 0.2}, model_version=NEW)),
        ("bad_rollout", dowhy_said({"score": 0.2}, model_version=NEW)),
        ("harmful_overrides", dowhy_said({"decision": 0.2}, overridden=[0.1, 0.3])),
        ("over_reliance", dowhy_said({"decision": 0.2}, overridden=[0.3, 0.1])),
        ("errors", dowhy_said({"status": 0.2}, status={"grown": "error"})),
        ("timeouts", dowhy_said({"latency_ms": 0.2})),
        ("unrepresentative_data", dowhy_said({"feature income": 0.2}, pair="start")),
        ("leakage", dowhy_said({"label": 0.2}, pair="start", apart={"income": 0.5})),
        ("pilot_did_not_generalise", dowhy_said({"label": 0.2}, pair="start")),
        ("not_adopted", dowhy_said({"decision": 0.2}, pair="start")),
    ],
)
def test_dowhy(mechanism: str, said: dict[str, Any]) -> None:
    """The mechanism with the largest part of the rise is named; a version counts only beside the prediction's part."""
    found = dowhy.decide(said, dowhy.DEFAULTS)
    assert found.mechanism == mechanism
    assert found.lasting == ("start" in said["pairs"] or mechanism == "none")


def served(n: int = 400) -> pd.DataFrame:
    """Give a log of ten features whose answers are right in the first half, and half wrong in the second."""
    rng = np.random.default_rng(0)
    log = pd.DataFrame({f"x{i}": rng.normal(size=n) for i in range(10)})
    log["y"] = (log["x7"] > 0).astype(int)
    log["p"] = np.where(np.arange(n) < n // 2, log["y"], rng.integers(0, 2, n))
    log["seen"] = pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC")
    return log


def served_roles() -> Roles:
    """Give the roles of ``served``."""
    single = {"timestamp": "seen", "prediction": "p", "label": "y", "latency_ms": "took"}
    return Roles("binary", single, {"feature": tuple(f"x{i}" for i in range(10))})


def test_the_causal_graph() -> None:
    """Five features at most, among them the one that makes the answer and one that lost values; the loss comes last.

    A latency that the old table does not have is no node.
    """
    log, roles = served(), served_roles()
    log.loc[200:, "x3"] = None
    log["x0"] = 1.0
    log["took"] = np.where(np.arange(400) < 200, np.nan, 5.0)
    log.loc[5, "x1"] = np.inf
    pair = causal.compare(log[:200], log[200:], roles)
    assert pair is not None
    assert 0.4 < pair.rise < 0.6
    columns, graph = causal.graph_of(pair, roles, list(roles.columns("feature")))
    inputs = [n for n in graph["nodes"] if " " in n]
    assert len(inputs) <= causal.FEATURES
    assert {"defect x3", "feature x3", "feature x7"} <= set(inputs)
    assert len(graph["nodes"]) == len(inputs) + 3
    assert graph["nodes"][-3:] == ["prediction", "label", "loss"]
    assert graph["parents"]["label"] == inputs
    assert inputs[-2:] == ["defect x3", "feature x3"]
    assert list(columns) == [*graph["nodes"], "_new"]


def test_dowhy_without_labels() -> None:
    """No target, nothing asked: the answer is none, and no environment is needed for it."""
    log = served().assign(y=None)
    assert dowhy.diagnose(log, reference=None, roles=served_roles()).verdict == "none"


def test_rankers() -> None:
    """The series that stands off most is named where the loss does too; alone, the loss speaks of the relation."""

    def row(name: str, mechanism: str, z: float) -> dict[str, Any]:
        return {"name": name, "mechanism": mechanism, "features": [], "slice": [], "baro": z, "baro_lasting": 0.0}

    loss, gaps, mean = (
        row("loss", "concept_drift", 9.0),
        row("a", "missing_values", 40.0),
        row("b", "covariate_shift", 5),
    )
    calm = row("loss", "concept_drift", 1.0)
    answers = [rankers.pick({"series": s}, rankers.DEFAULTS, "baro").mechanism
               for s in ([loss, gaps, mean], [loss], [calm, gaps])]  # fmt: skip
    assert answers == ["missing_values", "concept_drift", "none"]


def test_the_cut_is_where_the_mean_jumps() -> None:
    """A series of 100 zeros and 50 ones is cut at row 100."""
    at, size = jump(np.r_[np.zeros(100), np.ones(50)])
    assert at == 100
    assert size > 3.5


def test_a_finding_becomes_a_verdict() -> None:
    """Probabilities sum to one, and what lasts from the first row has no onset."""
    when = datetime(2025, 1, 1, tzinfo=UTC)
    verdict = verdict_of("none of them", Found("unit_change", ("income",)), when)
    assert (verdict.verdict, verdict.onset, verdict.features) == ("integration", when, ("income",))
    assert sum(verdict.probabilities.values()) == pytest.approx(1.0)
    assert verdict_of("none of them", Found("leakage", lasting=True), when).onset is None


def test_what_can_be_said_is_of_the_vocabulary() -> None:
    """Every mechanism that a mapping can name is one of ours, or none."""
    for peer in (dowhy, evidently, nannyml, rankers):
        assert set(CAUSE_OF) | {"none"} >= peer.EXPRESSIBLE


def test_a_peer_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Without its environment a peer names the command that makes it; one inside the repository is refused."""
    monkeypatch.setenv("VERDICT_PEERS", str(tmp_path))
    with pytest.raises(PeerMissing, match="setup evidently --into"):
        Worker("evidently")
    inside = str(Path(setup.__file__).parent)
    assert setup.main(["evidently", "--into", inside]) == 2
