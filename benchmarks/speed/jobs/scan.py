"""The pure scan: every column of log and reference decoded once and added up. Nothing can be faster."""

from __future__ import annotations

import sys

from toolkit.sql import connect, quote


def main(folder: str) -> None:
    """Scan."""
    connection = connect()
    for source in (f"{folder}/log/*.parquet", f"{folder}/reference.parquet"):
        kinds = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [source]).fetchall()
        sums = [f"sum({quote(c)})" if kind == "DOUBLE" else f"count({quote(c)})" for c, kind, *_ in kinds]
        connection.execute(f"SELECT {', '.join(sums)} FROM read_parquet(?)", [source]).fetchall()


if __name__ == "__main__":
    main(sys.argv[1])
