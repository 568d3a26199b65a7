"""RESULTS.md, written from what was measured."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any


def versions() -> dict[str, str]:
    """Say with what a figure was got."""
    import duckdb
    import pyspark

    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.split("\n")[0]
    return {
        "duckdb": duckdb.__version__,
        "spark": pyspark.__version__,
        "java": java,
        "python": platform.python_version(),
    }


def write(kept: dict[str, Any], file: Path, logs: int) -> None:
    """Write the page."""
    lines = [
        "# Spark against DuckDB",
        "",
        "Written by `python -m benchmarks.spark.run` (`make bench-spark`); see docs/spark.md.",
        "",
    ]
    done = list(kept.get("agree", {}).values())
    if done:
        wrong = [one for one in done if one["differs"]]
        said = sorted({f"Spark {d['spark']}, DuckDB {d['duckdb']}, {d['java']}, Python {d['python']}" for d in done})
        lines += [
            "## The same profile from both", "",
            f"{'; '.join(said)}. A standalone master and two workers of one core on one machine, each a process of its "
            "own; one log in four by compiled queries with adaptive plans, the others interpreted.",
            "", "| figure | value |", "| --- | --- |",
            f"| generated logs compared | {len(done)} of {logs} |",
            f"| logs that differ in anything | {len(wrong)} |",
            f"| counts, equal exactly | {sum(d['counts'] for d in done):,} |",
            f"| means | {sum(d['means'] for d in done):,}, at most {max(d['gap'] for d in done):.2g} apart |",
            f"| canonical rows, equal to the last bit | {sum(d['rows'] for d in done):,} |",
            f"| CPU seconds a log, both engines, median | {sorted(d['cpu'] for d in done)[len(done) // 2]:.1f} |",
            "",
        ]  # fmt: skip
    if one := kept.get("killed"):
        lines += ["## A worker killed in the middle", "", "| figure | value |", "| --- | --- |"]
        lines += [f"| {name} | {value} |" for name, value in one["figures"].items()]
        lines += [""]
    if one := kept.get("sizes"):
        lines += one["lines"]
    file.write_text("\n".join(lines).rstrip() + "\n")
