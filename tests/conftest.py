"""What all tests share: one thread a process, and the long files first, so that two workers end at the same time."""

from __future__ import annotations

import os
from typing import Final

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Files that take longest, the longest first; the order of the others is theirs.
LONG: Final = (
    "test_diagnose",
    "test_wheel",
    "test_cli_flow",
    "test_verdict_floor",
    "test_detectors",
    "test_notebooks_run",
    "test_slices",
    "test_store_stress",
    "test_cli_bad_input",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; xdist gives files out in this order (``--no-loadscope-reorder``)."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
