"""One input that moved by itself, and the truth with nothing but it (floor 4; integration; needs labels).

A world that changes moves several columns together, or none and the labels. Where one column alone moved, labels fall
otherwise at equal inputs since then, and the other columns tell of the labels about what they told, the labels are as
ever and so are the rows: what is written into that column is no longer what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, inside, make, percent, z_of_misfit
from toolkit.detectors.linked import missed_without
from toolkit.detectors.population import labels_went_along
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study
from toolkit.detectors.witness import of_a_new_part

NAME: Final = "lone_input"
#: Columns there must be; how far (KS) and how surely the one must have moved, and how little all others may have.
_COLUMNS, _FAR, _SURE, _STILL = 4, 0.12, 6.0, 0.06
#: How sure it must be that labels fall otherwise at equal inputs, and the part of the rise that may be left without it.
_OTHERWISE, _LEFT = 5.0, 0.5


def detect(study: Study, moves: Mapping[str, Moved], relation: Relation | None, explained: set[str]) -> list[Evidence]:
    """Look for the one column that moved, by which alone labels fall otherwise; ``explained`` are named already."""
    far = [m for m in moves.values() if m.distance > _STILL]
    if relation is None or len(study.log.features) < _COLUMNS or len(far) != 1 or far[0].name in explained:
        return []
    (lone,) = far
    z = max(
        z_of_misfit(relation.covariate_misfit, relation.strata.freedom),
        relation.given / relation.given_error if relation.given > 0.5 * relation.total > 0 else 0.0,
    )
    if lone.change.shape == "from_start" or lone.distance < _FAR or lone.z < _SURE or z < _OTHERWISE:
        return []
    if labels_went_along(study):
        return []  # a season, or another world, moves both
    left = missed_without(study, [lone.name], inside(lone.change, len(study.log)))
    if left is None or left > _LEFT or of_a_new_part(study, lone.rows):
        return []
    text = (
        f"{lone.name} alone of {len(study.log.features)} columns moved (by {lone.distance:.2f}), labels fall otherwise "
        f"at equal inputs since then, and a fit without it has {percent(left)} of the rise at most: what is written "
        "into it is no longer what it was."
    )
    return [
        make(
            study, NAME, "schema_change", text, strength=0.8, z=min(z, lone.z), change=lone.change, rows=lone.rows,
            effect=lone.distance, unit="KS distance", n=int(lone.rows.sum()), features=[lone.name],
            supports=("schema_change", "unit_change", "training_serving_skew", "stale_feature"),
            refutes=("covariate_shift", "concept_drift"),
        )
    ]  # fmt: skip
