"""What every panel is (floor 7): one thing to work with, as controls or as a still picture."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from toolkit.report.shown import Shown, note
from toolkit.report.words import time

if TYPE_CHECKING:
    from toolkit.jupyter.desks import Desk

#: Marks controls; the launcher cards' script keeps the keys that are typed into them from the notebook's commands.
CONTROLS = "ml-postmortem-controls"
VIEW = "application/vnd.jupyter.widget-view+json"


class Panel:
    """A panel of a desk; ``still`` and ``build`` are what each kind of panel gives."""

    title = ""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def still(self) -> Shown:
        """Give the picture of what is on record now."""
        raise NotImplementedError

    def build(self) -> Any:
        """Make the controls."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show what is on record now, after another notebook or the shell wrote to it."""

    @cached_property
    def widget(self) -> Any:
        """The controls, made when first asked for."""
        made = self.build()
        made.add_class(CONTROLS)
        return made

    def picture(self) -> dict[str, Any]:
        """Give the picture for an export and for later; beside controls it ages, so it says of when it is."""
        made = self.still()
        if self.desk.live:
            made = stack(made, note(f"The record as it stood on {time(datetime.now(UTC))}, when it was opened here."))
        return {"text/html": str(made.html), "text/plain": made.text}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show the controls where somebody can use them; the picture goes along."""
        shown = self.picture()
        return {**shown, VIEW: view(self.widget)} if self.desk.live else shown


def view(controls: Any) -> dict[str, Any]:
    """Give what makes a front end show controls."""
    return {"version_major": 2, "version_minor": 0, "model_id": controls.model_id}


def stack(*things: Any) -> Shown:
    """Put several things that show themselves under each other."""
    bundles = [thing._repr_mimebundle_() for thing in things if thing is not None]
    html = Markup("\n").join(Markup(b["text/html"]) for b in bundles)  # noqa: S704  made by our own code, escaped there
    return Shown(html, "\n\n".join(b["text/plain"] for b in bundles))


def heading(text: str, level: int = 3) -> Shown:
    """Give a heading."""
    return Shown(Markup("<h{0}>{1}</h{0}>").format(level, text), text)
