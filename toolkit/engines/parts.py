"""One query asked of each part of a log, so that what is known of a part is not asked again (floor 2).

A part is some files of the source. For a part ``raw`` is the rows of these alone, under the columns and types of the
whole, so that the answers of all parts, one below the other, add up to what the whole would have said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from toolkit.engines.kept import Kept, question_of
from toolkit.engines.part import Part, joined
from toolkit.engines.stretches import stretches
from toolkit.engines.views import read_by, with_views
from toolkit.sql import literal

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

#: How a part lies to a span of time: within it, outside, or across its ends.
Lies = Literal["within", "outside", "across"]


@dataclass
class Parts:
    """The parts of one source, and ``everything`` as one; ``before`` is how many rows come before each part.

    ``lies`` says how they lie to a span that was chosen.
    """

    rows: DuckRows
    kept: Kept
    parts: Sequence[Part]
    everything: Part
    before: Sequence[int]
    #: What reads the rows of each part.
    raw: Mapping[Part, str]
    #: Views by name, and what those were that a span has narrowed.
    views: Mapping[str, str]
    lies: Sequence[Lies] = ()
    whole: dict[str, str] = field(default_factory=dict)

    def answers(self, sql: str, also: Sequence[str] = (), first: str = "") -> Any:
        """Give the answers of all parts as one Arrow table, with ``_part`` and ``_before``; see ``DuckRows.gather``."""
        import pyarrow as pa

        found: list[Any] = []
        narrowed = self.whole.keys() & read_by(sql, self.views).keys()
        for place, part in enumerate(self.parts):
            lies = self.lies[place] if self.lies and narrowed else "within"
            if lies == "outside" and (found or place + 1 < len(self.parts)):
                continue  # but the last one, where no part has a row: an answer has columns even so
            views = {**self.views, **(self.whole if lies == "within" else {})}
            table = self._answer(part, sql, also, views, first)
            for name, value in (("_part", place), ("_before", self.before[place])):
                table = table.append_column(name, pa.array([value] * table.num_rows, pa.int64()))
            found.append(table)
        return pa.concat_tables(found, promote_options="permissive")

    def once(self, sql: str) -> Any:
        """Give the answer of all parts as one."""
        return self._answer(self.everything, sql, (), self.views, "")

    def _answer(self, part: Part, sql: str, also: Sequence[str], views: Mapping[str, str], first: str) -> Any:
        for one in (sql, *also):
            table = self.kept.load(part, self._question(one, views))
            if table is not None:
                return table
        # named before the query, not as views: to define one opens every file of the log
        raw = self.raw[part]
        if first:
            some = [f"{raw} AND {one}" for one in stretches(self.rows, part.files)]
            table = self.rows.drawn(f" {sql}", some, views, first)
        else:
            table = self.rows.arrow(f"WITH {with_views(sql, raw, views)} {sql}")
        self.kept.save(part, self._question(sql, views), table)
        return table

    def _question(self, sql: str, views: Mapping[str, str]) -> str:
        return question_of(sql, read_by(sql, views), self.rows.columns)


def parts_of(rows: DuckRows, kept: Kept, views: Mapping[str, str]) -> Parts | None:
    """Split a source of Parquet files into parts; ``None`` for any other source, which is read as a whole.

    ``views`` are those that are defined now and later, but ``raw``.
    """
    if not rows.opened.by_file or any(c.lower() == "filename" for c in rows.columns):
        return None
    parts = kept.split(rows.files)
    everything = joined(parts)
    raw = {part: only(rows, part) for part in (*parts, everything)}
    before, total = [], 0
    for part in parts:
        before.append(total)
        # both numbers are in the footers; that they agree shows that DuckDB names files as we do
        names = ", ".join(literal(str(file)) for file in part.files)
        ((n,),) = rows.fetch(f"SELECT count(*) FROM ({raw[part]})")
        ((there,),) = rows.fetch(f"SELECT sum(num_rows) FROM parquet_file_metadata([{names}])")
        if n != there:
            return None
        total += int(n)
    return Parts(rows, kept, parts, everything, before, raw, views)


def only(rows: DuckRows, part: Part) -> str:
    """Give a SELECT of the rows of a part, under the columns and types of the whole, to which conditions can be added.

    A part that has other columns or types by itself is picked from the whole. DuckDB opens no other file for that, but
    asks every row for its file, which takes several times as long as to count a column.
    """
    from toolkit.logs.parquet_files import path_list

    whole = rows.opened.sql
    alone = whole.replace(path_list(rows.files), path_list(part.files))
    if alone == whole or [(n, kind) for n, kind, *_ in rows.fetch(f"DESCRIBE {alone}")] == [*rows.columns.items()]:
        return f"{alone} WHERE true"
    return f"{whole} WHERE filename IN ({', '.join(literal(str(file)) for file in part.files)})"
