"""Leave out of a record what an audience must not see, and say what was left out without saying what it was (floor 6).

The record itself is redacted before anything is drawn, so that titles, plots, text alternatives, tables and the data
beside the page can only hold what is left. ``check_clean`` then reads the finished files: what slipped through stops
the publication.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.report.audiences import for_audience
from toolkit.report.personal import Found, Words, names_and_parts, parts_of_people, plainly, unmarked, without_personal
from toolkit.report.policy import Policy
from toolkit.report.small_cells import suppressed
from toolkit.report.withheld import free_text_columns, without_free_text, without_internal
from toolkit.vocabulary import (
    ACTION_KINDS,
    ACTION_STATUSES,
    CAUSE_OF,
    EVENT_KINDS,
    INCIDENT_KINDS,
    ROLES,
    SEVERITIES,
    STATUSES,
    VERDICTS,
)

_OURS: Final = frozenset(
    {*CAUSE_OF, *VERDICTS, *EVENT_KINDS, *INCIDENT_KINDS, *SEVERITIES, *STATUSES, *ACTION_KINDS, *ACTION_STATUSES}
    | {*ROLES, "supports", "refutes", "silent", "not_testable", "unexplained", "off_support", "toolkit.diagnosis/1"}
)
#: Ids and times as we write them: no rule is for these.
_PLAIN: Final = re.compile(r"[A-Z]{1,4}-?\d{1,9}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|[0-9a-f]{64}")
#: What tells a name that somebody coined from a word of the language, and from a day, as which files are often named.
_COINED: Final = re.compile(r"(?=.*[^\W\d_]).*(?:[\d_-]|[a-z][A-Z])")
_BLANK: Final = re.compile(r"\n{3,}")
_REFERENCE: Final = re.compile(r"(\{\{[^{}\n]*\}\})")
#: Where in a document something was left out, by the file of the bundle that it came from.
_WHERE: Final = {
    "incident.json": "the incident's record", "events.json": "events", "actions.json": "action items",
    "diagnosis.json": "findings and verdict", "series.json": "metrics, groups and columns",
    "document.json": "written text",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the redaction ledger: by which rule, where, and how often; never what."""

    rule: str
    where: str
    times: int


@dataclass
class Redacted:
    """A record as an audience may see it; ``entries`` is the ledger, ``words`` what must not be in any file."""

    bundle: Bundle
    entries: list[Entry] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    policy: Policy = field(default_factory=Policy)


def redacted(bundle: Bundle, policy: Policy) -> Redacted:
    """Give the record as ``policy`` lets it be seen; for the team, all of it.

    Raises:
        RenderError: a block of the text is for no audience, or does not end.
    """
    shown = replace(bundle, prose={k: for_audience(v, policy.audience, where=k) for k, v in bundle.prose.items()})
    if policy.open:
        return Redacted(shown, policy=policy)
    # how long a block was that others do not see is not told either
    shown = replace(shown, prose={k: _BLANK.sub("\n\n", v) for k, v in shown.prose.items()})
    counts: Counter[tuple[str, str]] = Counter()
    columns = free_text_columns(bundle, policy)
    shown = without_free_text(shown, columns, counts)
    shown = suppressed(shown, policy.smallest, counts)
    words = list(_words(bundle, policy))
    parts = shown.parts()
    for name, part in parts.items():
        found: list[Found] = []
        parts[name] = _clean(part, policy, words, found)
        counts.update((f.rule, _WHERE[name]) for f in found)
    shown = without_internal(Bundle.of_parts(parts), policy, counts)
    entries = [Entry(rule, where, times) for (rule, where), times in sorted(counts.items())]
    return Redacted(shown, entries, words, policy)


def _words(bundle: Bundle, policy: Policy) -> Iterator[Words]:
    """Give the words that a policy replaces: those of the house, listed names, people on record, internal names."""
    if policy.words:
        yield Words("word of the house", policy.words)
    if policy.names:
        yield Words("name of a person", names_and_parts(policy.names))
    if policy.people:
        yield Words("name of somebody on record", _people(bundle))
        yield Words("name of somebody on record", parts_of_people(_people(bundle)), exact=True)
    if policy.internal:
        yield Words("internal name", _internal(bundle))


def _people(bundle: Bundle) -> dict[str, str]:
    incident = bundle.incident
    known = {a.owner: "[an owner]" for a in bundle.actions} | {e.actor: "[a person]" for e in bundle.events}
    known |= {incident.owner: "[the owner]"} | {name: f"[the {role}]" for role, name in incident.roles.items()}
    return {name: mark for name, mark in known.items() if len(name.strip()) > 1}


def _internal(bundle: Bundle) -> dict[str, str]:
    """Map the names of model, versions, data set and files to what they are; also without version and ending."""
    verdict, incident = bundle.verdict, bundle.incident
    versions = dict.fromkeys(verdict.model_versions if verdict else ())
    versions |= dict.fromkeys(v for f in bundle.findings for v in f.model_versions)
    names = {str(v): f"[version {i}]" for i, v in enumerate(versions, 1)}
    files = (verdict.log.get("files") or {}) if verdict else {}
    if isinstance(files, Mapping):
        names |= {str(name): "[a file of the log]" for name in files}
    named = {str((verdict.log if verdict else {}).get("name") or ""): "[the log]"}
    named |= {incident.dataset: "[the training data]", incident.model: "[the model]"}
    whole = names | named
    stems = {re.split(r"[@:]|\.\w{2,8}$", k)[0]: v for k, v in whole.items() if v not in names.values() or "." in k}
    own = {k: v for k, v in stems.items() if len(k) > 3 and _COINED.search(k) and k not in whole}
    return {k: v for k, v in (own | whole).items() if len(k.strip()) > 2 and k.lower() not in {"model", "log"}}


def _clean(value: Any, policy: Policy, words: Sequence[Words], found: list[Found]) -> Any:
    """Clean every text of JSON values, keys included."""
    if isinstance(value, str):
        return clean_text(value, policy, words, found)
    if isinstance(value, Mapping):
        return {_clean(str(k), policy, words, found): _clean(v, policy, words, found) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(v, policy, words, found) for v in value]
    return value


def clean_text(text: str, policy: Policy, words: Sequence[Words], found: list[Found]) -> str:
    """Clean one text; references into the record stay what they are."""
    if text in _OURS or _PLAIN.fullmatch(text):
        return text
    return "".join(
        piece if i % 2 else _piece(piece, policy, words, found) for i, piece in enumerate(_REFERENCE.split(text))
    )


def _piece(text: str, policy: Policy, words: Sequence[Words], found: list[Found]) -> str:
    """Clean a text, then each line of it as it reads without the marks of Markdown, where that tells more."""
    lines = _cleaned(plainly(text), policy, words, found).split("\n")
    for i, line in enumerate(lines):
        bare = unmarked(line)
        more: list[Found] = []
        if bare != line and (told := _cleaned(bare, policy, words, more)) and more:
            lines[i] = told
            found += more
    return "\n".join(lines)


def _cleaned(text: str, policy: Policy, words: Sequence[Words], found: list[Found]) -> str:
    if policy.personal:
        text, gone = without_personal(text)
        found += gone
    for one in words:
        text, gone = one.without(text)
        found += gone
    return text


def check_clean(files: Mapping[str, bytes], made: Redacted) -> None:
    """Read finished files once more for what must not be in them.

    Raises:
        RenderError: something is; the message says which rule and which file, not what.
    """
    if made.policy.open:
        return
    for name, content in files.items():
        text = re.sub(r"<style>.*?</style>", "", content.decode("utf-8", "replace"), flags=re.DOTALL)
        text = html.unescape(_INLINE.sub("", text))
        left = [one.rule for one in made.words for _ in one.left_in(text)]
        left += [f.rule for f in without_personal(_SVG.sub("", text))[1]] if made.policy.personal else []
        if left:
            what = f"the document for the {made.policy.audience} would still show a {left[0]}"
            raise RenderError(what, where=name, fix="take it out of the text, or report this; nothing was written")


#: Tags that do not part what stands on their sides.
_INLINE: Final = re.compile(r"</?(?:strong|em|code|del|sub|sup|span|b|i)\b[^<>]*>")
#: Coordinates of drawings are numbers only.
_SVG: Final = re.compile(r'\b(?:d|transform|points|viewBox|x|y|x1|x2|y1|y2|width|height|style)="[^"]*"')
