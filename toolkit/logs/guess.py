"""Guess what the columns are (floor 2): by name, held against type and a few figures; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from toolkit.logs.names import (
    ABOUT_WORDS,
    ANSWER_WORDS,
    BIRTH_WORDS,
    CAME_WORDS,
    CHANCE_ENDS,
    CHANCE_STARTS,
    GROUP_WORDS,
    ID_NAME,
    NAMES,
    SEGMENT_WORDS,
    TELLING_WORDS,
    plain,
    words_of,
)
from toolkit.logs.stats import ColumnStats
from toolkit.roles import Roles
from toolkit.vocabulary import PLURAL_ROLES, SINGLE_ROLES

#: More values than this are neither slices nor classes.
MOST_SLICES: Final = 60
_FREE_TEXT: Final = 20.0


@dataclass(frozen=True)
class Guess:
    """Roles with what was filled in (``roles.guessed``), and why: column -> a few words."""

    roles: Roles
    notes: Mapping[str, str] = field(default_factory=dict)


def guess_roles(stats: Mapping[str, ColumnStats], held_back: Collection[str] = ()) -> Guess:
    """Guess every role from names, types and figures of the columns; a role that no column fits stays absent.

    Args:
        stats: the columns of log and reference.
        held_back: those that only the reference has, if it has all of the log's.

    """
    single: dict[str, str] = {}
    notes: dict[str, str] = {}
    by_name = {plain(c): c for c in reversed(list(stats))}
    for role, names in NAMES.items():
        for name in names:
            column = by_name.get(name)
            if column is not None and column not in single.values() and _fits(role, stats[column]):
                single[role] = column
                break
    _only_time(single, stats, notes)
    _only_id(single, stats, notes)
    _telling_words(single, stats, notes)
    _pair(single, stats, notes)
    _named_after(single, stats, notes)
    _only_other(single, stats, notes)
    _label_to_come(single, stats, notes, held_back)
    _score_named_prediction(single, stats, notes)
    groups, segments = _slices(stats, set(single.values()))
    plural = {"group": groups, "segment": segments}
    guessed = {*single, *(r for r, columns in plural.items() if columns)}
    roles = Roles(single=single, plural={r: c for r, c in plural.items() if c}, guessed=frozenset(guessed))
    filled = fill_features(roles, stats, free_text=True)
    return Guess(filled.roles, {**notes, **filled.notes})


def complete(declared: Roles, stats: Mapping[str, ColumnStats], held_back: Collection[str] = ()) -> Guess:
    """Keep the declared roles, and guess the others from the columns that were not named; see ``guess_roles``."""
    taken = set(declared.all_columns)
    open_columns = {column: held for column, held in stats.items() if column not in taken}
    guess = guess_roles(open_columns, [c for c in held_back if c not in taken])
    mine, known = guess.roles, {*declared.single, *declared.plural}
    roles = declared.with_(
        single={**{r: c for r, c in mine.single.items() if r not in known}, **declared.single},
        plural={**{r: c for r, c in mine.plural.items() if r not in known}, **declared.plural},
        guessed=mine.guessed - known,
        rest="absent",
    )
    return Guess(roles, guess.notes)


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
    measured = column.family == "number" and not column.integral  # a body mass index
    if ID_NAME.search(plain(column.name)) and not measured and (unique or column.distinct > 1000):
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


def _only_time(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take the only column of times for the timestamp, whatever it is called."""
    times = [
        column
        for column, held in stats.items()
        if (held.family == "time" or held.time_share > 0.9)
        and column not in single.values()
        and not words_of(plain(column)) & BIRTH_WORDS
        and not any(plain(column) in names for names in NAMES.values())
    ]
    later = [c for c in times if words_of(plain(c)) & TELLING_WORDS["label"]]
    if "label_time" not in single and len(later) == 1 and len(times) == 2:  # label_received_date
        single["label_time"] = later[0]
        notes[later[0]] = "a time, named like a label"
        times.remove(later[0])
    if "timestamp" not in single and len(times) == 1:
        single["timestamp"] = times[0]
        notes[times[0]] = "the only column of times"


def _only_id(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take the only column that is called an id and mostly holds another value in each row for the id."""
    ids = [c for c, held in stats.items() if c not in single.values() and ID_NAME.search(plain(c))]
    ids = [c for c in ids if _no_feature(stats[c]) == "an id" and stats[c].distinct > 0.5 * stats[c].filled]
    if "id" not in single and len(ids) == 1:
        single["id"] = ids[0]
        notes[ids[0]] = "the only column of ids"


def _telling_words(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take the only column with a telling word in its name, where no column has a usual name of the role."""
    for role, telling in TELLING_WORDS.items():
        found = [
            column
            for column, held in stats.items()
            if column not in single.values()
            and telling & (words := words_of(plain(column)))
            and not words & ABOUT_WORDS
            and _fits(role, held)
            and not (role == "label" and "score" in single and _fractions(held))
        ]
        if role not in single and len(found) == 1:
            single[role] = found[0]
            notes[found[0]] = f"named like a {role}"


def _pair(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take the one column that is named after another for the prediction of it: load_mw_fc of load_mw.

    Of fractions between 0 and 1 that are named so (p_win), it is the score.
    """
    if single.keys() & {"prediction", "score", "decision"}:
        return
    free = {plain(c): c for c in stats if c not in single.values()}
    named = {c: _stem(c, ANSWER_WORDS) for c in free.values()}
    pairs = [c for n, c in free.items() if named[c] in free and named[c] != n and _fits("prediction", stats[c])]
    if len(pairs) == 1 and stats[pairs[0]].family == stats[free[named[pairs[0]]]].family:
        single["prediction"] = pairs[0]
        notes[pairs[0]] = f"named after {free[named[pairs[0]]]}"
        return
    came = {stem: c for c in free.values() if words_of(plain(c)) & CAME_WORDS and (stem := _stem(c, CAME_WORDS))}
    pairs = [c for n, c in free.items() if named[c] in came and named[c] != n and came[named[c]] != c]
    if len(pairs) == 1 and stats[pairs[0]].family == stats[came[named[pairs[0]]]].family:
        single["prediction"], single["label"] = pairs[0], came[named[pairs[0]]]
        notes[pairs[0]] = f"named as {single['label']} is, which came true"
        return
    chances = [c for n, c in free.items() if n.startswith(CHANCE_STARTS) and _chance(stats[c])]
    chances = chances or [c for n, c in free.items() if n.endswith(CHANCE_ENDS) and _chance(stats[c])]
    if len(chances) == 1:
        single["score"] = chances[0]
        notes[chances[0]] = "fractions between 0 and 1, named like a probability"


def _stem(name: str, words: Collection[str]) -> str:
    """Give a name without some words: ``calls`` of ``calls_forecast``."""
    return "_".join(w for w in plain(name).split("_") if w not in words)


def _chance(column: ColumnStats) -> bool:
    return _fractions(column) and _within_one(column)


def _named_after(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take for the label the one column after which the answer is named: calls_forecast of calls, churn_pred of churn.

    A column of fractions that shares its name with the prediction (churn_score) is the score.
    """
    answer = single.get("prediction", single.get("score"))
    if "label" in single or answer is None:
        return
    answers = (single[role] for role in ("prediction", "score") if role in single)
    stems = {_stem(name, ANSWER_WORDS | {"p"}) for name in answers} - {"", "y"}
    whole = {stem + ending for stem in stems for ending in ("", "s", "d", "ed")}
    whole |= {name for stem in stems for word in CAME_WORDS for name in (f"{word}_{stem}", f"{stem}_{word}")}
    free = [c for c in stats if c not in single.values() and _fits("label", stats[c])]
    found = [c for c in free if plain(c) in whole]
    found = [c for c in found if plain(c) in stems] or found  # price, where there is priced too
    if not found and plain(answer).startswith(CHANCE_STARTS):  # of p_win_red: red_won
        said = {w for stem in stems for w in stem.split("_") if len(w) > 2}
        found = [c for c in free if stats[c].distinct == 2 and said & set(plain(c).split("_"))]
    few = "prediction" in single and stats[answer].distinct <= MOST_SLICES
    if len(found) == 1 and (not few or stats[found[0]].distinct <= stats[answer].distinct + 1):
        single["label"] = found[0]
        notes[found[0]] = f"{answer} is named after it"
    scores = {f"{stem}_{word}" for stem in stems for word in ("score", "prob", "proba", "probability")}
    alike = [c for c, held in stats.items() if plain(c) in scores and c not in single.values() and _chance(held)]
    if "score" not in single and len(alike) == 1:
        single["score"] = alike[0]
        notes[alike[0]] = f"fractions, named as {answer} is"


def _only_other(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take the only column beside a forecast and its time for the label: there is nothing else to hold it to."""
    others = [c for c in stats if c not in single.values() and plain(c) != "split" and not _no_feature(stats[c])]
    if "label" in single or "prediction" not in single or "decision" in single or len(others) != 1:
        return
    if words_of(plain(others[0])) & ABOUT_WORDS:
        return  # forecast_lower, last_year
    answer, held = stats[single["prediction"]], stats[others[0]]
    alike = answer.low is not None and held.low is not None and answer.distinct > MOST_SLICES
    if alike and held.family == answer.family == "number" and (held.high or 0.0) > (answer.low or 0.0):
        single["label"] = others[0]
        notes[others[0]] = f"all that there is beside {single['prediction']}"


def _label_to_come(
    single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str], held_back: Collection[str]
) -> None:
    """Take the one column that only the reference has for the label, which is not known yet of the log's rows."""
    found = [c for c in held_back if c in stats and plain(c) != "split" and c not in single.values()]
    answers = stats.get(single.get("prediction", ""))
    if "label" in single or len(found) != 1 or not _fits("label", held := stats[found[0]]) or _no_feature(held):
        return
    # classes answer classes: a column of many values, or of fractions, is no label of a model that gives two
    few = answers is not None and answers.distinct <= MOST_SLICES
    if few and answers is not None and (held.distinct > max(2, answers.distinct + 1) or _fractions(held)):
        return
    single["label"] = found[0]
    notes[found[0]] = "only the reference has it, all else is in both: labels that the log has not got yet"


def _fractions(column: ColumnStats) -> bool:
    return column.family == "number" and not column.integral


def _within_one(column: ColumnStats) -> bool:
    return column.low is not None and column.high is not None and column.low >= 0 and column.high <= 1


def _score_named_prediction(single: dict[str, str], stats: Mapping[str, ColumnStats], notes: dict[str, str]) -> None:
    """Take a prediction for the score where it holds fractions between 0 and 1 and the label holds two values."""
    column, label = single.get("prediction"), single.get("label")
    if column is None or label is None or "score" in single:
        return
    held = stats[column]
    if _within_one(held) and not held.integral and stats[label].distinct <= 2:
        single["score"] = single.pop("prediction")
        notes[column] = "fractions between 0 and 1: a score, no class"


def _slices(stats: Mapping[str, ColumnStats], taken: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    groups, segments = [], []
    for name, column in stats.items():
        few = 0 < column.distinct <= MOST_SLICES and (column.family in {"text", "boolean"} or column.integral)
        if name in taken or not few:
            continue
        words = words_of(plain(name))
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
