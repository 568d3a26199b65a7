"""The demo from end to end: it makes no mess, and its numbers are those of a few lines of pandas on the same file."""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shell import Said, run

from toolkit.drills.cases import case
from toolkit.report.sections.this_kind import QUESTIONS

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Made:
    """What ``postmortem demo`` left: its folder, what it printed, the page, and the page's data."""

    home: Path
    said: Said
    html: str
    data: dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Run the demo once."""
    from toolkit.cli import main

    home = tmp_path_factory.mktemp("demo") / "incidents"
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(["demo", "--home", str(home)])
    folder = home / "INC-0001"
    data = json.loads((folder / "postmortem.json").read_text(encoding="utf-8"))
    html = (folder / "postmortem.html").read_text(encoding="utf-8")
    return Made(home, Said(code, out.getvalue(), ""), html, data)


@pytest.fixture(scope="module")
def served() -> pd.DataFrame:
    """The rows of the log, each with whether the answer was right where the truth is known."""
    study = case("flights_delays")
    rows = pd.read_parquet(study.folder / "log.parquet").sort_values("timestamp", kind="stable")
    return rows.assign(right=(rows.prediction == rows.label).astype(float).where(rows.label.notna()))


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """The validation rows that the model is held to."""
    rows = pd.read_parquet(case("flights_delays").folder / "reference.parquet")
    rows = rows[rows.split == "validation"]
    return rows.assign(right=rows.prediction == rows.label)


def test_the_demo_says_where_it_is(demo: Made) -> None:
    """It ends well, prints the summary and the place of the page."""
    assert demo.said.code == 0
    assert "Verdict" in demo.said.out
    assert str(demo.home / "INC-0001" / "postmortem.html") in demo.said.out


def test_the_demo_twice_makes_no_mess(demo: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run says that it is there and changes no file of the incident."""
    before = {p: p.stat().st_mtime_ns for p in (demo.home / "INC-0001").rglob("*")}
    got = run(capsys, "demo", "--home", demo.home)
    assert (got.code, got.err) == (0, "")
    assert "is there" in got.out
    assert {p: p.stat().st_mtime_ns for p in (demo.home / "INC-0001").rglob("*")} == before
    assert len(json.loads(run(capsys, "list", "--json", "--home", demo.home).out)) == 1


def test_the_page_has_every_section_and_loads_nothing(demo: Made) -> None:
    """All sections of the shape are there, every picture has a text, and nothing is fetched from anywhere."""
    for name in ("Summary", "Impact", "Timeline", "Root cause", "Detection", "Resolution", "Lessons", "Action items"):
        assert re.search(rf"<h2[^>]*>(<a[^>]*>)?{name}", demo.html), name
    for name in ("Supporting data", "Where we got lucky", "Why we were surprised"):
        assert name in demo.html
    assert re.findall(r"<(?:script|iframe|object|embed|link)\b", demo.html) == []
    pictures = re.findall(r"<img[^>]*>", demo.html) + re.findall(r"<svg[^>]*>", demo.html)
    assert pictures
    assert [p for p in pictures if not re.search(r'alt="[^"]{20}|role="img"|aria-', p)] == []


def test_the_record_names_no_folder_of_this_machine(demo: Made) -> None:
    """Page, data, bundle and notebooks name files, never the folders they lie in."""
    here = str(case("flights_delays").folder.parent)
    files = [p for p in (demo.home / "INC-0001").rglob("*") if p.is_file()]
    assert len(files) > 8
    assert [p.name for p in files if here.encode() in p.read_bytes()] == []


def test_rows_and_harm_are_those_of_pandas(demo: Made, served: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Rows, labels, expected and observed value and the excess are what pandas counts on the same window."""
    read = demo.data["series"]["validation"]
    assert (read["rows_read"], read["rows_kept"]) == (len(served), len(served)) == (20_000, 20_000)
    assert read["nulls"]["label"] == served.label.isna().sum()
    found = demo.data["diagnosis"]
    harm = found["harm"]
    assert harm["metric"] == "accuracy"
    assert harm["expected"] == pytest.approx(expected.right.mean())
    onset = pd.Timestamp(found["onset"]) if found["onset"] else served.timestamp.min()
    window = served if harm["n"] == len(served) else served[served.timestamp >= onset]
    assert harm["n"] == len(window)
    assert harm["observed"] == pytest.approx(window.right.mean())
    assert harm["excess_errors"] == pytest.approx((expected.right.mean() - window.right.mean()) * len(window))
    shown = f"{round(harm['excess_errors']):,}"
    assert shown in demo.html
    assert harm["interval"][0] < 0  # so a note, and not the harm, tells of the rows that the verdict is about
    assert any("rows in question accuracy was" in note for note in found["notes"])


def test_every_metric_over_time_is_that_of_pandas(demo: Made, served: pd.DataFrame) -> None:
    """Each bucket's accuracy, Brier score, share of late flights, mean score and rows are what pandas gives."""
    series = demo.data["series"]
    starts = pd.to_datetime(series["buckets"])
    width = starts[1] - starts[0]
    bucket = (served.timestamp - starts[0]) // width
    by = served.assign(brier=(served.score - served.label) ** 2).groupby(bucket)
    assert len(starts) > 20
    for name, column in (
        ("accuracy", "right"),
        ("Brier score", "brier"),
        ("positive labels", "label"),
        ("mean score", "score"),
    ):
        mean, count = by[column].mean().reindex(range(len(starts))), by[column].count().reindex(range(len(starts)))
        metric = series["metrics"][name]
        assert metric["value"] == pytest.approx(mean.tolist(), abs=1e-6), name
        assert metric["n"] == count.tolist(), name
        assert all(
            low <= value <= high
            for low, value, high in zip(metric["low"], metric["value"], metric["high"], strict=True)
        )
    assert series["metrics"]["predictions"]["n"] == by.size().tolist()
    held = series["reference"]["positive labels"]
    rows = pd.read_parquet(case("flights_delays").folder / "reference.parquet")
    assert held == pytest.approx(rows[rows.split == "validation"].label.mean())


def test_every_group_is_that_of_pandas(demo: Made, served: pd.DataFrame) -> None:
    """Accuracy and rows of each carrier and airport are what pandas gives, and none is missing."""
    found = [g for g in demo.data["series"]["groups"] if g["metric"] == "accuracy"]
    for column in ("carrier", "origin"):
        by = served.groupby(column).right.agg(["mean", "count"])
        mine = {g["value"]: g for g in found if g["column"] == column}
        assert set(mine) == set(by.index[by["count"] > 0])
        for name, one in mine.items():
            assert one["value_"] == pytest.approx(by.loc[name, "mean"])
            assert one["n"] == by.loc[name, "count"]


def test_a_number_in_a_text_is_the_number_of_the_record(demo: Made) -> None:
    """What a sentence cites of the harm and the verdict is what the diagnosis holds."""
    cites = {c["reference"]: c["value"] for s in demo.data["sections"] for c in s["cites"]}
    found = demo.data["diagnosis"]
    assert len(cites) > 5
    assert cites["harm.n"] == found["harm"]["n"]
    assert cites["harm.observed"] == found["harm"]["observed"]
    assert cites["harm.excess_errors"] == found["harm"]["excess_errors"]
    assert sum(line["share"] for line in found["ledger"]) == pytest.approx(1, abs=0.01)


def test_people_speak_and_what_nobody_knows_is_asked(demo: Made) -> None:
    """What the debrief says is in its sections, the actions have owners, and what nobody knows is a question."""
    prose = demo.data["prose"]
    assert {"contributing", "detection-gap", "got-lucky", "surprised"} <= set(prose)
    assert len(demo.data["actions"]) == 3
    assert all(a["owner"] for a in demo.data["actions"])
    kind = QUESTIONS.get(demo.data["diagnosis"]["verdict"], ())  # two that every incident asks, and those of its kind
    assert demo.html.count("To be written") == 2 + len(kind)


def test_events_are_imported_and_derived(demo: Made) -> None:
    """The public events of the year are on the timeline with their sources, and the log's own changes beside them."""
    events = demo.data["events"]
    public = case("flights_delays").events()
    assert {e["text"] for e in events} >= {e.text for e in public}
    assert all(e["source"] for e in events)
    derived = [e for e in events if e["source"] == "finding"]
    onset = demo.data["diagnosis"]["onset"]
    assert onset is None or onset in [e["occurred_at"] for e in derived]
