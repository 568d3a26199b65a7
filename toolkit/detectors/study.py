"""What every detector looks at (floor 4): the profile's rows, split into baseline and log, with their losses.

The baseline is the reference's validation rows, else its training rows, else the log's own earliest healthy part.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from toolkit.detectors.bands import in_bands
from toolkit.detectors.calendar import of_the_clock, of_the_season
from toolkit.detectors.costs import with_costs
from toolkit.detectors.level import Level, learn
from toolkit.detectors.matrices import Design, design
from toolkit.detectors.maturity import mature
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.values import mean_of
from toolkit.profile.model import LOG, REFERENCE, TRAIN, Codes, Column, Floats, Mask, Profile, Sample
from toolkit.timeline.change import Change, find_change
from toolkit.timeline.rhythm import without_rhythm
from toolkit.timeline.waves import waves

Baseline = Literal["validation", "train", "early_log"]

#: Fewer labelled baseline rows than this say nothing.
LEAST_ROWS: Final = 15

#: The part of a log, of its known rows, that counts as its beginning.
_FIRST: Final = 0.34

#: Deviations from which on decisions are surely better than the model was on the baseline.
_SURELY: Final = 3.0


@dataclass(frozen=True)
class Losses:
    """Loss of each row, NaN where it cannot be known.

    ``final`` is the loss of what was finally done (the decision, else the prediction), ``model`` that of the
    prediction; 0 or 1 in classification, the absolute error in the label's unit in regression, at the baseline's usual
    level of answers where its errors grow with them. ``brier`` is the squared distance of the score from the label
    (binary), NaN elsewhere.
    """

    final: Floats
    model: Floats
    brier: Floats


@dataclass(frozen=True)
class Study:
    """A profile, ready to be looked at. ``mature`` marks log rows whose labels can be believed (``maturity``)."""

    profile: Profile
    train: Sample | None
    ref: Sample
    log: Sample
    baseline: Baseline
    mature: Mask
    threshold: float
    level: Level | None = None

    @property
    def regression(self) -> bool:
        """Whether the label is a number."""
        return self.profile.task == "regression"

    @property
    def binary(self) -> bool:
        """Whether there are two classes."""
        return self.profile.task == "binary"

    @property
    def own_reference(self) -> bool:
        """Whether the log is held to a reference of its own making (its early part)."""
        return self.baseline == "early_log"

    @cached_property
    def ref_loss(self) -> Losses:
        """Losses of the baseline rows."""
        return losses(self.ref, self.threshold, self.profile.task, self.level)

    @cached_property
    def log_loss(self) -> Losses:
        """Losses of the log rows; NaN where the label is not mature."""
        got = losses(self.log, self.threshold, self.profile.task, self.level)
        hide = np.where(self.mature, 0.0, np.nan)
        return Losses(got.final + hide, got.model + hide, got.brier + hide)

    @cached_property
    def train_loss(self) -> Losses | None:
        """Losses of the training rows, where the reference tells them apart."""
        return None if self.train is None else losses(self.train, self.threshold, self.profile.task, self.level)

    @cached_property
    def usual_error(self) -> float:
        """The median loss of the model's answers on the baseline; 0 where it is unknown."""
        known = self.ref_loss.model[~np.isnan(self.ref_loss.model)]
        return float(np.median(known)) if len(known) else 0.0

    @cached_property
    def loss_scale(self) -> float:
        """What a loss is measured by: the deviation of the log's labels where they are numbers, else one error."""
        return (float(np.nanstd(self.log.label)) or 1.0) if self.regression else 1.0

    def excess(self, rows: Mask | None = None) -> float:
        """Give by how much the loss of log rows, all together, exceeds the baseline's mean; 0 where that is unknown."""
        now = self.log_loss.final if rows is None else self.log_loss.final[rows]
        return float(np.nansum(now - mean_of(self.ref_loss.final)))

    def weight(self, sample: Sample) -> Floats:
        """Give by what each row's error counts as one of a usual answer; 1 where errors do not grow with answers."""
        if self.level is None:
            return np.ones(len(sample))
        return self.level.weight(predicted(sample, self.threshold, self.profile.task))

    def standing_for(self, rows: Mask) -> int:
        """Give how many rows of the log the marked ones, which may be a sample's, stand for."""
        return round(float(self.log.weight[rows].sum()))

    def residual(self, sample: Sample) -> Floats:
        """Give label less prediction of each row, at the usual level of answers."""
        return (sample.label - sample.prediction) * self.weight(sample)

    @cached_property
    def design(self) -> Design:
        """The features of baseline and log as one numeric matrix each."""
        return design(self.ref, self.log)

    @cached_property
    def seasonal(self) -> frozenset[str]:
        """The features that only tell the season of a row: they move as time does."""
        return frozenset(n for n, column in self.log.features.items() if of_the_season(self.log.time, column))

    @cached_property
    def clocked(self) -> frozenset[str]:
        """The features that only tell the hour or the season of a row."""
        told = self.log.features.items()
        return frozenset(n for n, column in told if of_the_clock(self.log.time, column, self.in_order))

    @cached_property
    def in_order(self) -> InOrder:
        """Gives the known values of an array sorted, those of a feature's column once for all who ask."""
        return InOrder((*self.ref.features.values(), *self.log.features.values()))

    @cached_property
    def numbers(self) -> dict[str, tuple[Floats, Floats]]:
        """Baseline and log of each feature that is a number in both."""
        pairs = ((name, self.ref.features[name], column) for name, column in self.log.features.items())
        return {n: (x, y) for n, x, y in pairs if not isinstance(x, Codes) and not isinstance(y, Codes)}

    @cached_property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Mean and deviation (1 where it is 0) of each feature that is a number in the baseline and known there."""
        return {
            name: (float(np.nanmean(base)), float(np.nanstd(base)) or 1.0)
            for name, base in self.ref.features.items()
            if not isinstance(base, Codes) and not np.isnan(base).all()
        }

    @cached_property
    def mature_label(self) -> Floats:
        """Label of the log rows; NaN where it is not mature. Not to be written to."""
        return np.where(self.mature, self.log.label, np.nan)

    @cached_property
    def has_labels(self) -> bool:
        """Whether enough mature labels are in the log to speak of errors."""
        return int((~np.isnan(self.log_loss.final)).sum()) >= LEAST_ROWS

    @cached_property
    def by_cut(self) -> bool:
        """Whether the log has scores and decisions and no answers, and a cut on the score, that may move, decides all.

        Then nobody stands between the score and what is done: what differs from an answer of ours differs from
        nobody's.
        """
        log = self.log
        known = np.flatnonzero(~np.isnan(log.decision) & ~np.isnan(log.score))
        if not np.isnan(log.prediction).all() or len(known) < 2 * LEAST_ROWS or not self.binary:
            return False
        parts = np.array_split(known, 8)  # a cut that moved within one of them leaves it undecided
        missed = [implied_threshold(log.score[rows], log.decision[rows])[1] for rows in parts]
        return bool(np.sort(missed)[-2] < 0.01)

    @cached_property
    def final_change(self) -> Change:
        """Change of the final loss over the log."""
        return self.changed(self.log_loss.final, self.ref_final)

    @cached_property
    def ref_final(self) -> Floats:
        """Final loss of the baseline; unknown where people decided in the log but not in the baseline."""
        undecided = np.isnan(self.ref.decision).all() and not np.isnan(self.log.decision).all()
        return np.full(len(self.ref), np.nan) if undecided else self.ref_loss.final

    @cached_property
    def reached(self) -> Floats:
        """The model's loss of the log rows as it reached anybody, to be held to its loss on the baseline.

        Where people decided in the log alone, and what was done is surely better than what the model did on the
        baseline, it is theirs: what the model errs more than there was righted.
        """
        final, model = self.log_loss.final, self.log_loss.model
        if not np.isnan(self.ref_final).all():
            return model
        then, now = (x[~np.isnan(x)] for x in (self.ref_loss.model, final))
        if min(len(then), len(now)) < LEAST_ROWS:
            return model
        error = float(np.sqrt(then.var() / len(then) + now.var() / len(now)))
        return final if now.mean() - then.mean() < -_SURELY * error else model

    @cached_property
    def model_change(self) -> Change:
        """Change of the model's loss over the log."""
        return self.changed(self.log_loss.model, self.ref_loss.model)

    @cached_property
    def brier_change(self) -> Change:
        """Change of the squared error of the score over the log."""
        return self.changed(self.log_loss.brier, self.ref_loss.brier)

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What a detector worked out once and another asks for again, by the name of what it is."""
        return {}

    def ref_slice(self, term: tuple[str, str] | None) -> Mask:
        """Mark the baseline rows of a segment value; all of them without one, or where the baseline has too few."""
        everything = np.ones(len(self.ref), dtype=bool)
        if term is None or term[0] not in self.ref.segments or term[1] not in self.ref.segments[term[0]].names:
            return everything
        codes = self.ref.segments[term[0]]
        mine = codes.rows_of(term[1])
        return mine if mine.sum() >= 50 else everything

    def stats(self, x: Floats) -> tuple[float, float, float] | None:
        """Give mean, variance and number of a baseline series; ``None`` for a baseline within the log."""
        if self.own_reference:
            return None
        known = x[~np.isnan(x)]
        if len(known) < LEAST_ROWS:
            return None
        return float(known.mean()), float(known.var()), float(len(known))

    def changed(self, now: Floats, then: Floats) -> Change:
        """Find the change of a series of the log, held to the baseline's and to how long its values hang together."""
        own, served = self.hang(then)
        usual = self.stats(then)
        usual = usual and (usual[0], usual[1], usual[2] / own)
        found = find_change(now, reference=usual, waves=served, memory=max(served, self.memory))
        plain = without_rhythm(now, self.log.time) if self.regression and not found.found else now
        if plain is now:
            return found
        return find_change(plain, reference=usual, waves=served, memory=max(served, self.memory))

    @cached_property
    def memory(self) -> float:
        """Rows in a row of the log that tell as much as one, by the baseline's errors with their signs."""
        return self.hang(self.residual(self.ref))[1] if self.regression else 1.0

    def hang(self, then: Floats) -> tuple[float, float]:
        """Give by how much the variance of a mean is raised since the baseline's values hang together in time.

        Args:
            then: values of the baseline rows.

        Returns:
            The factor (``waves``) of baseline rows, and that of log rows, which may lie denser in time; 1 where the
            baseline has no times to be in the order of.
        """
        there = _density(self.ref.time)
        if len(then) != len(self.ref) or there <= 0 or np.isnan(self.ref.time).any():
            return 1.0, 1.0
        key = f"waves {id(then)}"
        if key not in self.memo:  # kept with its series, so that no other has its id
            self.memo[key] = then, waves(without_rhythm(then, self.ref.time))
        own: float = self.memo[key][1]
        denser = 1.0 if self.own_reference else _density(self.log.time) / there
        return own, 1.0 + (own - 1.0) * denser


def _density(time: Floats) -> float:
    """Give the rows a second between the first and the last; 0 where times are unknown."""
    known = time[~np.isnan(time)]
    return len(known) / float(np.ptp(known)) if len(known) and np.ptp(known) > 0 else 0.0


def first_known(x: Floats) -> Floats:
    """Give the first known third of a log series: what serving looked like before anything could change."""
    there = x[~np.isnan(x)]
    return there[: max(int(len(there) * _FIRST), min(len(there), LEAST_ROWS))]


def predicted(sample: Sample, threshold: float, task: str) -> Floats:
    """Give the prediction, or the class that the score implies where there is no prediction column."""
    if task == "binary" and np.isnan(sample.prediction).all() and not np.isnan(sample.score).all():
        return np.where(np.isnan(sample.score), np.nan, (sample.score >= threshold).astype(float))
    if task == "regression" and np.isnan(sample.prediction).all():
        return sample.score
    return sample.prediction


def losses(sample: Sample, threshold: float, task: str, level: Level | None = None) -> Losses:
    """Compute the losses of rows; an answer that never came is an error where the label is known."""
    guess = predicted(sample, threshold, task)
    final = np.where(np.isnan(sample.decision), guess, sample.decision)
    label = sample.label

    def loss(answer: Floats) -> Floats:
        if task == "regression":
            # where nothing was answered, the loss is that of the plainest answer there is
            usual = float(np.median(label[~np.isnan(label)])) if (~np.isnan(label)).any() else np.nan
            silent = np.isnan(answer) & (not np.isnan(answer).all())
            off = np.abs(np.where(silent, usual, answer) - label)
            return off if level is None else off * level.weight(guess)
        wrong = (answer != label).astype(float)
        if np.isnan(answer).all():
            return np.full(len(answer), np.nan)
        return np.where(np.isnan(label), np.nan, wrong)

    brier = np.full(len(label), np.nan)
    if task == "binary" and is_probability(sample.score):
        brier = (sample.score - label) ** 2
    return Losses(loss(final), loss(guess), brier)


def is_probability(score: Floats) -> bool:
    """Whether there are scores, and all of them lie between 0 and 1."""
    known = score[~np.isnan(score)]
    return len(known) > 0 and float(known.min()) >= 0.0 and float(known.max()) <= 1.0


def make_study(profile: Profile) -> Study:
    """Split a profile into baseline and log."""
    sample = in_bands(profile.sample)
    log = sample.take(sample.part == LOG)
    validation, train = sample.take(sample.part == REFERENCE), sample.take(sample.part == TRAIN)
    believed = mature(log, profile.task)
    baseline: Baseline = "validation"
    ref = validation
    if len(validation) < LEAST_ROWS:
        ref, baseline = train, "train"
    threshold = _threshold(ref if len(ref) else log)
    log, ref = (with_costs(s, losses(s, threshold, profile.task).final) for s in (log, ref))
    own = len(ref) < LEAST_ROWS
    level = _level(log.take(np.arange(len(log)) < len(log) // 3) if own else ref, threshold, profile.task)
    if own:
        ref, baseline = log.take(_early(log, believed, threshold, profile.task, level)), "early_log"
    return Study(profile, train if len(train) else None, ref, log, baseline, believed, threshold, level)


def _level(healthy: Sample, threshold: float, task: str) -> Level | None:
    """Learn how errors grow with answers."""
    if task != "regression":
        return None
    return learn(predicted(healthy, threshold, task), losses(healthy, threshold, task).model)


def _early(log: Sample, believed: Mask, threshold: float, task: str, level: Level | None) -> Mask:
    """Give the log's earliest healthy part: all before the first change of the loss, at least a tenth of it."""
    n = len(log)
    loss = np.where(believed, losses(log, threshold, task, level).final, np.nan)
    change = find_change(loss)
    if task == "regression" and not change.found:
        change = find_change(without_rhythm(loss, log.time))
    end = n // 3
    if change.shape in ("step", "ramp", "pulse"):
        end = min(max(change.start, n // 10), n - 1)
    rows = np.zeros(n, dtype=bool)
    rows[: max(end, min(n, LEAST_ROWS))] = True
    return rows


def _threshold(sample: Sample) -> float:
    """Give the score that separates the decisions (or predictions) of these rows best; 0.5 where nothing tells."""
    answer = sample.prediction if not np.isnan(sample.prediction).all() else sample.decision
    known = ~np.isnan(answer) & ~np.isnan(sample.score)
    if known.sum() < 10 or len(np.unique(answer[known])) != 2:
        return 0.5
    return implied_threshold(sample.score[known], answer[known])[0]


def implied_threshold(score: Floats, answer: Floats) -> tuple[float, float]:
    """Find the threshold that separates answers 1 from 0 best.

    Returns:
        The threshold (positive where score >= it) and the share of rows that it gets wrong.
    """
    order = np.argsort(score)  # equal scores stay together, in whichever order
    s, a = score[order], answer[order]
    below = np.concatenate(([0.0], np.cumsum(a)))
    above = np.concatenate((np.cumsum((1 - a)[::-1])[::-1], [0.0]))
    cuts = np.concatenate(([True], s[1:] > s[:-1], [True]))
    wrong = np.where(cuts, below + above, np.inf)
    best = int(np.argmin(wrong))
    if best == 0:
        cut = float(s[0])
    elif best == len(s):
        cut = float(np.nextafter(s[-1], np.inf))
    else:
        cut = float((s[best - 1] + s[best]) / 2)
    return cut, float(wrong[best] / len(s))


def known(column: Column) -> Mask:
    """Mark the rows where a feature has a value."""
    return column.codes >= 0 if isinstance(column, Codes) else ~np.isnan(column)


def seen(column: Codes) -> frozenset[str]:
    """Give the values that really occur in a column of text (its list of names may hold those of other rows too)."""
    have = column.codes[column.codes >= 0]
    return frozenset(column.names[i] for i in np.flatnonzero(np.bincount(have)))


def new_to(column: Codes, held: Collection[str]) -> Mask:
    """Mark the rows of a text column with a value that is not among those ``held``; a missing one is no value."""
    return np.array([*(value not in held for value in column.names), False])[column.codes]
