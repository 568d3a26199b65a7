"""Write docs/cli.md and docs/schema.md from the program itself: ``make docs``, or ``python docs/generate.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from toolkit.cli.entry import cli
from toolkit.store.views import VIEWS

HERE = Path(__file__).resolve().parent
WIDTH = 100


def helps(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Give the help of a command and of all below it, as it is printed."""
    context = click.Context(command, info_name=path.split()[-1], parent=parent, terminal_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from helps(command.commands[name], f"{path} {name}", context)


def cli_page() -> str:
    """Give docs/cli.md."""
    parts = ["# The command line", "", "Made from `--help` by `make docs`; do not edit.", ""]
    for path, text in helps(cli, "postmortem"):
        level = "#" * min(path.count(" ") + 2, 3)
        parts += [f"{level} {path}", "", "```text", text.rstrip(), "```", ""]
    return "\n".join(parts)


def schema_page() -> str:
    """Give docs/schema.md."""
    parts = [
        "# What `postmortem sql` can be asked",
        "",
        "Made from `toolkit.store.views` by `make docs`; do not edit. Times are in UTC, lists and mappings JSON text.",
    ]
    for view in VIEWS:
        parts += ["", f"## {view.name}", "", f"A row is {view.row}.", "", "| column | what it is |", "| --- | --- |"]
        parts += [f"| {name} | {what} |" for name, what in view.columns.items()]
    return "\n".join([*parts, ""])


PAGES = {"cli.md": cli_page, "schema.md": schema_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
