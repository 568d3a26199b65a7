"""Import papermill and its kin in a third of the time (floor 6).

``python -m toolkit.notebooks.quick MODULE ...`` runs a module as ``python -m MODULE ...`` does, and spares it the same.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
    with without(_GRAMMAR) if "jsonschema" not in sys.modules else nullcontext():
        return importlib.import_module(name)


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let a package seem absent to what is imported inside; one that is loaded already stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(name, None)


if __name__ == "__main__":
    import runpy

    quick_import("jsonschema")
    sys.argv.pop(0)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
