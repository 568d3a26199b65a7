"""Backups (floor 2): a folder with the database, the journal and HEAD of one moment, copied under the lock."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.sql.connect import literal, quote
from toolkit.store import journal
from toolkit.store.attach import DATABASE, Place
from toolkit.store.process import new_name

if TYPE_CHECKING:
    import duckdb

BACKUPS: Final = "backups"


def automatic(place: Place, cursor: duckdb.DuckDBPyConnection, why: str) -> Path:
    """Make a backup of the attached store under its own folder, named by the time and the reason."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return snapshot(place, cursor, place.folder / BACKUPS / f"{moment}-{why}")


def snapshot(place: Place, cursor: duckdb.DuckDBPyConnection, target: Path) -> Path:
    """Copy the attached store, whose lock is held, into a new folder; whole or not at all.

    The database is copied by DuckDB: opening the file here by other means would drop DuckDB's lock on it.
    """
    building = target.with_name(target.name + ".part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        copy_database(cursor, building / DATABASE)
        for file in (journal.JOURNAL, journal.HEAD):
            if (place.folder / file).exists():
                shutil.copy(place.folder / file, building / file)
        building.replace(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return target


def copy_database(cursor: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Copy the attached database into a new file, tables, keys and rows."""
    name = new_name()
    source = cursor.execute("SELECT current_database()").fetchall()[0][0]
    cursor.execute(f"ATTACH {literal(str(target))} AS {quote(name)} (STORAGE_VERSION 'v1.0.0')")
    try:
        cursor.execute(f"COPY FROM DATABASE {quote(source)} TO {quote(name)}").fetchall()
    finally:
        cursor.execute(f"DETACH {quote(name)}")
