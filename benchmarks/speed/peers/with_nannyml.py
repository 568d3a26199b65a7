"""NannyML: drift of every feature by day, estimated performance (CBPE) and realised performance by day; no page.

Its plots are left out: of twenty-six features they took longer than all the rest.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path


def main(folder: str) -> None:
    """Calculate."""
    warnings.simplefilter("ignore")
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    import nannyml as nml
    import pandas as pd

    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    kept = [*told["feature"], "ts", "score", "prediction", "label"]
    log, held = (pd.read_parquet(f"{folder}/{name}", columns=kept) for name in ("log", "reference.parquet"))
    held = held.dropna(subset=["label"]).reset_index(drop=True)
    for rows in (log, held):
        rows["ts"] = rows["ts"].dt.tz_localize(None)
    columns = {"y_pred_proba": "score", "y_pred": "prediction", "y_true": "label", "timestamp_column_name": "ts"}
    by = {"problem_type": "classification_binary", "chunk_period": "D"}
    measured = ["accuracy", "precision", "recall", "f1", "roc_auc"]
    drift = nml.UnivariateDriftCalculator(
        column_names=told["feature"], timestamp_column_name="ts", chunk_period="D",
        continuous_methods=["kolmogorov_smirnov", "jensen_shannon"], categorical_methods=["chi2", "jensen_shannon"],
    )  # fmt: skip
    drift.fit(held)
    drift.calculate(log)
    guess = nml.CBPE(metrics=measured, **columns, **by)
    guess.fit(held)
    guess.estimate(log)
    known = nml.PerformanceCalculator(metrics=measured, **columns, **by)
    known.fit(held)
    known.calculate(log.dropna(subset=["label"]))


if __name__ == "__main__":
    main(sys.argv[1])
