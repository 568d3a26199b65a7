"""From findings to candidates (floor 5): what speaks for each mechanism, what against, how much it explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study
from toolkit.detectors.support import off_support
from toolkit.detectors.where import part_of
from toolkit.impact.harm import Damage, block_error
from toolkit.profile.model import Floats, Mask
from toolkit.vocabulary import CAUSE_OF

#: Mechanisms that are harm in themselves: the request failed, came late, twice or not at all.
SERVICE: Final = frozenset({"timeouts", "errors", "latency", "duplicated_requests", "dropped_traffic"})
#: Harm to people that needs no fall of the overall measure.
UNFAIR: Final = frozenset(m for m, c in CAUSE_OF.items() if c == "bias")
#: Harm found by replay, whether or not anything changed.
REPLAYED: Final = frozenset(
    {
        "harmful_overrides",
        "ignored_alerts",
        "not_adopted",
        "threshold_misconfigured",
        "goal_misaligned",
        "memorised_training_data",
        "overconfidence",
        "over_reliance",
        "missing_guardrail",
    }
)
#: Mechanisms whose feature harms however little the model reads it: the truth changed with it, or (of a proxy) what
#: it does to the answers was measured on them.
_ANYWAY: Final = frozenset(
    {"new_category", "unrepresentative_data", "poisoned_data", "concept_drift", "errors", "proxy_feature"}
)
#: Standard errors beyond what the labels show from which on a rise that inputs let expect did not come true.
_LIKELY: Final = 2.0
#: Known rows of the baseline at least that others are like.
_LEAST_LIKE: Final = 30
#: Mechanisms that are there from the first row.
STANDING: Final = frozenset(m for m, c in CAUSE_OF.items() if c in ("overfitting", "bias"))


@dataclass(frozen=True)
class Candidate:
    """A mechanism with the evidence for it, weighed.

    ``strength``, ``share`` (of the damage), ``timing`` (1: its onset is the harm's), ``refuted`` and ``importance``
    (do the model's answers depend on what moved) lie in [0, 1]; ``z`` is of the strongest finding; ``hurt`` is the z of
    the loss on the rows that it touched, against the baseline's, NaN where it cannot be known.
    """

    mechanism: str
    strength: float
    z: float
    share: float
    timing: float
    refuted: float
    importance: float
    hurt: float
    doubt: float
    best: Evidence
    supporting: tuple[int, ...]
    contradicting: tuple[int, ...]

    @property
    def cause(self) -> str:
        """The cause that the mechanism belongs to."""
        return CAUSE_OF[self.mechanism]


def candidates(
    study: Study,
    evidence: Sequence[Evidence],
    damage: Damage,
    relation: Relation | None,
    used: Mapping[str, float],
) -> list[Candidate]:
    """Weigh every mechanism that a finding supports; ``used`` gives each feature's importance to the score."""
    found = []
    names = dict.fromkeys(e.mechanism for e in evidence if e.mechanism and e.strength > 0)
    for name in names:
        mine = [e for e in evidence if e.mechanism == name]
        best = max(mine, key=lambda e: e.strength * (0.3 + min(e.z, 12) / 12) * _importance(e, used))
        against = [e for e in evidence if name in e.finding.refutes and e is not best]
        refuted = max(
            (e.strength * min(e.z / 8, 1.0) * _importance(e, used) if e.mechanism else 0.6 for e in against),
            default=0.0,
        )
        found.append(
            Candidate(
                name,
                best.strength,
                best.z,
                share_of(study, best, damage, relation),
                _timing(study, best, damage),
                refuted,
                _importance(best, used),
                *hurt(study, best, relation),
                best,
                tuple(i for i, e in enumerate(evidence) if name in e.finding.supports),
                tuple(i for i, e in enumerate(evidence) if name in e.finding.refutes),
            )
        )
    return found


def _importance(e: Evidence, used: Mapping[str, float]) -> float:
    if not e.finding.features or not used or e.mechanism in _ANYWAY:
        return 1.0
    top = max(used.values(), default=0.0) or 1.0
    mine = max((used.get(f, top) for f in e.finding.features), default=0.0)
    if e.mechanism == "leakage" or e.finding.detector == "association":
        # a column that nobody reads may go with the answer too; one that leaked carries the model
        return float(np.clip(mine / (0.6 * top), 0.0, 1.0))
    return float(np.clip(0.15 + mine / (0.12 * top), 0.0, 1.0))


def share_of(study: Study, e: Evidence, damage: Damage, relation: Relation | None) -> float:
    """Give the share of the damage that the evidence explains, 0 to 1; 0.5 where it cannot be measured."""
    if e.share_hint is not None:
        return float(np.clip(e.share_hint, 0.0, 1.0))
    total = float(np.nansum(np.where(damage.rows, damage.excess, 0.0)))
    if damage.kind != "labels" or total <= 0:
        return 0.5
    return _share(study, e, damage, relation, total) * _through_the_model(study, e, damage)


def _through_the_model(study: Study, e: Evidence, damage: Damage) -> float:
    """Give the part of the rise of the final loss that the model's own has: all that spoils its answers can explain."""
    if CAUSE_OF[e.mechanism] in ("human", "bias") or e.mechanism in SERVICE or np.isnan(study.log.decision).all():
        return 1.0
    final, model = (
        float(np.nanmean(now[damage.rows]) - np.nanmean(base))
        if (~np.isnan(base)).any() and (~np.isnan(now[damage.rows])).any()
        else float("nan")
        for now, base in ((study.log_loss.final, study.ref_final), (study.log_loss.model, study.ref_loss.model))
    )
    return float(np.clip(model / final, 0.0, 1.0)) if final > 0 and np.isfinite(model) else 1.0


def _share(study: Study, e: Evidence, damage: Damage, relation: Relation | None, total: float) -> float:
    if relation is not None and relation.total > 1e-9 and e.mechanism in ("covariate_shift", "unrepresentative_data"):
        beyond = matched(damage, off_support(study)) / total
        return float(np.clip(max(relation.mix / relation.total, beyond), 0.0, 1.0))
    if e.mechanism == "leakage":
        return 1.0  # what was promised rested on it, from the first row
    if e.mechanism in (
        "concept_drift",
        "label_noise",
        "label_shift",
        "memorised_training_data",
        "overconfidence",
        "over_reliance",
        "missing_guardrail",
    ):
        return (
            1.0
            if relation is None or relation.total <= 1e-9
            else float(np.clip(relation.given / relation.total, 0.0, 1.0))
        )
    if e.rows is None:
        return 0.5
    return float(np.clip(matched(damage, e.rows) / total, 0.0, 1.0))


def hurt(study: Study, e: Evidence, relation: Relation | None) -> tuple[float, float]:
    """Give z of the harm on the touched rows, and how far they may hide harm; no scan blunts it, the onset is known.

    The harm is that of the final loss against that of like rows of the baseline (Welch, the variance raised to the
    scatter of blocks), of the squared error of the score where nobody decided otherwise, and, of a change of mix, of
    the loss that the baseline would expect of these inputs; NaN and 1 below 15 labelled rows.
    """
    rows = e.rows if e.rows is not None else since(study, e)
    now, base = study.log_loss.final, study.ref_final
    if np.isnan(base).all():
        now, base = study.reached, study.ref_loss.model
    like = like_rows(study, e, ~np.isnan(base))
    base = np.where(like, base, np.nan)
    z, d, error = _rise(study, now[rows], base)
    if not np.isfinite(z):
        return float("nan"), 1.0
    if np.isnan(study.log.decision).all() and study.binary:
        also = _rise(study, study.log_loss.brier[rows], np.where(like, study.ref_loss.brier, np.nan))[0]
        z = max(z, also - 0.3) if np.isfinite(also) else z
    if e.mechanism == "covariate_shift" and relation is not None and not np.isnan(relation.expected).all():
        moved = relation.expected[since(study, e)]
        off = float(np.hypot(block_error(moved, study.hang(base)[1]), relation.expected_error))
        expected = float(moved.mean()) - relation.expected_before
        # what did not come true, though there are the labels to see it by, is no harm
        z = max(z, expected / off) if expected < d + _LIKELY * error else z
    return z, float(np.clip(((d + 1.64 * error) / study.loss_scale - 0.02) / 0.1, 0.0, 1.0))


def _rise(study: Study, now: Floats, base: Floats) -> tuple[float, float, float]:
    """Give z, the rise of the mean loss and its standard error; NaN below 15 known rows on a side."""
    then, served = study.hang(base)
    now, base = now[~np.isnan(now)], base[~np.isnan(base)]
    if min(len(now), len(base)) < 15:
        return float("nan"), float("nan"), float("nan")
    error = float(np.hypot(block_error(now, served), block_error(base, then)))
    d = float(now.mean() - base.mean())
    return (d / error, d, error) if np.isfinite(error) else (float("nan"), d, error)


def like_rows(study: Study, e: Evidence, known: Mask) -> Mask:
    """Mark the baseline rows that rows which the evidence touched are held to: of the same part, beyond the same bound.

    A site that always was a hard one, or large amounts, are not hurt by all that befalls them alone. Where hardly any
    such row is ``known``, all are marked.
    """
    like = e.like
    if like is None and e.rows is not None and e.mechanism not in UNFAIR:
        place = e.finding.slice or part_of(study, e.rows, since(study, e))
        like = study.ref_slice((place[0].column, place[0].value)) if len(place) == 1 else None
    return like if like is not None and (like & known).sum() >= _LEAST_LIKE else np.ones(len(study.ref), dtype=bool)


def since(study: Study, e: Evidence) -> Mask:
    """Mark the log rows since the evidence's onset; all of them where it has none."""
    n = len(study.log)
    return inside(e.change, n) if e.change is not None and e.change.found else np.ones(n, dtype=bool)


def matched(damage: Damage, rows: Mask) -> float:
    """Give the excess loss of the marked rows beyond the unmarked rows of the same time (or the baseline)."""
    mine, rest = damage.rows & rows, damage.rows & ~rows
    excess = damage.excess
    if not (mine & ~np.isnan(excess)).any():
        return 0.0
    usual = float(np.nanmean(excess[rest])) if (rest & ~np.isnan(excess)).sum() >= 30 else 0.0
    return float(np.nansum(excess[mine] - max(usual, 0.0)))


def _timing(study: Study, e: Evidence, damage: Damage) -> float:
    """How well the evidence's onset agrees with the harm's: 1 within a few rows, 0 when it came later."""
    harm, own = damage.change, e.change
    n = len(study.log)
    if not harm.found or own is None or not own.found:
        return 0.5
    first = 0 if harm.shape == "from_start" else harm.start
    mine = 0 if own.shape == "from_start" else own.start
    if e.mechanism in STANDING and own.shape == "from_start":
        return 1.0 if first <= 0.05 * n else float(np.clip(1 - 4 * (first / n - 0.05), 0.0, 1.0))
    slack = 0.02 * n + abs(harm.high - harm.low) / 2 + abs(own.high - own.low) / 2
    return float(np.clip(1.0 - max(abs(mine - first) - slack, 0.0) / (0.15 * n), 0.0, 1.0))


def explained_rows(study: Study, evidence: Sequence[Evidence], used: Mapping[str, float]) -> Mask:
    """Mark the log rows whose inputs or answers an integration fault touched.

    One that was there from the first row did not touch what changed later.
    """
    rows = np.zeros(len(study.log), dtype=bool)
    worse = study.final_change
    later = worse.found and worse.z > 0 and worse.shape != "from_start"
    for e in evidence:
        if (
            e.rows is not None
            and not (later and e.change is not None and e.change.shape == "from_start")
            and e.strength >= 0.6
            and CAUSE_OF.get(e.mechanism) == "integration"
            and _importance(e, used) > 0.4
        ):
            rows |= e.rows
    return rows
