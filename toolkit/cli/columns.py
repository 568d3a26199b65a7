"""``--roles`` and ``--column``: which column is what, from a file or typed in a hurry (floor 8)."""

from __future__ import annotations

from typing import Any, Final

import click

from toolkit.vocabulary import PLURAL_ROLES, ROLES

_HELP: Final = "Say which column is what, e.g. label=repaid; again for more, the others are guessed."


def column_options(command: Any) -> Any:
    """Add ``--roles`` and ``--column``; ``roles_given`` makes one of both."""
    command = click.option("--column", "columns", metavar="ROLE=COLUMN", multiple=True, help=_HELP)(command)
    roles = "roles.toml: which column is what; guessed and shown where not given."
    return click.option("--roles", metavar="FILE", help=roles)(command)


def roles_given(file: str | None, columns: tuple[str, ...]) -> str | dict[str, Any] | None:
    """Give what was said of the roles: a file, columns beside which the rest is guessed, or nothing.

    Raises:
        click.UsageError: both were given, a role is unknown, or a column is missing behind its role.
    """
    if not columns:
        return file
    if file is not None:
        raise click.UsageError("give --roles or --column, not both: write the columns into the file.")
    named: dict[str, Any] = {}
    for text in columns:
        role, equals, column = text.partition("=")
        if role not in ROLES or not equals or not column:
            raise click.UsageError(f"--column {text}: write ROLE=COLUMN; the roles are: {', '.join(ROLES)}.")
        if role in PLURAL_ROLES:
            named.setdefault(role, []).append(column)
        elif role in named:
            raise click.UsageError(f"--column {text}: {role} is {named[role]} already; name exactly one column.")
        else:
            named[role] = column
    return {"roles": named, "rest": "guess"}
