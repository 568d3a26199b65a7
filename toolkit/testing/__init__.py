"""Incidents on demand (floor 6): logs with a known fault, their truth and their clean twin. Public API.

For benchmarks, drills and game days: ``make_incident("unit_change", base="credit", seed=1)``.
"""

from toolkit.testing.bases import base_names, load_base
from toolkit.testing.incidents import make_incident, make_multi, variants
from toolkit.testing.truth import GeneratedIncident, Truth

__all__ = ["GeneratedIncident", "Truth", "base_names", "load_base", "make_incident", "make_multi", "variants"]
