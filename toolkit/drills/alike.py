"""What the evidence of each case looks like, kept beside the library so that an incident is held to it (floor 7).

``case_studies/fingerprints.json`` maps a case to the marks that ``store.search.fingerprint`` gives of the toolkit's own
diagnosis of its log; ``python -m toolkit.drills.verdicts`` writes it. A case without a log is known by its mechanisms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toolkit.drills.cases import cases
from toolkit.paths import shipped

FILE: Final = "fingerprints.json"


def fingerprints(folder: str | Path | None = None) -> dict[str, Mapping[str, float]]:
    """Give the marks of each case of the library (or of another folder) by its name, each mark with its weight."""
    known = _kept(_file(folder))
    found: dict[str, Mapping[str, float]] = {}
    for one in cases(folder):
        marks = known.get(one.name) or {m: 1.0 for m in (one.mechanism, *one.also_mechanisms) if m}
        if marks:
            found[one.name] = marks
    return found


def keep(marks: Mapping[str, Mapping[str, float]], folder: str | Path | None = None) -> None:
    """Write the marks of cases beside the library; those of other cases stay."""
    file = _file(folder)
    rounded = {name: {mark: round(weight, 4) for mark, weight in one.items()} for name, one in marks.items()}
    merged = {name: dict(sorted(one.items())) for name, one in sorted({**_kept(file), **rounded}.items())}
    file.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")


def _file(folder: str | Path | None) -> Path:
    return (Path(folder) if folder is not None else shipped("case_studies")) / FILE


def _kept(file: Path) -> dict[str, dict[str, float]]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
