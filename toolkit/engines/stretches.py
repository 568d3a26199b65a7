"""Parquet files in stretches, which are asked one after the other where rows are drawn (floor 2).

What DuckDB hands on in the order of the files it holds apart for each row group, in pages of their own, until all are
read. Where one row in a thousand is drawn these pages are ten times the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

#: Files are put together into a stretch of up to so many bytes; a larger one is several.
STRETCH_BYTES: Final = 2**30
#: What DuckDB numbers files and rows by, where no column has that name.
_NUMBERS: Final = frozenset({"file_index", "file_row_number"})
#: Beyond every number.
_END: Final = 2**62


def stretches(rows: DuckRows, files: Sequence[Path]) -> list[str]:
    """Give the conditions that split the rows of Parquet files; each row meets one, whatever sizes and footers say."""
    sizes = [file.stat().st_size for file in files]
    if sum(sizes) <= STRETCH_BYTES or _NUMBERS & {c.lower() for c in rows.columns}:
        return ["true"]
    starts, size = [0], 0
    for place, own in enumerate(sizes):
        size += own
        if place and size > STRETCH_BYTES:
            starts.append(place)
            size = own
    made: list[str] = []
    for a, b in pairwise([*starts, _END]):
        condition = f"file_index >= {a} AND file_index < {b}"
        made += [f"{condition} AND {share}" for share in _shares(rows, files[a:b])]
    return made


def _shares(rows: DuckRows, files: Sequence[Path]) -> list[str]:
    """Give the conditions that split the rows of a file that is larger than a stretch."""
    from toolkit.logs.parquet_files import path_list

    n = -(-files[0].stat().st_size // STRETCH_BYTES)
    if n < 2:
        return ["true"]
    ((total,),) = rows.fetch(f"SELECT num_rows FROM parquet_file_metadata({path_list(files)})")
    ends = [0, *(int(total) * i // n for i in range(1, n)), _END]
    return [f"file_row_number >= {a} AND file_row_number < {b}" for a, b in pairwise(ends)]
