"""What stopped the harm (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from toolkit.notebooks.bundle import Bundle
from toolkit.report.sections.base import Ask, Section, citable, told

_MOST: Final = 12


def draft(bundle: Bundle) -> Sequence[str]:
    """Say when it was mitigated and resolved, and what was done, in order."""
    said = told(
        bundle,
        "It was mitigated on {{incident.mitigated_at}}, {{lag.to_mitigate}} after it began.",
        "It was resolved on {{incident.resolved_at}}, {{lag.to_resolve}} after it began.",
    )
    begun = bundle.incident.occurred_at
    ends = [e for e in bundle.events if e.kind in {"mitigation", "recovery"} and citable(e)]
    done = [e for e in ends if begun is None or e.occurred_at >= begun][:_MOST]
    listed = [line for e in done for line in told(bundle, f"- {{{{event.{e.id}.time}}}}: {{{{event.{e.id}.text}}}}")]
    return [*said, "\n\n" + "\n".join(listed)] if listed else said


SECTION = Section(
    "resolution",
    "Resolution",
    draft,
    asks=(
        Ask(
            "resolution-left",
            "What is left",
            "Is the mitigation still in place, and what was done for those who were harmed?",
        ),
    ),
)
