"""A prediction log, ready to be profiled (floor 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from toolkit.logs.guess import roles_table
from toolkit.logs.kinds import Kind
from toolkit.logs.names import plain
from toolkit.logs.outcome import Outcome
from toolkit.logs.validate import Validation
from toolkit.mime import pairs, table
from toolkit.roles import Roles
from toolkit.vocabulary import Task

if TYPE_CHECKING:
    from types import TracebackType

    from toolkit.engines import Rows


@dataclass(frozen=True)
class Log:
    """Rows in an engine, the roles of their columns, and what validation found.

    ``rows`` answers SQL over the views ``raw`` and ``rows`` (canonical columns, see ``toolkit.logs.clean``).
    ``missing_columns`` have a role but are only in the reference, ``new_columns`` are features only in the log;
    ``type_changes`` gives column -> (type in the reference, type in the log) where one is of numbers and the other not.
    ``written`` gives the SQL over ``raw`` of each canonical column.
    """

    name: str
    rows: Rows
    roles: Roles
    outcome: Outcome
    validation: Validation
    feature_kinds: Mapping[str, Kind] = field(default_factory=dict)
    reference: Log | None = None
    missing_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    type_changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    column_notes: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> dict[str, str]:
        """Every column of the source with its DuckDB type."""
        return self.rows.columns

    @property
    def task(self) -> Task:
        """The task: binary, multiclass or regression."""
        return self.outcome.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes in the order of their codes; (negative, positive) for a binary task, empty for a regression."""
        return self.outcome.classes

    @property
    def hashes(self) -> dict[str, str]:
        """sha256 of every file of the log and of its reference; computed when first asked for."""
        return {**(self.reference.hashes if self.reference else {}), **self.rows.hashes}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The user's names of ``feature_0``, ``feature_1`` ..."""
        return self.roles.columns("feature")

    @property
    def group_names(self) -> tuple[str, ...]:
        """The user's names of ``group_0`` ..."""
        return self.roles.columns("group")

    @property
    def segment_names(self) -> tuple[str, ...]:
        """The user's names of ``segment_0`` ..."""
        return self.roles.columns("segment")

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that have no role: nobody reads them."""
        known = set(self.roles.all_columns)
        return tuple(c for c in self.columns if c not in known and plain(c) != "split")

    def roles_table(self) -> list[dict[str, str]]:
        """Give the table of roles: one line a column with type, role, declared or guessed, and a note."""
        return roles_table(self.roles, self.columns, self.column_notes)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = [list(row.values()) for row in self.roles_table()]
        roles = table("Roles of the columns", [*self.roles_table()[0]] if rows else ["column"], rows)
        read = pairs(f"Log {Path(self.name).name}", [("task", self.task), *self.validation.lines()])
        return {kind: f"{read[kind]}\n\n{roles[kind]}" for kind in read}

    def to_dict(self) -> dict[str, Any]:
        """Give what is known of the log as JSON values; no rows."""
        return {
            "name": self.name,
            "files": [str(f) for f in self.rows.files],
            "roles": self.roles.to_dict(),
            "guessed": sorted(self.roles.guessed),
            "classes": list(self.classes),
            "validation": self.validation.to_dict(),
            "missing_columns": list(self.missing_columns),
            "new_columns": list(self.new_columns),
            "type_changes": {c: list(t) for c, t in self.type_changes.items()},
            "reference": self.reference.to_dict() if self.reference else None,
        }

    def close(self) -> None:
        """Let go of the rows, and of the reference's."""
        self.rows.close()
        if self.reference:
            self.reference.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
