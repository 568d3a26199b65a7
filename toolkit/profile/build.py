"""Build a profile from a log (floor 3): one scan for the exact counts, one for the seeded sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.engines.draw import ALL, PLACES, Draw
from toolkit.logs.clean import SINGLES
from toolkit.profile.coding import code_rows
from toolkit.profile.cubes import count
from toolkit.profile.model import LOG, REFERENCE, TRAIN, Profile

if TYPE_CHECKING:
    from toolkit.logs import Log

#: A log of up to this many rows is its own sample.
SAMPLE_ROWS: Final = 100_000
#: Features that are fetched at once.
_AT_ONCE: Final = 64


def build_profile(log: Log, *, seed: int = 0, sample_rows: int = SAMPLE_ROWS) -> Profile:
    """Read a log and its reference into a profile.

    Args:
        log: the log, with its reference where there is one.
        seed: which rows are sampled, and every random number further up.
        sample_rows: the most rows held in memory, of the log and of the reference each.
    """
    names = {"feature": log.feature_names, "group": log.group_names, "segment": log.segment_names}
    sides = {part: side for part, side in ((REFERENCE, log.reference), (LOG, log)) if side is not None}
    drawn = {part: Drawn.of(side, sample_rows, seed) for part, side in sides.items()}
    columns = Columns([*drawn.values()])
    tables = dict(zip(drawn, columns.tables, strict=True))
    weights = {part: side.validation.rows_kept / max(tables[part].num_rows, 1) for part, side in sides.items()}
    cubes = count(log, tables[LOG])
    sample = code_rows(
        columns,
        np.concatenate([_parts(table, part) for part, table in tables.items()]),
        classes=log.classes,
        names=names,
        weight=np.concatenate([np.full(tables[part].num_rows, weight) for part, weight in weights.items()]),
        seed=seed,
    )
    return Profile(
        task=log.task,
        classes=log.classes,
        sample=sample,
        rows={part: sides[part].validation.rows_kept for part in sorted(sides, reverse=True)},
        cubes=cubes,
        missing_columns=log.missing_columns,
        new_columns=log.new_columns,
        types=log.type_changes,
        unread=log.unread,
        seed=seed,
    )


@dataclass(frozen=True)
class Drawn:
    """The canonical rows of a log that are looked at side by side, all or a seeded part of them."""

    log: Log
    draw: Draw = ALL

    @classmethod
    def of(cls, log: Log, most: int, seed: int) -> Drawn:
        """Draw at most about so many rows of a log."""
        total = log.validation.rows_kept
        if total <= most:
            return cls(log)
        # a hash of the content: features where no id tells rows apart
        told = ["t", "id"]
        if not (log.roles.column("id") and log.roles.column("timestamp")):
            told += ["score", "prediction", "label", "decision", "latency_ms"]
            told += [] if log.roles.column("id") else [f"feature_{i}" for i in range(min(len(log.feature_names), 20))]
        says = log.rows.dialect
        place = says.hashed(", ".join([*told, str(int(seed))]), PLACES)
        raw = says.hashed(", ".join([*(log.written[c] for c in told), str(int(seed))]), PLACES)
        return cls(log, Draw(int(PLACES * most / total), place, raw, tuple(told)))

    def table(self, columns: Sequence[str]) -> Any:
        """Give the rows with these columns; in the same order, whichever they are, where rows have an order."""
        return self.log.rows.draw(columns, self.draw)


class Columns:
    """The columns of drawn rows, those of one log below those of the other.

    Features are fetched some at a time, in the order of their numbers: at once they would be in memory twice, as the
    engine gives them and as they are coded.
    """

    def __init__(self, drawn: Sequence[Drawn]) -> None:
        log, self._drawn = drawn[-1].log, drawn
        n = len(log.feature_names)
        at_once = _AT_ONCE if all(one.log.rows.dialect.ordered for one in drawn) else n
        some = [[f"feature_{i}" for i in range(a, min(a + at_once, n))] for a in range(0, n, max(at_once, 1))] or [[]]
        groups = [f"group_{i}" for i in range(len(log.group_names))]
        segments = [f"segment_{i}" for i in range(len(log.segment_names))]
        self.tables = self._fetch([*SINGLES, *groups, *segments, *some[0]])
        self.num_rows = sum(table.num_rows for table in self.tables)
        self._first = self._now = _below_each_other(self.tables)
        self._later = some[1:]

    def column(self, name: str) -> Any:
        """Give a column; of the features one in hand, or of the next."""
        if name in self._first.column_names:
            return self._first.column(name)
        if name not in self._now.column_names:
            self._now = None
            self._now = _below_each_other(self._fetch(self._later.pop(0)))
        return self._now.column(name)

    def _fetch(self, columns: Sequence[str]) -> list[Any]:
        return [drawn.table(columns) for drawn in self._drawn]


def _parts(table: Any, part: int) -> NDArray[np.int8]:
    """Tell training rows from the others by the column ``split``."""
    import pyarrow.compute as pc

    out = np.full(table.num_rows, part, dtype=np.int8)
    if part == REFERENCE:
        train = pc.fill_null(pc.equal(table.column("split"), "train"), False)
        out[train.to_numpy(zero_copy_only=False)] = TRAIN
    return out


def _below_each_other(tables: list[Any]) -> Any:
    """Put the rows of reference and log into one table; both have the same canonical columns."""
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="permissive")
