"""Did some of those who decide begin to decide otherwise, and worse (floor 4; human)?

Every decider is held to the others: what they decided in equal cases (features, label, the model's answer where there
is one) is what to expect of him, so that neither a change of the cases that came to him nor one of the world, which
everybody meets, is his doing, and one who always was more lenient changed nothing. A change of his own that costs
errors is people's. Levels are corrected for the number of deciders tried; those that changed alike are named together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.decisions import answers, by_machine, differ_from, override_kind
from toolkit.detectors.evidence import Evidence, difference, inside, logistic, make, percent, since
from toolkit.detectors.matrices import Matrix, taught
from toolkit.detectors.study import Study, predicted
from toolkit.detectors.values import mean_of
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.records import Event, SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "deciders"
#: Fewest rows of a decider, and fewest of his (and of the others') before and after a change.
LEAST: Final = 60
LEAST_SIDE: Final = 25
#: The deciders with most rows are tried, so many; of more rows than this none is needed to learn what is usual.
MOST: Final = 40
MOST_TAUGHT: Final = 4_000
#: A change that this share of the rows went through is everybody's, not that of some.
SOME: Final = 0.6
#: By what a change is told: what was decided, what it cost, or how often it was against the model.
_ANSWER, _LOSS, _AGAINST = 0, 1, 2


@dataclass(frozen=True)
class _Cases:
    """What was decided (NaN where it is no yes or no), its loss, and what describes a case: one row each of the log.

    ``against`` is 1 where it was decided otherwise than the model answered, which is known before any label;
    ``described`` says that more than the label does.
    """

    answer: Floats
    loss: Floats
    against: Floats
    known: Matrix
    described: bool

    def beyond(self, mine: Mask, others: Mask) -> tuple[Floats, Floats, Floats]:
        """Give answers, losses and overrides of some rows less those of others in equal cases, NaN elsewhere."""
        answer, loss, against = (_beyond(self.known, x, mine, others) for x in (self.answer, self.loss, self.against))
        return answer, loss, against


def detect(study: Study, events: Sequence[Event] = ()) -> list[Evidence]:
    """Cross whoever decided with time."""
    cases = _cases(study)
    if cases is None:
        return []
    found = [e for name, codes in _columns(study) if (e := _of_column(study, cases, name, codes, events)) is not None]
    return sorted(found, key=lambda e: -e.strength * e.z)[:1]


def _by_people(study: Study) -> bool:
    """Whether the log is a record of people: no model answered, or what they decided stands as the prediction."""
    if not np.isnan(study.log.score).all():
        return False
    return bool(np.isnan(study.log.prediction).all() or np.isnan(study.log.decision).all())


def _cases(study: Study) -> _Cases | None:
    log = study.log
    people = _by_people(study)
    if np.isnan(log.decision).all() and not people:
        return None  # nobody decided but the model
    answer = np.where(np.isnan(log.decision), log.prediction, log.decision)
    label = np.where(study.mature, log.label, np.nan)
    told = (label,) if people else (label, log.score, predicted(log, study.threshold, study.profile.task))
    known = study.design.log.beside(*told)
    described = not people or bool(log.features)
    unknown = np.full(len(log), np.nan)
    against = unknown if people else _against(study)
    return _Cases(answer if study.binary else unknown, study.log_loss.final, against, known, described)


def _against(study: Study) -> Floats:
    """Mark with 1 decisions other than the model's answer, with 0 those that follow it; NaN where one is unknown."""
    guess, decision, known = answers(study)
    return np.where(known > 0, differ_from(study, guess, decision).astype(float), np.nan)


def _columns(study: Study) -> list[tuple[str, Codes]]:
    """Give the column of deciders; without one, of a record of people, those that may hold them."""
    if len(study.log.decider.names) > 1:
        return [("decider", study.log.decider)]
    if np.isnan(study.log.decision).all() or not _by_people(study):
        return []
    return [(name, codes) for name, codes in study.log.segments.items() if 2 < len(codes.names) <= MOST]


def _of_column(study: Study, cases: _Cases, name: str, codes: Codes, events: Sequence[Event]) -> Evidence | None:
    usable = (codes.codes >= 0) & ~by_machine(study) & ~(np.isnan(cases.answer) & np.isnan(cases.loss))
    counts = np.bincount(codes.codes[usable], minlength=len(codes.names))
    tried = [int(i) for i in np.argsort(-counts, kind="stable")[:MOST] if counts[i] >= LEAST]
    if len(tried) < 2:
        return None
    raised = 2 * np.log(2 * len(tried))
    if len(tried) == 2:  # of two, only their own losses can say which of them is as usual
        worse = [i for i in tried if _change(np.where(codes.codes == i, cases.loss, np.nan), float(raised)).z > 0]
        tried = worse if len(worse) == 1 else []
    own = {i: (usable & (codes.codes == i), usable & (codes.codes != i)) for i in tried}
    series = {i: cases.beyond(*own[i]) for i in tried}
    best: tuple[float, int, int, Change] | None = None
    for i in tried:
        # where the label alone describes a case, harder cases look like worse decisions
        for by in (_ANSWER, _LOSS, _AGAINST) if cases.described else (_ANSWER,):
            change = _change(series[i][by], float(raised))
            if change.found and abs(change.z) > (best[0] if best else 0.0) and (by == _ANSWER or change.z > 0):
                best = (abs(change.z), i, by, change)
    if best is None:
        return None
    _, first, by, change = best
    alike = [first] + [i for i in tried if i != first and _alike(series[i][by], change)]
    mine = usable & np.isin(codes.codes, alike)
    others = usable & ~mine
    if mine.sum() > SOME * usable.sum():
        return None
    beyond = cases.beyond(mine, others)
    pooled = _change(beyond[by], 0.0)
    turn = _Turn(name, [codes.names[i] for i in sorted(alike)], pooled, mine, others)
    return _judged(study, cases, turn, events)


def _change(series: Floats, raised: float) -> Change:
    """Find the change of a series that is known in some rows of the log alone, in rows of the log.

    ``raised`` is what the squared level is raised by for all the tries.
    """
    rows = np.flatnonzero(~np.isnan(series))
    n = len(series)
    level = float(np.sqrt((4.5 if len(rows) >= 300 else 3.9) ** 2 + raised))
    c = find_change(series[rows], level=level)
    within = inside(c, len(rows))
    sure = abs(difference(series[rows][~within], series[rows][within])[3])
    if not c.found or min(sure, abs(c.z)) < level or min(within.sum(), (~within).sum()) < LEAST_SIDE:
        return Change("none", n, n, c.before, c.after, 0.0, n, n)
    end = n if c.end >= len(rows) else int(rows[c.end])
    return c.of(rows, end)


def _alike(series: Floats, change: Change) -> bool:
    """Whether another decider's series moved the same way in the same span, surely."""
    rows = inside(change, len(series))
    d, _, _, z = difference(series[~rows], series[rows])
    return bool(d * change.z > 0 and abs(z) > 3.3 and abs(d) > 0.4 * abs(change.after - change.before))


def _beyond(known: Matrix, x: Floats, mine: Mask, others: Mask) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    out = np.full(len(x), np.nan)
    usual, asked = np.flatnonzero(others & ~np.isnan(x)), np.flatnonzero(mine & ~np.isnan(x))
    if len(usual) < LEAST or len(asked) < LEAST:
        return out
    keep: Ints = usual[np.unique(np.linspace(0, len(usual) - 1, min(len(usual), MOST_TAUGHT)).astype(np.int64))]
    tree: Any = DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=max(15, len(keep) // 100), random_state=0)
    tree.fit(taught(known.rows(keep)), x[keep])
    out[asked] = x[asked] - tree.predict(known.rows(asked))
    return out


@dataclass(frozen=True)
class _Turn:
    """Some values of a column of deciders who decide otherwise since a change, and the others they are held to."""

    column: str
    values: Sequence[str]
    change: Change
    mine: Mask
    others: Mask

    def sides(self, rows: Mask) -> tuple[Mask, Mask]:
        """Give of some rows those before the change and those from it on."""
        since = inside(self.change, len(rows))
        return rows & ~since, rows & since

    @property
    def before(self) -> Mask:
        return self.sides(self.mine)[0]

    @property
    def now(self) -> Mask:
        return self.sides(self.mine)[1]


@dataclass(frozen=True)
class _Toll:
    """What a turn cost: the mean loss as it ``was`` and is ``now``, and its ``rise`` beyond that of equal cases.

    Where no label since is in the rise is NaN; then it is ``least`` at the least, as ``sure`` (z).
    """

    was: float
    now: float
    rise: float
    interval: tuple[float, float]
    z: float
    least: float = 0.0
    sure: float = 0.0

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.rise))

    @property
    def strength(self) -> float:
        if self.known:
            return 0.45 + 0.5 * logistic(1.5 * (self.z - 4.0)) if self.z > 2 else 0.2
        return 0.45 + 0.5 * logistic(2.0 * self.sure) if self.least > 0 else 0.45


def _judged(study: Study, cases: _Cases, turn: _Turn, events: Sequence[Event]) -> Evidence | None:
    """Weigh the turn of some deciders, and say what they do."""
    sides = (*turn.sides(turn.mine), *turn.sides(turn.others))
    if not turn.change.found or min(side.sum() for side in sides) < LEAST_SIDE:
        return None
    toll = _toll(study, cases, turn)
    if toll is None:
        return None
    mechanism = _mechanism(study, events, turn.now, turn.before)
    return make(
        study,
        NAME,
        mechanism,
        _words(study, cases, turn, toll),
        strength=toll.strength,
        z=abs(turn.change.z),
        change=turn.change,
        rows=turn.now,
        effect=toll.rise if toll.known or toll.least <= 0 else toll.least,
        unit="loss",
        interval=toll.interval if toll.known else None,
        harmful=toll.least > 0,
        n=int(turn.now.sum()),
        slice_=tuple(SliceTerm(turn.column, value) for value in turn.values),
        supports=tuple(dict.fromkeys((mechanism, "harmful_overrides"))),
        refutes=("concept_drift", "label_noise", "label_shift", "poisoned_data") if toll.known else (),
        details={"before": toll.was, "after": toll.now},
    )


def _toll(study: Study, cases: _Cases, turn: _Turn) -> _Toll | None:
    """Give what the turn cost on their rows; ``None`` where it cost nothing or the others fared alike."""
    was, now = (mean_of(cases.loss[side]) for side in (turn.before, turn.now))
    beyond = cases.beyond(turn.mine, turn.others)[1]
    rise, _, interval, z = difference(beyond[turn.before], beyond[turn.now])
    theirs = difference(*(cases.loss[side] for side in turn.sides(turn.others)))
    if (theirs[3] > 3 and theirs[0] > 0.5 * rise) or not (cases.described or _own(study, cases, turn)):
        return None
    if not np.isfinite(rise):
        return _Toll(was, now, rise, interval, z, *_at_least(study, turn.now, turn.before))
    return None if now <= was or rise < 0.02 * study.loss_scale else _Toll(was, now, rise, interval, z)


def _words(study: Study, cases: _Cases, turn: _Turn, toll: _Toll) -> str:
    """Say who decides otherwise, how, and what it cost."""
    several = f"{len(turn.values)} of those who decide ({turn.column} {' and '.join(turn.values)}) do so"
    text = several if len(turn.values) > 1 else f"One of those who decide ({turn.column} {turn.values[0]}) does so"
    text += f" otherwise {since(turn.change)}"
    if study.binary:
        before, after = (percent(mean_of(cases.answer[side])) for side in (turn.before, turn.now))
        text += f": positive in {after} of their cases, in {before} before"
    if toll.known:
        before, after = (f"{mean_of(cases.loss[side]):.3g}" for side in turn.sides(turn.others))
        text += f". Their loss a row rose from {toll.was:.3g} to {toll.now:.3g}, by {toll.rise:+.3g} more than equal "
        text += f"cases explain; that of the others went from {before} to {after}"
    elif not np.isnan(cases.against).all():
        before, after = (percent(mean_of(cases.against[side])) for side in (turn.before, turn.now))
        text += f", against the model in {after}, in {before} before, and no label of those since is in"
        if toll.least > 0:
            text += f". If every one were right that can be, their loss still rose by {toll.least:.3g}"
    return text + "."


def _at_least(study: Study, now: Mask, before: Mask) -> tuple[float, float]:
    """Give by how much the loss of some decisions rose at the least, and its z, where no label since is in.

    What was done lies no nearer to the truth than it lies from the model's answer less what this errs, in the mean over
    rows: |d - y| >= |d - g| - |g - y|. More overrides than the model has errors cannot all be right.
    """
    guess, decision, _ = answers(study)
    away = np.abs(guess - decision) * study.weight(study.log) if study.regression else _against(study)
    parts = [x[~np.isnan(x)] for x in (away[now], study.log_loss.model, study.log_loss.final[before])]
    if min(len(x) for x in parts) < LEAST_SIDE:
        return 0.0, 0.0
    least = float(parts[0].mean() - parts[1].mean() - parts[2].mean())
    return least, least / max(float(np.sqrt(sum(x.var() / len(x) for x in parts))), 1e-9)


def _own(study: Study, cases: _Cases, turn: _Turn) -> bool:
    """Whether they decide positive more or less often by more than their cases' labels moved: all that labels tell."""
    moved, _, _, z = difference(cases.answer[turn.before], cases.answer[turn.now])
    label = study.mature_label
    cause = difference(label[turn.before], label[turn.now])[0]
    return abs(z) > 3.3 and not (np.isfinite(cause) and abs(moved - cause) < 0.5 * abs(moved))


def _mechanism(study: Study, events: Sequence[Event], now: Mask, before: Mask) -> str:
    """Name what they do: less against the model's answer is reliance, more of it overrides; a record of people both."""
    if _by_people(study):
        return "harmful_overrides"
    guess, decision = predicted(study.log, study.threshold, study.profile.task), study.log.decision
    differ = np.where(np.isnan(guess) | np.isnan(decision), np.nan, (np.abs(guess - decision) > 1e-9).astype(float))
    if difference(differ[before], differ[now])[3] < -3:
        return "over_reliance"
    return override_kind(study, events, guess, decision, now, np.asarray(differ == 1))
