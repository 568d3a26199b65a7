"""Bad input, tried one by one: unusable input gives one clear line and exit code 2; odd input gives an answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shell import a_log, run, spawn, written

from toolkit.drills.cases import case

Make = Callable[[Path], list[object]]


def _file(name: str, content: bytes) -> Make:
    def make(folder: Path) -> list[object]:
        (folder / name).write_bytes(content)
        return [folder / name]

    return make


def _frame(**columns: Any) -> Make:
    return lambda folder: [written(a_log(**columns), folder / "log.parquet")]


def _roles(text: str) -> Make:
    def make(folder: Path) -> list[object]:
        (folder / "roles.toml").write_text(text)
        return [written(a_log(), folder / "log.parquet"), "--roles", folder / "roles.toml"]

    return make


def _half_parquet(folder: Path) -> list[object]:
    file = written(a_log(), folder / "log.parquet")
    file.write_bytes(file.read_bytes()[:2000])
    return [file]


def _no_answer(folder: Path) -> list[object]:
    return [written(a_log()[["timestamp", "x"]], folder / "log.parquet")]


def _text_score(folder: Path) -> list[object]:
    (folder / "roles.toml").write_text('[roles]\nscore = "x"\nlabel = "label"\n')
    return [written(a_log(x="high"), folder / "log.csv"), "--roles", folder / "roles.toml"]


def _bad_events(folder: Path) -> list[object]:
    (folder / "events.csv").write_text("timestamp,kind,text\nsometime,deployment,x\n")
    return [written(a_log(), folder / "log.parquet"), "--events", folder / "events.csv"]


def _json_into(*parts: str) -> Make:
    return lambda folder: [written(a_log(), folder / "log.parquet"), "--json", folder.joinpath(*parts)]


UNUSABLE: dict[str, tuple[Make, str]] = {
    "a missing file": (lambda folder: [folder / "none.parquet"], "there is no such file"),
    "a glob of nothing": (lambda folder: [folder / "*.csv"], "there is no such file"),
    "an empty folder": (lambda folder: [folder], "the folder has no"),
    "an empty file": (_file("log.csv", b""), "the file is empty"),
    "an empty Parquet file": (_file("log.parquet", b""), "the file is empty"),
    "only a header": (_file("log.csv", b"timestamp,score,label\n"), "the log has no rows"),
    "half a Parquet file": (_half_parquet, "damaged or only half written"),
    "no text at all": (_file("log.csv", bytes(range(256)) * 20), "log.csv"),
    "no answer of a model": (_no_answer, "no column has the role prediction, score or decision"),
    "a role without its column": (_roles('[roles]\nscore = "nope"\n'), "names the column 'nope'"),
    "an unknown role": (_roles('[roles]\nvibe = "x"\n'), "unknown role 'vibe'"),
    "roles that are no TOML": (_roles("[roles]\nscore = \n"), "the roles file cannot be read"),
    "an unknown task": (_roles('task = "magic"\n[roles]\nscore = "score"\n'), "unknown task 'magic'"),
    "a score that is text": (_text_score, "no row has a value that can be used for score (x)"),
    "events without a time": (_bad_events, "row 1 of the events has no time"),
    "a reference that is not there": (
        lambda folder: [written(a_log(), folder / "log.parquet"), "--reference", folder / "none.csv"],
        "none.csv",
    ),
    "an answer into no folder": (_json_into("nowhere", "out.json"), "there is no such folder"),
    "an answer onto a folder": (_json_into(), "this is a folder"),
    "a database that is not there": (lambda folder: [f"{folder}/none.duckdb::log"], "no such database file"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_input_is_one_clear_line(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It exits 2, says what and where in one line, and leaves nothing that was not there."""
    make, said = UNUSABLE[name]
    args = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    got = run(capsys, "diagnose", *args)
    assert got.code == 2
    assert said in got.line
    assert got.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def _two_zones(folder: Path) -> list[object]:
    """Times in two zones as text, the last ten of them in the year 2099."""
    times = [f"2026-01-{1 + i // 24:02d}T{i % 24:02d}:00:00{'+02:00' if i % 2 else 'Z'}" for i in range(240)]
    times[230:] = ["2099-01-01T00:00:00Z"] * 10
    return [written(a_log(timestamp=times), folder / "log.csv")]


def _many_columns(folder: Path) -> list[object]:
    more = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 300)), columns=[f"c{i}" for i in range(300)])
    return [written(pd.concat([a_log(60), more], axis=1), folder / "log.parquet")]


def _odd_names(folder: Path) -> list[object]:
    names = {"at": 1.0, "a b": 2.0, 'say "x"': 3.0, "it's": 4, "x; drop table rows": 5, "ünï 🎉": "é🎉", "select": 7}
    return [written(a_log(60).assign(**names), folder / "log.parquet")]


def _odd_numbers(folder: Path) -> list[object]:
    x = np.random.default_rng(2).normal(size=240)
    x[:12] = [np.nan, np.inf, -np.inf, 1.7e308, -1.7e308, 5e-324] * 2
    return [written(a_log(x=x, y=x), folder / "log.parquet")]


def _labels(kind: Callable[[Any], Any]) -> Make:
    return lambda folder: [written(a_log(label=kind(a_log()["label"])), folder / "log.parquet")]


USABLE: dict[str, tuple[Make, str]] = {
    "not a single label": (_frame(label=[None] * 240), "cannot be known without labels"),
    "one row": (lambda folder: [written(a_log(1), folder / "log.parquet")], "undetermined"),
    "one class only": (_frame(label=1), "Verdict"),
    "all scores equal": (_frame(score=0.5, prediction=1), "Verdict"),
    "two zones, and the future": (_two_zones, "quarantined: timestamp in the future  10"),
    "three hundred columns": (_many_columns, "more"),
    "odd names of columns": (_odd_names, "ünï 🎉"),
    "NaN, infinite and huge numbers": (_odd_numbers, "Verdict"),
    "labels as text": (_labels(lambda y: np.where(y, "yes", "no")), "in 240 rows"),
    "labels as truth values": (_labels(lambda y: y.astype(bool)), "in 240 rows"),
    "labels as fractions": (_labels(lambda y: y.astype(float)), "in 240 rows"),
}


@pytest.mark.parametrize("name", USABLE)
def test_odd_input_is_answered(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What can be used is used: a verdict, exit code 0, what was left out said; the JSON is valid."""
    make, said = USABLE[name]
    got = run(capsys, "diagnose", *make(tmp_path), "--json", tmp_path / "out.json")
    assert (got.code, got.err) == (0, "")
    assert said in got.out
    body = json.loads((tmp_path / "out.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert body["verdict"] in ("data", "overfitting", "integration", "bias", "human", "none", "undetermined")


def test_the_same_labels_in_other_types_are_the_same_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Labels as text, truth values and fractions give the same harm as labels as whole numbers."""
    harms = []
    for kind in (lambda y: y, lambda y: np.where(y, "yes", "no"), lambda y: y.astype(bool), lambda y: y.astype(float)):
        run(capsys, "diagnose", *_labels(kind)(tmp_path), "--json", tmp_path / "out.json")
        harms.append(json.loads((tmp_path / "out.json").read_text())["harm"])
    assert harms == [harms[0]] * 4


def test_a_store_that_is_held_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store locked by another process gives one line that names the process, and nothing is written."""
    assert run(capsys, "open", "first", "--home", tmp_path).code == 0
    code = (
        "import sys, pathlib; from toolkit.store.lock import hold\n"
        "with hold(pathlib.Path(sys.argv[1]), exclusive=True, wait=5): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setenv("POSTMORTEM_WAIT", "0.2")
        got = run(capsys, "open", "second", "--home", tmp_path)
    finally:
        holder.communicate("")
    assert got.code == 2
    assert f"process {holder.pid}" in got.line
    assert [i["title"] for i in json.loads(run(capsys, "list", "--json", "--home", tmp_path).out)] == ["first"]


def _no_override() -> None:
    """Take from root the right to write where the rights say no; for the child alone, before it starts."""
    import ctypes

    drop_from_bounding_set, dac_override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    """A store or an answer that cannot be written is refused in one line, and nothing is there afterwards."""
    log = case("elec2").log_path(tmp_path)
    tmp_path.chmod(0o555)
    rights: dict[str, Any] = {"preexec_fn": _no_override} if os.geteuid() == 0 else {}
    for args in (["open", "x", "--home", tmp_path / "incidents"], ["diagnose", log, "--json", tmp_path / "out.json"]):
        child = spawn(*args, **rights)
        out, err = child.communicate()
        assert (child.returncode, out, err.count("\n")) == (2, "", 1)
        assert str(tmp_path) in err
        assert list(tmp_path.iterdir()) == []
    tmp_path.chmod(0o755)


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Interrupted in the middle of its work, a command says so in one line, exits 130 and leaves no file."""
    log = written(a_log(600_000), tmp_path / "log.parquet")  # large enough not to be done within the second
    child = spawn("diagnose", log, "--json", tmp_path / "out.json")
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (err, child.returncode, out) == ("postmortem: interrupted; nothing half-written was kept\n", 130, "")
    assert list(tmp_path.iterdir()) == [log]
