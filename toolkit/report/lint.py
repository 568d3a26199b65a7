"""What a document still lacks, and words that keep people from learning of it (floor 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from toolkit.notebooks.bundle import Bundle
from toolkit.report.evidence import REFERENCE
from toolkit.report.personal import Words, names_and_parts, without_personal
from toolkit.report.sections import SECTIONS
from toolkit.report.text import visible
from toolkit.vocabulary import CAUSES

#: Words that look for somebody to blame, with what to say in their place.
BLAME: Final = {
    r"careless(?:ly|ness)?|negligen(?:t|ce|tly)|incompeten(?:t|ce)|sloppy|lazy|stupid|reckless(?:ly)?": "say what made "
    "it the natural thing to do",
    r"(?:is|are|was|were) to blame|blames?d? (?:him|her|them|the)|at fault|(?:his|her|their) fault|fault of": "say "
    "what the system allowed",
    r"human error|operator error|user error": "say what the design asked of people",
    r"failed to|neglected to|forgot to|did not bother": "say what they saw and did instead",
}
#: Words that know the end of the story, with what to say in their place.
HINDSIGHT: Final = {
    r"should have|could have|ought to have|would have noticed|would have prevented": "say what was known then; make "
    "the wish an action item",
    r"obvious(?:ly)?|clearly|of course|in hindsight|if only|simply had to|just had to": "say what could be seen, "
    "and what hid it",
}
_COMMENT: Final = re.compile(r"<!--.*?-->|```.*?```|`[^`\n]*`", re.DOTALL)
_NUMBER: Final = re.compile(r"(?<![\w.:/#@-])\d[\d,.]*\d(?:\s?%)?(?![\w:/-])|(?<![\w.:/#@-])\d+\s?%")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Remark:
    """One thing to mend: where, by which rule, and what to do; ``serious`` ones are gaps, the rest is advice."""

    where: str
    rule: str
    said: str
    serious: bool = False

    @property
    def line(self) -> str:
        """The remark in one line."""
        return f"{self.where}: {self.said}"


def lint(bundle: Bundle, *, names: Sequence[str] = (), since: int = 0) -> list[Remark]:
    """Give what a document lacks and which words to think about; gaps first.

    ``names`` are people who must not be named; ``since`` counts the events that were recorded after the diagnosis.
    """
    found = [*_blank(bundle), *_actions(bundle), *_evidence(bundle, since)]
    for key, text in bundle.prose.items():
        found += _language(key, text, bundle, names)
    return sorted(found, key=lambda r: not r.serious)


def _blank(bundle: Bundle) -> Iterator[Remark]:
    for section in SECTIONS:
        for ask in section.asked(bundle):
            if not bundle.prose.get(ask.id, "").strip():
                yield Remark(ask.id, "blank", f"nothing is written yet. {ask.question}", serious=True)
    if not [e for e in bundle.events if not e.withdrawn]:
        yield Remark("timeline", "blank", "no event is recorded; `postmortem note` records one", serious=True)
    if bundle.incident.detected_at is None:
        yield Remark("detection", "blank", "when it was detected is not on record", serious=True)


def _actions(bundle: Bundle) -> Iterator[Remark]:
    if not bundle.actions:
        yield Remark("action-items", "no action", "no action item is recorded; `postmortem action add`", serious=True)
    for action in (a for a in bundle.actions if a.status == "open"):
        lacks = [word for word, there in (("an owner", action.owner), ("a date", action.due)) if not there]
        if lacks:
            name = f"action {visible(action.id or action.summary, 60)}"
            yield Remark(name, "action without owner or date", f"it has not {' and not '.join(lacks)}", serious=True)


def _evidence(bundle: Bundle, since: int) -> Iterator[Remark]:
    verdict = bundle.verdict
    if since:
        said = f"{since} event{'' if since == 1 else 's'} came after the diagnosis; investigate again"
        yield Remark("timeline", "events since the diagnosis", said)
    if verdict is None:
        yield Remark("root-cause", "cause without evidence", "the log was not diagnosed", serious=True)
        return
    if verdict.verdict in CAUSES:
        known = {f.id for f in verdict.findings}
        lines = [x for x in verdict.ledger if x.cause == verdict.verdict]
        if not any(known & set(x.supporting) for x in lines):
            yield Remark("root-cause", "cause without evidence", "no finding supports the named cause", serious=True)
    written = bundle.prose.get("root-cause", "")
    if written.strip() and not REFERENCE.search(written):
        said = "the text names a cause and cites nothing; cite a finding, e.g. {{ev.F01.effect}}"
        yield Remark("root-cause", "cause without evidence", said, serious=True)


def _language(key: str, text: str, bundle: Bundle, names: Sequence[str]) -> Iterator[Remark]:
    plain = _COMMENT.sub(lambda m: "\n" * m.group(0).count("\n"), text)
    people = [*names, bundle.incident.owner, *bundle.incident.roles.values(), *(a.owner for a in bundle.actions)]
    words = Words("person named", names_and_parts(names) | {p: "" for p in people if len(p.split()) > 1 or p in names})
    for no, line in enumerate(plain.splitlines(), 1):
        where = f"{key}, line {no}"
        for rule, patterns in (("blame", BLAME), ("hindsight", HINDSIGHT)):
            for pattern, instead in patterns.items():
                for match in re.finditer(rf"\b(?:{pattern})\b", line, re.IGNORECASE):
                    yield Remark(where, rule, f"“{match.group(0)}”: {instead}")
        bare = REFERENCE.sub("", line)
        if words.without(bare)[1]:
            yield Remark(where, "person named", "a person is named; a role says as much and blames nobody")
        for one in without_personal(bare)[1]:
            yield Remark(where, "personal data", f"there is a {one.rule} in the text", serious=True)
        for match in _NUMBER.finditer(bare):
            if not _YEAR.fullmatch(match.group(0)):
                said = f"{match.group(0)} is typed by hand; cite the record, so that it can be computed again"
                yield Remark(where, "number not cited", said)
