"""How it was noticed, and how long that took (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.notebooks.bundle import Bundle
from toolkit.report.sections.base import Ask, Section, citable, told


def draft(bundle: Bundle) -> Sequence[str]:
    """Say when it was detected, how long after it began, and which alert came first."""
    said = told(bundle, "It was detected on {{incident.detected_at}}, {{lag.to_detect}} after it began.")
    said = said or told(bundle, "It was detected on {{incident.detected_at}}.")
    begun = bundle.incident.occurred_at
    alerts = [e for e in bundle.events if e.kind == "alert" and citable(e) and (not begun or e.occurred_at >= begun)]
    if alerts:
        first = min(alerts, key=lambda e: e.occurred_at).id
        said += told(bundle, f"The first alert came on {{{{event.{first}.time}}}}: {{{{event.{first}.text}}}}.")
    elif said:
        said.append("No alert is recorded after it began.")
    return said


SECTION = Section(
    "detection",
    "Detection",
    draft,
    asks=(
        Ask(
            "detection-gap",
            "What should have noticed it",
            "How was it noticed, what could have noticed it sooner, and why did it not?",
        ),
    ),
)
