"""Do labels fall otherwise at equal inputs, and is that a new relation, other shares, or noise (floor 4; data)?

Each story is told as far as it fits the joint counts of strata and labels that ``relation`` holds against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.drift import variation
from toolkit.detectors.evidence import (
    Evidence,
    difference,
    from_start,
    logistic,
    make,
    percent,
    since,
    z_of_misfit,
)
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study
from toolkit.detectors.where import of_one_group

NAME: Final = "relation"
#: Up to this misfit the mix of inputs is as before.
_STILL: Final = 2.0
#: From this strength on a story is told.
_LEAST: Final = 0.1


def detect(study: Study, relation: Relation | None) -> list[Evidence]:
    """Tell concept drift, label shift and label noise, in the log or in what taught the model."""
    if relation is None:
        return []
    return [*_stories(study, relation), *_taught_noise(study, relation)]


@dataclass(frozen=True)
class _Story:
    """How a mechanism is told: in which words, how far it fits, how sure it is (z), and the number that shows it."""

    mechanism: str
    text: str
    strength: float
    z: float
    effect: float


@dataclass(frozen=True)
class _Otherwise:
    """How sure (z) it is that labels fall otherwise at equal inputs: by their counts, by the loss, by either."""

    counts: float
    loss: float

    @property
    def z(self) -> float:
        return max(self.counts, self.loss)


def _stories(study: Study, r: Relation) -> list[Evidence]:
    """Weigh the stories, which share what they explain, and tell those that fit; or say that none is needed."""
    given = _otherwise(study, r)
    label, noise = _label_shift(study, r, given), _label_noise(study, r, given)
    concept = _concept_drift(study, r, given, label, noise)
    found = [_tell(study, r, story) for story in (concept, label, noise) if story.strength > _LEAST]
    if given.z < 2.5 and r.n >= 300:
        found.append(_as_before(study, r, given.z))
    return found


def _otherwise(study: Study, r: Relation) -> _Otherwise:
    modelled = not np.isnan(study.log_loss.model).all()  # of people's decisions the loss says nothing of the world
    # many classes spread a change of the relation thin; the loss at equal inputs gathers it
    loss = 0.9 * r.given / r.given_error if modelled and r.given > 0.5 * r.total > 0 else 0.0
    return _Otherwise(z_of_misfit(r.covariate_misfit, r.strata.freedom), loss)


def _concept_drift(study: Study, r: Relation, given: _Otherwise, label: _Story, noise: _Story) -> _Story:
    """Another relation of inputs and labels, as far as the other two stories leave anything to explain."""
    still = r.mix_misfit < _STILL
    strength = 0.95 if given.z > 5 else 0.5 if given.z > 3.5 else 0.0
    strength *= 1 - 0.75 * noise.strength
    strength *= 1 - 0.7 * label.strength
    if _never_as_promised(study, r):
        strength *= 0.6  # rather the model's than the world's
    # on strata that the baseline barely held, a changed relation is guesswork
    strength *= 1.0 - 0.3 * (not still) * (r.covariate_misfit < 0.5 * r.mix_misfit)
    what = (
        f"labels fall otherwise {since(r.change)} (misfit {r.covariate_misfit:.1f} per degree of freedom, 1 is chance)"
        if given.counts > 3.5
        else f"answers err more {since(r.change)} ({r.given:.3g} more a row, {given.loss:.1f} standard errors)"
    )
    mix = "is as before" if still else "moved too"
    text = f"Within strata of equal inputs the {what}; the mix of inputs {mix}."
    return _Story("concept_drift", text, strength, given.z, r.covariate_misfit)


def _label_shift(study: Study, r: Relation, given: _Otherwise) -> _Story:
    """Other shares of the classes, and the same inputs within each."""
    moved, strata = variation(r.prior_before, r.prior_after), r.strata
    strength = _fits(r.label_misfit, r.still_misfit, strata.labels * (strata.count - 1))
    strength *= 0.0 if given.z < 3 else 1.0
    strength *= min(1.0, moved / 0.04) * (0.35 if r.mix_misfit < _STILL else 1.0)
    what, within, rows = "The classes' shares moved by", "class", ""
    if study.regression:
        what = "What the labels exceed the predictions by moved between its old fifths in"
        within, rows = "fifth", " of the rows"
    text = (
        f"{what} {percent(moved)}{rows} while within each {within} the inputs stayed (misfit {r.label_misfit:.1f}, "
        f"without a shift {r.still_misfit:.1f})."
    )
    z = z_of_misfit(r.still_misfit, strata.count * strata.labels - 1)
    return _Story("label_shift", text, strength, z, moved)


def _label_noise(study: Study, r: Relation, given: _Otherwise) -> _Story:
    """Labels drawn at random, as many in every stratum."""
    strength = _fits(r.noise_misfit, r.covariate_misfit, r.strata.freedom - 1) * min(1.0, r.rate / 0.06)
    strength *= 0.0 if given.z < 3.5 or study.regression else 1.0
    strength *= 1.0 if r.mix_misfit < _STILL else 0.4
    if _never_as_promised(study, r):
        strength *= 0.6  # rather the model promised too much
        rise = np.where(r.rows, study.log_loss.model - float(np.nanmean(study.ref_loss.model)), np.nan)
        strength *= 0.3 if of_one_group(study, rise) else 1.0  # and what falls on one group alone is no chance
    text = (
        f"Labels look drawn at random in {percent(min(r.rate, 1.0))} of the rows, alike in every stratum (misfit "
        f"{r.noise_misfit:.1f}, without noise {r.covariate_misfit:.1f})."
    )
    return _Story("label_noise", text, strength, given.z, r.rate)


def _never_as_promised(study: Study, r: Relation) -> bool:
    """Whether labels fell otherwise from the first row on: they never were as the reference's."""
    return r.change.shape == "from_start" and not study.own_reference


def _fits(misfit: float, change: float, freedom: int) -> float:
    """How well a story fits, 0 to 1: its misfit is chance, or nearly all of the misfit of "nothing changed" is gone."""
    if change <= 1.3:
        return 0.0
    z = z_of_misfit(misfit, freedom)
    near = logistic(1.2 * (3.0 - z))
    part = max(0.0, 1.0 - max(misfit - 1.0, 0.0) / max(change - 1.0, 1e-9))
    return float(max(near * min(part * 1.5, 1.0), logistic(120 * (part - 0.975))))


def _tell(study: Study, r: Relation, story: _Story) -> Evidence:
    concept, noise = story.mechanism == "concept_drift", story.mechanism == "label_noise"
    return make(
        study,
        NAME,
        story.mechanism,
        story.text,
        strength=story.strength,
        z=story.z,
        change=r.change if r.change.found else None,
        effect=story.effect,
        unit="misfit",
        n=r.n,
        features=r.features if concept else (),
        refutes=("covariate_shift",) if not noise and r.covariate_misfit > 3 else (),
    )


def _as_before(study: Study, r: Relation, z: float) -> Evidence:
    text = f"Within strata of equal inputs the labels fall as before (misfit {r.covariate_misfit:.1f}, n = {r.n})."
    return make(
        study, NAME, "", text, strength=0.0, z=z, refutes=("concept_drift", "label_noise", "label_shift"),
        effect=r.covariate_misfit, unit="misfit", n=r.n,
    )  # fmt: skip


def _taught_noise(study: Study, r: Relation) -> list[Evidence]:
    """The baseline's labels are the log's drawn at random in part: what taught the model was noisy, serving is not."""
    if study.own_reference or study.regression or r.taught_rate < 0.06:
        return []
    better, _, _, z = difference(study.ref_loss.model, study.log_loss.model)
    strength = _fits(r.taught_misfit, r.taught_still, r.strata.freedom - 1)
    strength *= min(1.0, r.taught_rate / 0.15) * logistic(1.5 * (-z - 5.0))
    if strength < 0.1:
        return []
    text = (
        f"The reference's labels look like the log's, drawn at random in {percent(min(r.taught_rate, 1.0))} of the "
        f"rows, alike in every stratum: what taught the model was noisy (it errs {-better:.3f} more a row there)."
    )
    found = make(
        study, "taught_noise", "label_noise", text, strength=strength, z=-z, change=from_start(study),
        effect=r.taught_rate, unit="share of labels", n=r.n, harmful=True, refutes=("concept_drift", "label_shift"),
    )  # fmt: skip
    return [found]
