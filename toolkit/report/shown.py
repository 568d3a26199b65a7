"""A piece of text that shows itself in a notebook cell (floor 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from toolkit.report.prose import plain


@dataclass(frozen=True)
class Shown:
    """A piece of text that shows itself in a cell, as HTML and as plain text."""

    html: Markup
    text: str = ""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": str(self.html), "text/plain": self.text or plain(self.html)}


def note(text: str) -> Shown:
    """Give one sentence, e.g. why there is nothing to show."""
    return Shown(Markup("<p>{}</p>").format(text), text)
