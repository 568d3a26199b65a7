"""The worst slices: found where they were planted, sized right, and silent where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy, study_of

from toolkit.api import diagnose
from toolkit.detectors.study import Study
from toolkit.impact.halves import part
from toolkit.impact.harm import measure
from toolkit.impact.regions import Sums, conditions, contrast, scan
from toolkit.impact.slices import RegionalHarm, regional_harm, say, worst_slices
from toolkit.records import SliceTerm

N = 6000
HALF = N // 2


def planted(seed: int, share: float, *, quantile: float = 0.4) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, int]:
    """Turn the truth of a share of the rows with a low w in Bonn, from the middle on; give the extra errors too."""
    rng = np.random.default_rng(seed)
    log, reference = healthy(rng, N), healthy(rng, 4000)
    region = ((log.w <= np.quantile(reference.w, quantile)) & (log.town == "Bonn")).to_numpy()
    turned = region & (np.arange(N) >= HALF) & (rng.random(N) < share)
    before = int((log.answer != log.truth).sum())
    log["truth"] = np.where(turned, 1 - log.truth, log.truth)
    return log, reference, region & (np.arange(N) >= HALF), int((log.answer != log.truth).sum()) - before


def test_a_planted_slice_is_found_sized_and_dated() -> None:
    """Rows, extra errors, share and onset of the worst slice are those that were planted."""
    log, reference, rows, extra = planted(1, 0.7)
    study = study_of(log, reference)
    worst = worst_slices(study, measure(study))[0]
    assert worst.confirmed
    assert {t.column for t in worst.conditions} == {"w", "town"}
    assert (worst.rows & rows).sum() / (worst.rows | rows).sum() > 0.9
    assert worst.interval[0] < extra < worst.interval[1]
    assert worst.interval[1] - worst.interval[0] < extra
    assert worst.share == pytest.approx(1.0, abs=0.3)
    assert abs(worst.change.start - HALF) < 100


def test_harm_that_lies_on_all_alike_has_no_worst_slice() -> None:
    """Where every row got worse by as much, no slice is confirmed, though the log is much worse."""
    rng = np.random.default_rng(2)
    log, reference = healthy(rng, N), healthy(rng, 4000)
    late = np.arange(N) >= HALF
    log["truth"] = np.where(late & (rng.random(N) < 0.5), rng.integers(0, 2, N), log.truth)
    study = study_of(log, reference)
    damage = measure(study)
    assert damage.z > 6
    assert not any(s.confirmed for s in worst_slices(study, damage))


def test_a_healthy_log_keeps_its_level() -> None:
    """Of 10 healthy logs none has a confirmed slice, and about 1 in 20 a regional p-value below 0.05."""
    low = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 9])
        study = study_of(healthy(rng, 1000), healthy(rng, 700) if seed % 3 else None)
        assert not any(s.confirmed for s in worst_slices(study, measure(study)))
        low += regional_harm(study).p < 0.05
    assert low <= 3  # of 10 at 0.05, more than 3 come once in 900


def test_a_small_region_is_seen_where_the_whole_is_not() -> None:
    """A twentieth of the rows turned bad: the whole log's test is silent, the regional one is not."""
    answers: list[tuple[float, RegionalHarm]] = []
    for seed in (1, 2, 3):
        log, reference, _, _ = planted(seed, 0.8, quantile=0.12)
        study = study_of(log, reference)
        answers.append((measure(study).z, regional_harm(study)))
    assert sum(z < 2.5 for z, _ in answers) >= 2
    assert sum(r.p < 0.01 for _, r in answers) >= 2
    best = max((r for _, r in answers), key=lambda r: r.z)
    assert "w" in {t.column for t in best.conditions}
    assert abs(best.change.start - HALF) < 300


def test_harder_rows_are_no_worse_slice() -> None:
    """A crowd the model finds hard raises the loss, but no slice got worse than its rows would have it."""
    rng = np.random.default_rng(4)
    calm = healthy(rng, HALF, shift=1.2)
    crowd = healthy(rng, HALF, shift=0.0)
    study = study_of(pd.concat([calm, crowd], ignore_index=True), healthy(rng, 5000, shift=0.8))
    damage = measure(study)
    assert damage.z > 4
    assert not any(s.confirmed for s in worst_slices(study, damage))


def test_a_column_that_changed_its_meaning_alone_harms_no_region() -> None:
    """An unread column that told the outcome and is now shuffled makes half its slices worse and half better."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, N), healthy(rng, 4000)
    for frame in (log, reference):
        frame["w"] = rng.normal((frame.answer != frame.truth).astype(float) * 2, 1.0)
    log["w"] = rng.permutation(log.w)
    study = study_of(log, reference)
    assert regional_harm(study).p > 0.01
    assert not any(s.confirmed for s in worst_slices(study, measure(study)))


def test_the_scan_agrees_with_counting_by_hand() -> None:
    """Score of the best region: z^2 of its two means counted by pandas, less what so many tries give by chance."""
    log, reference, _, _ = planted(3, 0.7)
    study = study_of(log, reference)
    halves = part(study, None, least=50, seed=0)
    assert halves is not None
    tried = conditions(study)
    best = next(r for r in scan(halves.one, tried, halves.spans, least=25, stand_out=False) if len(r.conditions) == 2)
    rows = halves.one
    inside = (rows.block >= best.first) & (rows.block < best.last)
    log_has, ref_has = (
        np.logical_and.reduce([c.holds(s, at) for c in best.conditions])
        for s, at in ((rows.log, rows.at), (rows.ref, rows.ref_at))
    )
    now, then = rows.loss[inside & log_has], np.concatenate((rows.loss[~inside & log_has], rows.ref_loss[ref_has]))
    sums = [Sums(np.array(float(len(x))), np.array(x.sum()), np.array((x**2).sum())) for x in (now, then)]
    effect, variance = contrast(*sums)
    assert effect == pytest.approx(now.mean() - then.mean())
    assert variance == pytest.approx(now.var() / len(now) + then.var() / len(then), rel=0.2)
    assert abs(float(effect**2 / variance) - best.score) > 10  # the price of so many tries
    assert float(effect / np.sqrt(variance)) > 5


def test_conditions_are_said_as_a_reader_says_them() -> None:
    """A value is said to be equal, a range as it stands."""
    terms = (SliceTerm("sex", "F"), SliceTerm("income", "> 3.2"), SliceTerm("age", "20 to 30"), SliceTerm("b", "<x>"))
    assert say(terms) == "sex = F and income > 3.2 and age = 20 to 30 and b = <x>"


@pytest.mark.parametrize("case", ["no labels", "few rows", "few baseline rows"])
def test_what_cannot_be_searched_gives_no_slice(case: str) -> None:
    """Without labels, or with too few rows on either side, there is no slice and no regional harm, and no error."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, 60 if case == "few rows" else 800), healthy(rng, 90)
    if case == "no labels":
        log["truth"] = np.nan
    study: Study = study_of(log, reference if case != "few rows" else None)
    if case == "few baseline rows":
        # the log's own first part must serve, and is enough
        assert regional_harm(study).conditions
        return
    assert worst_slices(study, measure(study)) == ()
    assert regional_harm(study).p == 1.0


def test_a_diagnosis_shows_its_worst_slices() -> None:
    """The table of slices and the explanation name the planted one, with its finding."""
    log, reference, _, extra = planted(1, 0.7)
    log["when"] = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
    reference["when"] = pd.Timestamp("2024-06-01", tz="UTC")
    d = diagnose(log, reference=reference, roles=ROLES)
    table = d.slices
    assert len(table) >= 1
    first = table.iloc[0]
    assert "town = Bonn" in first["slice"]
    assert first["low"] < extra < first["high"]
    assert f"{first['finding']} Worst slice: {first['slice']}" in d.explain()
    assert d.finding(first["finding"]).to_dict()["slice"]
