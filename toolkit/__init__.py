"""The postmortem toolkit for machine-learning failures: ``import toolkit as tk``.

    log = tk.read_log("served/*.parquet", "roles.toml", reference="validation.parquet")
    d = tk.diagnose(log, events="deploys.csv")

Everything is imported when it is first used, so that ``import toolkit`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from toolkit.api import diagnose
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.logs import Log, read_events, read_log
    from toolkit.records import ActionItem, Event, Finding, Incident, LedgerLine, Verdict
    from toolkit.roles import Roles
    from toolkit.store import Store

_HOME = {
    "diagnose": "toolkit.api",
    "Diagnosis": "toolkit.causes.diagnosis",
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

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME:
        msg = f"module 'toolkit' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
