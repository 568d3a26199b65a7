"""Who may see what (floor 6): for each audience what is left out of a document, and which sections each kind has.

``redaction.toml`` beside the store adds to the rules: names of people, words of the house, columns of free text, and
whether sampled rows may be frozen with a document.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.report.text import visible
from toolkit.vocabulary import AUDIENCES, DOCUMENT_KINDS

#: The file with a house's own rules, in the folder of incidents.
FILE: Final = "redaction.toml"
#: Cells of fewer rows than this are not shown outside the team, unless redaction.toml says otherwise.
SMALLEST_CELL: Final = 10

#: The sections of a document that is not the whole report.
SECTIONS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "executive": ("summary", "impact", "root-cause", "resolution", "action-items"),
    "initial": ("summary", "impact", "timeline", "detection", "resolution", "action-items"),
}


@dataclass(frozen=True)
class Policy:
    """What an audience does not see.

    ``personal``: e-mail addresses, telephone and card numbers, IP addresses, names of the list; ``people``: the names
    of those who took part become their roles; ``internal``: names of models, versions, files and data sets are mapped,
    sources and queries left out; ``smallest``: cells of fewer rows are suppressed (0: none); ``free_text``: columns
    whose values may be shown although they are free text. ``names``, ``words`` and ``columns`` are the house's own.
    """

    audience: str = "team"
    personal: bool = False
    people: bool = False
    internal: bool = False
    smallest: int = 0
    names: tuple[str, ...] = ()
    words: Mapping[str, str] | None = None
    columns: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether everything is shown."""
        return self.audience == "team"


POLICIES: Final[Mapping[str, Policy]] = {
    "team": Policy(),
    "leadership": Policy("leadership", personal=True, smallest=SMALLEST_CELL),
    "public": Policy("public", personal=True, people=True, internal=True, smallest=SMALLEST_CELL),
    "regulator": Policy("regulator", personal=True, people=True, smallest=SMALLEST_CELL),
}


def policy_for(audience: str, folder: Path | None = None) -> Policy:
    """Give the rules for an audience, with those of ``redaction.toml`` in a folder where there is one.

    Raises:
        RenderError: there is no such audience, or the file cannot be read or holds a key that is none of ours.
    """
    if audience not in POLICIES:
        what = f"there is no audience {visible(audience, 40)!r}"
        raise RenderError(what, fix=f"use one of {', '.join(AUDIENCES)}")
    base = POLICIES[audience]
    if base.open or folder is None or not (folder / FILE).is_file():
        return base
    return _with_own(base, folder / FILE)


def _own(file: Path) -> dict[str, Any]:
    try:
        own = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RenderError(f"the rules cannot be read: {error}", where=str(file), fix="write it as TOML") from None
    kinds = {"names": list, "free_text": list, "smallest_cell": int, "words": dict, "freeze_sample": bool}
    for key, value in own.items():
        if type(value) is not kinds.get(key):
            fix = "use names = [], free_text = [], smallest_cell = 10, freeze_sample = true and [words]"
            raise RenderError(f"{key[:40]!r} is no rule, or of another kind", where=str(file), fix=fix)
    return own


def _with_own(base: Policy, file: Path) -> Policy:
    own = _own(file)
    return replace(
        base,
        names=tuple(str(n) for n in own.get("names", ())),
        columns=tuple(str(c) for c in own.get("free_text", ())),
        words={str(k): str(v) for k, v in own.get("words", {}).items()},
        smallest=max(int(own.get("smallest_cell", base.smallest)), 0),
    )


def keeps_rows(folder: Path) -> bool:
    """Whether the house lets sampled rows of a log be kept and frozen: ``freeze_sample = true`` in redaction.toml.

    Raises:
        RenderError: the file cannot be read.
    """
    return (folder / FILE).is_file() and _own(folder / FILE).get("freeze_sample") is True


def check_kind(kind: str) -> None:
    """See that a kind of document is one of ours.

    Raises:
        RenderError: it is not.
    """
    if kind not in DOCUMENT_KINDS:
        raise RenderError(f"there is no document {visible(kind, 40)!r}", fix=f"use one of {', '.join(DOCUMENT_KINDS)}")
