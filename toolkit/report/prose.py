"""Markdown that people or rules wrote, as safe HTML with every reference resolved (floor 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.report.evidence import REFERENCE, Cited, cite
from toolkit.report.text import visible

#: The tags that written text may use; everything else is taken out, scripts and styles with their content.
TAGS: Final = frozenset(
    {"p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "h5", "h6"}
    | {"a", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "sub", "sup"}
)
#: What an output of a notebook may use beside them: pictures, figures and our own classes.
_SHOWN_TAGS: Final = frozenset(
    {"img", "br", "figure", "figcaption", "details", "summary", "div", "span", "caption", "section", "article"}
    | {"h1", "h2", "tfoot"}
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "th": {"scope", "colspan", "rowspan", "class"},
    "td": {"colspan", "rowspan", "class"},
}
_SHOWN_ATTRIBUTES: Final = {
    "img": {"src", "alt"},
    "span": {"class", "title"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "caption": {"class"},
    **{tag: {"class"} for tag in ("table", "figure", "article", "p")},
}
_PLAIN: Final = {"role": "group", "tabindex": "0"}
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}")
#: Where a link may lead: to a place on the page, or openly elsewhere; a path would mean another file on each machine.
_LINK: Final = re.compile(r"#|https?://|mailto:", re.IGNORECASE)
_OPEN, _SHUT = "\ue0f0", "\ue0f1"
_SLOT: Final = re.compile(f"{_OPEN}(\\d+){_SHUT}")
_TAG: Final = re.compile(r"<(?:[^<>\"]|\"[^\"]*\")*>")
_LONGEST: Final = 200_000
_BLOCK: Final = re.compile(r"</?(?:p|li|ul|ol|td|th|tr|h[1-6]|blockquote|pre|hr|dt|dd|br)\b[^>]*>")
_END: Final = re.compile(rf"(?<=[.!?])\s+(?=[^\W\d_a-z]|{_OPEN}|[\"(*“])")


@dataclass(frozen=True)
class Sentence:
    """A sentence that cites something: its text as a reader sees it, and what it cites."""

    text: str
    cited: tuple[Cited, ...]


@dataclass(frozen=True)
class Prose:
    """A rendered text, what it cites in order, and the sentences that cite."""

    html: Markup
    cited: tuple[Cited, ...]
    sentences: tuple[Sentence, ...] = ()


def render_prose(bundle: Bundle, text: str, *, where: str = "text", linked: bool = True) -> Prose:
    """Render Markdown; headings become at most level 3 so that they stay below the section's own.

    ``linked`` makes every cited number a link to its evidence on the page.

    Raises:
        RenderError: a reference is unknown; the message has its line.
    """
    cited: list[Cited] = []
    lines = []
    for no, line in enumerate(text[:_LONGEST].replace(_OPEN, "").replace(_SHUT, "").splitlines(), 1):
        lines.append(REFERENCE.sub(_slot(bundle, cited, f"{where}, line {no}"), line))
    if len(text) > _LONGEST:
        lines.append(f"\n… ({len(text) - _LONGEST:,} more characters were left out)")
    html = sanitise(_markdown("\n".join(visible_lines(lines))))
    if len(_SLOT.findall(_TAG.sub("", html))) != len(cited):
        raise RenderError("a reference stands inside an address", where=where, fix="put it into the text of the link")
    shown = Markup(_SLOT.sub(lambda m: str(cited[int(m.group(1))].html(linked=linked)), html))  # noqa: S704
    return Prose(shown, tuple(cited), tuple(_sentences(html, cited)))


def _sentences(html: str, cited: Sequence[Cited]) -> Iterator[Sentence]:
    """Give each sentence that cites something; a list item or a cell ends one, whatever its punctuation."""
    for block in _BLOCK.split(html):
        if not _SLOT.search(block):
            continue
        text = " ".join(Markup(block).striptags().split())  # noqa: S704
        for sentence in _END.split(text):
            named = tuple(cited[int(m.group(1))] for m in _SLOT.finditer(sentence))
            if named:
                yield Sentence(_SLOT.sub(lambda m: " ".join(cited[int(m.group(1))].text.split()), sentence), named)


def markdown(text: str) -> Markup:
    """Render Markdown that cites nothing, as safe HTML; headings become at most level 3."""
    return Markup(sanitise(_markdown("\n".join(visible_lines(text.splitlines())))))  # noqa: S704


def sanitise(html: str, *, images: bool = False) -> str:
    """Take out of HTML all that could run, load or reach outside its place.

    ``images`` keeps embedded pictures (``data:``); links keep http, https and mailto.
    """
    import nh3

    tags, attributes, schemes = set(TAGS), dict(_ATTRIBUTES), {"http", "https", "mailto"}
    if images:
        tags |= _SHOWN_TAGS
        attributes |= _SHOWN_ATTRIBUTES
        schemes |= {"data"}
    return nh3.clean(
        html,
        tags=tags,
        attributes=attributes,
        url_schemes=schemes,
        clean_content_tags={"script", "style", "iframe", "object", "embed", "template", "svg", "math", "noscript"}
        - tags,
        attribute_filter=_only_pictures,
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


def visible_lines(lines: list[str]) -> list[str]:
    """Make every hidden character of written lines show, keeping our own marks."""
    out = []
    for line in lines:
        parts = _SLOT.split(line)
        shown = [visible(p, _LONGEST) if i % 2 == 0 else f"{_OPEN}{p}{_SHUT}" for i, p in enumerate(parts)]
        out.append("".join(shown))
    return out


def _slot(bundle: Bundle, cited: list[Cited], where: str) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        cited.append(cite(bundle, match.group(1).strip(), where=where))
        return f"{_OPEN}{len(cited) - 1}{_SHUT}"

    return replace


def _markdown(text: str) -> str:
    """Turn Markdown into HTML; raw HTML in it is shown as text."""
    import mistune

    html = str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(text))
    return re.sub(r"<(/?)h([12])\b", r"<\1h3", html)


def _only_pictures(tag: str, attribute: str, value: str) -> str | None:
    """Keep ``data:`` for pictures alone and pictures for ``data:`` alone, and of roles and tab stops the plain ones."""
    if attribute in _PLAIN:
        return value if value == _PLAIN[attribute] else None
    if tag == "img" and attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "href" and not _LINK.match(value):
        return None
    return value


def plain(html: Markup) -> str:
    """Give rendered text without its tags."""
    return str(html.striptags())
