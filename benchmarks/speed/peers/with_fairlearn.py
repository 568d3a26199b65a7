"""Fairlearn: seven measures by group and by group and day, the AUC by group, and the two differences; no page.

No drift, no change point, no cause: what an audit of groups takes. Rows without a label are left out.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path


def main(folder: str) -> None:
    """Measure."""
    warnings.simplefilter("ignore")
    import pandas as pd
    from fairlearn import metrics as fair
    from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score

    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    group = told["group"][0]
    log = pd.read_parquet(f"{folder}/log", columns=["ts", group, "label", "prediction", "score"]).dropna()
    label, answer = log["label"].astype(int), log["prediction"].astype(int)
    measures = {
        "accuracy": accuracy_score,
        "precision": precision_score,
        "recall": recall_score,
        "selected": fair.selection_rate,
        "false positives": fair.false_positive_rate,
        "false negatives": fair.false_negative_rate,
        "rows": fair.count,
    }
    by_day = log[[group]].assign(day=log["ts"].dt.floor("D").astype(str))
    for features in (log[group], by_day):
        made = fair.MetricFrame(metrics=measures, y_true=label, y_pred=answer, sensitive_features=features)
        _ = made.by_group
    auc = fair.MetricFrame(metrics=roc_auc_score, y_true=label, y_pred=log["score"], sensitive_features=log[group])
    _ = auc.by_group
    fair.demographic_parity_difference(label, answer, sensitive_features=log[group])
    fair.equalized_odds_difference(label, answer, sensitive_features=log[group])


if __name__ == "__main__":
    main(sys.argv[1])
