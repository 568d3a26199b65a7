"""A metric over time, with what it was held to, since when it was worse, and what else happened (floor 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from toolkit.notebooks.bundle import Metric, Series
from toolkit.records import Event
from toolkit.report.plots import figure as f
from toolkit.report.tables import Table
from toolkit.report.text import label
from toolkit.report.words import name, number, time

#: Buckets that the table behind a plot holds.
_BUCKETS = 400


def metric_series(series: Series, metric: str | Metric, events: Sequence[Event] = ()) -> f.Figure:
    """Draw one metric per bucket with its 95 % band, its reference, the onset with its interval, and deployments.

    Raises:
        KeyError: the series has no metric of that name.
    """
    one = metric if isinstance(metric, Metric) else series.metric(metric)
    if one is None:
        raise KeyError(metric)
    title = f"{name(one.name).capitalize()} over time"
    with f.paper(3.1) as drawing:
        axes = drawing.add_subplot()
        dates = time_axis(axes)
        _spans(axes, series, dates)
        _line(axes, series, one, dates)
        if one.reference is not None:
            axes.axhline(one.reference, color=f.SOFT, lw=1, ls=(0, (5, 3)), zorder=2)
            axes.annotate(
                f"reference {number(one.reference)}", (1, one.reference), xycoords=("axes fraction", "data"),
                xytext=(-2, 3), textcoords="offset points", ha="right", va="bottom", color=f.SOFT, fontsize=8.5,
            )  # fmt: skip
        _deployments(axes, series, events, dates)
        axes.grid(axis="y", color=f.GRID, lw=0.8, zorder=0)
        axes.set_ylabel(name(one.name))
        axes.tick_params(length=0)
        return f.finish(drawing, f"series-{_slug(one.name)}", title, describe(series, one), _table(series, one))


def describe(series: Series, one: Metric) -> str:
    """Say in words what the plot of a metric shows."""
    known = [(v, t) for v, t in zip(one.value, series.starts, strict=True) if v is not None]
    if not known:
        return f"{name(one.name).capitalize()} over time: no bucket has a value."
    low, high = min(known), max(known)
    span = f"from {time(series.starts[0])} to {time(series.ends[-1])}"
    parts = [
        f"{name(one.name).capitalize()} in {len(known)} buckets {span}:",
        f"lowest {number(low[0])} on {time(low[1])}, highest {number(high[0])} on {time(high[1])}.",
    ]
    if one.reference is not None:
        parts.append(f"The reference is {number(one.reference)}.")
    if series.onset is not None:
        parts.append(f"The change begins on {time(series.onset)}.")
    if any(series.immature):
        parts.append(f"{sum(series.immature)} buckets still wait for labels.")
    return " ".join(parts)


def time_axis(axes: Any) -> Any:
    """Set a time axis with short readable dates in UTC, and give matplotlib's dates module."""
    from matplotlib import dates

    module: Any = dates
    locator = module.AutoDateLocator(minticks=4, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(module.ConciseDateFormatter(locator))
    return dates


def _line(axes: Any, series: Series, one: Metric, dates: Any) -> None:
    """Draw the values in the middle of their buckets; a gap stays a gap, an immature bucket is hollow."""
    middle = [_middle(a, b, dates) for a, b in zip(series.starts, series.ends, strict=True)]
    value = [_nan(v) for v in one.value]
    mature = [math.nan if late else v for v, late in zip(value, series.immature, strict=True)]
    late = [v if is_late else math.nan for v, is_late in zip(value, series.immature, strict=True)]
    axes.fill_between(middle, [_nan(v) for v in one.low], [_nan(v) for v in one.high], color=f.BAND, lw=0, zorder=1)
    marker = "o" if len(middle) <= 70 else ""
    axes.plot(middle, mature, color=f.MAIN, lw=1.6, marker=marker, ms=2.8, zorder=3)
    axes.plot(middle, late, color=f.MAIN, lw=0.9, ls=":", marker="o", ms=3.4, mfc=f.PAPER, mew=0.9, zorder=3)


def _spans(axes: Any, series: Series, dates: Any) -> None:
    """Shade the window under investigation, and mark the onset with its interval."""
    if series.window:
        start, end = (dates.date2num(t) for t in series.window)
        axes.axvspan(start, end, color=f.SHADE, lw=0, zorder=0)
    if series.onset_interval:
        axes.axvspan(*(dates.date2num(t) for t in series.onset_interval), color=f.BADBAND, lw=0, zorder=0.5)
    if series.onset is not None:
        axes.axvline(dates.date2num(series.onset), color=f.BAD, lw=1.4, zorder=2)
        axes.annotate(
            "onset", (dates.date2num(series.onset), 1), xycoords=("data", "axes fraction"), xytext=(4, -1),
            textcoords="offset points", ha="left", va="top", color=f.BAD, fontsize=8.5,
        )  # fmt: skip


def _deployments(axes: Any, series: Series, events: Sequence[Event], dates: Any) -> None:
    """Mark what changed as small triangles on the lower edge; their texts are in the timeline."""
    if not series.starts:
        return
    inside = [e for e in events if series.starts[0] <= e.occurred_at <= series.ends[-1] and not e.withdrawn]
    changes = [e for e in inside if e.kind in {"deployment", "data_change", "config_change"}][:40]
    for event in changes:
        axes.plot(
            dates.date2num(event.occurred_at), 0, marker="^", ms=6, color=f.INK, clip_on=False, zorder=4,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    if len(changes) == 1:
        axes.annotate(
            label(changes[0].text, 26), (dates.date2num(changes[0].occurred_at), 0),
            xycoords=("data", "axes fraction"), xytext=(6, 4), textcoords="offset points", fontsize=8.5, color=f.SOFT,
        )  # fmt: skip


def _table(series: Series, one: Metric) -> Table:
    rows = tuple(
        (start, v, low, high, n, "waits for labels" if late else "")
        for start, v, low, high, n, late in zip(
            series.starts, one.value, one.low, one.high, one.n, series.immature, strict=True
        )
    )
    columns = ("Bucket from (UTC)", name(one.name), "95 % low", "95 % high", "Rows", "Note")
    return Table(columns, rows[:_BUCKETS], f"{name(one.name).capitalize()} by bucket")


def _middle(start: datetime, end: datetime, dates: Any) -> float:
    return float(dates.date2num(start) + dates.date2num(end)) / 2


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in text)[:40]
