"""One live line on stderr while something takes longer than a glance (floor 8); silent where nobody watches."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

import click

from toolkit.cli.frame import visible

_FIRST = 0.4
_EVERY = 0.2


class Progress:
    """Shows what is being done and for how many seconds; ``progress("step")`` names the next step.

    ``progress.watch`` is the ``watch`` of ``read_log``: of a scan that runs, the part that is done is shown. Nothing is
    written where stderr is no terminal, and nothing before the first half second.
    """

    def __init__(self) -> None:
        self._step = ""
        self._begun = time.monotonic()
        self._done = threading.Event()
        self._shown = False
        self._ticker: threading.Thread | None = None
        self._scans: list[Callable[[], float | None]] = []

    def __call__(self, step: str) -> None:
        """Name the step that begins now."""
        self._step = visible(step).replace("\n", " ")

    def watch(self, done: Callable[[], float | None]) -> None:
        """Show from now on what this tells: the part of a running scan that is done, 0 to 1, or ``None``."""
        self._scans.append(done)

    def line(self) -> str:
        """Say what is being done, how far the scan is that runs, and for how many seconds."""
        running = [part for done in self._scans if (part := done()) is not None]
        scan = f" {100 * running[0]:.0f} % of this scan," if running else ""
        return f"{self._step} …{scan} {time.monotonic() - self._begun:.0f} s"

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._ticker is not None:
            self._ticker.join(timeout=1)
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True, color=True)

    def _tick(self) -> None:
        pause = _FIRST
        while not self._done.wait(pause):
            pause = _EVERY
            self._shown = True
            text = self.line()
            width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be taken back
            click.echo(f"\r\x1b[K{text[:width]}", nl=False, err=True, color=True)
