"""Drills: nothing later than the clock can be seen, and the score tells skill from luck."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from players import expert, gambler, lucky, novice

from toolkit.drills.cases import case, cases
from toolkit.drills.drill import Drill, drill, read_drill
from toolkit.drills.looks import looks_at, take
from toolkit.drills.moves import Answer, walk
from toolkit.drills.scene import instant, scene_of, utc, visible
from toolkit.drills.score import MOST, score_of
from toolkit.drills.worth import Reader, best_path, path_of
from toolkit.errors import PostmortemError

LATE_LABELS = "fraud_tactics"


def times_in(value: Any) -> Iterator[datetime]:
    """Give every time that can be reached in a value, through tables, records and lists."""
    if isinstance(value, pd.Timestamp | datetime):
        if not pd.isna(value):
            read = pd.Timestamp(value)
            yield (read.tz_localize("UTC") if read.tzinfo is None else read).to_pydatetime()
    elif isinstance(value, pd.DataFrame):
        for column in value.columns:
            if pd.api.types.is_datetime64_any_dtype(value[column]):
                yield from (t for v in value[column].dropna() for t in times_in(v))
    elif isinstance(value, dict):
        yield from (t for v in value.values() for t in times_in(v))
    elif isinstance(value, list | tuple):
        yield from (t for v in value for t in times_in(v))
    elif hasattr(value, "__dataclass_fields__"):
        yield from (t for name in value.__dataclass_fields__ for t in times_in(getattr(value, name)))


def reachable(d: Drill) -> dict[str, Any]:
    """Give everything that a trainee gets from a drill by its public names, each look taken once."""
    given = {n: getattr(d, n) for n in ("clock", "brief", "title", "moves", "left", "spent", "looks")}
    given["looks"] = d.looks()
    for look in looks_at(d._now):
        given[f"look {look.name}"] = d.look(look.name).table
    return given


@pytest.mark.parametrize("name", [LATE_LABELS, "flights_delays", "ward_assistant"])
def test_nothing_later_than_the_clock_can_be_seen_from_python(name: str, tmp_path: Path) -> None:
    """No public attribute, look or visible table holds a row, a label's time or an event after the clock."""
    d = drill(name, trainee="t", folder=tmp_path)
    for _ in range(3):
        given = reachable(d)
        assert max(times_in(given)) <= d.clock
        d.wait(10)
    seen = d._now
    assert max(times_in([seen.log, seen.reference, seen.events])) <= d.clock


def test_nothing_later_than_the_clock_can_be_seen_in_sql(tmp_path: Path) -> None:
    """SQL sees the rows, labels and events that had come, and no more, at every time of the drill."""
    scene, d = scene_of(case(LATE_LABELS)), drill(LATE_LABELS, trainee="t", folder=tmp_path)
    assert scene.log is not None
    when, came = utc(scene.log["timestamp"]), utc(scene.log["label_time"])
    for _ in range(3):
        table = d.sql(
            "SELECT count(*), max(timestamp), count(label), max(label_time), count(label_time), "
            "(SELECT max(timestamp) FROM events), (SELECT max(timestamp) FROM reference) FROM log"
        )
        now = pd.Timestamp(d.clock).tz_localize(None)
        n, last, labels, label_time, stamped, event, reference = table.rows[0]
        assert n == int((when <= now).sum()) < len(scene.log)
        assert labels == stamped == int(((when <= now) & (came <= now)).sum()) < n
        assert max(last, label_time, event, reference) <= now
        d.wait(15)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM scene", "SELECT * FROM read_parquet('{}')", "FROM '{}'", "SELECT * FROM handed_in",
        "COPY log TO 'x.csv'", "SELECT 1; SELECT 2", "ATTACH 'x.db'", "SET enable_external_access = true",
        "SELECT * FROM duckdb_settings() LIMIT 0; DROP TABLE log", "SELECT * FROM glob('*')", "INSTALL httpfs",
    ],
)  # fmt: skip
def test_sql_reaches_nothing_but_the_visible_tables(text: str, tmp_path: Path) -> None:
    """Neither files, nor variables of the calling Python, nor anything but one SELECT; and a refusal costs nothing."""
    scene = pd.DataFrame({"secret": [1]})  # a careless engine would find it by its name
    d = drill("elec2", trainee="t", folder=tmp_path)
    with pytest.raises(PostmortemError):
        d.sql(text.format(case("elec2").folder / "log.parquet"))
    assert (len(scene), d.spent, d.moves) == (1, 0, ())


def test_an_event_is_seen_when_it_was_known_and_not_before() -> None:
    """What was found out in hindsight is not on the timeline of the day."""
    scene = scene_of(case("knight_capital"))
    for progress in np.linspace(0, 100, 12):
        now = scene.time_at(progress)
        known = [event for event, at in scene.timeline if at <= now]
        assert list(visible(scene, now).events) == known
    assert len(visible(scene, scene.moments[0]).events) < len(scene.timeline)


@pytest.mark.parametrize("one", cases(), ids=lambda c: c.name)
def test_every_case_can_be_played(one: Any) -> None:
    """Each look can be taken at the call; the best path ends nearer the truth than it began, or is empty."""
    scene = scene_of(one)
    seen = visible(scene, scene.moments[0])
    for look in looks_at(seen):
        table = take(look, seen).table
        assert table.caption
        assert all(len(row) == len(table.columns) for row in table.rows)
    if seen.log is not None:
        assert 0 < len(seen.log) < len(scene.log)  # type: ignore[arg-type]
        assert scene.arrived is not None
        assert (scene.arrived <= instant(scene.moments[-1])).all()
    for move in best_path(scene):
        assert move.bits > 0


#: One of each kind: a feed, people, a group, nothing at all.
LESSONS = ("broken_etl", "credit_denials", "face_gate", "spam_control")


def test_the_score_tells_an_expert_from_a_gambler_and_a_novice(tmp_path: Path) -> None:
    """Over four drills the expert is far ahead, the gambler who is always lucky is not, and the Brier score agrees."""
    points: dict[str, list[float]] = {}
    brier: dict[str, list[float]] = {}
    for name in LESSONS:
        for player in (expert, gambler, lucky, novice):
            d = drill(name, trainee=player.__name__, folder=tmp_path)
            player(d)
            score = d.end()
            points.setdefault(player.__name__, []).append(score.points)
            brier.setdefault(player.__name__, []).append(score.brier or 0.0)
    mean = {who: sum(p) / len(p) for who, p in points.items()}
    assert mean["expert"] > 75
    assert mean["expert"] > mean["lucky"] + 15
    assert mean["lucky"] > mean["gambler"] + 15
    assert mean["expert"] > mean["novice"] + 30
    assert sum(brier["gambler"]) > sum(brier["novice"]) + 0.4  # both know nothing; one knows that
    assert sum(brier["expert"]) / 4 < 0.1 < sum(brier["gambler"]) / 4


def test_the_parts_of_a_score_are_earned_one_by_one(tmp_path: Path) -> None:
    """The truth at once earns all but evidence and time; each slip costs its own part alone."""
    scene = scene_of(case("broken_etl"))
    told = {"move": "answer", **Answer("integration", "unit_change", scene.onset, (), 1.0, "repair_feed").to_dict()}

    def parts(**changes: Any) -> dict[str, float]:
        return {p.name: p.points for p in score_of(scene, walk([{**told, **changes}])).parts}

    perfect = parts()
    assert perfect == {**{k: float(v) for k, v in MOST.items()}, "evidence": 0.0, "time to diagnosis": 0.0}
    assert parts(mechanism="latency") == {**perfect, "mechanism": 0.0}
    assert parts(confidence=0.5)["calibration"] == 7.5
    assert parts(mitigation="watch")["harm meanwhile"] == 0.0
    assert 0 < parts(mitigation="pause")["harm meanwhile"] < 8
    assert parts(onset="2025-08-20T00:00:00Z")["onset"] < 4
    wrong = parts(cause="bias", mechanism="")
    assert wrong["right cause"] == wrong["time to diagnosis"] == wrong["calibration"] == 0.0


def test_an_also_accepted_cause_counts_as_the_case_says() -> None:
    """A verdict that the case accepts is right; one that it does not is wrong."""
    scene = scene_of(case("watson_oncology"))
    right = {
        c: score_of(scene, walk([{"move": "answer", **Answer(c).to_dict()}])).correct for c in ("data", "human", "bias")
    }
    assert right == {"data": True, "human": True, "bias": False}


def test_crying_wolf_costs() -> None:
    """On a healthy log the one who names a failure and acts loses points; the one who watches has them all."""
    scene = scene_of(case("spam_control"))
    calm = score_of(scene, walk([{"move": "answer", **Answer("none", confidence=1.0).to_dict()}]))
    wolf = score_of(scene, walk([{"move": "answer", **Answer("data", confidence=1.0, mitigation="pause").to_dict()}]))
    assert (calm.cried_wolf, wolf.cried_wolf) == (False, True)
    assert calm.points == 72  # all but evidence and time: nothing was looked at
    assert wolf.points == -20


def test_the_last_answer_before_the_end_counts(tmp_path: Path) -> None:
    """An answer is revised by the next; after the end, and when the time is up, nothing can be changed."""
    d = drill("elec2", trainee="t", folder=tmp_path)
    d.answer("bias", confidence=90)
    d.answer("data", confidence=60)
    d.wait(100)
    with pytest.raises(PostmortemError, match="the time is up"):
        d.answer("bias")
    assert d.end().answer == Answer("data", confidence=0.6)
    with pytest.raises(PostmortemError, match="the drill is over"):
        d.look("metric")


def test_a_tape_goes_on_where_it_was_left_and_scores_the_same(tmp_path: Path) -> None:
    """A killed kernel loses nothing; the score follows from the moves alone, and a forged cost is not believed."""
    first = drill("elec2", trainee="t", folder=tmp_path)
    first.look("metric")
    first.hint()
    again = drill("elec2", trainee="t", folder=tmp_path)
    assert (again.clock, again.spent, again.moves) == (first.clock, 9.0, first.moves)
    again.answer("data", confidence=70)
    points = again.end().points
    tape = json.loads(again.file.read_text())
    assert "concept_drift" not in again.file.read_text()
    tape["moves"][0]["cost"] = -50
    again.file.write_text(json.dumps(tape))
    assert read_drill(again.file).result()["points"] == points


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "x"}, "no tape"), ({"moves": [{"move": "fly"}]}, "no move"), ({"scene": "!!"}, "no ticket"),
        ({"moves": [{"move": "answer", "cause": "weather", "confidence": 1, "mitigation": "watch"}]}, "no cause"),
        ({"moves": [{"move": "wait", "by": "long"}]}, "no tape"), ({"began_at": "noon"}, "no tape"),
    ],
)  # fmt: skip
def test_a_tape_that_is_none_is_one_clear_line(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Tapes come from trainees: what is wrong with one is said, and it is never believed."""
    d = drill("elec2", trainee="t", folder=tmp_path)
    d.wait(1)
    d.file.write_text(json.dumps({**json.loads(d.file.read_text()), **change}))
    with pytest.raises(PostmortemError, match=said):
        read_drill(d.file)


def test_an_answer_is_held_against_the_vocabulary_and_the_clock(tmp_path: Path) -> None:
    """A word that is none, a confidence beyond 100 or an onset in the future is one line that says what there is."""
    d = drill("elec2", trainee="t", folder=tmp_path)
    for given, said in (
        ({"cause": "gremlins"}, "the causes are"),
        ({"cause": "data", "mechanism": "latency"}, "no mechanism of data"),
        ({"cause": "data", "confidence": 120}, "per cent"),
        ({"cause": "data", "mitigation": "pray"}, "no first mitigation"),
        ({"cause": "data", "onset": "yesterday"}, "no time"),
        ({"cause": "data", "onset": datetime(2030, 1, 1, tzinfo=UTC)}, "later than the clock"),
        ({"cause": "data", "affected": "the poor"}, "column=value"),
    ):
        with pytest.raises(PostmortemError, match=said):
            d.answer(**given)  # type: ignore[arg-type]
    assert d.moves == ()


def test_worth_is_counted_from_what_a_look_shows(tmp_path: Path) -> None:
    """The look that bears on the truth is worth most, one that rules another cause out is worth less, none is free."""
    d = drill("face_gate", trainee="t", folder=tmp_path)
    for look in ("groups", "service", "rows"):
        d.look(look)
    groups, service, rows = path_of(d._steps, Reader(d._stage))
    assert (groups.shows, service.shows, rows.shows) == (True, False, None)
    assert groups.bits > service.bits > 0 == rows.bits
