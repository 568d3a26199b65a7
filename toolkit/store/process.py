"""What one process shares (floor 2): a DuckDB in memory, to which the file is attached and from which it is detached.

This is the one place of the house with state of the process: DuckDB allows one attachment of a file a
process, and a start costs five times what an attachment does. A forked child forgets it all: it must
neither use its parent's connection nor hold its parent's locks.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import StoreBusy, StoreError

if TYPE_CHECKING:
    import duckdb


@dataclass
class Process:
    """The state: the connection in memory, whose turn a folder is, descriptors of held locks, where stores were met."""

    pid: int
    memory: duckdb.DuckDBPyConnection | None = None
    turns: dict[tuple[int, int], Turn] = field(default_factory=dict)
    descriptors: set[int] = field(default_factory=set)
    mutex: threading.Lock = field(default_factory=threading.Lock)
    names: Iterator[int] = field(default_factory=itertools.count)
    met: set[Path] = field(default_factory=set)


@dataclass
class Turn:
    """One folder's turn among the threads of this process, and how deep its holder is in sessions."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0


_shared: list[Process] = []
_abandoned: list[Process] = []


def process() -> Process:
    """Give this process's shared state, made on first use."""
    if not _shared:
        if not _abandoned:
            os.register_at_fork(after_in_child=_forget)
        _shared.append(Process(os.getpid()))
    return _shared[0]


def _forget() -> None:
    """In a forked child: close copies of held locks; keep the parent's connection unused and never destroyed."""
    for state in _shared:
        for descriptor in state.descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        state.descriptors.clear()
        _abandoned.append(state)
    _shared.clear()


def cursor() -> duckdb.DuckDBPyConnection:
    """Give a fresh cursor of the process's DuckDB in memory."""
    from toolkit.sql.connect import connect

    state = process()
    with state.mutex:
        if state.memory is None:
            state.memory = connect(threads=1)
        return state.memory.cursor()


def new_name() -> str:
    """Give a name for an attachment that no other session of this process has."""
    return f"store_{next(process().names)}"


def meet(folder: Path) -> None:
    """Keep in mind that there is a store in a folder."""
    process().met.add(folder.resolve())


def was_met(folder: Path) -> bool:
    """Whether this process met a store in a folder: should there be none now, its disk or share went away."""
    return folder.resolve() in process().met


def drop_memory() -> None:
    """Forget the connection after a fatal error; the next session starts a new one."""
    state = process()
    with state.mutex:
        memory, state.memory = state.memory, None
    if memory is not None:
        with contextlib.suppress(Exception):
            memory.close()


@contextlib.contextmanager
def turn(folder: Path, wait: float) -> Iterator[None]:
    """Hold the folder among the threads of this process.

    Raises:
        StoreBusy: another thread held it for longer than ``wait`` seconds.
        StoreError: this thread is in a session already; sessions do not nest.

    """
    about = folder.stat()
    mine = process().turns.setdefault((about.st_dev, about.st_ino), Turn())
    if not mine.lock.acquire(timeout=wait):
        raise StoreBusy("another thread holds the store", where=str(folder), fix="try again")
    try:
        if mine.depth:
            raise StoreError(
                "a store session was opened inside another", where=str(folder), fix="end the outer one first"
            )
        mine.depth += 1
        try:
            yield
        finally:
            mine.depth -= 1
    finally:
        mine.lock.release()
