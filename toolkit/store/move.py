"""Carrying a store over (floor 2): from a folder to a server or back, or from folder to folder; entry by entry.

The journal is what moves: the target's rows are played from it, so its chain, and every hash of it that was ever
published, stays what it was. The source is left as it is.
"""

from __future__ import annotations

import contextlib

from toolkit.errors import StoreError
from toolkit.sql.connect import connect
from toolkit.store import server
from toolkit.store.attach import Place
from toolkit.store.commit import commit, entry_of
from toolkit.store.journal import Entry
from toolkit.store.lock import user
from toolkit.store.migrations import MIGRATIONS
from toolkit.store.rebuild import build, head_of, put
from toolkit.store.replay import play
from toolkit.store.server import Server
from toolkit.store.session import Transaction, insert_rows
from toolkit.store.verify import check, entries_of, is_made
from toolkit.store.work import Request, holding, stamp, writing


def move(source: Place, target: Place, request: Request) -> int:
    """Copy every entry into an empty store and put on record there where it came from; give how many came.

    Raises:
        StoreError: the source is not sound, or the target has entries already; nothing was changed.

    """
    wrong = check(source).problems
    if wrong:
        raise StoreError(f"the store to carry over is not whole: {wrong[0]}", fix="run `postmortem store repair` first")
    entries = entries_of(source)
    if isinstance(target, Server):
        _to_server(target, entries)
    else:
        _to_folder(target, entries)
    with writing(target) as (cursor, head):
        cursor.execute("BEGIN")
        tx = Transaction(cursor)
        origin = source.shown if isinstance(source, Server) else str(source.folder)
        about = {"actor": request.actor or user(), "command": request.command, "key": "", "reason": f"from {origin}"}
        commit(target, tx, head, entry_of(tx, "move", **about))
    return len(entries)


def _taken(where: str) -> StoreError:
    return StoreError("there is a store already", where=where, fix="carry it over to an empty place")


def _to_server(target: Server, entries: list[Entry]) -> None:
    with contextlib.closing(connect(threads=1)) as memory:
        tables = play(entries, memory)
    with server.writing(target, bare=True) as (cursor, head):
        if head.seq:
            raise _taken(target.shown)
        cursor.execute("BEGIN")
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {server.SCHEMA}")
        for step in MIGRATIONS:
            for statement in step.statements:
                cursor.execute(statement)
        tx = Transaction(cursor)
        for name, rows in tables.items():
            insert_rows(tx, name, list(rows.values()))
        server.keep_append_only(cursor)
        server.finish(target, cursor, head_of(entries))


def _to_folder(target: Place, entries: list[Entry]) -> None:
    with holding(target, exclusive=True) as held:
        if is_made(target):
            raise _taken(str(target.folder))
        built, _ = build(target, entries)
        put(target, built, entries)
        held.leave = {"file": stamp(target.database)}
