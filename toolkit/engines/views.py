"""Our views written out before a query (floor 2), to stand over other rows than those they were defined on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: A name that is read, or what is quoted: a column may be called "FROM rows".
READ_FROM: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bFROM (\w+)""")


def read_by(sql: str, views: Mapping[str, str]) -> dict[str, str]:
    """Give the views that a query reads, each after those that it reads itself."""
    needed: dict[str, str] = {}
    for name in READ_FROM.findall(sql):
        if name in views and name not in needed:
            needed |= {**read_by(views[name], views), name: views[name]}
    return needed


def with_views(sql: str, raw: str, views: Mapping[str, str], first: str = "") -> str:
    """Give what stands after WITH so that a query reads ``raw``, of it the rows that meet ``first``, by its views."""
    named = {"raw": f"SELECT * FROM ({raw}) WHERE {first}" if first else raw, **read_by(sql, views)}
    return ", ".join(f"{name} AS NOT MATERIALIZED ({view})" for name, view in named.items())
