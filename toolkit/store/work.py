"""One turn at the store (floor 2): gate, lock, attach, transaction, journal, HEAD, detach; a few milliseconds.

The order of a write is what makes it safe. Everything that needs space (the row, the journal's line, the
next HEAD) is on the disk before COMMIT; a rename after it is all that is left. Killed before COMMIT, the
line that no HEAD counts is cut off at the next write; killed after it, the next write puts HEAD forward.
What was acknowledged is in all three.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from toolkit.errors import StoreError, StoreRolledBack
from toolkit.store import journal, server
from toolkit.store.attach import DATABASE, Place, attached, interrupted, translated
from toolkit.store.commit import Undecided, commit, entry_of
from toolkit.store.foreign import notice
from toolkit.store.journal import Head
from toolkit.store.lock import Held, hold, on_network, user
from toolkit.store.process import meet, turn, was_met
from toolkit.store.ready import check_readable, fill, make_ready
from toolkit.store.server import Server
from toolkit.store.session import Cursor, Session, Transaction
from toolkit.store.tables import Row

if TYPE_CHECKING:
    import duckdb

R = TypeVar("R")

#: The store that is read ``at_once``, and the session in which it is.
_AT_ONCE: Final[ContextVar[tuple[Place, Session] | None]] = ContextVar("at_once", default=None)


@dataclass(frozen=True)
class Request:
    """Who asks for a change, with which command, and why; ``key`` names the request, so that a retry is told apart."""

    op: str
    actor: str = ""
    command: str = ""
    key: str = ""
    reason: str = ""
    incident: str = ""


def read(place: Place, give: Callable[[Session], R]) -> R:
    """Read from the store beside other readers; from an empty one where none was made yet.

    Raises:
        StoreBusy: writers held it for longer than ``place.wait`` seconds.
        StoreError: it cannot be read; the message says why and what to do.

    """
    if isinstance(place, Server):
        return server.read(place, give, lambda: _read_empty(give))
    held = _AT_ONCE.get()
    if held is not None and held[0] == place:
        return give(held[1])
    with told(place):
        there = place.database.exists()
        if not there:
            if (place.folder / journal.HEAD).exists():
                raise _gone(place)
            _not_vanished(place)
    if not there:
        return _read_empty(give)
    with _session(place) as session:
        return give(session)


@contextlib.contextmanager
def at_once(place: Place) -> Iterator[None]:
    """Let all that this thread reads inside be of one moment, in one turn; nothing can be written inside.

    A store on a server, and one that was not made yet, is read as ever.

    Raises:
        StoreError: as ``read`` does.

    """
    held = _AT_ONCE.get()
    if isinstance(place, Server) or held is not None or not place.database.exists():
        yield
        return
    with _session(place) as session:
        token = _AT_ONCE.set((place, session))
        try:
            yield
        finally:
            _AT_ONCE.reset(token)


@contextlib.contextmanager
def _session(place: Place) -> Iterator[Session]:
    """Hold the store beside other readers; an older one is brought up to date before."""
    for first in (True, False):
        with reading(place) as (cursor, ready):
            if ready:
                yield Session(cursor)
                return
        if first:
            with writing(place):
                pass
    raise StoreError(
        "the store cannot be brought up to date", where=str(place.folder), fix="run `postmortem store check`"
    )


def _gone(place: Place) -> StoreRolledBack:
    return StoreRolledBack(
        "the database file is gone",
        where=str(place.database),
        fix="run `postmortem store repair`, which builds it again",
    )


def _not_vanished(place: Place) -> None:
    """Begin no second store where the disk or share with the first went away: what it takes in would be lost.

    Raises:
        StoreError: this process met a store here, and there is none now.

    """
    if was_met(place.folder) and not any((place.folder / name).exists() for name in (DATABASE, journal.HEAD)):
        raise StoreError(
            "the store that was here is gone; nothing was recorded",
            where=str(place.folder),
            fix="see that its disk or share is there, then do it again; to begin anew, start a new process",
        )


def _read_empty(give: Callable[[Session], R]) -> R:
    from toolkit.sql.connect import connect

    with contextlib.closing(connect(threads=1)) as memory:
        fill(memory)
        return give(Session(memory))


@contextlib.contextmanager
def holding(place: Place, *, exclusive: bool) -> Iterator[Held]:
    """Hold the store, alone or beside readers, without opening it; what goes wrong inside ends as one line."""
    with told(place):
        if exclusive:
            place.folder.mkdir(parents=True, exist_ok=True)
        with turn(place.folder, place.wait), hold(place.folder, exclusive=exclusive, wait=place.wait) as held:
            yield held


@contextlib.contextmanager
def reading(place: Place) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
    """Hold the store beside other readers, attached; and say whether it can be read as it is."""
    with holding(place, exclusive=False), attached(place, read_only=True) as cursor:
        meet(place.folder)
        yield cursor, check_readable(place, cursor)


@contextlib.contextmanager
def writing(place: Place) -> Iterator[tuple[Cursor, Head]]:
    """Hold the store alone, attached and in order, with its head."""
    if isinstance(place, Server):
        with server.writing(place) as (cursor, head):
            yield cursor, head
        return
    with told(place):
        _not_vanished(place)
    with holding(place, exclusive=True) as held:
        touched = held.found.get("file") not in (None, stamp(place.database))
        seen = not touched
        if not place.database.exists():
            _create(place)
        try:
            with attached(place, read_only=False) as own:
                head = make_ready(place, own)
                meet(place.folder)
                if touched:
                    head, seen = notice(place, own, head), True
                yield own, head
        finally:
            held.leave = {"file": stamp(place.database)} if seen else held.found


def _create(place: Place) -> None:
    """Make an empty database, whole before it has its name: a kill leaves a store or none."""
    head = journal.read_head(place.folder)
    if head is not None and head.seq:
        raise _gone(place)
    on_network(place.folder)
    beside = place.folder / f"{DATABASE}.new"
    for old in (beside, beside.with_name(beside.name + ".wal")):
        old.unlink(missing_ok=True)
    with attached(place, read_only=False, database=beside):
        pass
    beside.replace(place.database)


def stamp(path: Path) -> list[int]:
    """Tell whether a file was written to since, by its size and times; without opening it."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return []
    return [about.st_size, about.st_mtime_ns]


@contextlib.contextmanager
def told(place: Place) -> Iterator[None]:
    """Turn what DuckDB and the system raise into one line."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except (duckdb.Error, OSError) as error:
        raise translated(error, place.database) from None
    except RuntimeError as error:
        if interrupted(error):
            raise KeyboardInterrupt from None
        raise


def write(place: Place, request: Request, work: Callable[[Transaction], Any], give: Callable[[Session, Any], R]) -> R:
    """Change the store: ``work`` makes the changes and names its result, ``give`` reads what that name stands for.

    With a key that was used before, ``work`` does not run: its first result is given.

    Raises:
        StoreBusy: others held the store for longer than ``place.wait`` seconds.
        StoreRolledBack: the database lost entries of its journal; repair it first.
        StoreError: it cannot be written; nothing was changed.

    """
    try:
        with writing(place) as (cursor, head):
            return _transact(place, cursor, head, request, work, give)
    except Undecided as undecided:
        given: R = _settled(place, undecided)
        return given


def _transact(
    place: Place,
    cursor: Cursor,
    head: Head,
    request: Request,
    work: Callable[[Transaction], Any],
    give: Callable[[Session, Any], R],
) -> R:
    session = Session(cursor)
    known = session.get("requests", key=request.key) if request.key else None
    if known is not None:
        _same_request(session, request, known)
        return give(session, known["result"])
    cursor.execute("BEGIN")
    tx = Transaction(cursor)
    result = work(tx)
    if not tx.changes:
        return give(tx, result)
    if request.key:
        tx.insert("requests", {"key": request.key, "op": request.op, "seq": head.seq + 1, "result": result})
    given = give(tx, result)
    about = {
        "actor": request.actor or user(),
        "command": request.command,
        "reason": request.reason,
        "key": request.key,
    }
    try:
        commit(place, tx, head, entry_of(tx, request.op, **about))
    except Undecided as undecided:
        undecided.given = given
        raise
    return given


def _same_request(session: Session, request: Request, known: Row) -> None:
    """See that a key names what it named before."""
    entry = session.get("audit", seq=known["seq"])
    about = entry["incident"] if entry else ""
    asked = request.incident.strip().upper()
    if known["op"] != request.op or (asked and asked != about):
        raise StoreError(
            f"the key {request.key[:60]!r} was used for {known['op']} of {about} before", fix="use a new key"
        )


def _settled(place: Place, undecided: Undecided) -> Any:
    """See whether a COMMIT that raised went through all the same, which a full disk can make it do."""
    try:
        with writing(place) as (cursor, _):
            there = Session(cursor).get("audit", seq=undecided.head.seq)
    except StoreError as error:
        raise StoreError(
            f"whether the change was recorded is not known: {error.what}",
            where=str(place.folder),
            fix="mend that, then look before you do it again",
        ) from None
    if there is None or there["hash"] != undecided.head.hash:
        raise translated(undecided.cause, place.database)
    return undecided.given
