"""Personal data in a text, found by rules (floor 6): addresses, numbers and names.

Each rule has a mark that takes the place of what it found. What looks like a number of ours (a count, a date, a hash)
is told apart by its form and its check digits.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_EMAIL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|\s?\[at\]\s?|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b")
_CARD: Final = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){12,18}(?![\w]|[.,]\d)")
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


def _replacer(rule: Rule, found: list[Found]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if not rule.holds(match.group(0)):
            return match.group(0)
        found.append(Found(rule.name, match.group(0)))
        return rule.mark

    return replace


class Words:
    """Whole words and names to replace in texts, whatever their case and the spaces between them."""

    def __init__(self, rule: str, replacements: Mapping[str, str]) -> None:
        self.rule = rule
        self._by_key = {_key(word): mark for word, mark in replacements.items() if _key(word)}
        self._pattern = _any(self._by_key)
        # what a mark itself says, and words that a date is written with, may stand in a finished page
        own = " ".join(self._by_key.values()).lower()
        self._telling = _any([k for k in self._by_key if k not in _DATE_WORDS and not re.search(_whole(k), own)])

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


def _any(keys: Iterable[str]) -> re.Pattern[str] | None:
    """Give a pattern that finds any of some words, the longest first."""
    ranked = sorted(keys, key=len, reverse=True)
    return re.compile("|".join(map(_whole, ranked)), re.IGNORECASE) if ranked else None


def _key(word: str) -> str:
    return " ".join(word.lower().split())


def _whole(key: str) -> str:
    body = r"\s+".join(re.escape(part) for part in key.split())
    start, end = (r"(?<!\w)" if key[0].isalnum() else ""), (r"(?!\w)" if key[-1].isalnum() else "")
    return start + body + end


def names_and_parts(names: Sequence[str]) -> dict[str, str]:
    """Give every name of a list with its parts, so that a surname alone is found too; initials are too short."""
    parts = [part for name in names for part in name.split() if len(part.strip(".")) > 2]
    return dict.fromkeys([*names, *parts], "[name]")
