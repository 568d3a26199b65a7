"""Drills: nothing later than the clock can be seen, and the score tells skill from luck."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
#: Small and quick: what is said of drills as such is tried on it.
SMALL = "taxi_clock"
#: Played by the suite; ``make library`` plays them all.
PLAYED = ("taxi_clock", "measles", "uber_atg")


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


REFUSED = (
    "SELECT * FROM scene", "FROM read_parquet('{}')", "FROM '{}'", "SELECT * FROM handed_in", "FROM read_csv('{}')",
    "COPY log TO 'x.csv'", "SELECT 1; SELECT 2", "ATTACH 'x.db'", "SET enable_external_access = true",
    "SELECT * FROM duckdb_settings() LIMIT 0; DROP TABLE log", "FROM glob('*')", "INSTALL httpfs", "LOAD json",
    "FROM read_text('{}')", "FROM read_blob('{}')", "FROM parquet_metadata('{}')", "FROM parquet_schema('{}')",
    "FROM sniff_csv('{}')", "SELECT getenv('HOME')", "FROM query('COPY log TO x')", "FROM query_table('scene')",
    "CREATE TABLE mine AS FROM log", "EXPLAIN SELECT 1", "CALL duckdb_tables()",
    "FROM main.handed_in", "FROM temp.handed_in", "EXPORT DATABASE 'x'", "USE system", "",
)  # fmt: skip


def test_sql_reaches_nothing_but_the_visible_tables(tmp_path: Path) -> None:
    """Neither files, nor variables of the calling Python, nor anything but one SELECT; and a refusal costs nothing."""
    scene = pd.DataFrame({"secret": [1]})  # a careless engine would find it by its name
    d = drill(SMALL, trainee="t", folder=tmp_path)
    for text in REFUSED:
        with pytest.raises(PostmortemError):
            d.sql(text.format(case("elec2").folder / "log.parquet"))
        assert (d.spent, d.moves) == (0, ()), text
    assert len(scene) == 1
    assert not list(tmp_path.iterdir())


def test_the_catalogue_knows_the_visible_tables_and_no_path(tmp_path: Path) -> None:
    """What the engine tells of itself names log and events alone, with the rows that had come, and no file."""
    d = drill(SMALL, trainee="t", folder=tmp_path)
    assert d.sql("SELECT table_name FROM information_schema.tables ORDER BY 1").rows == (("events",), ("log",))
    ((rows,),) = d.sql("SELECT estimated_size FROM duckdb_tables() WHERE table_name = 'log'").rows
    assert rows == len(d._now.log)  # type: ignore[arg-type]
    said = str([d.sql(f"FROM {what}").rows for what in ("duckdb_databases()", "duckdb_views()", "duckdb_settings()")])
    assert str(tmp_path) not in said
    assert "case_studies" not in said


@pytest.mark.parametrize(
    "text",
    [
        "SELECT error(max(timestamp)::VARCHAR) FROM log",
        "SELECT max(timestamp)::VARCHAR::INTEGER FROM log",
        "SELECT timestamp FROM log, range(100) LIMIT 20000",
    ],
)
def test_an_error_is_no_free_look(text: str, tmp_path: Path) -> None:
    """A query that fails while it runs can tell of rows by its message: it costs, and tells nothing after the clock."""
    d = drill(SMALL, trainee="t", folder=tmp_path)
    with pytest.raises(PostmortemError) as failed:
        d.sql(text)
    assert d.spent == 3
    told = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str(failed.value))
    assert told is None or pd.Timestamp(told.group(), tz="UTC") <= d.clock


def test_what_came_with_a_late_label_comes_with_it() -> None:
    """Columns that nobody gave a role may be outcomes: a flight that will be cancelled is not known as such before."""
    scene = scene_of(case("flights_delays"))
    assert scene.labelled is not None
    now = scene.time_at(20)
    seen = visible(scene, now).log
    assert seen is not None
    late = scene.labelled[: len(seen)] > instant(now)
    assert 0 < late.sum() < len(seen)
    assert seen.loc[late, "outcome"].isna().all()
    assert (seen.loc[~late, "outcome"] == "flown").all()


def test_labels_of_the_reference_come_when_they_come() -> None:
    """A reference whose own labels were late shows only those that had come by the clock."""
    scene = scene_of(case(LATE_LABELS))
    early = scene.moments[0] - timedelta(days=60)
    seen = visible(scene, early).reference
    assert seen is not None
    known = utc(seen["label_time"]).dropna()
    assert 0 < len(known) < len(seen)
    assert known.max() <= pd.Timestamp(early).tz_localize(None)
    assert seen["label"].notna().sum() == len(known)


def test_a_look_does_not_say_whether_it_shows_something(tmp_path: Path) -> None:
    """What the debrief makes of a look is not to be had before the end."""
    seen = drill(SMALL, trainee="t", folder=tmp_path).look("metric")
    assert seen.shows is None


def test_what_a_drill_leaves_in_its_folder_tells_no_truth(tmp_path: Path) -> None:
    """Before the end there is the tape alone, and in it neither rows nor events nor a word of the answer."""
    d = drill("face_gate", trainee="t", folder=tmp_path)
    d.look("groups")
    d.answer("human", confidence=10)
    (file,) = tmp_path.iterdir()
    text = file.read_text(encoding="utf-8")
    for word in ("bias", "under_represented", "accepted", "gate@2", "truth", "case_studies"):
        assert word not in text


def test_an_event_is_seen_when_it_was_known_and_not_before() -> None:
    """What was found out in hindsight is not on the timeline of the day."""
    scene = scene_of(case("knight_capital"))
    for progress in np.linspace(0, 100, 12):
        now = scene.time_at(progress)
        known = [event for event, at in scene.timeline if at <= now]
        assert list(visible(scene, now).events) == known
    assert len(visible(scene, scene.moments[0]).events) < len(scene.timeline)


@pytest.mark.parametrize(
    "one",
    [c for c in cases() if c.name in PLAYED or os.environ.get("POSTMORTEM_CASES") == "all"],
    ids=lambda c: c.name,
)
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
    assert all(day <= scene.moments[0] for day in days_in(scene.brief, scene.moments[0])), "the brief tells the future"


def days_in(told: str, now: datetime) -> list[datetime]:
    """Give every date, such as 9 February or 2 November 2014, that a text names; without a year, that of ``now``."""
    found = re.findall(
        r"(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November|December)( \d{4})?",
        told,
    )
    return [datetime.strptime(f"{d} {m} {y.strip() or now.year}", "%d %B %Y").replace(tzinfo=UTC) for d, m, y in found]


#: One of each kind: a feed, people, a group, nothing at all.
LESSONS = ("broken_etl", "credit_denials", "face_gate", "spam_control")


def test_the_score_tells_an_expert_from_a_gambler_and_a_novice(tmp_path: Path) -> None:
    """The expert is far ahead of one who is always lucky, he of the novice, and who bluffs comes last."""
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
    assert mean["lucky"] > mean["novice"] + 15
    assert mean["novice"] > mean["gambler"] + 10
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
    assert parts(confidence=0.5)["calibration"] == 0.0
    assert parts(confidence=0.8)["calibration"] == 8.4
    assert parts(mitigation="watch")["harm meanwhile"] == 0.0
    assert 0 < parts(mitigation="pause")["harm meanwhile"] < 8
    assert parts(onset="2025-08-20T00:00:00Z")["onset"] < 4
    wrong = parts(cause="bias", mechanism="")
    assert wrong["right cause"] == wrong["time to diagnosis"] == 0.0
    assert wrong["calibration"] == -30.0


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
    assert wolf.points == -50  # a failure named, and certain of it


def test_the_last_answer_before_the_end_counts(tmp_path: Path) -> None:
    """An answer is revised by the next; after the end, and when the time is up, nothing can be changed."""
    d = drill(SMALL, trainee="t", folder=tmp_path)
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
    first = drill(SMALL, trainee="t", folder=tmp_path)
    first.look("metric")
    first.hint()
    again = drill(SMALL, trainee="t", folder=tmp_path)
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
        ({"moves": [{"move": "wait", "by": "long"}]}, "no tape"),
        ({"moves": [{"move": "wait", "by": float("nan")}]}, "no part of the time"), ({"began_at": "noon"}, "no tape"),
    ],
)  # fmt: skip
def test_a_tape_that_is_none_is_one_clear_line(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Tapes come from trainees: what is wrong with one is said, and it is never believed."""
    d = drill(SMALL, trainee="t", folder=tmp_path)
    d.wait(1)
    d.file.write_text(json.dumps({**json.loads(d.file.read_text()), **change}))
    with pytest.raises(PostmortemError, match=said):
        read_drill(d.file)


def test_an_answer_is_held_against_the_vocabulary_and_the_clock(tmp_path: Path) -> None:
    """A word that is none, a confidence beyond 100 or an onset in the future is one line that says what there is."""
    d = drill(SMALL, trainee="t", folder=tmp_path)
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
