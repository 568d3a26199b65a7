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

if TYPE_CHECKING:  # the alias of the same name is what tells a type checker that it is exported
    from toolkit.api import diagnose as diagnose
    from toolkit.causes.diagnosis import Diagnosis as Diagnosis
    from toolkit.drills.cases import case as case
    from toolkit.drills.cases import cases as cases
    from toolkit.investigation import Investigation as Investigation
    from toolkit.investigation import demo as demo
    from toolkit.investigation import import_events as import_events
    from toolkit.investigation import investigate as investigate
    from toolkit.investigation import open_incident as open_incident
    from toolkit.investigation import publish as publish
    from toolkit.investigation import verify as verify
    from toolkit.jupyter.desks import desk as desk
    from toolkit.logs import Log as Log
    from toolkit.logs import read_events as read_events
    from toolkit.logs import read_log as read_log
    from toolkit.records import ActionItem as ActionItem
    from toolkit.records import Event as Event
    from toolkit.records import Finding as Finding
    from toolkit.records import Incident as Incident
    from toolkit.records import LedgerLine as LedgerLine
    from toolkit.records import Verdict as Verdict
    from toolkit.roles import Roles as Roles
    from toolkit.store import Store as Store

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
    "verify": "toolkit.investigation",
    "desk": "toolkit.jupyter.desks",
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


def load_ipython_extension(shell: Any) -> None:
    """Give a notebook the magics: ``%load_ext toolkit``."""
    from toolkit.jupyter.magics import load

    load(shell)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME:
        msg = f"module 'toolkit' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
