"""One query asked of each part of a log, so that what is known of a part is not asked again (floor 2).

A part is some files of the source. For a part ``raw`` is the rows of these alone, under the columns and types of the
whole, so that the answers of all parts, one below the other, add up to what the whole would have said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.engines.draw import PLACES, Draw
from toolkit.engines.kept import Kept, question_of
from toolkit.engines.part import Part, joined
from toolkit.engines.stretches import stretches
from toolkit.engines.views import read_by, with_views
from toolkit.sql import literal

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

#: How a part lies to a span of time: within it, outside, or across its ends.
Lies = Literal["within", "outside", "across"]


#: Files that were made parts of their own are asked together up to so many bytes: asking takes a while, too.
PIECE_BYTES: Final = 64 * 2**20
#: Of a log with so many times the rows that are drawn twice as many are kept; to draw from a shorter one is quick.
_FAR_MORE: Final = 16


@dataclass
class Parts:
    """The parts of one source, and ``everything`` as one; ``sizes`` is how many rows each part has.

    ``lies`` says how they lie to a span that was chosen.
    """

    rows: DuckRows
    kept: Kept
    parts: Sequence[Part]
    everything: Part
    sizes: dict[Part, int]
    #: What reads the rows of each part.
    raw: dict[Part, str]
    #: Views by name, and what those were that a span has narrowed.
    views: Mapping[str, str]
    lies: Sequence[Lies] = ()
    whole: dict[str, str] = field(default_factory=dict)
    #: The piece that a file belongs to which was made a part.
    _pieces: dict[Part, tuple[int, int]] = field(default_factory=dict)

    def answers(self, sql: str, also: Sequence[str] = ()) -> Any:
        """Give the answers of all parts as one Arrow table, with ``_part`` and ``_before``; see ``DuckRows.gather``."""
        import pyarrow as pa

        found: list[Any] = []
        before = [0, *accumulate(self.sizes[part] for part in self.parts)]
        for place, part, views in self._those(sql):
            table = self._answer(part, sql, also, views)
            for name, value in (("_part", place), ("_before", before[place])):
                table = table.append_column(name, pa.array([value] * table.num_rows, pa.int64()))
            found.append(table)
        return pa.concat_tables(found, promote_options="permissive")

    def once(self, sql: str) -> Any:
        """Give the answer of all parts as one."""
        return self._answer(self.everything, sql, (), self.views)

    def drawn(self, columns: Sequence[str], draw: Draw) -> Any:
        """Give columns of the rows that are drawn."""
        import pyarrow as pa

        asked = [*dict.fromkeys([*columns, *draw.told])]
        found = [self._draw(part, asked, draw, views) for _, part, views in self._those(draw.sql(asked))]
        return self._picked(pa.concat_tables(found, promote_options="permissive"), draw).select([*columns])

    def by_file(self, places: Sequence[int]) -> None:
        """Make each file of some parts a part."""
        parts: list[Part] = []
        for place, whole in enumerate(self.parts):
            cut = whole.by_file() if place in places else [whole]
            self._pieces |= {part: (place, piece) for piece, some in enumerate(_in_pieces(cut)) for part in some}
            parts += cut
        self._read(parts)

    def lie(self, lies: Sequence[Lies]) -> None:
        """Say how the parts lie to a span; the small files of a piece that all lie alike become one part again.

        A piece is the same files whatever the span, so that what is known of it serves another span, too.
        """
        parts: list[Part] = []
        how: list[Lies] = []
        told = zip(self.parts, lies, strict=bool(lies))
        for _, group in groupby(enumerate(told), lambda one: self._pieces.get(one[1][0], (-1, one[0]))):
            some = [one for _, one in group]
            alike = len({own for _, own in some}) == 1
            parts += [joined([part for part, _ in some])] if alike and len(some) > 1 else [part for part, _ in some]
            how += [some[0][1]] if alike else [own for _, own in some]
        self.lies = how if self._read(parts) else lies

    def _read(self, parts: Sequence[Part]) -> bool:
        """Read the log in these parts from now on, if it can be."""
        if len(parts) == len(self.parts):
            return False
        for part in parts:
            raw = self.raw.get(part) or only(self.rows, part)
            size = self.sizes[part] if part in self.sizes else _size(self.rows, part, raw)
            if size is None:
                return False
            self.raw[part], self.sizes[part] = raw, size
        self.parts = parts
        return True

    def _those(self, sql: str) -> Iterator[tuple[int, Part, Mapping[str, str]]]:
        """Give the parts that have a row for a query, with the number of each and the views that it reads there."""
        narrowed, any_yet = self.whole.keys() & read_by(sql, self.views).keys(), False
        for place, part in enumerate(self.parts):
            lies = self.lies[place] if self.lies and narrowed else "within"
            if lies == "outside" and (any_yet or place + 1 < len(self.parts)):
                continue  # but the last one, where no part has a row: an answer has columns even so
            any_yet = True
            yield place, part, {**self.views, **(self.whole if lies == "within" else {})}

    def _answer(self, part: Part, sql: str, also: Sequence[str], views: Mapping[str, str]) -> Any:
        for one in (sql, *also):
            table = self.kept.load(part, self._question(one, views))
            if table is not None:
                return table
        # named before the query, not as views: to define one opens every file of the log
        raw = self.rows.raw_of(sql, self.raw[part])
        table = self.rows.arrow(f"WITH {with_views(sql, raw, views)} {sql}")
        self.kept.save(part, self._question(sql, views), table)
        return table

    def _draw(self, part: Part, asked: Sequence[str], draw: Draw, views: Mapping[str, str]) -> Any:
        """Give the rows of a part that are drawn, and more.

        Of a large log twice as many are kept as well, so that a window of half of it draws nothing anew; the next
        reading of the whole loads no more than it must.
        """
        narrow, *more = draw.wider()
        for one in (narrow, *more):
            table = self.kept.load(part, self._question(one.sql(asked), views))
            if table is not None:
                return table
        dense = more[0] if more and narrow.bound is not None and narrow.bound <= PLACES // _FAR_MORE else narrow
        some = [f"{self.raw[part]} AND {one}" for one in stretches(self.rows, part.files)]
        table = self.rows.drawn(dense, asked, some, views)
        self.kept.save(part, self._question(dense.sql(asked), views), table)
        if dense != narrow:
            table = self._picked(table, narrow)
            self.kept.save(part, self._question(narrow.sql(asked), views), table)
        return table

    def _picked(self, table: Any, draw: Draw) -> Any:
        """Give the rows of a table that are drawn: DuckDB says which, and no column is written anew for that."""
        if draw.bound is None:
            return table
        return table.filter(
            self.rows.over(table.select(draw.told), f"SELECT {draw.picks} AS it FROM parts").column("it")
        )

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
    sizes = {part: size for part in parts if (size := _size(rows, part, raw[part])) is not None}
    return Parts(rows, kept, parts, everything, sizes, raw, views) if all(part in sizes for part in parts) else None


def _size(rows: DuckRows, part: Part, raw: str) -> int | None:
    """Give how many rows of ``raw`` a part has; ``None`` where DuckDB names files otherwise than we do."""
    # both numbers are in the footers; that they agree shows that DuckDB names files as we do
    names = ", ".join(literal(str(file)) for file in part.files)
    ((n,),) = rows.fetch(f"SELECT count(*) FROM ({raw})")
    ((there,),) = rows.fetch(f"SELECT sum(num_rows) FROM parquet_file_metadata([{names}])")
    return int(n) if n == there else None


def _in_pieces(files: Sequence[Part]) -> list[list[Part]]:
    """Put parts of one file each, in their order, into pieces of up to so many bytes."""
    pieces: list[list[Part]] = []
    size = PIECE_BYTES
    for file in files:
        size += file.size
        if size > PIECE_BYTES:
            pieces.append([])
            size = file.size
        pieces[-1].append(file)
    return pieces


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
