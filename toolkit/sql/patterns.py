"""Patterns of RE2 in the words of Java (floor 1), where the two read the same pattern in different ways."""

from __future__ import annotations

import re
from typing import Final

#: What RE2 means by a blank: Java's has the vertical tab as well.
_BLANK: Final = r"\t\n\f\r "
#: RE2 knows the edges of a word by ASCII alone.
_WORD: Final = "[0-9A-Za-z_]"
_EDGE: Final = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
#: What Java reads otherwise outside of brackets; its end may be before a last line feed.
_OUTSIDE: Final = {r"\s": f"[{_BLANK}]", r"\b": _EDGE, "$": r"\z"}
_PART: Final = re.compile(r"\\.|.", re.DOTALL)


def java(pattern: str) -> str:
    """Give the pattern of Java that matches what RE2 matches; a bracket within brackets must have a backslash.

    A dot is anything but a line feed.
    """
    made, within = "(?d)", False
    for part in _PART.findall(pattern):
        within = part == "[" or (within and part != "]")
        made += {r"\s": _BLANK}.get(part, part) if within else _OUTSIDE.get(part, part)
    return made


def java_by(by: str) -> str:
    r"""Give what is put for a match as Java writes it: ``$1`` for ``\1``."""
    return re.sub(r"\\(\d)", r"$\1", by.replace("$", r"\$"))
