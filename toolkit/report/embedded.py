"""What the notebooks of an investigation showed, in the page (floor 6)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from toolkit.notebooks.outcome import RunResult
from toolkit.report.prose import sanitise
from toolkit.report.tables import Table
from toolkit.report.text import visible

#: Templates whose content the page shows itself: only how they ran is told.
_OWN: Final = frozenset({"triage", "timeline", "root_cause", "impact", "postmortem", "live"})
_PICTURES: Final = ("image/svg+xml", "image/png", "image/jpeg")
_LONGEST: Final = 1_500_000


def run_table(runs: Sequence[RunResult]) -> Table:
    """Give how each notebook ran, as a table."""
    rows = tuple(
        (visible(r.template, 80), r.status, f"{r.seconds:.1f} s", r.cell or "", visible(r.reason, 300), r.path.name)
        for r in runs
    )
    return Table(("Notebook", "Status", "Time", "Failed cell", "Reason", "File"), rows, "How the notebooks ran")


def embedded(runs: Sequence[RunResult]) -> Markup:
    """Give the outputs of notebooks that add to the page, folded, without their code."""
    shown = [r for r in runs if r.template not in _OWN]
    return Markup("\n").join(
        Markup('<details class="notebook"><summary>What {} shows</summary>{}</details>').format(r.template, body)
        for r in shown
        if (body := notebook_html(r))
    )


def notebook_html(run: RunResult) -> Markup:
    """Give the text and outputs of one executed notebook as safe HTML."""
    try:
        nb = json.loads(run.path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Markup("")
    pieces = [piece for cell in nb.get("cells", ()) for piece in _cell(cell)]
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > _LONGEST:
            kept.append(Markup('<p class="note">The rest is too large for the page; it is in the notebook.</p>'))
            break
        kept.append(piece)
    return Markup("\n").join(kept)


def _cell(cell: Mapping[str, Any]) -> Iterator[Markup]:
    if {"papermill-error-cell-tag", "parameters", "injected-parameters"} & set(
        cell.get("metadata", {}).get("tags", ())
    ):
        return
    if cell.get("cell_type") == "markdown":
        yield _markdown(_joined(cell.get("source")))
    for output in cell.get("outputs", ()):
        yield _output(output)


def _output(output: Mapping[str, Any]) -> Markup:
    """Give one output in the richest form that is safe."""
    if output.get("output_type") == "stream":
        return Markup("<pre>{}</pre>").format(visible(_joined(output.get("text")), 10_000))
    if output.get("output_type") == "error":
        return Markup('<p class="failed">{}: {}</p>').format(
            visible(output.get("ename"), 80), visible(output.get("evalue"), 400)
        )
    data = output.get("data", {})
    alt = next((m["alt"] for m in output.get("metadata", {}).values() if isinstance(m, Mapping) and m.get("alt")), "")
    if "text/html" in data:
        return Markup(sanitise(_joined(data["text/html"]), images=True))  # noqa: S704
    for kind in _PICTURES:
        if kind in data:
            return _picture(kind, _joined(data[kind]), visible(alt or _joined(data.get("text/plain", "")), 1_000))
    if "text/markdown" in data:
        return _markdown(_joined(data["text/markdown"]))
    return Markup("<pre>{}</pre>").format(visible(_joined(data.get("text/plain", "")), 10_000))


def _picture(kind: str, data: str, alt: str) -> Markup:
    body = base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else "".join(data.split())
    return Markup('<figure><img src="data:{};base64,{}" alt="{}"></figure>').format(kind, body, alt)


def _markdown(text: str) -> Markup:
    import mistune

    html = str(mistune.create_markdown(escape=True, plugins=["table"])(visible(text, 100_000)))
    for level in (3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 2}>").replace(f"</h{level}>", f"</h{level + 2}>")
    return Markup(sanitise(html))  # noqa: S704


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


__all__ = ["embedded", "notebook_html", "run_table"]
