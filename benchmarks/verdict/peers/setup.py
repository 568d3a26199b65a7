"""Make the virtual environment of a peer, outside of the repository: what it needs cannot live beside our pandas.

python -m benchmarks.verdict.peers.setup evidently --into ~/peers     # about a gigabyte and some minutes each
python -m benchmarks.verdict.peers.setup nannyml --into ~/peers
python -m benchmarks.verdict.peers.setup dowhy --into ~/peers
export VERDICT_PEERS=~/peers                                          # where the adapters look for them
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

#: What each peer needs, pinned. Evidently 0.7.23 does not import on pandas 3.1; nannyml forgets to ask for statsmodels.
PEERS: Final[dict[str, tuple[str, ...]]] = {
    "evidently": ("evidently==0.7.23", "pandas>=2.2,<3.1", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pyarrow"),
    "dowhy": ("dowhy==0.14", "pyarrow"),
}
#: No peer reports on its use, and none takes more than one core.
QUIET: Final = {
    "NML_DISABLE_USAGE_LOGGING": "1",
    "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
}


def home() -> Path:
    """Give the folder with the peers' environments: ``VERDICT_PEERS``, or one in the user's cache."""
    return Path(os.environ.get("VERDICT_PEERS", "~/.cache/ml-postmortem-peers")).expanduser()


def python_of(peer: str) -> Path:
    """Give the interpreter of a peer's environment; whether it is there is the caller's question."""
    return home() / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main(arguments: list[str] | None = None) -> int:
    """Make the environment that the command asks for, and show that the peer imports in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("--into", type=Path, default=home(), help="folder of the environments, outside of the repo")
    options = parser.parse_args(arguments)
    if Path(__file__).resolve().parents[3] in (options.into.resolve(), *options.into.resolve().parents):
        print("the environments are large and lie outside of the repository: give another --into", file=sys.stderr)
        return 2
    os.environ["VERDICT_PEERS"] = str(options.into)
    place, python = options.into / options.peer, python_of(options.peer)
    if not python.exists():
        venv.create(place, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[options.peer]], check=True)
    show = f"import {options.peer}, importlib.metadata as m; print({options.peer!r}, m.version({options.peer!r}))"
    return subprocess.run([python, "-c", show], check=False, env={**os.environ, **QUIET}).returncode


if __name__ == "__main__":
    raise SystemExit(main())
