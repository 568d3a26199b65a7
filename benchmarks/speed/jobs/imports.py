"""The libraries that a verdict stands on, imported, and nothing else: what no log, however short, comes below."""

from __future__ import annotations

import importlib

LIBRARIES = (
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow.compute",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.tree",
)

if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
