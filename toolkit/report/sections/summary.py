"""What happened, in a paragraph and a panel (floor 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from toolkit.causes.touched import NO_HARM_IN_ALL
from toolkit.notebooks.bundle import Bundle
from toolkit.report import words
from toolkit.report.sections.base import Section, is_regression, told
from toolkit.spans import SPANS, spans_of

_TIMES: Final = (
    ("detected_at", "to_detect", "Detected"),
    ("mitigated_at", "to_mitigate", "Mitigated"),
    ("resolved_at", "to_resolve", "Resolved"),
)


def draft(bundle: Bundle) -> Sequence[str]:
    """Say what the record knows: since when, how bad, the cause, and how long it took."""
    return [*_harm(bundle), *verdict_sentences(bundle), *_lags(bundle)]


def _harm(bundle: Bundle) -> list[str]:
    fell = "{{harm.metric}} was {{harm.observed}} where {{harm.expected}} was expected, over {{harm.n}} predictions."
    if is_regression(bundle):
        cost = "The summed error was {{harm.excess_errors}} above the expected one"
    else:
        cost = "That is {{harm.excess_errors}} wrong decisions more than expected"
    began = told(bundle, "It began on {{incident.occurred_at}}.")
    began = began or told(bundle, "The log shows a change from {{verdict.onset}}.")
    known = told(bundle, "The model concerned is {{incident.model}}.")
    fallen = told(bundle, f"In the window under investigation {fell}")
    within = told(bundle, f"{cost} (95 % interval {{{{harm.low}}}} to {{{{harm.high}}}}).")
    return [*known, *began, *fallen, *within, *no_excess(bundle)]


def no_excess(bundle: Bundle) -> list[str]:
    """Say where the interval of the harm leaves it open whether there was any."""
    verdict = bundle.verdict
    interval = verdict.harm.interval if verdict else None
    if verdict is None or interval is None or not interval[0] <= 0 <= interval[1]:
        return []
    told = [note for note in verdict.notes if note.startswith(NO_HARM_IN_ALL)]
    if told:  # numbers and the name of a metric alone: nothing of it comes from the log
        return told
    if verdict.slice:
        return ["Over all these rows that interval includes no excess at all: the damage is in a part of them alone."]
    return ["That interval includes no excess at all."]


def verdict_sentences(bundle: Bundle) -> list[str]:
    """Say the verdict, its probability and what it explains; say so where there is none."""
    verdict = bundle.verdict
    if verdict is None:
        return ["The log was not diagnosed yet."]
    if verdict.verdict == "none":
        return told(bundle, "Nothing in the log says that the model failed (probability {{verdict.confidence}}).")
    if verdict.verdict == "undetermined":
        rest = "More than one explanation fits what it shows; the rivals are under *Root cause*."
        return [f"**The log cannot tell the cause.** {rest}"]
    sure = "with a probability of {{verdict.confidence}}."
    said = told(bundle, f"The most likely cause is **{{{{verdict.verdict}}}}** ({{{{verdict.mechanism}}}}), {sure}")
    said = said or told(bundle, f"The most likely cause is **{{{{verdict.verdict}}}}**, {sure}")
    places = (
        i for i, x in enumerate(verdict.ledger, 1) if x.mechanism == verdict.mechanism and x.cause == verdict.verdict
    )
    line = f"ledger.{next(places, 0)}"
    between = f"(95 % interval {{{{{line}.low}}}} to {{{{{line}.high}}}})"
    said += told(bundle, f"It explains {{{{{line}.share}}}} of the damage {between}.")
    said += told(bundle, "The columns concerned: {{verdict.features}}.", "The rows concerned: {{verdict.slice}}.")
    best = verdict.strongest(verdict.leader.supporting) if verdict.leader else None
    return said + (told(bundle, f"The strongest evidence: {{{{ev.{best.id}.statement}}}}") if best else [])


def _lags(bundle: Bundle) -> list[str]:
    return told(
        bundle,
        "It was detected {{lag.to_detect}} after it began.",
        "It was mitigated after {{lag.to_mitigate}}.",
        "It was resolved after {{lag.to_resolve}}.",
    )


def facts(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Give the incident at a glance: its times with lags, the spans that were chosen, the cause, the harm."""
    incident, verdict = bundle.incident, bundle.verdict
    lags = incident.lags
    yield "Began", words.time(incident.occurred_at)
    for field, lag, title in _TIMES:
        after = f" (after {words.duration(lags[lag])})" if lags[lag] is not None else ""
        yield title, words.time(getattr(incident, field)) + after
    if verdict is None:
        return
    for name, (start, end) in spans_of(verdict.log).items():
        yield SPANS[name], f"{words.time(start)} to before {words.time(end)}"
    cause = words.CAUSE_NAMES.get(verdict.verdict, verdict.verdict)
    yield "Cause", f"{cause} ({words.name(verdict.mechanism)})" if verdict.mechanism else cause
    yield "Probability", words.percent(verdict.confidence)
    excess = verdict.harm.excess_errors
    loss = words.number(excess if excess is None else round(excess))
    title = "Excess loss" if is_regression(bundle) else "Excess errors"
    yield title, loss + (" (estimated)" if verdict.harm.estimated else "")
    yield "Predictions", words.number(verdict.harm.n)


def body(bundle: Bundle) -> Markup:
    """Give the panel of facts."""
    split = ((title, *value.removesuffix(")").partition(" (")) for title, value in facts(bundle))
    items = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(
            title, said, Markup("<small>{}</small>").format(more) if more else ""
        )
        for title, said, _, more in split
    )
    return Markup('<dl class="facts">{}</dl>').format(items)


SECTION = Section("summary", "Summary", draft, body)
