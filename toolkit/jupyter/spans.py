"""A span of time to choose (floor 7): a slider to brush with, and two fields to type in; both say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import ipywidgets as w

from toolkit.jupyter import parts


class Span:
    """A span between stops; the slider takes the mouse, the arrow keys and what is typed as from and to.

    ``name`` labels the slider, ``ends`` begins the labels of the two fields.
    """

    def __init__(self, name: str, ends: str, said: parts.Said, does: Callable[[], None]) -> None:
        self.stops: list[datetime] = []
        self.said, self._does = said, does
        self._quiet = True
        self.slider = w.SelectionRangeSlider(
            options=[("", 0), ("", 1)], index=(0, 1), description=name, continuous_update=False, readout=False,
            style=parts.LABEL, layout=w.Layout(width="auto", margin="2px 12px 2px 2px"),
        )  # fmt: skip
        self.low, self.high = (
            parts.text(f"{ends} {end}", hint="2026-03-14T09:10Z", width="min(100% - 4px, 26rem)")
            for end in ("from", "to")
        )
        self.box = parts.column(self.slider, parts.row(self.low, self.high))
        self.slider.observe(lambda _: self._moved(), names="index")
        for field in (self.low, self.high):
            parts.on_change(field, self._typed, said)

    @property
    def index(self) -> tuple[int, int]:
        """The places of the two ends among the stops."""
        low, high = self.slider.index
        return int(low), int(high)

    @index.setter
    def index(self, ends: tuple[int, int]) -> None:
        """Move the two ends."""
        self.slider.index = ends

    @property
    def value(self) -> tuple[datetime, datetime]:
        """The two ends."""
        low, high = self.index
        return self.stops[low], self.stops[high]

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.index == (0, len(self.stops) - 1)

    def offer(self, stops: Sequence[datetime], chosen: tuple[datetime, datetime] | None = None) -> None:
        """Set the stops, two at least, and the span: the nearest stops to what is chosen, or all; nobody is told."""
        self.stops = list(stops)
        low, high = chosen or (self.stops[0], self.stops[-1])
        ends = sorted((self._nearest(low), self._nearest(high)))
        self._quiet = True
        try:
            self.slider.options = [(_minute(m), i) for i, m in enumerate(self.stops)]
            self.slider.index = (ends[0], ends[1])
            self._write()
        finally:
            self._quiet = False

    def choose(self, low: datetime, high: datetime) -> None:
        """Set the span to the nearest stops."""
        ends = sorted((self._nearest(low), self._nearest(high)))
        self.slider.index = (ends[0], ends[1])

    def _nearest(self, when: datetime) -> int:
        return min(range(len(self.stops)), key=lambda i: abs(self.stops[i] - when))

    def _moved(self) -> None:
        if not self._quiet:
            self._write()
            with self.said.told():
                self._does()

    def _typed(self) -> None:
        """Move the slider to what was typed; what is no time is said, and the fields show the slider's ends again."""
        if self._quiet:
            return
        try:
            self.choose(parts.read_time(self.low.value), parts.read_time(self.high.value))
        finally:
            self._write()

    def _write(self) -> None:
        was, self._quiet = self._quiet, True
        try:
            self.low.value, self.high.value = (_minute(m) for m in self.value)
        finally:
            self._quiet = was


def _minute(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
