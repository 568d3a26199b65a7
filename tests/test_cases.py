"""The library of case studies keeps its contract: every folder, every figure, every seed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from toolkit.drills.cases import Case, case, cases
from toolkit.drills.scaffold import new_case
from toolkit.errors import PostmortemError
from toolkit.vocabulary import CAUSE_OF, CAUSES, MECHANISMS

ALL = cases()
WITH_LOG = [c for c in ALL if c.has_log]
MADE = [c for c in ALL if c.seed is not None]


def tables(one: Case, folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the case's log, reference and events as tables."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for name, path in (("log", one.log_path(folder)), ("reference", one.reference_path(folder))):
        if path is not None:
            db.execute(f"CREATE TABLE {name} AS FROM read_parquet('{path}')")
    db.execute(f"CREATE TABLE events AS FROM read_csv('{one.events_path}', all_varchar = true)")
    return db


def figures_hold(one: Case, db: duckdb.DuckDBPyConnection) -> int:
    """Hold each fact that has a check against the tables, and give how many there were."""
    checked = [fact for fact in one.facts if fact.check]
    for fact in checked:
        found = db.execute(fact.check).fetchone()
        assert found is not None
        assert found[0] == pytest.approx(fact.value, abs=fact.tolerance + 1e-9), fact.text
    return len(checked)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every made log is made once."""
    return tmp_path_factory.mktemp("cases")


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.name)
def test_a_case_is_whole(one: Case) -> None:
    """Every folder has a brief, events in a readable order, a debrief with all its parts and a licence."""
    assert one.title
    assert one.teaches
    assert one.licence
    assert len(one.brief) > 150
    assert len(one.events()) >= 2
    debrief = one.debrief()
    for part in ("What happened", "What the log shows", "What would have caught it", "Questions"):
        assert f"## {part}" in debrief, f"the debrief lacks {part!r}"


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.name)
def test_the_brief_does_not_give_the_answer_away(one: Case) -> None:
    """A brief names neither the mechanism nor the cause by the words of the vocabulary."""
    told = f"{one.brief} {one.call}".lower()
    for word in filter(None, [one.mechanism, (one.mechanism or "").replace("_", " ")]):
        assert not re.search(rf"\b{re.escape(word)}\b", told)
    assert not re.search(r"\b(overfitting|over-fitting|biased|drift)\b", told)


@pytest.mark.parametrize("one", WITH_LOG, ids=lambda c: c.name)
def test_the_roles_fit_the_log_and_every_figure_is_in_it(one: Case, built: Path) -> None:
    """The roles load against the log, and each fact with a check is met within its tolerance."""
    db = tables(one, built)
    columns = [row[0] for row in db.execute("DESCRIBE log").fetchall()]
    assert one.roles is not None
    one.roles.check(columns)
    if db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reference'").fetchone() != (0,):
        own = {row[0] for row in db.execute("DESCRIBE reference").fetchall()}
        assert set(one.roles.columns("feature")) <= own
    if "timestamp" in one.roles.single:
        when = one.roles.single["timestamp"]
        assert db.execute(f'SELECT count(*) FROM log WHERE "{when}" IS NULL').fetchone() == (0,)
    assert figures_hold(one, db) > 0 or one.kind == "illustrative"


@pytest.mark.parametrize("one", [c for c in ALL if not c.has_log], ids=lambda c: c.name)
def test_a_timeline_needs_no_log(one: Case, tmp_path: Path) -> None:
    """A case without predictions has no log, no reference and no roles, but a timeline that keeps its times."""
    assert one.log_path(tmp_path) is None
    assert one.reference_path(tmp_path) is None
    assert one.roles is None
    assert len(one.events()) >= 5
    assert figures_hold(one, tables(one, tmp_path)) > 0


@pytest.mark.parametrize("one", MADE, ids=lambda c: c.name)
def test_a_seed_gives_the_same_bytes_again(one: Case, built: Path, tmp_path: Path) -> None:
    """A generated log is the same, byte for byte, when it is made again."""
    before = built / one.name / "log.parquet"
    first = before if before.exists() else one.log_path(built)
    again = one.log_path(tmp_path)
    assert first is not None
    assert again is not None
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.name)
def test_what_is_made_says_so(one: Case) -> None:
    """Only real data goes without a notice, and only a made log has a seed."""
    assert bool(one.notice) == (one.kind != "real")
    if one.seed is not None:
        assert one.kind != "real"


@pytest.mark.parametrize("one", ALL, ids=lambda c: c.name)
def test_a_fact_has_a_source_and_figures_are_checked(one: Case) -> None:
    """Every fact names its source; one counted from the data (D) is checked against the log."""
    assert one.facts
    for fact in one.facts:
        assert len(fact.source) > 5
        if fact.value is not None and fact.certainty == "D" and one.has_log:
            assert fact.check, fact.text


@pytest.mark.parametrize("one", [c for c in ALL if c.log_file], ids=lambda c: c.name)
def test_real_logs_are_small_and_carry_no_person(one: Case, tmp_path: Path) -> None:
    """A bundled file stays small, and no column holds a name or a birth date."""
    path = one.log_path(tmp_path)
    assert path is not None
    assert path.stat().st_size < 600_000
    columns = {row[0].lower() for row in duckdb.connect().execute(f"DESCRIBE FROM '{path}'").fetchall()}
    assert not columns & {"name", "first", "last", "firstname", "dob", "birth_date", "email"}


def test_truths_use_the_vocabulary() -> None:
    """A mechanism belongs to the cause of its case, and the causes are the five or none."""
    for one in ALL:
        assert one.cause in {*CAUSES, "none"}
        if one.mechanism is not None:
            assert one.mechanism in {m for ms in MECHANISMS.values() for m in ms}
            assert CAUSE_OF[one.mechanism] == one.cause


def test_hindsight_comes_when_it_came() -> None:
    """An event with a later known_at is not seen before it, although it happened before."""
    knight = case("knight_capital")
    bell = datetime(2012, 8, 1, 13, 40, tzinfo=UTC)
    assert [e.kind for e in knight.events(known_by=bell)] == []
    assert len(knight.events()) == 6
    assert knight.events()[0].occurred_at < bell


def test_the_library_is_wide_enough() -> None:
    """At least 30 cases, each cause four times, ten with real logs, three controls, four timelines."""
    counts = Counter(one.cause for one in ALL)
    assert len(ALL) >= 30
    assert all(counts[cause] >= 4 for cause in CAUSES)
    assert counts["none"] >= 3
    assert sum(one.log_file is not None for one in ALL) >= 10
    assert sum(not one.has_log for one in ALL) >= 4


def test_an_unknown_case_is_one_clear_line() -> None:
    """A wrong name says so and offers near ones."""
    with pytest.raises(PostmortemError, match=r"there is no case 'flight_delay'.*flights_delays"):
        case("flight_delay")


def test_a_broken_case_is_one_clear_line(tmp_path: Path) -> None:
    """A case.toml with a cause that does not exist names the file and what is wrong."""
    folder = tmp_path / "broken"
    folder.mkdir()
    good = (case("flights_delays").folder / "case.toml").read_text(encoding="utf-8")
    (folder / "case.toml").write_text(good.replace('cause = "data"', 'cause = "weather"'), encoding="utf-8")
    with pytest.raises(PostmortemError, match="cause is none of"):
        cases(tmp_path)


def test_a_new_case_keeps_the_contract_as_it_is_written(tmp_path: Path) -> None:
    """What the scaffold writes can be read, made and checked, and is never overwritten."""
    place = new_case("late_parcels", tmp_path / "mine")
    [one] = cases(tmp_path / "mine")
    assert one.name == "late_parcels"
    test_a_case_is_whole(one)
    test_the_brief_does_not_give_the_answer_away(one)
    test_the_roles_fit_the_log_and_every_figure_is_in_it(one, tmp_path / "out")
    with pytest.raises(PostmortemError, match="there is such a case already"):
        new_case("late_parcels", tmp_path / "mine")
    assert sorted(file.name for file in place.iterdir() if file.is_file())[0] == "case.toml"
    with pytest.raises(PostmortemError, match="cannot be a case's name"):
        new_case("../escape", tmp_path)
