"""Make a used kernel as good as a new one, or say that it cannot be (floor 6; runs inside the kernel).

Everything that a template may have changed in its process is put back; what cannot be put back is named, and the
runner then starts a new kernel. Only the shipped templates share a kernel: a user's own gets one of its own.
"""

from __future__ import annotations

import builtins
import copy
import logging
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

_CODE = (types.FunctionType, types.BuiltinFunctionType, type)


class Baseline:
    """The state of a kernel's process before its first template."""

    def __init__(self) -> None:
        self.modules = frozenset(sys.modules)
        self.path, self.argv = list(sys.path), list(sys.argv)
        self.env = dict(os.environ)
        self.filters = list(warnings.filters)
        self.threads = {thread.ident for thread in threading.enumerate()}
        self.builtins = dict(vars(builtins))
        self.options = {name: copy.copy(options()) for name, options in _options()}
        self.level, self.handlers = logging.root.level, list(logging.root.handlers)
        self.code = {(m, n): value for m, n, value in _code(self.modules)}

    def restore(self, folder: str) -> list[str]:
        """Put the process back, in ``folder``, and give what could not be put back, in words."""
        os.chdir(folder)
        sys.path[:], sys.argv[:] = self.path, self.argv
        _refill(os.environ, self.env)
        _refill(vars(builtins), self.builtins)
        warnings.filters[:] = self.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
        logging.root.setLevel(self.level)
        logging.root.handlers[:] = self.handlers
        for name, options in _options():
            if name in self.options:
                _refill(options(), self.options[name])
        _reseed()
        started = [t.name for t in threading.enumerate() if t.ident not in self.threads and t.is_alive()]
        patched = [f"{m}.{n}" for (m, n), was in self.code.items() if _now(m, n) is not was]
        return [f"the thread {name} still runs" for name in started] + [f"{name} was replaced" for name in patched]


def begin(shell: Any) -> None:
    """Remember the state of a new kernel, with the shell whose state it is."""
    shell.postmortem_baseline = Baseline()


def again(shell: Any, folder: str) -> list[str]:
    """Empty the namespace and put the process back; gives what could not be undone."""
    shell.reset(new_session=True)
    found: list[str] = shell.postmortem_baseline.restore(folder)
    return found


def _code(modules: frozenset[str]) -> Iterator[tuple[str, str, object]]:
    """Every function and class that the loaded modules of our field define: what a template could replace."""
    for name in sorted(modules):
        if name.partition(".")[0] in {"toolkit", "matplotlib", "numpy", "pandas", "json", "datetime", "math"}:
            for attribute, value in list(vars(sys.modules[name]).items()):
                if isinstance(value, _CODE):
                    yield name, attribute, value


def _now(module: str, attribute: str) -> object:
    return vars(sys.modules[module]).get(attribute) if module in sys.modules else None


def _options() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give the settings of loaded libraries that a cell may change."""
    if "matplotlib" in sys.modules:
        yield "matplotlib", lambda: sys.modules["matplotlib"].rcParams


def _refill(target: Any, was: Any) -> None:
    """Make a mapping what it was, touching only what differs."""
    for key in [k for k in target if k not in was]:
        del target[key]
    for key, value in was.items():
        if key not in target or target[key] is not value:
            target[key] = value


def _reseed() -> None:
    """Give every template the same start of the shared random generators."""
    import random

    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
