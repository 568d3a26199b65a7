"""What all tests share: one thread a process, and who plays with whom, so that two workers end at the same time."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

os.environ.setdefault("OMP_NUM_THREADS", "1")
# tests hold ever more modules, which are no garbage: to look for some in them took up to a tenth of the time
gc.set_threshold(100_000, 20, 50)

#: Files that take longest, the longest first; the order of the others is theirs. What starts Jupyter comes before what
#: copies the environment: byte code is written by whoever first imports a module.
LONG: Final = (
    "test_diagnose",
    "test_verdict_floor",
    "test_detectors",
    "test_ledger",
    "test_engines_agree",
    "test_cli_flow",
    "test_browser_lab",
    "test_kept",
    "test_wheel",
    "test_logs_read",
    "test_testing_incidents",
    "test_jupyter_desk",
    "test_templates_logs",
    "test_docs",
)


#: Files that read the incidents of ``played``: together on one worker, where each is played once.
TOGETHER: Final = ("test_diagnose", "test_verdict_floor", "test_detectors", "test_ledger")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; xdist gives files out in this order (``--no-loadscope-reorder``)."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


#: What was drawn in this process, by all that it tells.
_DRAWN: Final[dict[str, str]] = {}


@pytest.fixture(autouse=True)
def _drawn_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Draw no plot twice: most of the time of a page goes into those of the same few records."""
    from toolkit.report.plots.figure import sharing

    with nullcontext() if request.node.get_closest_marker("drawn_anew") else sharing(_DRAWN):
        yield


class _Together(LoadFileScheduling):
    """A file is one worker's, and ``TOGETHER`` are as one file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER[0] if Path(file).stem in TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give tests out by ``_Together`` where they are given out by file."""
    return _Together(config, log) if config.getvalue("dist") == "loadfile" else None
