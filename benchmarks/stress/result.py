"""What every trial gives back, and the few helpers that they share."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@dataclass
class Result:
    """A trial: its name, what was counted, and each thing that should not have happened."""

    name: str
    figures: dict[str, float | int | str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a failure unless something holds."""
        if not holds:
            self.failures.append(otherwise)


def child(work: Callable[[], None]) -> int:
    """Run something in a forked child, which never returns from here; give its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  (said here: a child has nobody to raise to)
        traceback.print_exc()
    finally:
        os._exit(code)


def wait(pid: int) -> int:
    """Wait for a child; give its exit code, or the signal that ended it as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill(pid: int) -> None:
    """Kill a child of ours as nothing can be prepared for, and reap it."""
    os.kill(pid, signal.SIGKILL)
    wait(pid)


def quantile(values: Sequence[float], part: float) -> float:
    """Give the value below which that part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
