"""What ran, what failed and what was never reached: the record says it as it was, whatever stops a run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import RunFailed, TemplateError
from toolkit.notebooks.outcome import read_outcome
from toolkit.notebooks.run import Runner, run_template
from toolkit.notebooks.templates import Template, read_template


@pytest.fixture
def _bare_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start kernels without what shipped templates import, which is half of the time and for none of these cells."""
    monkeypatch.setattr("toolkit.notebooks.kernel.READY", ())


bare = pytest.mark.usefixtures("_bare_kernels")


def template(folder: Path, *sources: str, name: str = "mine", kernel: str = "python3") -> Path:
    """Write a template of code cells after its parameters."""
    cells = [{"cell_type": "markdown", "id": "head", "metadata": {}, "source": "# Mine\n\nWhat it answers."}]
    for number, source in enumerate(('bundle: str = ""', *sources)):
        tags = ["parameters"] if number == 0 else []
        cells.append(
            {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags}, "source": source, "outputs": [],
             "execution_count": None}
        )  # fmt: skip
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def states(path: Path) -> list[str]:
    """Give the state of each code cell that the template has."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    ours = [c for c in cells if c["cell_type"] == "code" and re.fullmatch(r"c\d", c["id"])]
    return [c["metadata"]["papermill"]["status"] for c in ours]


@bare
@pytest.mark.parametrize(
    ("source", "reason", "limits"),
    [
        ("raise ValueError('no <rows> here')", "ValueError: no <rows> here", {}),
        ("import os; os._exit(3)", "DeadKernelError", {}),
        ("import sys; sys.exit(0)", "SystemExit", {}),
        ("import time; time.sleep(60)", "CellTimeoutError", {"cell_timeout": 0.7}),
        ("import time; time.sleep(60)", "CellTimeoutError", {"run_timeout": 1.5}),
        ("input('who?')", "StdinNotImplementedError", {}),
    ],
    ids=["error", "dead kernel", "sys.exit", "cell limit", "run limit", "input"],
)
def test_a_failure_is_told_as_it_was(tmp_path: Path, source: str, reason: str, limits: dict[str, float]) -> None:
    """The failed cell is failed, those after it are pending, the notebook is kept, and check raises cell and reason."""
    path = template(tmp_path, "x = 1", source, "x = 2")
    out = tmp_path / "out" / "mine.ipynb"
    begun = time.monotonic()
    result = run_template(path, out, {"bundle": "b"}, **limits)
    assert (result.status, result.cell) == ("failed", "c2")
    assert reason in result.reason
    assert states(out) == ["completed", "completed", "failed", "pending"]
    assert json.loads(out.read_text(encoding="utf-8"))["metadata"]["papermill"]["exception"]
    assert read_outcome(out).cell == "c2"
    assert time.monotonic() - begun < 30
    with pytest.raises(RunFailed, match=r"mine failed at cell c2.*out/mine\.ipynb") as caught:
        result.check()
    assert "\n" not in str(caught.value)


def test_parameters_are_checked_before_a_kernel_starts(tmp_path: Path) -> None:
    """A wrong parameter, a missing template or an output over the template costs no kernel and writes nothing."""
    path = template(tmp_path, "1")
    with Runner() as runner:
        for given, output in (({"bundel": "x"}, "o.ipynb"), ({"x;y": 1}, "o.ipynb"), ({}, "mine.ipynb")):
            with pytest.raises(TemplateError):
                runner.run(path, tmp_path / output, given)
        assert runner.kernels_started == 0
    assert [f.name for f in tmp_path.iterdir()] == ["mine.ipynb"]


@bare
def test_any_kernelspec_runs_in_this_interpreter(tmp_path: Path) -> None:
    """A notebook that names a kernel that is not installed runs where the command runs; braces in a path are a path."""
    path = template(tmp_path, "import sys; print(sys.executable)", "print(bundle)", kernel="no-such-kernel")
    out = tmp_path / "{x}" / "out{}.ipynb"
    result = run_template(path, out, {"bundle": 'it\'s "here"\n{y}'})
    assert result.ok, result.reason
    text = [o["text"] for c in json.loads(out.read_text(encoding="utf-8"))["cells"] for o in c.get("outputs", ())]
    assert ["".join(t) for t in text] == [f"{sys.executable}\n", 'it\'s "here"\n{y}\n']


DIRTY = """
import os, sys, random, warnings, logging, builtins, json
left = 41
os.environ['LEFT'] = 'x'; sys.path.insert(0, '/left'); os.chdir('/'); warnings.simplefilter('error')
logging.getLogger().setLevel(1); builtins.left = 1
import matplotlib; matplotlib.rcParams['font.size'] = 99
random.random()
"""
CLEAN = """
import os, sys, warnings, logging, random, matplotlib, builtins
assert 'left' not in globals() and not hasattr(builtins, 'left')
assert 'LEFT' not in os.environ and '/left' not in sys.path and logging.getLogger().level != 1
assert matplotlib.rcParams['font.size'] != 99
assert os.path.exists('second.ipynb') or os.path.exists('.second.ipynb.part')
assert not any(f[0] == 'error' and f[1] is None and f[2] is Warning for f in warnings.filters)
print(random.random(), get_ipython().execution_count)
"""


def shared(folder: Path, name: str, source: str) -> Template:
    """Give a template that may share a kernel, as the shipped ones do."""
    return replace(read_template(template(folder, source, name=name)), shipped=True)


def test_nothing_leaks_between_templates_of_one_kernel(tmp_path: Path) -> None:
    """Names, settings, paths, the working folder and random states of one template are gone for the next."""
    with Runner() as runner:
        assert runner.run(shared(tmp_path, "first", CLEAN.replace("second", "first")), tmp_path / "o/first.ipynb").ok
        assert runner.run(shared(tmp_path, "dirty", DIRTY), tmp_path / "o/dirty.ipynb").ok
        result = runner.run(shared(tmp_path, "second", CLEAN), tmp_path / "p/second.ipynb")
        assert result.ok, result.reason
        assert runner.kernels_started == 1
        first, second = (
            json.loads(path.read_text(encoding="utf-8"))["cells"][2]["outputs"][0]["text"]
            for path in (tmp_path / "o/first.ipynb", tmp_path / "p/second.ipynb")
        )
        assert first == second


PIECES = "import time\nfor piece in 'abcd': print(piece, flush=True); time.sleep(0.05)"


def test_what_a_cell_prints_is_kept_whole(tmp_path: Path) -> None:
    """However a kernel's output is cut on its way, the notebook is the same: what was printed is one output."""
    with Runner() as runner:
        assert runner.run(template(tmp_path, PIECES), tmp_path / "o/mine.ipynb").ok
    outputs = json.loads((tmp_path / "o/mine.ipynb").read_text(encoding="utf-8"))["cells"][2]["outputs"]
    assert ["".join(output["text"]) for output in outputs] == ["a\nb\nc\nd\n"]


@bare
def test_what_cannot_be_undone_ends_the_kernel(tmp_path: Path) -> None:
    """After a template that replaced a function of a library, the next gets a new kernel; a user's own always does."""
    patch = "import math; math.hypot = len"
    with Runner() as runner:
        assert runner.run(shared(tmp_path, "a", patch), tmp_path / "o/a.ipynb").ok
        assert runner.run(shared(tmp_path, "b", "import math; assert math.hypot(3, 4) == 5"), tmp_path / "o/b.ipynb").ok
        assert runner.kernels_started == 2
        own = template(tmp_path, "import math; assert math.hypot(3, 4) == 5", name="own")
        assert runner.run(own, tmp_path / "o/own.ipynb").ok
        assert runner.kernels_started == 3


KILLED = """
import sys
from toolkit.notebooks import kernel
from toolkit.notebooks.run import run_template
kernel.READY = ()
run_template(sys.argv[1], sys.argv[2], progress=lambda step: print(step.cell, flush=True))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_interrupted_run_never_says_completed(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C and kill -9 in the middle leave a readable notebook with what ran, and no kernel behind."""
    path = template(tmp_path, "import os; open('pid', 'w').write(str(os.getpid()))", "import time; time.sleep(60)")
    out = tmp_path / "o" / "mine.ipynb"
    arguments = [sys.executable, "-c", KILLED, str(path), str(out)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "3":
                break
        time.sleep(0.3)
        process.send_signal(how)
        process.wait(timeout=20)
    assert process.returncode != 0
    result = read_outcome(out)
    assert (result.status, result.cell) == ("failed", "c2")
    assert states(out)[:2] == ["completed", "completed"]
    kernel = int((tmp_path / "o" / "pid").read_text())
    for _ in range(50):
        try:
            os.kill(kernel, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the kernel outlived the run")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where the output folder cannot be made, the message says so before a kernel starts."""
    (tmp_path / "file").write_text("in the way")
    with Runner() as runner:
        with pytest.raises(RunFailed, match="cannot be written"):
            runner.run(template(tmp_path, "1"), tmp_path / "file" / "o.ipynb")
        assert runner.kernels_started == 0


def test_a_notebook_that_was_never_run_has_failed(tmp_path: Path) -> None:
    """A missing, damaged or bare notebook is not taken for a completed one."""
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    for name in ("none", "half"):
        assert read_outcome(tmp_path / f"{name}.ipynb").status == "failed"
    assert read_outcome(template(tmp_path, "1")).status == "failed"


def test_papermill_finds_the_engine() -> None:
    """``papermill --engine postmortem`` is ours, by its entry point."""
    from importlib.metadata import entry_points

    from toolkit.notebooks.engine import PostmortemEngine

    (found,) = entry_points(group="papermill.engine", name="postmortem")
    assert found.load() is PostmortemEngine


def test_a_module_is_run_without_the_grammar_that_takes_seconds(tmp_path: Path) -> None:
    """``python -m toolkit.notebooks.quick mine a`` is ``python -m mine a`` without jsonschema's grammar of IRIs."""
    (tmp_path / "mine.py").write_text(
        "import sys, jsonschema; print(__name__, sys.argv[1:], 'rfc3987_syntax' in sys.modules)"
    )
    given = [sys.executable, "-m", "toolkit.notebooks.quick", "mine", "a"]
    done = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "__main__ ['a'] False\n"
