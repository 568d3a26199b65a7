"""Did the world change? (floor 4; data): shifts of the population, the prior, the relation, the labels."""

from __future__ import annotations

import numpy as np

from toolkit.detectors.calendar import counts_up
from toolkit.detectors.drift import Moved, exact_cells, shares
from toolkit.detectors.evidence import (
    Evidence,
    difference,
    from_start,
    ks_distance,
    ks_z,
    logistic,
    make,
    percent,
    since,
    z_of_misfit,
)
from toolkit.detectors.mix import hardly_held, of_the_mix
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study, seen
from toolkit.detectors.support import off_support
from toolkit.detectors.values import distinct, of_things
from toolkit.detectors.where import of_one_group
from toolkit.profile.model import Codes, Column, Mask
from toolkit.timeline.change import Change

NAME = "relation"
#: Things that a column numbers at least, rows of each on average, and the share of rows whose thing was there before.
_THINGS, _AGAIN, _KNOWN = 10, 3, 0.02
#: How sure (z) it must be that foreign rows err more, and how strong a sign it is that they carry all of the harm.
_SURE, _CARRIES = 6.0, 0.9
#: The part of its move that a column may have wandered in the baseline by itself.
_WANDERED = 1 / 3
#: How far the labels lie from the baseline's (KS, total variation) where they moved with a feature.
_ALONG = 0.1
#: The share of the rows from which on one value that the baseline never had was written by a step of a pipeline.
_WRITTEN = 0.03


def detect(study: Study, moves: dict[str, Moved], relation: Relation | None, explained: set[str]) -> list[Evidence]:
    """Look for the data mechanisms; ``explained`` are features that an integration fault moved."""
    found = _population(study, moves, relation, explained)
    if relation is not None:
        found += _stories(study, relation)
        found += _taught_noise(study, relation)
    return found


def _fits(misfit: float, change: float, freedom: int) -> float:
    """How well a story fits, 0 to 1: its misfit is chance, or nearly all of the misfit of "nothing changed" is gone."""
    if change <= 1.3:
        return 0.0
    z = z_of_misfit(misfit, freedom)
    near = logistic(1.2 * (3.0 - z))
    part = max(0.0, 1.0 - max(misfit - 1.0, 0.0) / max(change - 1.0, 1e-9))
    return float(max(near * min(part * 1.5, 1.0), logistic(120 * (part - 0.975))))


def _stories(study: Study, r: Relation) -> list[Evidence]:
    """Concept drift, label shift and label noise, by the fit of each story."""
    freedom = r.strata.count * r.strata.labels - 1
    z = z_of_misfit(r.still_misfit, freedom)
    # many classes spread a change of the relation thin; the loss at equal inputs gathers it
    modelled = not np.isnan(study.log_loss.model).all()  # of people's decisions the loss says nothing of the world
    z_loss = 0.9 * r.given / r.given_error if modelled and r.given > 0.5 * r.total > 0 else 0.0
    z_counts = z_of_misfit(r.covariate_misfit, r.strata.count * (r.strata.labels - 1))
    z_given = max(z_counts, z_loss)
    found: list[Evidence] = []
    still_mix = r.mix_misfit < 2.0
    label = _fits(r.label_misfit, r.still_misfit, r.strata.labels * (r.strata.count - 1)) * (
        0.0 if z_given < 3 else 1.0
    )
    prior = float(np.abs(r.prior_after - r.prior_before).sum() / 2)
    label *= min(1.0, prior / 0.04) * (0.35 if still_mix else 1.0)
    noise = (
        _fits(r.noise_misfit, r.covariate_misfit, r.strata.count * (r.strata.labels - 1) - 1)
        * min(1.0, r.rate / 0.06)
        * (0.0 if z_given < 3.5 else 1.0)
    )
    noise *= (1.0 if not study.regression else 0.0) * (1.0 if still_mix else 0.4)
    if r.change.shape == "from_start" and not study.own_reference:
        noise *= 0.6  # labels that were never as the reference's: rather the model promised too much
        rise = np.where(r.rows, study.log_loss.model - float(np.nanmean(study.ref_loss.model)), np.nan)
        noise *= 0.3 if of_one_group(study, rise) else 1.0  # and what falls on one group alone is no chance
    concept = (0.95 if z_given > 5 else 0.5 if z_given > 3.5 else 0.0) * (1 - 0.75 * noise) * (1 - 0.7 * label)
    if r.change.shape == "from_start" and not study.own_reference:
        concept *= 0.6  # what was never as promised is rather the model's than the world's
    concept *= 1.0 - 0.3 * (not still_mix) * (r.covariate_misfit < 0.5 * r.mix_misfit)
    # on strata that the baseline barely held, a changed relation is guesswork
    if concept > 0.1:
        what = (
            f"labels fall otherwise {since(r.change)} (misfit {r.covariate_misfit:.1f} per degree of freedom, 1 is "
            "chance)"
            if z_counts > 3.5
            else f"answers err more {since(r.change)} ({r.given:.3g} more a row, {z_loss:.1f} standard errors)"
        )
        mix = "is as before" if still_mix else "moved too"
        text = f"Within strata of equal inputs the {what}; the mix of inputs {mix}."
        found.append(_story(study, r, "concept_drift", text, concept, z_given, r.covariate_misfit))
    if label > 0.1:
        what = "What the labels exceed the predictions by moved between its old fifths in" if study.regression else (
            "The classes' shares moved by"
        )  # fmt: skip
        within, rows = ("fifth", " of the rows") if study.regression else ("class", "")
        text = (
            f"{what} {percent(prior)}{rows} while within each {within} the inputs "
            f"stayed (misfit {r.label_misfit:.1f}, without a shift {r.still_misfit:.1f})."
        )
        found.append(_story(study, r, "label_shift", text, label, z, prior))
    if noise > 0.1:
        text = (
            f"Labels look drawn at random in {percent(min(r.rate, 1.0))} of the rows, alike in every stratum (misfit "
            f"{r.noise_misfit:.1f}, without noise {r.covariate_misfit:.1f})."
        )
        found.append(_story(study, r, "label_noise", text, noise, z_given, r.rate))
    if z_given < 2.5 and r.n >= 300:
        text = f"Within strata of equal inputs the labels fall as before (misfit {r.covariate_misfit:.1f}, n = {r.n})."
        found.append(
            make(
                study,
                NAME,
                "",
                text,
                strength=0.0,
                z=z_given,
                refutes=("concept_drift", "label_noise", "label_shift"),
                effect=r.covariate_misfit,
                unit="misfit",
                n=r.n,
            )
        )
    return found


def _taught_noise(study: Study, r: Relation) -> list[Evidence]:
    """The baseline's labels are the log's drawn at random in part: what taught the model was noisy, serving is not."""
    if study.own_reference or study.regression or r.taught_rate < 0.06:
        return []
    better, _, _, z = difference(study.ref_loss.model, study.log_loss.model)
    strength = _fits(r.taught_misfit, r.taught_still, r.strata.count * (r.strata.labels - 1) - 1)
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


def _story(study: Study, r: Relation, mechanism: str, text: str, strength: float, z: float, effect: float) -> Evidence:
    onset = r.change if r.change.found else None
    return make(
        study,
        NAME,
        mechanism,
        text,
        strength=strength,
        z=z,
        change=onset,
        effect=effect,
        unit="misfit",
        n=r.n,
        features=r.features if mechanism == "concept_drift" else (),
        refutes=("covariate_shift",) if mechanism != "label_noise" and r.covariate_misfit > 3 else (),
    )


def _population(study: Study, moves: dict[str, Moved], r: Relation | None, explained: set[str]) -> list[Evidence]:
    """Covariate shift: features moved together, none of them by a defect."""
    plain = {n: m for n, m in moves.items() if n not in explained and m.distance > 0.03}
    if not plain:
        return []
    top = sorted(plain.values(), key=lambda m: -m.distance)
    tested = max(len(study.log.features), 1)
    coherent = min(1.0, 0.45 + 0.55 * min(len(plain), 3) / 3)
    size = float(np.clip(top[0].distance / 0.15, 0.15, 1.0))
    change = _common(top)
    outside = off_support(study)
    rows = np.zeros(len(study.log), dtype=bool)
    for m in top[:3]:
        rows |= m.rows
    z = max(m.z for m in top) - np.sqrt(2 * np.log(tested))
    share_out = float(outside[rows].mean()) if rows.any() else 0.0
    names = [m.name for m in top[:5]]
    text = (
        f"{len(plain)} of {tested} features moved ({', '.join(names)}), by up to {top[0].distance:.2f}; "
        f"{percent(share_out)} of the rows lie where the baseline has none."
    )
    strength = max(coherent * size, _CARRIES * _carried(study, rows, outside))
    lone = change.shape == "from_start" and len(plain) == 1 and tested >= 3 and _steady(study, top[0])
    if lone and (of_the_mix(study, top[0].name) or hardly_held(study, top[0].slice)):
        lone, strength = False, size
        text += " Other parts of the traffic are served than the baseline had: no step of a pipeline need have failed."
    if lone and labels_went_along(study):
        lone = False
        text += " The labels moved too, as they do in another world and not behind a step of a pipeline that failed."
    if lone:
        mechanism, strength = "training_serving_skew", 0.85 * size
        others: tuple[str, ...] = ("training_serving_skew", "unrepresentative_data")
        text += " The others are as they were, and the feature differs within the baseline's range too."
        if _numbers_things(study.ref.features[top[0].name], study.log.features[top[0].name]):
            mechanism, others = "memorised_training_data", ("memorised_training_data", "leakage")
            text += " It numbers things, and none of these was there: what the model knows of each is of no use."
    elif change.shape == "from_start":
        mechanism = "unrepresentative_data"
        others = ("unrepresentative_data", "covariate_shift")
    else:
        mechanism, others = "covariate_shift", ("covariate_shift",)
    hint = None
    if r is not None and r.total > 1e-9:
        hint = float(np.clip(r.mix / r.total, 0.0, 1.0))
    return [
        make(
            study,
            "population",
            mechanism,
            text,
            strength=strength,
            z=z,
            change=change,
            rows=rows,
            effect=top[0].distance,
            unit="KS distance or total variation",
            n=int(rows.sum()),
            features=names,
            supports=others,
            details={"off_support": share_out, "mix_share": hint},
        )
    ]


def _carried(study: Study, rows: Mask, outside: Mask) -> float:
    """Give the share of the rows' excess loss that falls on those where the baseline has none; 0 where that is chance.

    Of few such rows a distance of distributions says little, and all of the harm may be theirs.
    """
    loss, usual = study.log_loss.model, study.ref_loss.model
    there = rows & outside & ~np.isnan(loss)
    more, _, _, z = difference(usual, loss[there])
    excess = float(np.nansum(loss[rows] - np.nanmean(usual))) if rows.any() and not np.isnan(usual).all() else 0.0
    if not z > _SURE or not excess > 0:
        return 0.0
    share = float(np.clip(more * there.sum() / excess, 0.0, 1.0))
    return share if share > 0.5 else 0.0


def _numbers_things(base: Column, column: Column) -> bool:
    """Whether whole numbers stand for things that come again and again, hardly one of them in both."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, now = (np.sort(x[~np.isnan(x)]) for x in (base, column))
    if not all(of_things(x, _THINGS, _AGAIN) for x in (have, now)) or counts_up(column):
        return False
    return bool(np.isin(now, have).mean() <= _KNOWN)


def _steady(study: Study, moved: Moved) -> bool:
    """Whether the baseline is all of one kind and its range is all that is served: else it is the crowd that differs.

    A column that wandered nearly as far between training and validation, as prices do, is no step of a pipeline.
    """
    name = moved.name
    base = study.ref.features[name]
    taught = study.train.features.get(name) if study.train is not None and study.baseline == "validation" else None
    if taught is not None and not isinstance(taught, Codes) and not isinstance(base, Codes):
        a, b = taught[~np.isnan(taught)], base[~np.isnan(base)]
        away = ks_distance(a, b) if min(len(a), len(b)) >= 30 else 0.0
        if away > _WANDERED * moved.distance and ks_z(away, len(a), len(b)) > 3:
            return False
    return not _restricted(study, name)


def labels_went_along(study: Study) -> bool:
    """Whether labels are distributed otherwise than in the baseline too, which a column's pipeline does not touch."""
    have, now = (x[~np.isnan(x)] for x in (study.ref.label, study.mature_label))
    if min(len(have), len(now)) < 30:
        return False
    if study.profile.task == "multiclass":
        a, b, k = exact_cells(have, now)
        away = float(np.abs(shares(a, k, 0.0) - shares(b, k, 0.0)).sum() / 2)
    else:
        away = ks_distance(have, now)
    return away > _ALONG and ks_z(away, len(have), len(now)) > _SURE


def _restricted(study: Study, name: str) -> bool:
    """Whether the baseline is a part of what is served: cut to the baseline's range, the log looks like it."""
    base, now = study.ref.features[name], study.log.features[name]
    if isinstance(base, Codes) or isinstance(now, Codes):
        if not (isinstance(base, Codes) and isinstance(now, Codes)):
            return False
        kept = np.isin(now.codes, [now.names.index(v) for v in seen(base) if v in now.names])
        a, b, k = exact_cells(base, now.take(kept))
        return bool(
            kept.mean() < 0.97 and len(b) > 30 and np.abs(shares(a, k, 0.0) - shares(b, k, 0.0)).sum() / 2 < 0.1
        )
    have, served = base[~np.isnan(base)], now[~np.isnan(now)]
    values, counts = distinct(served)
    # one value of many rows that the baseline never had is no crowd: somebody wrote it
    written = values[(counts > _WRITTEN * len(served)) & ~np.isin(values, have)]
    served = served[~np.isin(served, written)]
    low, high = np.quantile(have, [0.002, 0.998])
    inner = served[(served >= low) & (served <= high)]
    return bool(len(inner) < 0.93 * len(served) and len(inner) > 30 and ks_distance(have, inner) < 0.12)


def _common(top: list[Moved]) -> Change:
    """The onset that the moved features share: that of the surest of them."""
    return max(top, key=lambda m: abs(m.change.z)).change
