"""Which version of an incident its user last looked at (floor 8), so that nothing is overwritten unseen.

A small file for each user and machine in the folder of incidents; where it cannot be written, nothing is checked.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.records import Incident
    from toolkit.store import Store


def remember(store: Store, incident: Incident) -> None:
    """Note that the user has seen an incident as it is now."""
    from toolkit.paths import write_whole

    file = _file(store)
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        seen = {**_all(file), incident.id: incident.version}
        write_whole(file, json.dumps(seen, indent=1, sort_keys=True) + "\n")


def last(store: Store, incident: str) -> int | None:
    """Give the version that the user last saw, or ``None``."""
    found = _all(_file(store)).get(incident.strip().upper())
    return found if isinstance(found, int) else None


def _file(store: Store) -> Path:
    from toolkit.store.lock import user

    name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{user()}@{socket.gethostname()}")
    return store.folder / "seen" / f"{name}.json"


def _all(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
