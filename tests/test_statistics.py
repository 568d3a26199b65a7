"""The statistics that detectors share, each held to scipy's, scikit-learn's or a count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from toolkit.detectors.curve import auc
from toolkit.detectors.decisions import _kappa
from toolkit.detectors.evidence import difference, ks_distance, ks_z, p_of_z, percent, proportion_z, z_of_misfit
from toolkit.detectors.study import implied_threshold
from toolkit.detectors.versions import version_key
from toolkit.impact.harm import block_error

Floats = NDArray[np.float64]


@pytest.mark.parametrize(("n", "m"), [(1, 1), (10, 7), (300, 500)])
@pytest.mark.parametrize("decimals", [0, 8])
def test_the_ks_distance_is_scipys(n: int, m: int, decimals: int) -> None:
    """With and without ties, the distance is that of scipy.stats.ks_2samp."""
    for seed in range(10):
        rng = np.random.default_rng([seed, n])
        a, b = rng.normal(size=n).round(decimals), rng.normal(0.3, 1.2, m).round(decimals)
        assert ks_distance(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)


def test_the_ks_distance_of_nothing() -> None:
    """An empty sample is at distance 0, equal samples too, separate ones at 1."""
    one = np.array([1.0, 2.0])
    assert ks_distance(np.zeros(0), one) == 0.0
    assert ks_distance(one, one[::-1]) == 0.0
    assert ks_distance(one, one + 5) == 1.0


def test_the_z_of_a_ks_distance_has_its_p_value() -> None:
    """Beyond 2 the z is that of the p-value of Smirnov's limit, or less by no more than a third of a unit."""
    for distance, n in ((0.12, 400), (0.15, 800), (0.3, 500), (0.5, 500)):
        lam = distance * np.sqrt(n / 2)
        expected = float(stats.norm.isf(stats.kstwobign.sf(lam) / 2))
        assert expected - 1 / 3 <= ks_z(distance, n, n) <= expected + 0.01


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_area_under_the_curve_is_scikit_learns(decimals: int) -> None:
    """Ties count a half; the direction is the better one; NaN rows are left out."""
    for seed in range(10):
        rng = np.random.default_rng([seed, 3])
        y = (rng.random(200) < 0.3).astype(float)
        x = (rng.normal(size=200) + 0.7 * y).round(decimals)
        expected = float(roc_auc_score(y, x))
        assert auc(x, y) == pytest.approx(max(expected, 1 - expected))
        assert auc(-x, y) == pytest.approx(max(expected, 1 - expected))
        holes = np.where(rng.random(200) < 0.2, np.nan, x)
        kept = ~np.isnan(holes)
        part = float(roc_auc_score(y[kept], x[kept]))
        assert auc(holes, y) == pytest.approx(max(part, 1 - part))


def test_the_area_of_one_class_is_a_half() -> None:
    """Fewer than five rows of either class tell nothing."""
    x = np.arange(20.0)
    assert auc(x, np.zeros(20)) == 0.5
    assert auc(x, (x > 15).astype(float)) == 0.5
    assert auc(x, (x > 14).astype(float)) == 1.0


@pytest.mark.parametrize(
    ("answers", "cut", "wrong"),
    [
        ([0, 0, 0, 1, 1, 1], 0.5, 0.0),
        ([0, 1, 1, 1, 1, 1], 0.15, 0.0),
        ([0, 1, 0, 0, 1, 1], 0.65, 1 / 6),
        ([1, 1, 1, 1, 1, 1], 0.1, 0.0),
    ],
)
def test_the_implied_threshold(answers: list[int], cut: float, wrong: float) -> None:
    """The cut lies midway between the scores that it parts; its mistakes are a share of the rows."""
    scores = np.array([0.1, 0.2, 0.4, 0.6, 0.7, 0.9])
    got = implied_threshold(scores, np.array(answers, dtype=float))
    assert got[0] == pytest.approx(cut)
    assert got[1] == pytest.approx(wrong)


def test_the_implied_threshold_in_any_order() -> None:
    """A policy of 0.37 is read off a thousand rows in any order to a hundredth, with one in twenty overruled too."""
    rng = np.random.default_rng(0)
    score = rng.random(1000)
    for overruled in (0.0, 0.05):
        answer = (score >= 0.37) ^ (rng.random(1000) < overruled)
        cut, wrong = implied_threshold(score, answer.astype(float))
        assert cut == pytest.approx(0.37, abs=0.02)
        assert wrong == pytest.approx(overruled, abs=0.02)


def test_nobody_is_taken() -> None:
    """Where every answer is 0 the threshold lies above every score."""
    cut, wrong = implied_threshold(np.array([0.2, 0.9]), np.zeros(2))
    assert cut > 0.9
    assert wrong == 0.0


def test_equal_scores_are_not_parted() -> None:
    """No cut runs between equal scores: with one score for all, the majority wins."""
    cut, wrong = implied_threshold(np.full(10, 0.5), np.array([1.0] * 7 + [0.0] * 3))
    assert cut <= 0.5
    assert wrong == pytest.approx(0.3)


def test_the_difference_of_means_is_welchs() -> None:
    """The difference is exact; its z is Welch's t within a few per cent; NaN rows are left out."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 300), rng.normal(0.4, 2, 200)
    b[:20] = np.nan
    d, error, (low, high), z = difference(a, b)
    expected = stats.ttest_ind(b[20:], a, equal_var=False)
    assert d == pytest.approx(float(b[20:].mean() - a.mean()))
    assert z == pytest.approx(float(expected.statistic), rel=0.03)
    assert low == pytest.approx(d - 1.96 * error)
    assert high == pytest.approx(d + 1.96 * error)


def test_a_group_without_an_error_is_not_certain() -> None:
    """Five rows without an error against a rate of 10 % are no finding."""
    _, _, _, z = difference(np.array([0.0] * 90 + [1.0] * 10), np.zeros(5))
    assert abs(z) < 2


def test_the_z_of_two_shares() -> None:
    """The z of two proportions is the pooled test's; equal shares give 0, empty sides nothing."""
    p = (30 + 60) / 400
    expected = (60 / 200 - 30 / 200) / np.sqrt(p * (1 - p) * (2 / 200))
    assert proportion_z(30, 200, 60, 200) == pytest.approx(expected, rel=0.02)
    assert proportion_z(10, 100, 20, 200) == 0.0
    assert proportion_z(0, 0, 0, 0) == 0.0


def test_p_values_are_two_sided() -> None:
    """1.96 is 5 %, whatever the sign."""
    assert p_of_z(1.959964) == pytest.approx(0.05, abs=1e-6)
    assert p_of_z(-1.959964) == pytest.approx(0.05, abs=1e-6)
    assert p_of_z(0.0) == 1.0


def test_the_z_of_a_misfit_is_that_of_its_chi_square() -> None:
    """Wilson and Hilferty's z has the chi-square's p-value, within a tenth of a unit."""
    for freedom, value in ((3, 12.0), (10, 30.0), (40, 70.0)):
        expected = float(stats.norm.isf(stats.chi2.sf(value, freedom)))
        assert z_of_misfit(value / freedom, freedom) == pytest.approx(expected, abs=0.1)


def test_cohens_kappa_is_scikit_learns() -> None:
    """Agreement beyond chance, as scikit-learn counts it."""
    rng = np.random.default_rng(2)
    a = (rng.random(300) < 0.3).astype(float)
    b = np.where(rng.random(300) < 0.2, 1 - a, a)
    assert _kappa(a, b) == pytest.approx(float(cohen_kappa_score(a, b)))


def test_the_error_of_a_wandering_series_is_larger() -> None:
    """Independent rows have the plain standard error, a series with memory a larger one."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=2000)
    assert block_error(x) == pytest.approx(1 / np.sqrt(2000), rel=0.6)
    wandering = np.convolve(x, np.ones(40) / np.sqrt(40), mode="same")
    assert block_error(wandering) > 3 / np.sqrt(2000)
    assert block_error(np.array([1.0])) == float("inf")


def test_versions_sort_as_people_read_them() -> None:
    """Numbers in a version count by value, a leading v does not count."""
    names = ["v2", "v10", "1.9", "v1.10.1"]
    assert sorted(names, key=version_key) == ["1.9", "v1.10.1", "v2", "v10"]


@pytest.mark.parametrize(("share", "text"), [(0.0, "0 %"), (0.004, "0.4 %"), (0.25, "25 %"), (1.0, "100 %")])
def test_shares_read_as_percentages(share: float, text: str) -> None:
    """A decimal where it tells something."""
    assert percent(share) == text
