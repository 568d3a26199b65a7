"""Write the notebook of a drill for a trainee (floor 7): the shipped template with its parameters filled in."""

from __future__ import annotations

import json
from pathlib import Path

from toolkit.errors import TemplateError
from toolkit.paths import shipped, write_whole


def write_notebook(name: str, seed: int, trainee: str, folder: str) -> Path:
    """Write ``drill.ipynb`` into a folder, for a case or the ticket of a game day, and give its path.

    Raises:
        TemplateError: there is such a notebook already; what a trainee wrote is not written over.
    """
    target = Path(folder) / "drill.ipynb"
    if target.exists():
        raise TemplateError("there is such a notebook already", where=str(target), fix="name another --folder")
    nb = json.loads((shipped("templates") / "drill.ipynb").read_text(encoding="utf-8"))
    values: dict[str, str | int] = {"name": name, "trainee": trainee, "seed": seed, "folder": "."}
    for cell in nb["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            lines = "".join(cell["source"]).splitlines()
            cell["source"] = "\n".join(_filled(line, values) for line in lines)
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(target, json.dumps(nb, ensure_ascii=False, indent=1) + "\n")


def _filled(line: str, values: dict[str, str | int]) -> str:
    head, mark, rest = line.partition(" = ")
    key = head.partition(":")[0]
    if not mark or key not in values:
        return line
    note = f"  # {rest.partition('  # ')[2]}" if "  # " in rest else ""
    return f"{head} = {values[key]!r}{note}"
