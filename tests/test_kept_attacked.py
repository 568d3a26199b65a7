"""What is kept of a log is no longer so when the log is not, whoever wrote to its folder or to its files."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.engines import DuckRows
from toolkit.engines.kept import MOST_BYTES, MOST_INDEX, Kept

ROWS = 400
SQL = "SELECT count(*) AS n, sum(x) AS s FROM raw"
ADDED = "SELECT sum(n)::BIGINT, sum(s)::BIGINT FROM parts"
TRUE = [(ROWS, ROWS)]


def write(file: Path, value: int = 1) -> Path:
    """Write a file whose values take the same room whatever they are, of the same old time."""
    file.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"x": [value] * ROWS}), file, use_dictionary=False, compression="none")
    os.utime(file, ns=(10**18, 10**18))
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "log" / "a.parquet")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def ask(log: Path, place: Path, *, again: bool = False, sql: str = SQL) -> list[Any]:
    """Ask a log one thing, with what is kept."""
    kept = Kept(place, again=again)
    with DuckRows.open(str(log), memory_mb=200, kept=kept) as rows:
        table = rows.gather(sql, ADDED)
        kept.finish()
    return list(zip(*(c.to_pylist() for c in table.columns), strict=True))


def sealed(place: Path) -> list[Path]:
    return sorted(place.glob("*.sealed"))


def other_file_in_its_place(file: Path) -> None:
    other = write(file.parent.parent / "other" / "b.parquet", 7)
    other.replace(file)


def written_in_place(file: Path) -> None:
    other = write(file.parent.parent / "other" / "b.parquet", 7)
    file.write_bytes(other.read_bytes())
    os.utime(file, ns=(10**18, 10**18))


def a_link_to_another(file: Path) -> None:
    other = write(file.parent.parent / "other" / "b.parquet", 7)
    file.unlink()
    file.symlink_to(other)


@pytest.mark.parametrize("change", [other_file_in_its_place, written_in_place, a_link_to_another])
def test_a_file_of_the_same_size_and_time_is_read(change: Callable[[Path], None], log: Path, place: Path) -> None:
    """Written in its place, moved there or linked there, with its size and time: another content is another answer."""
    assert ask(log, place) == TRUE
    assert sealed(place)
    before = log.stat()
    change(log)
    assert (log.stat().st_size, log.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert ask(log, place) == [(ROWS, 7 * ROWS)]


def test_a_plain_file_in_the_place_of_an_answer_is_no_answer(log: Path, place: Path) -> None:
    """Who has the folder but not the log cannot put words in its mouth: what is not sealed by the log is not read."""
    ask(log, place)
    (answer,) = sealed(place)
    pq.write_table(pa.table({"n": [666], "s": [pa.scalar(6)]}), answer)
    assert ask(log, place) == TRUE
    with answer.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)  # nor is so large a one opened at all
    assert ask(log, place) == TRUE
    assert answer.stat().st_size < MOST_BYTES


@pytest.mark.parametrize(
    "index",
    [
        "[" * 100_000,
        '{"format": "toolkit.kept/2", "files": {"a": [[Infinity, 1, 1, 1, 1], "", 1]}, "parts": []}',
        '{"format": "toolkit.kept/2", "files": {"a": [[1, 1], "", 1]}, "parts": []}',
        '{"format": "toolkit.kept/1", "files": {"a": [1, 1, "", 1]}, "parts": []}',
        '{"format": "toolkit.kept/2", "files": {}, "parts": [[], [""], "abc", 5]}',
        "\udcff",
    ],
)
def test_an_index_that_is_none_is_none(index: str, log: Path, place: Path) -> None:
    """Deep, infinite, of another version or of another shape: the log is read as if nothing were kept."""
    ask(log, place)
    (place / "index.json").write_text(index, encoding="utf-8", errors="surrogateescape")
    assert ask(log, place) == TRUE


def test_an_index_beyond_all_bounds_is_not_read(log: Path, place: Path) -> None:
    """A file of holes, as large as one likes, costs nothing."""
    ask(log, place)
    with (place / "index.json").open("wb") as stream:
        stream.truncate(MOST_INDEX + 1)
    assert ask(log, place) == TRUE
    assert (place / "index.json").stat().st_size < MOST_INDEX


def test_a_forged_hash_opens_nothing(log: Path, place: Path) -> None:
    """An index that says a changed file is as it was leads to no answer: the ends of the file are part of the key."""
    ask(log, place)
    index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    written_in_place(log)
    found = log.stat()
    stamp = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino]
    for name, (_, sha, at) in index["files"].items():
        index["files"][name] = [stamp, sha, at]
    (place / "index.json").write_text(json.dumps(index), encoding="utf-8")
    assert ask(log, place) == [(ROWS, 7 * ROWS)]


def test_a_folder_that_others_may_write_to_is_not_trusted(log: Path, place: Path) -> None:
    """What is kept there is neither read nor added to: who writes there may be somebody who has the log too."""
    ask(log, place)
    before = {f.name: f.stat().st_mtime_ns for f in place.iterdir()}
    place.chmod(0o777)
    log.write_bytes(log.read_bytes())
    assert ask(log, place) == TRUE
    assert {f.name: f.stat().st_mtime_ns for f in place.iterdir()} == before


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be a user without rights for a while, where this one has them all."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can be somebody else for a while")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_of_another_user_is_as_good_as_none(log: Path, place: Path, tmp_path: Path) -> None:
    """It may not even be looked into; nothing is said, nothing kept, the log is read."""
    ask(log, place)
    for parent in (log.parent, *tmp_path.parents[:3], tmp_path):
        parent.chmod(0o755)
    before = {f.name for f in place.iterdir()}
    with somebody_else():
        kept = Kept(place)
        part, *_ = kept.split([log])
        assert kept.load(part, "question") is None
        kept.save(part, "question", pa.table({"n": [1]}))
        kept.finish()
    assert {f.name for f in place.iterdir()} == before


def test_two_at_once_each_get_their_answer(log: Path, place: Path) -> None:
    """Several that read, forget and keep at the same time, in threads of one process too, answer as one alone would."""
    said: list[Any] = []

    def some(number: int) -> None:
        said.extend(ask(log, place, again=(number + i) % 3 == 0) for i in range(4))

    threads = [threading.Thread(target=some, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [TRUE] * 12
    assert ask(log, place) == TRUE
    assert not list(place.glob("*.part"))


def test_what_a_killed_process_left_goes_and_what_is_not_ours_stays(log: Path, place: Path, tmp_path: Path) -> None:
    """Half an answer of an hour ago is removed; asked to forget, a folder that is a link forgets, too."""
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    place.symlink_to(real)
    ask(log, place)
    left, fresh, strange = (real / n for n in ("a.sealed.7.part", "b.sealed.8.part", "notes.txt"))
    for file in (left, fresh, strange):
        file.write_text("x", encoding="utf-8")
    os.utime(left, (1, 1))
    ask(log, place, sql=f"{SQL} WHERE x > 0")
    assert (left.exists(), fresh.exists(), strange.exists()) == (False, True, True)
    old = {f.name for f in sealed(real)}
    Kept(place, again=True)
    assert len(old) == 2
    assert [f.name for f in real.iterdir() if f.suffix == ".sealed" or f.name == "index.json"] == []
    assert strange.exists()


def test_a_column_named_like_our_sql_is_a_column(tmp_path: Path, place: Path) -> None:
    """A column called FROM rows, or FROM canonical, is read by its name, with what is kept and without."""
    from toolkit.logs import read_log
    from toolkit.profile.build import build_profile

    frame = pd.DataFrame({"score": [0.2, 0.8] * 50, "label": [0, 1] * 50, "FROM rows": 1.0, "FROM canonical": 2.0})
    (tmp_path / "odd").mkdir()
    frame.to_parquet(tmp_path / "odd" / "a[1].parquet")
    os.utime(tmp_path / "odd" / "a[1].parquet", ns=(10**18, 10**18))
    for kept in (None, Kept(place), Kept(place)):
        with read_log(str(tmp_path / "odd"), kept=kept) as log:
            assert set(build_profile(log).sample.features) == {"FROM rows", "FROM canonical"}
