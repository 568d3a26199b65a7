"""Missing values and changed schemas (floor 4; data to integration)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from toolkit.detectors.evidence import Evidence, beforehand, inside, make, percent, proportion_z, since
from toolkit.detectors.study import Study, known
from toolkit.profile.model import Codes, Column, Mask
from toolkit.timeline.change import find_change, no_change

NAME = "missing_values"
#: The least rise of the null share that is worth a word.
LEAST_RISE = 0.015


def detect(study: Study) -> list[Evidence]:
    """Look for features whose null share rose, and for columns that came, went or changed their type."""
    return [*_schema(study), *_nulls(study)]


def _nulls(study: Study) -> Iterator[Evidence]:
    for name, column in study.log.features.items():
        if name in study.profile.missing_columns or name in study.profile.types:
            continue
        base = (~known(study.ref.features[name])).astype(float)
        null = (~known(column)).astype(float)
        reference = None if study.own_reference else (float(base.mean()), float(base.var()), float(len(base)))
        change = find_change(null, reference=reference) if null.any() else no_change(len(null))
        if not change.found or change.z < 0:
            continue
        rows = inside(change, len(null))
        after, usual = float(null[rows].mean()), float(base.mean())
        rise = after - usual
        z = proportion_z(base.sum(), len(base), null[rows].sum(), rows.sum())
        if rise < LEAST_RISE or z < 5:
            continue
        # a feed that fails leaves something; a column that is not sent any more leaves nothing
        mechanism = "schema_change" if after > 0.995 and usual < 0.5 else "missing_values"
        text = (
            f"{name} is missing in {percent(after)} of the rows {since(change)}, {percent(usual)} {beforehand(change)}."
        )
        yield make(
            study,
            NAME,
            mechanism,
            text,
            strength=min(1.0, 0.9 + rise / 10),
            z=z,
            change=change,
            rows=rows & (null > 0),
            effect=rise,
            unit="share of rows",
            n=int(rows.sum()),
            features=[name],
            threshold=LEAST_RISE,
            refutes=("covariate_shift",) if rise > 0.1 else (),
        )


def _unreadable(column: Column, was: str) -> Mask:
    """Mark text that is no number where the reference has numbers: what a reader of numbers takes for nothing."""
    if not isinstance(column, Codes) or was == "VARCHAR":
        return np.zeros(len(column.codes) if isinstance(column, Codes) else len(column), dtype=bool)
    flags = np.array([*(not _is_number(name) for name in column.names), False])
    return np.asarray(flags[column.codes])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _schema(study: Study) -> Iterator[Evidence]:
    everything = np.ones(len(study.log), dtype=bool)
    for name in study.profile.missing_columns:
        text = f"The column {name} of the reference is not in the log."
        yield make(
            study,
            "schema_change",
            "schema_change",
            text,
            strength=1.0,
            z=20,
            rows=everything,
            features=[name],
        )
    for name, (was, now) in study.profile.types.items():
        column = study.log.features.get(name)
        if column is None:
            continue
        null = (~known(column) | _unreadable(column, was)).astype(float)
        base = (~known(study.ref.features[name])).astype(float)
        change = find_change(null, reference=(float(base.mean()), float(base.var()) + 1e-4, float(len(base))))
        rows = inside(change, len(null)) & (null > 0) if change.found else everything
        text = f"{name} was {was} in the reference and is {now} in the log."
        yield make(
            study,
            "schema_change",
            "schema_change",
            text,
            strength=1.0 if change.found else 0.7,
            z=20 if change.found else 6,
            change=change if change.found else None,
            rows=rows,
            features=[name],
        )
