"""The command ``postmortem`` (floor 8): open, one library call, print.

Nothing heavy is imported before a command needs it, so that help comes at once. ``main`` gives the exit code: 0 done,
1 ran but something failed, 2 unusable input (one line says what, where and what to do), 130 interrupted.
"""

from __future__ import annotations

from toolkit.cli.entry import main

__all__ = ["main"]
