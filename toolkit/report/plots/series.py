"""A metric over time, with what it was held to, since when it was worse, and what else happened (floor 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from toolkit.notebooks.bundle import Metric, Series
from toolkit.records import Event
from toolkit.report.plots import figure as f
from toolkit.report.plots.axis import seconds, time_ticks
from toolkit.report.tables import Table
from toolkit.report.text import label
from toolkit.report.words import capital, name, number, time

#: Kinds of events that can be the cause of a change.
CHANGES: Final = frozenset({"deployment", "data_change", "config_change"})
_MARKERS_UP_TO: Final = 70
_DEPLOYMENTS: Final = 40


def metric_series(series: Series, metric: str | Metric, events: Sequence[Event] = ()) -> f.Figure:
    """Draw one metric per bucket with its 95 % band, its reference, the onset with its interval, and deployments.

    Raises:
        KeyError: the series has no metric of that name.
    """
    one = metric if isinstance(metric, Metric) else series.metric(metric)
    if one is None:
        raise KeyError(metric)

    def draw(drawing: Any, narrow: bool) -> None:
        right = 0.75 if one.reference is not None else 0.15
        axes = f.axes_in(drawing, left=0.72, right=right, top=0.26, bottom=0.5)
        _spans(axes, series)
        _line(axes, series, one)
        _reference(axes, one)
        _deployments(axes, series, events)
        axes.grid(axis="y", color=f.GRID, lw=0.8, zorder=0)
        axes.tick_params(length=0)
        axes.tick_params(axis="x", pad=6)
        axes.locator_params(axis="y", nbins=6)
        axes.margins(x=0.02)
        time_ticks(axes, 4 if narrow else 8)

    title = f"{capital(one.name)} over time"
    return f.Figure(f"series-{_slug(one.name)}", title, describe(series, one), _table(series, one), draw, 3.1)


def describe(series: Series, one: Metric) -> str:
    """Say in words what the plot of a metric shows."""
    known = [(v, t) for v, t in zip(one.value, series.starts, strict=True) if v is not None]
    if not known:
        return f"{capital(one.name)} over time: no bucket has a value."
    low, high = min(known), max(known)
    span = f"from {time(series.starts[0])} to {time(series.ends[-1])}"
    parts = [
        f"{capital(one.name)} in {len(known)} buckets {span}:",
        f"lowest {number(low[0])} on {time(low[1])}, highest {number(high[0])} on {time(high[1])}.",
    ]
    if one.reference is not None:
        parts.append(f"The reference is {number(one.reference)}.")
    if series.onset is not None:
        parts.append(f"The change begins on {time(series.onset)}.")
    if any(series.immature):
        parts.append(f"{sum(series.immature)} buckets still wait for labels.")
    return " ".join(parts)


def _line(axes: Any, series: Series, one: Metric) -> None:
    """Draw the values in the middle of their buckets; a gap stays a gap, an immature bucket is hollow."""
    middle = [(seconds(a) + seconds(b)) / 2 for a, b in zip(series.starts, series.ends, strict=True)]
    value = [_nan(v) for v in one.value]
    mature = [math.nan if late else v for v, late in zip(value, series.immature, strict=True)]
    late = [v if is_late else math.nan for v, is_late in zip(value, series.immature, strict=True)]
    marker = "o" if len(middle) <= _MARKERS_UP_TO else ""
    axes.fill_between(middle, [_nan(v) for v in one.low], [_nan(v) for v in one.high], color=f.BAND, lw=0, zorder=1)
    axes.plot(middle, mature, color=f.MAIN, lw=1.6, marker=marker, ms=2.8, zorder=3)
    axes.plot(middle, late, color=f.MAIN, lw=0.9, ls=":", marker="o", ms=3.4, mfc=f.PAPER, mew=0.9, zorder=3)


def _spans(axes: Any, series: Series) -> None:
    """Shade the window under investigation, and mark the onset with its interval."""
    if series.window:
        axes.axvspan(*(seconds(t) for t in series.window), color=f.SHADE, lw=0, zorder=0)
    if series.onset_interval:
        axes.axvspan(*(seconds(t) for t in series.onset_interval), color=f.BADBAND, lw=0, zorder=0.5)
    if series.onset is not None:
        axes.axvline(seconds(series.onset), color=f.BAD, lw=1.4, zorder=2)
        axes.annotate(
            "onset", (seconds(series.onset), 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", color=f.BAD, fontsize=8.5,
        )  # fmt: skip


def _reference(axes: Any, one: Metric) -> None:
    """Draw what the metric was held to, named in the margin where no line runs."""
    if one.reference is None:
        return
    axes.axhline(one.reference, color=f.SOFT, lw=1, ls=(0, (5, 3)), zorder=2)
    axes.annotate(
        f"reference\n{number(one.reference)}", (1, one.reference), xycoords=("axes fraction", "data"), xytext=(4, 0),
        textcoords="offset points", ha="left", va="center", color=f.SOFT, fontsize=8.5, annotation_clip=False,
    )  # fmt: skip


def _deployments(axes: Any, series: Series, events: Sequence[Event]) -> None:
    """Mark what changed as small triangles on the lower edge; their texts are in the timeline."""
    if not series.starts:
        return
    first, last = series.starts[0], series.ends[-1]
    changes = [e for e in events if e.kind in CHANGES and first <= e.occurred_at <= last and not e.withdrawn]
    for event in changes[:_DEPLOYMENTS]:
        axes.plot(
            seconds(event.occurred_at), 0, marker="^", ms=6, color=f.INK, clip_on=False, zorder=4,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    if len(changes) == 1:
        at = seconds(changes[0].occurred_at)
        left = at - seconds(first) > (seconds(last) - seconds(first)) * 0.6
        axes.annotate(
            label(changes[0].text, 26), (at, 0), xycoords=("data", "axes fraction"), xytext=(-7 if left else 7, 4),
            textcoords="offset points", ha="right" if left else "left", fontsize=8.5, color=f.SOFT,
        )  # fmt: skip


def _table(series: Series, one: Metric) -> Table:
    rows = tuple(
        (start, v, low, high, n, "waits for labels" if late else "")
        for start, v, low, high, n, late in zip(
            series.starts, one.value, one.low, one.high, one.n, series.immature, strict=True
        )
    )
    columns = ("Bucket from (UTC)", name(one.name), "95 % low", "95 % high", "Rows", "Note")
    return Table(columns, rows, f"{capital(one.name)} by bucket")


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in text)[:40]
