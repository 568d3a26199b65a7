"""A log that has grown is what it would be if it were read anew, and what did not change in it is not read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import toolkit as tk
from toolkit.causes.diagnose import diagnose_profile
from toolkit.engines import kept as keeping
from toolkit.engines import part as files
from toolkit.engines import parts, stretches
from toolkit.engines.kept import Kept
from toolkit.errors import LogError
from toolkit.profile import build, cubes
from toolkit.profile.build import build_profile
from toolkit.profile.model import Codes, Profile

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 4
ROWS = 1300
#: More bytes than two days have, and fewer than three.
TWO_DAYS = 170_000
CANARY = "kanarienvogel"
ROLES = {
    "task": "binary",
    "roles": {
        "timestamp": "ts", "id": "id", "prediction": "prediction", "score": "score", "label": "label",
        "model_version": "version", "latency_ms": "latency", "status": "status", "group": ["sex"],
        "segment": ["region"], "feature": ["a", "b", "c", "word"],
    },
    "values": {"positive": 1},
}  # fmt: skip
#: Two seeds of rows that are not whole: what validation has to say must add up too.
ODD = {7: ("score", 1.7), 900: ("label", 5), 1100: ("a", np.inf), 1200: ("b", np.nan)}


def a_day(day: int, **columns: Any) -> pd.DataFrame:
    """Give the rows of a day: some with a fault, some ids twice, from day 2 on a feature a hundred times too large."""
    rng = np.random.default_rng([5, day + 1])
    a, b, c = rng.normal(size=(3, ROWS))
    score = 1 / (1 + np.exp(-a - 0.5 * b))
    made: dict[str, Any] = {
        "id": [f"{day:02d}-{i % (ROWS - 3)}" for i in range(ROWS)],
        "a": a,
        "b": b * (100 if day >= 2 else 1),
        "c": c,
        "ts": pd.date_range(START + timedelta(days=day), periods=ROWS, freq="57s").as_unit("us"),
        "prediction": (score > 0.5).astype(int),
        "score": score,
        "label": (rng.uniform(size=ROWS) < score).astype(float),
        "version": "v1" if day < 2 else "v2",
        "latency": rng.lognormal(3, 0.5, ROWS),
        "status": np.where(rng.uniform(size=ROWS) < 0.02, "timeout", "ok"),
        "sex": rng.choice(np.array(["f", "m", None], dtype=object), ROWS),
        "region": rng.choice(["north", "south", CANARY], ROWS),
        "word": rng.choice(["x", "y", f"only on {day}"], ROWS),
    }
    for row, (column, value) in ODD.items():
        made[column][row] = value
    return pd.DataFrame({**made, **columns})


def write(frame: pd.DataFrame, file: Path) -> None:
    """Write a day that is old enough for its time to tell whether it changed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(file, index=False, compression="zstd", use_dictionary=False)
    os.utime(file, ns=(10**18, 10**18))


def day_file(folder: Path, day: int) -> Path:
    """Give the file of a day."""
    return folder / f"{START + timedelta(days=day):%Y-%m-%d}.parquet"


@pytest.fixture(autouse=True)
def _short_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take less of the ends of a file for its key: those of such small files are all there is of them."""
    monkeypatch.setattr(files, "END", 512)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days") / "log"
    for day in range(DAYS):
        write(a_day(day), day_file(folder, day))
    return folder


@pytest.fixture
def log(days: Path, tmp_path: Path) -> Path:
    """Give all days but the last one."""
    shutil.copytree(days, tmp_path / "log")
    day_file(tmp_path / "log", DAYS - 1).unlink()
    return tmp_path / "log"


@pytest.fixture(scope="module")
def known(days: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what is kept of all days but the last one, two days a part."""
    place = tmp_path_factory.mktemp("known")
    shutil.copytree(days, place / "log")
    day_file(place / "log", DAYS - 1).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "PART_BYTES", TWO_DAYS)
        patch.setattr(files, "END", 512)
        read(place / "log", place / "kept")
    assert len(Kept(place / "kept").split(sorted((place / "log").iterdir()))) == 2
    return place / "kept"


Read = tuple[Profile, Mapping[str, Any], Mapping[str, str]]


def read(folder: Path, place: Path | None = None, sample: int = 2000, **how: Any) -> Read:
    """Read a log into a profile, its report and its hashes, with what is kept in a place, or anew."""
    kept = None if place is None else Kept(place)
    with tk.read_log(str(folder), how.pop("roles", ROLES), kept=kept, **how) as opened:
        profile, report = build_profile(opened, sample_rows=sample), opened.validation.to_dict()
        if kept is not None:
            kept.finish()
        return profile, report, {Path(k).name: v for k, v in opened.hashes.items()}


def same(one: Read, other: Read) -> None:
    """See that two readings are the same: every row of the sample, every count, and sums but for the last digits."""
    assert one[1:] == other[1:]
    a, b = one[0], other[0]
    assert (a.rows, a.classes, a.types, a.new_columns) == (b.rows, b.classes, b.types, b.new_columns)
    equal(vars(a.sample), vars(b.sample))
    assert a.cubes.keys() == b.cubes.keys()
    for name, cube in b.cubes.items():
        equal(a.cubes[name].keys, cube.keys)
        for figure, sums in cube.sums.items():
            np.testing.assert_allclose(a.cubes[name].sums[figure], sums, rtol=1e-12, err_msg=f"{name} {figure}")
        np.testing.assert_array_equal(a.cubes[name].sums["n"], cube.sums["n"])


def equal(a: Any, b: Any) -> None:
    """See that two things made of arrays are equal to the bit."""
    if isinstance(b, Mapping):
        assert a.keys() == b.keys()
        for name in b:
            equal(a[name], b[name])
    elif isinstance(b, Codes):
        assert a.names == b.names
        np.testing.assert_array_equal(a.codes, b.codes)
    else:
        np.testing.assert_array_equal(a, b)


def spoil(file: Path, *columns: str) -> None:
    """Make the pages of columns unreadable, and leave the file's size, time, ends and footer as they are."""
    group = pq.ParquetFile(file).metadata.row_group(0)
    content = bytearray(file.read_bytes())
    for chunk in (group.column(i) for i in range(group.num_columns)):
        if chunk.path_in_schema in columns:
            start, end = chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size
            assert files.END <= start < end <= len(content) - files.END
            content[start:end] = b"\xff" * (end - start)
    file.write_bytes(content)
    os.utime(file, ns=(10**18, 10**18))


def overlook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a spoiled file pass as the one that was read: the time of its entry, which tells, nobody can set back."""
    for module in (keeping, files):
        monkeypatch.setattr(module, "stamp", lambda file: (file.stat().st_size, file.stat().st_mtime_ns, 0, 0, 0))


def test_a_new_day_is_read_alone_and_the_whole_is_as_if_read_anew(
    days: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report, sample, counts and verdict are those of a fresh reading, though the old days cannot be read any more."""
    overlook(monkeypatch)
    fresh = read(days)
    read(log, tmp_path / "kept")
    for day in range(DAYS - 1):
        spoil(day_file(log, day), "a", "b", "c", "prediction", "score")
    shutil.copy2(day_file(days, DAYS - 1), log)
    grown = read(log, tmp_path / "kept")
    same(grown, fresh)
    assert fresh[1]["quarantined"] == {"impossible score": DAYS, "unknown label": DAYS}
    assert fresh[1]["duplicate_ids"] == 3 * DAYS
    with pytest.raises(LogError):
        read(log)
    said, meant = (json.loads(json.dumps(diagnose_profile(p).to_dict())) for p in (grown[0], fresh[0]))
    assert any("b" in finding["features"] for finding in meant["findings"])
    agree(said, meant)


def test_guessed_roles_are_guessed_of_the_whole(days: Path, log: Path, tmp_path: Path) -> None:
    """Where nobody declared a role a new day may change the guess: it is what a fresh reading guesses."""
    read(log, tmp_path / "kept", roles=None)
    shutil.copy2(day_file(days, DAYS - 1), log)
    same(read(log, tmp_path / "kept", roles=None), read(days, roles=None))


def agree(said: Any, meant: Any) -> None:
    """See that two documents say the same, numbers but for the last digits."""
    if isinstance(meant, dict):
        assert said.keys() == meant.keys()
        for name in meant:
            agree(said[name], meant[name])
    elif isinstance(meant, list):
        assert len(said) == len(meant)
        for one, other in zip(said, meant, strict=True):
            agree(one, other)
    elif isinstance(meant, float):
        assert said == pytest.approx(meant, rel=1e-9, abs=1e-12)
    else:
        assert said == meant


def _another_class(folder: Path) -> None:
    write(a_day(3, label="yes", prediction="no"), day_file(folder, 3))


def _a_new_column(folder: Path) -> None:
    write(a_day(3, zone="east"), day_file(folder, 3))


def _words_for_numbers(folder: Path) -> None:
    write(a_day(3, c="n/a"), day_file(folder, 3))


def _in_the_future(folder: Path) -> None:
    write(
        a_day(5, ts=pd.date_range("2126-01-01", periods=ROWS, freq="57s", tz="UTC").as_unit("us")), day_file(folder, 3)
    )


def _ids_again(folder: Path) -> None:
    write(a_day(3, id=a_day(1)["id"]), day_file(folder, 3))


def _no_rows(folder: Path) -> None:
    write(a_day(3)[:0], day_file(folder, 3))


def _a_day_written_again(folder: Path) -> None:
    write(a_day(1, label=np.nan), day_file(folder, 1))


def _a_day_gone(folder: Path) -> None:
    day_file(folder, 0).unlink()


def _a_day_before(folder: Path) -> None:
    write(a_day(-1), day_file(folder, -1))


def _two_days_changed_places(folder: Path) -> None:
    first, second = day_file(folder, 0), day_file(folder, 1)
    first.rename(folder / "aside")
    second.rename(first)
    (folder / "aside").rename(second)


CHANGES = [
    _another_class, _a_new_column, _words_for_numbers, _in_the_future, _ids_again, _no_rows, _a_day_written_again,
    _a_day_gone, _a_day_before, _two_days_changed_places,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__.strip("_"))
def test_whatever_changed_the_whole_is_as_if_read_anew(
    change: Callable[[Path], None], known: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that are new, changed, gone or elsewhere, and those that change what the others mean, are all heeded."""
    monkeypatch.setattr(keeping, "PART_BYTES", TWO_DAYS)
    shutil.copytree(known, tmp_path / "kept")
    change(log)
    same(read(log, tmp_path / "kept"), read(log))


@pytest.mark.parametrize("together", [1, TWO_DAYS, 10**9])
@pytest.mark.parametrize("hours", [(24, 48), (12, 999)])
def test_another_window_is_as_if_read_anew(
    hours: tuple[int, int], together: int, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days within it, outside and across its ends give what it would, read alone: each a part, or two, or all."""
    monkeypatch.setattr(keeping, "PART_BYTES", together)
    read(log, tmp_path / "kept", sample=900)
    window = tuple(START + timedelta(hours=h) for h in hours)
    spans: dict[str, Any] = {"window": window, "reference_window": (START, START + timedelta(hours=24))}
    same(read(log, tmp_path / "kept", sample=900, **spans), read(log, sample=900, **spans))


@pytest.mark.parametrize("spans", [("window",), ("window", "reference_window")])
def test_a_window_of_whole_days_rescans_nothing(
    spans: tuple[str, ...], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sample is all rows, days that lie within another window are not read again: they cannot be any more."""
    overlook(monkeypatch)
    monkeypatch.setattr(keeping, "PART_BYTES", 1)
    how: dict[str, Any] = {s: (START + timedelta(days=d), START + timedelta(days=d + 1)) for d, s in enumerate(spans)}
    fresh = read(log, sample=10**6, **how)
    read(log, tmp_path / "kept", sample=10**6)
    for day in range(DAYS - 1):
        spoil(day_file(log, day), "a", "b", "c", "prediction", "score")
    same(read(log, tmp_path / "kept", sample=10**6, **how), fresh)


def test_a_window_of_half_of_a_large_log_draws_nothing_anew(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such a log more rows are kept than are drawn: those that are drawn of two of its three days are among them."""
    overlook(monkeypatch)
    monkeypatch.setattr(keeping, "PART_BYTES", 1)
    monkeypatch.setattr(parts, "_FAR_MORE", 4)
    window = (START, START + timedelta(days=2))
    fresh = read(log, sample=450, window=window)
    read(log, tmp_path / "kept", sample=450)
    for day in range(DAYS - 1):
        spoil(day_file(log, day), "a", "b", "c", "prediction", "score")
    same(read(log, tmp_path / "kept", sample=450, window=window), fresh)


def test_a_window_whose_end_moved_reads_no_piece_again_that_stayed_within(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that are one part the first day is asked alone for one window, and is known for a longer one."""
    overlook(monkeypatch)
    monkeypatch.setattr(parts, "PIECE_BYTES", 1)
    day, longer = ((START, START + timedelta(hours=h)) for h in (24, 60))
    fresh = read(log, sample=10**6, window=longer)
    read(log, tmp_path / "kept", sample=10**6)
    read(log, tmp_path / "kept", sample=10**6, window=day)
    spoil(day_file(log, 0), "a", "b", "c", "prediction", "score")
    same(read(log, tmp_path / "kept", sample=10**6, window=longer), fresh)


def test_a_longer_log_has_wider_buckets(days: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a day more makes the buckets wider, they are made of the finer ones that are kept, and nothing is read."""
    monkeypatch.setattr(cubes, "MOST_BUCKETS", 3)
    shutil.copy2(day_file(days, DAYS - 1), log)
    wide = read(log)
    day_file(log, DAYS - 1).unlink()
    narrow = read(log, tmp_path / "kept")
    shutil.copy2(day_file(days, DAYS - 1), log)
    same(read(log, tmp_path / "kept"), wide)
    assert {int(r[0].cubes["time"].keys["width"][0]) for r in (narrow, wide)} == {86400, 172800}


def test_features_fetched_a_few_at_a_time_are_the_same_rows(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many features are fetched at once, and whether they are kept or not: row i is row i of every column."""
    at_once = read(log, sample=1000)
    monkeypatch.setattr(build, "_AT_ONCE", 1)
    same(read(log, sample=1000), at_once)
    same(read(log, tmp_path / "kept", sample=1000), at_once)


@pytest.mark.parametrize("stretch", [TWO_DAYS, TWO_DAYS // 10])
def test_rows_drawn_stretch_by_stretch_are_the_same_rows(
    stretch: int, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a stretch is files or part of one, kept or not: the same rows, those of one time in the same order."""
    for day in range(DAYS - 1):
        write(a_day(day, ts=START + timedelta(days=day)), day_file(log, day))
    at_once = read(log, sample=1000)
    monkeypatch.setattr(stretches, "STRETCH_BYTES", stretch)
    same(read(log, sample=1000), at_once)
    same(read(log, tmp_path / "kept", sample=1000), at_once)


def test_columns_named_as_duckdb_numbers_rows_are_columns(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log's own ``file_row_number`` tells nothing of where a row lies: no row is lost for it."""
    for day in range(DAYS - 1):
        write(a_day(day, file_row_number=-1), day_file(log, day))
    at_once = read(log, sample=1000)
    monkeypatch.setattr(stretches, "STRETCH_BYTES", TWO_DAYS // 10)
    same(read(log, sample=1000), at_once)
    same(read(log, tmp_path / "kept", sample=1000), at_once)


def test_what_is_damaged_is_ignored_and_made_again(log: Path, tmp_path: Path) -> None:
    """Answers that are cut off, in each other's place or no files, and an index that is none, are as good as none."""
    place, fresh = tmp_path / "kept", read(log)
    read(log, place)
    sealed = sorted(place.glob("*.sealed"))
    assert len(sealed) > 10
    for i, file in enumerate(sealed):
        if i % 3 == 0:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif i % 3 == 1:
            shutil.copy(sealed[i - 1], file)
        else:
            file.unlink()
            file.mkdir()
    (place / "index.json").write_text('{"format": "toolkit.kept/2", "files": [], "parts": 3}', encoding="utf-8")
    same(read(log, place), fresh)


def test_who_has_the_folder_alone_can_open_nothing(log: Path, tmp_path: Path) -> None:
    """No value of the log and no path stands in the folder, its file cannot be opened, and it stays out of git."""
    place = tmp_path / "kept"
    read(log, place, sample=10**6)
    files = [f for f in place.iterdir() if f.is_file()]
    text = b"".join(f.read_bytes() for f in files)
    for secret in (CANARY, "timeout", "only on", log.name + os.sep, "2026-03-01", "latency"):
        assert secret.encode() not in text
    with pytest.raises(OSError, match=r"(?i)encrypt|decrypt"):
        pq.read_table(next(f for f in files if f.suffix == ".sealed"))
    assert (place / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert place.stat().st_mode & 0o077 == 0
    # the log's own bytes open it
    part, *_ = Kept(place).split(sorted(log.iterdir()))
    assert part.secret.hex().encode() not in text


def test_the_folder_is_bounded(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the answers of earlier questions go, and beyond its rows an answer is not kept at all."""
    place = tmp_path / "kept"
    read(log, place)
    before = {f.name for f in place.glob("*.sealed")}
    monkeypatch.setattr(keeping, "MOST_BYTES", sum(f.stat().st_size for f in place.glob("*.sealed")))
    other = {**ROLES, "roles": {**ROLES["roles"], "segment": []}}  # type: ignore[dict-item]
    read(log, place, roles=other)
    after = list(place.glob("*.sealed"))
    assert before - {f.name for f in after}
    assert sum(f.stat().st_size for f in after) <= keeping.MOST_BYTES
    monkeypatch.setattr(keeping, "MOST_ROWS", 100)
    read(log, tmp_path / "small")
    assert sum(f.stat().st_size for f in (tmp_path / "small").iterdir()) < keeping.MOST_BYTES / 4
    same(read(log, tmp_path / "small"), read(log))


def test_a_file_that_may_still_change_is_not_kept(log: Path, tmp_path: Path) -> None:
    """A file written just now may be written again without its time telling: what was counted of it is forgotten."""
    for file in log.iterdir():
        os.utime(file)
    read(log, tmp_path / "kept")
    assert not list((tmp_path / "kept").glob("*.sealed"))
