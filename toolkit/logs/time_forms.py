"""How people write times that are no ISO 8601 (floor 2), as forms of ``strptime``, and which a text may have; pure.

A form is a day, what parts it from the time of the day, and that time. Whether the day or the month comes first only
the values can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final

_DAY_FIRST: Final = tuple(f"%d{part}%m{part}{year}" for part, year in product("./-", ("%Y", "%y")))
_MONTH_FIRST: Final = tuple(f"%m{part}%d{part}{year}" for part, year in product("./-", ("%Y", "%y")))
_NAMED: Final = (
    *(f"%d{part}{month}{part}{year}" for part, month, year in product("- /", ("%b", "%B"), ("%Y", "%y"))),
    *(f"{month} %d{part} %Y" for month, part in product(("%b", "%B"), (",", ""))),
    *(f"{day}{month} %Y" for day, month in product(("%a, %d ", "%a %d "), ("%b", "%B"))),
)
_YEAR_FIRST: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS: Final = (
    *("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H.%M", "%H.%M.%S", "%Hh%M"),
    *("%H:%M:%S %Z", "%H:%M:%S %z", "%H:%M %z", "%I:%M:%S %p %z", "%I:%M %p %z"),
    *(f"%I{rest}{gap}%p" for rest, gap in product((":%M", ":%M:%S", ".%M", ".%M.%S", ""), (" ", ""))),
)
_GAPS: Final = (" ", ", ", "T")
#: Those that are no day and a time.
_OTHERS: Final = (
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d_%H%M%S",
    "%Y%m%d %H%M%S",
    "%Y-%m",
    "%m/%Y",
    "%m.%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S %Z %Y",
    "%a %b %d %H:%M:%S %z %Y",
)
#: What clocks on the wall are called, with their offsets; a name that has several meanings has its commonest one.
ZONES: Final = {
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00", "HST": "-10:00", "WET": "+00:00",
    "WEST": "+01:00", "BST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00",
    "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "IST": "+05:30", "SGT": "+08:00", "HKT": "+08:00",
    "JST": "+09:00", "KST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00",
}  # fmt: skip
#: What a text must look like for a part of a form; DuckDB alone would take 26 for the year 26.
SHAPES: Final = {
    "Y": r"\d{4}", "y": r"\d\d", "m": r"\d{1,2}", "d": r" ?\d{1,2}", "b": "[a-z]{3}", "B": "[a-z]{3,9}",
    "a": "[a-z]{3}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d\d", "S": r"\d\d", "f": r"\d{1,6}", "p": "[ap]m",
    "z": r"[+-]\d\d(:?\d\d)?", "Z": "(utc|gmt)",
}  # fmt: skip
_MONTHS: Final = "([Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec|[A-Z]{3})"
#: How a text begins that is most likely a time, for a database. 1.2.26 alone may be a version of something.
BEGINS: Final = (
    r"^(\d{1,2}[./-]\d{1,2}[./-](\d{4}([ ,T]|$)|\d\d[ ,]+\d{1,2}[:.]\d\d)|\d{1,2}/\d{1,2}/\d\d$"
    rf"|\d{{1,2}}[ /-]{_MONTHS}[a-z]*[ /-](\d{{4}}|\d\d)([ ,:T]|$)|{_MONTHS}[a-z]*( \d{{1,2}},?)?[ -]\d{{4}}"
    rf"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(\d{{1,2}} |{_MONTHS} )|\d{{8}}[T_ ]\d{{4}}"
    r"|\d{4}[-/.]\d\d[-/.]\d\d([Tt ,]+\d{1,2}[:.h]\d\d|$))"
)


def likely(texts: Sequence[str]) -> tuple[str, ...]:
    """Give the forms that one of these texts may have, the likelier of two that read the same first."""
    return tuple(dict.fromkeys(form for text in texts for form in _fitting(text.strip().lower())))


def _fitting(text: str) -> Iterator[str]:
    yield from (form for form in _OTHERS if _shape(form).fullmatch(text))
    for day in (*_DAY_FIRST, *_MONTH_FIRST, *_NAMED, *_YEAR_FIRST):
        if (begun := _shape(day).match(text)) is None:
            continue
        if begun.end() == len(text):
            yield day
        for gap in _GAPS:
            if text.startswith(gap.lower(), begun.end()):
                rest = text[begun.end() + len(gap) :]
                yield from (f"{day}{gap}{clock}" for clock in _CLOCKS if _shape(clock).fullmatch(rest))


def zones_in(texts: Sequence[str]) -> dict[str, str]:
    """Give the zones that texts name, and those like them, which may come with another season, with their offsets.

    London has GMT in winter; where no other zone is named, GMT and UTC are read as they stand.
    """
    named = {word for text in texts for word in text.split()} & ZONES.keys()
    like = {zone: offset for zone, offset in ZONES.items() if zone[0] in {name[0] for name in named}}
    return like | ({"GMT": "+00:00", "UTC": "+00:00"} if named else {})


def with_offsets(text: str, zones: Mapping[str, str]) -> str:
    """Write offsets for the names of zones."""
    for zone, offset in zones.items():
        text = text.replace(f" {zone}", f" {offset}")
    return text


def shape(text: str) -> str:
    """Give what two texts of one form have in common."""
    return re.sub(r"\d", "0", text)


def month_first(form: str) -> bool:
    """Whether the month comes before the day, and both as numbers."""
    return "%m" in form.partition("%d")[0] and not form.startswith("%Y")


def shape_of(form: str) -> str:
    """Give the pattern of a form's texts in small letters."""
    return "".join(
        SHAPES[part[1]] if part[0] == "%" else re.escape(part.lower()) for part in re.findall("%.|[^%]+", form)
    )


@cache
def _shape(form: str) -> re.Pattern[str]:
    return re.compile(shape_of(form))
