"""The verbs that Python and the command line share (floor 7): read, profile, diagnose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from toolkit.causes.diagnosis import Diagnosis
from toolkit.errors import LogError
from toolkit.logs import Log, read_events, read_log
from toolkit.records import Event


def diagnose(
    log: Any,
    *,
    reference: Any = None,
    roles: Any = None,
    events: Any = None,
    seed: int = 0,
    engine: str = "",
    memory_mb: int | None = None,
    window: tuple[datetime, datetime] | None = None,
    reference_window: tuple[datetime, datetime] | None = None,
) -> Diagnosis:
    """Say what went wrong: from a prediction log to a verdict with the evidence for and against it.

    Args:
        log: a ``Log`` of ``read_log``, a path (file, glob, folder), a URL, a DataFrame, or ``file.duckdb::table``.
        reference: rows that the model is held to, in any of these forms; a column ``split`` (train, validation)
            may tell its parts apart. Ignored where ``log`` is a ``Log``, which brings its own.
        roles: roles.toml, a dict of its content, or ``Roles``; guessed where nothing is given.
        events: what happened, a table with ``timestamp``, ``kind``, ``text``, or a sequence of ``Event``.
        seed: the seed of every sample and bootstrap.
        engine: which engine reads a log that is named by a text: see ``read_log``.
        memory_mb: megabytes that queries may use before they spill to disk; default a quarter of the machine's.
        window: the half-open span under investigation, two aware times; the whole log where nothing is given.
        reference_window: the span that it is held to, of the reference, or of the log where there is none.

    Raises:
        LogError: the log cannot be read or used; the message says what, where and what to do.
        RolesError: the roles do not fit the log.
    """
    from toolkit.causes.diagnose import diagnose_profile
    from toolkit.detectors.threads import load_meanwhile
    from toolkit.profile.build import build_profile

    if isinstance(log, Log):
        if window or reference_window:
            raise LogError("a log that was read has its window already", fix="give the window to read_log")
        opened = log
    else:
        opened = read_log(
            log,
            roles,
            reference=reference,
            engine=engine,
            memory_mb=memory_mb,
            window=window,
            reference_window=reference_window,
        )
    try:
        load_meanwhile()
        profile = build_profile(opened, seed=seed)
        return Diagnosis(diagnose_profile(profile, as_events(events)))
    finally:
        if opened is not log:
            opened.close()


def as_events(events: Any) -> tuple[Event, ...]:
    """Give events as records, whatever they came as."""
    if events is None:
        return ()
    if isinstance(events, Sequence) and not isinstance(events, str) and all(isinstance(e, Event) for e in events):
        return tuple(events)
    return read_events(events)
