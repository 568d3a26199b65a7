"""Who was hit, and how hard (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.report import plots
from toolkit.report.sections.base import Ask, Section, is_regression, told
from toolkit.report.sections.summary import no_excess


def draft(bundle: Bundle) -> Sequence[str]:
    """Say the damage with its interval, and whether it is measured or estimated."""
    loss = "the summed error was {{harm.excess_errors}} above what was expected" if is_regression(bundle) else (
        "{{harm.excess_errors}} decisions were wrong beyond those that were expected"
    )  # fmt: skip
    said = told(
        bundle, f"Over {{{{harm.n}}}} predictions {loss} (95 % interval {{{{harm.low}}}} to {{{{harm.high}}}})."
    )
    said += no_excess(bundle)
    said += told(bundle, "{{harm.metric|capital}} was {{harm.observed}}; {{harm.expected}} was expected.")
    if bundle.verdict and bundle.verdict.harm.estimated:
        said.append("The harm is estimated from scores, because labels are missing.")
    return said


def body(bundle: Bundle) -> Markup:
    """Give the metric that the harm is counted in over time, and the groups."""
    parts = [main_plot(bundle)]
    if bundle.groups:
        parts.append(plots.groups(bundle.groups).marked(bundle.incident.tags).html())
    return Markup("\n").join(parts)


def main_plot(bundle: Bundle) -> Markup:
    """Give the plot of the metric that the harm is counted in, or of the first there is."""
    metrics = bundle.series.metrics
    if not metrics or not bundle.series.starts:
        return Markup('<p class="note">The log has no times, so there is no plot over time.</p>')
    wanted = bundle.verdict.harm.metric if bundle.verdict else ""
    chosen = bundle.series.metric(wanted) or metrics[0]
    return plots.metric_series(bundle.series, chosen, bundle.events).marked(bundle.incident.tags).html()


SECTION = Section(
    "impact",
    "Impact",
    draft,
    body,
    (
        Ask(
            "impact-people",
            "People and business",
            "Who was harmed, how, and what did it cost them and us? Who was told?",
        ),
    ),
    brief=main_plot,
)
