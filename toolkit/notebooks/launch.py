"""The kernel of a run: this interpreter, with what templates need already imported (floor 6).

Run as ``python -m toolkit.notebooks.launch MODULE,MODULE -f CONNECTION_FILE``. No kernelspec is installed or looked up,
so the notebook runs in the very environment that the command runs in.
"""

from __future__ import annotations

import gc
import importlib
import sys
from contextlib import suppress
from typing import Final

from toolkit.notebooks.quick import without

#: Nobody steps through an unattended notebook; ipykernel goes on without it, a cell that imports it still can.
_DEBUGGER: Final = "debugpy"


def main() -> None:
    """Import ahead, then serve as an IPython kernel until told to stop."""
    sys.path[:] = [entry for entry in sys.path if entry]
    gc.set_threshold(500_000)  # modules that load are no garbage: to look for some in them takes a tenth of the boot
    ahead = sys.argv.pop(1)
    for name in filter(None, ahead.split(",")):
        with suppress(Exception):  # a broken import shows in the cell that needs it, where a person reads it
            importlib.import_module(name)
    with without(_DEBUGGER):
        import ipykernel.debugger  # noqa: F401  looks for it once, here
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance()


if __name__ == "__main__":
    main()
