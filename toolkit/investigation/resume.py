"""Going on where an investigation stopped (floor 7): which notebook was last run on what."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from toolkit.notebooks.outcome import RunResult, read_outcome
from toolkit.paths import write_whole


def fingerprint(template: str, evidence: Path) -> str:
    """Give one hash of all that a notebook's outcome depends on."""
    from toolkit import __version__

    total = hashlib.sha256(f"{template} {__version__}".encode())
    for file in sorted(evidence.glob("*.json")):
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()


class State:
    """Which notebook was last run on what; a damaged file means that everything runs again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, str] = {}
        with suppress(OSError, ValueError, AttributeError):
            self.known = {str(k): str(v) for k, v in json.loads(file.read_text(encoding="utf-8")).items()}

    def unchanged(self, template: str, inputs: str) -> RunResult | None:
        """Give the last run where it was on the same inputs and is still there whole."""
        if self.known.get(template) != inputs:
            return None
        last = read_outcome(self.file.parent / f"{template}.ipynb", template)
        return replace(last, status="skipped") if last.ok else None

    def note(self, template: str, inputs: str, run: RunResult) -> None:
        """Remember a run that went well, and forget one that did not."""
        self.known = {k: v for k, v in self.known.items() if k != template} | ({template: inputs} if run.ok else {})
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.file, json.dumps(self.known, indent=1, sort_keys=True) + "\n")
