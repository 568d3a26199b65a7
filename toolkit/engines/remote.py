"""Logs on another machine, where the user names one (floor 2): ``s3://``, ``http://`` and ``https://``.

What is no table that can be read in parts is copied into a private folder, and read there as any file: dozens of
queries look at a log, and each would ask the other machine again. Parquet on S3 that is larger is read where it lies.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from toolkit.engines.duck import DuckRows, Scratch, Watch
from toolkit.errors import LogError

#: Names of values in a URL that nobody else may see; a URL is put on record as it is.
_SECRET: Final = re.compile(
    r"secret|token|passw|^pass(phrase)?$|^pw$|pwd|signature|credential|(access|account|api|private).?key|session"
    r"|bearer|jwt|^auth|^sig$|^key$",
    re.IGNORECASE,
)
#: A user in the address of another machine, such as an endpoint.
_USER: Final = re.compile(r"(://|^[^/@]*:)[^/]*@")


@dataclass(frozen=True)
class Copies:
    """Copies of files: ``opened`` is what to open in their place, ``urls`` tells for each where it came from.

    Where nothing was copied, ``opened`` is the table itself.
    """

    opened: Any
    urls: dict[Path, str]


class RemoteRows(DuckRows):
    """Rows of another machine: of copies, which go when it is closed, or of Parquet files where they lie."""

    _copies: Copies | None = None
    _kept_in: Scratch | None = None

    @classmethod
    def of(cls, url: str, *, memory_mb: int | None = None, watch: Watch | None = None) -> Self:
        """Open a URL: one file by ``http`` or ``https``, a file, a folder or a glob by ``s3``.

        Raises:
            LogError: it holds a secret, is not there, may not be read or is no log; the message says what to do.

        """
        check(url)
        scratch = Scratch()
        try:
            copies = _fetcher(url)(url, scratch.file("log"))
            with _told(copies, url):
                made = cls.open(copies.opened, memory_mb=memory_mb, watch=watch)
        except BaseException:
            scratch.remove()
            raise
        made._copies, made._kept_in, made.name = copies, scratch, url
        notes, lines = ([_by_url(copies, line) for line in of] for of in (made.opened.notes, made.opened.reject_lines))
        made.opened = replace(made.opened, name=url, notes=tuple(notes), reject_lines=tuple(lines))
        return made

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL; see ``DuckRows.fetch``.

        Raises:
            LogError: the source cannot be read (any more).

        """
        with _told(self._copies, self.name):
            return super().fetch(sql, params)

    def arrow(self, sql: str, params: Sequence[Any] = (), *, many: bool = False) -> Any:
        """Run SQL; see ``DuckRows.arrow``.

        Raises:
            LogError: the source cannot be read (any more).

        """
        with _told(self._copies, self.name):
            return super().arrow(sql, params, many=many)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """sha256 of every file by its URL, as it was copied; of the content where it is read where it lies."""
        urls = self._copies.urls if self._copies else {}
        return {urls.get(Path(name), self.name): sha for name, sha in super().hashes.items()}

    def close(self) -> None:
        """Close the connection, and remove the copies."""
        super().close()
        if self._kept_in is not None:
            self._kept_in.remove()


def _fetcher(url: str) -> Callable[[str, Path], Copies]:
    if url.lower().startswith("s3://"):
        from toolkit.engines.over_s3 import fetch_s3

        return fetch_s3
    from toolkit.engines.over_http import fetch_http

    return fetch_http


def check(url: str) -> None:
    """See that a URL holds nothing that may not be put on record.

    Raises:
        LogError: it holds a password or a key, neither of which the message repeats, or is no URL.

    """
    fix = "write https://HOST/FILE or s3://BUCKET/KEY"
    try:
        parts = urlsplit(url)
        _ = parts.port  # which may be none
        path, _, added = parts.path.partition(";")
        asked = parse_qsl(f"{parts.query}&{added}&{parts.fragment}".replace(";", "&"), True)
    except ValueError:  # whose text holds what may be a password
        raise LogError("this is no URL: its host or port is none", fix=fix) from None
    if not parts.netloc:
        raise LogError("the URL names no host or bucket", fix=fix)
    user = "@" in parts.netloc or bool(_USER.search(unquote(parts.path)))
    bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{'' if user else path}"
    secret = next((name for name, value in asked if _SECRET.search(name) or _has_user(name, value)), "")
    if user or secret:
        what = f"a secret ({secret[:40]})" if secret else "a user or a password"
        fix = "leave it out, for the URL is put on record"
        more = ": S3 takes credentials from the environment, AWS_PROFILE or AWS_ACCESS_KEY_ID"
        raise LogError(f"the URL holds {what}", where=bare, fix=fix + (more if parts.scheme.lower() == "s3" else ""))
    if not url.isprintable():
        raise LogError("the URL holds a sign that none may hold", where=repr(bare)[:200], fix="write it as %XX")


def _has_user(name: str, value: str) -> bool:
    return bool(_USER.search(value)) or (name == "endpoint_override" and "@" in value)


def kind_of(name: str) -> str:
    """Give what a name ends as: ``parquet``, ``csv``, ``jsonl``, or nothing."""
    from toolkit.logs.formats import ENDINGS

    return next((kind for kind, endings in ENDINGS.items() if name.lower().endswith(endings)), "")


def check_names(names: Sequence[str], where: str) -> None:
    """See that names of files end as those of a log do, and all alike, before any is fetched.

    Raises:
        LogError: they do not, so nobody knows what they would be read as.

    """
    kinds = {kind_of(name) for name in names}
    if "" in kinds:
        name = next(name for name in names if not kind_of(name))
        fix = "name Parquet, CSV or JSONL by its ending; copy a database to this machine"
        raise LogError(f"the name {name[-80:]!r} does not say what it is", where=where, fix=fix)
    if len(kinds) > 1:
        told = ", ".join(sorted(kinds))
        raise LogError(f"the files are of several formats: {told}", where=where, fix="name one by a glob")


def place_for(folder: Path, names: Sequence[str], where: str) -> Path:
    """Give the path of a copy below a folder; names of other folders are kept, for they may be ``column=value``.

    Raises:
        LogError: a name leads elsewhere, or can be none here.

    """
    if any(name in (".", "..") or "/" in name or "\0" in name for name in names):
        raise LogError("the path leads out of its folder", where=where, fix="name the file without . and ..")
    path = folder.joinpath(*names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise no_copy(error, where) from None
    return path


def check_room(folder: Path, size: int, where: str) -> None:
    """See that so many bytes fit.

    Raises:
        LogError: they do not.

    """
    free = shutil.disk_usage(folder.parent).free
    if size > free:
        fix = "point TMPDIR to a larger disk, or name a part of the log"
        raise LogError(f"a copy takes {size >> 20:,} MB, and {free >> 20:,} MB are free", where=where, fix=fix)


def pour(blocks: Iterable[bytes], stream: BinaryIO, where: str) -> int:
    """Write what comes into a copy; give how many bytes that was.

    Raises:
        LogError: it cannot be written.

    """
    size = 0
    for block in blocks:
        size += len(block)
        try:
            stream.write(block)
        except OSError as error:
            raise no_copy(error, where) from None
    return size


def no_copy(error: OSError, where: str) -> LogError:
    """Say that a copy cannot be written."""
    fix = "make room, or point TMPDIR to another disk"
    return LogError(f"no copy can be written: {error.strerror or type(error).__name__}", where=where, fix=fix)


def _by_url(copies: Copies | None, text: str) -> str:
    """Name copies by where they came from."""
    for path, url in sorted((copies.urls if copies else {}).items(), key=lambda one: -len(str(one[0]))):
        text = text.replace(str(path), url)
    return text


@contextmanager
def _told(copies: Copies | None, url: str) -> Iterator[None]:
    """Name what the user named where something cannot be read."""
    try:
        yield
    except LogError as error:
        if "arrow_scan" in error.what:  # the other machine failed while it was read where it lies
            from toolkit.engines.s3_work import refusal

            raise refusal(error.what, url) from None
        where = _by_url(copies, error.where)
        where = where if where.startswith(url.partition("://")[0]) else url
        raise LogError(_by_url(copies, error.what), where=where, fix=error.fix) from None
