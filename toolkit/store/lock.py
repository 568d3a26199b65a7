"""Taking turns (floor 2): a gate and a lock beside the database file, held with flock, never the file itself.

Whoever wants in takes the gate, waits there for the lock, and lets the gate go: a flood of readers cannot
starve a writer, because none of them passes the gate before it. The kernel lets go of both when a process
dies.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreBusy, StoreError
from toolkit.store.process import process

GATE: Final = "store.gate"
LOCK: Final = "store.lock"

#: Seconds between two tries: short against a session of about 20 ms, jittered so that no process is always late.
_PAUSE: Final = (0.001, 0.006)


def user() -> str:
    """Give the name of the user whose process this is, or ``unknown``."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


#: File systems on which a lock of one machine is not seen by another, or not always.
_NETWORKS: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "ceph")

#: Set to 1 by who knows that only one machine will write.
FORCE: Final = "POSTMORTEM_NETWORK_STORE"


def on_network(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Refuse a folder on a network share, where locks are not to be trusted; where that cannot be told, allow it.

    Raises:
        StoreError: it is on such a share, and the environment does not say that one machine alone writes.

    """
    if os.environ.get(FORCE) == "1" or not mounts.exists():
        return
    place = folder.resolve()
    kind, longest = "", -1
    for line in mounts.read_text(errors="replace").splitlines():
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = rest.split()[0], len(point.parts)
    if kind in _NETWORKS:
        raise StoreError(
            f"the folder is on a network share ({kind}), where locks are not to be trusted",
            where=str(folder),
            fix=f"keep the store on a local disk, or set {FORCE}=1 if one machine alone writes",
        )


@dataclass
class Held:
    """A lock that is held: what the last holder left in the lock file, and what this one will leave."""

    found: dict[str, Any]
    leave: dict[str, Any] | None = None


@contextlib.contextmanager
def hold(folder: Path, *, exclusive: bool, wait: float) -> Iterator[Held]:
    """Hold the store's lock, alone (to write) or with other readers.

    Args:
        folder: the store's folder; it must exist.
        exclusive: alone, or shared with other readers.
        wait: seconds to wait for the turn.

    Raises:
        StoreBusy: nobody let go in time; the message names the holder. Wait, or end that process.
        StoreError: the folder cannot be written to, or this system has no flock.

    """
    deadline = time.monotonic() + wait
    gate = lock = None
    try:
        gate = _open(folder / GATE, exclusive)
        lock = _open(folder / LOCK, exclusive)
        if gate is not None and lock is not None:
            _take(gate, folder, deadline, wait, exclusive=True)
            _take(lock, folder, deadline, wait, exclusive=exclusive)
            _let_go(gate)
            gate = None
        held = Held(_read(lock))
        if exclusive and lock is not None:
            _write(lock, {"holder": _myself()})
        try:
            yield held
        finally:
            if exclusive and lock is not None:
                _write(lock, held.found if held.leave is None else held.leave)
    finally:
        for descriptor in (gate, lock):
            if descriptor is not None:
                _let_go(descriptor)


def _open(path: Path, exclusive: bool) -> int | None:
    """Open a sidecar; a reader of a folder that it cannot write to reads one that is there, or goes without."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if exclusive:
            raise StoreError(
                f"the store cannot be written to: {error.strerror}",
                where=str(path.parent),
                fix="make the folder writable",
            ) from None
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
    process().descriptors.add(descriptor)
    return descriptor


def _take(descriptor: int, folder: Path, deadline: float, wait: float, *, exclusive: bool) -> None:
    try:
        import fcntl
    except ImportError:
        raise StoreError("this system has no flock, which the store needs", fix="use Linux, macOS or WSL") from None
    mode = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
    while True:
        try:
            fcntl.flock(descriptor, mode)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy(folder, wait) from None
            time.sleep(random.uniform(*_PAUSE))
        except OSError as error:
            raise StoreError(
                f"the folder cannot be locked: {error.strerror}",
                where=str(folder),
                fix="keep the store on a local disk",
            ) from None


def _let_go(descriptor: int) -> None:
    """Unlock by name before closing: a child forked meanwhile holds a copy, and a close alone would not let go."""
    import fcntl

    process().descriptors.discard(descriptor)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _myself() -> dict[str, Any]:
    since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"pid": os.getpid(), "host": socket.gethostname(), "user": user(), "since": since}


def _read(descriptor: int | None) -> dict[str, Any]:
    if descriptor is None:
        return {}
    try:
        read = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except (OSError, ValueError):
        return {}
    return {"file": read["file"]} if isinstance(read, dict) and "file" in read else {}


def _write(descriptor: int, content: dict[str, Any]) -> None:
    """Leave word in the lock file; only for messages, so a full disk does not stop the session."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(content).encode(), 0)


def _busy(folder: Path, wait: float) -> StoreBusy:
    """Name the holder, if the one that left its name is still alive here."""
    try:
        holder = json.loads((folder / LOCK).read_bytes() or b"{}").get("holder")
    except (OSError, ValueError, AttributeError):
        holder = None
    who = "readers, or a process that left no name"
    if isinstance(holder, dict) and not _gone(holder):
        who = "process {pid} of {user} on {host}, since {since}".format_map({**dict.fromkeys(_myself(), "?"), **holder})
    return StoreBusy(
        f"the store is held by {who}; waited {wait:g} s",
        where=str(folder),
        fix="try again, or end that process",
    )


def _gone(holder: dict[str, Any]) -> bool:
    if holder.get("host") != socket.gethostname():
        return False
    try:
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, KeyError, ValueError, OverflowError):
        return False
    return False
