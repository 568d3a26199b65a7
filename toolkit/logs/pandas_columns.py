"""Columns of pandas that DuckDB does not know (floor 2): each becomes a plain one of texts, numbers or times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final


def plain_columns(frame: Any) -> tuple[Any, list[str]]:
    """Give a table of plain columns, which shares the others with the given one, and say what a reader must know.

    Bands of ``pd.cut`` become texts, periods the time at which they begin, durations milliseconds. An index of times
    becomes a column.
    """
    frame, notes = _with_times(frame)
    made: dict[int, Any] = {}
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        plainer = _PLAINER.get(_kind_of(column))
        if plainer is not None:
            made[place] = plainer(column)
            notes += [f"{frame.columns[place]}: durations, read as milliseconds"] if plainer is _millis else []
    if made:
        frame = frame.copy(deep=False)
        for place, column in made.items():
            frame.isetitem(place, column)
    return frame, notes


def _with_times(frame: Any) -> tuple[Any, list[str]]:
    """Make a column of an index of times, alone or beside others: it is the time of the rows, and would be lost."""
    levels = [frame.index.get_level_values(place) for place in range(frame.index.nlevels)]
    times = {str(level.name or "timestamp"): level for level in levels if _tells_time(level)}
    notes = []
    for name in [name for name in times if name not in frame.columns]:
        frame = frame.copy(deep=False)
        frame.insert(0, name, times[name])
        notes.append(f"{name}: the index of the table")
    return frame, notes


def _tells_time(index: Any) -> bool:
    return hasattr(index, "to_period") or hasattr(index, "to_timestamp")


def _kind_of(column: Any) -> str:
    """Name what DuckDB would not read, or read as something else; nothing where it reads what is meant."""
    name = str(column.dtype)
    if name.startswith(("Sparse", "interval", "period")):
        return name.partition("[")[0]
    if name == "category":
        held = str(column.cat.categories.dtype)
        odd = held.startswith(("interval", "period")) or column.cat.categories.dtype.kind == "m"
        mixed = held == "object" and not all(isinstance(c, str) for c in column.cat.categories)
        return "category" if odd or mixed else ""
    if column.dtype.kind == "m":
        return "timedelta"
    if name in {"float128", "longdouble"}:
        return "long"
    if column.dtype.kind != "O" or getattr(column.dtype, "storage", "") == "pyarrow":
        return ""
    return _kind_of_objects(column)


def holds_texts(column: Any) -> bool:
    """Whether a column of objects holds texts and, beside them, only what may stand for none."""
    kinds = {kind.__name__ for kind in set(map(type, column.array))}
    return "str" in kinds and kinds <= {"str", "NoneType", "NAType", "float"}


def _kind_of_objects(column: Any) -> str:
    """Tell by the types of all values, but for what stands for none."""
    import numpy as np

    kinds = set(map(type, column.array))
    if np.str_ in kinds:
        return "text"  # of NumPy's, which ``where`` leaves, DuckDB reads some only
    names = {kind.__name__ for kind in kinds} - {"NoneType", "NaTType", "NAType", "float"}
    if names == {"Interval"}:
        return "interval"
    if names == {"Period"}:
        return "objects of periods"
    return "timedelta" if names and all(issubclass(k, timedelta) for k in kinds if k.__name__ in names) else ""


def _texts(column: Any) -> Any:
    return column.astype(object).map(str, na_action="ignore")


def _python_texts(column: Any) -> Any:
    import numpy as np

    texts = [str(x) if isinstance(x, np.str_) else x for x in column.array]
    return type(column)(texts, index=column.index, dtype=object)


def _millis(column: Any) -> Any:
    import pandas as pd

    return (column if column.dtype.kind == "m" else pd.to_timedelta(column)).dt.total_seconds() * 1000


def _begins_of_objects(column: Any) -> Any:
    import pandas as pd

    return pd.to_datetime(column.map(lambda period: period.start_time, na_action="ignore"))


_PLAINER: Final[dict[str, Callable[[Any], Any]]] = {
    "Sparse": lambda column: column.sparse.to_dense(),
    "interval": _texts,
    "category": _texts,
    "period": lambda column: column.dt.to_timestamp(),
    "objects of periods": _begins_of_objects,
    "timedelta": _millis,
    "long": lambda column: column.astype("float64"),
    "text": _python_texts,
}
