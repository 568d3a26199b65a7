"""JupyterLab with our launcher cards, in the folder of incidents, with this interpreter's kernel (floor 7)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from toolkit.errors import PostmortemError

#: The extension's name, in its own files and in JupyterLab's list.
EXTENSION: Final = "ml-postmortem"
_HERE: Final = Path(__file__).resolve().parent / "labextension"

#: JupyterLab asks the network for newer versions, its news and its extensions unless it is told not to.
_QUIET: Final = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
)


def command(folder: Path, *, port: int | None = None, browser: bool = True, more: Sequence[str] = ()) -> list[str]:
    """Give the command that opens JupyterLab in a folder and asks no network; ``more`` is handed on, and wins.

    Raises:
        PostmortemError: JupyterLab is not installed in this environment.
    """
    from importlib.util import find_spec

    if find_spec("jupyterlab") is None:
        raise PostmortemError("JupyterLab is not installed here", fix="install ml-postmortem again in this environment")
    given = [sys.executable, "-m", "toolkit.notebooks.quick", "jupyterlab", f"--ServerApp.root_dir={folder.absolute()}"]
    given += [f"--ServerApp.port={port}"] if port is not None else []
    given += [] if browser else ["--no-browser"]
    return [*given, *(q for q in _QUIET if not any(m.startswith(q.split("=")[0]) for m in more)), *more]


def environment(folder: Path) -> dict[str, str]:
    """Give the environment for it: kernels find the store, and kernelspecs of this environment come first."""
    env = {**os.environ, "POSTMORTEM_HOME": str(folder.absolute()), "JUPYTER_PREFER_ENV_PATH": "1"}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    env.pop("POSTMORTEM_BATCH", None)
    return env


def serve(given: Sequence[str], env: Mapping[str, str], *, patience: float = 15) -> int:
    """Run a server until it ends, and give its exit code; 0 where we were told to end it.

    Ctrl-C, SIGTERM and a closed terminal are handed on as SIGTERM, on which JupyterLab ends its kernels and asks
    nothing. One that has not ended ``patience`` seconds later is killed; its kernels notice and end too.
    """
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # where somebody ignores a signal on our behalf (nohup), it stays ignored
    before = {one: signal.getsignal(one) for one in (getattr(signal, name) for name in names)}
    before = {one: handler for one, handler in before.items() if handler not in (signal.SIG_IGN, None)}

    def told(*_: Any) -> None:
        raise KeyboardInterrupt

    server = None
    try:
        for one in before:
            signal.signal(one, told)
        server = subprocess.Popen(given, env=dict(env))
        return server.wait()
    except KeyboardInterrupt:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        return 0
    finally:
        if server is not None and server.poll() is None:
            _end(server, patience)
        for one, handler in before.items():
            signal.signal(one, handler)


def _end(server: subprocess.Popen[bytes], patience: float) -> None:
    server.terminate()
    try:
        server.wait(patience)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


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
