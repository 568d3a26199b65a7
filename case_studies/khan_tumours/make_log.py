"""Make the log of this case again from Khan's gene expressions (ISLP 0.6, BSD).

``python make_log.py`` in an environment with ISLP's files (``pip install --no-deps ISLP``) and this
project. Of 2,308 genes the 200 that vary most in the training samples are kept. 63 samples are fitted, 20
are served.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
GENES = 200


def main() -> None:
    """Fit one decision tree on the training samples and serve the test samples."""
    found = {f.name: pd.read_csv(str(f.locate())) for f in files("ISLP") or [] if f.name.startswith("Khan_")}
    train, test = (found[f"Khan_x{part}.csv"].iloc[:, -2308:] for part in ("train", "test"))
    kept = train.var().nlargest(GENES).index
    parts = {}
    model = DecisionTreeClassifier(random_state=1)
    for part, x in (("train", train[kept]), ("test", test[kept])):
        y = found[f"Khan_y{part}.csv"].iloc[:, -1]
        if part == "train":
            model.fit(x.to_numpy(), y)
        said = {
            "sample": range(1, len(x) + 1),
            "score": model.predict_proba(x.to_numpy()).max(axis=1),
            "prediction": [f"type {int(v)}" for v in model.predict(x.to_numpy())],
            "label": [f"type {int(v)}" for v in y],
        }
        genes = x.set_axis([f"gene_{int(''.join(filter(str.isdigit, str(c))) or 0):04d}" for c in kept], axis=1)
        parts[part] = pd.concat([pd.DataFrame(said), genes.reset_index(drop=True)], axis=1)
    write_table(parts["train"].assign(split="train"), HERE / "reference.parquet")
    write_table(parts["test"], HERE / "log.parquet")


if __name__ == "__main__":
    main()
