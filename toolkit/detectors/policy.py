"""Did policy move the threshold from which on an answer is positive (floor 4; human)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, beforehand, difference, inside, make, percent, since
from toolkit.detectors.study import Study, implied_threshold, losses
from toolkit.profile.model import Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "threshold"
LEAST: Final = 30
#: Fewest answers from which a threshold is read, and how often it may miss them to be one at all.
_LEAST_READ, _MOST_MISSED = 15, 0.12
#: How sure (z) the replay must be of the harm: up to the first it is as good as chance, from the second on it counts.
_CHANCE, _SURE = 0.8, 1.8
#: Rows of each kind of answer from which its cost is read.
_LEAST_KIND: Final = 5
#: The part of what the new threshold changes by itself up to which the share of positive answers is as before.
_ALONG: Final = 0.25
#: The part of a rise of the errors from which on a threshold explains it.
_MOST_OF_IT: Final = 0.5
#: What errors that a threshold makes by itself look like, where nobody sees that it was moved well.
_OF_THE_ANSWERS: Final = ("concept_drift", "bad_rollout", "wrong_model_version", "training_serving_skew")
#: And decisions by it; a model's own threshold says nothing of what people do with its answers.
_PEOPLE: Final = ("harmful_overrides", "over_reliance", "not_adopted")


@dataclass(frozen=True)
class _Answers:
    """The answers of a role that a threshold on the score may have made, and the baseline's; ``known`` rows have both.

    Of a segment's policy they are those of one value, NaN elsewhere.
    """

    role: str
    given: Floats
    base: Floats
    known: Mask

    def of(self, mine: Mask) -> _Answers:
        """Give those of some rows of the log alone."""
        return replace(self, given=np.where(mine, self.given, np.nan), known=mine)


@dataclass(frozen=True)
class _Cut:
    """The score from which on answers were positive, how often it misses them, and the scores that it was read from."""

    at: float
    missed: float
    scores: Floats


@dataclass(frozen=True)
class _Moved:
    """A threshold that was ``old`` and is ``new`` in ``rows``, where it misses the share ``left`` of the answers.

    ``between`` marks the rows whose score lies between the two.
    """

    change: Change
    rows: Mask
    old: float
    new: float
    left: float
    between: Mask


@dataclass(frozen=True)
class _Replay:
    """What the old threshold would have lost a row beyond what was lost, and the share of the excess it explains.

    ``z`` is how sure it is that the new one did harm: the sum of the paired differences over its error (McNemar 1947).
    """

    beyond: float
    share: float | None
    z: float


def detect(study: Study) -> list[Evidence]:
    """Look for a step in the score from which on the answer is positive: a changed policy, to the row; once a study."""
    if "policy" not in study.memo:
        study.memo["policy"] = _found(study)
    got: list[Evidence] = study.memo["policy"]
    return got


def moved_well(study: Study) -> bool:
    """Whether a threshold was moved to where answers cost less, which explains most of what the log errs more."""
    return any(e.finding.details.get("saved") and (e.share_hint or 0.0) > _MOST_OF_IT for e in detect(study))


def _found(study: Study) -> list[Evidence]:
    if not study.binary or np.isnan(study.log.score).all():
        return []
    for role, given, base in (
        ("decision", study.log.decision, study.ref.decision),
        ("prediction", study.log.prediction, study.ref.prediction),
    ):
        known = ~np.isnan(given) & ~np.isnan(study.log.score) & (study.log.ok != 0)
        if known.sum() < LEAST or _all_alike(given[known]):
            continue
        answers = _Answers(role, given, base, known)
        got = _looked_at(study, answers) or _of_a_segment(study, answers)
        if got is not None:
            return [got]
    return []


def _of_a_segment(study: Study, answers: _Answers) -> Evidence | None:
    """The same for one value of a segment at a time: a policy of one region or site."""
    found: list[Evidence] = []
    for column, codes in study.log.segments.items():
        for place, value in enumerate(codes.names[:20]):
            mine = answers.known & (codes.codes == place)
            if mine.sum() < 2 * LEAST or _all_alike(answers.given[mine]):
                continue
            got = _looked_at(study, answers.of(mine))
            if got is not None and got.mechanism:
                finding = replace(got.finding, slice=(SliceTerm(column, value),))
                found.append(replace(got, finding=finding, strength=got.strength * 0.97))
    return max(found, key=lambda e: e.z) if found else None


def _looked_at(study: Study, answers: _Answers) -> Evidence | None:
    """Read the usual threshold, find since when another one holds, and say what that did."""
    usual = _usual(study, answers)
    moved = None if usual is None else _moved(study, answers, usual)
    if moved is None:
        return None
    if _recalibrated(study, answers, moved):
        return _with_the_scores(study, answers.role, moved)
    return _judged(study, answers.role, moved)


def _usual(study: Study, answers: _Answers) -> _Cut | None:
    """Read the threshold of the baseline's answers, or of the log's first quarter; ``None`` where they follow none."""
    scores, given = study.ref.score, answers.base
    usable = ~np.isnan(given) & ~np.isnan(scores)
    if study.own_reference or usable.sum() < LEAST or _all_alike(given[usable]):
        scores, given = study.log.score, answers.given
        usable = answers.known & (np.arange(len(given)) < len(given) // 4)
        if usable.sum() < _LEAST_READ or _all_alike(given[usable]):
            return None
    at, missed = implied_threshold(scores[usable], given[usable])
    return None if missed > _MOST_MISSED else _Cut(at, missed, scores[usable])


def _moved(study: Study, answers: _Answers, usual: _Cut) -> _Moved | None:
    """Find since when answers miss the usual threshold and follow another one."""
    score, given, old, missed = study.log.score, answers.given, usual.at, usual.missed
    off = np.where(answers.known, (given != (score >= old)).astype(float), np.nan)
    held_to = (missed, max(missed * (1 - missed), 0.002), float(len(usual.scores)))
    change = find_change(off, reference=held_to)
    if not change.found or change.z < 0:
        return None
    rows = inside(change, len(off)) & answers.known
    if rows.sum() < _LEAST_READ or _all_alike(given[rows]):
        return None
    new, left = implied_threshold(score[rows], given[rows])
    if usual.scores[usual.scores < old].max(initial=-np.inf) < new <= old:
        return None  # between two scores that were there any threshold gave the same answers
    between = rows & (score >= min(old, new)) & (score < max(old, new))
    # a threshold explains the answers as well as the old one did; people who override do not
    rarer = float(min(given[rows].mean(), 1 - given[rows].mean()))  # what no threshold at all gets wrong
    if left > 0.5 * rarer or left > missed + 0.2 * float(np.nanmean(off[rows])) or between.sum() < 5:
        return None
    return _Moved(change, rows, old, new, left, between)


def _all_alike(given: Floats) -> bool:
    """Whether there are no two answers that a threshold could tell apart."""
    return len(np.unique(given)) < 2


def _recalibrated(study: Study, answers: _Answers, moved: _Moved) -> bool:
    """Whether the scores moved along with the threshold: as many are answered positive as before, and as well."""
    rows, given, score, loss = moved.rows, answers.given, study.log.score, study.log_loss.final
    before = answers.known & ~rows
    if before.sum() < LEAST:
        return False
    was, now, kept = (float(x.mean()) for x in (given[before], given[rows], score[rows] >= moved.old))
    worse = difference(loss[before], loss[rows])[3]
    return abs(now - was) < _ALONG * abs(kept - was) and not worse > 2


def _with_the_scores(study: Study, role: str, moved: _Moved) -> Evidence:
    """Say that the threshold only followed the scores, and who then is not to blame."""
    told = "" if np.isnan(study.log_loss.final[moved.rows]).all() else ", and no more of them wrong"
    text = f"{_stepped(role, moved)}, and the scores moved along: as many answers are positive as were{told}."
    people = _PEOPLE if role == "decision" else ()
    return make(
        study, NAME, "", text, strength=0.0, z=moved.change.z, effect=moved.new - moved.old, unit="score",
        refutes=("threshold_misconfigured", *people),
    )  # fmt: skip


def _judged(study: Study, role: str, moved: _Moved) -> Evidence:
    """Say where the threshold went, and what the old one would have lost on the same rows."""
    change, effect = moved.change, moved.new - moved.old
    replay = _replay(study, role, moved)
    exact = f"all but {percent(moved.left)} of the answers" if moved.left else "every answer"
    text = f"{_stepped(role, moved)} ({'raised' if effect > 0 else 'lowered'}); this reproduces {exact}."
    if replay is not None:
        other = "higher" if replay.beyond > 0 else "lower"
        text += f" With the old threshold the loss a row would be {abs(replay.beyond):.3f} {other}."
    if replay is not None and replay.beyond > -0.002 and study.has_labels:
        return make(study, NAME, "", text, strength=0.0, z=change.z, change=change, effect=effect, unit="score")
    if (saved := _saved(study, role, moved)) > 0:
        text += f" By what answers of each kind cost, that would be {saved:.3g} dearer: the threshold was moved well."
        return make(
            study, NAME, "", text, strength=0.0, z=change.z, change=change, effect=effect, unit="score",
            share_hint=None if replay is None else replay.share, details={"saved": saved},
            refutes=("threshold_misconfigured", *_OF_THE_ANSWERS, *(_PEOPLE if role == "decision" else ())),
        )  # fmt: skip
    sure = 1.0 if replay is None else float(np.clip((replay.z - _CHANCE) / (_SURE - _CHANCE), 0.05, 1.0))
    return make(
        study,
        NAME,
        "threshold_misconfigured",
        text,
        strength=0.97 * sure,
        z=change.z,
        change=change,
        rows=moved.between,
        effect=effect,
        unit="score",
        n=int(moved.rows.sum()),
        refutes=("concept_drift", "over_reliance", "harmful_overrides"),
        share_hint=None if replay is None else replay.share,
        threshold=moved.old,
    )


def _saved(study: Study, role: str, moved: _Moved) -> float:
    """Give what a row between the thresholds surely costs less than with the old one, by the mean cost of its kind.

    A kind is an answer and what came true: a missed cancer costs more than a needless look. 0 where costs are unknown,
    or where it is not sure (z of 2) that the new threshold saves any.
    """
    label, cost, given = study.mature_label, study.log.cost, getattr(study.log, role)
    known = ~np.isnan(cost) & ~np.isnan(label) & ~np.isnan(given)
    kinds = {(a, y): cost[known & (given == a) & (label == y)] for a in (0.0, 1.0) for y in (0.0, 1.0)}
    if min(len(x) for x in kinds.values()) < _LEAST_KIND:
        return 0.0
    mean = {kind: float(x.mean()) for kind, x in kinds.items()}
    rows = np.flatnonzero(moved.between & known)
    gain = np.array([mean[1.0 - given[i], label[i]] - mean[given[i], label[i]] for i in rows])
    if len(gain) < _LEAST_KIND or gain.mean() < 2.0 * gain.std() / np.sqrt(len(gain)):
        return 0.0
    return float(gain.mean())


def _stepped(role: str, moved: _Moved) -> str:
    change = moved.change
    return (
        f"The {role} is positive from a score of {moved.new:.4g} on {since(change)}, from {moved.old:.4g} "
        f"{beforehand(change)}"
    )


def _replay(study: Study, role: str, moved: _Moved) -> _Replay | None:
    """Answer the rows from the change on with the old threshold; ``None`` where hardly a label says what that loses."""
    label, rows = study.mature_label, moved.rows
    if (~np.isnan(label[rows])).sum() < 10:
        return None
    again = (study.log.score >= moved.old).astype(float)
    part = replace(study.log, label=label, **{role: again})  # type: ignore[arg-type]
    then = losses(part, study.threshold, study.profile.task, study.level).final
    gained = study.log_loss.final[rows] - then[rows]
    excess = study.excess(rows)
    gain, error = float(np.nansum(gained)), float(np.sqrt(np.nansum(np.square(gained))))
    share = float(np.clip(gain / excess, 0.0, 1.0)) if excess > 0 else None
    return _Replay(-float(np.nanmean(gained)), share, gain / error if error else 0.0)
