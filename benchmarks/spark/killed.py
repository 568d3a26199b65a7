"""A worker and its executor are killed while rows are counted: the counts must be those of DuckDB all the same."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.spark.big import big_log
from benchmarks.spark.cluster import Cluster
from benchmarks.spark.compare import Compared, cubes
from benchmarks.spark.events import told
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.profile.model import Profile

_ROWS = 1_200_000
_PARTS = 24


def killed(on: Cluster) -> dict[str, Any]:
    """Profile a log on the cluster, kill a worker in the middle of its tasks, and compare."""
    with tempfile.TemporaryDirectory(prefix="killed-") as text:
        folder = big_log(Path(text) / "log", _ROWS, _PARTS)
        made: list[Profile | BaseException] = []
        with read_log(str(folder), engine=f"spark:{on.master}") as log:
            context = log.rows._spark.sparkContext  # type: ignore[attr-defined]
            thread = threading.Thread(target=_profile, args=(log, made))
            thread.start()
            at = _in_the_middle(context, thread)
            ended = on.kill_worker()
            thread.join()
        if isinstance(made[0], BaseException):
            raise made[0]
        with read_log(str(folder), engine="duckdb") as log:
            true = build_profile(log)
        found = Compared()
        cubes(true, made[0], found)
        context.stop()
        events = told(on.events)
    figures = {
        "rows": f"{_ROWS:,}",
        "tasks of the stage done, and in all, when it was killed": f"{at[0]} of {at[1]}",
        "processes killed (a worker and its executor)": len(ended),
        "executors that Spark saw lost": events.lost_executors,
        "tasks that were lost and done again": events.lost_tasks,
        "counts compared": f"{found.counts:,}",
        "counts that are wrong": len(found.differs),
        "largest gap of a mean": f"{found.gap:.2g}",
    }
    right = not found.differs and events.lost_executors > 0 and events.lost_tasks > 0
    return {"figures": figures, "right": right, "differs": found.differs}


def _profile(log: Any, made: list[Any]) -> None:
    try:
        made.append(build_profile(log))
    except BaseException as error:  # noqa: BLE001  it is raised where the thread is joined
        made.append(error)


def _in_the_middle(context: Any, thread: threading.Thread) -> tuple[int, int]:
    """Wait until a stage of many tasks is a third done; give how many are, and how many there are."""
    tracker = context.statusTracker()
    while thread.is_alive():
        for stage in tracker.getActiveStageIds():
            one = tracker.getStageInfo(stage)
            if one and one.numTasks >= _PARTS // 2 and one.numTasks / 3 <= one.numCompletedTasks <= one.numTasks - 4:
                return one.numCompletedTasks, one.numTasks
        time.sleep(0.02)
    raise RuntimeError("the profile was done before a worker could be killed; take more rows")
