"""What a profile costs on Spark, measured on a million rows, and by arithmetic on 1e9 and 1e11."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.spark.big import big_log
from benchmarks.spark.cluster import Cluster
from benchmarks.spark.events import Told, told
from toolkit.logs import read_log
from toolkit.profile.build import SAMPLE_ROWS, build_profile

_ROWS: Final = 1_000_000
_PARTS: Final = 8
#: What Spark reads in one task unless it is told otherwise.
_SPLIT: Final = 128 * 2**20
_LARGE: Final = (10**9, 10**11)


def sizes(on: Cluster) -> dict[str, Any]:
    """Profile a log of a million rows and thirty columns on the cluster and say what each query read and moved."""
    with tempfile.TemporaryDirectory(prefix="sizes-") as text:
        folder = big_log(Path(text) / "log", _ROWS, _PARTS)
        size = sum(f.stat().st_size for f in folder.iterdir())
        steps: list[tuple[str, float, float, int]] = []
        # one part of the eight, so that what Java compiles on the way is not counted in
        with read_log(str(min(folder.iterdir())), engine=f"spark:{on.master}") as log:
            context = log.rows._spark.sparkContext  # type: ignore[attr-defined]
        from toolkit.engines.spark import SparkRows

        whole = SparkRows.arrow

        def timed(self: SparkRows, sql: str, params: Any = ()) -> Any:
            began = time.time()
            table = whole(self, sql, params)
            steps.append((_named(sql), began, time.time(), table.nbytes))
            return table

        SparkRows.arrow = timed  # type: ignore[method-assign]
        try:
            with read_log(str(folder), engine=f"spark:{on.master}") as log:
                profile = build_profile(log)
                sampled = len(profile.sample)
                _ = log.hashes
        finally:
            SparkRows.arrow = whole  # type: ignore[method-assign]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        context.stop()
        queries = [(name, told(on.events, began, ended), answer) for name, began, ended, answer in steps]
    return {"lines": _lines(queries, size, sampled, peak)}


def _named(sql: str) -> str:
    for word, name in (
        ("GROUPING SETS", "counts by time, version, group and segment"),
        ("pmod(xxhash64", "the sample"),
        ("SELECT * FROM rows", "the sample"),
        ("bit_xor", "the hash of the content (an incident's record only)"),
        ("hll_sketch", "figures of columns, to guess roles"),
        ("_flags", "validation"),
        ("DISTINCT CASE", "repeated ids"),
        ("GROUP BY 1", "values of label, prediction and status"),
        ("SELECT count(*) FROM raw", "the number of rows"),
    ):
        if word in sql:
            return name
    return "a look at the first rows"


def _lines(queries: list[tuple[str, Told, int]], size: int, sampled: int, peak: int) -> list[str]:
    by_name: dict[str, list[tuple[Told, int]]] = {}
    for name, one, answer in queries:
        by_name.setdefault(name, []).append((one, answer))
    lines = [
        "## What a profile costs", "",
        f"Measured on {_ROWS:,} rows of 30 columns, {size / _ROWS:.0f} bytes a row in Parquet (zstd), by the event "
        "log of a cluster of two workers, on a busy machine and without Java's second compiler: core seconds are an "
        "upper bound.",
        "",
        "| query | queries | bytes read a row | bytes shuffled a task | core seconds a million rows | answer, bytes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for name, ones in by_name.items():
        tasks = sum(o.tasks for o, _ in ones) or 1
        lines.append(
            f"| {name} | {len(ones)} | {sum(o.read for o, _ in ones) / _ROWS:.1f} "
            f"| {sum(o.shuffled for o, _ in ones) / tasks:,.0f} | {sum(o.cpu for o, _ in ones) / _ROWS * 1e6:.2f} "
            f"| {sum(answer for _, answer in ones):,} |"
        )
    total = Told()
    for _, one, _ in queries:
        total.tasks += one.tasks
        total.read += one.read
        total.shuffled += one.shuffled
        total.cpu += one.cpu
    answers = sum(answer for _, _, answer in queries)
    lines += [
        "",
        *_arithmetic(total, size, answers, sampled),
        "",
        f"The driver's Python held {peak / 2**20:,.0f} MB at most.",
        "",
    ]
    return lines


def _arithmetic(total: Told, size: int, answers: int, sampled: int) -> list[str]:
    """Scale what was measured: reading and CPU with the rows, shuffling with the tasks, the answer with neither."""
    lines = [
        f"By arithmetic, for tasks of {_SPLIT // 2**20} MB. Reading and CPU grow with the rows, the shuffle with the "
        f"tasks (each sends its cells once), the driver's part with neither: {answers / 2**20:.1f} MB of answers, of "
        f"which the sample is {sampled:,} rows and is about {SAMPLE_ROWS:,} at most.", "",
        "| rows | Parquet | read | tasks that read, a pass | shuffled | core hours | answers on the driver |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for rows in (_ROWS, *_LARGE):
        scale = rows / _ROWS
        tasks = max(size * scale / _SPLIT, 1)
        passes = total.read / size
        moved = total.shuffled / max(total.tasks, 1) * tasks * passes if rows > _ROWS else total.shuffled
        lines.append(
            f"| {rows:.0e} | {_bytes(size * scale)} | {_bytes(total.read * scale)} | {tasks:,.0f} | {_bytes(moved)} "
            f"| {total.cpu * scale / 3600:,.2f} | {_bytes(answers)} |"
        )
    return lines


def _bytes(n: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:,.1f} {unit}"
    return f"{n:.0f} B"
