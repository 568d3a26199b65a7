"""What happened, in order (floor 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Event
from toolkit.report import plots, words
from toolkit.report.evidence import anchor_of
from toolkit.report.sections.base import Section, citable, told
from toolkit.report.tables import Table
from toolkit.report.text import visible

_ADDRESS: Final = re.compile(r"https?://(?:www\.)?([A-Za-z0-9.-]{1,80})(?::\d+)?(?:[/?#][\x21-\x7e]*)?")


def draft(bundle: Bundle) -> Sequence[str]:
    """Say when the log changed and what was deployed just before."""
    said = told(
        bundle,
        "The log shows the change from {{verdict.onset}} "
        "(95 % interval {{verdict.onset_from}} to {{verdict.onset_to}}).",
    )
    last = before_onset(bundle)
    if last is not None and citable(last):
        said += told(
            bundle,
            f"The last recorded change before that was on {{{{event.{last.id}.time}}}}: {{{{event.{last.id}.text}}}}.",
        )
    return said


def before_onset(bundle: Bundle) -> Event | None:
    """Give the last deployment or change that was made before the end of the onset's interval."""
    verdict = bundle.verdict
    if verdict is None or verdict.onset is None:
        return None
    latest = verdict.onset_interval[1] if verdict.onset_interval else verdict.onset
    kinds = {"deployment", "data_change", "config_change"}
    made = [e for e in bundle.events if e.kind in kinds and e.occurred_at <= latest and not e.withdrawn]
    return max(made, key=lambda e: e.occurred_at, default=None)


def body(bundle: Bundle) -> Markup:
    """Give the plot of the lanes and the table of events, starred ones in bold."""
    events = [e for e in bundle.events if not e.withdrawn]
    if not events:
        return Markup(
            '<p class="todo"><strong>To be written:</strong> no event is recorded yet. What happened, and when?</p>'
        )
    verdict = bundle.verdict
    onset = verdict.onset if verdict else bundle.series.onset
    interval = verdict.onset_interval if verdict else bundle.series.onset_interval
    figure = plots.timeline(events, bundle.incident, onset, interval)
    return Markup("{}\n{}").format(
        figure.marked(bundle.incident.tags).html(), event_table(bundle).html(quiet=True, stack="events")
    )


def event_table(bundle: Bundle) -> Table:
    """Give the events as a table whose rows can be linked to."""
    rows = tuple(
        (
            Markup('<span class="when" id="{}">{}</span>').format(
                anchor_of("event", e.id or str(i)), words.stamp(e.occurred_at)
            ),
            words.name(e.kind),
            Markup("<strong>{}</strong>").format(visible(e.text, 400)) if e.starred else visible(e.text, 400),
            source_html(e.source),
        )
        for i, e in enumerate(e for e in bundle.events if not e.withdrawn)
    )
    return Table(("When (UTC)", "Kind", "What happened", "Source"), rows, "Events in order")


def source_html(source: str) -> Markup:
    """Give the source of an event: an address as a link under its host's name, anything else as text."""
    host = _ADDRESS.fullmatch(source)
    if host is None:
        return escape(visible(source, 120))
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(source, host.group(1))


SECTION = Section("timeline", "Timeline", draft, body)
