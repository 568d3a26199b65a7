"""The responder in JupyterLab (floor 7): ``tk.desk``, its panels, the magics, and JupyterLab's launcher cards.

A panel is live where a person sits at a kernel, and a still picture everywhere else, by the same call: in a notebook
that runs unattended, in an export, in a terminal. What is done in a live panel is on record at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.jupyter.desks import Desk, desk

__all__ = ["Desk", "desk"]


def __getattr__(name: str) -> Any:
    """Import the desk when it is first used."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module("toolkit.jupyter.desks"), name)
