"""What was read and what was kept, and why not the rest (floor 2): one aggregate over all rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from toolkit.engines.rows import tuples
from toolkit.errors import LogError
from toolkit.logs.clean import FAULTS, Plan
from toolkit.logs.counts import Counts
from toolkit.records import iso
from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

#: Scores outside [0, 1] are impossible while they are few; beyond this share they are of another scale.
_ODD_SCORES: Final = 0.01
#: Times in the future or at zero are wrong while they are fewer than this share; beyond, our clock or view is.
_ODD_TIMES: Final = 0.5
_SHOWN: Final = 3

RULES: Final = (
    "A row is quarantined if its timestamp is missing, cannot be read, lies more than two days after the time of "
    "reading, or is the zero of a clock (before 1901 or within a day of 1 January 1970, unless the log has other rows "
    "from before 1970), the latter two only while they are fewer than half of the rows; if its score lies outside "
    "[0, 1] while at most 1 % of the scores do; or if its label is neither class of a binary task or no number in a "
    "regression. A reference may lack timestamps."
)


@dataclass(frozen=True)
class Validation:
    """The validation report of a log.

    ``quarantined`` counts rows by reason (a row counts once), ``examples`` gives the first and last few row numbers of
    each (1 is the first row read; none on an engine whose rows have no order); ``rejects`` counts lines of CSV or JSONL
    that could not be read at all, by reason.
    ``nulls`` counts kept rows without a value, by role, and ``not_finite`` NaN and infinities, by feature; both are
    taken as missing. Like ``duplicate_ids`` they decide nothing and are counted when first asked for, which must be
    while the log is open (``LogError`` else). ``first`` and ``last`` are the times of the earliest and latest kept row.
    ``strays`` are values that are neither class, to be shown on a terminal (``table``): content of rows, which no
    record holds.
    """

    rows_read: int
    rows_kept: int
    quarantined: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    time_zone: str = ""
    score_is_probability: bool = True
    rejects: Mapping[str, int] = field(default_factory=dict)
    reject_lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    rules: str = RULES
    counts: Counts = field(default_factory=Counts, repr=False)

    @property
    def duplicate_ids(self) -> int:
        """Rows whose id another row had before."""
        return self.counts.duplicate_ids

    @property
    def nulls(self) -> Mapping[str, int]:
        """Kept rows without a value, by role."""
        return self.counts.nulls

    @property
    def not_finite(self) -> Mapping[str, int]:
        """NaN and infinities of kept rows, by feature that has any."""
        return self.counts.not_finite

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON values; nothing in it is content of a row."""
        return {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "duplicate_ids": self.duplicate_ids,
            "time_zone": self.time_zone,
            "score_is_probability": self.score_is_probability,
            "rules": self.rules,
            "quarantined": dict(self.quarantined),
            "examples": {k: list(v) for k, v in self.examples.items()},
            "nulls": dict(self.nulls),
            "not_finite": dict(self.not_finite),
            "rejects": dict(self.rejects),
            "reject_lines": list(self.reject_lines),
            "notes": list(self.notes),
            "first": iso(self.first),
            "last": iso(self.last),
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give the report as pairs of what and how much."""
        yield "rows read", f"{self.rows_read:,}"
        for reason, n in self.rejects.items():
            yield f"  not readable: {reason}", f"{n:,}"
        for reason, n in self.quarantined.items():
            shown = ", ".join(map(str, self.examples.get(reason, ())))
            yield f"  quarantined: {reason}", f"{n:,} (rows {shown})" if shown else f"{n:,}"
        yield "rows kept", f"{self.rows_kept:,}"
        if self.first and self.last:
            yield "from, to", f"{iso(self.first)}, {iso(self.last)}"
        if self.time_zone:
            yield "time zone", self.time_zone
        try:
            yield from [*self._counted()]
        except LogError:
            yield "repeated ids", "not counted before the log was closed"
        for note in self.notes:
            yield "note", note

    def _counted(self) -> Iterator[tuple[str, str]]:
        yield "repeated ids", f"{self.duplicate_ids:,}"
        for role, n in self.nulls.items():
            if n:
                yield f"without {role}", f"{n:,}"
        for column, n in self.not_finite.items():
            yield f"NaN or infinite: {column}", f"{n:,}"

    def table(self) -> str:
        """Give the report as plain text for a terminal, one line each, the odd values included."""
        pairs = list(self.lines())
        if self.strays:
            pairs.append(("neither class", ", ".join(map(repr, self.strays))))
        width = max(len(what) for what, _ in pairs)
        return "\n".join(f"{what.ljust(width)}  {much}" for what, much in pairs)


@dataclass(frozen=True)
class _Counted:
    """What the aggregate gave: rows by sum of faults, and one mapping of counts for each of these sums."""

    by_flags: Mapping[int, Mapping[str, Any]]

    def rows(self, bit: int = 0) -> int:
        """Count rows, all or those with a fault."""
        return sum(int(c["n"]) for flags, c in self.by_flags.items() if not bit or flags & bit)

    def kept(self, mask: int) -> list[Mapping[str, Any]]:
        """Give the counts of rows that no fault of the mask keeps out."""
        return [c for flags, c in self.by_flags.items() if not flags & mask]

    def total(self, name: str, mask: int | None = None) -> int:
        """Add one count over the rows."""
        of = self.by_flags.values() if mask is None else self.kept(mask)
        return sum(int(c[name]) for c in of)


def validate(rows: Rows, plan: Plan, *, is_reference: bool) -> tuple[Validation, int, int]:
    """Count everything over ``canonical``; give the report, the sum of the faults that keep rows out, and of all.

    Raises:
        LogError: the log cannot be read.

    """
    counted = _count(rows)
    present = reduce(or_, counted.by_flags, 0)
    mask, notes = _mask(counted, is_reference=is_reference)
    firsts = [c["first"] for c in counted.kept(mask) if c["first"]]
    lasts = [c["last"] for c in counted.kept(mask) if c["last"]]
    kept = sum(int(c["n"]) for c in counted.kept(mask))
    score_ok = not (counted.rows(FAULTS["impossible score"]) and not mask & FAULTS["impossible score"])
    quarantined = _by_reason(counted, mask)
    told = [note for clock in plan.clocks.values() for note in clock.told]
    return (
        Validation(
            rows_read=counted.rows(),
            rows_kept=kept,
            quarantined=quarantined,
            examples=_examples(rows, mask) if quarantined and rows.dialect.ordered else {},
            first=min(firsts).replace(tzinfo=UTC) if firsts else None,
            last=max(lasts).replace(tzinfo=UTC) if lasts else None,
            time_zone=_time_zone(rows, plan, counted),
            score_is_probability=score_ok,
            rejects=dict(rows.opened.rejects),
            reject_lines=rows.opened.reject_lines,
            notes=(*rows.opened.notes, *told, *notes, *plan.outcome.notes),
            strays=plan.outcome.strays,
            counts=Counts(rows, kept, mask, _columns_of_roles(rows, plan), _flags_of_features(rows, plan)),
        ),
        mask,
        present,
    )


def _columns_of_roles(rows: Rows, plan: Plan) -> dict[str, str]:
    """Give the canonical column of each single role but the timestamp, whose rows are quarantined without it."""
    there = [r for r, c in plan.roles.single.items() if c in rows.columns and r != "timestamp"]
    return {r: {"text": "text_length"}.get(r, r) for r in there}


def _flags_of_features(rows: Rows, plan: Plan) -> dict[str, str]:
    """Give the canonical flag of each feature that may be NaN or infinite."""
    numbered = enumerate(plan.roles.columns("feature"))
    return {c: f"_broken_{i}" for i, c in numbered if rows.columns.get(c) in {"FLOAT", "DOUBLE"}}


def _count(rows: Rows) -> _Counted:
    names = ["n", "first", "last", "zoned", "unzoned", "old"]
    counted = [rows.dialect.count_if(c) for c in ("_zoned", "NOT _zoned", "_old")]
    sql = ["count(*)", "min(t)", "max(t)", *counted]
    selected = ", ".join(f"{s} AS {quote(f'{i}')}" for i, s in enumerate(sql))
    added = [f"CAST(sum({quote(f'{i}')}) AS BIGINT)" for i in range(len(sql))]
    added[1:3] = [f"min({quote('1')})", f"max({quote('2')})"]
    total = ", ".join(f"{s} AS {quote(f't{i}')}" for i, s in enumerate(added))
    found = tuples(
        rows.gather(
            f"SELECT _flags, {selected} FROM canonical GROUP BY _flags",
            f"SELECT _flags, {total} FROM parts GROUP BY _flags ORDER BY _flags",
        )
    )
    return _Counted({int(r[0]): dict(zip(names, r[1:], strict=True)) for r in found})


def _mask(counted: _Counted, *, is_reference: bool) -> tuple[int, list[str]]:
    """Decide which faults keep a row out, and say where many rows with one fault were kept."""
    n, notes = counted.rows(), []
    mask = FAULTS["unknown label"]
    if not is_reference:
        mask |= FAULTS["missing timestamp"] | FAULTS["bad timestamp"]
    zero = FAULTS["timestamp of a clock at zero"]
    historic = sum(int(c["old"]) for flags, c in counted.by_flags.items() if not flags & zero) > 0
    for reason in ("timestamp in the future", "timestamp of a clock at zero"):
        odd = counted.rows(FAULTS[reason])
        if historic and FAULTS[reason] == zero:
            continue
        if odd <= _ODD_TIMES * n:
            mask |= FAULTS[reason]
        else:
            notes.append(f"{odd:,} of {n:,} rows have a {reason}; they are kept, the times are doubtful")
    odd = counted.rows(FAULTS["impossible score"])
    if odd <= _ODD_SCORES * n or odd <= 1 < n:
        mask |= FAULTS["impossible score"]
    else:
        notes.append(f"{odd:,} of {n:,} scores lie outside [0, 1]: the score is no probability")
    return mask & reduce(or_, counted.by_flags, 0), notes


def _by_reason(counted: _Counted, mask: int) -> dict[str, int]:
    """Count each quarantined row once, under its first fault."""
    reasons: dict[str, int] = {}
    for flags, counts in counted.by_flags.items():
        for reason, bit in FAULTS.items():
            if flags & mask & bit:
                reasons[reason] = reasons.get(reason, 0) + int(counts["n"])
                break
    return {r: reasons[r] for r in FAULTS if r in reasons}


def _examples(rows: Rows, mask: int) -> dict[str, tuple[int, ...]]:
    first = " ".join(f"WHEN _flags & {bit} <> 0 THEN '{r}'" for r, bit in FAULTS.items() if bit & mask)
    found = tuples(
        rows.gather(
            f"SELECT CASE {first} END AS reason, min(row, {_SHOWN}) AS low, max(row, {_SHOWN}) AS high FROM "
            f"(SELECT _flags, row_number() OVER () AS row FROM canonical) WHERE _flags & {mask} <> 0 GROUP BY 1",
            "SELECT reason, low, high, _before FROM parts",
        )
    )
    places: dict[str, set[int]] = {}
    for reason, low, high, before in found:
        places.setdefault(str(reason), set()).update(before + row for row in (*low, *high))
    ordered = {reason: sorted(there) for reason, there in places.items()}
    return {reason: tuple(sorted({*there[:_SHOWN], *there[-_SHOWN:]})) for reason, there in ordered.items()}


def _time_zone(rows: Rows, plan: Plan, counted: _Counted) -> str:
    """State how times were read."""
    column = plan.roles.column("timestamp")
    if column is None or column not in rows.columns:
        return ""
    note = plan.clocks["timestamp"].note
    zoned, unzoned = counted.total("zoned"), counted.total("unzoned")
    if note != "ISO 8601 text":
        return note
    if zoned and unzoned:
        return f"mixed: {zoned:,} with an offset, converted to UTC; {unzoned:,} without, taken as UTC"
    return "with an offset, converted to UTC" if zoned else "without a time zone, taken as UTC"
