"""Every plot says in words and in a table what it shows, and draws whatever it is given."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import made_bundle
import pytest

from toolkit.notebooks.bundle import GroupValue, Series
from toolkit.records import Event
from toolkit.report import plots, show
from toolkit.report.drawn import drawings
from toolkit.report.page import render
from toolkit.report.plots.axis import ticks
from toolkit.report.plots.figure import MADE, sharing

pytestmark = pytest.mark.drawn_anew

HOSTILE = "<script>alert(1)</script>$\\frac{1}{0}$\u202e" + "x" * 5_000


def figures() -> list[plots.Figure]:
    """Draw one of each."""
    bundle = made_bundle.bundle()
    verdict = made_bundle.verdict()
    return [
        plots.metric_series(bundle.series, "accuracy", bundle.events),
        plots.timeline(bundle.events, bundle.incident, verdict.onset, verdict.onset_interval),
        plots.waterfall(verdict.ledger, verdict.harm),
        plots.rivals(verdict),
        plots.groups(bundle.groups),
    ]


def test_each_plot_has_words_and_numbers() -> None:
    """The text alternative names the numbers that matter; the table behind holds them all."""
    series, lanes, ledger, rivals, groups = figures()
    assert "35 buckets" in series.alt
    assert "reference is 0.86" in series.alt
    assert "change begins on 14 March 2026" in series.alt
    assert len(series.table.rows) == 35
    assert "6 events" in lanes.alt
    assert ledger.alt == "Shares of the damage: unit change 91 %, covariate shift 6 %, unexplained 3 %."
    assert "the integration 93 %" in rivals.alt
    assert "north 0.34 of 2,050 rows" in groups.alt


def test_drawings_are_clean_and_their_own() -> None:
    """An SVG brings no script, no style sheet and no address, and shares no id with another, wide or narrow."""
    drawn = [svg for figure in figures() for svg in (figure.svg, figure.narrow)]
    ids: list[str] = []
    for svg in drawn:
        assert not re.search(r"<script|<style|<metadata|https?://(?!www\.w3\.org)", svg)
        ids += re.findall(r'\bid="([^"]+)"', svg)
        for used in re.findall(r'(?:href="#|url\(#)([^")]+)', svg):
            assert f'id="{used}"' in svg
    assert len(ids) == len(set(ids))


def test_the_same_numbers_draw_the_same_picture() -> None:
    """A drawing holds no date, no random id and nothing of a drawing before it."""
    assert [f.svg for f in figures()] == [f.svg for f in reversed(figures())][::-1]


def test_hostile_names_draw() -> None:
    """Names from a log are text in a drawing: escaped, cut, never mathematics."""
    event = Event(made_bundle.when(3), "deployment", HOSTILE)
    metric = replace(made_bundle.series().metrics[0], name=HOSTILE)
    drawn = [
        plots.metric_series(made_bundle.series(), metric, [event]),
        plots.timeline([event]),
        plots.groups([GroupValue(HOSTILE, HOSTILE, HOSTILE, 0.5, 0.4, 0.6, 3)]),
        plots.waterfall([replace(made_bundle.verdict().ledger[0], mechanism=HOSTILE)]),
    ]
    for figure in drawn:
        for text in (figure.svg, str(figure.html())):
            assert "<script" not in text
            assert "\u202e" not in text
            assert len(text) < 60_000


def test_empty_and_odd_inputs_draw() -> None:
    """No bucket with a value, one bucket, one event, an empty ledger and a negative share are all drawn."""
    series = made_bundle.series()
    blank = replace(series.metrics[0], value=(None,) * 35, low=(None,) * 35, high=(None,) * 35)
    one = replace(series.metrics[0], value=(0.5,), low=(None,), high=(None,), n=(3,), reference=None)
    single = Series(series.starts[:1], series.ends[:1], (True,), (one,))
    assert plots.metric_series(series, blank).alt == "Accuracy over time: no bucket has a value."
    assert plots.metric_series(single, one).svg
    assert plots.timeline([]).svg
    assert plots.waterfall([]).alt == "The ledger is empty."
    assert plots.waterfall([replace(made_bundle.verdict().ledger[0], share=-0.4, interval=None)]).svg
    assert plots.groups([]).svg


def test_an_unknown_metric_is_an_error() -> None:
    """There is no plot of a metric that the series does not hold."""
    with pytest.raises(KeyError):
        plots.metric_series(made_bundle.series(), "recall")


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [(0.04, "\n", ":"), (1, "00:00\n14 Mar 2026", ":00"), (20, "\n2026", "Mar"), (200, "2026", ""), (5_000, "", "20")],
)
def test_ticks_are_few_and_round(days: float, first: str, last: str) -> None:
    """From an hour to decades an axis has two to eight ticks in order, and says the year or day once at the start."""
    low = made_bundle.ONSET.timestamp()
    places, labels = ticks(low, low + days * 86_400, 8)
    assert 2 <= len(places) == len(labels) <= 9
    assert places == sorted(places)
    assert low <= places[0] <= places[-1] <= low + days * 86_400
    assert first in labels[0]
    assert last in labels[-1]


def test_no_pyplot() -> None:
    """Drawing leaves matplotlib's global state alone: pyplot is not even imported."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); import test_report_plots as t; [f.svg for f in t.figures()];"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_is_made_up_says_so_in_every_picture() -> None:
    """Each plot of a page says in the picture, wide, narrow and in words, that its rows are no real ones."""
    bundle = made_bundle.bundle()
    made = replace(bundle, incident=replace(bundle.incident, tags=("case", "reconstruction")))
    drawn = re.findall(r'<figure id="fig-.*?</figure>', render(made), re.DOTALL)
    assert len(drawn) == 5
    for one in drawn:
        assert len(re.findall(rf"<text[^>]*>{MADE['reconstruction']}", one)) == 2
        assert f"{MADE['reconstruction']}." in one  # the words for who does not see
    for shown in (show.metric(made), show.timeline(made), show.rivals(made), show.ledger(made), show.groups(made)):
        assert isinstance(shown, plots.Figure)
        assert shown.mark == MADE["reconstruction"]
    assert [f.marked(("real",)).mark for f in figures()] == [""] * 5


def test_a_page_takes_the_drawings_that_are_its_own(tmp_path: Path) -> None:
    """What another process drew of the same record is in the page, the same to the byte; of another record nothing."""
    bundle = made_bundle.bundle()
    alone = render(bundle)
    drawn = drawings(bundle.write(tmp_path))
    other = replace(bundle, series=replace(bundle.series, metrics=bundle.series.metrics[:1]), groups=bundle.groups[:1])
    apart = render(other)
    with sharing(dict(drawn)):
        assert render(other) == apart
    with sharing(dict(drawn)) as known:
        assert render(bundle) == alone
    assert known == drawn  # nothing was drawn anew: that would stand beside the rest
