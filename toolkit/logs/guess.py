"""Guess what the columns are (floor 2): by name, held against type and a few figures; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from toolkit.logs.stats import ColumnStats
from toolkit.roles import Roles
from toolkit.vocabulary import PLURAL_ROLES, SINGLE_ROLES

#: Names by role, the likelier first; compared in lower case with every other character as ``_``.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "label_time": (
        "label_time", "label_ts", "label_timestamp", "labelled_at", "labeled_at", "label_at", "outcome_time", "y_time",
    ),
    "timestamp": (
        "timestamp", "ts", "event_time", "event_timestamp", "prediction_time", "predicted_at", "served_at", "datetime",
        "created_at", "request_time", "event_ts", "time", "date", "ds", "dt",
    ),
    "id": (
        "id", "request_id", "prediction_id", "event_id", "transaction_id", "record_id", "row_id", "uuid", "case_id",
        "application_id", "order_id",
    ),
    "label": (
        "label", "y_true", "target", "ground_truth", "actual", "outcome", "true_label", "truth", "y", "observed",
    ),
    "prediction": (
        "prediction", "y_pred", "predicted", "pred", "predicted_label", "predicted_class", "model_prediction", "yhat",
        "y_hat",
    ),
    "score": (
        "score", "probability", "proba", "prob", "y_score", "y_proba", "y_prob", "model_score", "risk_score",
        "prediction_score", "prediction_proba", "confidence", "p",
    ),
    "model_version": ("model_version", "version", "model", "model_id", "model_name", "deployment"),
    "latency_ms": ("latency_ms", "latency", "duration_ms", "response_time_ms", "elapsed_ms", "inference_ms"),
    "status": ("status", "status_code", "http_status", "response_status", "result_status"),
    "decision": ("decision", "final_decision", "action", "human_decision", "final_action", "decided"),
    "decider": ("decider", "reviewer", "judge", "annotator", "decided_by", "reviewed_by", "operator"),
    "cost": ("cost", "loss", "amount_lost", "error_cost", "damage"),
}  # fmt: skip

#: Words in a name that make a column a protected attribute, or another slice of interest.
GROUP_WORDS: Final = frozenset(
    {
        "sex",
        "gender",
        "race",
        "ethnicity",
        "religion",
        "nationality",
        "disability",
        "ageband",
        "agegroup",
        "agecat",
        "minority",
    }
)
SEGMENT_WORDS: Final = frozenset(
    {
        *("region", "site", "store", "country", "channel", "hospital", "clinic", "city", "state", "platform"),
        *("device", "market", "tenant", "branch", "warehouse", "airport", "province", "district", "segment"),
        *("industry", "department", "school", "ward", "county", "carrier", "origin"),
    }
)
_ID_NAME: Final = re.compile(r"(^|_)(id|ids|uuid|guid|key|hash|index|idx|row|rowid|row_number|unnamed_\d+)$")
_MOST_SLICES: Final = 60
_FREE_TEXT: Final = 20.0


@dataclass(frozen=True)
class Guess:
    """Roles with what was filled in (``roles.guessed``), and why: column -> a few words."""

    roles: Roles
    notes: Mapping[str, str] = field(default_factory=dict)


def plain(name: str) -> str:
    """Give a name in lower case, with everything but letters and digits as single ``_``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")


def named_like_a_role(name: str) -> bool:
    """Tell whether a column's name could mean a role other than feature, so that its figures are wanted."""
    simple = plain(name)
    return (
        any(simple in names for names in NAMES.values())
        or bool(_ID_NAME.search(simple))
        or bool(_words(simple) & (GROUP_WORDS | SEGMENT_WORDS))
    )


def guess_roles(stats: Mapping[str, ColumnStats]) -> Guess:
    """Guess every role from names, types and figures of the columns; a role that no column fits stays absent."""
    single: dict[str, str] = {}
    notes: dict[str, str] = {}
    by_name = {plain(c): c for c in reversed(list(stats))}
    for role, names in NAMES.items():
        for name in names:
            column = by_name.get(name)
            if column is not None and column not in single.values() and _fits(role, stats[column]):
                single[role] = column
                break
    _score_named_prediction(single, stats, notes)
    groups, segments = _slices(stats, set(single.values()))
    plural = {"group": groups, "segment": segments}
    guessed = {*single, *(r for r, columns in plural.items() if columns)}
    roles = Roles(single=single, plural={r: c for r, c in plural.items() if c}, guessed=frozenset(guessed))
    filled = fill_features(roles, stats, free_text=True)
    return Guess(filled.roles, {**notes, **filled.notes})


def fill_features(roles: Roles, stats: Mapping[str, ColumnStats], *, free_text: bool = False) -> Guess:
    """Make every column without a role a feature, but for ids, times and free text, and say so.

    Args:
        roles: declared or guessed; kept as they are if they name features.
        stats: the columns of the log, and of the reference where it has more.
        free_text: give a single column of free text the role ``text``.

    """
    if roles.columns("feature"):
        return Guess(roles)
    taken = set(roles.all_columns)
    features, notes, texts = [], {}, []
    for column, figures in stats.items():
        if column in taken or plain(column) == "split":
            continue
        why = _no_feature(figures)
        if why == "free text":
            texts.append(column)
        if why:
            notes[column] = f"left out: {why}"
        else:
            features.append(column)
    single, guessed = dict(roles.single), set(roles.guessed) | {"feature"}
    if free_text and len(texts) == 1 and "text" not in single:
        single["text"] = texts[0]
        guessed.add("text")
        del notes[texts[0]]
    plural = {**roles.plural, "feature": tuple(features)} if features else dict(roles.plural)
    return Guess(roles.with_(single=single, plural=plural, guessed=frozenset(guessed)), notes)


def _no_feature(column: ColumnStats) -> str:
    """Say why a column is no feature, or nothing."""
    if column.family == "other":
        return f"of type {column.type.split('(')[0]}"
    if column.family == "time" or column.time_share > 0.9:
        return "a time"
    unique = column.filled > 0 and column.distinct > 0.5 * column.filled
    if _ID_NAME.search(plain(column.name)) and (unique or column.distinct > 1000):
        return "an id"
    if column.n >= 100 and column.integral and column.filled == column.n and _span(column) == column.n:
        return "a row number"
    if column.family == "text" and column.number_share < 0.99 and column.distinct > 50 and unique:
        return "free text" if column.mean_length >= _FREE_TEXT else "an id"
    return ""


def _span(column: ColumnStats) -> float:
    return (column.high or 0.0) - (column.low or 0.0) + 1


def _fits(role: str, column: ColumnStats) -> bool:
    """Hold a column named like a role against what such a column may hold."""
    number = column.family == "number" or (column.family == "text" and column.number_share > 0.9)
    if column.family == "other":
        return False
    if role in {"timestamp", "label_time"}:
        return column.time_share > 0.2 or (number and (column.low or 0.0) >= 1e7)
    if role in {"score", "latency_ms", "cost"}:
        return number
    if role in {"label", "prediction"}:
        return column.family != "time"
    if role == "model_version":
        return column.family != "time" and column.distinct <= 200
    if role == "status":
        return column.distinct <= 100 and column.family in {"text", "number", "boolean"}
    if role == "decision":
        return column.distinct <= 100 and column.family != "time"
    return column.family != "time"


def _score_named_prediction(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take a prediction for the score where it holds fractions between 0 and 1 and the label holds two values."""
    column, label = single.get("prediction"), single.get("label")
    if column is None or label is None or "score" in single:
        return
    held = stats[column]
    fractions = held.low is not None and held.high is not None and held.low >= 0 and held.high <= 1
    if fractions and not held.integral and stats[label].distinct <= 2:
        single["score"] = single.pop("prediction")
        notes[column] = "fractions between 0 and 1: a score, no class"


def _words(simple: str) -> set[str]:
    parts = simple.split("_")
    return {*parts, *("".join(pair) for pair in pairwise(parts))}


def _slices(stats: Mapping[str, ColumnStats], taken: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    groups, segments = [], []
    for name, column in stats.items():
        few = 0 < column.distinct <= _MOST_SLICES and (column.family in {"text", "boolean"} or column.integral)
        if name in taken or not few:
            continue
        words = _words(plain(name))
        if words & GROUP_WORDS:
            groups.append(name)
        elif words & SEGMENT_WORDS:
            segments.append(name)
    return tuple(groups), tuple(segments)


def roles_table(roles: Roles, types: Mapping[str, str], notes: Mapping[str, str]) -> list[dict[str, str]]:
    """Give one line a column: column, type, role, declared or guessed, note."""
    lines = []
    for column in (*types, *(c for c in roles.all_columns if c not in types)):
        played = roles.role_of(column)
        how = {"guessed" if r in roles.guessed else "declared" for r in played}
        lines.append(
            {
                "column": column,
                "type": types.get(column, "missing"),
                "role": ", ".join(played),
                "source": " and ".join(sorted(how)),
                "note": notes.get(column, ""),
            }
        )
    order = {role: i for i, role in enumerate((*SINGLE_ROLES, *PLURAL_ROLES))}
    return sorted(lines, key=lambda line: order.get(line["role"].split(", ")[0], len(order)))
