"""What was looked at and is as it was (floor 4): the findings that speak against the suspects nobody need chase.

A detector that finds nothing says nothing, and a reader at night cannot tell silence from not having looked. Each check
here gives the number itself, and speaks against a mechanism only where a change that counts would have been seen: the
upper end of its 95 % interval lies below that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.calibration import line, stated
from toolkit.detectors.evidence import Evidence, difference, make, not_testable, percent, points
from toolkit.detectors.service import again
from toolkit.detectors.study import Study, implied_threshold, known, seen
from toolkit.profile.model import Floats
from toolkit.timeline.change import find_change

NAME: Final = "unmoved"
LEAST: Final = 100
#: The least rise of a share that counts, and of a latency's logarithm (a fifth).
SHARE: Final = 0.02
SLOWER: Final = float(np.log(1.2))


def detect(study: Study) -> list[Evidence]:
    """Say what stayed: failures, answer times, repeats, missing values, stated chances, the cut, the known sites."""
    return [
        *_shares(study),
        *_latency(study),
        *_calibrated(study),
        *_cut(study),
        *_sites(study),
        *_untold(study),
    ]


def still(study: Study, x: Floats, base: Floats, most: float) -> tuple[float, float, int] | None:
    """Give level, upper end of the rise and rows of a series that did not rise by ``most``; ``None`` if it may have.

    Of what came in none of n rows three in n are not ruled out (Hanley and Lippman-Hand 1983).
    """
    own = study.own_reference or (~np.isnan(base)).sum() < 15
    have = x[~np.isnan(x)]
    if len(have) < LEAST or find_change(x, reference=None if own else study.stats(base)).found:
        return None
    usual, now = (have[: len(have) // 3], have[len(have) // 3 :]) if own else (base, have)
    rise, _, (_, high), _ = difference(usual, now)
    if not now.any():
        high = max(high, 3 / len(now) - float(np.nanmean(usual)))
    return (float(have.mean()), high, len(have)) if np.isfinite(rise) and high < most else None


def _shares(study: Study) -> Iterator[Evidence]:
    """Requests that failed, rows that repeat an earlier one, values that did not come."""
    log, ref = study.log, study.ref
    repeats, then = again(log), again(ref)
    blank = np.full(len(ref), np.nan)
    rise = {n: float((1.0 - known(c)).mean() - (1.0 - known(ref.features[n])).mean()) for n, c in log.features.items()}
    worst = max(rise, key=lambda n: rise[n], default="")
    gone = (1.0 - known(log.features[worst]), 1.0 - known(ref.features[worst])) if rise else (None, blank)
    tried = [
        ("of the requests failed", 1 - log.ok, 1 - ref.ok, ("errors", "timeouts")),
        ("of the rows repeat an earlier request", None if repeats is None else repeats.astype(float),
         blank if then is None else then.astype(float), ("duplicated_requests",)),
        (f"of the values of {worst} are missing, the feature that misses most", *gone,
         ("missing_values", "schema_change")),
    ]  # fmt: skip
    for text, now, base, refutes in tried:
        got = None if now is None else still(study, now, base, SHARE)
        if got is not None:
            level, high, n = got
            said = f"{percent(level)} {text}: as before, a rise by more than {points(max(high, 0.0))} is ruled out."
            yield make(study, NAME, "", said, strength=0.0, z=0.0, effect=high, unit="share of rows", n=n,
                       refutes=refutes, threshold=SHARE)  # fmt: skip


def _latency(study: Study) -> Iterator[Evidence]:
    now, base = (np.log(np.where(s.latency_ms > 0, s.latency_ms, np.nan)) for s in (study.log, study.ref))
    got = still(study, now, base, SLOWER)
    if got is not None:
        most = percent(float(np.expm1(got[1])))
        text = f"Answers take {np.exp(got[0]):.3g} ms as before; slower by more than {most} they are not."
        yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=float(np.expm1(got[1])), unit="part", n=got[2],
                   refutes=("latency", "timeouts"), threshold=0.2)  # fmt: skip


def _calibrated(study: Study) -> Iterator[Evidence]:
    now = stated(study, study.log, study.mature)
    got = line(*now) if now is not None else None
    if got is not None and got.slope - 1.96 * got.error > 0.85:
        text = (
            f"Stated probabilities come true: the recalibration has slope {got.slope:.2f} "
            f"({got.slope - 1.96 * got.error:.2f} to {got.slope + 1.96 * got.error:.2f}; below 1 is too sure)."
        )
        yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=got.slope, unit="slope of recalibration",
                   interval=(got.slope - 1.96 * got.error, got.slope + 1.96 * got.error), n=got.n,
                   refutes=("overconfidence",), threshold=0.85)  # fmt: skip


def _cut(study: Study) -> Iterator[Evidence]:
    """The score from which on the answer is yes, in both halves and in the baseline."""
    answers = study.log.decision if not np.isnan(study.log.decision).all() else study.log.prediction
    good = np.flatnonzero(~np.isnan(answers) & ~np.isnan(study.log.score))
    if not study.binary or len(good) < 2 * LEAST:
        return
    halves = np.array_split(good, 2)
    if min(len(np.unique(answers[h])) for h in halves) < 2:
        return
    cuts = [implied_threshold(study.log.score[h], answers[h]) for h in halves]
    between = [float(((s >= min(cuts[0][0], cuts[1][0])) & (s < max(cuts[0][0], cuts[1][0]))).mean())
               for s in (study.log.score[h] for h in halves)]  # fmt: skip
    if max(c[1] for c in cuts) > 0.005 or max(between) > 0.005:
        return
    text = (
        f"The answer is yes from a score of {cuts[0][0]:.4g} on in both halves of the log: the threshold stood still."
    )
    yield make(study, NAME, "", text, strength=0.0, z=0.0, effect=cuts[1][0] - cuts[0][0], unit="score", n=len(good),
               refutes=("threshold_misconfigured",))  # fmt: skip


def _sites(study: Study) -> Iterator[Evidence]:
    """No value of a segment is new."""
    told = {n: c for n, c in study.log.segments.items() if n in study.ref.segments and seen(study.ref.segments[n])}
    if study.own_reference or not told or any(seen(c) - seen(study.ref.segments[n]) for n, c in told.items()):
        return
    text = f"Every value of {', '.join(sorted(told)[:3])} that was served is in the reference: no new site."
    yield make(study, NAME, "", text, strength=0.0, z=0.0, refutes=("pilot_did_not_generalise",))


def _untold(study: Study) -> Iterator[Evidence]:
    """What columns that are not there would have to tell."""
    if np.isnan(study.log.cost).all():
        yield not_testable(NAME, ("goal_misaligned",), "The log has no cost.")
    if not study.log.segments and not study.log.decider.names:
        yield not_testable(NAME, ("poisoned_data",), "No column says where labels come from.")
    if np.isnan(study.log.ok).all() and np.isnan(study.log.latency_ms).all():
        yield not_testable(NAME, ("errors", "timeouts", "latency"), "The log has neither status nor latency.")
