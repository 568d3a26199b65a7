"""Incidents on demand (floor 6): logs with a known fault, their truth and their clean twin. Public API.

For benchmarks, drills and game days: ``make_incident("unit_change", base="credit", seed=1)``.
"""

from toolkit.testing.bases import base_names, load_base
from toolkit.testing.healthy import (
    HARMLESS_KINDS,
    HEALTHY_KINDS,
    SERIES_KINDS,
    make_healthy,
    make_record,
    make_series,
)
from toolkit.testing.incidents import make_incident, make_multi, variants
from toolkit.testing.scoring import Score, score
from toolkit.testing.truth import GeneratedIncident, Truth
from toolkit.testing.twins import TWIN_NAMES, TwinPair, identifiability_twins, make_twin

__all__ = [
    "HARMLESS_KINDS",
    "HEALTHY_KINDS",
    "SERIES_KINDS",
    "TWIN_NAMES",
    "GeneratedIncident",
    "Score",
    "Truth",
    "TwinPair",
    "base_names",
    "identifiability_twins",
    "load_base",
    "make_healthy",
    "make_incident",
    "make_multi",
    "make_record",
    "make_series",
    "make_twin",
    "score",
    "variants",
]
