"""How one version of a document differs from another (floor 6): what text, what numbers, what evidence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.report.recheck import same, told_apart

_SHOWN: Final = 2_000


@dataclass(frozen=True)
class Changes:
    """What changed: ``text`` as lines that begin with ``-`` or ``+`` under ``@ section``, the others a line each."""

    text: tuple[str, ...]
    numbers: tuple[str, ...]
    evidence: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.text or self.numbers or self.evidence)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    """Compare the data of two versions, the content of their postmortem.json."""
    return Changes(tuple(_text(old, new)), tuple(_numbers(old, new)), tuple(_evidence(old, new)))


def _text(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = _written(old), _written(new)
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, []), after.get(key, [])
        changed = [x for x in difflib.ndiff(was, now) if x[0] in "+-"]
        if changed:
            yield f"@ {key}"
            yield from (f"{x[0]} {x[2:].rstrip()[:_SHOWN]}" for x in changed)


def _written(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give what people wrote line by line; of a drafted section, its sentences without their numbers."""
    texts = {key: str(text).strip().splitlines() for key, text in data["prose"].items()}
    for section in data["sections"]:
        if section["id"] not in texts:
            known = {(c["reference"], c.get("form", "")): c["text"] for c in section["cites"]}
            texts[section["id"]] = [_bare(s, known) for s in section.get("sentences", ())]
    return texts


def _bare(sentence: Mapping[str, Any], known: Mapping[tuple[str, str], str]) -> str:
    text = str(sentence["text"])
    for reference, form in sentence["references"]:
        text = text.replace(" ".join(str(known[reference, form]).split()), f"{{{{{reference}}}}}", 1)
    return text


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = ({c["reference"]: c for s in d["sections"] for c in s["cites"]} for d in (old, new))
    for reference in before.keys() & after.keys():
        was, now = before[reference], after[reference]
        if not same(was["value"], now["value"]):
            shown = told_apart(str(was["text"]), str(now["text"]), was["value"], now["value"])
            yield f"{reference}: {shown[0]} -> {shown[1]}"


def _evidence(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    one, two = old.get("diagnosis") or {}, new.get("diagnosis") or {}
    for field in ("verdict", "mechanism", "onset"):
        if one.get(field) != two.get(field):
            yield f"{field}: {one.get(field)} -> {two.get(field)}"
    for word, before, after, title in (
        ("finding", one.get("findings", ()), two.get("findings", ()), "statement"),
        ("event", old["events"], new["events"], "text"),
        ("action", old["actions"], new["actions"], "summary"),
    ):
        was, now = ({x["id"]: x for x in items} for items in (before, after))
        for key in dict.fromkeys([*was, *now]):
            if key not in now:
                yield f"{word} {key} is gone: {was[key][title]}"
            elif key not in was:
                yield f"{word} {key} is new: {now[key][title]}"
            elif not same(was[key], now[key]):
                moved = [f for f in now[key] if not same(was[key].get(f), now[key][f])]
                yield f"{word} {key} changed in {', '.join(moved)}: {now[key][title]}"
    times = ("title", "severity", "occurred_at", "detected_at", "mitigated_at", "resolved_at")
    for field in times:
        if old["incident"].get(field) != new["incident"].get(field):
            yield f"{field}: {old['incident'].get(field)} -> {new['incident'].get(field)}"
