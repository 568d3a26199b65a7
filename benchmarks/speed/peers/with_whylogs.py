"""whylogs: a profile of log and reference, the drift of every feature between them, and its page of the two.

Sketches, in one pass over rows in memory: no labels, no day by day, no group, no change point, no cause.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from pathlib import Path


def main(folder: str) -> None:
    """Profile both, compare them, write the page."""
    warnings.simplefilter("ignore")
    os.environ["WHYLOGS_NO_ANALYTICS"] = "True"
    import pandas as pd
    import whylogs as why
    from whylogs.viz import NotebookProfileVisualizer
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    kept = [*told["feature"], "score", "prediction", "label"]
    log, held = (pd.read_parquet(f"{folder}/{name}", columns=kept) for name in ("log", "reference.parquet"))
    now, then = (why.log(rows).view() for rows in (log, held))
    calculate_drift_scores(target_view=now, reference_view=then, with_thresholds=True)
    shown = NotebookProfileVisualizer()
    shown.set_profiles(target_profile_view=now, reference_profile_view=then)
    with tempfile.TemporaryDirectory() as place:
        shown.write(rendered_html=shown.summary_drift_report(), html_file_name=f"{place}/drift")


if __name__ == "__main__":
    main(sys.argv[1])
