"""The postmortem toolkit for machine-learning failures: ``import toolkit as tk``.

    log = tk.read_log("served/*.parquet", "roles.toml", reference="validation.parquet")
    d = tk.diagnose(log, events="deploys.csv")

    store = tk.Store("incidents")
    incident = tk.open_incident(store, "Delay model misses the summer", log="served/*.parquet", roles="roles.toml")
    tk.investigate(store, incident.id)
    tk.publish(store, incident.id)

Everything is imported when it is first used, so that ``import toolkit`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from toolkit.api import diagnose
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.drills.cases import case, cases
    from toolkit.investigation import Investigation, demo, import_events, investigate, open_incident, publish
    from toolkit.logs import Log, read_events, read_log
    from toolkit.records import ActionItem, Event, Finding, Incident, LedgerLine, Verdict
    from toolkit.roles import Roles
    from toolkit.store import Store

_HOME = {
    "diagnose": "toolkit.api",
    "Diagnosis": "toolkit.causes.diagnosis",
    "case": "toolkit.drills.cases",
    "cases": "toolkit.drills.cases",
    "Investigation": "toolkit.investigation",
    "demo": "toolkit.investigation",
    "import_events": "toolkit.investigation",
    "investigate": "toolkit.investigation",
    "open_incident": "toolkit.investigation",
    "publish": "toolkit.investigation",
    "Log": "toolkit.logs",
    "read_events": "toolkit.logs",
    "read_log": "toolkit.logs",
    "ActionItem": "toolkit.records",
    "Event": "toolkit.records",
    "Finding": "toolkit.records",
    "Incident": "toolkit.records",
    "LedgerLine": "toolkit.records",
    "Verdict": "toolkit.records",
    "Roles": "toolkit.roles",
    "Store": "toolkit.store",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME:
        msg = f"module 'toolkit' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
