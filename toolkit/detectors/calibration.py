"""Do stated probabilities come true (floor 4)? A recalibration line a + b logit(p), of all rows and of each group.

A slope well below 1 says that the model is surer than it is right (Cox 1958). A group whose own line lies elsewhere
than that of all others is promised something else than they are. Both are harm of the probabilities, whether or not the
accuracy moves. A group that stood apart in the baseline and does so no more, from the first row on, was written down
otherwise in the labels that taught the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import (
    Evidence,
    difference,
    first_half,
    from_start,
    logistic,
    make,
    percent,
    probability,
)
from toolkit.detectors.generalisation import naive_loss, unskilled
from toolkit.detectors.study import Study, is_probability
from toolkit.profile.model import Floats, Ints, Mask, Sample
from toolkit.records import SliceTerm

NAME = "calibration"
LEAST_ROWS: Final = 60
LEAST_Z: Final = 3.3
#: How much surer than right a model is when that is as likely a fault as a habit of its kind; and where no reference
#: says what was promised.
COUNTS, COUNTS_ALONE = 0.05, 0.10
#: However seldom a model errs, it is no fault below so much.
LITTLE: Final = 0.02


@dataclass(frozen=True)
class Line:
    """``logit P(y) = shift + slope x`` with the slope's standard error, the log-likelihood and the rows it is of."""

    shift: float
    slope: float
    error: float
    likelihood: float
    n: int

    def __call__(self, x: Floats) -> Floats:
        """Give the recalibrated probabilities."""
        return probability(self.shift + self.slope * x)


@dataclass(frozen=True)
class Apart:
    """A group whose probabilities come true otherwise than those of the rest.

    ``shift`` is how far apart the two lines put a probability, on average, ``z`` how surely; ``early`` and ``late``
    are the shift in both halves of the log, ``before`` and ``before_z`` what they were in the baseline. ``worse`` says
    that this side's probabilities are farther from the truth than the rest's.
    """

    column: str
    value: str
    shift: float
    z: float
    surer: bool
    worse: bool
    early: float
    late: float
    before: float
    before_z: float
    rows: Mask


def detect(study: Study) -> list[Evidence]:
    """Look for overconfidence, for groups whose probabilities come true otherwise, and for labels bent against one."""
    now = stated(study, study.log, study.mature)
    if now is None:
        return []
    apart = list(groups_apart(study, now))
    gaps = [e for a in apart if (e := _gap(study, a)) is not None]
    gaps.sort(key=lambda e: -e.strength * min(e.z, 12))
    bent = [e for a in apart if (e := _bent(study, a)) is not None]
    bent.sort(key=lambda e: -e.z)
    confined = any(e.strength > 0.4 and e.finding.details["surer"] for e in gaps)
    return [*_overconfident(study, now, confined=confined), *gaps[:1], *bent[:1]]


def stated(study: Study, sample: Sample, mature: Mask | None) -> tuple[Floats, Floats] | None:
    """Give the logit of what the model stated and whether it came true (NaN where unknown); ``None`` without scores.

    Of two classes it is the score and the label, of more the score of the answer and whether the answer was right.
    """
    score = sample.score
    if study.regression or not is_probability(score):
        return None
    if np.isin(score[~np.isnan(score)], (0.0, 1.0)).all():
        return None  # an answer written as a score states no chance
    came = sample.label if mature is None else np.where(mature, sample.label, np.nan)
    if not study.binary:
        unknown = np.isnan(came) | np.isnan(sample.prediction)
        came = np.where(unknown, np.nan, (came == sample.prediction).astype(float))
    p = np.clip(score, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p)), np.where(np.isnan(p), np.nan, came)


def line(x: Floats, y: Floats) -> Line | None:
    """Fit a recalibration line by Newton's method with halved steps, pulled faintly to (0, 1); ``None`` with little."""
    good = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[good], y[good]
    if len(x) < LEAST_ROWS or min(y.sum(), (1 - y).sum()) < 5:
        return None
    goal, pull, squares = np.array([0.0, 1.0]), 0.5, x * x

    def told(w: Floats) -> tuple[Floats, float]:
        p = probability(w[0] + w[1] * x)
        return p, likelihood(p, y) - pull / 2 * float((w - goal) @ (w - goal))

    def curved(p: Floats) -> Floats:
        v = p * (1 - p)
        across = float(v @ x)
        return np.array([[float(v.sum()) + pull, across], [across, float(v @ squares) + pull]])

    at = np.array([0.0, 0.5])
    p, worth = told(at)
    for _ in range(30):
        off = y - p
        step = np.linalg.solve(curved(p), np.array([float(off.sum()), float(off @ x)]) - pull * (at - goal))
        size, (p, new) = 1.0, told(at + step)
        while size > 1e-3 and new < worth:
            size /= 2
            p, new = told(at + size * step)
        at, worth = at + size * step, new
        if np.abs(size * step).max() < 1e-5:
            break
    bend = curved(p)
    return Line(float(at[0]), float(at[1]), float(np.sqrt(np.linalg.inv(bend)[1, 1])), likelihood(p, y), len(x))


def likelihood(p: Floats, y: Floats) -> float:
    """Give the log-likelihood of outcomes, 0 or 1, under probabilities."""
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return float(np.log(np.where(y == 1, p, 1 - p)).sum())


def groups_apart(study: Study, now: tuple[Floats, Floats]) -> Iterator[Apart]:
    """Compare the line of every group value with that of the rest."""
    then = None if study.own_reference else stated(study, study.ref, None)
    half = first_half(~np.isnan(now[0]) & ~np.isnan(now[1]))
    for column, codes in study.log.groups.items():
        if len(codes.names) < 2:
            continue
        whole, *halves = (_Lines(*now, np.where(rows, codes.codes, -1)) for rows in (True, half, ~half))
        there = study.ref.groups.get(column)
        base = None if there is None or then is None else _Lines(*then, there.codes)
        for place, value in enumerate(codes.names):
            got = whole.compare(place)
            if got is None:
                continue
            shift, z, surer, worse = got
            before, before_z = float("nan"), 0.0
            if base is not None and there is not None and value in there.names:
                before, before_z, *_ = base.compare(there.names.index(value)) or (before, before_z)
            # what stands apart neither now nor before is no finding
            told = (z >= LEAST_Z and worse) or before_z >= LEAST_Z
            early, late = ((h.compare(place) or (float("nan"),))[0] if told else float("nan") for h in halves)
            mine = codes.codes == place
            yield Apart(column, value, shift, z, surer, worse, early, late, before, before_z, mine)


class _Lines:
    """The lines of some rows by group value, each fitted once: of two values the rest of one is the other."""

    def __init__(self, x: Floats, y: Floats, codes: Ints) -> None:
        good = (codes >= 0) & ~np.isnan(x) & ~np.isnan(y)
        self.x, self.y, self.codes = x[good], y[good], codes[good]
        self.two = len(self.codes) > 0 and int(self.codes.max()) == 1
        self.fitted: dict[tuple[int, bool], Line | None] = {}

    def line(self, rows: Mask, place: int, *, rest: bool) -> Line | None:
        """Give the line of a value's rows, or of all others."""
        key = (1 - place, False) if rest and self.two else (place, rest)
        if key not in self.fitted:
            self.fitted[key] = line(self.x[rows], self.y[rows])
        return self.fitted[key]

    def compare(self, place: int) -> tuple[float, float, bool, bool] | None:
        """Give how far a value's line and the rest's lie apart on its rows, how surely, who is surer and worse off."""
        mine = self.codes == place
        own, other = self.line(mine, place, rest=False), self.line(~mine, place, rest=True)
        return None if own is None or other is None else _compare(self.x, self.y, mine, own, other)


def _compare(x: Floats, y: Floats, mine: Mask, own: Line, other: Line) -> tuple[float, float, bool, bool]:
    # the other line is an estimate too: its noise is in the gain as that of the own one is
    here = x[mine]
    theirs = other(here)
    gain = (own.likelihood - likelihood(theirs, y[mine])) * other.n / (other.n + own.n)
    shift = float(np.abs(own(here) - theirs).mean())
    worse = _lost(own, here, y[mine]) > _lost(other, x[~mine], y[~mine])
    return shift, _z_of_gain(gain), own.slope < other.slope, worse


def _lost(fitted: Line, x: Floats, y: Floats) -> float:
    """Give the log loss a row that the stated probabilities lose against the recalibrated ones."""
    return (fitted.likelihood - likelihood(probability(x), y)) / max(fitted.n, 1)


def _z_of_gain(gain: float) -> float:
    """Give z of a gain in log-likelihood by two parameters: twice the gain is chi-square, so that p = exp(-gain)."""
    twice = 2.0 * max(gain, 0.0)
    return float(np.sqrt(max(twice - np.log(2 * np.pi) - np.log(max(twice, 1.0)), 0.0)))


def _overconfident(study: Study, now: tuple[Floats, Floats], *, confined: bool) -> list[Evidence]:
    """A slope below 1 in the log and in the baseline alike: the model says more than it knows, and always did."""
    got = line(*now)
    # where one and the same answer would do as well, more is wrong than the sureness
    if got is None or (study.own_reference and unskilled(study, study.log_loss.model)):
        return []
    then = None if study.own_reference else stated(study, study.ref, None)
    base = line(*then) if then is not None else None
    z = (1.0 - got.slope) / got.error
    if z < 4 or got.slope > 0.85:
        return []
    _, _, _, worse = difference(study.ref_loss.model, study.log_loss.model)
    # where accuracy itself fell, confidence beyond it is a consequence; on its own it is the fault
    kept = logistic(3 * (2.5 - worse)) if np.isfinite(worse) else 0.5
    always = logistic(12 * (0.85 - base.slope)) if base is not None else 0.9 if study.own_reference else 0.3
    over, errs = _over(study)
    strength = logistic(18 * (0.7 - got.slope)) * (0.25 + 0.75 * kept) * (0.1 + 0.9 * always) * _generalised(study)
    # most flexible models are a little too sure; that hurts nobody until it is by points that count, or until the model
    # errs twice as often as it says: of one that errs seldom few points are many
    counts = COUNTS_ALONE if study.own_reference else min(COUNTS, max(errs / 2, LITTLE))
    strength *= logistic(90 * (over - counts)) * _from_the_first(now)
    if strength < 0.06:
        return []
    text = (
        f"Odds that the model states come true as odds to the power of {got.slope:.2f} (1 is calibrated): "
        f"it is {percent(over)} surer of its answers than they are right"
    ) + (f"; {base.slope:.2f} on the reference." if base is not None else ".")
    return [
        make(
            study,
            "overconfidence",
            "overconfidence",
            text,
            strength=strength * (0.3 if confined else 1.0),
            z=z,
            change=from_start(study),
            effect=got.slope,
            unit="slope of recalibration",
            interval=(got.slope - 1.96 * got.error, got.slope + 1.96 * got.error),
            n=got.n,
        )
    ]


def _over(study: Study) -> tuple[float, float]:
    """Give how much surer the model is of its answers than they are right, and how often they are not."""
    score, sure, right = study.log.score, study.log.score, 1 - study.log_loss.model
    if study.binary:
        # the answers are those at even odds: a threshold elsewhere is a policy, not a belief
        sure = np.maximum(score, 1 - score)
        right = np.where(np.isnan(study.log_loss.model), np.nan, (score >= 0.5) == (study.log.label == 1))
    gap = sure - right
    known = ~np.isnan(gap)
    return (float(gap[known].mean()), float(1 - np.mean(right[known]))) if known.any() else (0.0, 0.0)


def _from_the_first(now: tuple[Floats, Floats]) -> float:
    """1 where the first half of the rows is as sure of itself as the second, less where only the second is."""
    x, y = now
    half = first_half(~np.isnan(x) & ~np.isnan(y))
    first, second = line(x[half], y[half]), line(x[~half], y[~half])
    if first is None or second is None:
        return 1.0
    z = (first.slope - second.slope) / float(np.hypot(first.error, second.error))
    return 0.2 + 0.8 * logistic(2 * (3.0 - z))


def _generalised(study: Study) -> float:
    """1 where the model kept its skill beyond its training rows, 0.4 where it lost it: then it trusts its memory."""
    if study.train_loss is None:
        return 1.0
    naive = naive_loss(study)
    trained, served = float(np.nanmean(study.train_loss.model)), float(np.nanmean(study.log_loss.model))
    return 1.0 - 0.6 * logistic(14 * (0.5 - max(naive - served, 0.0) / max(naive - trained, 1e-9)))


def _gap(study: Study, a: Apart) -> Evidence | None:
    """A group whose probabilities stand apart in both halves of the log, and in the baseline where that can be seen."""
    if a.z < LEAST_Z or not a.worse:
        return None
    parts = [p for p in (a.early, a.late) if np.isfinite(p)]
    steady = logistic(9 * (min(parts) / max(*parts, 1e-9) - 0.4)) if len(parts) == 2 else 0.7
    if np.isfinite(a.before):
        steady *= 0.45 + 0.55 * logistic(8 * (a.before / max(a.shift, 1e-9) - 0.3))
    loss = study.log_loss.model
    errs, _, _, z_errs = difference(loss[~a.rows], loss[a.rows])
    strength = logistic(90 * (a.shift - 0.045)) * steady * (0.7 if abs(z_errs) > 4 and abs(errs) > 0.04 else 1.0)
    if strength < 0.03:
        return None
    text = (
        f"Scores for {a.column} = {a.value} come true otherwise than those of the others: the same score stands for "
        f"probabilities {percent(a.shift)} apart (first half {percent(a.early)}, second half {percent(a.late)})."
    )
    return _made(study, a, "calibration_gap", text, strength, a.z, a.shift)


def _bent(study: Study, a: Apart) -> Evidence | None:
    """A group that stood apart in the baseline's labels and stands apart no more, from the first row on."""
    if a.before_z < 4 or a.before < 0.06 or a.shift > 0.5 * a.before or study.baseline == "early_log":
        return None
    codes = study.ref.groups[a.column]
    mine = codes.rows_of(a.value)
    label = study.mature_label
    was, now = (
        difference(study.ref.label[~mine], study.ref.label[mine])[0],
        difference(label[~a.rows], label[a.rows])[0],
    )
    if not study.binary or was > now - 0.03:  # named is the side that the baseline's labels put down
        return None
    strength = 0.9 * logistic(60 * (a.before - a.shift - 0.07))
    text = (
        f"In the reference {a.column} = {a.value} has positive labels {percent(-was)} less often than the others, in "
        f"the log {percent(-now)}: at equal scores the reference's labels fall {percent(a.before)} apart, the log's "
        f"{percent(a.shift)}."
    )
    return _made(study, a, "biased_labels", text, strength, a.before_z, a.before)


def _made(study: Study, a: Apart, mechanism: str, text: str, strength: float, z: float, effect: float) -> Evidence:
    return make(
        study,
        NAME,
        mechanism,
        text,
        strength=strength,
        z=z,
        change=from_start(study),
        rows=a.rows,
        effect=effect,
        unit="probability",
        n=int(a.rows.sum()),
        slice_=(SliceTerm(a.column, a.value),),
        details={"surer": a.surer, "early": a.early, "late": a.late, "before": a.before},
    )
