"""Exact counts over every row of a log (floor 3): by time bucket, by version, by group and segment.

All cubes come out of one scan. Columns of few values are counted together, cell by cell, and each cube is the sum of
its cells; cubes of two files add up to the cube of both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.engines import tuples
from toolkit.profile.model import Cube
from toolkit.profile.statistics import MEASURES, cube_sql, set_code

if TYPE_CHECKING:
    from toolkit.logs import Log

#: Bucket widths in seconds, the finest that gives at most ``MOST_BUCKETS`` is taken.
WIDTHS: Final = (60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000)
MOST_BUCKETS: Final = 62
#: The values of one column that are kept, those with the most rows; what is left out is counted in one cell.
MOST_VALUES: Final = 2000
#: Cells of columns counted together.
_MOST_CELLS: Final = 20_000
#: The bucket in seconds that is counted where counts are kept; every wider one is made of it.
_KEPT_WIDTH: Final = 3600
_RARER: Final = re.compile(r"\(([\d,]+) rarer values\)")


def bucket_width(first: float, last: float) -> int:
    """Give the width in seconds of the buckets of a span of times (seconds since 1970)."""
    span = max(last - first, 1.0)
    return next((w for w in WIDTHS if span / w <= MOST_BUCKETS), int(np.ceil(span / MOST_BUCKETS)))


def count(log: Log, drawn: Any) -> dict[str, Cube]:
    """Count every row of a log: cubes ``time`` (by bucket), ``version``, and ``group`` and ``segment`` (by value).

    ``drawn`` are some rows of it as an Arrow table: they show about how many values a column has.
    """
    columns = _columns(log)
    span, sizes = _span(log), _sizes(log, columns, drawn)
    width = bucket_width(*span) if span else 0
    sets = [["bucket"], *together(sizes)] if log.rows.keeps else together({"bucket": MOST_BUCKETS + 2, **sizes})
    ways = [{"bucket": bucket_sql(log, w), **columns} for w in _widths(log, width)]
    cells = _cells(log, ways, sets)
    time = rolled(cells["bucket"], "bucket", "bucket", width)
    made = {"time": time, "total": rolled(cells["bucket"], None, "part")}
    if width:
        made["time"] = Cube({**made["time"].keys, "width": np.full(len(made["time"]), width)}, made["time"].sums)
    made |= {_named(log, key): rolled(cells[key], key, "value") for key in columns}
    if log.reference is not None:
        part = {"part": "lower(coalesce(split, ''))"}
        if _is_a_window(log.reference, log):
            all_rows = rolled(_cells(log.reference, ways, sets)["bucket"], None, "part")
            made["reference"] = Cube({"part": np.array([""], dtype=object)}, all_rows.sums)
        else:
            made["reference"] = rolled(_cells(log.reference, [part], [["part"]])["part"], "part", "part")
    return made


def _is_a_window(reference: Log, log: Log) -> bool:
    """Whether a reference is other rows of the log: then counts of its parts that are known are of use for it, too."""
    same = reference.rows.keeps and reference.rows.files == log.rows.files
    return same and reference.roles.column("split") is None and reference.columns == log.columns


def bucket_sql(log: Log, width: int) -> str:
    """Give the start of a row's bucket in seconds since 1970; 0 where the log has no times."""
    start = f"floor({log.rows.dialect.micros_of('t')} / 1e6 / {width}) * {width}" if width else "0"
    return f"CAST({start} AS BIGINT)"


def _widths(log: Log, width: int) -> list[int]:
    """Give the widths that buckets may be counted in, to be brought to ``width``: the one to count in first.

    What is kept is counted by the hour, so that a longer log or a shorter window is made of the same counts.
    """
    if not log.rows.keeps or width not in WIDTHS:
        return [width]
    finer = [w for w in WIDTHS if w <= min(width, _KEPT_WIDTH)]
    return finer[::-1]


def _columns(log: Log) -> dict[str, str]:
    """Give the canonical columns that the log is cut by."""
    names = ["model_version"] if log.roles.column("model_version") else []
    names += [f"group_{i}" for i in range(len(log.group_names))]
    names += [f"segment_{i}" for i in range(len(log.segment_names))]
    return {name: name for name in names}


def _named(log: Log, key: str) -> str:
    """Give the name of a column's cube."""
    kind, _, place = key.rpartition("_")
    if key == "model_version":
        return "version"
    return f"{kind}:{(log.group_names if kind == 'group' else log.segment_names)[int(place)]}"


def _span(log: Log) -> tuple[float, float] | None:
    """Give the first and last second."""
    report = log.validation
    return (report.first.timestamp(), report.last.timestamp()) if report.first and report.last else None


def _sizes(log: Log, columns: Mapping[str, str], drawn: Any) -> dict[str, int]:
    """Give about how many values each column has; where counts are kept, the same whatever rows are drawn."""
    if not columns:
        return {}
    if not log.rows.keeps:
        import pyarrow.compute as pc

        return {c: int(pc.count_distinct(drawn.column(c)).as_py()) + 1 for c in columns}
    about = ", ".join(f"{log.rows.dialect.distinct(c)} AS n{i}" for i, c in enumerate(columns))
    most = ", ".join(f"max(n{i}) AS n{i}" for i in range(len(columns)))
    found = tuples(log.rows.gather(f"SELECT {about} FROM rows", f"SELECT {most} FROM parts"))[0]
    return {c: int(n) + 1 for c, n in zip(columns, found, strict=True)}


def together(sizes: Mapping[str, int], most: int = _MOST_CELLS) -> list[list[str]]:
    """Put keys into sets that are counted together, the small ones first, at most so many cells a set."""
    sets: list[list[str]] = []
    cells: list[int] = []
    for key in sorted(sizes, key=lambda k: (sizes[k], k)):
        place = next((i for i, n in enumerate(cells) if n * sizes[key] <= most), None)
        if place is None:
            sets.append([key])
            cells.append(sizes[key])
        else:
            sets[place].append(key)
            cells[place] *= sizes[key]
    return [sorted(one) for one in sets]


def _cells(log: Log, ways: Sequence[dict[str, str]], sets: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Run the one query, keys written in the first of some ways; give for each key the Arrow table of its set."""
    import pyarrow.compute as pc

    sql, *also = (cube_sql(log, keys, sets, log.rows.dialect) for keys in ways)
    table = log.rows.gather(sql, "SELECT * FROM parts", also)
    found: dict[str, Any] = {}
    for one in sets:
        part = table.filter(pc.equal(table.column("which"), set_code(list(ways[0]), one)))
        found |= dict.fromkeys(one, part)
    return found


def rolled(cells: Any, key: str | None, name: str, width: int = 0, most: int = MOST_VALUES) -> Cube:
    """Add cells up by one key, NULL a value of its own, in the order of the key; by none, into one cell.

    With a ``width`` the key is a number, of which so many are one. Of more than ``most`` values those with the most
    rows are kept; the others become the one value ``others``, so that sums stay whole.
    """
    import pyarrow as pa

    if key is None:
        at, values = np.zeros(cells.num_rows, dtype=np.int64), pa.array([0][: cells.num_rows])
    else:
        at, values = _places(cells.column(key), width)
    n = len(values)
    sums = {
        m.name: np.bincount(at, weights=cells.column(m.name).to_numpy(), minlength=n).astype(float) for m in MEASURES
    }
    if n <= most:
        return Cube({name: _objects(values.to_pylist())}, sums)
    order = np.lexsort((np.arange(n), -sums["n"]))
    kept, rest = np.sort(order[: most - 1]), order[most - 1 :]
    keys = [*values.take(kept).to_pylist(), others(len(rest))]
    return Cube({name: _objects(keys)}, {m: np.append(v[kept], v[rest].sum()) for m, v in sums.items()})


def _places(column: Any, width: int) -> tuple[NDArray[np.int64], Any]:
    """Give the values of a column in their order, NULL last, as an Arrow array, and the place of each row's in it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = pc.unique(column)
    values = values.take(pc.sort_indices(values))  # the order of UTF-8 is that of characters
    at = pc.index_in(column, value_set=values).to_numpy().astype(np.int64)
    if not width:
        return at, values
    wide = pa.array([v if v is None else v // width * width for v in values.to_pylist()], values.type)
    fewer = pc.unique(wide)
    return pc.index_in(wide, value_set=fewer).to_numpy().astype(np.int64)[at], fewer


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object)


def others(values: int) -> str:
    """Name the cell of the values that are not kept one by one."""
    return f"({values:,} rarer values)"


def values_of(cube: Cube) -> int:
    """Count the values of a column by its cube: those that are kept, and those that are one cell; NULL is none."""
    keys = next(iter(cube.keys.values()))
    named = sum(key is not None for key in keys)
    rarer = _RARER.fullmatch(str(keys[-1])) if len(cube) == MOST_VALUES else None
    return named - 1 + int(rarer[1].replace(",", "")) if rarer else named
