"""A peer in its own environment, asked over a pipe: JSON lines there and back. Imports are slow, so it lives on."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.verdict.peers.setup import QUIET, python_of

WORKERS: Final = Path(__file__).resolve().parent / "workers"


class PeerMissing(RuntimeError):
    """The environment of a peer is not there; the message names the command that makes it."""


class PeerFailed(RuntimeError):
    """The peer could not take a log; the message is its own."""


class Worker:
    """A process in a peer's environment that answers one question at a time."""

    def __init__(self, peer: str) -> None:
        python = python_of(peer)
        if not python.exists():
            raise PeerMissing(f"{python} is not there: python -m benchmarks.verdict.peers.setup {peer} --into FOLDER")
        self.process = subprocess.Popen(
            [python, "-I", "-W", "ignore", WORKERS / "serve.py", peer],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **QUIET},
        )  # fmt: skip
        atexit.register(self.process.kill)

    def ask(self, tables: dict[str, pd.DataFrame], **words: Any) -> dict[str, Any]:
        """Hand over tables (as Parquet) and words, and give what the peer found.

        Raises:
            PeerFailed: the peer raised on these tables, or its process died.
        """
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: str(Path(folder) / f"{name}.parquet") for name in tables}
            for name, table in tables.items():
                table.to_parquet(paths[name])
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            try:
                self.process.stdin.write(json.dumps({"tables": paths, **words}) + "\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
            except BrokenPipeError:
                line = ""
        if not line:
            worker.cache_clear()
            raise PeerFailed(f"the peer's process ended with {self.process.poll()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer


@cache
def worker(peer: str) -> Worker:
    """Give this process's worker for a peer; it is started once."""
    return Worker(peer)
