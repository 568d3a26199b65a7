"""Make the log of this case again: the table of the case compas, in the order of screening, with its day as a time.

``.venv/bin/python case_studies/compas_cutoff/make_log.py`` in the repository; it reads the log of the case compas.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write the same rows; the day of screening becomes noon in Florida, the first half year a reference."""
    rows = pd.read_parquet(HERE.parent / "compas" / "log.parquet").convert_dtypes(dtype_backend="numpy_nullable")
    noon = pd.to_datetime(rows.pop("screening_date")) + pd.Timedelta(hours=12)
    rows.insert(1, "timestamp", noon.dt.tz_localize("America/New_York").dt.tz_convert("UTC"))
    rows["score"] = rows.score.astype("float64")
    first = rows.timestamp < "2013-07-01"
    write_table(rows[first].assign(split="validation"), HERE / "reference.parquet")
    write_table(rows[~first], HERE / "log.parquet")


if __name__ == "__main__":
    main()
