"""Import papermill and its kin in a third of the time (floor 6)."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from threading import Thread
from types import ModuleType
from typing import Final

_GRAMMAR: Final = "rfc3987_syntax"


def quick_import(name: str) -> ModuleType:
    """Import a module without the IRI grammar that notebooks never use.

    jsonschema builds about 35 parsers on import, all for the format ``iri``, and goes on without them where the
    package is absent. The block is lifted again at once, so that other code is not affected.
    """
    if name in sys.modules:
        return sys.modules[name]
    blocked = "jsonschema" not in sys.modules and _GRAMMAR not in sys.modules
    if blocked:
        sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        return importlib.import_module(name)
    finally:
        if blocked:
            sys.modules.pop(_GRAMMAR, None)


def import_ahead(*names: str) -> None:
    """Begin to import modules that nothing else here imports, while this process waits for another; returns at once."""

    def load() -> None:
        for name in names:
            with suppress(Exception):  # it shows where the module is needed
                importlib.import_module(name)

    Thread(target=load, daemon=True).start()
