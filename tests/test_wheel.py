"""The wheel, installed in an environment outside the repository, does what the README says.

The environment is a copy of the tests' own with our package taken out, which takes a tenth of the time of a new one;
``make wheel`` installs everything anew, from what the wheel itself declares.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Byte code that another test is writing, under its first name; and the grammar that every start of Jupyter would build
#: for seconds, if it is there, and never asks for (``toolkit.notebooks.quick``).
SPARED = ("*.pyc.*", "rfc3987_syntax")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def call(args: Sequence[str | Path], folder: Path) -> str:
    """Run a command in a folder, with nothing of this environment in its way, and give what it printed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "POSTMORTEM", "VIRTUAL_ENV"))}
    done = subprocess.run(
        list(map(str, args)), cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=580
    )
    assert done.returncode == 0, f"{args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it outside the repository, and give the ``bin`` of where it is."""
    place = tmp_path_factory.mktemp("wheel")
    call([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, ROOT], place)
    (wheel,) = place.glob("*.whl")
    pip = [place / "venv" / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if os.environ.get("POSTMORTEM_WHEEL") == "fresh" or sys.prefix == sys.base_prefix:
        call([sys.executable, "-m", "venv", place / "venv"], place)
        call([*pip, "install", "--constraint", ROOT / "constraints.txt", wheel], place)
    else:
        copied(Path(sys.prefix), place / "venv")
        call([*pip, "install", "--force-reinstall", "--no-compile", "--no-deps", wheel], place)
    return place / "venv" / "bin"


def copied(old: Path, new: Path) -> None:
    """Copy an environment, by links where the disk allows it; its commands run its own Python."""
    passing = shutil.ignore_patterns(*SPARED)
    shutil.copytree(old, new, symlinks=True, copy_function=linked, ignore=passing)
    for command in (new / "bin").iterdir():
        text = command.read_bytes() if command.is_file() and not command.is_symlink() else b""
        if text.startswith(b"#!" + os.fsencode(old)):
            command.unlink()
            command.write_bytes(text.replace(os.fsencode(old), os.fsencode(new), 1))
            command.chmod(0o755)


def linked(source: str, target: str) -> None:
    """Make a file's second name, or copy it where it lies on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def test_the_installed_wheel_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    """``postmortem demo`` in an empty folder makes the postmortem, from the wheel alone, that asks no network."""
    where = call([installed / "python", "-c", "import toolkit; print(toolkit.__file__)"], tmp_path)
    assert str(installed.parent) in where
    said = call([installed / "postmortem", "demo"], tmp_path)
    page = tmp_path / "incidents" / "INC-0001" / "postmortem.html"
    assert str(page.relative_to(tmp_path)) in said
    html = page.read_text(encoding="utf-8")
    assert "Delay model misses the summer" in html
    assert outside(html) == []
    assert "default-src 'none'" in unescape(html)
    assert call([installed / "jupyter", "postmortem", "list"], tmp_path).count("INC-") == 1


def test_the_installed_wheel_diagnoses_a_log(installed: Path, tmp_path: Path) -> None:
    """``postmortem diagnose`` needs no incident and no store, and leaves nothing but its answer."""
    call([installed / "postmortem", "case", "smarket", "--out", "practice"], tmp_path)
    folder = tmp_path / "practice" / "smarket"
    args = ["diagnose", folder / "log.parquet", "--reference", folder / "reference.parquet"]
    call([installed / "postmortem", *args, "--roles", folder / "roles.toml", "--json", "out.json"], tmp_path)
    assert json.loads((tmp_path / "out.json").read_text())["format"] == "toolkit.diagnosis/1"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.json", "practice"]


def test_the_installed_wheel_plugs_into_jupyter(installed: Path, tmp_path: Path) -> None:
    """Papermill finds the engine, and nbconvert makes a page of a shipped template with our exporter."""
    code = (
        "from papermill.engines import papermill_engines\n"
        "from toolkit.paths import shipped\n"
        "papermill_engines.get_engine('postmortem')\n"
        "print(shipped('templates') / 'timeline.ipynb')\n"
    )
    template = call([installed / "python", "-c", code], tmp_path).strip()
    assert str(installed.parent) in template
    args = ["nbconvert", "--to", "postmortem", template, "--output-dir", tmp_path, "--output", "page"]
    call([installed / "jupyter", *args], tmp_path)
    assert outside((tmp_path / "page.html").read_text(encoding="utf-8")) == []


def test_the_installed_wheel_brings_the_launcher_cards(installed: Path, tmp_path: Path) -> None:
    """JupyterLab lists our extension as enabled, and ``postmortem doctor`` finds all that is needed."""
    listed = call(["sh", "-c", f"'{installed / 'jupyter'}' labextension list 2>&1"], tmp_path)
    (line,) = [line for line in listed.splitlines() if "ml-postmortem" in line]
    assert "enabled" in line
    assert "OK" in line
    checks = {
        c["name"]: c for c in json.loads(call([installed / "postmortem", "doctor", "--json"], tmp_path))["checks"]
    }
    assert checks["JupyterLab"]["ok"]
    assert str(installed.parent) in checks["JupyterLab"]["seen"]
    assert all(c["ok"] for c in checks.values() if c["needed"])


def outside(html: str) -> list[str]:
    """Give what a page would load from elsewhere: links to click on are none of it."""
    loads = re.findall(r"<(?:script|link|img|iframe|object|embed|source|audio|video)\b[^>]*>", html)
    styles = re.findall(r"@import[^;]*;|url\(\s*['\"]?(?!data:|#)[^)]*\)", html)
    return [tag for tag in loads if "data:" not in tag] + styles
