"""What the toolkit itself says of each case, and the table of all of them (floor 7).

``python -m toolkit.drills.verdicts docs/case_studies.md`` writes the table again, and the fingerprints by which an
incident is held to the cases; names of cases after it diagnose only those anew. The verdict engine is measured here and
nowhere tuned: a miss stays in the table.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.drills import alike
from toolkit.drills.cases import Case, case, cases
from toolkit.errors import PostmortemError


@dataclass(frozen=True)
class Said:
    """What was said of one case: ``verdict`` as in the vocabulary.

    Or ``timeline`` where there is no log.
    """

    verdict: str
    mechanism: str | None
    confidence: float
    marks: Mapping[str, float] = field(default_factory=dict, compare=False)

    def grade(self, case: Case) -> str:
        """Give ``right``, ``accepted``, ``undetermined``, ``missed`` or, without a log, an empty text."""
        if self.verdict == "timeline":
            return ""
        if self.verdict == "undetermined":
            return "undetermined"
        if self.verdict == case.cause:
            return "right"
        return "accepted" if self.verdict in case.also_accepted else "missed"


def said_of(case: Case, workdir: str | Path, seed: int = 0) -> Said:
    """Run the toolkit's own diagnosis on a case; it is given the log, the reference, the roles and the events.

    Raises:
        PostmortemError: the log cannot be made or read.
    """
    from toolkit.api import diagnose
    from toolkit.store.search import fingerprint

    log = case.log_path(workdir)
    if log is None:
        return Said("timeline", None, 0.0)
    found = diagnose(log, reference=case.reference_path(workdir), roles=case.roles, events=case.events(), seed=seed)
    return Said(found.verdict, found.mechanism, found.confidence, fingerprint(found.record))


def table(said: Mapping[str, Said], library: Iterable[Case]) -> str:
    """Write the table of all cases in Markdown, hits and misses alike."""
    lines = [
        "# Case studies",
        "",
        "Written by `python -m toolkit.drills.verdicts docs/case_studies.md`; do not edit it. *Kind*: real data, a",
        "reconstruction that meets published figures, or an illustration. *The toolkit says* is its own verdict on the",
        "bundled log, misses included; a case without a log is a timeline. The truth is in each `case.toml`.",
        "",
        "| case | title | kind | level | cause: mechanism | also accepted | the toolkit says | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    grades: dict[str, int] = {}
    for study in library:
        truth = study.cause if study.mechanism is None else f"{study.cause}: {study.mechanism}"
        one = said.get(study.name)
        words, grade = ("", "") if one is None else (_words(one), one.grade(study))
        grades[grade] = grades.get(grade, 0) + 1
        also = ", ".join(study.also_accepted)
        cells = (f"`{study.name}`", study.title, study.kind, study.difficulty, truth, also, words, grade)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    total = ", ".join(f"{grades[g]} {g}" for g in ("right", "accepted", "undetermined", "missed") if g in grades)
    return "\n".join([*lines, "", f"With a log: {total}."]) + "\n"


def _words(one: Said) -> str:
    if one.verdict == "timeline":
        return "a timeline, no log"
    mechanism = f": {one.mechanism}" if one.mechanism else ""
    return f"{one.verdict}{mechanism} ({one.confidence:.0%})"


def kept(text: str) -> dict[str, Said]:
    """Read what a written table says of each case, so that a few cases can be diagnosed anew."""
    found = {}
    for line in text.splitlines():
        name, *cells = (cell.strip().strip("`") for cell in line.strip("|").split("|"))
        if len(cells) == 7 and cells[5] == "a timeline, no log":
            found[name] = Said("timeline", None, 0.0)
        elif len(cells) == 7 and (said := re.fullmatch(r"(\w+)(?:: (\w+))? \((\d+)%\)", cells[5])):
            found[name] = Said(said[1], said[2], int(said[3]) / 100)
    return found


def main(target: str, *names: str) -> None:
    """Diagnose every case, or those named, and write the table to ``target``."""
    library = cases()
    said = kept(Path(target).read_text(encoding="utf-8")) if names else {}
    with tempfile.TemporaryDirectory() as workdir:
        for one in [case(name) for name in names] or library:
            try:
                said[one.name] = said_of(one, workdir)
            except PostmortemError as error:
                said[one.name] = Said(f"refused: {error}", None, 0.0)
    Path(target).write_text(table(said, library), encoding="utf-8")
    alike.keep({name: one.marks for name, one in said.items() if one.marks})


if __name__ == "__main__":
    main(*sys.argv[1:])
