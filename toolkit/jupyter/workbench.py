"""All panels of one incident, one a tab, each made when it is first looked at (floor 7)."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from toolkit.jupyter import parts
from toolkit.jupyter.panel import Panel, stack
from toolkit.report.shown import Shown


class Workbench(Panel):
    """Triage, timeline, evidence, slices and actions."""

    title = "Incident"

    def still(self) -> Shown:
        """Give the triage and the timeline as pictures."""
        return stack(self.desk.console().still(), self.desk.timeline().still())

    def build(self) -> Any:
        """Make the tabs; what is in one is made when it is first opened."""
        desk = self.desk
        self.panels = [desk.console(), desk.timeline(), desk.evidence(), desk.slices(), desk.actions()]
        self.made: set[int] = set()
        self.places = [parts.column() for _ in self.panels]
        tabs = w.Tab(self.places, titles=[p.title for p in self.panels], layout=w.Layout(width="auto"))
        tabs.observe(lambda change: self.open(change["new"]), names="selected_index")
        self.tabs = tabs
        self.open(tabs.selected_index or 0)
        return tabs

    def open(self, index: int | None) -> None:
        """Make a tab's panel, or bring it up to date."""
        if index is None:
            return
        panel = self.panels[index]
        if index in self.made:
            panel.refresh()
        else:
            self.made.add(index)
            self.places[index].children = [panel.widget]
