"""What befell one part of the traffic alone is told of that part: another unit, another rule, a part never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_study import ROLES, chance, study_of

import toolkit
from toolkit.causes.diagnosis import Diagnosis
from toolkit.detectors import units
from toolkit.detectors.drift import moved

MORE = {"segment": ["town"], "feature": ["x", "w", "income"]}


def traffic(seed: int, n: int, towns: tuple[str, ...] = ("Bonn", "Hof", "Ulm", "Jena")) -> pd.DataFrame:
    """Draw n requests whose income differs from town to town; the model reads x, w and the income."""
    rng = np.random.default_rng(seed)
    x, w, town = rng.normal(size=n), rng.normal(size=n), rng.choice(towns, n)
    level = pd.Series(town).map({"Bonn": 8.0, "Hof": 7.2, "Ulm": 8.0, "Jena": 8.8}).fillna(8.0).to_numpy()
    income = np.exp(level + 0.3 * rng.normal(size=n))
    z = 1.5 * x + 0.5 * w - 0.8 * (np.log(income) - 8.0)
    score = chance(z)
    truth = (rng.random(n) < score).astype(int)
    sex = rng.choice(["F", "M"], n)
    return pd.DataFrame({"x": x, "w": w, "town": town, "income": income, "truth": truth, "sex": sex, "score": score})


def answered(log: pd.DataFrame) -> pd.DataFrame:
    z = 1.5 * log["x"] + 0.5 * log["w"] - 0.8 * (np.log(log["income"]) - 8.0)
    return log.assign(score=chance(z.to_numpy()), answer=(z > 0).astype(int))


def diagnosed(log: pd.DataFrame, reference: pd.DataFrame | None) -> Diagnosis:
    roles = {**ROLES, "roles": {**ROLES["roles"], **MORE}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    held = None if reference is None else reference.assign(when="2024-06-01")
    return toolkit.diagnose(timed, reference=held, roles=roles)


def test_a_currency_changed_in_one_town_is_found_there() -> None:
    """Hof's incomes come times 4.3 and so look like no other town's: a unit change since row 1500, not the crowd's."""
    log = traffic(1, 3000)
    changed = (np.arange(3000) >= 1500) & (log["town"] == "Hof")
    log["income"] = np.where(changed, log["income"] * 4.3, log["income"])
    found = moved(study_of(log.assign(answer=1), traffic(2, 2000).assign(answer=1), **MORE), "income")
    assert found is not None
    assert found.slice == ("town", "Hof")
    assert abs(found.change.start - 1500) < 40
    said = diagnosed(answered(log), answered(traffic(2, 2000)))
    assert (said.verdict, said.mechanism, said.features) == ("integration", "unit_change", ("income",))


def test_towns_that_only_differ_have_not_moved() -> None:
    """The same log without the change: no town's income moved."""
    log = traffic(1, 3000).assign(answer=1)
    assert moved(study_of(log, traffic(2, 2000).assign(answer=1), **MORE), "income") is None


def test_another_rule_in_one_town_is_concept_drift_and_no_noise() -> None:
    """In Ulm the sign of x turned: a fresh learner knows the new rule, labels drawn at random nobody would."""
    log = answered(traffic(3, 4000))
    rng = np.random.default_rng(4)
    there = (np.arange(4000) >= 2000) & (log["town"] == "Ulm")
    turned = (rng.random(4000) < chance((-2.5 * log["x"] + 0.5 * log["w"]).to_numpy())).astype(int)
    said = diagnosed(log.assign(truth=np.where(there, turned, log["truth"])), answered(traffic(5, 3000)))
    assert (said.verdict, said.mechanism) == ("data", "concept_drift")
    noisy = np.where(there, rng.integers(0, 2, 4000), log["truth"])
    said = diagnosed(log.assign(truth=noisy), answered(traffic(5, 3000)))
    assert (said.verdict, said.mechanism) == ("data", "label_noise")


def test_a_site_never_seen_is_a_pilot_and_a_new_device_a_new_category() -> None:
    """Rows of Linz begin at row 1500 with a rule of their own: another place, or, called a device, another kind."""
    log = answered(traffic(6, 3000))
    rng = np.random.default_rng(7)
    new = (np.arange(3000) >= 1500) & (rng.random(3000) < 0.25)
    log["town"] = np.where(new, "Linz", log["town"])
    log["truth"] = np.where(new, (rng.random(3000) < 0.9) & (log["score"] < 0.5), log["truth"]).astype(int)
    names = {"site": "pilot_did_not_generalise", "device": "new_category", "market_segment": "new_category"}
    for column, expected in names.items():
        roles = {**ROLES["roles"], "segment": [column], "feature": ["x", "w", "income"]}
        timed = log.rename(columns={"town": column}).assign(
            when=pd.date_range("2025-01-01", periods=3000, freq="h", tz="UTC")
        )
        said = toolkit.diagnose(timed, roles={**ROLES, "roles": roles})
        assert said.mechanism == expected


def test_labels_drawn_at_random_in_one_town_are_seen_though_the_whole_hides_them() -> None:
    """Most of Hof's labels are anybody's since row 2000: too few of all to move the whole, and no rule to learn."""
    rng = np.random.default_rng(21)
    log, reference = answered(traffic(1, 4500)), answered(traffic(2, 1000))
    odd = (np.arange(4500) >= 2000) & (log["town"] == "Hof") & (rng.random(4500) < 0.7)
    log["truth"] = np.where(odd, rng.integers(0, 2, 4500), log["truth"]).astype(float)
    log.loc[rng.random(4500) < 0.3, "truth"] = np.nan
    said = diagnosed(log, reference)
    assert (said.verdict, said.mechanism) == ("data", "label_noise")
    assert [(t.column, t.value) for t in said.slice] == [("town", "Hof")]


def test_most_of_one_town_in_another_unit_from_one_day_on() -> None:
    """Four in five of Hof's incomes come in another unit, and a few lie where either may be: the day tells it."""
    rng = np.random.default_rng(31)
    towns = ("Bonn", "Hof", "Ulm")
    log, reference = traffic(5, 1200, towns), traffic(6, 400, towns)
    for frame in (log, reference):
        frame["income"] = np.exp(8.0 + 0.4 * rng.normal(size=len(frame)))  # nothing else goes with it
    changed = (np.arange(1200) >= 600) & (log["town"] == "Hof") & (rng.random(1200) < 0.8)
    log["income"] = np.where(changed, log["income"] / 2.54, log["income"])
    study = study_of(answered(log), answered(reference), **MORE)
    move = moved(study, "income")
    assert move is not None
    (got,) = units.detect(study, {"income": move})
    assert got.mechanism == "unit_change"
    assert got.strength > 0.7
