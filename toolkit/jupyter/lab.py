"""JupyterLab with our launcher cards, in the folder of incidents, with this interpreter's kernel (floor 7)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from toolkit.errors import PostmortemError

#: The extension's name, in its own files and in JupyterLab's list.
EXTENSION: Final = "ml-postmortem"
_HERE: Final = Path(__file__).resolve().parent / "labextension"


def command(folder: Path, *, port: int | None = None, browser: bool = True, more: Sequence[str] = ()) -> list[str]:
    """Give the command that opens JupyterLab in a folder; ``more`` is handed on as it is.

    Raises:
        PostmortemError: JupyterLab is not installed in this environment.
    """
    from importlib.util import find_spec

    if find_spec("jupyterlab") is None:
        raise PostmortemError("JupyterLab is not installed here", fix="install ml-postmortem again in this environment")
    given = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.absolute()}"]
    given += [f"--ServerApp.port={port}"] if port is not None else []
    given += [] if browser else ["--no-browser"]
    return [*given, *more]


def environment(folder: Path) -> dict[str, str]:
    """Give the environment for it: kernels find the store, and kernelspecs of this environment come first."""
    env = {**os.environ, "POSTMORTEM_HOME": str(folder.absolute()), "JUPYTER_PREFER_ENV_PATH": "1"}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    env.pop("POSTMORTEM_BATCH", None)
    return env


def installed() -> Path | None:
    """Give the folder in which JupyterLab finds our extension, or ``None``."""
    from jupyter_core.paths import jupyter_path

    for place in jupyter_path("labextensions"):
        file = Path(place) / EXTENSION / "package.json"
        if file.is_file():
            return file.parent
    return None


def current(folder: Path) -> bool:
    """Whether an installed extension is the one of this version."""
    names = ("package.json", "static/remoteEntry.js")
    try:
        return all((folder / name).read_bytes() == (_HERE / name).read_bytes() for name in names)
    except OSError:
        return False


def lay_out(folder: Path) -> Path:
    """Lay the extension out in a folder of JupyterLab's kind; gives what ``extra_labextensions_path`` is to name."""
    import shutil

    target = folder / EXTENSION
    shutil.copytree(_HERE, target, dirs_exist_ok=True)
    return folder
