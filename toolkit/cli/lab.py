"""``lab``: JupyterLab in the folder of incidents (floor 8)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from toolkit.cli.frame import Command, home_option, say


@click.command(
    cls=Command,
    short_help="Open JupyterLab in the incidents folder, with its launcher cards.",
    example="postmortem lab --no-browser --port 8890",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the server [default: JupyterLab's own].")
@click.option("--no-browser", is_flag=True, help="Open no browser; the address is printed.")
@click.argument("more", nargs=-1)
@home_option
def lab(port: int | None, no_browser: bool, more: tuple[str, ...], home: str | None) -> int:
    """Open JupyterLab in the incidents folder, with the kernel of this very environment.

    The launcher has cards for a new incident, an open one, and a drill on a case study. What comes after -- is handed
    on to JupyterLab. Ctrl-C or SIGTERM ends it and its kernels; nothing is lost, for every step of an investigation is
    on record at once.
    """
    from toolkit.jupyter import lab as ours
    from toolkit.paths import home as folder_of

    folder = folder_of(home)
    folder.mkdir(parents=True, exist_ok=True)
    given = ours.command(folder, port=port, browser=not no_browser, more=more)
    with tempfile.TemporaryDirectory(prefix="postmortem-lab-") as spare:
        there = ours.installed()
        if there is None or not ours.current(there):
            given.append(f"--LabApp.extra_labextensions_path={ours.lay_out(Path(spare))}")
        say(f"JupyterLab in {folder.absolute()}; Ctrl-C ends it.", err=True)
        return ours.serve(given, ours.environment(folder))
