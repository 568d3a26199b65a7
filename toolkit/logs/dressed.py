"""Numbers as people write them (floor 2): 1.234,50 EUR, 12,3 kg, 88 %. A column of these alone is one of numbers.

What is decided is decided for a whole column, by its first rows, those of the reference where there is one: a column
that comes to be written so only later is news, and stays as it is. Separators follow ISO 31-0 and what programs export:
a decimal point or comma, with the other, blanks or apostrophes between thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Final

from toolkit.engines.rows import tuples
from toolkit.logs.names import NAMES, plain, words_of
from toolkit.logs.stats import MISSING_WORDS, family_of, text_of
from toolkit.roles import Roles
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

#: Rows that decide (of a log without a reference fewer: what comes later is news), the share of them that must be
#: numbers so written, and from which share on they are plain numbers.
_ASKED, _FIRST, _SO, _PLAIN = 1000, 200, 0.99, 0.995
#: Different numbers that there must be at least. Units that differ (kg and g, seats 12A to 12F) make no numbers.
_FEW: Final = 3
#: What multiplies where only some numbers have it.
_TIMES: Final = frozenset({"k", "m", "b", "bn", "mn", "mio", "mrd", "tsd"})
_MONEY: Final = (
    r"(?:[$€£¥₹]|(?:US|R|A|C)\$|Rs\.?|(?:EUR|USD|GBP|CHF|JPY|CNY|INR|BRL|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD)\b)"
)
_BEFORE: Final = rf"{_MONEY}?\s*"
_AFTER: Final = r"\s*(?:[^\d\s.,+-][^\d]{0,9})?"
#: Indians part thousands, and then hundreds of them: 11,05,831.58.
_POINT: Final = r"[+-]?(?:\d{1,3}(?:[, '’]\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d+)(?:\.\d+)?"
_COMMA: Final = r"[+-]?(?:\d{1,3}(?:[. '’]\d{3})+|\d+)(?:,\d+)?"
#: A number, and whatever else stands before its last digit.
_BESIDE: Final = r"[+-]?[0-9]((?s:.*)[0-9])?"
#: Roles whose columns are words, whatever they look like.
_WORDS: Final = ("timestamp", "label_time", "id", "model_version", "status", "decider", "text")
#: Words by which a name says that its numbers are of a hundred.
_PERCENT: Final = frozenset({"pct", "percent", "percentage", "perc", "prozent", "pourcent"})
#: Roles that are words where there are classes.
_OF_CLASSES: Final = ("prediction", "label", "decision")


@dataclass(frozen=True)
class _Look:
    """How the first values of a column are written: shares, and whether the decimal sign is beyond doubt."""

    plain: float
    point: float
    comma: float
    percent: float
    numbers: int
    units: int
    unit: str

    @property
    def dressed(self) -> bool:
        """Whether they are numbers, and not all plain ones."""
        written = max(self.point, self.comma) >= _SO and self.plain < _PLAIN
        times = self.unit in _TIMES and self.plain > 0
        return written and self.numbers >= _FEW and self.units <= 1 and not times

    @property
    def sure(self) -> str:
        """The decimal sign that the values show; nothing where they can be read either way."""
        if self.point >= _SO and self.comma >= _SO:
            return ""
        return "." if self.point >= _SO else ","


def undress(log: Rows, reference: Rows | None, declared: Roles | None) -> None:
    """Make numbers of the columns of text that hold nothing but numbers with a unit or separators, and note it.

    Raises:
        LogError: a log cannot be read.

    """
    sides = [rows for rows in (reference, log) if rows is not None]
    judge, score = sides[0], _score(log, declared)
    asked = _FIRST if reference is None else _ASKED
    looks = {c: look for c, look in _looks(judge, _candidates(judge, declared), asked).items() if look.dressed}
    for rows in sides[1:]:
        there = _looks(rows, [c for c in looks if family_of(rows.columns.get(c, "")) == "text"], _ASKED)
        looks = {c: look for c, look in looks.items() if c not in rows.columns or (c in there and there[c].dressed)}
    signs = [look.sure for look in looks.values()]
    usual = "," if signs.count(",") > signs.count(".") else "."
    signed = {c: look.sure or usual for c, look in looks.items()}
    holder = next((rows for rows in sides if score in rows.columns), judge)
    hundreds = (score in looks and looks[score].percent >= _SO) or _in_percent(holder, score, signed)
    lost: list[str] = []
    for rows in sides:
        made = {c: _number(c, sign, rows) for c, sign in signed.items() if c in rows.columns}
        if hundreds and score in rows.columns:
            made[score] = f"({made.get(score, f'CAST({quote(score)} AS DOUBLE)')}) / 100"
        if made:
            lost += _lost(
                rows, {c: made[c] for c in signed if c in made}, " in the reference" if rows is not log else ""
            )
            rows.read_as(made)
    told = [f"numbers with a unit or separators, read as plain ones: {', '.join(looks)}"] if looks else []
    open_ = [c for c, look in looks.items() if not look.sure]
    told += [f"the decimal sign is taken to be {usual!r}, which no value settles: {', '.join(open_)}"] if open_ else []
    told += lost
    told += [f"score ({score}): percents, read as parts of one"] if hundreds else []
    log.opened = replace(log.opened, notes=(*log.opened.notes, *told))


def _lost(rows: Rows, made: Mapping[str, str], where: str) -> list[str]:
    """Say of how many values no number could be made, which count as missing: what comes to be written otherwise."""
    if not made:
        return []
    says = rows.dialect
    asked = [
        f"{says.count_if(f'{_filled(text_of(c, says))} AND ({sql}) IS NULL')} AS n{i}"
        for i, (c, sql) in enumerate(made.items())
    ]
    (found,) = tuples(rows.arrow(f"SELECT {', '.join(asked)} FROM raw"))
    return [
        f"{c}{where}: {n:,} values are no number as the others are, and count as missing"
        for c, n in zip(made, found, strict=True)
        if n
    ]


def _score(rows: Rows, declared: Roles | None) -> str:
    """Name the column of scores; where nobody did, that which is called so."""
    if declared is not None and (declared.column("score") or declared.rest != "guess"):
        return declared.column("score") or ""
    return next((c for c in rows.columns if plain(c) in NAMES["score"]), "")


def _in_percent(rows: Rows, score: str, signed: Mapping[str, str]) -> bool:
    """Tell whether numbers are named percents, and some of them are more than 1 and none more than 100."""
    known = score in signed or family_of(rows.columns.get(score, "")) == "number"
    if not known or not words_of(plain(score)) & _PERCENT:
        return False
    read = _number(score, signed[score], rows) if score in signed else quote(score)
    first = rows.first([score], _ASKED)
    ((low, high),) = tuples(rows.once(f"SELECT min({read}) AS low, max({read}) AS high FROM ({first}) AS first"))
    return low is not None and low >= 0 and 1.5 < high <= 100


def _candidates(rows: Rows, declared: Roles | None) -> list[str]:
    """Name the columns of text that may be numbers."""
    words: set[str] = {c for c in rows.columns if plain(c) in NAMES["id"]}
    if declared is not None:
        classes = {"binary": _OF_CLASSES, "multiclass": _OF_CLASSES, "regression": ()}
        roles = (*_WORDS, *classes.get(declared.task or "", ("decision",)))
        words |= {c for r in roles if (c := declared.column(r)) is not None}
        words |= {c for r in ("group", "segment") for c in declared.columns(r)}
        words -= set(declared.columns("feature"))
    return [c for c, kind in rows.columns.items() if family_of(kind) == "text" and c not in words]


def _looks(rows: Rows, columns: Sequence[str], most: int) -> Mapping[str, _Look]:
    """Look at the first values of columns of text."""
    if not columns:
        return {}
    says = rows.dialect
    texts = {f"t{i}": text_of(c, says) for i, c in enumerate(columns)}
    values = {f"v{i}": _plainly(text, says) for i, text in enumerate(texts.values())}
    asked = [figure for v, t in zip(values, texts, strict=True) for figure in _figures(v, t, says)]
    named = ", ".join(f"{figure} AS a{i}" for i, figure in enumerate(asked))
    written = ", ".join(f"{sql} AS {name}" for name, sql in {**texts, **values}.items())
    first = f"(SELECT {written} FROM ({rows.first(columns, most)}) AS first)"
    (found,) = tuples(rows.once(f"SELECT {named} FROM {first} AS written"))
    figures = [found[i : i + 7] for i in range(0, len(found), 7)]
    return {
        c: _Look(plain or 0.0, point or 0.0, comma or 0.0, percent or 0.0, int(numbers), int(units), unit or "")
        for c, (point, comma, plain, percent, numbers, units, unit) in zip(columns, figures, strict=True)
    }


def _figures(value: str, text: str, says: Dialect) -> list[str]:
    """Give what is asked of a column: see ``_Look``."""
    known = f"NULLIF({says.count_if(_filled(value))}, 0)"
    # by ASCII alone: of other letters engines have small ones of their own
    beside = says.trim(f"translate({says.replaced(value, _BESIDE, '')}, '{ascii_uppercase}', '{ascii_lowercase}')")
    unit = f"CASE WHEN {_filled(value)} THEN nullif({beside}, '') END"
    percent = f"right({value}, 1) = '%'"
    return [
        *(f"{says.count_if(_is(value, form, says))} / {known}" for form in (_POINT, _COMMA)),
        f"count({says.read_number(text)}) / {known}",
        f"{says.count_if(percent)} / {known}",
        says.distinct(says.found(value, "[0-9][0-9.,]*"), exactly=True),
        says.distinct(unit, exactly=True),
        f"max({unit})",
    ]


def _number(column: str, sign: str, rows: Rows) -> str:
    """Give the SQL that reads a column's numbers; what is none of them is NULL."""
    says = rows.dialect
    value = _plainly(text_of(column, says), says)
    form, between = (_POINT, "[, '’]") if sign == "." else (_COMMA, "[. '’]")
    bare = says.replaced(says.found(value, form), between, "")
    return f"CASE WHEN {_is(value, form, says)} THEN TRY_CAST(replace({bare}, ',', '.') AS DOUBLE) END"


def _filled(value: str) -> str:
    return f"lower({value}) NOT IN {MISSING_WORDS}"


def _plainly(value: str, says: Dialect) -> str:
    """Write no-break spaces as spaces, the minus sign as a hyphen, and a sign after what the number is of: $-5."""
    plain = f"translate({value}, '\u00a0\u202f\u2009\u2212', '   -')"
    return says.replaced(plain, f"^([+-])({_MONEY})", r"\2\1")


def _is(value: str, form: str, says: Dialect) -> str:
    return says.fits(value, _BEFORE + form + _AFTER)
