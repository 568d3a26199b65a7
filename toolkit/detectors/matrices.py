"""Features as matrices of numbers (floor 4): a column a feature, a row a row."""

from __future__ import annotations

import numpy as np

from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats, Sample


def numeric(ref: Sample, log: Sample) -> tuple[Floats, Floats]:
    """Give the features of baseline and log as one matrix each, missing as NaN.

    Text becomes codes by falling frequency in the baseline, what it never held one code more; a number that is the
    same in all of the baseline, a text that it never has, and a feature that is text in one and a number in the other,
    are left out.
    """
    ref_columns, log_columns = [], []
    for name, column in log.features.items():
        base = ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes):
            if not (base.codes >= 0).any():
                continue
            counts = np.bincount(base.codes[base.codes >= 0], minlength=len(base.names))
            place = {base.names[i]: float(r) for r, i in enumerate(np.argsort(-counts, kind="stable"))}
            unseen = float(len(place))
            ref_columns.append(np.array([*[place[v] for v in base.names], np.nan])[base.codes])
            log_columns.append(np.array([*[place.get(v, unseen) for v in column.names], np.nan])[column.codes])
        elif not isinstance(column, Codes) and not isinstance(base, Codes):
            if not several(base[~np.isnan(base)], 2):
                continue
            ref_columns.append(base)
            log_columns.append(column)
    if not ref_columns:
        return np.zeros((len(ref), 0)), np.zeros((len(log), 0))
    return np.column_stack(ref_columns), np.column_stack(log_columns)


def taught(X: Floats) -> Floats:
    """Put nought into columns without any value, which trees cannot be taught on."""
    return np.where(np.isnan(X).all(axis=0), 0.0, X) if len(X) else X
