"""Do a few new entities send a great part of the rows from some row on (floor 4; data)? Somebody feeds the system."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.stated import as_stated
from toolkit.detectors.study import Study
from toolkit.timeline.change import find_change

#: What labels and rows of one sender are found by: a flood is told in one family with the odd labels.
NAME: Final = "provenance"


def detect(study: Study) -> list[Evidence]:
    """Look for new entities that send far more than the usual ones, all since one row."""
    codes = study.log.entity.codes
    n = len(codes)
    if (codes >= 0).sum() < 100:
        return []
    count = np.bincount(codes[codes >= 0], minlength=len(study.log.entity.names))
    first = np.full(len(count), n)
    np.minimum.at(first, codes[codes >= 0], np.flatnonzero(codes >= 0))
    rate = count / np.maximum(n - first, 1)
    usual = float(np.quantile(rate[(count > 0) & (first < n / 2)], 0.98)) if (first < n / 2).any() else 1.0
    loud = (rate > 3 * usual) & (count >= 12) & (first > 0.03 * n)
    if not loud.any() or loud.sum() > 0.1 * (count > 0).sum():
        return []
    flags = np.isin(codes, np.flatnonzero(loud)).astype(float)
    change = find_change(flags)
    if not change.found or change.z < 6:
        return []
    rows = inside(change, n) & (flags > 0)
    share = float(rows.sum()) / max(change.end - change.start, 1)
    if share < 0.04 or as_stated(study, rows):  # whose labels come true as the scores say is a large customer
        return []
    who = f"{many} ids never seen before send" if (many := int(loud.sum())) > 1 else "One id never seen before sends"
    text = f"{who} {percent(share)} of the rows {since(change)}."
    return [
        make(
            study,
            NAME,
            "poisoned_data",
            text,
            strength=0.95,
            z=change.z,
            change=change,
            rows=rows,
            effect=share,
            unit="share of rows",
            n=int(rows.sum()),
            refutes=("covariate_shift", "concept_drift", "default_filled", "bad_rollout", "label_noise"),
        )
    ]
