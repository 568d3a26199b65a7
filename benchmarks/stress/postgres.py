"""A real PostgreSQL for tests and trials: from the system's packages, in a folder of its own, stopped afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def programs() -> Path | None:
    """Find the folder of PostgreSQL's programs, the newest one; ``None`` where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    one = shutil.which("initdb")
    return Path(one).resolve().parent if one else None


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a server on a socket in a temporary folder, open to nobody else; give its URL."""
    bin_folder = programs()
    assert bin_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="store-pg-"))
    who: dict[str, str] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        name = next(n for n in ("postgres", "nobody") if n in {p.pw_name for p in pwd.getpwall()})
        who = {"user": name}
        os.chown(folder, pwd.getpwnam(name).pw_uid, -1)
    data = str(folder / "data")
    made = [str(bin_folder / "initdb"), "-D", data, "-U", "store", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder, timeout=180, **who)  # type: ignore[call-overload]
    run = [str(bin_folder / "postgres"), "-D", data, "-k", str(folder), "-h", "", "-F", "-c", "shared_buffers=16MB"]
    with (folder / "log").open("wb") as log, subprocess.Popen(run, stdout=log, stderr=log, cwd=folder, **who) as server:  # type: ignore[call-overload]
        try:
            _wait_for(folder / ".s.PGSQL.5432", server)
            yield f"postgresql://store@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing here is to last
            server.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for(socket: Path, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(f"postgresql://store@/postgres?host={socket.parent}").close()
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
