"""The parts that controls are put together from (floor 7): labelled, usable by keyboard, folding on a narrow screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import ipywidgets as w
from markupsafe import Markup

from toolkit.errors import PostmortemError
from toolkit.jupyter.panel import stack
from toolkit.records import moment
from toolkit.report.text import label, visible

#: Room for the label of a control, so that labels stand in one column.
LABEL: Final = {"description_width": "9rem"}
_WIDE: Final = "min(100% - 4px, 46rem)"


def picture(*things: Any) -> Any:
    """Give a place that shows things, in the front end's own style; ``put`` changes it."""
    made = w.HTML(layout=w.Layout(width="auto", overflow="auto"))
    made.add_class("jp-RenderedHTMLCommon")
    put(made, *things)
    return made


def put(place: Any, *things: Any) -> None:
    """Show things in a place made by ``picture``."""
    place.value = str(stack(*things).html) if things else ""


def row(*parts: Any) -> Any:
    """Put controls beside each other, and under each other where the screen is narrow."""
    return w.Box(list(parts), layout=w.Layout(flex_flow="row wrap", align_items="center", width="auto"))


def column(*parts: Any) -> Any:
    """Put controls under each other."""
    return w.VBox(list(parts), layout=w.Layout(width="auto"))


def fold(title: str, *parts: Any, is_open: bool = False) -> Any:
    """Put controls behind a heading that opens them: a button, for keys do not reach the header of an accordion.

    It has no icon, for a screen reader would read the glyph out.
    """
    bold = {"font_weight": "bold"}
    head = w.ToggleButton(
        is_open, description=title, tooltip="Open or close", style=bold, layout=w.Layout(width="auto")
    )
    inner = column(*parts)

    def turn(_: Any = None) -> None:
        inner.layout.display = None if head.value else "none"

    head.observe(turn, names="value")
    turn()
    return column(head, inner)


def check(name: str) -> Any:
    """Give a box to tick."""
    return w.Checkbox(description=name, indent=False, layout=w.Layout(width="auto"))


def text(
    name: str, value: str = "", hint: str = "", *, long: bool = False, options: Sequence[str] = (), width: str = _WIDE,
) -> Any:  # fmt: skip
    """Give a field for text; ``options`` are offered while it is typed.

    What is typed is sent once the field is left: of what is sent key by key a busy kernel has the browser hold back the
    rest, and a button that is pressed meanwhile comes before it.
    """
    kind: Any = w.Textarea if long else w.Combobox if options else w.Text
    more: dict[str, Any] = {"continuous_update": bool(options)}
    more |= {"options": list(options), "ensure_option": False} if options else {"rows": 3} if long else {}
    return kind(value=value, description=name, placeholder=hint, style=LABEL, layout=w.Layout(width=width), **more)


def choice(name: str, options: Sequence[Any], value: Any = None) -> Any:
    """Give a field that is one of some options."""
    known = [o[1] if isinstance(o, tuple) else o for o in options]
    return w.Dropdown(
        options=list(options), value=value if value in known else (known[0] if known else None), description=name,
        style=LABEL, layout=w.Layout(width="min(100% - 4px, 23rem)"),
    )  # fmt: skip


def several(name: str, options: Sequence[str], value: Sequence[str] = (), rows: int = 5) -> Any:
    """Give a field that is any of some options."""
    return w.SelectMultiple(
        options=list(options), value=[v for v in value if v in options], description=name, rows=rows, style=LABEL,
        layout=w.Layout(width="min(100% - 4px, 23rem)"),
    )  # fmt: skip


def listing(name: str, rows: int = 8) -> Any:
    """Give a list to choose one line of; ``fill`` changes its lines."""
    return w.Select(options=[], description=name, rows=rows, style=LABEL, layout=w.Layout(width="auto"))


def fill(place: Any, lines: Sequence[tuple[str, str]]) -> None:
    """Put (text, id) lines into a list, and keep what was chosen where it is still there."""
    was = place.value
    place.options = [(label(text, 140), name) for text, name in lines]
    names = [name for _, name in lines]
    place.value = was if was in names else (names[0] if names else None)


def button(name: str, does: Callable[[], None], said: Said, *, style: str = "", tip: str = "", busy: str = "") -> Any:
    """Give a button; what goes wrong when it is pressed is said in one line."""
    made = w.Button(description=name, button_style=style, tooltip=tip or name, layout=w.Layout(width="auto"))

    def press(_: Any) -> None:
        made.disabled = True
        try:
            with said.told(busy):
                does()
        finally:
            made.disabled = False

    made.on_click(press)
    return made


def on_change(control: Any, does: Callable[[], None], said: Said) -> None:
    """Do something when a control's value changes."""

    def changed(_: Any) -> None:
        with said.told():
            does()

    control.observe(changed, names="value")


class Said:
    """The line in which a panel says what it did, what it is doing, or what went wrong."""

    def __init__(self) -> None:
        self.place = w.HTML(layout=w.Layout(width="auto", min_height="1.6rem"))
        self("")

    def __call__(self, text: str, *, wrong: bool = False) -> None:
        """Say something; a screen reader is told too."""
        role = "alert" if wrong else "status"
        sign = Markup("<strong>Not done.</strong> ") if wrong else ""
        self.place.value = str(Markup('<div role="{}">{}{}</div>').format(role, sign, visible(text, 600)))

    @contextmanager
    def told(self, busy: str = "") -> Iterator[None]:
        """Say what is being done, and in one line what goes wrong."""
        if busy:
            self(busy)
        try:
            yield
        except PostmortemError as error:
            self(str(error), wrong=True)
        except Exception as error:  # a traceback would be lost in a control's callback
            if os.environ.get("POSTMORTEM_DEBUG"):
                raise
            self(f"something unexpected happened: {type(error).__name__}: {error}", wrong=True)


def read_time(given: str, what: str = "time") -> datetime:
    """Read a time that a person typed: ISO 8601, taken as UTC where it has no zone, or ``now``.

    Raises:
        PostmortemError: it is no time.
    """
    try:
        read = datetime.now(UTC) if given.strip().lower() == "now" else moment(given.strip())
    except ValueError:
        read = None
    if read is None:
        raise PostmortemError(f"{given[:40]!r} is no {what}", fix="write 2026-03-14T09:10Z, or now")
    return read


def written(when: datetime | None) -> str:
    """Write a time as ``read_time`` reads it, to the second."""
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
