"""What is even between groups, people and sources (floor 4): more findings that speak against a suspect.

As in ``unmoved``, each gives its number, and speaks against a mechanism only where the upper end of the 95 % interval
lies below what counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.decisions import answers
from toolkit.detectors.evidence import Evidence, difference, make, percent, points
from toolkit.detectors.study import Study, is_probability
from toolkit.detectors.unmoved import LEAST, still
from toolkit.detectors.values import mean_of
from toolkit.profile.model import Codes, Floats, Mask, Sample

NAME: Final = "even"
#: The least that counts: of a share of alarms or errors, of a stated probability, of a mean cost (as a part of it).
SHARE, CHANCE, COST = 0.05, 0.04, 0.15


def detect(study: Study) -> list[Evidence]:
    """Say what is even: alarms heeded, errors caught, cost, labels by source, scores and labels by group."""
    return [*_people(study), *_cost(study), *_sources(study), *_groups(study)]


def _people(study: Study) -> Iterator[Evidence]:
    """Alarms are acted on, and wrong answers overruled, no less than before."""
    if study.regression or np.isnan(study.log.decision).all():
        return
    (guess, acted, _), (then, did, _) = answers(study, study.log), answers(study, study.ref)
    tried: list[tuple[str, Floats, Floats, float, tuple[str, ...]]] = [
        ("of the model's wrong answers are accepted", _where(study.log_loss.model > 0, guess == acted, acted),
         _where(study.ref_loss.model > 0, then == did, did), 1 - SHARE, ("missing_guardrail", "over_reliance")),
    ]  # fmt: skip
    if study.binary:
        tried.append(
            ("of the model's alarms are set aside", _where(guess == 1, acted != 1, acted),
             _where(then == 1, did != 1, did), 0.5, ("ignored_alerts",))
        )  # fmt: skip
    for text, now, base, most, refutes in tried:
        got = still(study, now, base, SHARE)
        # what was bad from the first row on is as before where there is no reference, and bad
        if got is not None and not (study.own_reference and got[0] > most):
            level, high, n = got
            said = f"{percent(level)} {text}: as before, a rise by more than {points(max(high, 0.0))} is ruled out."
            yield make(study, NAME, "", said, strength=0.0, z=0.0, effect=high, unit="share of answers", n=n,
                       refutes=refutes, threshold=SHARE)  # fmt: skip


def _where(rows: Mask, flags: Mask, known: Floats) -> Floats:
    """Give 1 and 0 for the flags of some rows, NaN elsewhere and where nobody decided."""
    return np.where(rows & ~np.isnan(known), flags.astype(float), np.nan)


def _cost(study: Study) -> Iterator[Evidence]:
    """A row costs no more than it did."""
    cost = study.log.cost
    size = mean_of(np.abs(cost), 0.0)
    got = still(study, cost / size, study.ref.cost / size, COST) if size > 0 else None
    if got is not None:
        most = percent(max(got[1], 0.0))
        text = f"A row costs {got[0] * size:.4g} on average as before; dearer by more than {most} it is not."
        yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=got[1], unit="part", n=got[2],
                   refutes=("goal_misaligned",), threshold=COST)  # fmt: skip


def _sources(study: Study) -> Iterator[Evidence]:
    """No part of the traffic and nobody who labels has labels that fit the answers worse than those of all others."""
    if study.regression:
        return
    # who decides the odd cases has not labelled them
    labelled_by = {"decider": study.log.decider} if np.isnan(study.log.decision).all() else {}
    sources = {n: c for n, c in {**study.log.segments, **labelled_by}.items() if len(c.names) > 1}
    each = [_apart(study.log_loss.model, codes) for codes in sources.values()]
    ends = [e for one in each for e in one]
    if not ends or not all(each) or max(ends) >= SHARE:
        return
    text = (
        f"At no value of {', '.join(sorted(sources)[:3])}{' and others' if len(sources) > 3 else ''} do labels "
        f"contradict the model more often than at the rest by more than {points(max(*ends, 0.0))}: no source feeds "
        "labels of its own."
    )
    yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=max(ends), unit="share of labels", n=len(study.log),
               refutes=("poisoned_data",), threshold=SHARE)  # fmt: skip


def _groups(study: Study) -> Iterator[Evidence]:
    """Scores come true alike in every group, in the reference as well: nothing bent its labels against one."""
    if not study.binary:
        return
    now = _ends(study.log, study.mature)
    if now and max(now) < CHANCE:
        text = f"The same score stands for the same chance in every group, to {percent(max(now))}."
        yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=max(now), unit="probability", n=len(study.log),
                   refutes=("calibration_gap",), threshold=CHANCE)  # fmt: skip
        then = [] if study.own_reference else _ends(study.ref, None)
        if then and max(then) < CHANCE:
            text = (
                f"In the reference too labels fall alike in every group at equal scores, to {percent(max(then))}: they "
                "are bent against none, unless the log's are in the same way."
            )
            yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=max(then), unit="probability",
                       n=len(study.ref), refutes=("biased_labels",), threshold=CHANCE)  # fmt: skip


def _ends(sample: Sample, mature: Mask | None) -> list[float]:
    """Give how far label less score may lie apart between the groups; empty where one of them cannot be judged."""
    x = _beyond(sample, mature)
    some = [_apart(x, codes, both=True) for codes in sample.groups.values()]
    return [] if not all(some) else [e for ends in some for e in ends]


def _beyond(sample: Sample, mature: Mask | None) -> Floats:
    """Give label less score, which is 0 on average where scores come true; NaN without a score that is a chance."""
    score = sample.score
    if not is_probability(score):
        return np.full(len(score), np.nan)
    label = sample.label if mature is None else np.where(mature, sample.label, np.nan)
    out: Floats = label - score
    return out


def _apart(x: Floats, codes: Codes, *, both: bool = False) -> list[float]:
    """Give how far above the rest's (or on ``both`` sides of it) the mean of each value may lie: upper ends of 95 %.

    Empty where one of the values has too few rows to say, or there are none to compare.
    """
    if len(codes.names) < 2:
        return []
    ends = []
    for place in range(len(codes.names)):
        mine = codes.codes == place
        if (~np.isnan(x[mine])).sum() < LEAST or (~np.isnan(x[~mine])).sum() < LEAST:
            return []
        _, _, (low, high), _ = difference(x[~mine], x[mine])
        ends.append(max(high, -low) if both else high)
    return ends
