"""The way in and the ways out: commands gathered, every error turned into one line and an exit code (floor 8)."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import click

from toolkit.cli.actions import action
from toolkit.cli.ask import search, similar, sql, stats
from toolkit.cli.authority import authority
from toolkit.cli.diagnose import diagnose
from toolkit.cli.doctor import doctor
from toolkit.cli.document import diff, lint, pdf, review, site, verify
from toolkit.cli.drill import drill, drills
from toolkit.cli.frame import FAILED, INTERRUPTED, UNUSABLE, Group, say
from toolkit.cli.incident import demo, investigate, open_, publish
from toolkit.cli.keep import audit, export, import_, store
from toolkit.cli.lab import lab
from toolkit.cli.library import case, cases, templates
from toolkit.cli.look import data, events, history, list_, show
from toolkit.cli.record import event, note
from toolkit.cli.state import close, edit, mitigate, reopen, resolve, status
from toolkit.errors import PostmortemError, RunFailed

DEBUG: Final = "POSTMORTEM_DEBUG"


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with: postmortem demo. The environment: POSTMORTEM_HOME names the folder of incidents, "
    "POSTMORTEM_STORE the server of a team's record, POSTMORTEM_WAIT the seconds to wait for others that hold it, "
    "POSTMORTEM_MEMORY the megabytes that queries over a log may use, "
    "POSTMORTEM_DEBUG=1 shows tracebacks.",
)
@click.version_option(package_name="ml-postmortem", message="ml-postmortem %(version)s")
def cli() -> None:
    """From a prediction log to a timeline, an honest verdict on the cause and a postmortem that can be recomputed."""


COMMANDS: Final = (
    *(demo, diagnose, open_, investigate, lint, review, publish, diff, verify, pdf, site, authority),
    *(list_, show, data, events, note, event, action, status, edit, mitigate, resolve, close, reopen),
    *(sql, stats, search, similar, history),
    *(lab, cases, case, drill, drills, templates, export, import_, store, audit, doctor),
)
for _command in COMMANDS:
    cli.add_command(_command)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; no exception leaves here, and no traceback unless asked for."""
    given = list(sys.argv[1:] if args is None else args)
    if args is None:  # the process is ours
        _spare_collecting()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with _interrupts() as asked:
        try:
            _quiet()
            with cli.make_context("postmortem", list(given), obj=given) as context:
                code = cli.invoke(context)
        except click.exceptions.Exit as done:
            return done.exit_code
        except BrokenPipeError:
            return _unheard()
        except Exception as error:  # noqa: BLE001  the last place that can turn it into one line
            return _interrupted() if asked() else _one_line(error)
        except KeyboardInterrupt:
            return _interrupted()
    return code if isinstance(code, int) else 0


def _one_line(error: Exception) -> int:
    """Say what happened in one line, and give the exit code."""
    if isinstance(error, click.Abort):
        return _interrupted()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.ctx.get_help() if error.ctx else "")
        return 0
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    say(f"postmortem: {' '.join(_what(error).split())}", err=True)
    return FAILED if isinstance(error, RunFailed) else UNUSABLE


def _what(error: Exception) -> str:
    if isinstance(error, PostmortemError):
        return str(error)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "postmortem"
        return f"{error.format_message()} See: {path} --help"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        named = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror.lower()}{named}; check the path, its rights and the free space"
    if isinstance(error, MemoryError):
        return "there is not enough memory; pass --memory, or fewer rows"
    return (
        f"something unexpected happened: {type(error).__name__}: {error}; please report it with what you typed "
        f"({DEBUG}=1 shows where)"
    )


def _unheard() -> int:
    """End quietly where the reader went away, as in ``postmortem list | head -1``; nothing more is written to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _interrupted() -> int:
    if sys.stderr.isatty():
        say(err=True)  # the terminal has just written ^C
    say("postmortem: interrupted; nothing half-written was kept", err=True)
    return INTERRUPTED


def _quiet() -> None:
    """Keep what libraries warn of and log, e.g. of a loop that was interrupted, from whoever cannot act on it."""
    if not os.environ.get(DEBUG):
        import logging
        import warnings

        warnings.simplefilter("ignore")
        logging.lastResort = logging.NullHandler()


def _spare_collecting() -> None:
    """Look for cyclic garbage seldom, and not once more at the end: a command mostly loads code, which is none."""
    gc.set_threshold(500_000, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Take a request to end, or a terminal that was closed, like Ctrl-C.

    So locks are released, no kernel is orphaned, and no copy of a log stays in a temporary folder.

    Gives a function that says whether there was either: a library may turn the interrupt into an error of its own.
    """
    seen: list[int] = []

    def interrupt(number: int, _: Any) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    # what is ignored stays ignored: nohup, or a shell that runs this in the background
    ends = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken = [s for s in ends if signal.getsignal(s) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in taken}
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
