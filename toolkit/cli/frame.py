"""What every command shares (floor 8): help with an example, common options, safe text, one line for an error."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from toolkit.errors import PostmortemError

if TYPE_CHECKING:
    from toolkit.store import Store

#: What a command returns when it ran and something failed: a cell, a check, a proof.
FAILED: Final = 1
#: What a command returns when its input cannot be used.
UNUSABLE: Final = 2
#: What a command returns when it was interrupted (128 + SIGINT).
INTERRUPTED: Final = 130

#: How many seconds to wait for others that hold the store.
WAIT: Final = "POSTMORTEM_WAIT"
#: The URL of a record that a team keeps on a server.
SERVER: Final = "POSTMORTEM_STORE"

_JOINERS: Final = "\u200d"

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose help ends with an example that can be typed."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        self.example = example
        super().__init__(*args, **kwargs)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the example as it is, never wrapped."""
        if self.example:
            formatter.write("\nExample:\n")
            for line in self.example.strip().splitlines():
                formatter.write(f"  {line.strip()}\n")


class Group(click.Group):
    """A group whose commands are of our kind, listed in the order of use and not of the alphabet."""

    command_class = Command
    group_class = type

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Give the commands in the order in which they were added."""
        return list(self.commands)


def home_option(command: F) -> F:
    """Add ``--home`` and ``--store``; ``open_store`` asks for the latter itself."""
    command = click.option(
        "--store",
        metavar="URL",
        default=None,
        expose_value=False,
        callback=_remember,
        help="Record on a PostgreSQL server, postgresql://user@host/database [default: POSTMORTEM_STORE, else none].",
    )(command)
    return click.option(
        "--home",
        metavar="DIR",
        default=None,
        help="Folder of the incidents [default: POSTMORTEM_HOME, else ./incidents].",
    )(command)


def _remember(context: click.Context, _: click.Parameter, url: str | None) -> None:
    """Keep the URL for ``open_store``."""
    if url is not None:
        context.meta[SERVER] = url


def json_option(command: F) -> F:
    """Add ``--json``, for a script that reads the answer."""
    return click.option("as_json", "--json", is_flag=True, help="Print JSON instead of text.")(command)


def memory_option(command: F) -> F:
    """Add ``--memory``, for what queries over a log may use."""
    said = "Most memory for queries over the log; more goes to disk [default: a quarter of the machine's]."
    kind = click.IntRange(min=64)
    return click.option("--memory", "memory_mb", type=kind, envvar="POSTMORTEM_MEMORY", metavar="MB", help=said)(
        command
    )


def by_option(command: F) -> F:
    """Add ``--by``, for who does it."""
    return click.option("by", "--by", metavar="NAME", default="", help="Who does this [default: the user's name].")(
        command
    )


def engine_option(command: F) -> F:
    """Add ``--engine``, for where the rows of a log are read."""
    return click.option(
        "--engine",
        metavar="NAME",
        default="",
        help="What reads the log: duckdb, spark, or spark:MASTER, e.g. spark:spark://host:7077 [default: spark for a "
        "log named spark://TABLE or spark://PATH, else duckdb].",
    )(command)


def open_store(home: str | None, wait: float | None = None) -> Store:
    """Give the store of ``--home`` and ``--store``; others are waited for as long as ``POSTMORTEM_WAIT`` says.

    Raises:
        PostmortemError: the variable holds no number of seconds.
    """
    from toolkit.store import Store

    given = os.environ.get(WAIT, "30")
    context = click.get_current_context(silent=True)
    server = context.meta.get(SERVER) if context is not None else None
    try:
        seconds = float(given) if wait is None else wait
        return Store(home, wait=seconds, server=os.environ.get(SERVER, "") if server is None else server)
    except ValueError:
        raise PostmortemError(f"{WAIT}={given[:20]} is no number of seconds", fix=f"unset {WAIT}") from None


def typed() -> str:
    """Give the command line as it was typed, for the record; without a password."""
    from toolkit.store.server import masked

    context = click.get_current_context(silent=True)
    given = context.find_root().obj if context is not None else None
    return shlex.join(["postmortem", *map(masked, given if isinstance(given, list) else sys.argv[1:])])


def visible(text: str) -> str:
    """Make control and bidirectional characters visible: what comes from a log never steers the terminal."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" or c in _JOINERS else c.encode("unicode_escape").decode() for c in text
    )


def say(text: str = "", *, err: bool = False) -> None:
    """Print text, with nothing in it that could steer the terminal."""
    click.echo(visible(text), err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON; what could steer the terminal is escaped as JSON escapes it."""
    click.echo(json_visible(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str)))


def json_visible(text: str) -> str:
    """Make control and bidirectional characters of JSON visible, so that it reads back as the same values."""
    return "".join(c if c.isprintable() or c == "\n" or c in _JOINERS else json.dumps(c)[1:-1] for c in text)


def say_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print headings and texts in two columns, wrapped where a person reads them on a terminal."""
    known = [(head, " ".join(text.split())) for head, text in pairs]
    indent = max((len(head) for head, _ in known), default=0) + 2
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for head, text in known:
        lines = textwrap.wrap(visible(text), max(width - indent, 40)) if width else [text]
        say(f"{head:<{indent}}" + f"\n{'':<{indent}}".join(lines or [""]))


def say_table(heads: Sequence[str], rows: Sequence[Sequence[Any]], *, most: int = 0, cell: int = 60) -> None:
    """Print a table in columns; ``most`` limits its rows (0: all), ``cell`` the width of a cell."""
    shown = rows[:most] if most else rows
    texts = [[_cell(value, cell) for value in row] for row in shown]
    widths = [max([len(head), *(len(row[i]) for row in texts)]) for i, head in enumerate(heads)]
    for row in [list(heads), *texts]:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    if len(shown) < len(rows):
        say(f"... and {len(rows) - len(shown):,} more")


def _cell(value: Any, most: int) -> str:
    text = visible(" ".join(str("" if value is None else value).split()))
    return text if len(text) <= most else text[: most - 1] + "…"


def check_target(path: str) -> None:
    """Refuse a file that could not be written, before the work is done.

    Raises:
        PostmortemError: it is a folder, or its folder is missing or cannot be written.
    """
    file = Path(path)
    if file.is_dir():
        raise PostmortemError("this is a folder", where=path, fix="name a file in it")
    if not file.parent.is_dir():
        raise PostmortemError("there is no such folder", where=str(file.parent), fix="make it first")
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        raise PostmortemError("the file cannot be written", where=path, fix="change its rights or name another file")
