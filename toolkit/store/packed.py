"""A bundle's folder as one file (floor 2): packed the same way twice, and unpacked from anybody without harm.

A zip may name files outside its folder, links, or a terabyte of zeros. Each entry is checked by its name and kind, and
what it unpacks to is counted as it comes, whatever its header says; one that is not as it should be refuses the whole.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from pathlib import Path
from typing import Final

from toolkit.errors import StoreError

#: The most that a bundle may unpack to: files, bytes of one, bytes of all.
MOST_FILES: Final = 20_000
LARGEST: Final = 64 * 1024 * 1024
MOST_BYTES: Final = 512 * 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_. -]{0,120}")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_CHUNK: Final = 1 << 20


def pack(folder: Path, target: Path) -> Path:
    """Write a folder's files into a zip, whole or not at all; the same files give the same bytes.

    Raises:
        StoreError: it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as made:
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
                about = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                about.external_attr = (stat.S_IFREG | 0o644) << 16
                about.compress_type = zipfile.ZIP_DEFLATED
                made.writestr(about, path.read_bytes())
        beside.replace(target)
    except OSError as error:
        raise StoreError(
            f"the bundle cannot be written: {error.strerror}", where=str(target), fix="name another file"
        ) from None
    finally:
        beside.unlink(missing_ok=True)
    return target


def unpack(source: Path, folder: Path) -> Path:
    """Unpack a zip of anybody into an empty folder of ours; give the folder.

    Raises:
        StoreError: it is no zip, or holds what no bundle does: a path that leads outside, a link, too much.
    """
    try:
        with zipfile.ZipFile(source) as packed:
            entries = [e for e in packed.infolist() if not e.is_dir()]
            _check(entries, source)
            left = MOST_BYTES
            for entry in entries:
                left -= _take(packed, entry, folder, min(left, LARGEST), source)
    except FileNotFoundError:
        raise StoreError("there is no such file", where=str(source), fix="check the path") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        if isinstance(error, StoreError):
            raise
        raise _refused(source, f"it cannot be unpacked ({type(error).__name__})") from None
    except Exception as error:  # zlib.error has no base of its own to name
        if isinstance(error, StoreError) or type(error).__module__ != "zlib":
            raise
        raise _refused(source, "it is damaged") from None
    return folder


def _check(entries: list[zipfile.ZipInfo], source: Path) -> None:
    """See that every entry is a plain file inside, and that no two are one."""
    if len(entries) > MOST_FILES:
        raise _refused(source, f"it holds more than {MOST_FILES:,} files")
    seen: set[str] = set()
    for entry in entries:
        name, kind = entry.filename, entry.external_attr >> 16
        parts = name.split("/")
        inside = all(_NAME.fullmatch(part) and set(part) != {"."} for part in parts) and len(parts) < 8
        if not inside:
            raise _refused(source, f"{name[:40]!r} is no name of a file in it")
        if kind and not stat.S_ISREG(kind) and stat.S_IFMT(kind):
            raise _refused(source, f"{name[:40]!r} is a link or a device")
        if entry.flag_bits & 1:
            raise _refused(source, f"{name[:40]!r} is encrypted")
        if name.lower() in seen:
            raise _refused(source, f"{name[:40]!r} is in it twice")
        seen.add(name.lower())


def _take(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, most: int, source: Path) -> int:
    """Unpack one entry, counting; give its bytes."""
    target = folder / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with packed.open(entry) as stream, target.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise _refused(source, f"{entry.filename[:40]!r} unpacks to more than a bundle holds")
            file.write(chunk)
    return size


def _refused(source: Path, what: str) -> StoreError:
    return StoreError(
        f"this is no bundle: {what}", where=str(source), fix="have it exported again; nothing was changed"
    )
