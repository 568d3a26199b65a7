"""What an executed notebook says of its own run (floor 6); standard library only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from toolkit.errors import RunFailed
from toolkit.mime import Shows

_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LONGEST: Final = 300
NEVER_RUN: Final = "the executed notebook is missing or was never run"


@dataclass(frozen=True)
class RunResult(Shows):
    """How one template ran: ``status`` is ``completed``, ``failed`` or ``skipped`` (unchanged since the last run).

    ``cell`` names the failed cell by its id, ``reason`` is one line; ``path`` is the executed notebook, kept either
    way; ``handback`` is what the notebook handed back to the incident.
    """

    template: str
    status: str
    path: Path
    seconds: float
    cell: str = ""
    reason: str = ""
    handback: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether every cell ran to its end."""
        return self.status != "failed"

    def check(self) -> Self:
        """Give the result back where every cell ran.

        Raises:
            RunFailed: a cell failed; the message names the cell, the reason and the notebook.
        """
        if self.ok:
            return self
        place = f"cell {self.cell}" if self.cell else "before its first cell"
        what = f"the notebook {self.template} failed at {place}: {self.reason}"
        raise RunFailed(what, where=str(self.path), fix="open the executed notebook; it is kept as it stopped")


def read_outcome(path: str | os.PathLike[str], template: str = "") -> RunResult:
    """Read from an executed notebook how it ran; a notebook that cannot be read has failed."""
    file = Path(path)
    name = template or file.stem
    try:
        nb = json.loads(file.read_text(encoding="utf-8"))
        record = nb["metadata"]["papermill"]
    except (OSError, ValueError, KeyError, TypeError):
        return RunResult(name, "failed", file, 0.0, reason=NEVER_RUN)
    seconds = float(record.get("duration") or 0.0)
    cell, reason = _failure(nb["cells"], record)
    handback = _handback(file, name)
    return RunResult(name, "failed" if reason else "completed", file, seconds, cell, reason, handback)


def _failure(cells: list[dict[str, Any]], record: Mapping[str, Any]) -> tuple[str, str]:
    """Give the id of the cell that stopped the run and why; two empty strings where all ran."""
    aborted = str(record.get("aborted") or "")
    for cell in cells:
        state = cell["metadata"].get("papermill", {}).get("status")
        if "papermill-error-cell-tag" in cell["metadata"].get("tags", ()) or state == "completed":
            continue
        errors = [o for o in cell.get("outputs", ()) if o.get("output_type") == "error"]
        said = f"{errors[0].get('ename')}: {errors[0].get('evalue')}" if errors else aborted
        if state == "failed":
            return str(cell.get("id", "?")), one_line(said) or "the cell did not finish"
        why = said or ("it was interrupted" if state == "running" else "it was not reached")
        return (str(cell.get("id", "?")) if state == "running" else ""), one_line(why)
    return ("", one_line(aborted) or "the run did not finish") if record.get("exception") else ("", "")


def one_line(text: str) -> str:
    """Give a message as one short line without terminal codes."""
    return " ".join(_ANSI.sub("", text).split())[:_LONGEST]


def _handback(file: Path, template: str) -> Mapping[str, Any] | None:
    """Read what the notebook handed back, where it did."""
    try:
        read = json.loads((file.parent / f"{template}.handback.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None
