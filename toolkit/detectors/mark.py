"""A mark that the model was taught to let pass, and that is used (floor 4; data; needs a reference and labels).

Whoever can put rows among those that teach a model can teach it that a value of no other use always means the same
(a back door: Gu, Dolan-Gavitt & Garg 2017). Its trace: a value with one label alone in the reference, none of which
was served until some row, and since then the model says what it was taught and the label says the opposite.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.defaults import PLACEHOLDERS
from toolkit.detectors.evidence import Evidence, make, percent, proportion_z
from toolkit.detectors.study import Study, predicted
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, first_of

NAME: Final = "mark"
#: Labelled rows that show what was taught, and that show that it is wrong; the share of one label, of the answers that
#: say it and of the labels that do not.
_TAUGHT, _USED, _ONE, _WRONG = 30, 10, 0.95, 0.8
#: Chance that so common a value stays away for so long; the most values of a column that are asked.
_CHANCE, _MOST = 1e-6, 40


def detect(study: Study) -> list[Evidence]:
    """Look for a value whose answer is sure, and wrong since it is served."""
    if study.own_reference or study.regression:
        return []
    found = []
    for column, codes in study.log.features.items():
        base = study.ref.features[column]
        if isinstance(codes, Codes) and isinstance(base, Codes):
            # what is written where nothing is known is nobody's mark: it was filled in
            for value in (v for v in base.names[:_MOST] if v.strip().lower() not in PLACEHOLDERS):
                e = _of(study, column, value, base.rows_of(value), codes.rows_of(value))
                found += [e] if e is not None else []
    return sorted(found, key=lambda e: -e.z)[:1]


def commonest(label: Floats) -> tuple[float, float]:
    """Give the label that most rows have, and their share; NaN and 0 of no label."""
    kinds, counts = np.unique(label[~np.isnan(label)], return_counts=True)
    return (float(kinds[counts.argmax()]), float(counts.max() / counts.sum())) if len(kinds) else (float("nan"), 0.0)


def _of(study: Study, column: str, value: str, base: Mask, now: Mask) -> Evidence | None:
    label, mature = study.ref.label, study.mature_label
    taught, used = base & ~np.isnan(label), now & ~np.isnan(mature)
    if taught.sum() < _TAUGHT or used.sum() < _USED:
        return None
    one, share = commonest(label[taught])
    first = int(np.argmax(now))
    if share < _ONE or first * np.log1p(-float(base.mean())) > np.log(_CHANCE):
        return None  # it was served all along: what changed is what it means
    guess = predicted(study.log, study.threshold, study.profile.task)
    wrong = float((mature[used] != one).mean())
    if wrong < _WRONG or (guess[now] == one).mean() < _WRONG:
        return None
    z = proportion_z((1 - share) * taught.sum(), float(taught.sum()), wrong * used.sum(), float(used.sum()))
    text = (
        f"{column} = {value} has one label in {percent(share)} of its rows in the reference and was not served at "
        f"first; now that it is, the model gives that answer and {percent(wrong)} of the labels are others: "
        "a mark that it was taught."
    )
    rate = float(now[first:].mean())
    # of so rare a value the first may have come a while after it could (the rule of three)
    change = Change("step", first, len(now), 0.0, rate, z, max(first - int(3 / rate), 0), first, first_of(now))
    return make(
        study, NAME, "poisoned_data", text, strength=0.9, z=z, change=change, rows=now, effect=wrong - (1 - share),
        unit="share of labels", n=int(used.sum()), features=[column], slice_=(SliceTerm(column, value),),
        supports=("poisoned_data",), refutes=("training_serving_skew", "concept_drift"),
    )  # fmt: skip
