"""The sections of a postmortem, one file each, in the order of the page (floor 6).

A section is added by one file with a ``SECTION`` and its line here.
"""

from typing import Final

from toolkit.report.sections import (
    actions,
    detection,
    impact,
    lessons,
    resolution,
    root_cause,
    summary,
    supporting,
    this_kind,
    timeline,
)
from toolkit.report.sections.base import Ask, Section

SECTIONS: Final[tuple[Section, ...]] = (
    summary.SECTION,
    impact.SECTION,
    timeline.SECTION,
    root_cause.SECTION,
    this_kind.SECTION,
    detection.SECTION,
    resolution.SECTION,
    lessons.SECTION,
    actions.SECTION,
    supporting.SECTION,
)

__all__ = ["SECTIONS", "Ask", "Section"]
