"""Generated logs in which everything occurs that engines are known to disagree on, as Parquet; one seed, one log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.spark.forms import dressed, scored

Random = np.random.Generator

#: Group values: nothing, blanks of several kinds, quotes, what looks like code, signs of more than two bytes.
WORDS: Final = (
    None, "", " ", "\u00a0x\u2003", "F", "M", "f", "😀", "👩‍👩‍👧", "É", "e\u0301", "ß", "İ", "it's", 'a"b',
    "back\\slash\\n",
    "${env:HOME}", "a`b", "%s", "NaN", "null", "-0", "0", "1.0", "tab\there", "line\nfeed", "漢字", "\u200b", "z" * 300,
)  # fmt: skip
#: Numbers as text: some are numbers for one engine or another only.
TEXTS: Final = (
    None, "", " 7 ", "NA", "-", "?", "nan", "-nan", "inf", "1e5", "1E+5", "-0.0", "+3", "1_000", "1d", "2f", "0x10",
    "0x1p3", "1,5", "１", "true", "False", ".5", "5.", "1e400", "e5", "12 3", "0012",
)  # fmt: skip
DOUBLES: Final = (
    None, float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 1e308, -1e308, 5e-324, 1e15, 1e16, 0.1, 1 / 3, 1e-7
)  # fmt: skip
#: Names that must be quoted, or that mean something to somebody.
ODD_NAMES: Final = ("select", "a b", "é", 'x"y', "a`b", "a.b", "o'k", "rows", "FROM raw", "\\n", ":p", "?", "t", "{x}")
#: Around the changes of the clock in Berlin and New York, in 2026.
_CHANGES: Final = tuple(
    datetime(2026, month, day, hour, 59, 59, tzinfo=UTC) for month, day, hour in ((3, 8, 6), (3, 29, 0), (10, 25, 0))
)
_OFFSETS: Final = ("Z", "+01:00", "+02:00", "-05:00", "-0400", "+01", "")


@dataclass(frozen=True)
class Made:
    """A log on disk: its folder, the roles it declares (``None``: they are guessed), and its reference."""

    folder: Path
    roles: dict[str, Any] | None
    reference: Path | None


def make(seed: int, place: Path) -> Made:
    """Write the log of a seed below ``place``."""
    random = np.random.default_rng([seed, 8])
    n = int(random.choice([1, 7, 60, 300, 1200], p=[0.05, 0.1, 0.25, 0.4, 0.2]))
    task = ("binary", "binary", "multiclass", "regression")[seed % 4]
    odd = str(random.choice(ODD_NAMES))
    columns = _columns(random, n, task, odd)
    folder = place / f"log_{seed:03}"
    _write(columns, folder, parts=1 + seed % 3)
    reference = None
    if seed % 5 == 0 and n >= 60:
        reference = place / f"reference_{seed:03}"
        split = {
            "split": pa.array([("train", "valid", "test", None)[i] for i in random.integers(0, 4, n)], pa.string())
        }
        # the same kinds of columns: the generator begins where it began
        again = np.random.default_rng([seed, 8])
        again.choice([1, 7, 60, 300, 1200], p=[0.05, 0.1, 0.25, 0.4, 0.2])
        again.choice(ODD_NAMES)
        _write({**_columns(again, n, task, odd), **split}, reference, parts=1)
    roles = None if seed % 3 == 0 else _roles(task, odd)
    return Made(folder, roles, reference)


def _columns(random: Random, n: int, task: str, odd: str) -> dict[str, pa.Array]:
    """Give the columns of a log, in this order of drawing."""
    made = {"ts": _times(random, n), "request_id": _ids(random, n)}
    made |= _outcomes(random, n, task)
    made["latency_ms"] = pa.array(_with(random, random.exponential(40, n), (None, float("nan"), -1.0, 1e9), 0.05))
    made["status"] = pa.array(_pick(random, ("ok", "OK ", "timeout", None, "500"), n), pa.string())
    made["model_version"] = pa.array(_pick(random, ("v1", "v2", None, ""), n), pa.string())
    made["sex"] = pa.array(_pick(random, _few(random, WORDS, 9), n), pa.string())
    made["region"] = _region(random, n)
    made["cost"] = pa.array([Decimal(int(c)) / 100 for c in random.integers(0, 10**7, n)], pa.decimal128(18, 2))
    made["age"] = pa.array(_with(random, random.normal(40, 12, n), DOUBLES, 0.2), pa.float64())
    made["ratio"] = pa.array(
        _with(random, random.normal(0, 1, n), (None, float("nan"), float("inf"), -0.0), 0.2), pa.float32()
    )
    made["as_text"] = pa.array(_with(random, [f"{x:.3f}" for x in random.normal(0, 9, n)], TEXTS, 0.4), pa.string())
    made["huge"] = pa.array([int(x) for x in random.integers(-(2**63), 2**63 - 1, n)], pa.int64())
    wide = [Decimal(int(x)) * 10**18 for x in random.integers(-(2**62), 2**62, n)]
    made["wide"] = pa.array(_with(random, wide, (None,), 0.1), pa.decimal128(38, 0))
    made["flag"] = pa.array(_pick(random, (True, False, None), n), pa.bool_())
    made[odd] = pa.array(_with(random, random.normal(5, 2, n).tolist(), (None,), 0.1), pa.float64())
    made |= {name: dressed(random, n) for name in ("paid", "weight")}
    return made


def _roles(task: str, odd: str) -> dict[str, Any]:
    single = {
        "timestamp": "ts", "id": "request_id", "prediction": "prediction", "score": "score", "label": "label",
        "decision": "decision", "latency_ms": "latency_ms", "status": "status", "model_version": "model_version",
        "cost": "cost",
    }  # fmt: skip
    if task == "regression":
        del single["score"]
    features = {
        "group": ["sex"],
        "segment": ["region"],
        "feature": ["age", "ratio", "as_text", "huge", "wide", odd, "paid", "weight"],
    }
    return {"task": task, "roles": {**single, **features}}


def _times(random: Random, n: int) -> pa.Array:
    """Give times near the changes of the clock, as one of the kinds in which logs keep them, some of them wrong."""
    start = _CHANGES[int(random.integers(len(_CHANGES)))].timestamp()
    seconds = start + np.sort(random.uniform(-86400 * 2, 86400 * 2, n)).round(3)
    micros = (seconds * 1e6).astype("int64")
    kind = int(random.integers(7))
    if kind == 0:
        return pa.array(_with(random, micros.tolist(), (None, 0, 4 * 10**15), 0.03), pa.timestamp("us", "UTC"))
    if kind == 1:
        return pa.array(_with(random, micros.tolist(), (None, 0), 0.03), pa.timestamp("us"))
    if kind == 2:
        return pa.array([int(s // 86400) for s in seconds], pa.int32()).cast(pa.date32())
    if kind == 3:
        return pa.array(_with(random, (micros // 1000).tolist(), (None, 0), 0.03), pa.int64())
    if kind == 4:
        return pa.array(_with(random, seconds.tolist(), (None, float("nan")), 0.03), pa.float64())
    moments = [datetime.fromtimestamp(s, tz=UTC) for s in seconds]
    if kind == 5:
        return pa.array(_with(random, [f"{m:%d.%m.%Y %H:%M:%S}" for m in moments], (None, "", "31.02.2026"), 0.03))
    written = [
        f"{m:%Y-%m-%dT%H:%M:%S}.{m.microsecond:06}{_OFFSETS[int(random.integers(len(_OFFSETS)))]}" for m in moments
    ]
    wrong = (None, " ", "soon", "2026-02-30", "2026-3-1 7:05", "2026/03/14 09:30:00", "2026-03-14t09:30z")
    return pa.array(_with(random, written, wrong, 0.05), pa.string())


def _ids(random: Random, n: int) -> pa.Array:
    numbers = random.integers(0, max(2 * n, 3), n)
    if random.random() < 0.5:
        return pa.array(_with(random, [f"r{i}" for i in numbers], (None, "", "😀"), 0.05), pa.string())
    return pa.array([int(i) + 2**62 for i in numbers], pa.int64())


def _outcomes(random: Random, n: int, task: str) -> dict[str, pa.Array]:
    """Give score, prediction, label and decision, of a spelling that is drawn."""
    score = random.uniform(0, 1, n)
    odd = (None, float("nan"), -0.0, 1.0, 1.5) if random.random() < 0.5 else (None, float("inf"))
    made: dict[str, pa.Array] = {}
    if task == "regression":
        truth = random.normal(100, 30, n)
        given = truth + random.normal(0, 5, n)
        made["prediction"] = pa.array(_with(random, given.tolist(), (None, float("nan"), -0.0), 0.05), pa.float64())
        made["label"] = pa.array(_with(random, truth.tolist(), (None, float("inf")), 0.1), pa.float64())
        made["decision"] = pa.array(_with(random, given.round(1).tolist(), (None,), 0.5), pa.float64())
        return made
    classes = ("cat", "dog", "😀", "", "1.5")[: 3 + int(random.integers(3))]
    spellings: Sequence[tuple[Sequence[Any], pa.DataType]] = (
        ((0, 1), pa.int64()), ((False, True), pa.bool_()), (("no", "yes"), pa.string()), ((0.0, 1.0), pa.float64()),
        (("0", "1.0"), pa.string()), (("good", "it's ${x} bad\\"), pa.string()),
    )  # fmt: skip
    values, kind = (classes, pa.string()) if task == "multiclass" else spellings[int(random.integers(len(spellings)))]
    place = np.minimum((score * len(values)).astype(int), len(values) - 1)
    wrong = random.random(n) < 0.2
    truth = np.where(wrong, random.integers(0, len(values), n), place)
    scores = _with(random, score.tolist(), odd, 0.005 if random.random() < 0.5 else 0.1)
    made["score"] = scored(random, scores, [*map(str, values)])
    made["prediction"] = pa.array(_with(random, [values[i] for i in place], (None,), 0.03), kind)
    made["label"] = pa.array(_with(random, [values[i] for i in truth], (None,), 0.15), kind)
    made["decision"] = pa.array(_with(random, [values[i] for i in place], (None,), 0.4), kind)
    return made


def _region(random: Random, n: int) -> pa.Array:
    """Give a segment of texts, of whole numbers or of fractions, which engines write in different ways."""
    kind = int(random.integers(4))
    if kind == 0:
        return pa.array(_pick(random, _few(random, WORDS, 5), n), pa.string())
    if kind == 1:
        return pa.array(_pick(random, (1, 2, -(2**63), 2**63 - 1, None), n), pa.int64())
    if kind == 2:
        return pa.array(_pick(random, _few(random, DOUBLES, 8), n), pa.float64())
    return pa.array(_pick(random, (True, False, None), n), pa.bool_())


def _few(random: Random, values: Sequence[Any], most: int) -> list[Any]:
    return [values[int(i)] for i in random.permutation(len(values))[:most]]


def _pick(random: Random, values: Sequence[Any], n: int) -> list[Any]:
    return [values[int(i)] for i in random.integers(0, len(values), n)]


def _with(random: Random, values: Any, odd: Sequence[Any], share: float) -> list[Any]:
    """Put odd values in the place of a share of the others."""
    struck = random.random(len(values)) < share
    return [odd[int(random.integers(len(odd)))] if hit else v for v, hit in zip(list(values), struck, strict=True)]


def _write(columns: dict[str, pa.Array], folder: Path, parts: int) -> None:
    """Write a table as a folder of Parquet files, as a cluster leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    step = -(-len(table) // parts)
    for part, first in enumerate(range(0, len(table), step)):
        pq.write_table(table.slice(first, step), folder / f"part-{part}.parquet", coerce_timestamps="us")
