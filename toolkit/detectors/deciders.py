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
    return _say(study, cases, (name, [codes.names[i] for i in sorted(alike)]), pooled, mine, others, events)


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


def _say(
    study: Study,
    cases: _Cases,
    who: tuple[str, list[str]],
    change: Change,
    mine: Mask,
    others: Mask,
    events: Sequence[Event],
) -> Evidence | None:
    """Weigh the change of some deciders: what it cost on their rows, and whether the others fared alike."""
    rows = inside(change, len(mine))
    if not change.found or min((p & side).sum() for p in (mine, others) for side in (rows, ~rows)) < LEAST_SIDE:
        return None
    column, values = who
    was, now = (_mean(cases.loss[mine & side]) for side in (~rows, rows))
    rise, _, interval, z = difference(*(cases.beyond(mine, others)[1][side] for side in (~rows, rows)))
    theirs = difference(cases.loss[others & ~rows], cases.loss[others & rows])
    if (theirs[3] > 3 and theirs[0] > 0.5 * rise) or not (cases.described or _own(study, cases, mine, rows)):
        return None
    known = np.isfinite(rise)
    if known and (now <= was or rise < 0.02 * study.loss_scale):
        return None
    least, sure = (0.0, 0.0) if known else _at_least(study, mine & rows, mine & ~rows)
    strength = 0.45 + 0.5 * logistic(1.5 * (z - 4.0)) if known and z > 2 else 0.2 if known else 0.45
    strength = max(strength, 0.45 + 0.5 * logistic(2.0 * sure)) if least > 0 else strength
    mechanism = _mechanism(study, events, mine & rows, mine & ~rows)
    several = f"{len(values)} of those who decide ({column} {' and '.join(values)}) do so"
    text = several if len(values) > 1 else f"One of those who decide ({column} {values[0]}) does so"
    text += f" otherwise {since(change)}"
    if study.binary:
        before, after = (percent(_mean(cases.answer[mine & side])) for side in (~rows, rows))
        text += f": positive in {after} of their cases, in {before} before"
    if not known and not np.isnan(cases.against).all():
        before, after = (percent(_mean(cases.against[mine & side])) for side in (~rows, rows))
        text += f", against the model in {after}, in {before} before, and no label of those since is in"
        text += f". If every one were right that can be, their loss still rose by {least:.3g}" if least > 0 else ""
    if known:
        text += f". Their loss a row rose from {was:.3g} to {now:.3g}, by {rise:+.3g} more than equal cases explain"
        text += f"; that of the others went from {_mean(cases.loss[others & ~rows]):.3g} to "
        text += f"{_mean(cases.loss[others & rows]):.3g}"
    return make(
        study,
        NAME,
        mechanism,
        text + ".",
        strength=strength,
        z=abs(change.z),
        change=change,
        rows=mine & rows,
        effect=rise if known or least <= 0 else least,
        unit="loss",
        interval=interval if known else None,
        harmful=least > 0,
        n=int((mine & rows).sum()),
        slice_=tuple(SliceTerm(column, value) for value in values),
        supports=tuple(dict.fromkeys((mechanism, "harmful_overrides"))),
        refutes=("concept_drift", "label_noise", "label_shift", "poisoned_data") if known else (),
        details={"before": was, "after": now},
    )


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


def _own(study: Study, cases: _Cases, mine: Mask, rows: Mask) -> bool:
    """Whether they decide positive more or less often by more than their cases' labels moved: all that labels tell."""
    moved, _, _, z = difference(cases.answer[mine & ~rows], cases.answer[mine & rows])
    label = study.mature_label
    cause = difference(label[mine & ~rows], label[mine & rows])[0]
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


def _mean(x: Floats) -> float:
    return float(np.nanmean(x)) if (~np.isnan(x)).any() else float("nan")
