"""Numbers that come in another spelling (floor 4; integration): '14 mo', '14,0', '1.4e1' or 'EUR 14' for '14'.

The source says the same and a reader of plain numbers takes it for nothing. The texts are new, so it looks like new
categories or like a model that answers otherwise; the numbers inside them are distributed as before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, since
from toolkit.detectors.study import Study, known
from toolkit.profile.model import Codes, Floats, Ints
from toolkit.timeline.change import find_change

NAME: Final = "spelling"
#: The share of values written in one way, how many numbers they are, and how alike the numbers must be (KS).
_NEARLY, _NUMBERS, _ALIKE, _LEAST = 0.97, 5, 0.15, 15
#: Thousands apart, and a decimal mark that is not theirs: 1.471,94 or 1,471.94.
_GROUPED: Final = re.compile(r"(?<![\w.,])[-+]?\d{1,3}(?:(?:[.' \u00a0]\d{3})+,\d+|(?:,\d{3})+\.\d+)(?![\w.,])")
#: One number: digits with at most one point or comma, and a power of ten.
_NUMBER: Final = re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Spelt:
    """A text that holds one number: the number, and what is written around it (``#`` stands for the number)."""

    value: float
    form: str

    @property
    def plain(self) -> bool:
        """Whether nothing is written around the number."""
        return self.form[0] == "#" and self.form[1:] in ("", "e", ",")


def read(text: str) -> Spelt | None:
    """Read the number out of a text; ``None`` where there is none, or more than one."""
    text = _GROUPED.sub(lambda m: re.sub(r"[.,' \u00a0](?=\d{3}(?!\d*$))", "", m.group()), text)
    found = list(_NUMBER.finditer(text))
    if len(found) != 1:
        return None
    number = found[0].group()
    around = (text[: found[0].start()] + "#" + text[found[0].end() :]).strip()
    if any(c.isdigit() for c in around):
        return None
    written = "e" if "e" in number.lower() else "," if "," in number else ""
    return Spelt(float(number.replace(",", ".")), around + written)


def detect(study: Study) -> list[Evidence]:
    """Look at every text of numbers for rows that write them otherwise than the baseline."""
    found = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes) and name not in study.profile.types:
            got = _respelt(study, name, base, column)
            if got is not None:
                found.append(got)
    return found


def _respelt(study: Study, name: str, base: Codes, column: Codes) -> Evidence | None:
    was, spelt = [read(v) for v in base.names], [read(v) for v in column.names]
    usual = _usual(was, base.codes)
    if usual is None and study.own_reference:  # the early rows may be of the change themselves
        was, base = spelt, column.take(slice(0, len(column.codes) // 10))
        usual = _usual(was, base.codes)
    if usual is None:
        return None
    other = np.array([*(s is None or s.form != usual.form for s in spelt), True])[column.codes]
    flags = np.where(known(column), other, np.nan).astype(float)
    odd = np.array([s is None or s.form != usual.form for s in was])[base.codes[base.codes >= 0]]
    away = (float(odd.sum()) + 0.5) / len(odd)
    change = find_change(flags, reference=None if study.own_reference else (away, away, float(len(odd))))
    if not change.found or change.z < 6:
        return None
    inner = inside(change, len(flags))
    rows = inner & (flags == 1)
    now = _numbers(spelt, column.codes[rows])
    before = _numbers(was, base.codes)
    plain = usual.plain or np.mean([s.plain for c in column.codes[rows] if (s := spelt[c]) is not None] or [0.0]) > 0.5
    if not plain or min(len(now), len(before)) < _LEAST or len(now) < 0.9 * rows.sum():
        return None  # words took the place of numbers, or names of names
    far = ks_distance(before, now)
    if far > max(_ALIKE, 1.9 / float(np.sqrt(min(len(now), len(before))))):
        return None
    share = float(np.nanmean(flags[inner]))
    text = (
        f"{name} comes in another spelling in {percent(share)} of the rows {since(change)}, such as "
        f"'{column.names[column.codes[int(np.argmax(rows))]]}' for a number. The numbers in it are as before (KS "
        f"{far:.2f}), and a reader that knows one spelling takes the other for nothing."
    )
    return make(
        study, NAME, "schema_change", text, strength=1.0, z=change.z, change=change, rows=rows, effect=share,
        unit="share of rows", n=int(inner.sum()), features=[name],
        refutes=("new_category", "category_recoded", "bad_rollout", "covariate_shift", "concept_drift"),
    )  # fmt: skip


def _usual(spelt: Sequence[Spelt | None], codes: Ints) -> Spelt | None:
    """Give a value in the one spelling of nearly all rows, where they are numbers enough."""
    there = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(spelt))).tolist()
    if len({s.value for c in there if (s := spelt[c]) is not None}) < _NUMBERS:
        return None
    rows = [spelt[c] for c in codes[codes >= 0]]
    told = [s for s in rows if s is not None]
    if len(rows) < _LEAST:
        return None
    form, n = Counter(s.form for s in told).most_common(1)[0]
    return next(s for s in told if s.form == form) if n >= _NEARLY * len(rows) else None


def _numbers(spelt: Sequence[Spelt | None], codes: Ints) -> Floats:
    """Give the numbers in some rows; those of texts without one are left out."""
    values = np.array([*(np.nan if s is None else s.value for s in spelt), np.nan])[codes]
    out: Floats = values[~np.isnan(values)]
    return out
