"""Harm that the whole log does not show, on the rows that the verdict is about (floor 5).

A burst of failures in one hour, a group that errs more than the others, one doubled count: over all rows none of these
may rise out of chance, and a report that names a cause beside "0 excess errors" contradicts itself. Where the whole
shows no rise, the harm is therefore that of the touched rows against what was usual beside them, if that one is sure.
"""

from __future__ import annotations

import numpy as np

from toolkit.causes.candidates import UNFAIR, Candidate, since
from toolkit.detectors.study import Study
from toolkit.impact.harm import Damage, block_error
from toolkit.records import Harm

#: From this z on the rise over the whole log stands by itself.
SHOWN = 2.0


def harm_of(study: Study, damage: Damage, lead: Candidate | None) -> Harm:
    """Give the harm that goes with a verdict.

    Args:
        study: baseline and log.
        damage: the harm over the whole log.
        lead: the candidate that the verdict names; ``None`` where it names none.

    Returns:
        The damage's own harm, or that of the rows the lead touched: ``n`` counts these.
    """
    if lead is None or damage.kind == "unknown" or damage.z >= SHOWN:
        return damage.harm
    loss = study.log_loss.final
    rows = lead.best.rows if lead.best.rows is not None else since(study, lead.best)
    mine, beside = loss[rows & ~np.isnan(loss)], loss[~rows & ~np.isnan(loss)]
    if lead.mechanism not in UNFAIR and not study.own_reference and (~np.isnan(study.ref_final)).sum() >= 15:
        beside = study.ref_final[~np.isnan(study.ref_final)]
    if not len(mine) or len(beside) < 15:
        return damage.harm
    expected, observed = float(beside.mean()), float(mine.mean())
    # a handful of rows has no scatter of its own: theirs is then that of the usual ones
    own = block_error(mine) if len(mine) >= 15 else float(beside.std()) / np.sqrt(len(mine))
    error = float(np.hypot(own, block_error(beside)))
    if not np.isfinite(error) or observed - expected < SHOWN * error:
        return damage.harm
    many = float(study.log.weight[rows].sum())
    span = tuple((observed - expected + side * 1.96 * error) * many for side in (-1, 1))
    metric, values = ("mean absolute error", (expected, observed))
    if not study.regression:
        metric, values = "accuracy", (1 - expected, 1 - observed)
    return Harm(metric, *values, (observed - expected) * many, (span[0], span[1]), int(rows.sum()))
