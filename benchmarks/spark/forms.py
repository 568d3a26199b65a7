"""Numbers in dress, and scores of all classes, as the generated logs hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

Random = np.random.Generator


def _other(x: float) -> str:
    """Write the decimal sign and that of thousands the other way round: 1.234,50."""
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


#: Ways to write a number.
DRESSES: Final[tuple[Callable[[float], str], ...]] = (
    lambda x: f"{_other(x)} €",
    lambda x: f"CHF {x:,.2f}".replace(",", "’"),
    lambda x: f"${x:,.2f}" if x >= 0 else f"-${-x:,.2f}",
    lambda x: f"{x:.1f} %",
    lambda x: f"{x:.1f} kg" if x % 1 < 0.7 else f"{x:.1f}",
    lambda x: f"{_other(x)} €".replace(".", "\u202f"),
    lambda x: f"Rs. {abs(x):.2f}",
    lambda x: f"{x:.1f}".replace("-", "\u2212") + "\u00a0°C",
    lambda x: f"{abs(x):.3f} km",
    lambda x: f"{abs(x):.1f}" + ("k" if x > 900 else ""),
    lambda x: f"{abs(x):.0f}{'ABC'[int(x) % 3]}",
)
#: What stands among them: what is known to be none, what is none, and what is one for some engine or another.
AMONG: Final = (
    None, "", "NA", "-", "n/a", "kg", "1.2.3", "12,34,567.5 €", "+5", "--5", "EUR5", "5\u20035", "５ kg", "5 kg\u000b",
    "1e5", "5\nkg", "$ 5", "1'000", "İ 5", "5 İ", "9" * 400 + " kg", "1d", "0x10", "5 ${x}", "5\\",
)  # fmt: skip


def dressed(random: Random, n: int) -> pa.Array:
    """Give numbers written in one way, or from some row on in another, with none or some that are none among them."""
    values = random.normal(300, 900, n) * random.choice([1, 1000], n)
    one, other = (DRESSES[int(random.integers(len(DRESSES)))] for _ in range(2))
    turn = int(random.choice([n, n // 2, 250], p=[0.7, 0.2, 0.1]))
    share = float(random.choice([0, 0.003, 0.05], p=[0.4, 0.4, 0.2]))
    written: list[str | None] = [(one if i < turn else other)(float(x)) for i, x in enumerate(values)]
    for place in np.flatnonzero(random.random(n) < share):
        written[int(place)] = AMONG[int(random.integers(len(AMONG)))]
    return pa.array(written, pa.string())


def scored(random: Random, scores: Sequence[float | None], classes: Sequence[str]) -> pa.Array:
    """Give scores of the class that comes second as they are, as percents, or with those of all classes."""
    form = int(random.choice(8, p=[0.44, *[0.08] * 7]))
    if form == 5 and not all(name and "${" not in name for name in classes):  # which is no name of a column for Spark
        form = 6
    if form == 0:
        return pa.array(scores, pa.float64())
    if form == 1:
        return pa.array([None if s is None else f"{100 * s:.3f} %" for s in scores], pa.string())
    rest = len(classes) - 1
    lists = [None if s is None else [(1 - s) / rest, s, *[(1 - s) / rest] * (rest - 1)] for s in scores]
    objects = [None if one is None else dict(zip(classes, one, strict=True)) for one in lists]
    forms: dict[int, tuple[Sequence[Any], pa.DataType]] = {
        2: (lists, pa.list_(pa.float64())),
        3: ([None if one is None else [*map(str, one)] for one in lists], pa.list_(pa.string())),
        4: ([None if one is None else json.dumps(one) for one in lists], pa.string()),
        5: (objects, pa.struct([(name, pa.float64()) for name in classes])),
        6: ([None if one is None else [*one.items()] for one in objects], pa.map_(pa.string(), pa.float64())),
        7: ([None if one is None else json.dumps(one, ensure_ascii=False) for one in objects], pa.string()),
    }
    values, kind = forms[form]
    return pa.array(values, kind)
