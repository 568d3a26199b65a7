"""Numbers in a text as references into the record (floor 6).

Text cites ``{{ev.F03.effect}}``, ``{{harm.excess_errors}}``, ``{{ledger.unit_change.share}}``, ``{{lag.to_detect}}``; a
format may follow a bar: ``{{ev.F03.effect|percent}}``. The reference gives what is shown, where it comes from and how
to compute it again. Values that come from a log enter a text in this way alone, so they are never read as markup.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.report import words
from toolkit.report.cited import Cited, anchor_of
from toolkit.report.resolvers import HEADS
from toolkit.report.text import visible

__all__ = ["REFERENCE", "Cited", "anchor_of", "cite", "has", "known_references", "references"]

REFERENCE: Final = re.compile(r"\{\{([^{}\n]*)\}\}")

_FORMATS: Final[dict[str, Callable[[Any], str]]] = {
    "percent": lambda v: words.percent(float(v)),
    "int": lambda v: words.number(round(float(v))),
    "number": lambda v: words.number(float(v)),
    "date": lambda v: words.day(v),
    "time": lambda v: words.time(v),
    "duration": lambda v: words.duration(float(v)),
    "words": lambda v: words.name(v),
    "capital": words.capital,
    "size": lambda v: words.number(abs(float(v))),
}


def cite(bundle: Bundle, reference: str, *, where: str = "") -> Cited:
    """Resolve one reference (without its braces).

    Raises:
        RenderError: there is nothing of that name in the record, or the format does not fit; says what there is.
    """
    path, _, form = (part.strip() for part in reference.partition("|"))
    head, _, rest = path.partition(".")
    if head not in HEADS:
        raise RenderError(
            f"unknown evidence {visible(path, 80)!r}", where=where, fix=f"begin with one of {', '.join(HEADS)}"
        )
    found = HEADS[head](bundle, rest)
    if isinstance(found, str):
        raise RenderError(f"unknown evidence {visible(path, 80)!r}", where=where, fix=found)
    found = dataclasses.replace(found, reference=path, form=form)
    if not form:
        return found
    if form not in _FORMATS:
        raise RenderError(f"unknown format {visible(form, 40)!r}", where=where, fix=f"use one of {', '.join(_FORMATS)}")
    if found.value is None:
        return dataclasses.replace(found, text=words.UNKNOWN)
    try:
        return dataclasses.replace(found, text=_FORMATS[form](found.value))
    except (TypeError, ValueError, AttributeError):
        raise RenderError(
            f"{visible(path, 80)} cannot be shown as {form}", where=where, fix="leave the format out"
        ) from None


def has(bundle: Bundle, reference: str) -> bool:
    """Whether the record holds a value for a reference."""
    try:
        return cite(bundle, reference).value not in (None, "", ())
    except RenderError:
        return False


def references(text: str) -> list[tuple[int, str]]:
    """Give every reference of a text with its line, counted from 1."""
    return [(no, m.group(1)) for no, line in enumerate(text.splitlines(), 1) for m in REFERENCE.finditer(line)]


def known_references(bundle: Bundle) -> Sequence[str]:
    """List references that a writer can use, for completion: the fields that hold a value."""
    fields = ("effect", "interval", "n", "onset", "statement")
    listed = [f"ev.{f.id}.{x}" for f in bundle.findings for x in fields]
    listed += [f"harm.{x}" for x in ("metric", "expected", "observed", "excess_errors", "n")]
    lines = bundle.verdict.ledger if bundle.verdict else ()
    listed += [f"ledger.{x.mechanism or x.cause}.share" for x in lines]
    listed += [f"lag.{x}" for x in bundle.incident.lags]
    listed += [f"incident.{x}" for x in ("occurred_at", "detected_at", "mitigated_at", "resolved_at")]
    return [reference for reference in listed if has(bundle, reference)]
