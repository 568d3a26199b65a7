"""Is somebody there? (floor 7): a person at a notebook gets controls, everybody else a still picture."""

from __future__ import annotations

import os
from importlib.util import find_spec

from toolkit.notebooks.kernel import BATCH


def unattended() -> bool:
    """Whether this kernel runs a notebook that nobody watches."""
    return bool(os.environ.get(BATCH))


def live() -> bool:
    """Whether controls can be shown and used: in a kernel, attended, with ipywidgets."""
    if unattended() or find_spec("ipywidgets") is None:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
