"""A segment value that the baseline never held, where the model fails from its first row (floor 4).

A new place is a model that was taught elsewhere (overfitting: the pilot did not generalise), and so is one that is
served from its first row on to nobody whom it was taught on; a new kind of customer, device or channel is a world that
grew (data: a new category); a new hand that labels gives labels of its own (data: noise). That the model fails there is
the same; the name of the column says which it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, make
from toolkit.detectors.stated import harder
from toolkit.detectors.study import LEAST_ROWS, Study, first_known, new_to, seen
from toolkit.logs.names import LABELLER_WORDS, PLACE_WORDS, plain, words_of
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, first_of

#: The share of rows from which on all that is served is new.
_ALL: Final = 0.97
#: Words by which a column sorts customers or ways, whatever place it also names: a market segment is no market.
_KINDS: Final = frozenset({"segment", "type", "kind", "category", "class", "tier", "channel"})
#: What would have hurt the rows of places that were there, too.
_OF_ALL: Final = (
    "concept_drift", "stale_feature", "covariate_shift", "swapped_columns", "dropped_traffic", "leakage",
)  # fmt: skip


def detect(study: Study) -> list[Evidence]:
    """Look for a segment value that the baseline never held and where the model fails from its first row."""
    loss = study.log_loss.model if not np.isnan(study.log_loss.model).all() else study.log_loss.final
    found = []
    for column, (base, codes) in _columns(study).items():
        if base is None or not (base.codes >= 0).any() or len(codes.names) > 300:
            continue
        held = seen(base) - _rare(base)
        got = _site(study, loss, column, codes, new_to(codes, held))
        if got is not None:
            found.append(got)
    return sorted(found, key=lambda e: -e.z)[:1]


def _columns(study: Study) -> dict[str, tuple[Codes | None, Codes]]:
    """Give the segments, and the features that are named as places: a model may read where something was made."""
    found = {n: (study.ref.segments.get(n), codes) for n, codes in study.log.segments.items()}
    for name, codes in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(codes, Codes) and isinstance(base, Codes) and _place(name):
            found.setdefault(name, (base, codes))
    return found


def _place(column: str) -> bool:
    words = words_of(plain(column))
    return bool(words & PLACE_WORDS and not words & _KINDS) or plain(column) == "line"


def _rare(base: Codes) -> set[str]:
    counts = np.bincount(base.codes[base.codes >= 0], minlength=len(base.names))
    return {base.names[i] for i in range(len(base.names)) if counts[i] < 0.01 * counts.sum()}


def _at_once(other: Floats, here: Floats, d: float) -> bool:
    """Whether the model already errs more on the first known rows: a place where it began to is no new one."""
    return difference(other, first_known(here))[0] > 0.3 * d


def _beside(*, labeller: bool, place: bool) -> tuple[str, ...]:
    """Name what else it is not: labels are drawn at random wherever they are, but by a hand that is new."""
    return () if labeller else ("label_noise", "new_category") if place else ("label_noise",)


def _site(study: Study, loss: Floats, column: str, codes: Codes, fresh: Mask) -> Evidence | None:
    if (fresh & ~np.isnan(loss)).sum() < LEAST_ROWS:
        return None
    words = words_of(plain(column))
    labeller = bool(words & LABELLER_WORDS) or plain(column).startswith("label_")
    if labeller and float(fresh.mean()) > _ALL:
        return None  # who labels the log did not label the reference: that says nothing of the cases
    place = _place(column) or float(fresh.mean()) > _ALL
    ref_loss = study.ref_loss.model if not np.isnan(study.ref_loss.model).all() else study.ref_loss.final
    known = ~fresh & ~np.isnan(loss)
    other = loss[known] if known.sum() >= LEAST_ROWS else ref_loss
    d, _, interval, z = difference(other, loss[fresh])
    base_d, _, _, base_z = difference(ref_loss, loss[fresh])
    if min(z, base_z) < 3.5 or d <= 0 or not _at_once(other, loss[fresh], d):
        return None
    if harder(study, ~fresh, fresh, d):
        return None
    rest, _, _, rest_z = difference(ref_loss, loss[known])
    rest_ok = known.sum() < LEAST_ROWS or rest_z < 4 or rest < 0.4 * base_d
    values = [codes.names[i] for i in np.unique(codes.codes[fresh])]
    first = int(np.argmax(fresh))
    late = Change("step", first, len(fresh), 0.0, 1.0, z, first, first, first_of(fresh))
    change = late if first > 0.03 * len(fresh) else from_start(study)
    text = (
        f"{column} = {', '.join(values[:3])} was not in the baseline, and there the model errs {d:.3f} more "
        "than elsewhere, "
        f"from its first row ({int(fresh.sum())} rows)."
    )
    slice_ = (SliceTerm(column, values[0]),) if len(values) == 1 else ()
    return make(
        study,
        "new_site",
        "label_noise" if labeller else "pilot_did_not_generalise" if place else "new_category",
        text,
        strength=0.92 if rest_ok else 0.5,
        z=z,
        change=change,
        rows=fresh,
        effect=d,
        unit="loss",
        interval=interval,
        n=int(fresh.sum()),
        slice_=slice_,
        refutes=(*_OF_ALL, *_beside(labeller=labeller, place=place)) if rest_ok else (),
    )
