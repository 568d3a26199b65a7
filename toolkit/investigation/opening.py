"""Open an incident (floor 7): record what failed and where its log lies, once both are known to be usable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from toolkit.engines.choose import absolute_target, is_remote, is_spark
from toolkit.engines.kept import Kept
from toolkit.errors import LogError
from toolkit.investigation.diagnosing import COUNTED
from toolkit.records import Event, Incident
from toolkit.roles import Roles
from toolkit.store import Store

#: What marks a DuckDB table: ``file.duckdb::table``.
_TABLE: Final = "::"


def open_incident(
    store: Store,
    title: str,
    *,
    log: str | os.PathLike[str] | None = None,
    reference: str | os.PathLike[str] | None = None,
    roles: str | os.PathLike[str] | Mapping[str, Any] | Roles | None = None,
    events: Any = None,
    engine: str = "",
    responders: Mapping[str, str] | None = None,
    memory_mb: int | None = None,
    by: str = "",
    command: str = "",
    **fields: Any,
) -> Incident:
    """Record a new incident, with its log and its events, and give it.

    Args:
        store: where it is recorded.
        title: what failed, in a few words.
        log: where the log lies: a file, a glob, a folder or ``file.duckdb::table``, kept as an absolute path, or a URL
            of S3 or the web. The rows stay where they are.
        reference: where the rows lie that the model is held to.
        roles: roles.toml, its content, or ``Roles``; guessed at each investigation where nothing is given.
        events: a table of what happened (``timestamp``, ``kind``, ``text``), or ``Event`` records.
        engine: what reads the log, where its name does not say so: ``spark`` or ``spark:MASTER``; the log is recorded
            as ``spark://TABLE`` then, without the master.
        responders: who plays which part in the response, e.g. ``{"commander": "Ada"}``.
        memory_mb: megabytes that queries over the log may use before they spill to disk; default as ``read_log`` says.
        by: who records it.
        command: with which command.
        fields: model, severity, kind, owner, occurred_at, detected_at, tags, summary, dataset, restricted and the
            other fields of ``Store.open_incident``.

    Raises:
        LogError: the log, the reference or the events cannot be read; nothing was recorded.
        RolesError: the roles do not fit the log; nothing was recorded.
        StoreError: a field has an unknown value, or the store cannot be written.
    """
    from toolkit.api import as_events

    happened = as_events(events)
    with TemporaryDirectory(prefix="ml-postmortem-") as place:
        kept = Kept(Path(place) / COUNTED)
        where = log_record(log, reference, roles, events, engine=engine, memory_mb=memory_mb, kept=kept)
        made = store.open_incident(title, log=where, roles=responders, actor=by, command=command, **fields)
        _hand_over(kept, store.folder / made.id)
    if happened:
        store.add_events(made.id, _imported(happened, events), actor=by, command=command)
    return made


def import_events(store: Store, incident_id: str, events: Any, *, by: str = "", command: str = "") -> tuple[Event, ...]:
    """Put the events of a table on an incident's timeline and give them with their ids; none is doubled.

    Raises:
        LogError: the table cannot be read; nothing was recorded.
        UnknownIncident: there is no such incident.
    """
    from toolkit.api import as_events

    return store.add_events(incident_id, _imported(as_events(events), events), actor=by, command=command)


def _hand_over(kept: Kept, folder: Path) -> None:
    """Put what was counted into the incident's folder, so that the first investigation does not count it again."""
    kept.finish()
    if kept.folder.is_dir() and not (folder / COUNTED).exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(kept.folder, folder / COUNTED)


def log_record(
    log: Any,
    reference: Any,
    roles: Any,
    events: Any,
    *,
    engine: str = "",
    memory_mb: int | None = None,
    kept: Kept | None = None,
) -> dict[str, Any]:
    """Say where the log lies, after reading it once: a wrong path or role shows now, not in the middle of the night.

    What was counted on the way is ``kept``.
    """
    if log is None:
        if reference is not None or roles is not None:
            raise LogError("a reference or roles were given, but no log", fix="name the log too, with --log")
        return {}
    from toolkit.logs import read_log
    from toolkit.logs.read import as_roles

    declared = None if roles is None else as_roles(roles)
    from toolkit.engines.choose import named_for

    source = absolute(named_for(log, engine), "log")
    held = None if reference is None else absolute(named_for(reference, engine), "reference")
    with read_log(source, declared, reference=held, engine=engine, memory_mb=memory_mb, kept=kept) as opened:
        record: dict[str, Any] = {
            "paths": [source],
            "rows": opened.validation.rows_kept,
            "window": [_iso(opened.validation.first), _iso(opened.validation.last)],
            "hashes": opened.hashes,
        }
    if held is not None:
        record["reference"] = held
    if declared is not None:
        record["roles"] = {k: v for k, v in declared.to_dict().items() if v is not None}
    if isinstance(events, str | os.PathLike):
        record["events"] = absolute(events, "events")
    return record


def absolute(source: Any, what: str) -> str:
    """Give a path, glob, ``file.duckdb::table``, URL or ``spark://`` table that means the same from every folder.

    Raises:
        LogError: it is no path, so nobody could read it again.
    """
    if not isinstance(source, str | os.PathLike):
        raise LogError(
            f"the {what} of an incident must lie in a file", fix="write it to Parquet first, then name the file"
        )
    if is_spark(source):
        return absolute_target(os.fspath(source))
    if is_remote(source):
        return os.fspath(source)
    path, mark, table = os.fspath(source).partition(_TABLE)
    return f"{Path(path).absolute()}{mark}{table}"


def _iso(moment: datetime | None) -> str | None:
    from toolkit.records import iso

    return iso(moment)


def _imported(happened: Sequence[Event], given: Any) -> list[Event]:
    """Mark events of a table as imported, where the table names no source of its own."""
    imported = isinstance(given, str | os.PathLike)
    return [replace(e, source="import") if imported and not e.source else e for e in happened]
