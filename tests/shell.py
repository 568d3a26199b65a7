"""The command line in tests: run in this process, or in one of its own; and small logs to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.cli import main


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line that an error prints; an AssertionError where it printed more, or something else too."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("postmortem: ")
        assert "Traceback" not in self.out + self.err
        return lines[0]


def run(capsys: pytest.CaptureFixture[str], *args: object) -> Said:
    """Run a command in this process."""
    capsys.readouterr()
    code = main([str(a) for a in args])
    got = capsys.readouterr()
    return Said(code, got.out, got.err)


def spawn(*args: object, env: dict[str, str] | None = None, **popen: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; from toolkit.cli import main; sys.exit(main())", *map(str, args)],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **popen},
        env={**os.environ, **(env or {})},
    )


def a_log(n: int = 240, **columns: Any) -> pd.DataFrame:
    """Give a small honest binary log: one prediction an hour, one feature, a label; columns may be replaced."""
    rng = np.random.default_rng(20)
    x = rng.normal(size=n)
    score = 1 / (1 + np.exp(-x))
    made = {
        "timestamp": pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC"),
        "x": x,
        "score": score,
        "prediction": (score > 0.5).astype(int),
        "label": (rng.uniform(size=n) < score).astype(int),
    }
    return pd.DataFrame({**made, **columns})


def a_broken_log() -> pd.DataFrame:
    """A log whose feature x is a hundred times too large in its second half, with the answers that follow from it."""
    log = a_log(600)
    late = log.index >= 300
    log["x"] = log["x"].where(~late, log["x"] * 100)
    log["score"] = log["score"].where(~late, (log["x"] > 0).astype(float) * 0.98 + 0.01)
    log["prediction"] = (log["score"] > 0.5).astype(int).where(~late, 1 - log["label"])
    return log.assign(site=["north", "south"] * 300)


def written(frame: pd.DataFrame, file: Path) -> Path:
    """Write a log as Parquet or CSV, by the file's ending, and give the file."""
    if file.suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file)
    return file
