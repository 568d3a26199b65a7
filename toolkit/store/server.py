"""The record on a PostgreSQL server (floor 2), for a team on several machines: the same turns, the same audit.

One advisory lock makes writers take turns, so the journal (here the table ``audit``, which the server itself keeps
from being changed) is one chain. What a machine saw last it remembers in its own folder: a server that was set back,
by a restored backup or by somebody's hand, is noticed by whoever saw more.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from toolkit.errors import StoreBusy, StoreError, StoreRolledBack
from toolkit.store.attach import Place
from toolkit.store.commit import Undecided, commit, entry_of
from toolkit.store.journal import Head
from toolkit.store.lock import user
from toolkit.store.migrations import LATEST, MIGRATIONS
from toolkit.store.ready import Found, run
from toolkit.store.session import Session, Transaction

R = TypeVar("R")

SCHEMA: Final = "postmortem"
WITNESS: Final = "witness.json"

#: The key of the advisory lock: any number, as long as it is always the same.
_LOCK: Final = 7_165_431_902

_HOW_FAR: Final = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"

_APPEND_ONLY: Final = (
    """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$""",
    """CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    """CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
)


@dataclass(frozen=True)
class Server(Place):
    """A store on a server: its URL, and the folder for notebooks, documents and what was seen last."""

    url: str = ""

    @property
    def shown(self) -> str:
        """The URL as it may be shown: without a password."""
        return masked(self.url)


def masked(url: str) -> str:
    """Write a URL without its password."""
    return re.sub(r"//([^/@:]*):[^@]*@", r"//\1:***@", re.sub(r"password=[^&\s]*", "password=***", url))


class Cursor:
    """A server's cursor that takes and gives what the rest of the store does."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, sql: str, values: Sequence[Any] | None = None) -> Self:
        """Run one statement; values are bound where it has question marks."""
        self._cursor.execute(sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None)
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give the rows, none where the statement has none to give."""
        return [] if self._cursor.description is None else list(self._cursor.fetchall())

    @property
    def description(self) -> list[tuple[str]] | None:
        """The columns' names, each in a tuple."""
        found = self._cursor.description
        return None if found is None else [(column.name,) for column in found]


@contextlib.contextmanager
def _connected(place: Server) -> Iterator[Cursor]:
    """Connect, look into our schema in UTC, and let go again; what goes wrong ends as one line."""
    try:
        import psycopg
    except ImportError:
        raise StoreError(
            "a store on a server needs psycopg", where=place.shown, fix="pip install 'ml-postmortem[server]'"
        ) from None
    who = f"ml-postmortem {user()}@{socket.gethostname()}:{os.getpid()}"[:63]
    wait = max(2, int(place.wait))
    try:
        with psycopg.connect(place.url, autocommit=True, connect_timeout=wait, application_name=who) as connection:
            cursor = Cursor(connection.cursor())
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(f"SET search_path = {SCHEMA}")
            cursor.execute(f"SET lock_timeout = {max(1, int(place.wait * 1000))}")
            yield cursor
    except psycopg.Error as error:
        raise _translated(error, place) from None


def _translated(error: Exception, place: Server) -> StoreError:
    import psycopg

    first = (str(error).strip().splitlines() or ["no answer"])[0][:300]
    if isinstance(error, psycopg.errors.DiskFull):
        return StoreError("the server's disk is full: nothing was recorded", where=place.shown, fix="make room there")
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction):
        return StoreError(f"the server does not allow it: {first}", where=place.shown, fix="ask for the right to write")
    if isinstance(error, psycopg.OperationalError | psycopg.ProgrammingError) and "connection" in first:
        return StoreError(
            f"the server does not answer: {first}", where=place.shown, fix="check the URL and the network"
        )
    return StoreError(f"the server refused: {first}", where=place.shown, fix="run `postmortem store check`")


def look(place: Server, cursor: Cursor) -> Found:
    """Ask the server how far its record is.

    Raises:
        StoreError: it has a newer schema.

    """
    if cursor.execute(f"SELECT to_regclass('{SCHEMA}.migrations')").fetchall() == [(None,)]:
        return Found()
    version = int(cursor.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchall()[0][0])
    if version > LATEST:
        raise StoreError(
            f"the store has schema {version}, this version knows {LATEST}",
            where=place.shown,
            fix="install a newer ml-postmortem; nothing was changed",
        )
    rows = cursor.execute(_HOW_FAR).fetchall()
    found = Found(version, *rows[0]) if rows else Found(version)
    _witnessed(place, cursor, found)
    return found


def read(place: Server, give: Callable[[Session], R], empty: Callable[[], R]) -> R:
    """Read in one snapshot; from ``empty`` where the server has no store yet."""
    for _ in range(2):
        with _connected(place) as cursor:
            found = look(place, cursor)
            if found.version in (0, LATEST):
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return give(Session(cursor)) if found.version else empty()
        with writing(place):
            pass  # an older store is brought up to date before it is read
    raise StoreError("the store cannot be brought up to date", where=place.shown, fix="run `postmortem store check`")


@contextlib.contextmanager
def writing(place: Server, *, bare: bool = False) -> Iterator[tuple[Cursor, Head]]:
    """Hold the store alone, in order, with its head; ``bare``: without making it first."""
    with _connected(place) as cursor:
        _lock(place, cursor)
        if not bare:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        found = look(place, cursor)
        head = Head(found.seq, found.hash)
        for step in () if bare else MIGRATIONS[found.version :]:
            cursor.execute("BEGIN")
            tx = Transaction(cursor)
            run(tx, step, head.seq + 1)
            if step.number == 1:
                keep_append_only(cursor)
            head = commit(place, tx, head, entry_of(tx, "migrate", migration=step.number, reason=step.title))
        yield cursor, head


def keep_append_only(cursor: Cursor) -> None:
    """Have the server refuse to change or remove what is in the journal."""
    for statement in _APPEND_ONLY:
        cursor.execute(statement)


def _lock(place: Server, cursor: Cursor) -> None:
    import psycopg

    try:
        cursor.execute(f"SELECT pg_advisory_lock({_LOCK})")
    except psycopg.errors.LockNotAvailable:
        held = cursor.execute(
            "SELECT a.application_name, a.state_change FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            f"WHERE l.locktype = 'advisory' AND l.granted AND l.objid = {_LOCK & 0xFFFFFFFF}"
        ).fetchall()
        who = f"{held[0][0]}, since {held[0][1]:%Y-%m-%dT%H:%M:%SZ}" if held else "somebody"
        raise StoreBusy(
            f"the store is held by {who}; waited {place.wait:g} s", where=place.shown, fix="try again"
        ) from None


def finish(place: Server, cursor: Cursor, head: Head) -> None:
    """Commit on the server, then remember here how far it was.

    Raises:
        Undecided: the connection broke on COMMIT.

    """
    import psycopg

    try:
        cursor.execute("COMMIT")
    except psycopg.Error as error:
        raise Undecided(head, _translated(error, place)) from None
    remember(place, head)


def remember(place: Server, head: Head) -> None:
    """Write down in this machine's folder how far the server's record was seen to be."""
    with contextlib.suppress(OSError):
        place.folder.mkdir(parents=True, exist_ok=True)
        seen = {**_seen(place), place.shown: {"seq": head.seq, "hash": head.hash}}
        beside = place.folder / f"{WITNESS}.{os.getpid()}.next"
        beside.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(place.folder / WITNESS)


def _seen(place: Server) -> dict[str, Any]:
    try:
        seen = json.loads((place.folder / WITNESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return seen if isinstance(seen, dict) else {}


def _witnessed(place: Server, cursor: Cursor, found: Found) -> None:
    """Hold the server's record against what was seen of it here.

    Raises:
        StoreRolledBack: it has not the entry that was seen.

    """
    seen = _seen(place).get(place.shown)
    if not isinstance(seen, dict):
        return
    rows = cursor.execute("SELECT hash FROM audit WHERE seq = ?", [int(seen["seq"])]).fetchall()
    if rows != [(seen["hash"],)]:
        raise StoreRolledBack(
            f"the server is at entry {found.seq} and lacks entry {seen['seq']}, which was seen here: it was set back",
            where=place.shown,
            fix=f"restore the server, or accept it by removing {place.folder / WITNESS}",
        )


def local(folder: Path, url: str, wait: float) -> Place:
    """Give the place of a store: on a server where there is a URL, else in the folder.

    Raises:
        StoreError: the URL is not one of PostgreSQL.

    """
    if not url:
        return Place(folder, wait)
    if not re.match(r"postgres(ql)?://", url):
        raise StoreError(f"{masked(url)[:60]!r} is no URL of a store", fix="write postgresql://user@host/database")
    return Server(folder, wait, url)
