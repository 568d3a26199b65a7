"""Two engines on one log: the same roles, counts, rows and, within rounding, sums."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.spark.logs import Made
from toolkit.engines import tuples
from toolkit.errors import PostmortemError
from toolkit.logs import Log, read_log
from toolkit.profile.build import build_profile
from toolkit.profile.model import Profile
from toolkit.profile.statistics import MEASURES

#: How far means may be apart, relative to the size of what is averaged.
TOLERANCE: Final = 1e-12
_COUNTS: Final = {m.name for m in MEASURES if m.kind in {"rows", "known", "true"}}


@dataclass
class Compared:
    """What was held against each other: numbers compared, the largest gap between means, and what differs."""

    counts: int = 0
    means: int = 0
    rows: int = 0
    gap: float = 0.0
    differs: list[str] = field(default_factory=list)


def compare(made: Made, *, engine: str = "spark", now: Any = None) -> Compared:
    """Read a log by DuckDB and by Spark, profile it by both, and hold everything against each other.

    Whatever goes wrong with one log is told as what differs: the other logs are compared all the same.
    """
    out = Compared()
    try:
        _compare(made, engine, now, out)
    except Exception as error:  # noqa: BLE001  an error that is no answer is the worst difference there is
        out.differs.append(f"{type(error).__name__}: {str(error)[:500]}")
    return out


def _compare(made: Made, engine: str, now: Any, out: Compared) -> None:
    ours = _read(made, "duckdb", now)
    theirs = _read(made, engine, now)
    if isinstance(ours, PostmortemError) or isinstance(theirs, PostmortemError):
        a, b = (x.what if isinstance(x, PostmortemError) else "read" for x in (ours, theirs))
        if a != b:
            out.differs.append(f"refused: {a!r} by DuckDB, {b!r} by Spark")
        for read in (ours, theirs):
            if not isinstance(read, PostmortemError):
                read.close()
        return
    with ours, theirs:
        for name, a, b in _said(ours, theirs):
            if a != b:
                out.differs.append(f"{name}: {a!r} by DuckDB, {b!r} by Spark")
        pairs = [(ours, theirs)]
        if ours.reference is not None and theirs.reference is not None:
            pairs.append((ours.reference, theirs.reference))
        for mine, other in pairs:
            _rows(mine, other, out)
        if not out.differs:  # with other roles every count is another one
            cubes(build_profile(ours), build_profile(theirs), out)


def _read(made: Made, engine: str, now: Any) -> Log | PostmortemError:
    reference: Path | None = made.reference
    try:
        return read_log(str(made.folder), made.roles, reference=None if reference is None else str(reference),
                        engine=engine, now=now)  # fmt: skip
    except PostmortemError as error:
        return error


def _said(a: Log, b: Log) -> Iterator[tuple[str, Any, Any]]:
    """Everything that the two say of the log itself."""
    yield "types", a.columns, b.columns
    yield "roles", a.roles, b.roles
    yield "outcome", a.outcome, b.outcome
    yield "kinds", a.feature_kinds, b.feature_kinds
    yield "changes", a.type_changes, b.type_changes
    pairs = [("log", a.validation, b.validation)]
    if a.reference is not None and b.reference is not None:
        pairs.append(("reference", a.reference.validation, b.reference.validation))
    for part, one, other in pairs:
        mine, yours = one.to_dict(), other.to_dict()
        # rows have no numbers in Spark
        for name in set(mine) - {"examples"}:
            yield f"{name} of the {part}", mine[name], yours[name]


def _rows(a: Log, b: Log, out: Compared) -> None:
    """Hold the canonical rows against each other, value by value, whatever their order."""
    tables = [log.rows.arrow("SELECT * FROM rows") for log in (a, b)]
    names, others = (table.column_names for table in tables)
    if names != others:
        out.differs.append(f"columns {names} by DuckDB, {others} by Spark")
        return
    mine, yours = (sorted(map(_spelled, tuples(table))) for table in tables)
    out.rows += len(mine)
    if len(mine) != len(yours):
        out.differs.append(f"{len(mine)} rows by DuckDB, {len(yours)} by Spark")
    pairs = ((x, y, _apart(x, y)) for x, y in zip(mine, yours, strict=False) if x != y)
    wrong = [(x, y, apart) for x, y, apart in pairs if apart]
    if wrong:
        _, _, apart = wrong[0]
        out.differs.append(f"{len(wrong)} of {len(mine)} rows differ, the first in {apart[:3]}")


def _apart(x: tuple[str, ...], y: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Give the places where two rows differ; beyond 2^53 DuckDB rounds a DECIMAL twice on its way to a DOUBLE."""
    return [(i, p, q) for i, (p, q) in enumerate(zip(x, y, strict=True)) if p != q and not _rounded(p, q)]


def _rounded(p: str, q: str) -> bool:
    try:
        a, b = float(p), float(q)
    except ValueError:
        return False
    return min(abs(a), abs(b)) > 2**53 and math.isclose(a, b, rel_tol=1e-13)


def _spelled(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Write a row so that equal means equal to the last bit, and NaN equals itself; 0.0 and -0.0 are one number."""
    return tuple(_number(v) if isinstance(v, float) else repr(v) for v in row)


def _number(value: float) -> str:
    return repr(value + 0.0) if not abs(value) > 2**53 else f"{value:.15g}"


def cubes(a: Profile, b: Profile, out: Compared) -> None:
    """Hold the counts of two profiles against each other exactly, and the means within the tolerance."""
    if a.rows != b.rows or set(a.cubes) != set(b.cubes):
        out.differs.append(f"rows {dict(a.rows)} and {dict(b.rows)}, cubes {sorted(a.cubes)} and {sorted(b.cubes)}")
        return
    for name, mine in a.cubes.items():
        yours = b.cubes[name]
        if any(list(mine.keys[k]) != list(yours.keys[k]) for k in mine.keys):
            out.differs.append(f"the cells of {name} differ")
            continue
        for measure in MEASURES:
            x, y = mine.sums[measure.name], yours.sums[measure.name]
            if measure.name in _COUNTS:
                out.counts += len(x)
                if not np.array_equal(x, y):
                    out.differs.append(f"{measure.name} of {name}: {x} by DuckDB, {y} by Spark")
                continue
            gap = _gap(x, y, mine.sums, measure.name)
            out.means += len(x)
            out.gap = max(out.gap, gap)
            if not gap <= TOLERANCE:
                out.differs.append(f"the mean of {measure.name} in {name} is {gap:.2g} apart")


def _gap(x: Any, y: Any, sums: Mapping[str, Any], name: str) -> float:
    """Give the largest gap of two sums, relative to the root mean square of what was added where that is known."""
    size = np.maximum(np.abs(x), np.abs(y))
    if f"{name}2" in sums:
        size = np.maximum(size, np.sqrt(sums[f"{name}2"] * sums["n"]))
    gaps = np.abs(x - y) / np.where(size > 0, size, 1.0)
    worst = float(np.max(gaps, initial=0.0))
    return math.inf if math.isnan(worst) else worst
