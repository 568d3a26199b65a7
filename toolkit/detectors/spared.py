"""scikit-learn without scipy.stats, until somebody calls something of it (floor 4).

scikit-learn imports a dozen names of ``scipy.stats``, whose hundred distributions take nearly as long to make as all
else that a diagnosis imports, and which nothing in a diagnosis calls. While scikit-learn is loaded it is handed names
that fetch the real ones when they are used; everybody else gets the real module.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Final

_STATS: Final = "scipy.stats"


class _Later:
    """A name of scipy.stats: the real one is loaded when it is called or looked into."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _real(self) -> Any:
        return getattr(importlib.import_module(_STATS), self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)


class _StandIn(ModuleType):
    """Stands where scipy.stats will be."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Later(name)


def load_models() -> None:
    """Import scikit-learn's models; where it or scipy.stats is loaded already, all is as it was."""
    if _STATS in sys.modules or "sklearn" in sys.modules:
        import sklearn.ensemble

        return
    sys.modules[_STATS] = stands = _StandIn(_STATS)
    try:
        import sklearn.ensemble  # noqa: F401
    finally:
        if sys.modules.get(_STATS) is stands:
            del sys.modules[_STATS]
