"""N-sigma as a system of the benchmark; rankers.py says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.verdict.peers.answer import Found, diagnoser
from benchmarks.verdict.peers.rankers import DEFAULTS, EXPRESSIBLE, measure, pick

__all__ = ["DEFAULTS", "EXPRESSIBLE", "decide", "diagnose", "measure"]


def decide(out: Mapping[str, Any], k: Mapping[str, float]) -> Found:
    """Give the mechanism of the series that stands off most."""
    return pick(out, k, "nsigma")


diagnose = diagnoser("nsigma", measure, decide, DEFAULTS)
