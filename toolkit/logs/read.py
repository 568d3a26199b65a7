"""Read a log (floor 2): open it, settle its roles, types and classes, clean it, validate it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.engines import Rows, open_rows, tuples
from toolkit.engines.duck import Watch
from toolkit.engines.kept import Kept
from toolkit.errors import LogError, RolesError
from toolkit.logs.clean import FAULTS, Plan, canonical_sql, make_views, written
from toolkit.logs.dressed import undress
from toolkit.logs.goes_with import fill_outcome
from toolkit.logs.guess import Guess, complete, fill_features, guess_roles
from toolkit.logs.kinds import Kinds, decide_kinds
from toolkit.logs.log import Log
from toolkit.logs.names import NAMES, named_like_a_role, plain
from toolkit.logs.outcome import Outcome, decide_outcome
from toolkit.logs.scores import gather_scores
from toolkit.logs.stats import ColumnStats, column_stats, family_of
from toolkit.logs.times import AHEAD, Clock, clock, widened
from toolkit.logs.totals import without_totals
from toolkit.logs.validate import Validation, validate
from toolkit.logs.values import class_text, tally
from toolkit.logs.window import Window, times_of_parts, within
from toolkit.roles import Roles
from toolkit.vocabulary import PLURAL_ROLES

_STATUS_OK = frozenset({"ok", "200", "success", "succeeded", "successful", "0", "1", "done", "completed", "served"})

#: Roles of what is known only after the answer, so that a log without them is a log that is young.
_LATER: Final = ("label", "label_time", "cost")

#: Single roles whose figures matter even where they are declared.
_NUMBERED: Final = ("timestamp", "label_time", "score")


def read_log(
    source: Any,
    roles: str | os.PathLike[str] | Mapping[str, Any] | Roles | None = None,
    *,
    reference: Any = None,
    engine: str = "",
    memory_mb: int | None = None,
    now: datetime | None = None,
    window: Window | None = None,
    reference_window: Window | None = None,
    watch: Watch | None = None,
    kept: Kept | None = None,
) -> Log:
    """Read a prediction log, and the reference it is held to.

    Args:
        source: a file, a glob or a folder of Parquet, CSV or JSONL, ``file.duckdb::table``, a DataFrame (pandas,
            polars, Spark), an Arrow table, ``s3://bucket/key`` of a file, a glob or a folder, one file by ``https`` or
            ``http``, or a table or path that Spark reads. See docs/logs.md.
        roles: roles.toml, its content as a dict, or ``Roles``; without any, all roles are guessed. Where some are
            given, those left out are absent, or guessed with ``rest = "guess"``; features alone default to every
            column with no other role.
        reference: a second source of the same columns; those it lacks are absent there. A column ``split`` (train,
            validation) tells its parts apart.
        engine: ``duckdb``, ``spark`` or ``spark:MASTER`` (``spark:spark://host:7077``) for a source that is named by a
            text; by default Spark for ``spark://TABLE`` and ``spark://PATH``, else DuckDB. See docs/spark.md.
        memory_mb: megabytes that queries may use before they spill to disk, see ``DuckRows.open``; log and reference
            are read one after the other. For Spark it is the driver's, where it is started here.
        now: what counts as the present when timestamps in the future are looked for; default the clock, aware UTC.
        window: read the rows of this half-open span alone, two aware times.
        reference_window: hold them to the rows of this span, of the reference, or of the log where there is none.
        watch: given what tells how far a scan is, see ``DuckRows.open``; for log and for reference.
        kept: what an earlier reading counted; files of Parquet that did not change are not counted again.

    Raises:
        LogError: a source cannot be read, or no row of it can be used.
        RolesError: the roles do not fit the columns.

    """
    declared = None if roles is None else as_roles(roles)
    present = (now or datetime.now(UTC)).astimezone(UTC)
    opened: list[Rows] = []
    held_to = source if reference is None and reference_window is not None else reference
    try:
        named = (source,) if held_to is None else (source, held_to)
        opened.extend(open_rows(n, engine=engine, memory_mb=memory_mb, watch=watch, kept=kept) for n in named)
        log = _read(opened[0], opened[1] if len(opened) > 1 else None, declared, present)
        if log.reference is not None and reference_window is not None:
            log = replace(log, reference=within(log.reference, reference_window, "reference window"))
        for part in (log, log.reference):
            if part is not None:
                times_of_parts(part)  # so that a window that is chosen later rescans nothing
        return log if window is None else within(log, window)
    except BaseException:
        for rows in opened:
            rows.close()
        raise


def as_roles(given: str | os.PathLike[str] | Mapping[str, Any] | Roles) -> Roles:
    """Give roles from a path, a dict or roles.

    Raises:
        RolesError: they cannot be read, or are wrong.

    """
    if isinstance(given, Roles):
        return given
    if isinstance(given, Mapping):
        # a bare {role: column} is what most people write first
        raw = given if {"roles", "task", "values", "rest"} & set(given) else {"roles": given}
        return Roles.from_dict(raw)
    if isinstance(given, str | os.PathLike):
        return Roles.load(os.fspath(given))
    raise RolesError("the roles are neither a path, a dict nor Roles", fix="name a roles.toml")


@dataclass(frozen=True)
class _Settled:
    """What log and reference agree on."""

    guess: Guess
    outcome: Outcome
    kinds: Kinds
    missing: tuple[str, ...]


def _read(log: Rows, reference: Rows | None, declared: Roles | None, now: datetime) -> Log:
    gather_scores(log, reference, declared)
    undress(log, reference, declared)
    here = _figures(log, declared)
    there = _figures(reference, declared, _held_back(log, reference)) if reference else {}
    for rows, stats in ((log, here), (reference, there)):
        if rows is not None and not any(s.n for s in stats.values()):
            why = ", ".join(f"{reason}: {n:,}" for reason, n in rows.opened.rejects.items())
            told = f"no line of the log could be read ({why})" if why else "the log has no rows"
            raise LogError(told, where=rows.name, fix="correct the file, or name another one")
    settled = _settle(log, reference, declared, here, there)
    roles = settled.guess.roles
    kept: dict[str, tuple[Validation, dict[str, str]]] = {}
    for side, rows, stats in (("log", log, here), ("reference", reference, there)):
        if rows is not None:
            kept[side] = _clean(rows, roles, settled, stats, now, is_reference=side == "reference")
    features = roles.columns("feature")
    held = None
    if reference is not None:
        held = Log(
            name=reference.name,
            rows=reference,
            roles=roles,
            outcome=settled.outcome,
            validation=kept["reference"][0],
            feature_kinds=settled.kinds.features,
            written=kept["reference"][1],
        )
    return Log(
        name=log.name,
        rows=log,
        roles=roles,
        outcome=settled.outcome,
        validation=kept["log"][0],
        feature_kinds=settled.kinds.features,
        reference=held,
        missing_columns=settled.missing,
        new_columns=tuple(c for c in features if reference is not None and c not in reference.columns),
        type_changes=settled.kinds.changes,
        column_notes=settled.guess.notes,
        written=kept["log"][1],
    )


def _held_back(log: Rows, reference: Rows | None) -> tuple[str, ...]:
    """Give the columns that only the reference has; none where the log has one of its own: then one was renamed."""
    if reference is None or set(log.columns) - set(reference.columns):
        return ()
    return tuple(c for c in reference.columns if c not in log.columns)


def _figures(rows: Rows, declared: Roles | None, also: Sequence[str] = ()) -> dict[str, ColumnStats]:
    """Scan the columns whose figures decide something: texts, what is named like a role or has one, and ``also``."""
    if declared is None or declared.rest == "guess":
        wanted = [c for c, kind in rows.columns.items() if family_of(kind) == "text" or named_like_a_role(c)]
        named = (*(declared.all_columns if declared else ()), *also)
        wanted += [c for c in dict.fromkeys(named) if c in rows.columns and c not in wanted]
        ids = [c for c in rows.columns if plain(c) in NAMES["id"]]
        return column_stats(rows, wanted, ranged=list(rows.columns), words=ids)
    told = {c for r, c in declared.single.items() if r not in _NUMBERED}
    told |= {c for r in ("group", "segment") for c in declared.columns(r)}
    told -= set(declared.columns("feature"))
    numbers = {c for r in _NUMBERED if (c := declared.single.get(r)) is not None and _decides(r, c, rows, declared)}
    if declared.columns("feature"):
        candidates = list(declared.columns("feature"))
    else:
        candidates = [c for c in rows.columns if c not in told]
    texts = [c for c in candidates if family_of(rows.columns.get(c, "")) == "text" or named_like_a_role(c)]
    if declared.columns("feature"):
        return column_stats(rows, [*texts, *numbers], estimated=False)
    return column_stats(rows, [*texts, *numbers], ranged=candidates)


def _decides(role: str, column: str, rows: Rows, declared: Roles) -> bool:
    """Tell whether figures decide how a column is read: the range of scores an open task, that of numbers a clock."""
    return not declared.task if role == "score" else family_of(rows.columns.get(column, "")) != "time"


def _settle(
    log: Rows,
    reference: Rows | None,
    declared: Roles | None,
    here: Mapping[str, ColumnStats],
    there: Mapping[str, ColumnStats],
) -> _Settled:
    both = {**there, **here}
    both = {**{c: both[c] for c in here}, **{c: s for c, s in both.items() if c not in here}}
    held_back = _held_back(log, reference)
    if declared is None:
        guess = fill_outcome(guess_roles(both, held_back), log, both)
    elif declared.rest == "guess":
        guess = fill_outcome(complete(declared, both, held_back), log, both)
    else:
        guess = fill_features(declared, both)
    roles, missing = _check(guess.roles, log, reference)
    score = roles.column("score")
    figures = here.get(score) if score else None
    spread = (figures.low, figures.high) if figures and figures.low is not None and figures.high is not None else None
    # scores tell which class is the positive one where nobody said so, and which words of predictions go with which
    words = any(family_of(log.columns.get(roles.column(r) or "", "")) == "text" for r in ("prediction", "label"))
    scored = roles.positive is None or words
    held = tally(reference, roles, scored=scored) if reference else ()
    counted = without_totals(tally(log, roles, scored=scored), log, roles, here)
    outcome = decide_outcome(roles, counted, held, score_range=spread)
    guessed = set(roles.guessed) | set(outcome.guessed)
    if roles.column("status") and not roles.status_ok:
        roles = roles.with_(status_ok=_status_ok(log, roles))
        guessed.add("status_ok")
    positive = roles.positive if roles.positive is not None else outcome.positive
    roles = roles.with_(task=outcome.task, positive=positive, guessed=frozenset(guessed))
    kinds = decide_kinds(roles.columns("feature"), here, there)
    return _Settled(replace(guess, roles=roles), outcome, kinds, missing)


def _check(roles: Roles, log: Rows, reference: Rows | None) -> tuple[Roles, tuple[str, ...]]:
    """Hold roles against columns; a feature, group or segment that only the reference has is a change of schema.

    A label that only the reference has is none: the outcomes of the log's rows are not known yet.
    """
    elsewhere = set(reference.columns) if reference else set()
    later = [c for r in _LATER if (c := roles.column(r)) is not None and c not in log.columns and c in elsewhere]
    missing = tuple(
        dict.fromkeys(c for r in PLURAL_ROLES for c in roles.columns(r) if c not in log.columns and c in elsewhere)
    )
    roles.check([*log.columns, *missing, *later], where=log.name)
    return roles, missing


def _status_ok(log: Rows, roles: Roles) -> tuple[str, ...]:
    """Guess which statuses mean that a request was answered."""
    column = roles.column("status")
    if column is None or column not in log.columns:
        return ()
    found = tuples(
        log.gather(
            f"SELECT {class_text(column, log.columns[column], log.dialect)} AS s, count(*) AS n FROM raw GROUP BY 1",
            "SELECT s, CAST(sum(n) AS BIGINT) AS n FROM parts GROUP BY s ORDER BY n DESC, s LIMIT 100",
        )
    )
    values = [str(s) for s, _ in found if s is not None]
    good = [v for v in values if v.lower() in _STATUS_OK or (len(v) == 3 and v.startswith("2") and v.isdigit())]
    return tuple(good or values[:1])


def _clean(
    rows: Rows,
    roles: Roles,
    settled: _Settled,
    stats: Mapping[str, ColumnStats],
    now: datetime,
    *,
    is_reference: bool,
) -> tuple[Validation, dict[str, str]]:
    clocks = {
        role: clock(rows, column, stats.get(column), now)
        for role in ("timestamp", "label_time")
        if (column := roles.column(role)) in rows.columns and column is not None
    }
    split = next((c for c in rows.columns if c.lower() == "split" and not roles.role_of(c)), None)
    plan = Plan(roles, settled.outcome, settled.kinds, now, clocks, split)
    plan, validation, mask, found = _validated(rows, plan, now, is_reference=is_reference)
    if found & (FAULTS["bad timestamp"] | FAULTS["bad label time"]):
        more = {role: widened(rows, str(roles.column(role)), told, now) for role, told in clocks.items()}
        if more != clocks:
            plan, validation, mask, _ = _validated(rows, replace(plan, clocks=more), now, is_reference=is_reference)
    if not validation.rows_kept:
        _refuse(validation, rows.name)
    if not is_reference:
        _check_answers(rows, roles, mask)
    make_views(rows, plan, mask)
    return validation, written(rows, plan)


def _validated(rows: Rows, plan: Plan, now: datetime, *, is_reference: bool) -> tuple[Plan, Validation, int, int]:
    """Make the canonical columns, and see which rows can be used."""
    plan = replace(plan, now=now if _may_be_late(rows, plan.clocks.get("timestamp"), now) else None)
    rows.define("canonical", canonical_sql(rows, plan))
    return plan, *validate(rows, plan, is_reference=is_reference)


def _may_be_late(rows: Rows, told: Clock | None, now: datetime) -> bool:
    """Tell whether a row may lie in the future; what is kept must not depend on the time of reading where none does."""
    if told is None or not rows.keeps:
        return True
    ((latest,),) = tuples(rows.gather(f"SELECT max({told.sql}) AS t FROM raw", "SELECT max(t) AS t FROM parts"))
    return latest is not None and latest.replace(tzinfo=UTC) > (now + AHEAD).replace(microsecond=0)


def _check_answers(rows: Rows, roles: Roles, mask: int) -> None:
    """See that some row has an answer; a log of a service that answered nothing says so in its status."""
    answers = [r for r in ("prediction", "score", "decision") if roles.column(r) in rows.columns]
    if roles.column("status"):
        return
    known = " OR ".join(f"{r} IS NOT NULL" for r in answers) or "false"
    # the first one ends the search
    if tuples(rows.once(f"SELECT 1 AS n FROM canonical WHERE _flags & {mask} = 0 AND ({known}) LIMIT 1")):
        return
    named = ", ".join(f"{r} ({roles.column(r)})" for r in answers)
    raise LogError(
        f"no row has a value that can be used for {named}",
        where=rows.name,
        fix="name the right column in roles.toml; a score must be a number",
    )


def _refuse(validation: Validation, name: str) -> None:
    why = ", ".join(f"{reason}: {n:,}" for reason, n in validation.quarantined.items())
    raise LogError(
        f"none of the {validation.rows_read:,} rows can be used: {why}",
        where=name,
        fix="correct the roles, or leave the role that is wrong out of roles.toml",
    )
