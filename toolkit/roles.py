"""Which column plays which role, and roles.toml (floor 0)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, cast

from toolkit.errors import RolesError
from toolkit.mime import Shows
from toolkit.vocabulary import PLURAL_ROLES, ROLES, SINGLE_ROLES, TASKS, Task

FORMAT: Final = "toolkit.roles/1"
Scalar = str | int | float | bool
Rest = Literal["absent", "guess"]


@dataclass(frozen=True)
class Roles(Shows):
    """Roles of a log's columns (format ``toolkit.roles/1``).

    ``single`` maps a role to its one column, ``plural`` a role to its columns in order; a role left out is absent.
    ``positive`` is the value that counts as the positive class; ``status_ok`` are the statuses of an answered request.
    ``guessed`` names the roles that nobody declared. With ``rest = "guess"`` the roles that are not named are guessed
    from the other columns, instead of being absent.
    """

    task: Task | None = None
    single: Mapping[str, str] = field(default_factory=dict)
    plural: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    positive: Scalar | None = None
    status_ok: tuple[str, ...] = ()
    guessed: frozenset[str] = frozenset()
    rest: Rest = "absent"

    def column(self, role: str) -> str | None:
        """Give the column of a single role, or ``None`` where the role is absent."""
        return self.single.get(role)

    def columns(self, role: str) -> tuple[str, ...]:
        """Give the columns of ``group``, ``segment`` or ``feature``, in their order."""
        return self.plural.get(role, ())

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that has a role, once, in a fixed order."""
        named = [self.single[r] for r in SINGLE_ROLES if r in self.single]
        named += [c for r in PLURAL_ROLES for c in self.plural.get(r, ())]
        return tuple(dict.fromkeys(named))

    def role_of(self, column: str) -> tuple[str, ...]:
        """Give the roles that a column plays; a column may be a feature and a group at once."""
        ones = tuple(r for r in SINGLE_ROLES if self.single.get(r) == column)
        return ones + tuple(r for r in PLURAL_ROLES if column in self.plural.get(r, ()))

    def check(self, present: Sequence[str], *, where: str = "") -> Self:
        """Hold the roles against the columns that are there, and give them back.

        Raises:
            RolesError: a named column is missing, or none of prediction, score and decision is there.
        """
        names = set(present)
        for role in ROLES:
            wanted = [self.single[role]] if role in self.single else list(self.plural.get(role, ()))
            for column in wanted:
                if column not in names:
                    near = ", ".join(list(present)[:12])
                    raise RolesError(
                        f"role {role} names the column {column!r}, which the log does not have",
                        where=where,
                        fix=f"correct it in roles.toml; the columns are: {near}",
                    )
        if not {"prediction", "score", "decision"} & set(self.single):
            raise RolesError(
                "no column has the role prediction, score or decision",
                where=where,
                fix="name one, e.g. --column prediction=COLUMN, or in the [roles] of roles.toml",
            )
        return self

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read roles.toml.

        Raises:
            RolesError: the file is missing, is no TOML, or has an unknown role or a wrong value.
        """
        file = Path(path)
        try:
            raw = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RolesError("there is no such roles file", where=str(file), fix="check the path") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RolesError(f"the roles file cannot be read: {error}", where=str(file), fix="mend it") from None
        return cls.from_dict(raw, where=str(file))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, where: str = "roles") -> Self:
        """Read the content of a roles.toml.

        Raises:
            RolesError: an unknown role, task or key, or a value of the wrong type.
        """
        for key in raw:
            if key not in {"task", "roles", "values", "format", "rest"}:
                fix = "only task, rest, [roles] and [values] are known"
                raise RolesError(f"unknown key {key!r}", where=where, fix=fix)
        rest = raw.get("rest", "absent")
        if rest not in {"absent", "guess"}:
            raise RolesError(f"unknown rest {rest!r}", where=where, fix='write rest = "guess", or leave it out')
        task = raw.get("task")
        if task is not None and task not in TASKS:
            raise RolesError(f"unknown task {task!r}", where=where, fix=f"use one of {', '.join(TASKS)}")
        single: dict[str, str] = {}
        plural: dict[str, tuple[str, ...]] = {}
        declared = raw.get("roles", {})
        if not isinstance(declared, Mapping):
            raise RolesError("[roles] is not a table", where=where, fix="write it as [roles] with one role a line")
        for role, value in declared.items():
            _place(role, value, single, plural, where)
        values = raw.get("values", {})
        ok = values.get("status_ok", ())
        return cls(
            task=cast("Task | None", task),
            single=single,
            plural=plural,
            positive=values.get("positive"),
            status_ok=tuple(str(v) for v in (ok if isinstance(ok, list | tuple) else [ok])),
            rest=rest,
        )

    def to_toml(self) -> str:
        """Write the roles as roles.toml; ``Roles.load`` reads the same back."""
        lines = [f'task = "{self.task}"'] if self.task else []
        lines += ['rest = "guess"'] if self.rest == "guess" else []
        lines.append("[roles]")
        lines += [f"{role} = {_toml(self.single[role])}" for role in SINGLE_ROLES if role in self.single]
        lines += [f"{role} = {_toml(list(self.plural[role]))}" for role in PLURAL_ROLES if role in self.plural]
        values = []
        if self.positive is not None:
            values.append(f"positive = {_toml(self.positive)}")
        if self.status_ok:
            values.append(f"status_ok = {_toml(list(self.status_ok))}")
        return "\n".join(lines + (["[values]", *values] if values else [])) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Give the roles as JSON values, in the shape of roles.toml."""
        return {
            **({"rest": self.rest} if self.rest == "guess" else {}),
            "task": self.task,
            "roles": {**self.single, **{k: list(v) for k, v in self.plural.items()}},
            "values": {"positive": self.positive, "status_ok": list(self.status_ok)},
        }

    def with_(self, **changes: Any) -> Self:
        """Give a copy with some fields changed."""
        return replace(self, **changes)


def _place(role: str, value: Any, single: dict[str, str], plural: dict[str, tuple[str, ...]], where: str) -> None:
    """Put one declared role where it belongs, or say what is wrong with it."""
    if role not in ROLES:
        raise RolesError(f"unknown role {role!r}", where=where, fix=f"the roles are: {', '.join(ROLES)}")
    columns = value if isinstance(value, list) else [value]
    if not all(isinstance(c, str) and c for c in columns):
        raise RolesError(f"role {role} does not name a column", where=where, fix='write it as role = "column"')
    if role in PLURAL_ROLES:
        plural[role] = tuple(dict.fromkeys(columns))
    elif len(columns) != 1:
        raise RolesError(f"role {role} names {len(columns)} columns", where=where, fix="name exactly one")
    else:
        single[role] = columns[0]


def _toml(value: Scalar | list[Any]) -> str:
    """Write a value as TOML; strings as basic strings with every control character escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
