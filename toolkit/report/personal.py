"""Personal data in a text, found by rules (floor 6): addresses, numbers and names.

Each rule has a mark that takes the place of what it found. What looks like a number of ours (a count, a date, a hash)
is told apart by its form and its check digits.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from toolkit.report.text import HIDDEN

_EMAIL: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|\s?[\[({]\s?at\s?[\])}]\s?|%40)[\w-]+(?:(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)[\w-]+)+",
    re.IGNORECASE,
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b", re.IGNORECASE)
_CARD: Final = re.compile(r"(?<![\w.,])(?:\d(?:[ -]?\d){12,18}|\d{4}(?:\.\d{4}){3})(?![\w]|[.,]\d)")
_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6: Final = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_SSN: Final = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_PHONE: Final = re.compile(
    r"(?<![\w.,+-])(?:"
    r"(?:\+|00)\d{1,3}(?:[ .\u2011-]?\(?\d{1,5}\)?){2,5}"  # international
    r"|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}"  # ten digits in groups
    r"|\(?0\d{1,4}\)?(?:[ /.-]\d{2,5}){1,4}|0\d{9,10}"  # national, with its leading zero
    r")(?![\w])"
)
#: Names that are words of a date too: in a finished page they are told apart by nobody.
_DATE_WORDS: Final = frozenset({"april", "may", "june", "august"})
#: Words of a name that is not a person's but a team's.
_TEAMS: Final = frozenset(
    {"team", "desk", "group", "data", "platform", "ops", "operations", "engineering", "science", "risk", "support"}
    | {"service", "services", "office", "unit", "model", "models", "ml", "ai", "call", "oncall", "on-call", "committee"}
    | {"board", "department", "lab", "product", "security", "research"}
)
_PERSON: Final = re.compile(r"[^\W\d_a-z][\w'\u2019.-]+(?: [^\W\d_a-z][\w'\u2019.-]*){1,3}")
_GAP: Final = re.compile(r"(?<=[^\W\d_])[\s._-]+(?=[^\W_])|(?<=\d)[\s._-]+(?=[^\W\d_])")
#: What Markdown puts around and between letters.
_MARKS: Final = re.compile(r"[*`~\\]|__")
_DATE: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d")


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    doubled = (d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return sum(bool(part) for part in re.split("[:.]", text)) > 2


def _phone(text: str) -> bool:
    return 9 <= sum(c.isdigit() for c in text) <= 15 and not _DATE.match(text)


@dataclass(frozen=True)
class Rule:
    """A kind of personal data: its name, how it is found, what else must hold, and the mark that replaces it."""

    name: str
    pattern: re.Pattern[str]
    mark: str
    holds: Callable[[str], bool] = lambda _: True


RULES: Final = (
    Rule("e-mail address", _EMAIL, "[e-mail address]"),
    Rule("bank account", _IBAN, "[bank account]", _iban),
    Rule("card number", _CARD, "[card number]", _luhn),
    Rule("IP address", _IPV4, "[IP address]", _address),
    Rule("IP address", _IPV6, "[IP address]", _address),
    Rule("social security number", _SSN, "[identity number]"),
    Rule("telephone number", _PHONE, "[telephone number]", _phone),
)


@dataclass(frozen=True)
class Found:
    """Something that was taken out of a text: which rule, and what it was (never shown)."""

    rule: str
    was: str


def without_personal(text: str) -> tuple[str, list[Found]]:
    """Replace personal data in a text by marks that say what kind it was."""
    found: list[Found] = []
    for rule in RULES:
        text = rule.pattern.sub(_replacer(rule, found), text)
    return text, found


def plainly(text: str) -> str:
    """Give text without characters that do not show, and letters in their usual form: nothing hides between them."""
    whole = unicodedata.normalize("NFC", text)
    if whole.isascii():
        return whole
    wide = (unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else c for c in whole if ord(c) not in HIDDEN)
    return "".join(wide)


def unmarked(line: str) -> str:
    """Give a line of Markdown without the marks that can stand inside of a word."""
    return _MARKS.sub("", line)


def _replacer(rule: Rule, found: list[Found]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if not rule.holds(match.group(0)):
            return match.group(0)
        found.append(Found(rule.name, match.group(0)))
        return rule.mark

    return replace


class Words:
    """Whole words and names to replace in texts, whatever their case and what stands between their parts.

    ``exact`` heeds the case, for words that are a name or not by it; those are not looked for in a finished page.
    """

    def __init__(self, rule: str, replacements: Mapping[str, str], *, exact: bool = False) -> None:
        self.rule = rule
        words = {plainly(" ".join(word.split())): mark for word, mark in replacements.items() if word.strip()}
        self._by_key = {_key(word): mark for word, mark in words.items()}
        self._pattern = _any(words, exact=exact)
        # what a mark itself says, and words that a date is written with, may stand in a finished page
        own = " ".join(self._by_key.values()).lower()
        telling = [w for w in words if w.lower() not in _DATE_WORDS and not re.search(_whole(w.lower()), own)]
        self._telling = None if exact else _any(telling)

    def without(self, text: str) -> tuple[str, list[Found]]:
        """Replace them in a text."""
        if self._pattern is None:
            return text, []
        found: list[Found] = []

        def replace(match: re.Match[str]) -> str:
            found.append(Found(self.rule, match.group(0)))
            return self._by_key[_key(match.group(0))]

        return self._pattern.sub(replace, text), found

    def left_in(self, text: str) -> Iterator[str]:
        """Give what of them still stands in a text."""
        if self._telling is not None:
            yield from (m.group(0) for m in self._telling.finditer(text))


def _any(words: Iterable[str], *, exact: bool = False) -> re.Pattern[str] | None:
    """Give a pattern that finds any of some words, the longest first."""
    ranked = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(_whole, ranked)), 0 if exact else re.IGNORECASE) if ranked else None


def _key(word: str) -> str:
    """Give what a word is told by: its letters and digits."""
    return "".join(c for c in word.lower() if c.isalnum()) or "".join(word.split())


def _whole(word: str) -> str:
    """Give the pattern of a whole word: ``Ada King`` is found as ``ada.king`` and ``AdaKing`` too."""
    body = r"[\s._-]{0,3}".join(re.escape(part) for part in _GAP.split(word))
    start, end = (r"(?<![^\W_])" if word[0].isalnum() else ""), (r"(?![^\W_])" if word[-1].isalnum() else "")
    return start + body + end


def names_and_parts(names: Sequence[str]) -> dict[str, str]:
    """Give every name of a list with its parts, so that a surname alone is found too; initials are too short."""
    parts = [part for name in names for part in name.split() if len(part.strip(".")) > 2]
    return dict.fromkeys([*names, *parts], "[name]")


def parts_of_people(known: Mapping[str, str]) -> dict[str, str]:
    """Give the first names and surnames of those on record who are people by the look of their names, not teams."""
    people = {n: m for n, m in known.items() if _PERSON.fullmatch(n) and not _TEAMS & set(n.lower().split())}
    return {part: mark for name, mark in people.items() for part in name.split() if len(part.strip(".")) > 2}
