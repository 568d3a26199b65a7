"""A user's own log as a base that faults are planted on (testing, floor 6).

Rows, features and labels are the user's; the model that answers, the times and the groups are played: the generator
fits a model on one half of the rows and serves the other half, so that what is planted is all that is wrong.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.errors import LogError
from toolkit.testing.bases_real import base_of_table

if TYPE_CHECKING:
    from toolkit.testing.bases import Base

#: What the name of such a base begins with.
OWN: Final = "own:"
_FEWEST: Final = 300
_MOST: Final = 12_000
#: Columns of text with more values than these are no categories.
_VALUES: Final = 30


def own_base_name(log: str | os.PathLike[str], roles: str | os.PathLike[str] | None = None) -> str:
    """Give the name under which ``make_incident`` takes a log as its base; the log is read when it is played on.

    Raises:
        LogError: there is no such log.
    """
    path = Path(log)
    if not path.exists():
        raise LogError("there is no such log", where=str(path), fix="check the path")
    return OWN + json.dumps([str(path.resolve()), None if roles is None else str(Path(roles).resolve())])


def own_base(name: str, seed: int) -> Base:
    """Read the log of such a name as a base of a binary task.

    Raises:
        LogError: it cannot be read, its task is not binary, or it has too few labelled rows or features.
        RolesError: the roles do not fit it.
    """
    from toolkit.logs import read_log

    path, roles = json.loads(name.removeprefix(OWN))
    with read_log(path, roles) as log:
        names = log.feature_names
        if log.task != "binary":
            raise LogError(f"the task of the log is {log.task}", where=path, fix="a game day needs a binary task")
        columns = ", ".join(f"feature_{i}" for i in range(len(names)))
        if not names or log.roles.column("label") is None:
            raise LogError("the log has no features or no labels", where=path, fix="name them in roles.toml")
        chosen = f"ORDER BY hash(row_number() OVER ()) LIMIT {_MOST}"
        table = log.rows.arrow(f"SELECT label, {columns} FROM rows WHERE label IS NOT NULL {chosen}").to_pandas()
    if len(table) < _FEWEST:
        raise LogError(f"the log has {len(table)} labelled rows", where=path, fix=f"a game day needs {_FEWEST} or more")
    frame, label = table.drop(columns="label"), table["label"].to_numpy()
    frame.columns = [_free(n) for n in names]
    for column in list(frame.columns):
        frame[column] = _whole(frame[column])
    frame = frame[[c for c in frame if frame[c].nunique() > 1 and _usable(frame[c])]]
    if not any(frame[c].dtype == float for c in frame):
        raise LogError("the log has no feature of numbers", where=path, fix="a game day needs one or more")
    return base_of_table(name, "binary", frame, np.asarray(label.astype(int), dtype=object), seed)


def _free(name: str) -> str:
    """Give a feature's name where it is not one that the generator gives itself."""
    return (
        f"own_{name}" if name in {"sex", "origin", "region", "label_source", "size_class", "label", "score"} else name
    )


def _usable(column: Any) -> bool:
    return bool(column.dtype == float or column.nunique() <= _VALUES)


def _whole(column: Any) -> Any:
    """Give a feature without gaps: numbers with the median in them, text with the word missing."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        numbers = column.astype(float)
        return numbers.fillna(numbers.median() if numbers.notna().any() else 0.0)
    return column.astype(object).where(column.notna(), "missing").astype(str).astype(object)
