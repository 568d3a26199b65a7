"""The looks that a trainee can take, what each costs, and which causes it bears on (floor 7).

A look computes one table from what is visible. Whether it ``shows`` something is judged by a plain rule that the
trainee is not told and the debrief uses; a look that could not be computed shows ``None``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.drills.scene import Visible
from toolkit.drills.sight import Rows, Sight, sight, text
from toolkit.report.tables import Table

Shown = tuple[Table, bool | None]
#: Most rows of a look's table.
_MOST: Final = 40
#: Fewer rows than these say nothing of a part.
_FEW: Final = 25


@dataclass(frozen=True)
class Look:
    """One kind of look: its name, what it asks, what it costs, and the causes that it bears on."""

    name: str
    asks: str
    cost: float
    bears: tuple[str, ...]
    take: Callable[[Visible], Shown]


@dataclass(frozen=True)
class Seen:
    """What one look gave; whether it ``shows`` something is for the debrief alone, and no trainee is given it."""

    look: str
    table: Table
    shows: bool | None = None

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return self.table._repr_mimebundle_(**options)

    def __str__(self) -> str:
        return f"{self.table.caption}\n{self.table.text()}"


def _of_rows(take: Callable[[Sight], Shown]) -> Callable[[Visible], Shown]:
    def look(seen: Visible) -> Shown:
        return take(sight(seen))

    return look


def _metric(s: Sight) -> Shown:
    """Error by time, beside what the reference or the first third had."""
    by = s.over_time(s.rows.loss)
    expected = s.before.loss.mean()
    rows = [(name, _r(by["mean"].iloc[i]), int(by["count"].iloc[i])) for i, name in enumerate(s.names)]
    word = "mean absolute error" if s.rows.roles.task == "regression" else "share of wrong answers"
    table = Table(("from", word, "answers with a label"), tuple(rows), f"Is it worse? Expected: {_r(expected)}")
    known = s.rows.loss.dropna()
    if not len(known) or np.isnan(expected):
        return table, None
    late = by[by["count"] >= _FEW].tail(4)
    if not len(late) or late.index[-1] < len(s.names) // 2:
        return table, None  # the labels of what is served now have not come
    spread = known.std() / np.sqrt(late["count"]) if len(late) else pd.Series(dtype=float)
    return table, bool(((late["mean"] - expected) > np.maximum(3 * spread, 0.12 * abs(expected))).any())


def _inputs(s: Sight) -> Shown:
    """Each feature before and now: missing, mean or most frequent value, and how far it moved."""
    rows, moved = [], False
    for name in s.rows.roles.columns("feature"):
        if name in s.before.frame and name in s.after.frame:
            a, b = s.before.frame[name], s.after.frame[name]
            gap, told = _numeric(a, b) if pd.api.types.is_numeric_dtype(a) else _words(a, b)
            lost = b.isna().mean() - a.isna().mean()
            moved |= gap > 0.4 or lost > 0.05
            rows.append((name, *told, _r(a.isna().mean()), _r(b.isna().mean()), _r(gap)))
    rows.sort(key=lambda row: -(row[5] or 0))
    columns = ("feature", "before", "now", "missing before", "missing now", "moved by")
    caption = "Did the inputs change? Moved by: standard deviations of before, or the share of other values"
    return Table(columns, tuple(rows[:_MOST]), caption), (moved if rows else None)


def _numeric(a: pd.Series[Any], b: pd.Series[Any]) -> tuple[float, tuple[Any, Any]]:
    x, y = a.astype(float), b.astype(float)
    spread = x.std()
    gap = 0.0 if not spread or np.isnan(spread) else abs(y.mean() - x.mean()) / spread
    if y.std() < 0.02 * (spread or 0):
        gap = max(gap, 1.0)  # it froze
    return float(np.nan_to_num(gap)), (_r(x.mean()), _r(y.mean()))


def _words(a: pd.Series[Any], b: pd.Series[Any]) -> tuple[float, tuple[Any, Any]]:
    x, y = text(a).value_counts(normalize=True), text(b).value_counts(normalize=True)
    both = x.index.union(y.index)
    gap = float((x.reindex(both, fill_value=0) - y.reindex(both, fill_value=0)).abs().sum() / 2)
    top = [f"{c.index[0]} ({c.iloc[0]:.0%})" if len(c) else None for c in (x, y)]
    return gap * 2, (top[0], top[1])


def _groups(s: Sight) -> Shown:
    """Each group and segment: how often wrong, how often chosen, and the two kinds of wrong."""
    rows: list[tuple[Any, ...]] = []
    gaps: list[tuple[str, list[float | None]]] = []
    groups = s.rows.roles.columns("group")
    chosen = s.rows.positive(s.rows.final())
    truth = s.rows.positive(s.rows.role("label"))
    for column in dict.fromkeys((*groups, *s.rows.roles.columns("segment"))):
        if column not in s.rows.frame or s.rows.frame[column].nunique() > 20:
            continue
        for value, where in s.rows.frame.groupby(s.rows.frame[column].astype(str), sort=True).indices.items():
            part: list[float | None] = [_mean(s.rows.loss, where), _mean(chosen, where)]
            for kind in (0, 1):
                wanted = None if truth is None else where[truth.to_numpy()[where] == kind]
                part.append(None if wanted is None else _mean(s.rows.loss, wanted))
            rows.append((f"{column} = {value}", len(where), *map(_r, part)))
            if column in groups and len(where) >= _FEW:
                gaps.append((column, part))
    shows = _apart(gaps) if gaps else None
    columns = ("who", "requests", "wrong", "chosen", "wrong of those who are 0", "wrong of those who are 1")
    return Table(columns, tuple(rows[:_MOST]), "Does it fall on some more than on others?"), shows


def _apart(gaps: list[tuple[str, list[float | None]]]) -> bool:
    """Whether some groups of one column differ by a tenth, and by a third of the larger, in any of the rates."""
    for column in {name for name, _ in gaps}:
        for k, share in enumerate((0.3, 0.2, 0.3, 0.3)):
            known = [rate for name, part in gaps if name == column and (rate := part[k]) is not None]
            if len(known) > 1 and max(known) - min(known) > max(0.06 if k == 1 else 0.1, share * max(known)):
                return True
    return False


def _service(s: Sight) -> Shown:
    """Requests, answers that failed, duplicates and latency by time."""
    n = len(s.rows.frame)
    status, slow, ident = s.rows.role("status"), s.rows.role("latency_ms"), s.rows.role("id")
    ok = s.rows.roles.status_ok or ("ok",)
    answer = s.rows.role("prediction") if s.rows.role("prediction") is not None else s.rows.final()
    empty = pd.Series(np.zeros(n)) if answer is None else answer.isna().astype(float)
    bad = empty if status is None else (~status.astype(str).isin(ok)).astype(float)
    twice = pd.Series(np.zeros(n)) if ident is None else ident.duplicated().astype(float)
    failed, doubled = s.over_time(bad), s.over_time(twice)
    p95 = [None] * len(s.names) if slow is None else [
        _r(_high(slow.to_numpy(float)[s.bucket == i])) for i in range(len(s.names))
    ]  # fmt: skip
    rows = [
        (name, int((s.bucket == i).sum()), _r(failed["mean"].iloc[i]), _r(doubled["mean"].iloc[i]), p95[i])
        for i, name in enumerate(s.names)
    ]
    known = [p for p in p95 if p]
    quiet = np.median(known) if known else 0
    shows = bool(failed["mean"].max() > failed["mean"].iloc[0] + 0.02 or doubled["mean"].max() > 0.01)
    shows |= bool(known and max(known) > 1.5 * quiet)
    columns = ("from", "requests", "without a good answer", "sent twice", "latency of the slowest 5 % (ms)")
    return Table(columns, tuple(rows), "Does it answer, and in time?"), shows


def _versions(s: Sight) -> Shown:
    """Each model version: how many requests, from when, and how often wrong."""
    version = s.rows.role("model_version")
    if version is None:
        return Table(("version",), (), "Which version answered? The log does not say"), None
    rows, rates = [], []
    for name, where in s.rows.frame.groupby(version.astype(str), sort=False).indices.items():
        rate = _mean(s.rows.loss, where)
        rows.append((name, s.names[s.bucket[where[0]]], s.names[s.bucket[where[-1]]], len(where), _r(rate)))
        if rate is not None and len(where) >= _FEW:
            rates.append(rate)
    shows = len(rates) > 1 and max(rates) - min(rates) > max(0.05, 0.25 * max(rates))
    columns = ("version", "first in the part from", "last in", "requests", "wrong")
    return Table(columns, tuple(rows[:_MOST]), "Which version answered?"), shows


def _cost(s: Sight, cost: pd.Series[Any]) -> Shown:
    """What a row cost beside how often it was wrong: a goal that is met can be the wrong goal."""
    by, loss = s.over_time(cost), s.over_time(s.rows.loss)
    rows = tuple((name, _r(by["mean"].iloc[i]), _r(loss["mean"].iloc[i])) for i, name in enumerate(s.names))
    known = s.before.role("cost")
    usual = float((cost if known is None else known).mean())
    late, wrong = by["mean"].dropna().tail(4), loss["mean"].dropna().tail(4)
    table = Table(("from", "cost of a row", "wrong"), rows, f"What did it cost? Expected: {_r(usual)}")
    if not len(late):
        return table, None
    dearer = late.max() > usual + max(0.5 * abs(usual), 3 * cost.std() / np.sqrt(max(by["count"].max(), 1)))
    return table, bool(dearer and not wrong.max() > 1.12 * s.before.loss.mean())


def _let_pass(rows: Rows) -> pd.Series[Any]:
    """Where the model was wrong: whether the decision was the same; missing elsewhere."""
    advice, done = rows.role("prediction"), rows.role("decision")
    if advice is None or done is None:
        return pd.Series(np.nan, index=rows.frame.index)
    return (text(advice) == text(done)).astype(float).where((rows.loss_of(advice) == 1) & done.notna())


def _people(s: Sight) -> Shown:
    """How often people decided otherwise than the model advised, and who was right; else what the answers cost."""
    advice, done, cost = s.rows.role("prediction"), s.rows.role("decision"), s.rows.role("cost")
    if done is None and cost is not None:
        return _cost(s, cost.astype(float))
    if advice is None or done is None:
        return Table(("from",), (), "What did people do with the answer? The log does not say"), None
    other = (text(advice) != text(done)).astype(float)
    model, final = s.rows.loss_of(advice), s.rows.loss_of(done)
    passed = _let_pass(s.rows)
    parts = [s.over_time(x)["mean"] for x in (other, model, final, passed)]
    rows: list[tuple[Any, ...]] = [(name, *(_r(part.iloc[i]) for part in parts)) for i, name in enumerate(s.names)]
    usual, now = _let_pass(s.before).dropna(), _let_pass(s.after).dropna()
    rows.insert(0, ("before", None, None, None, _r(usual.mean())))
    worse = float(np.nan_to_num(final.mean() - model.mean()))
    apart = [worse]
    who = s.rows.role("decider")
    if who is not None:
        for name, where in list(s.rows.frame.groupby(who.astype(str)).indices.items())[:20]:
            a, b = _mean(model, where), _mean(final, where)
            rows.append((f"by {name}", _r(_mean(other, where)), _r(a), _r(b), _r(_mean(passed, where))))
            apart += [b - a] if a is not None and b is not None and len(where) >= _FEW else []
    followed = min(len(usual), len(now)) >= _FEW and now.mean() > usual.mean() + 0.1
    followed |= other.mean() < 0.02 and np.nan_to_num(final.mean()) > 0.1
    columns = ("from", "decided otherwise", "model wrong", "decision wrong", "wrong answers let pass")
    return Table(columns, tuple(rows), "What did people do with the answer?"), bool(max(apart) > 0.02 or followed)


def _reference(s: Sight) -> Shown:
    """How often wrong on its own rows, on those held back, and in use."""
    live = s.rows.loss.mean()
    if s.reference is None:
        return Table(
            ("rows", "number", "wrong"), (("in use", len(s.rows.frame), _r(live)),), "No rows to compare"
        ), None
    split = s.reference.frame.get("split", pd.Series("reference", index=s.reference.frame.index))
    rates = {str(part): s.reference.loss[split == part].mean() for part in split.unique()}
    rows = [(part, int((split == part).sum()), _r(rate)) for part, rate in rates.items()]
    first = Rows(s.rows.frame.iloc[: max(len(s.rows.frame) // 4, 1)], s.rows.roles).loss.mean()
    rows += [("in use, first quarter", len(s.rows.frame) // 4, _r(first)), ("in use", len(s.rows.frame), _r(live))]
    known = [rate for rate in rates.values() if not np.isnan(rate)]
    shows = None if not known or np.isnan(first) else bool(max(first, *known) - min(known) > max(0.05, min(known)))
    return Table(("rows", "number", "wrong"), tuple(rows), "Was it ever as good as it was said to be?"), shows


def _relation(s: Sight) -> Shown:
    """The same score, or the same forecast: what came before, and what comes now."""
    label = s.rows.role("label")
    given = s.rows.role("score") if s.rows.roles.task == "binary" else s.rows.role("prediction")
    if label is None or given is None or s.rows.roles.task == "multiclass":
        return Table(("answer",), (), "Does the same answer still mean the same? The log cannot say"), None
    pairs = []
    for rows in (s.before, s.after):
        score = rows.role("score") if s.rows.roles.task == "binary" else rows.role("prediction")
        truth = rows.positive(rows.role("label")) if s.rows.roles.positive is not None else rows.role("label")
        if score is None or truth is None:
            return Table(("answer",), (), "Does the same answer still mean the same? Nothing to compare"), None
        pairs.append(pd.DataFrame({"x": score.astype(float), "y": truth.astype(float)}).dropna())
    edges = np.unique(np.quantile(pairs[0]["x"], np.linspace(0, 1, 6))) if len(pairs[0]) else np.array([])
    rows_, shows = [], False
    spread = pairs[0]["y"].std() if len(pairs[0]) else 0.0
    for low, high in pairwise(edges):
        a, b = (p["y"][(p["x"] >= low) & (p["x"] <= high)] for p in pairs)
        rows_.append((f"{low:.3g} to {high:.3g}", _r(a.mean()), _r(b.mean()), len(a), len(b)))
        if min(len(a), len(b)) >= _FEW:
            noise = spread * np.sqrt(1 / len(a) + 1 / len(b))
            shows |= bool(abs(b.mean() - a.mean()) > max(3.5 * noise, 0.2 * spread))
    columns = ("answer of the model", "came before", "comes now", "rows before", "rows now")
    return Table(columns, tuple(rows_), "Does the same answer still mean the same?"), shows


def _events(*kinds: str) -> Callable[[Visible], Shown]:
    def look(seen: Visible) -> Shown:
        found = [e for e in seen.events if not kinds or e.kind in kinds]
        rows = tuple((e.occurred_at, e.kind, e.text, e.source) for e in found)
        return Table(("when", "kind", "what", "source"), rows, "What is known to have happened"), bool(found)

    return look


def _rows(seen: Visible) -> Shown:
    assert seen.log is not None
    columns = tuple(str(c) for c in seen.log.columns)
    last = tuple(tuple(row) for row in seen.log.tail(12).astype(object).where(seen.log.tail(12).notna(), None).values)
    return Table(columns, last, f"The latest of {len(seen.log):,} rows"), None


#: Looks at a log of predictions, in the order of a good habit.
LOG_LOOKS: Final = (
    Look("metric", "Is it worse, and since when?", 1, ("none",), _of_rows(_metric)),
    Look("events", "What is known to have happened?", 1, (), _events()),
    Look("service", "Does it answer, and in time?", 1, ("integration",), _of_rows(_service)),
    Look("versions", "Which version answered?", 1, ("integration",), _of_rows(_versions)),
    Look("inputs", "Did the inputs change?", 2, ("data", "integration"), _of_rows(_inputs)),
    Look("relation", "Does the same answer still mean the same?", 3, ("data",), _of_rows(_relation)),
    Look("groups", "Does it fall on some more than on others?", 2, ("bias",), _of_rows(_groups)),
    Look("people", "What did people do with the answer?", 2, ("human",), _of_rows(_people)),
    Look("reference", "Was it ever as good as it was said to be?", 2, ("overfitting",), _of_rows(_reference)),
    Look("rows", "The latest rows as they are", 2, (), _rows),
)
_CHANGES: Final = _events("deployment", "config_change", "data_change")
#: Looks at a timeline, where no predictions were kept.
TIMELINE_LOOKS: Final = (
    Look("alerts", "What was noticed?", 2, ("none",), _events("alert", "note")),
    Look("changes", "What was put in or changed?", 3, ("integration",), _CHANGES),
    Look("staff", "Who did what?", 3, ("human",), _events("human_action", "staffing")),
    Look("response", "What was done about it?", 2, (), _events("mitigation", "recovery")),
)  # fmt: skip


def looks_at(seen: Visible) -> tuple[Look, ...]:
    """Give the looks that can be taken: at a log, or at a timeline."""
    return TIMELINE_LOOKS if seen.log is None else LOG_LOOKS


def take(look: Look, seen: Visible) -> Seen:
    """Take one look at what is visible."""
    table, shows = look.take(seen)
    return Seen(look.name, table, shows)


def _mean(values: pd.Series[Any] | None, where: Any) -> float | None:
    if values is None or not len(where):
        return None
    found = float(values.iloc[where].mean())
    return None if np.isnan(found) else found


def _high(values: Any) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, 0.95)) if len(known) else None


def _r(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)
