"""The peers that a user would take instead: each a script of its own, in a virtual environment of its own.

They are run on our generated log alone, read as their documentation reads it (pandas), with telemetry off; what each
covers is said in its script. Nothing of ours is imported there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: What is installed for each, as it worked when this was written; newer pandas or numpy break some on import.
PEERS = {
    "polars": ("polars==2.1.0",),
    "evidently": ("evidently==0.7.23", "pandas<3.1", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pyarrow"),
    "whylogs": ("whylogs[viz]==1.6.4", "numpy<2", "pandas<3", "pyarrow<21"),
    "fairlearn": ("fairlearn==0.15.0", "pyarrow"),
}


def python_of(peer: str, folder: Path) -> Path:
    """Give the Python of a peer's environment, made on the first call."""
    place = folder / peer
    python = place / "bin" / "python"
    if not (place / "made").exists():
        print(f"making an environment for {peer}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[peer]], check=True)
        (place / "made").write_text("\n".join(PEERS[peer]), encoding="utf-8")
    return python
