"""The house stands: imports point down, the lower floors stay light, and only three places open a database."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "toolkit"

#: Floor of each part of the house; docs/architecture.md shows the same table.
FLOORS = {
    **dict.fromkeys(("records", "roles", "errors", "mime", "paths", "spans", "vocabulary"), 0),
    "sql": 1,
    **dict.fromkeys(("logs", "engines", "store"), 2),
    "profile": 3,
    **dict.fromkeys(("detectors", "timeline"), 4),
    **dict.fromkeys(("causes", "impact"), 5),
    **dict.fromkeys(("report", "notebooks", "testing"), 6),
    **dict.fromkeys(("api", "drills", "investigation", "jupyter"), 7),
    "cli": 8,
}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "_shipped" not in p.parts and p != PACKAGE / "__init__.py")


def part_of(file: Path) -> str:
    """Give the part of the house that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Give what a file imports and calls, wherever in it; each file is parsed once for all tests."""
    wanted = (ast.Import, ast.ImportFrom, ast.Call)
    return tuple(n for n in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(n, wanted))


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Give every module that a file imports, wherever in the file, with its line."""
    for node in nodes(file):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            module = str(node.module)
            yield from ((node.lineno, f"{module}.{a.name}" if module == "toolkit" else module) for a in node.names)


def test_every_part_has_a_floor() -> None:
    """A new part of the house is put on a floor, here and in the plan."""
    assert {part_of(f) for f in FILES} == set(FLOORS)
    plan = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for part, floor in FLOORS.items():
        lines = [line for line in plan.splitlines() if line.startswith(f"    {floor}  ")]
        assert len(lines) == 1
        assert part in lines[0], f"docs/architecture.md does not show {part} on floor {floor}"


@pytest.mark.parametrize("part", FLOORS)
def test_imports_point_down(part: str) -> None:
    """A file imports from its own floor and those below, never from above, not even inside a function."""
    wrong = []
    for file in (f for f in FILES if part_of(f) == part):
        for line, module in imported(file):
            head, _, rest = module.partition(".")
            if head == "toolkit" and FLOORS.get(rest.split(".")[0], 0) > FLOORS[part]:
                wrong.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_the_ground_floor_needs_nothing() -> None:
    """Floor 0 imports the standard library alone."""
    import sys

    known = set(sys.stdlib_module_names) | {"toolkit"}
    ground = [f for f in FILES if FLOORS[part_of(f)] == 0]
    assert [m for f in ground for _, m in imported(f) if m.split(".")[0] not in known] == []


def test_lower_floors_show_nothing() -> None:
    """Floors 0 to 5 import no plotting, no notebook and no widget library."""
    heavy = {"matplotlib", "papermill", "nbconvert", "nbformat", "ipywidgets", "IPython", "jupyter_client"}
    lower = [f for f in FILES if FLOORS[part_of(f)] <= 5]
    assert [f"{f.name}: {m}" for f in lower for _, m in imported(f) if m.split(".")[0] in heavy] == []


def test_only_three_places_open_a_database() -> None:
    """DuckDB is connected to in sql, engines and store alone: every other file asks these."""
    wrong = []
    for file in (f for f in FILES if part_of(f) not in {"sql", "engines", "store"}):
        for node in nodes(file):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called.endswith("connect") and called != "sqlite3.connect":
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_nobody_opens_the_store_file_by_hand() -> None:
    """The database of the record is named in the store alone: opening and closing it would drop DuckDB's lock."""
    wrong = [f for f in FILES if part_of(f) != "store" and "incidents.duckdb" in f.read_text(encoding="utf-8")]
    assert wrong == []
