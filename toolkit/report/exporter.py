"""``jupyter nbconvert --to postmortem`` and the export menu: any notebook as one offline page (floor 6).

It renders the cells itself and uses none of nbconvert's own templates, which load scripts from the network.
"""

from __future__ import annotations

import re
from typing import Any, Final

from markupsafe import Markup

from toolkit.notebooks.outcome import one_line
from toolkit.notebooks.quick import quick_import
from toolkit.report.cells import cell_html, joined
from toolkit.report.page import fill

_exporter = quick_import("nbconvert.exporters.exporter")
_traitlets = quick_import("traitlets")

_HEADING: Final = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TITLE: Final = re.compile(r"\s*<h1>(.*?)</h1>", re.DOTALL)


class PostmortemExporter(_exporter.Exporter):  # type: ignore[misc, name-defined]
    """One HTML file: no script, no request, code hidden, sanitised, in the style of a published postmortem."""

    export_from_notebook = "Postmortem"
    output_mimetype = "text/html"
    show_code = _traitlets.Bool(False, help="Show the code of each cell, folded.").tag(config=True)

    @_traitlets.default("file_extension")  # type: ignore[untyped-decorator]
    def _html(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[str, Any]:
        """Give the page of a notebook, and the resources as nbconvert wants them."""
        notebook, resources = super().from_notebook_node(nb, resources, **kw)
        pieces = [p for cell in notebook.cells for p in cell_html(cell, code=self.show_code) if p]
        title, body = _titled(Markup("\n").join(pieces))
        fallback = notebook.metadata.get("title") or resources.get("metadata", {}).get("name") or "Notebook"
        body, parts = _linked(body)
        page = fill(
            "notebook.html.j2", title=title or str(fallback), body=body, parts=parts, failure=_failure(notebook)
        )
        return page, resources


def _titled(body: Markup) -> tuple[str, Markup]:
    """Take the first heading out as the title of the page; later ones of its level become sections."""
    first = _TITLE.match(body)
    title = Markup(first.group(1)).striptags() if first else ""  # noqa: S704
    rest = str(body)[first.end() :] if first else str(body)
    return str(title), Markup(rest.replace("<h1>", "<h2>").replace("</h1>", "</h2>"))  # noqa: S704


def _linked(body: Markup) -> tuple[Markup, list[dict[str, str]]]:
    """Give every section heading an id of its own, whatever its language, and list them."""
    parts: list[dict[str, str]] = []

    def link(match: re.Match[str]) -> str:
        title = str(Markup(match.group(1)).striptags())  # noqa: S704
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:60] or "section"
        taken = {part["id"] for part in parts}
        name = next(n for n in (slug, *(f"{slug}-{i}" for i in range(2, 10_000))) if n not in taken)
        parts.append({"id": name, "title": title})
        return str(Markup('<h2 id="{}"><a href="#{}">{}</a></h2>').format(name, name, title))

    return Markup(_HEADING.sub(link, str(body))), parts  # noqa: S704


def _failure(nb: Any) -> str:
    """Say which cell of an executed notebook failed, or an empty string."""
    aborted = (nb.metadata.get("papermill") or {}).get("aborted")
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            if output.get("output_type") == "error":
                return one_line(f"{output.get('ename')}: {joined(output.get('evalue'))}")
    return one_line(str(aborted)) if aborted else ""
