"""Was money lost though the model's own measure held (floor 4; human): the goal was another one?"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make
from toolkit.detectors.like_cases import beyond_kind
from toolkit.detectors.stated import as_stated
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change, find_change, no_change

LEAST: Final = 30
#: Sizes of errors that are told apart, and the part of a rise of the cost that must be there at answers of one kind.
_SIZES, _HALF = 20, 0.5


def detect(study: Study) -> list[Evidence]:
    """Look for costs that rose, and hold them against the model's own measure."""
    # of a row without a label nobody knows whether it was an error that made it dear
    cost = np.where(np.isnan(study.log_loss.final), np.nan, study.log.cost) if study.has_labels else study.log.cost
    if (~np.isnan(cost)).sum() < LEAST:
        return []
    reference = study.stats(study.ref.cost)
    change = find_change(cost, reference=reference)
    of = "row"
    if not change.found or change.z < 0:
        change, of = _of_errors(study, cost), "wrong answer"
        reference = None
    if not change.found or change.z < 0:
        return []
    rows = inside(change, len(cost))
    if _of_its_kind(study, cost, rows):
        return []
    counted = rows if of == "row" else rows & (study.log_loss.final > 0)
    before = change.before if reference is None else reference[0]
    after = float(np.nanmean(cost[counted]))
    worse = study.final_change
    wrong = study.log_loss.final > 0
    dearer = difference(cost[wrong & ~rows], cost[wrong & rows])[3] > 4  # each error costs more, however many there are
    held = study.has_labels and (not (worse.found and worse.z > 0) or (dearer and as_stated(study, rows)))
    better = worse.found and worse.z < 0
    rose = "rose as its scores said" if worse.found else "held"
    text = (
        f"The mean cost a {of} rose from {before:.4g} to {after:.4g} while the model's errors "
        f"{'fell' if better else rose if held else 'rose too'}."
    )
    return [
        make(
            study,
            "cost",
            "goal_misaligned" if held else "",
            text,
            strength=0.9 if held else 0.0,
            z=change.z,
            change=change,
            rows=rows,
            effect=after - before,
            unit="cost",
            n=int(rows.sum()),
            supports=("goal_misaligned",) if held else (),
        )
    ]


def _of_its_kind(study: Study, cost: Floats, rows: Mask) -> bool:
    """Whether answers of a kind cost what they did, by direct standardisation: then others are given, or given wrongly.

    The kind of an answer is how far it is off, and of classes what was answered and what came true.
    """
    final = np.where(np.isnan(study.log.decision), study.log.prediction, study.log.decision)
    off = np.abs(final - study.log.label)
    known = ~np.isnan(off) & ~np.isnan(cost)
    before, since = known & ~rows, known & rows
    if min(before.sum(), since.sum()) < LEAST:
        return False
    if study.regression:
        edges = np.unique(np.quantile(off[known], np.linspace(0, 1, _SIZES + 1)))[1:-1]
        kind = np.searchsorted(edges, off, side="right")
    else:
        answered = np.where(known, [final, study.log.label], -1.0)
        kind = np.unique(answered, axis=1, return_inverse=True)[1].ravel()
    dearer = beyond_kind(kind, cost, before, since, known=1).sum() / since.sum()
    return bool(dearer < _HALF * (cost[since].mean() - cost[before].mean()))


def _of_errors(study: Study, cost: Floats) -> Change:
    """Find when errors began to cost more: few rows, which the cost of all others hides."""
    n = len(cost)
    wrong = np.flatnonzero((study.log_loss.final > 0) & ~np.isnan(cost))
    if study.regression or len(wrong) < LEAST:
        return no_change(n)
    c = find_change(cost[wrong])
    if not c.found or c.z < 5 or c.shape == "from_start":
        return no_change(n)
    end = n if c.end >= len(wrong) else int(wrong[c.end])
    return c.of(wrong, end)
