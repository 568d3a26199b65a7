"""Which labels of a log can be believed (floor 3): those that had time to come, and early ones that are like the rest.

Outcomes that come soon are often of another kind than those that come late: a fraud is reported within days, a loan is
paid back after a year. Rows too young for their labels are left out for that (verification latency: Plasse & Adams
2016). Where each label says when it came, the older rows show whether the quick ones among them differ; if not, those
of the youngest rows are a fair sample of what is to come.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.profile.model import Floats, Mask, Sample

#: Rows below which labels are not said to be late; a stretch with less than this part of the usual labels is young.
_LEAST: Final = 40
_FEW: Final = 0.8
#: Old rows with a delay at least to see whether delay and outcome hang together; how they may not: this surely (p), in
#: whichever shape, over so many parts of equal delays, nor by this rank correlation.
_LEAST_DELAYS: Final = 200
_SURE, _PARTS, _HANG = 0.01, 5, 0.1


def mature(log: Sample, task: str) -> Mask:
    """Mark the rows whose labels can be believed, with the unlabelled ones among them that had time for one."""
    old = _old(log)
    return old | ~np.isnan(log.label) if not old.all() and _quick_are_like_slow(log, old, task) else old


def _old(log: Sample) -> Mask:
    """Mark the log rows whose labels have had time to arrive: all before the last fall of the label rate."""
    n = len(log)
    labelled = ~np.isnan(log.label)
    old = np.ones(n, dtype=bool)
    if n < _LEAST or labelled.all() or not labelled.any():
        return old
    bins = np.array_split(np.arange(n), min(40, n // 10))
    rates = np.array([labelled[b].mean() for b in bins])
    plateau = float(np.median(rates[: max(len(rates) // 2, 1)]))
    last = len(bins)
    while last > 0 and rates[last - 1] < _FEW * plateau:
        last -= 1
    if last < len(bins) // 4:  # labels did not arrive late, they stopped early or were always few
        return old
    if last < len(bins):
        old[bins[last][0] :] = False
    return old


def _quick_are_like_slow(log: Sample, old: Mask, task: str) -> bool:
    """Whether, among old rows, how long a label took says nothing of what it said or of how wrong the answer was."""
    delay = log.label_time - log.time
    rows = old & ~np.isnan(log.label) & (delay > 0)
    if rows.sum() < _LEAST_DELAYS or (~np.isnan(delay[~old])).sum() == 0:
        return False
    took, came, said = delay[rows], log.label[rows], log.prediction[rows]
    off = np.abs(came - said)
    told = [off, came]
    if task != "regression":
        told = [np.where(np.isnan(off), np.nan, off > 0), *(1.0 * (came == k) for k in np.unique(came))]
    return not any(_hang_together(took, x) for x in (*told, log.score[rows]))


def _hang_together(took: Floats, x: Floats) -> bool:
    """Whether a column differs between parts of equal delays, or rises with them (F test; Spearman 1904)."""
    from scipy.stats import f_oneway, spearmanr

    both = ~np.isnan(x)
    took, x = took[both], x[both]
    if len(x) < _LEAST_DELAYS or len(np.unique(x)) < 2:
        return False
    parts = np.array_split(x[np.argsort(took, kind="stable")], _PARTS)
    return float(f_oneway(*parts).pvalue) < _SURE or abs(float(spearmanr(took, x).statistic)) > _HANG
