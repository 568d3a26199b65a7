"""Make the log of this case again from the Wisconsin biopsies of scikit-learn (UCI, CC BY 4.0).

``python make_log.py`` with this project installed. A logistic model is fitted on half of the 569 biopsies,
checked on a quarter and served on the last quarter; the order is drawn with a seed and the file has no
dates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write the reference (train, validation) and the log."""
    bunch = load_breast_cancer(as_frame=True)
    data = bunch.data.iloc[:, :10].set_axis([c.replace("mean ", "").replace(" ", "_") for c in bunch.data][:10], axis=1)
    data["label"] = 1 - bunch.target  # 1: malignant
    data = data.iloc[np.random.default_rng(7).permutation(len(data))].reset_index(drop=True)
    features = list(data.columns[:10])
    half, three = len(data) // 2, len(data) * 3 // 4
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(data[features][:half], data.label[:half])
    data.insert(0, "biopsy", range(1, len(data) + 1))
    data.insert(1, "score", model.predict_proba(data[features])[:, 1])
    data.insert(2, "prediction", (data.score >= 0.5).astype(int))
    split = pd.Series("train", index=data.index).where(data.index < half, "validation")
    write_table(data.assign(split=split)[:three], HERE / "reference.parquet")
    write_table(data[three:], HERE / "log.parquet")


if __name__ == "__main__":
    main()
