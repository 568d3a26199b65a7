"""Drills from the shell: moves, debrief, sheet, notebook, class, game days; and cases by their name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shell import run

from toolkit.drills.gameday import HEALTHY_SHARE, checked_game, scene_of_game
from toolkit.drills.staging import spec_of, ticket, unsealed
from toolkit.errors import PostmortemError
from toolkit.notebooks.templates import read_template

ANSWER = "answer integration mechanism=unit_change onset=2025-09-16T02:00 confidence=85% mitigation=repair_feed"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POSTMORTEM_HOME", raising=False)
    return tmp_path


def test_a_drill_from_brief_to_debrief_and_class(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """One command plays it; the debrief loads nothing; the class has the trainee once."""
    moves = ["look metric", "look inputs", "sql SELECT count(*) FROM log", ANSWER, "end"]
    done = run(capsys, "drill", "broken_etl", "--trainee", "<b>Ada", *(a for m in moves for a in ("--do", m)))
    assert (done.code, done.err) == (0, "")
    assert "of 100. The debrief:" in done.out
    (page,) = (here / "drills").glob("*.debrief.html")
    html = page.read_text(encoding="utf-8")
    assert "Illustrative: no figures were published" in html
    assert "&lt;b&gt;Ada" in html
    assert "<b>Ada" not in html
    assert "<script" not in html
    assert "default-src" in html
    for words in ("The best path", "worth in bits", "What was published", "unit_change"):
        assert words in html
    for _ in range(2):
        table = json.loads(run(capsys, "drills", "--json").out)
        assert [(row["trainee"], row["drills"], row["right"]) for row in table] == [("<b>Ada", 1, 1.0)]
    assert "broken_etl" in run(capsys, "sql", "SELECT scenario FROM drills").out


def test_a_running_drill_leaves_nothing_to_ask(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """Before the end neither the record nor the folder nor the case without its debrief tells the truth."""
    run(capsys, "drill", "taxi_clock", "--do", "look metric", "--do", "answer data")
    assert [str(f.relative_to(here).parent) for f in here.rglob("*") if f.is_file()] == ["drills"]
    told = [run(capsys, *words.split()) for words in ("list --json", "drills", "case taxi_clock", "cases --json")]
    told += [
        run(capsys, "sql", "SELECT * FROM drills"),
        run(capsys, "similar", "clock"),
        run(capsys, "show", "INC-0001"),
    ]
    for one in told:
        assert "duplicated" not in one.out + one.err
        assert "Traceback" not in one.err
    assert "integration" not in "".join(one.out for one in told)


def test_a_class_is_gathered_from_tapes_and_a_bad_one_is_named(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """Tapes of others are taken in from their folders; one that is none is said, and the rest is recorded."""
    play = ["drill", "taxi_clock", "--trainee", "Bo", "--folder", "bo", "--home", "other"]
    run(capsys, *play, "--do", "answer integration", "--do", "end")
    for _ in range(2):  # what is played again after its debrief is counted, and is in no mean
        run(capsys, *play, "--again", "--do", "answer bias", "--do", "end")
    (here / "bo" / "x.drill.json").write_text("{}", encoding="utf-8")
    got = run(capsys, "drills", "bo")
    assert got.code == 1
    assert "no tape of a drill" in got.line
    (row,) = json.loads(run(capsys, "drills", "bo", "--json").out)
    assert (row["trainee"], row["drills"], row["again"], row["right"]) == ("Bo", 1, 2, 1.0)


def test_moves_that_cannot_be_made_are_one_line(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """A wrong case, move, option or number says what there is."""
    for args, said in (
        (["drill"], "name a case study"),
        (["drill", "elec3"], "there is no case"),
        (["drill", "elec2", "--cause", "data"], "add --random"),
        (["drill", "elec2", "--do", "dance"], "there is no move"),
        (["drill", "elec2", "--do", "look away"], "there is no look"),
        (["drill", "elec2", "--do", "wait long"], "is no number"),
        (["drill", "elec2", "--do", "answer data sure=1"], "no part of an answer"),
        (["drill", "ticket:none"], "no ticket"),
        (["investigate"], "name an incident"),
    ):
        got = run(capsys, *args)
        assert got.code == 2
        assert said in got.line, args


def test_the_sheet_and_the_notebook_are_written(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """The sheet has injects, hints, questions and the answer; the notebook has the case and overwrites nothing."""
    assert run(capsys, "drill", "uber_atg", "--sheet").code == 0
    sheet = (here / "drills" / "uber_atg.sheet.html").read_text(encoding="utf-8")
    for words in ("not for trainees", "Injects", "at the call", "Hints, in their order", "missing_guardrail"):
        assert words in sheet
    assert run(capsys, "drill", "--random", "--seed", "3", "--notebook").code == 0
    parameters = read_template(here / "drills" / "drill.ipynb").parameters
    assert unsealed(parameters["name"].strip("'").removeprefix("ticket:"))["game"]["seed"] == 3
    assert "there is such a notebook already" in run(capsys, "drill", "elec2", "--notebook").line


def test_a_game_day_is_the_same_again_and_hides_what_it_planted() -> None:
    """A seed gives the same scene; a ticket does not show the cause; nobody can ask for a cause that is none."""
    game = checked_game({"cause": "integration", "difficulty": 2, "seed": 1})
    one, two = scene_of_game(game), scene_of_game(game)
    assert one.cause == "integration"
    assert one.moments == two.moments
    pd.testing.assert_frame_equal(one.log, two.log)
    assert "integration" not in ticket(spec_of("", 0, game)) + one.brief + one.title
    for wrong in ({"cause": "weather"}, {"difficulty": 9}, {"colour": 1}, {"seed": "x"}):
        with pytest.raises(PostmortemError):
            checked_game(wrong)


def test_a_share_of_game_days_is_healthy() -> None:
    """About one seed in five plants nothing, whatever cause was asked for."""
    calm = [np.random.default_rng([seed, 4711]).random() for seed in range(200)]
    rates = np.mean([draw < HEALTHY_SHARE for draw in calm])
    assert 0.12 < rates < 0.28
    assert scene_of_game(checked_game({"cause": "data", "seed": 5})).cause == "none"


def test_a_game_day_is_played_on_ones_own_log(here: Path) -> None:
    """Own rows and labels are served again with a fault; a log with too few of them says so."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=800)
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-01", periods=800, freq="h", tz="UTC"),
            "x": x,
            "y": rng.normal(size=800),
            "prediction": (x > 0).astype(int),
            "label": (x + rng.normal(0, 0.5, 800) > 0).astype(int),
        }
    )
    frame.to_parquet("own.parquet")
    scene = scene_of_game(checked_game({"cause": "integration", "difficulty": 1, "seed": 1, "log": "own.parquet"}))
    assert scene.cause == "integration"
    assert scene.log is not None
    assert {"x", "y"} <= set(scene.log.columns)
    frame.head(50).to_parquet("few.parquet")
    with pytest.raises(PostmortemError, match="50 labelled rows"):
        scene_of_game(checked_game({"log": "few.parquet"}))


def test_a_new_case_is_begun_from_the_shell(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """``cases new`` writes a folder, once; ``cases`` alone lists."""
    assert "case.toml" in run(capsys, "cases", "new", "late_parcels").out
    assert (here / "case_studies" / "late_parcels" / "case.toml").is_file()
    assert "there is such a case already" in run(capsys, "cases", "new", "late_parcels").line
    assert "flights_delays" in run(capsys, "cases").out


def test_a_case_is_investigated_by_its_name(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """The case is opened once as an incident that says what is made up, and is then investigated."""
    for _ in range(2):
        assert run(capsys, "investigate", "--case", "phe_excel", "--only", "").code == 0
    got = json.loads(run(capsys, "list", "--json").out)
    assert [i["title"] for i in got] == ["The spreadsheet that ran out of rows"]
    assert run(capsys, "investigate", "--case", "aws_latency", "--only", "").code == 0
    got = json.loads(run(capsys, "list", "--json").out)
    assert any(i["title"].endswith("(reconstruction)") and "Reconstruction:" in i["summary"] for i in got)
