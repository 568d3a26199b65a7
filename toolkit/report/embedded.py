"""What the notebooks of an investigation showed, in the page (floor 6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from toolkit.notebooks.outcome import RunResult
from toolkit.report.cells import cell_html
from toolkit.report.tables import Table
from toolkit.report.text import visible

#: Templates whose content the page shows itself: of these only how they ran is told.
_OWN: Final = frozenset({"triage", "timeline", "root_cause", "impact", "postmortem", "live"})
_LONGEST: Final = 1_500_000


def run_table(runs: Sequence[RunResult]) -> Table:
    """Give how each notebook ran, as a table."""
    rows = tuple(
        (visible(r.template, 80), r.status, f"{r.seconds:.1f} s", r.cell, visible(r.reason, 300), r.path.name)
        for r in runs
    )
    return Table(("Notebook", "Status", "Time", "Failed cell", "Reason", "File"), rows, "How the notebooks ran")


def embedded(runs: Sequence[RunResult]) -> Markup:
    """Give the outputs of notebooks that add to the page, folded, without their code."""
    shown = [(run.template, notebook_html(run)) for run in runs if run.template not in _OWN]
    return Markup("\n").join(
        Markup('<details class="notebook"><summary>What {} shows</summary>{}</details>').format(visible(name, 80), body)
        for name, body in shown
        if body
    )


def notebook_html(run: RunResult) -> Markup:
    """Give the text and outputs of one executed notebook as safe HTML, cut where it is too large for the page."""
    try:
        cells = json.loads(run.path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return Markup("")
    kept, size = [], 0
    for piece in (piece for cell in cells for piece in cell_html(cell, shift=2)):
        size += len(piece)
        if size > _LONGEST:
            kept.append(Markup('<p class="note">The rest is too large for the page; it is in the notebook.</p>'))
            break
        kept.append(piece)
    return Markup("\n").join(kept)
