"""Ctrl-C ends the opening of a log at once, whatever it does just then, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

#: What opening a log may be at when the signal comes; none of it comes to an end.
WORK = {
    "Python": "while True: pass",
    "Python between queries": "while True: (connection.execute('SELECT 1').fetchall(), time.sleep(0.001))",
    "a query": "connection.execute('SELECT sum(hash(range)) FROM range(100000000000)')",
}


def interrupted(code: str, *args: object, scratch: Path) -> tuple[list[str], float]:
    """Run a program, send it Ctrl-C half a second after its first line, and give its lines and how long it went on."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    ) as other:
        assert other.stdout is not None
        lines = [other.stdout.readline()]
        time.sleep(0.5)
        other.send_signal(signal.SIGINT)
        began = time.monotonic()
        lines += other.stdout.readlines()
        assert other.wait(30) == 0
    return [line.rstrip() for line in lines], time.monotonic() - began


@pytest.mark.parametrize("work", WORK.values(), ids=WORK.keys())
def test_work_of_any_kind_is_ended(work: str, tmp_path: Path) -> None:
    """The work is over when Ctrl-C is heard of, nobody says a word more, and the connection answers again."""
    code = f"""
        import signal, threading, time
        from toolkit.engines.reading import interruptible
        from toolkit.sql.connect import connect
        signal.signal(signal.SIGINT, signal.default_int_handler)
        connection = connect()
        def work():
            {work}
        print("working", flush=True)
        try:
            interruptible(connection, work)
        except KeyboardInterrupt:
            print("ended", threading.active_count(), connection.execute("SELECT 42").fetchall(), flush=True)
        """
    lines, seconds = interrupted(code, scratch=tmp_path)
    assert lines == ["working", "ended 1 [(42,)]"]
    assert seconds < 10


@pytest.mark.parametrize("where", ["", " WHERE x < 0"], ids=["rows", "the search for rows"])
def test_an_endless_table_of_sqlite_is_left(tmp_path: Path, where: str) -> None:
    """SQLite heeds no signal while it looks for rows; and what was written by then is gone."""
    (tmp_path / "scratch").mkdir()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        connection.execute(f"CREATE VIEW served AS {numbers} SELECT x / 2.0 AS score FROM n{where}")
    connection.close()
    code = """
        import signal, sys
        from toolkit.engines import DuckRows
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("opening", flush=True)
        try:
            DuckRows.open(sys.argv[1])
        except KeyboardInterrupt:
            print("ended", flush=True)
        """
    lines, seconds = interrupted(code, f"{tmp_path / 'log.db'}::served", scratch=tmp_path / "scratch")
    assert lines == ["opening", "ended"]
    assert seconds < 10
    assert list((tmp_path / "scratch").iterdir()) == []
