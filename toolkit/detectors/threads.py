"""One thread for the numeric libraries while small models are fitted (floor 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _pools() -> Any:
    import sklearn.ensemble  # noqa: F401  its thread pools must be loaded before they are found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """Hold numeric libraries to one thread, as a context: on a busy machine more wait for each other than work."""
    return _pools().limit(limits=1)
