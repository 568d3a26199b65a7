"""The loss of every slice of a log's rows (floor 7): pure, on what was read once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.profile.model import Codes, Floats, Sample

if TYPE_CHECKING:
    from toolkit.causes.diagnose import Looked

#: Numbers are cut into so many parts with as many baseline rows each.
PARTS: Final = 5
_LEAST_BASELINE: Final = 30
_Z: Final = 1.959963984540054


@dataclass(frozen=True)
class SliceLoss:
    """One slice: labelled rows ``n``, their mean ``loss`` with its 95 % interval, what was ``expected``.

    ``expected`` is the mean loss of the same slice of the baseline, or of the whole baseline where the slice has fewer
    than 30 rows there; ``excess`` is n times the difference.
    """

    name: str
    n: int
    loss: float
    low: float
    high: float
    expected: float
    excess: float


def columns_of(looked: Looked) -> list[str]:
    """Give the columns that can be cut by: groups, segments, versions and deciders, then features."""
    log = looked.study.log
    named = [*log.groups, *log.segments]
    named += [n for n, c in (("model version", log.version), ("decider", log.decider)) if len(c.names) > 1]
    return list(dict.fromkeys([*named, *log.features]))


def slices(looked: Looked, first: str, second: str = "", *, least: int = 30) -> list[SliceLoss]:
    """Give the slices by one column or two, those with the most excess loss first."""
    study = looked.study
    ref, log = study.ref, study.log
    here, there = _coded(log, ref, first)
    names = here[0]
    mine, held = here[1], there
    if second:
        (others, code), other_held = _coded(log, ref, second)
        known = (mine >= 0) & (code >= 0)
        mine = np.where(known, mine * len(others) + code, -1)
        held = np.where((held >= 0) & (other_held >= 0), held * len(others) + other_held, -1)
        names = [f"{a}, {b}" for a in names for b in others]
    loss, usual = study.log_loss.final, study.ref_final
    overall = float(np.nanmean(usual)) if (~np.isnan(usual)).any() else float("nan")
    found = []
    for code in np.unique(mine[mine >= 0]):
        one = _measured(loss[mine == code], usual[held == code], overall, study.regression, log.weight[mine == code])
        if one is not None and one["n"] >= least:
            found.append(SliceLoss(name=names[int(code)], **one))
    return sorted(found, key=lambda s: -s.excess if s.excess == s.excess else np.inf)


def _measured(loss: Floats, usual: Floats, overall: float, regression: bool, weight: Floats) -> dict[str, Any] | None:
    """Measure one slice; ``None`` where no row of it has a label."""
    known = ~np.isnan(loss)
    n = int(known.sum())
    if not n:
        return None
    mean = float(loss[known].mean())
    if regression:
        half = _Z * float(loss[known].std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
        low, high = mean - half, mean + half
    else:
        middle = (mean + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(mean * (1 - mean) / n + _Z**2 / (4 * n**2))
        low, high = middle - half, middle + half
    base = usual[~np.isnan(usual)]
    expected = float(base.mean()) if len(base) >= _LEAST_BASELINE else overall
    rows = float(weight[known].sum())
    return {"n": n, "loss": mean, "low": float(low), "high": float(high), "expected": expected,
            "excess": rows * (mean - expected)}  # fmt: skip


def _coded(log: Sample, ref: Sample, column: str) -> tuple[tuple[list[str], Any], Any]:
    """Give the names of a column's values with the code of each row, of the log and of the baseline."""
    here, there = _column(log, column), _column(ref, column)
    if isinstance(here, Codes):
        assert isinstance(there, Codes)
        names = list(dict.fromkeys([*here.names, *there.names]))
        place = {n: i for i, n in enumerate(names)}
        shown = [f"{column} = {n}" for n in names]
        return (shown, _placed(here, place)), _placed(there, place)
    basis = there[~np.isnan(there)] if (~np.isnan(there)).any() else here[~np.isnan(here)]
    edges = np.unique(np.quantile(basis, np.linspace(0, 1, PARTS + 1)[1:-1])) if len(basis) else np.array([])
    ends = [f"{e:.4g}" for e in edges]
    between = [f"{column} {a} to {b}" for a, b in pairwise(ends)]
    shown = [f"{column} up to {ends[0]}", *between, f"{column} above {ends[-1]}"] if ends else [column]
    shown.append(f"{column} missing")

    def cut(values: Floats) -> Any:
        return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))

    return (shown, cut(here)), cut(there)


def _column(sample: Sample, name: str) -> Any:
    for kind in (sample.groups, sample.segments, sample.features):
        if name in kind:
            return kind[name]
    return sample.version if name == "model version" else sample.decider


def _placed(codes: Codes, place: dict[str, int]) -> Any:
    return np.array([*[place[n] for n in codes.names], -1], dtype=np.int64)[codes.codes]
