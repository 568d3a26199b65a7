"""Evidently: drift of every feature and the classification of the whole window, as one HTML page.

No day by day, no group, no latency, no change point, no cause. Rows without a label are left out of both, since the
classification preset takes none.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from pathlib import Path


def main(folder: str) -> None:
    """Report."""
    warnings.simplefilter("ignore")
    import pandas as pd
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset, DataDriftPreset

    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    numbers = [f for f in told["feature"] if f.startswith("num")]
    words = [f for f in told["feature"] if f.startswith("cat")]
    kept = [*numbers, *words, "label", "prediction"]
    log, held = (pd.read_parquet(f"{folder}/{name}", columns=kept) for name in ("log", "reference.parquet"))
    parts = [rows.dropna(subset=["label"]).astype({"label": int, "prediction": int}) for rows in (log, held)]
    task = BinaryClassification(target="label", prediction_labels="prediction", pos_label=1)
    about = DataDefinition(numerical_columns=numbers, categorical_columns=words, classification=[task])
    now, then = (Dataset.from_pandas(rows, data_definition=about) for rows in parts)
    made = Report([DataDriftPreset(), ClassificationPreset()]).run(now, then)
    with tempfile.TemporaryDirectory() as place:
        made.save_html(f"{place}/report.html")


if __name__ == "__main__":
    main(sys.argv[1])
