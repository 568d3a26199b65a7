"""Model versions: a bad rollout, or the wrong version answering (floor 4; integration)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, inside, make, more, not_testable
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change, find_change, first_of

NAME = "versions"
LEAST: Final = 20
#: How far apart (z) the other versions' losses before and beside a version may lie, to be one.
_ALIKE: Final = 2.0
#: How sure (z) it must be that a version errs more: one question a version, not one a feature and a moment.
_SURE: Final = 3.0
#: A version that answers within this part of the log was there before it.
_FIRST: Final = 0.02
#: Rows with labels that every version must have, for it to be said that none errs more.
_JUDGED: Final = 50


def detect(study: Study) -> list[Evidence]:
    """Compare the versions that answered: at the same time where they overlap, at the switch where they do not."""
    versions = study.log.version
    if not versions.names:
        return [not_testable(NAME, ("bad_rollout", "wrong_model_version"), "The log names no model version.")]
    found = []
    for code, name in enumerate(versions.names):
        mine = versions.codes == code
        if mine.sum() >= LEAST and (~mine).sum() >= LEAST:
            got = _one(study, name, mine)
            if got is not None:
                found.append(got)
    worst = sorted(found, key=lambda e: -(e.share_hint or 0) * e.strength)
    if worst:
        return worst[:1]
    if len(versions.names) == 1:
        known = set(study.ref.version.names)
        if known and versions.names[0] not in known:
            return [_unknown(study, versions.names[0], known)]
    return _harmless(study)


@dataclass(frozen=True)
class _Others:
    """The rows that a version is held to: of others ``side_by_side``, and earlier ones if those err ``alike``."""

    rows: Mask
    side_by_side: bool
    alike: bool

    @property
    def where(self) -> str:
        if self.alike:
            return "at the same time and before it"
        return "at the same time" if self.side_by_side else "before it"


def _one(study: Study, name: str, mine: Mask) -> Evidence | None:
    """Ask whether one version is worse than the others."""
    loss, brier = study.log_loss.model, study.log_loss.brier
    others = _others(loss, mine)
    if (~np.isnan(loss[others.rows])).sum() < LEAST:
        return None
    d, _, interval, z = difference(loss[others.rows], loss[mine])
    z = max(z, difference(brier[others.rows], brier[mine])[3])
    if z < _SURE or d <= 0:
        return None
    total = study.excess()
    known_before = name in study.ref.version.names or int(np.argmax(mine)) < _FIRST * len(mine)
    own = _own_step(loss, mine)
    text = (
        f"Version {name} errs {more(d, regression=study.regression)} than the others {others.where} ({int(mine.sum())} "
        "rows)."
    )
    return make(
        study,
        NAME,
        _which(study, name, mine, known_before),
        text,
        strength=(0.95 if others.side_by_side else 0.75) * (0.5 if own else 1.0),
        z=z,
        change=_since(study, mine),
        rows=mine,
        share_hint=d * float((mine & ~np.isnan(loss)).sum()) / total if total > 0 else None,
        effect=d,
        unit="loss",
        interval=interval,
        n=int(mine.sum()),
        versions=[name],
        refutes=("concept_drift", "covariate_shift") if others.side_by_side and not own else (),
        details={"side_by_side": others.side_by_side},
    )


def _span(mine: Mask) -> tuple[int, int]:
    """Give the first row of a version, and the one after its last."""
    return int(np.argmax(mine)), len(mine) - int(np.argmax(mine[::-1]))


def _others(loss: Floats, mine: Mask) -> _Others:
    """Hold a version to those that answered at the same time, or without them to what was answered before it."""
    first, last = _span(mine)
    row = np.arange(len(mine))
    meanwhile, earlier = ~mine & (row >= first) & (row < last), ~mine & (row < first)
    if (~np.isnan(loss[meanwhile])).sum() < LEAST:
        return _Others(earlier, side_by_side=False, alike=False)
    # what the others did before counts as well, unless they err otherwise since: then it is the time that did it
    alike = abs(difference(loss[earlier], loss[meanwhile])[3]) < _ALIKE
    return _Others(meanwhile | earlier if alike else meanwhile, side_by_side=True, alike=alike)


def _since(study: Study, mine: Mask) -> Change:
    """Give the rows of a version as a change: exactly where it came late, else as far as it shows."""
    first, last = _span(mine)
    if first > _FIRST * len(mine):
        return Change("step", first, last, 0.0, 1.0, 30.0, first, first, first_of(mine))
    return find_change(mine.astype(float), reference=(0.0, 0.01, float(max(len(study.ref), 20))))


def _own_step(loss: Floats, mine: Mask) -> bool:
    """Whether the version was fine at first and worsened later: then it is not the version that did it."""
    own = loss[mine]
    change = find_change(own)
    return change.shape in ("step", "ramp") and change.z > 5 and change.start > 0.15 * len(own)


def _which(study: Study, name: str, mine: Mask, known_before: bool) -> str:
    """A version that is older than what ran before it is the wrong one; a new one is a bad rollout."""
    before = study.log.version.codes[: int(np.argmax(mine))]
    others = [v for i, v in enumerate(study.log.version.names) if v != name and (before == i).any()]
    reference = [v for v in study.ref.version.names if v != name]
    older = any(_older(name, v) for v in (*others, *reference))
    came_back = bool(mine[: len(mine) // 50 + 1].any()) and not mine[len(mine) // 50 : len(mine) // 4].any()
    if older or came_back:
        return "wrong_model_version"
    if known_before and not others:
        return "wrong_model_version"
    return "bad_rollout"


def _older(name: str, other: str) -> bool:
    """Whether a version is older than another by their names; of a word and a number nobody knows which came first."""
    mine, its = version_key(name), version_key(other)
    one, two = next(((a, b) for a, b in zip(mine, its, strict=False) if a != b), ((0, ""), (0, "")))
    return one[0] == two[0] and mine < its


def version_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort versions as people do: numbers by value, words by letters."""
    import re

    parts = re.findall(r"\d+|[a-z]+", name.lower())
    return tuple(
        (1, int(p)) if p.isdigit() and len(p) < 18 else (0, p) for p in parts if p not in {"v", "version", "model"}
    )


def _unknown(study: Study, name: str, known: set[str]) -> Evidence:
    text = f"The log was answered by version {name}; the reference knows {', '.join(sorted(known)[:5])}."
    mechanism = "wrong_model_version" if any(_older(name, v) for v in known) else "bad_rollout"
    change = from_start(study)
    return make(
        study,
        NAME,
        mechanism,
        text,
        strength=0.45,
        z=6,
        change=change,
        rows=inside(change, len(study.log)),
        versions=[name],
        n=len(study.log),
    )


def _harmless(study: Study) -> list[Evidence]:
    version = study.log.version
    judged = np.bincount(version.codes[~np.isnan(study.log_loss.final) & (version.codes >= 0)], minlength=1)
    if len(version.names) < 2 or len(judged) < len(version.names) or judged.min() < _JUDGED:
        return []  # of a version whose labels are still to come nobody knows
    text = "No version errs more than the others did at the same time or before it."
    return [make(study, NAME, "", text, strength=0.0, z=0.0, refutes=("bad_rollout", "wrong_model_version"))]
