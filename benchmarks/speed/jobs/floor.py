"""The floor: what an engineer would write by hand in SQL for these very columns, with no verdict and no notebook.

By day: a histogram of every number and of every category (log and reference), the confusion by group and version, the
score by label, latency by version. No roles to find out, no row checked, no test, no change point.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from toolkit.sql import connect, quote

BINS = 64


def main(folder: str) -> None:
    """Count."""
    connection = connect()
    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    numbers = [f for f in told["feature"] if f.startswith("num")]
    words = [f for f in told["feature"] if f.startswith("cat")]
    for name, source in (("log", f"{folder}/log/*.parquet"), ("ref", f"{folder}/reference.parquet")):
        connection.execute(
            f"CREATE VIEW {name} AS SELECT *, epoch_us(ts) // 86400000000 AS day FROM read_parquet('{source}')"
        )
    low_high = ", ".join(f"quantile_cont({quote(f)}, [0.01, 0.99])" for f in numbers)
    edges = connection.execute(f"SELECT {low_high} FROM (FROM ref LIMIT 20000)").fetchall()[0]
    bins = ", ".join(
        f"CAST(floor(({quote(f)} - {low!r}) * {BINS / (high - low)!r}) AS INTEGER) AS b{i}"
        for i, (f, (low, high)) in enumerate(zip(numbers, edges, strict=True))
    )
    for name in ("log", "ref"):
        sets = ", ".join(f"(day, b{i})" for i in range(len(numbers)))
        grouped = ", ".join(f"b{i}" for i in range(len(numbers)))
        ask(
            connection,
            f"SELECT day, {grouped}, count(*) FROM (SELECT day, {bins} FROM {name}) GROUP BY GROUPING SETS ({sets})",
        )
        sets = ", ".join(f"(day, {quote(f)})" for f in words)
        ask(
            connection,
            f"SELECT day, {', '.join(map(quote, words))}, count(*) FROM {name} GROUP BY GROUPING SETS ({sets})",
        )
        ask(connection, f"SELECT day, grp, region, model_version, prediction, label, count(*) FROM {name} GROUP BY ALL")
        ask(connection, f"SELECT day, label, CAST(floor(score * 500) AS INTEGER), count(*) FROM {name} GROUP BY ALL")
        ask(
            connection,
            f"SELECT day, model_version, floor(ln(latency_ms + 1) * 20), count(*) FROM {name} GROUP BY ALL",
        )


def ask(connection: object, sql: str) -> None:
    """Run a query and take its answer."""
    connection.execute(sql).fetchall()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv[1])
