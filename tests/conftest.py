"""What all tests share: one thread a process, and who plays with whom, so that two workers end at the same time."""

from __future__ import annotations

import os
from typing import Final

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Files that take longest, the longest first; the order of the others is theirs.
LONG: Final = (
    "test_diagnose",
    "test_verdict_floor",
    "test_detectors",
    "test_ledger",
    "test_wheel",
    "test_cli_flow",
    "test_notebooks_run",
    "test_slices",
    "test_store_stress",
    "test_cli_bad_input",
)


#: Files that read the incidents of ``played``: together on one worker, where each is played once.
TOGETHER: Final = ("test_diagnose", "test_verdict_floor", "test_detectors", "test_ledger")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, each whole on one worker (``--dist loadgroup --no-loadscope-reorder``)."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
    for item in items:
        group = TOGETHER[0] if item.path.stem in TOGETHER else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
