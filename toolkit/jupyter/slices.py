"""The slice explorer (floor 7): where the damage is, by one column or two."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets as w

from toolkit.jupyter import parts
from toolkit.jupyter.panel import Panel, stack
from toolkit.jupyter.slicing import columns_of, slices
from toolkit.report import show
from toolkit.report.shown import Shown, note
from toolkit.report.tables import Table

_MOST: Final = 40
_NONE: Final = "(one column alone)"


class Slices(Panel):
    """The loss of each value of a column, or of each pair of values of two, against what was expected there."""

    title = "Slices"

    def still(self) -> Shown:
        """Give the metric by group and segment, as the investigation measured it."""
        return stack(show.groups(self.desk.case))

    def build(self) -> Any:
        """Make the controls."""
        self.said = parts.Said()
        self.first, self.second = parts.choice("Column", []), parts.choice("and", [_NONE])
        self.least = w.BoundedIntText(
            30, min=1, max=10**9, description="Rows at least", style={"description_width": "9rem"}
        )
        self.table = parts.picture(note("Press Look: the log is read once, and every cut of it is quick from then on."))
        for control in (self.first, self.second, self.least):
            parts.on_change(control, self.draw, self.said)
        look = parts.button("Look", self.look, self.said, style="primary", busy="Reading the log …")
        return parts.column(parts.row(self.first, self.second, self.least, look), self.said.place, self.table)

    def look(self) -> None:
        """Read the log, and offer its columns."""
        names = columns_of(self.desk.read(lambda step: self.said(f"{step} …")).looked)
        if tuple(names) != self.first.options:
            self.first.options, self.second.options = names, [_NONE, *names]
            self.first.value, self.second.value = names[0], _NONE
        self.draw()

    def draw(self) -> None:
        """Show the slices, those with the most excess first."""
        if self.first.value is None:
            return
        second = "" if self.second.value in (None, _NONE, self.first.value) else self.second.value
        found = slices(self.desk.read().looked, self.first.value, second, least=self.least.value)
        rows = tuple(
            (one.name, one.n, one.loss, f"{one.low:.3g} to {one.high:.3g}", one.expected, one.excess)
            for one in found[:_MOST]
        )
        heads = ("Slice", "Rows with labels", "Loss", "95 % interval", "Expected", "Excess")
        cut = f", the first {_MOST}" if len(found) > _MOST else ""
        caption = f"{len(found)} slices with at least {self.least.value} rows, those with the most excess first{cut}"
        parts.put(
            self.table,
            Table(heads, rows, caption) if rows else note("No slice has that many rows with labels."),
            note(
                f"Of {len(found)} slices some look bad by chance: an interval that leaves out what was expected is "
                f"expected once in 20 times. Loss is the share of wrong answers, or the mean absolute error."
            ),
        )
        self.said(f"{len(found)} slices.")
