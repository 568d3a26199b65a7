"""The journal (floor 2): every change as one line of canonical JSON, each bound to the one before, anchored by HEAD.

A line's hash is the SHA-256 of the line without it, and the line holds its predecessor's; so a line
changed, removed, put in or moved breaks the chain. What is cut off the end, the chain cannot tell: HEAD
can, which says how far it goes. Lines hold the whole change, so that a database that lost some can be
brought forward, or built anew, from here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.store.plain import canonical

JOURNAL: Final = "journal.jsonl"
HEAD: Final = "HEAD"

#: What the first line is bound to.
GENESIS: Final = "0" * 64

Entry = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """How far the journal goes: the last line's number and hash, and the length in bytes up to its end."""

    seq: int = 0
    hash: str = GENESIS
    bytes: int = 0


def sealed(entry: Entry, head: Head) -> Entry:
    """Give an entry its number, bind it to the one at ``head`` and give it its hash."""
    bound = {**entry, "seq": head.seq + 1, "prev": head.hash}
    return {**bound, "hash": hashlib.sha256(canonical(bound)).hexdigest()}


def line(entry: Entry) -> bytes:
    """Write a sealed entry as its line, with the line's end."""
    return canonical(entry) + b"\n"


def fault(raw: bytes, head: Head) -> str:
    """Say what is wrong with the line that should follow ``head``; empty if nothing is."""
    try:
        entry = json.loads(raw)
        bound = {k: v for k, v in entry.items() if k != "hash"}
        same = canonical(entry) == raw.rstrip(b"\n") and raw.endswith(b"\n")
    except (ValueError, AttributeError, RecursionError):
        return "is not a journal entry"
    if not same or entry.get("hash") != hashlib.sha256(canonical(bound)).hexdigest():
        return "was changed"
    if entry.get("seq") != head.seq + 1 or entry.get("prev") != head.hash:
        return "does not follow the one before: an entry was removed, put in or moved"
    return ""


def after(head: Head, entry: Entry) -> Head:
    """Give the head once ``entry`` is in."""
    return Head(int(entry["seq"]), str(entry["hash"]), head.bytes + len(line(entry)))


def lines(folder: Path, start: int = 0) -> Iterator[bytes]:
    """Read the journal's lines with their ends, from a byte position on; none where there is no journal."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            file.seek(start)
            yield from file
    except FileNotFoundError:
        return


def chain(folder: Path, head: Head = Head()) -> Iterator[tuple[Entry, Head]]:
    """Read the entries that follow ``head``, as long as each is sound and bound to the one before."""
    for raw in lines(folder, head.bytes):
        if fault(raw, head):
            return
        entry = json.loads(raw)
        head = after(head, entry)
        yield entry, head


def size(folder: Path) -> int:
    """Give the journal's length in bytes, 0 where there is none."""
    try:
        return (folder / JOURNAL).stat().st_size
    except FileNotFoundError:
        return 0


def append(folder: Path, entries: Iterable[Entry], at_byte: int) -> None:
    """Write entries to the journal's end, which must be at ``at_byte``, and see them on the disk.

    Raises:
        OSError: the disk is full or gone; the journal is as it was.

    """
    new = not (folder / JOURNAL).exists()
    descriptor = os.open(folder / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            os.lseek(descriptor, at_byte, os.SEEK_SET)
            for entry in entries:
                left = memoryview(line(entry))
                while left:
                    left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, at_byte)
            raise
    finally:
        os.close(descriptor)
    if new:
        sync_folder(folder)


def cut(folder: Path, at_byte: int) -> None:
    """Take back what lies behind ``at_byte``: a line whose change was never committed."""
    if size(folder) > at_byte:
        with (folder / JOURNAL).open("rb+") as file:
            file.truncate(at_byte)
            os.fsync(file.fileno())


def read_head(folder: Path) -> Head | None:
    """Read HEAD, or give ``None`` where there is none.

    Raises:
        StoreError: HEAD is damaged; ``postmortem store check`` says more.

    """
    try:
        raw = json.loads((folder / HEAD).read_bytes())
        return Head(int(raw["seq"]), str(raw["hash"]), int(raw["bytes"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        raise StoreError("the file HEAD is damaged", where=str(folder), fix="run `postmortem store repair`") from None


def prepare_head(folder: Path, head: Head) -> Path:
    """Write the next HEAD beside the old one and see it on the disk: what is left to do needs no space."""
    beside = folder / f"{HEAD}.next"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        os.write(descriptor, canonical({"seq": head.seq, "hash": head.hash, "bytes": head.bytes}) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return beside


def put_head(folder: Path, beside: Path) -> None:
    """Make the prepared HEAD the one that counts."""
    beside.replace(folder / HEAD)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """See names made in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
