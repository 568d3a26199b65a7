"""Runs inside of a peer's environment: reads questions from standard input, answers on standard output.

    python -I serve.py evidently

A question is {"tables": {name: Parquet file}, ...}; the answer what ``measure`` of ``ask_PEER.py`` gives, or
{"error": text}. Imports nothing of ours.
"""

import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path

import pandas as pd


def main() -> None:
    """Answer until the input ends; what a peer prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    measure = importlib.import_module(f"ask_{sys.argv[1]}").measure
    for line in sys.stdin:
        question = json.loads(line)
        tables = {name: pd.read_parquet(path) for name, path in question.pop("tables").items()}
        try:
            answer = measure(tables, **question)
        except Exception as error:  # noqa: BLE001  whatever the peer raises is its answer, and is counted
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = " ".join(str(error).split())[:200]
            answer = {"error": f"{type(error).__name__}: {text} ({Path(where.filename).name}:{where.lineno})"}
        answers.write(json.dumps(answer, default=float) + "\n")
        answers.flush()


main()
