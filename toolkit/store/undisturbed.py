"""A moment in which Ctrl-C waits (floor 2).

DuckDB that is interrupted in the middle of ATTACH or DETACH may keep the file registered for as long as the process
lives, though no connection is left: nothing of this process could attach it again. Both take milliseconds, so the
interrupt comes right after them.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back an interrupt until what is inside is done; other threads than the main one get none anyway."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        came.append(number)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
