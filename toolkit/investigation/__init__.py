"""From an open incident to its postmortem (floor 7): the flow that joins the floors below.

``open_incident`` records what failed and where its log lies; ``investigate`` validates, profiles, diagnoses, records,
and runs the notebooks; ``publish`` writes the document; ``demo`` does all three for a real incident that is shipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.investigation.checking import check_actions
    from toolkit.investigation.example import demo
    from toolkit.investigation.flow import Investigation, investigate
    from toolkit.investigation.opening import import_events, open_incident
    from toolkit.investigation.publishing import publish
    from toolkit.investigation.verifying import verify

__all__ = [
    "Investigation",
    "check_actions",
    "demo",
    "import_events",
    "investigate",
    "open_incident",
    "publish",
    "verify",
]

_HOME = {
    "Investigation": "flow",
    "check_actions": "checking",
    "demo": "example",
    "import_events": "opening",
    "investigate": "flow",
    "open_incident": "opening",
    "publish": "publishing",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    """Import a verb when it is first used, so that the command line starts at once."""
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
