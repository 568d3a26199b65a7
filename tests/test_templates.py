"""The shipped templates: clean, alike, without logic, and each runs."""

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import made_bundle
import pytest

from toolkit.notebooks.outcome import RunResult
from toolkit.notebooks.run import Runner, Step
from toolkit.paths import shipped
from toolkit.report.cells import joined

ALL = sorted(shipped("templates").glob("*.ipynb"))
#: The templates of an incident; a drill is played and not run.
FILES = [file for file in ALL if file.stem != "drill"]
NAMES = [file.stem for file in FILES]
SECRET = "PLANTED_TOKEN_4711"


def cells_of(file: Path) -> list[dict[str, Any]]:
    """Read the cells of a notebook."""
    cells: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return cells


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_it_is_clean(file: Path) -> None:
    """No output, no count, no metadata but tags; cell ids are fixed and say where they are."""
    nb = json.loads(file.read_text(encoding="utf-8"))
    assert set(nb["metadata"]) == {"kernelspec", "language_info", "title"}
    for number, cell in enumerate(nb["cells"]):
        assert cell["id"] == f"{file.stem.replace('_', '-')}-{number:02d}"
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_it_says_what_it_answers_and_takes_ids_and_paths_alone(file: Path) -> None:
    """A title and one paragraph, then the parameters: which incident, which bundle."""
    first, second, *_ = cells_of(file)
    title, blank, paragraph = joined(first["source"]).split("\n", 2)
    assert title.startswith("# ")
    assert not blank
    assert len(paragraph) > 40
    assert "\n" not in paragraph
    assert second["metadata"]["tags"] == ["parameters"]
    assert re.findall(r"^(\w+): str = \"\"", joined(second["source"]), re.MULTILINE) == ["incident_id", "bundle"]


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_it_calls_and_shows(file: Path) -> None:
    """A cell is one call of ``show`` and nothing else; the first loads the case, the last hands back."""
    codes = [joined(c["source"]) for c in cells_of(file) if c["cell_type"] == "code"][1:]
    assert codes[0] == "from toolkit.report import show\n\ncase = show.load(bundle, incident_id)\nshow.header(case)"
    assert codes[-1] == f'show.hand_back(case, "{file.stem}")'
    for source in codes[1:]:
        (statement,) = ast.parse(source).body
        assert isinstance(statement, ast.Expr)
        call = statement.value
        assert isinstance(call, ast.Call)
        assert ast.unparse(call.func).startswith("show.")
        assert all(isinstance(a, ast.Name | ast.Constant) for a in [*call.args, *(k.value for k in call.keywords)])


#: What JupyterLab, Notebook 7 and VS Code show without an extension.
ANYWHERE = {"text/html", "text/plain", "text/markdown", "image/png", "image/svg+xml"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RunResult, list[dict[str, Any]]]]:
    """Run every template once, in one kernel."""
    folder = tmp_path_factory.mktemp("INC-0001")
    os.environ[SECRET], os.environ["IPYTHONDIR"] = SECRET, str(folder / "ipython")
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-mine.py").write_text(f"print({SECRET!r})")
    bundle = made_bundle.bundle().write(folder / "bundle")
    steps: list[Step] = []
    results = {}
    with Runner(progress=steps.append) as runner:
        runner.warm()
        for name in NAMES:
            given = {"incident_id": "INC-0001", "bundle": str(bundle)}
            result = runner.run(name, folder / "notebooks" / f"{name}.ipynb", given)
            results[name] = (result, cells_of(result.path))
        assert runner.kernels_started == 1
    assert {step.template for step in steps} == set(NAMES)
    del os.environ[SECRET], os.environ["IPYTHONDIR"]
    return results


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name: str, ran: dict[str, tuple[RunResult, list[dict[str, Any]]]]) -> None:
    """Every cell completes, every code cell shows something with words, and the findings are handed back."""
    result, cells = ran[name]
    assert (result.status, result.reason) == ("completed", "")
    shows = [c for c in cells if c["cell_type"] == "code" and "show." in joined(c["source"])]
    for cell in shows:
        (output,) = cell["outputs"]
        assert {"text/html", "text/plain"} <= set(output["data"]), joined(cell["source"])
        assert set(output["data"]) <= ANYWHERE, "a form that JupyterLab alone shows"
        html = joined(output["data"]["text/html"])
        assert html.count("<img") == html.count('<img alt="')
        assert '<img alt=""' not in html
    assert result.handback is not None
    assert result.handback["seen"] == ["F01", "F02", "F03", "F04"]
    assert result.handback["template"] == name


def test_the_readings_say_what_was_found(ran: dict[str, tuple[RunResult, list[dict[str, Any]]]]) -> None:
    """The sentences come from the findings of this incident."""
    said = {name: json.dumps(cells, ensure_ascii=False) for name, (_, cells) in ran.items()}
    assert "with a probability of" in said["root_cause"]
    assert "72 minutes before the onset" in said["timeline"]
    assert "within the onset's interval" in said["timeline"]
    assert "The integration has a probability of" in said["integration"]
    assert "the log has no decision" in said["human"]
    assert "What did we believe about the system" in said["postmortem"]
    assert "{{harm.excess_errors}}" in said["postmortem"]


def test_no_secret_of_the_machine_gets_into_a_notebook(
    ran: dict[str, tuple[RunResult, list[dict[str, Any]]]],
) -> None:
    """An executed notebook knows its parameters and nothing else: no environment, no path, no start-up file."""
    for result, _ in ran.values():
        assert SECRET not in result.path.read_text(encoding="utf-8")
        record = json.loads(result.path.read_text(encoding="utf-8"))["metadata"]["papermill"]
        assert record["input_path"] == record["output_path"] == result.path.name
        assert record["environment_variables"] == {}
        assert set(record["parameters"]) == {"incident_id", "bundle"}
