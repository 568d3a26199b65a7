"""Finished drills in the store: recorded once, read back as they were, asked for in SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.errors import StoreError
from toolkit.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DRILL = {
    "id": "a1", "scenario": "elec2", "trainee": "Ada; DROP TABLE drills", "difficulty": 3, "truth": "data",
    "answer": "bias", "mechanism": "", "confidence": 0.9, "correct": False, "cried_wolf": False, "points": 12.5,
    "brier": 0.81, "spent": 7.0, "harm": 1.0, "began_at": NOON, "ended_at": NOON, "body": {"moves": []},
}  # fmt: skip


def test_a_drill_is_recorded_once(tmp_path: Path) -> None:
    """The same drill again is the same row, and the record stays sound."""
    store = Store(tmp_path)
    first = store.record_drill(DRILL)
    assert store.record_drill({**DRILL, "points": 99.0}) == first
    assert [(d["trainee"], d["points"]) for d in store.drills()] == [(DRILL["trainee"], 12.5)]
    assert store.drills("nobody") == ()
    assert store.check().sound


def test_drills_can_be_asked_for(tmp_path: Path) -> None:
    """The view ``drills`` answers SQL, times in UTC."""
    store = Store(tmp_path)
    store.record_drill(DRILL)
    columns, rows = store.sql("SELECT scenario, confidence, correct, began_at FROM drills")
    assert columns == ("scenario", "confidence", "correct", "began_at")
    assert rows == [("elec2", 0.9, False, NOON)]


def test_half_a_drill_is_refused(tmp_path: Path) -> None:
    """A row without its score says what it lacks."""
    with pytest.raises(StoreError, match="lacks points"):
        Store(tmp_path).record_drill({k: v for k, v in DRILL.items() if k != "points"})
