"""The cells of any notebook as safe HTML: text and outputs, without code (floor 6)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from markupsafe import Markup

from toolkit.report.prose import sanitise
from toolkit.report.text import visible

_PICTURES: Final = ("image/svg+xml", "image/png", "image/jpeg")
#: Tags of cells that a reader does not need; the last three are ours and papermill's own marks.
_HIDDEN: Final = frozenset(
    {"remove-cell", "remove_cell", "parameters", "injected-parameters", "papermill-error-cell-tag", "live-only"}
)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_HEADING: Final = re.compile(r"<(/?)h([1-6])\b")
_SVG: Final = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg\b", re.DOTALL)
#: How PNG and JPEG begin, in base64.
_MAGIC: Final = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/"}
_LONGEST_TEXT: Final = 10_000


def cell_html(cell: Mapping[str, Any], *, shift: int = 0, code: bool = False) -> Iterator[Markup]:
    """Give the pieces of one cell; headings move down by ``shift`` levels, ``code`` shows the source folded."""
    tags = set(cell.get("metadata", {}).get("tags", ()))
    if tags & _HIDDEN:
        return
    kind, source = cell.get("cell_type"), joined(cell.get("source"))
    if kind == "markdown":
        yield markdown_html(source, shift=shift)
    elif kind == "code":
        if code and source.strip():
            shown = Markup('<details class="query"><summary>Code</summary><pre>{}</pre></details>')
            yield shown.format(visible(source, _LONGEST_TEXT))
        if not tags & {"remove-output", "remove_output"}:
            yield from (output_html(output) for output in cell.get("outputs", ()))


def output_html(output: Mapping[str, Any]) -> Markup:
    """Give one output in the richest form that is safe; scripts, widgets and the like become their text."""
    kind = output.get("output_type")
    if kind == "stream":
        return _text(output.get("text"))
    if kind == "error":
        said = f"{output.get('ename')}: {output.get('evalue')}"
        return Markup('<p class="failed"><strong>This cell failed.</strong> {}</p>').format(visible(said, 600))
    data = output.get("data", {})
    if "text/html" in data:
        return Markup(sanitise(joined(data["text/html"]), images=True))  # noqa: S704
    for picture in _PICTURES:
        if picture in data:
            return _picture(picture, joined(data[picture]), _alt(output))
    if "text/markdown" in data:
        return markdown_html(joined(data["text/markdown"]), shift=2)
    return _text(data.get("text/plain"))


def markdown_html(text: str, *, shift: int = 0) -> Markup:
    """Give Markdown as safe HTML with its headings moved down; raw HTML in it is shown as text."""
    import mistune

    html = str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(visible(text, 200_000)))
    moved = _HEADING.sub(lambda m: f"<{m.group(1)}h{min(6, int(m.group(2)) + shift)}", html)
    return Markup(sanitise(moved, images=True))  # noqa: S704


def joined(value: Any) -> str:
    """Give a notebook's text, which may be a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _text(value: Any) -> Markup:
    text = _COLOURS.sub("", joined(value))
    return Markup("<pre>{}</pre>").format(visible(text, _LONGEST_TEXT)) if text.strip() else Markup("")


def _alt(output: Mapping[str, Any]) -> str:
    """Give the text alternative of a picture: from its metadata, else the text beside it, else that there is none."""
    about = output.get("metadata", {}).values()
    given = next((str(m["alt"]) for m in about if isinstance(m, Mapping) and m.get("alt")), "")
    beside = joined(output.get("data", {}).get("text/plain"))
    return visible(given or (beside if not beside.startswith("<") else "") or "A figure without a description", 1_000)


def _picture(kind: str, data: str, alt: str) -> Markup:
    """Give a picture as an image, in which nothing runs; what is no picture of its kind is left out."""
    if kind == "image/svg+xml":
        good, encoded = bool(_SVG.match(data)), base64.b64encode(data.encode("utf-8", "replace")).decode()
    else:
        encoded = "".join(data.split())
        good = encoded.startswith(_MAGIC[kind]) and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", encoded) is not None
    if not good:
        return Markup('<p class="note">An output that is no picture was left out.</p>')
    return Markup('<figure><img src="data:{};base64,{}" alt="{}"></figure>').format(kind, encoded, alt)
