"""The notebooks of an investigation: one kernel, what is unchanged skipped, the rest gone on with (floor 6)."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from toolkit.errors import TemplateError
from toolkit.notebooks.bundle import Bundle, series_json
from toolkit.notebooks.outcome import RunResult, read_outcome
from toolkit.notebooks.run import CELL_TIMEOUT, RUN_TIMEOUT, Progress, Runner
from toolkit.notebooks.templates import Template, find_template

#: What an investigation runs where nobody chooses.
DEFAULT: Final = ("timeline", "root_cause", "postmortem")
STATE: Final = "runs.json"
_CODE: Final = ("notebooks", "report")


def run_notebooks(
    bundle: str | os.PathLike[str],
    output: str | os.PathLike[str],
    names: Sequence[str] = DEFAULT,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    force: bool = False,
    runner: Runner | None = None,
    progress: Progress | None = None,
    cell_timeout: float = CELL_TIMEOUT,
    run_timeout: float = RUN_TIMEOUT,
    templates_folder: str | os.PathLike[str] | None = None,
    note: Callable[[RunResult], None] | None = None,
) -> tuple[RunResult, ...]:
    """Run templates on a bundle and keep the executed notebooks in ``output``, e.g. ``incidents/INC-0001/notebooks``.

    A template whose inputs (its cells, the bundle, our code) are those of its last completed run is skipped, unless
    ``force``. ``run_timeout`` limits all of them together, in seconds. A failed notebook does not stop the others:
    look at the results, or ``check`` them. ``runner`` is one that was warmed before; it is not closed here. ``note``
    hears of each run at once, so that what is killed later loses nothing; one that is interrupted leaves no notebook.

    Raises:
        TemplateError: a name that is no template, or ``only`` and ``skip`` name one that is not run.
    """
    chosen = [find_template(name, templates_folder) for name in chosen_of(names, only, skip)]
    case = Bundle.load(bundle)
    folder = Path(output)
    given = {"incident_id": case.incident.id, "bundle": os.path.relpath(Path(bundle), folder)}
    before = _state(folder)
    inputs = {t.name: _inputs(t, case) for t in chosen}
    todo = {t.name for t in chosen if force or not _unchanged(t, folder, before, inputs[t.name])}
    mine = runner or Runner(cell_timeout=cell_timeout, progress=progress)
    end = time.monotonic() + run_timeout
    results = []
    try:
        for number, template in enumerate(chosen, 1):
            file = folder / f"{template.name}.ipynb"
            if template.name not in todo:
                results.append(replace(read_outcome(file, template.name), status="skipped"))
                continue
            mine.place = (number, len(chosen), before.get(template.name, {}).get("seconds"))
            mine.run_timeout = max(1.0, end - time.monotonic())
            result = _run(mine, template, file, given, note)
            results.append(result)
            _remember(folder, result, inputs[template.name])
    finally:
        if runner is None:
            mine.close()
    return tuple(results)


def _run(
    runner: Runner, template: Template, file: Path, given: dict[str, str], note: Callable[[RunResult], None] | None
) -> RunResult:
    """Run one template and say so; one that was interrupted leaves nothing behind."""
    try:
        result = runner.run(template, file, given)
        if note is not None:
            note(result)
    except (KeyboardInterrupt, SystemExit):
        for left in (file, file.with_name(f"{template.name}.handback.json")):
            left.unlink(missing_ok=True)
        raise
    return result


def chosen_of(names: Sequence[str], only: Sequence[str], skip: Sequence[str]) -> list[str]:
    """Give the names to run, in order.

    Raises:
        TemplateError: ``only`` or ``skip`` has a name that is not among them.
    """
    unknown = [name for name in (*only, *skip) if name not in names]
    if unknown:
        raise TemplateError(f"{unknown[0]} is not among the notebooks", fix=f"choose of: {', '.join(names)}")
    return [name for name in names if (not only or name in only) and name not in skip]


def _inputs(template: Template, case: Bundle) -> str:
    """Give the hash of all that a run of the template depends on."""
    parts: dict[str, Any] = {
        "template": template.sha256,
        "incident": {**case.incident.to_dict(), "version": 0},
        "events": [event.to_dict() for event in case.events],
        "actions": [action.to_dict() for action in case.actions],
        "diagnosis": case.verdict.to_dict() if case.verdict else None,
        "series": series_json(case),
        "prose": dict(case.prose),
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _code() -> str:
    """Give the hash of the code that draws and runs, so that a new version of it runs everything again."""
    package = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for file in sorted(f for part in _CODE for f in (package / part).rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()


def _state(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Read what ran before; a file that cannot be read counts as nothing."""
    try:
        read = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return {str(k): v for k, v in read.items() if isinstance(v, dict)}
    except (OSError, ValueError, AttributeError):
        return {}


def _unchanged(template: Template, folder: Path, before: Mapping[str, Mapping[str, Any]], inputs: str) -> bool:
    """Whether the executed notebook is there, whole, and of these very inputs."""
    was = before.get(template.name, {})
    file = folder / f"{template.name}.ipynb"
    return was.get("inputs") == inputs and _sum(file) == was.get("notebook") and read_outcome(file).ok


def _remember(folder: Path, result: RunResult, inputs: str) -> None:
    """Note a completed run, in one step; a failed one is forgotten, so that it runs again."""
    state = _state(folder)
    state.pop(result.template, None)
    if result.ok:
        state[result.template] = {"inputs": inputs, "notebook": _sum(result.path), "seconds": round(result.seconds, 3)}
    part = folder / f".{STATE}.part"
    part.write_text(json.dumps(state, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(folder / STATE)


def _sum(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
