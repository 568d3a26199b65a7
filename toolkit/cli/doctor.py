"""``doctor``: is everything there that the toolkit needs, and what mends what is not (floor 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from toolkit.cli.frame import FAILED, Command, home_option, json_option, open_store, say, say_json
from toolkit.cli.progress import Progress


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ``ok``, what was seen, and how to mend it; ``needed`` or only useful."""

    name: str
    ok: bool
    seen: str
    fix: str = ""
    needed: bool = True


@click.command(
    cls=Command,
    short_help="Check Python, packages, kernel, browser and the store's rights.",
    example="postmortem doctor",
)
@home_option
@json_option
def doctor(home: str | None, as_json: bool) -> int:
    """Check what the toolkit needs and name the fix for what is missing; exits 1 where something needed is."""
    checks = []
    with Progress() as progress:
        for name, look in _looks(home):
            progress(f"checking {name}")
            try:
                checks.append(look())
            except Exception as error:  # noqa: BLE001  a check that breaks is itself what is wrong
                checks.append(Check(name, False, f"{type(error).__name__}: {error}", "see the message"))
    failed = any(c.needed and not c.ok for c in checks)
    if as_json:
        say_json({"ok": not failed, "checks": [c.__dict__ for c in checks]})
    else:
        for c in checks:
            sign = "ok  " if c.ok else ("FAIL" if c.needed else "--  ")
            say(f"{sign} {c.name}: {c.seen}{f'; {c.fix}' if not c.ok and c.fix else ''}")
    return FAILED if failed else 0


def _looks(home: str | None) -> Iterator[tuple[str, Callable[[], Check]]]:
    yield "Python", _python
    yield "packages", _packages
    yield "shipped files", _shipped
    yield "kernel", _kernel
    yield "notebook engine and exporter", _entry_points
    yield "JupyterLab", _lab
    yield "store", lambda: _store(home)
    yield "browser", _browser
    yield "Spark", _spark


def _python() -> Check:
    import platform
    import sys

    return Check("Python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or newer")


def _packages() -> Check:
    """Hold the installed packages against what this distribution asks for."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in requires("ml-postmortem") or ()]
    wrong = []
    for need in wanted:
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(need.name)
        except PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
            continue
        if not need.specifier.contains(found, prereleases=True):
            wrong.append(f"{need.name} {found} is not {need.specifier}")
    seen = ", ".join(wrong) or f"{len(wanted)} requirements met"
    return Check("packages", not wrong, seen, "install ml-postmortem again in this environment")


def _shipped() -> Check:
    from toolkit.paths import shipped

    notebooks = len(list(shipped("templates").glob("*.ipynb")))
    studies = len(list(shipped("case_studies").glob("*/case.toml")))
    seen = f"{notebooks} templates, {studies} case studies"
    return Check("shipped files", bool(notebooks and studies), seen, "reinstall ml-postmortem")


def _kernel() -> Check:
    """Start the kernel that templates run in and let it answer."""
    import tempfile
    from pathlib import Path

    from toolkit.notebooks.kernel import Kernel

    kernel = Kernel()
    try:
        kernel.start()
        with tempfile.TemporaryDirectory() as folder:
            kernel.prepare(Path(folder), timeout=60)
    finally:
        kernel.close()
    return Check("kernel", True, "starts and answers")


def _entry_points() -> Check:
    from importlib.metadata import entry_points

    groups = ("papermill.engine", "nbconvert.exporters")
    missing = [g for g in groups if "postmortem" not in {e.name for e in entry_points(group=g)}]
    seen = f"not registered: {', '.join(missing)}" if missing else "registered"
    return Check("notebook engine and exporter", not missing, seen, "install ml-postmortem again", needed=False)


def _lab() -> Check:
    """Look for JupyterLab, and for our launcher cards where it finds them."""
    from importlib.metadata import version

    from toolkit.jupyter import lab

    found = version("jupyterlab")
    place = lab.installed()
    fix = "install ml-postmortem again in this environment; until then postmortem lab shows the cards"
    if place is None:
        return Check("JupyterLab", False, f"{found}, without our launcher cards", fix, needed=False)
    if not lab.current(place):
        return Check("JupyterLab", False, f"{found}, with the launcher cards of another version", fix, needed=False)
    return Check("JupyterLab", True, f"{found}, launcher cards in {place}")


def _store(home: str | None) -> Check:
    import os

    from toolkit.paths import home as folder_of
    from toolkit.store.attach import DATABASE

    folder = folder_of(home)
    place = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    if not os.access(place, os.W_OK):
        return Check("store", False, f"{place} cannot be written", "change its rights, or name another with --home")
    if not (folder / DATABASE).exists():
        return Check("store", True, f"none yet; {folder} can be made")
    found = open_store(home, wait=5).check()
    return Check("store", found.sound, f"{found.entries} entries in {folder}", "run postmortem store repair")


def _spark() -> Check:
    """Look for what Spark needs, without starting it: that takes half a minute."""
    from importlib.metadata import PackageNotFoundError, version

    from toolkit.engines.spark_session import find_java

    fix = "pip install 'ml-postmortem[spark]' and Java 17 or newer, to read logs with --engine spark"
    java = find_java()
    try:
        found = f"pyspark {version('pyspark')}"
    except PackageNotFoundError:
        return Check("Spark", False, "not installed", fix, needed=False)
    if java is None:
        return Check("Spark", False, f"{found}, without Java", fix, needed=False)
    return Check("Spark", True, f"{found}, {java}")


def _browser() -> Check:
    import shutil

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((p for p in map(shutil.which, names) if p), None)
    return Check("browser", path is not None, path or "no Chromium", "install it to print pages to PDF", needed=False)
