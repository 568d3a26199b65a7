"""A cited value: what it is, what it rests on, and how it shows itself (floor 6)."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from toolkit.records import iso
from toolkit.report.text import visible

#: Letters of a number that is kept on one line.
_SHORT: Final = 14


@dataclass(frozen=True)
class Cited:
    """What a reference stands for: the value, its text, the finding it rests on, and how to compute it again.

    ``interval`` and ``n`` are of the value where it has them; ``anchor`` is the id of the evidence on the page;
    ``form`` is the format that was asked for after the bar.
    """

    reference: str
    value: Any
    text: str
    source: str
    anchor: str = ""
    finding: str = ""
    query: str = ""
    interval: str = ""
    n: int | None = None
    form: str = ""

    @property
    def provenance(self) -> str:
        """One line that says what the number is, from what, over how many rows."""
        parts = [self.source]
        if self.interval:
            parts.append(f"95 % interval {self.interval}")
        if self.n:
            parts.append(f"n = {self.n:,}")
        if self.query:
            parts.append(f"query: {visible(self.query, 160)}")
        return " · ".join(parts)

    def html(self, *, linked: bool = True) -> Markup:
        """Give the number as a link to its evidence, with where it comes from on hover, focus and tap.

        ``linked=False`` is for a notebook, which has no such place to go to: the text with a plain tooltip.
        """
        if not linked:
            return Markup('<span title="{}">{}</span>').format(self.provenance, self.text)
        if not self.anchor:
            return Markup('<span class="fact">{}</span>').format(self.text)
        counted = isinstance(self.value, int | float) and len(self.text) <= _SHORT
        told = isinstance(self.value, str) and len(self.text) > _SHORT
        short = Markup(" num") if counted else Markup(" said") if told else ""
        return Markup('<a class="ev{}" href="#{}" data-tip="{}">{}</a>').format(
            short, self.anchor, self.provenance, self.text
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the citation as JSON values."""
        return {**{f.name: getattr(self, f.name) for f in dataclasses.fields(self)}, "value": self.plain}

    @property
    def plain(self) -> str | int | float | None:
        """The value as JSON has it."""
        value = iso(self.value) if isinstance(self.value, datetime) else self.value
        return value if isinstance(value, str | int | float) or value is None else visible(value)


def slug(key: str) -> str:
    """Give a key as part of an id on the page."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", key)[:60]


def anchor_of(kind: str, key: str) -> str:
    """Give the id of a finding's or an event's place on the page."""
    return f"{kind}-{slug(key)}"
