"""Harm that the whole log does not show, on the rows that the verdict is about (floor 5).

A burst of failures in one hour, a group that errs more than the others, one doubled count: over all rows none of these
may rise out of chance, and a report that names a cause beside "0 excess errors" seems to contradict itself. The harm of
a verdict is that of the whole window; where it shows no rise, a note tells of the touched rows against what was usual
beside them, if that rise is sure.
"""

from __future__ import annotations

import numpy as np

from toolkit.causes.candidates import UNFAIR, Candidate, like_rows, since
from toolkit.detectors.study import Study
from toolkit.impact.harm import Damage, block_error
from toolkit.profile.model import Floats

#: From this z on the rise over the whole log stands by itself.
SHOWN = 2.0
#: Mechanisms by which people go against the model's answers.
_AGAINST = frozenset({"harmful_overrides", "ignored_alerts", "not_adopted"})
#: How the sentence begins.
NO_HARM_IN_ALL = "Over the whole log no harm shows beyond chance."


def in_question(study: Study, damage: Damage, lead: Candidate | None) -> tuple[str, ...]:
    """Say how the rows that a verdict is about fared, where the whole log shows no harm beyond chance.

    Args:
        study: baseline and log.
        damage: the harm over the whole log.
        lead: the candidate that the verdict names; ``None`` where it names none.

    Returns:
        One sentence; none where the whole log shows the harm, or those rows show none.
    """
    if lead is None or damage.kind == "unknown" or damage.z >= SHOWN:
        return ()
    loss = study.log_loss.final
    rows = lead.best.rows if lead.best.rows is not None else since(study, lead.best)
    mine, beside = loss[rows & ~np.isnan(loss)], loss[~rows & ~np.isnan(loss)]
    if lead.mechanism not in UNFAIR and not study.own_reference and (~np.isnan(study.ref_final)).sum() >= 15:
        usual = ~np.isnan(study.ref_final)
        beside = study.ref_final[usual & like_rows(study, lead.best, usual)]
    if not len(mine) or len(beside) < 15:
        return ()
    waves, replayed = study.hang(study.ref_final)[1], _replayed(study, lead)
    expected, observed = float(beside.mean()), float(mine.mean())
    # a handful of rows has no scatter of its own: theirs is then that of the usual ones
    own = block_error(mine, waves) if len(mine) >= 15 else float(beside.std()) / np.sqrt(len(mine))
    error = float(np.hypot(own, block_error(beside, waves)))
    if replayed is not None:
        both = rows & ~np.isnan(loss) & ~np.isnan(replayed)
        expected, observed, error = _paired(replayed[both], loss[both])
    if not np.isfinite(error) or observed - expected < SHOWN * error:
        return ()
    many = float(study.log.weight[rows].sum())
    span = tuple((observed - expected + side * 1.96 * error) * many for side in (-1, 1))
    metric, was, now = f"mean absolute error{' (at the usual level)' if study.level else ''}", expected, observed
    if not study.regression:
        metric, was, now = "accuracy", 1 - expected, 1 - observed
    kind = "more loss" if study.regression else "excess errors"
    excess = f"{(observed - expected) * many:,.0f} {kind} ({span[0]:,.0f} to {span[1]:,.0f})"
    return (
        f"{NO_HARM_IN_ALL} On the {study.standing_for(rows):,} rows in question "
        f"{metric} was {now:.3g} where {was:.3g} was expected: {excess}.",
    )


def _replayed(study: Study, lead: Candidate) -> Floats | None:
    """Give each row's loss had people left things as they were: rows on which they stepped in are no usual ones.

    With the old threshold where they moved it, with the model's answers where they went against those.
    """
    old = lead.best.finding.threshold
    if lead.best.finding.detector == "threshold" and old is not None:
        label, score = study.mature_label, study.log.score
        return np.where(np.isnan(label) | np.isnan(score), np.nan, ((score >= old) != label).astype(float))
    return study.log_loss.model if lead.mechanism in _AGAINST and not np.isnan(study.log.decision).all() else None


def _paired(then: Floats, now: Floats) -> tuple[float, float, float]:
    """Give the mean of both, and the standard error of how far they are apart; not finite where none is known."""
    if not len(then):
        return 0.0, 0.0, float("inf")
    return float(then.mean()), float(now.mean()), block_error(now - then)
