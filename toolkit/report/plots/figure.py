"""A figure that can be read without being seen, and the paper it is drawn on (floor 6)."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from toolkit.paths import write_whole
from toolkit.report.tables import Table

#: Colours by their part in a plot. The page replaces each by a variable, so that dark mode changes them too.
INK: Final = "#1c2127"
SOFT: Final = "#5c6570"
GRID: Final = "#e1e5ea"
MAIN: Final = "#1f5fa6"
BAND: Final = "#c9dcf0"
BAD: Final = "#b5420b"
BADBAND: Final = "#f6dcc9"
GOOD: Final = "#0b6b5d"
GREY: Final = "#9aa3ad"
PAPER: Final = "#ffffff"
SHADE: Final = "#f3f1ea"
_VARIABLES: Final = {
    INK: "ink", SOFT: "soft", GRID: "grid", MAIN: "main", BAND: "band", BAD: "bad", BADBAND: "badband", GOOD: "good",
    GREY: "grey", PAPER: "paper", SHADE: "shade",
}  # fmt: skip

#: What stands in every plot of an incident with that tag: its log is no real one.
MADE: Final = {
    "reconstruction": "Reconstruction: rows made to meet published figures",
    "illustrative": "Illustrative: every number in it is invented",
}
#: Inches under a plot for that.
_STRIP: Final = 0.22
WIDTH: Final = 7.4
NARROW: Final = 4.1
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "postmortem",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.edgecolor": GRID,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "hatch.color": GREY,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
}


#: Drawings that are shared, by what they tell, those of the innermost ``sharing`` first; nothing where nobody shares.
_SHARED: Final[ContextVar[tuple[dict[str, str], ...]]] = ContextVar("shared", default=())


@contextmanager
def sharing(drawings: dict[str, str]) -> Iterator[dict[str, str]]:
    """Take drawings from there instead of drawing them again inside, and put new ones there; one may lie in another."""
    token = _SHARED.set((drawings, *_SHARED.get()))
    try:
        yield drawings
    finally:
        _SHARED.reset(token)


@dataclass(frozen=True)
class Figure:
    """One plot: ``alt`` says in words what it shows, ``table`` holds the numbers drawn.

    ``draw(drawing, narrow)`` puts it on a matplotlib figure; it is drawn when first looked at, wide and, for phones,
    narrow. ``height`` is in inches. ``mark`` stands under the plot, in the picture itself: that its rows are made up.
    """

    key: str
    title: str
    alt: str
    table: Table
    draw: Callable[[Any, bool], None] = field(repr=False, compare=False)
    height: float = 3.0
    mark: str = ""

    def marked(self, tags: Sequence[str]) -> Figure:
        """Give the same plot, with what must stand in it where its incident has such a tag (``MADE``)."""
        mark = next((text for tag, text in MADE.items() if tag in tags), "")
        return replace(self, mark=mark, alt=f"{self.alt} {mark}.") if mark else self

    @cached_property
    def svg(self) -> str:
        """The drawing for a page as wide as a sheet."""
        return self._drawn(narrow=False)

    @cached_property
    def narrow(self) -> str:
        """The drawing for a phone."""
        return self._drawn(narrow=True)

    def html(self) -> Markup:
        """Give the figure for a page that has our style: inline SVG in the page's own colours, the table folded."""
        return Markup(
            '<figure id="fig-{}" class="plot"><figcaption>{}</figcaption><div class="wide">{}</div>'
            '<div class="slim">{}</div><details class="behind"><summary>The numbers behind it</summary>{}</details>'
            "</figure>"
        ).format(self.key, self.title, self._inline(self.svg), self._inline(self.narrow), self.table.html(quiet=True))

    def image(self) -> Markup:
        """Give the drawing as an image that any viewer shows, on white."""
        data = base64.b64encode(self.svg.encode()).decode()
        return Markup(
            '<img alt="{}" style="max-width:min(100%,46rem);background:#fff" src="data:image/svg+xml;base64,{}">'
        ).format(self.alt, data)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the drawing into a file: SVG, or PNG at 200 dots an inch where the name says so.

        Raises:
            OSError: it cannot be written.
        """
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Drawing

        if not os.fspath(path).lower().endswith(".png"):
            write_whole(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg)
            return
        with mpl.rc_context(_STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            drawing = Drawing(figsize=(WIDTH, self.height))
            self.draw(drawing, False)
            _under(drawing, self.mark)
            canvas: Any = FigureCanvasAgg(drawing)
            canvas.print_png(os.fspath(path))

    def _drawn(self, *, narrow: bool) -> str:
        shared, mine = _SHARED.get(), self._identity(narrow=narrow)
        drawn = next((known[mine] for known in shared if mine in known), None) or self._draw(narrow=narrow)
        for known in shared:
            known[mine] = drawn
        return drawn

    def _identity(self, *, narrow: bool) -> str:
        """Name the drawing by all that it tells: the words, the numbers behind it, the paper."""
        told = (self.key, self.title, self.alt, self.table, self.height, self.mark, narrow)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _draw(self, *, narrow: bool) -> str:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Drawing

        buffer = io.StringIO()
        with mpl.rc_context(_STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            drawing = Drawing(figsize=(NARROW if narrow else WIDTH, self.height))
            self.draw(drawing, narrow)
            _under(drawing, self.mark)
            canvas: Any = FigureCanvasSVG(drawing)
            canvas.print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        return _tidy(buffer.getvalue(), f"{self.key}{narrow}")

    def _inline(self, svg: str) -> Markup:
        for colour, variable in _VARIABLES.items():
            svg = svg.replace(colour, f"var(--{variable})")
        label = Markup(' role="img" aria-label="{}">').format(self.alt)
        return Markup(svg.replace(">", str(label), 1))  # noqa: S704  drawn by us, its texts escaped by the writer

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        html = Markup(
            '<figure style="margin:0"><figcaption><strong>{}</strong></figcaption>{}<details>'
            "<summary>The numbers behind it</summary>{}</details></figure>"
        ).format(self.title, self.image(), self.table.cell_html())
        return {"text/html": str(html), "text/plain": f"{self.title}\n{self.alt}\n\n{self.table.text()}"}


def axes_in(drawing: Any, *, left: float, right: float, top: float, bottom: float) -> Any:
    """Give axes with those margins in inches; fixed margins are drawn in two thirds of the time of a layout engine."""
    width, height = drawing.get_size_inches()
    inner = [left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height]
    return drawing.add_axes(inner)


def _under(drawing: Any, mark: str) -> None:
    """Make the paper longer at the foot and write the mark there, so that it goes wherever the picture goes."""
    if not mark:
        return
    width, old = drawing.get_size_inches()
    new = old + _STRIP
    for axes in drawing.axes:
        left, bottom, wide, high = axes.get_position().bounds
        axes.set_position([left, (bottom * old + _STRIP) / new, wide, high * old / new])
    for text in drawing.texts:
        text.set_y((text.get_position()[1] * old + _STRIP) / new)
    drawing.set_size_inches(width, new)
    drawing.text(0.995, 0.04 / new, mark, ha="right", va="bottom", fontsize=8, color=BAD)


def room(labels: Sequence[str], size: float = 9.5) -> float:
    """Give the inches that the longest of some labels needs beside an axis."""
    return 0.16 + max((len(text) for text in labels), default=0) * size * 0.0081


def _tidy(svg: str, key: str) -> str:
    """Make an SVG fit to stand in a page: no prologue, no sheet that reaches outside, ids of its own, a font stack."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    mark = hashlib.sha256(f"{key}{svg}".encode()).hexdigest()[:8]
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{mark}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}-\1)", svg)
    svg = re.sub(r'(<svg [^>]*?)height="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)width="[\d.]+pt"', r'\1style="stroke-linejoin:round;stroke-linecap:butt"', svg, count=1)
    svg = svg.replace("'DejaVu Sans'", "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans'")
    return re.sub(r"\s*\n\s*", "\n", svg)
