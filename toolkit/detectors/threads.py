"""One thread for the numeric libraries while small models are fitted, and another to load them in time (floor 4)."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _pools() -> Any:
    with _uncollected():
        import sklearn.ensemble  # noqa: F401  its thread pools must be loaded before they are found
        from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: modules that load are none, and to look takes a sixth of their loading."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def one_thread() -> Any:
    """Hold numeric libraries to one thread, as a context: on a busy machine more wait for each other than work."""
    return _pools().limit(limits=1)


def load_meanwhile() -> None:
    """Load the libraries in another thread: an engine that counts rows leaves some of a core, and they take a second.

    Who needs them before they are there waits for them; why they cannot be loaded shows then.
    """
    threading.Thread(target=_load, name="loading").start()


def _load() -> None:
    with suppress(Exception):
        _pools()
