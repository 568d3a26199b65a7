"""Text from a log made safe to look at (floor 6).

Escaping keeps markup from running; this keeps text from lying: terminal codes, right-to-left overrides and invisible
characters are shown as what they are, and a megabyte is cut to a length that a page can hold.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

#: Longest text that a page shows of one value.
LONGEST: Final = 2_000
#: Longest text that a table cell shows.
CELL: Final = 240
#: Longest text that a plot label shows.
LABEL: Final = 34

#: Characters that do not show, or move those around them.
HIDDEN: Final = frozenset(
    {0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029}
    | set(range(0x202A, 0x202F))
    | set(range(0x2060, 0x2070))
    | {0x3164, 0xFEFF, 0xFFA0}
    | set(range(0xFFF0, 0xFFFC))
    | set(range(0xE0000, 0xE0080))
)
_PLAIN: Final = re.compile(r"[\x20-\x7e\n]*")


def visible(value: Any, limit: int = LONGEST) -> str:
    """Give a value as text in which every character shows, cut after ``limit`` characters with a note of the rest."""
    text = value if isinstance(value, str) else str(value)
    cut = text[:limit]
    shown = cut if _PLAIN.fullmatch(cut) else "".join(_show(c) for c in cut)
    return shown if len(text) <= limit else f"{shown}… (+{len(text) - limit:,} characters)"


def label(value: Any, limit: int = LABEL) -> str:
    """Give a value as one short line for a plot: no line breaks, the end cut off with an ellipsis."""
    line = " ".join(visible(value, limit * 4).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _show(char: str) -> str:
    """Show one character, or what it is where it would not show or would move others."""
    code = ord(char)
    if char in "\n\t":
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in HIDDEN or 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or 0xE000 <= code < 0xF900:
        return f"⟨U+{code:04X}⟩"
    if unicodedata.category(char) == "Cn":
        return f"⟨U+{code:04X}⟩"
    return char
