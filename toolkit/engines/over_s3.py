"""A file, a folder or a glob on S3, or on a store that speaks its language (floor 2), by Arrow's own file system."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import parse_qsl

from toolkit.engines.remote import Copies, check_names, check_room, kind_of, no_copy, place_for
from toolkit.errors import LogError

T = TypeVar("T")

#: Parquet files of more bytes than this, all together, are read where they lie.
COPIED: Final = 1 << 30
#: Seconds to wait for a connection, and for the next byte of an answer; each is tried three times.
CONNECT, ANSWER = 5.0, 10.0
_OPTIONS: Final = ("region", "scheme", "endpoint_override")
_AT_ONCE: Final = 8
#: Seconds that threads have to end in.
_PATIENCE: Final = 0.5
_BLOCK: Final = 4 << 20


@dataclass(frozen=True)
class Place:
    """What ``s3://BUCKET/KEY?region=...`` says. The key is taken as it is written; a ``%`` is a ``%``."""

    url: str
    bucket: str
    key: str
    options: dict[str, str]

    @property
    def path(self) -> str:
        """The path as Arrow wants it."""
        return f"{self.bucket}/{self.key}".rstrip("/")

    def url_of(self, path: str) -> str:
        """Give the URL of an object beside this one."""
        asked = self.url.rpartition("?")[2] if self.options else ""
        return f"s3://{path}" + (f"?{asked}" if asked else "")


def place_of(url: str) -> Place:
    """Read a URL.

    Raises:
        LogError: it asks for what there is not.

    """
    body, mark, query = url[len("s3://") :].rpartition("?")
    if not mark or "=" not in query:
        body, query = url[len("s3://") :], ""
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = next((name for name in options if name not in _OPTIONS), "")
    if unknown:
        raise LogError(f"S3 knows no option {unknown[:40]!r}", where=url, fix=f"use {', '.join(_OPTIONS)}")
    if options.get("scheme", "https") not in ("http", "https"):
        raise LogError("scheme is neither http nor https", where=url, fix="write scheme=http or leave it out")
    bucket, _, key = body.partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}", bucket):
        raise LogError(f"no bucket is called {bucket[:80]!r}", where=url, fix="write s3://BUCKET/KEY")
    return Place(url, bucket, key, options)


def fetch_s3(url: str, folder: Path) -> Copies:
    """Copy what a URL names into a folder, or give its Parquet files as one table where they are large.

    Raises:
        LogError: it is not there, may not be read, or nobody answers.

    """
    place = place_of(url)
    with _Workers(place) as workers:
        system = workers.do(partial(_system, place))
        found = workers.do(partial(_find, system, place))
        if not found:
            raise LogError("there is no such bucket, object, folder or glob", where=url, fix="check the name")
        check_names([info.base_name for info in found], url)
        total = sum(info.size for info in found)
        if total > COPIED and kind_of(found[0].path) == "parquet":
            return Copies(workers.do(partial(_table, system, found)), {})
        folder.mkdir()
        check_room(folder, total, url)
        copies = {place_for(folder, info.path.split("/"), url): info for info in found}
        if len(copies) < len(found):
            raise LogError("two objects have one name but for a slash", where=url, fix="name one of them")
        workers.each([partial(workers.copy, system, info, to) for to, info in copies.items()])
    urls = {to: place.url_of(info.path) for to, info in copies.items()}
    return Copies(_open_as(place, found, folder), urls)


class _Workers:
    """Threads that ask, so that Ctrl-C is heard while they wait; what they say is one line.

    Nobody can end a call of Arrow's, so a thread that still waits for an answer is left to itself; it makes no file.
    """

    def __init__(self, place: Place) -> None:
        self._place, self._ended = place, False
        self._one_at_a_time, self._threads = Lock(), list[Thread]()

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with self._one_at_a_time:
            self._ended = True
        until = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def do(self, work: Callable[[], T]) -> T:
        """Do something and give what it gives."""
        return self.each([work])[0]

    def each(self, works: Sequence[Callable[[], T]]) -> list[T]:
        """Do several things at once.

        Raises:
            LogError: one of them cannot be done.

        """
        import pyarrow as pa

        answers = [Future[T]() for _ in works]
        waiting = iter(zip(works, answers, strict=True))
        started = [Thread(target=self._work, args=[waiting], daemon=True) for _ in works[:_AT_ONCE]]
        self._threads += started
        for thread in started:
            thread.start()
        try:
            return [answer.result() for answer in answers]
        except (OSError, pa.ArrowException) as error:
            raise refusal(str(error), self._place.url) from None

    def _work(self, waiting: Iterator[tuple[Callable[[], T], Future[T]]]) -> None:
        while True:
            with self._one_at_a_time:
                work, answer = next(waiting, (None, None))
            if work is None or answer is None or self._ended:
                return
            try:
                answer.set_result(work())
            except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
                answer.set_exception(error)

    def copy(self, system: Any, info: Any, to: Path) -> None:
        """Copy an object as it is, packed or not."""
        url, size = self._place.url_of(info.path), 0
        with system.open_input_stream(info.path, compression=None) as source, self._made(to, url) as stream:
            while not self._ended and (block := source.read(_BLOCK)):
                size += len(block)
                try:
                    stream.write(block)
                except OSError as error:
                    raise no_copy(error, url) from None
        if self._ended:
            return
        if size != info.size:
            raise LogError(f"the object was cut off: {size:,} of {info.size:,} bytes came", where=url, fix="try again")
        if info.mtime_ns:
            os.utime(to, ns=(info.mtime_ns, info.mtime_ns))

    def _made(self, to: Path, url: str) -> BinaryIO:
        """Make a file, but none after the end: its folder may be gone."""
        with self._one_at_a_time:
            try:
                return open(os.devnull if self._ended else to, "wb")  # noqa: PTH123
            except OSError as error:
                raise no_copy(error, url) from None


def _system(place: Place) -> Any:
    """Connect, with the credentials that AWS's own tools would find."""
    try:
        from pyarrow import fs

        made = fs.S3FileSystem
    except (ImportError, AttributeError):
        raise LogError("this pyarrow has no S3", where=place.url, fix="install pyarrow from its wheel") from None
    env = os.environ
    told = place.options.get("endpoint_override") or env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or ""
    scheme, mark, host = told.rpartition("://")
    region = place.options.get("region") or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    if not region:
        region = "us-east-1" if host else _region(place.bucket)
    return made(
        region=region,
        endpoint_override=host.rstrip("/") or None,
        scheme=place.options.get("scheme") or (scheme if mark else "https"),
        connect_timeout=CONNECT,
        request_timeout=ANSWER,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
    )


def _region(bucket: str) -> str | None:
    """Ask AWS where a bucket is; nothing where it does not say."""
    from pyarrow import fs

    try:
        return str(fs.resolve_s3_region(bucket))
    except OSError:
        return None


def _find(system: Any, place: Place) -> list[Any]:
    """Give the objects that a URL names, as a path, a folder or a glob names files."""
    from pyarrow import fs

    at = system.get_file_info(place.path)
    if at.type == fs.FileType.File:
        return [at]
    if at.type == fs.FileType.Directory:
        inside = [one for one in _below(system, place.path) if _is_log(one.path[len(place.path) + 1 :])]
        if not inside:
            what = "the folder has no Parquet, CSV or JSONL file"
            raise LogError(what, where=place.url, fix="name the right folder")
        return inside
    if not re.search(r"[*?\[]", place.key):
        return []
    steps = place.path.split("/")
    first = next(n for n, step in enumerate(steps) if re.search(r"[*?\[]", step))
    return [one for one in _below(system, "/".join(steps[:first])) if matches(one.path.split("/"), steps)]


def _below(system: Any, path: str) -> list[Any]:
    from pyarrow import fs

    there = system.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    return sorted((one for one in there if one.type == fs.FileType.File), key=lambda one: str(one.path))


def _is_log(inside: str) -> bool:
    """Tell whether a file of a folder is one of the log's."""
    return bool(kind_of(inside)) and not any(part.startswith((".", "_")) for part in inside.split("/"))


def matches(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Hold a path against a glob, step by step; ``**`` is any number of folders."""
    if not pattern or not names:
        return not names and all(step == "**" for step in pattern)
    if pattern[0] == "**":
        if pattern[1:2] == ["**"]:
            return matches(names, pattern[1:])
        return matches(names, pattern[1:]) or (not names[0].startswith(".") and matches(names[1:], pattern))
    if names[0].startswith(".") and not pattern[0].startswith("."):
        return False
    return fnmatch.fnmatchcase(names[0], pattern[0]) and matches(names[1:], pattern[1:])


def _open_as(place: Place, found: Sequence[Any], folder: Path) -> str:
    """Give what to open: an object or a folder by its name, and what a glob stands for by that glob."""
    named = all(one.path == place.path or one.path.startswith(f"{place.path}/") for one in found)
    return str(folder.joinpath(*place.path.split("/"))) if named else f"{glob.escape(str(folder))}/{place.path}"


def _table(system: Any, found: Sequence[Any]) -> Any:
    """Give Parquet files as one table, of which columns are read when they are asked for."""
    import pyarrow.dataset as ds

    from toolkit.logs.parquet_files import hive

    full = [info.path for info in found if info.size]
    options = ds.FileSystemFactoryOptions(
        partitioning=ds.HivePartitioning.discover() if hive([Path(path) for path in full]) else None
    )
    factory = ds.FileSystemDatasetFactory(system, full, ds.ParquetFileFormat(), options)
    return factory.finish(factory.inspect(promote_options="permissive", fragments=None))


#: What Arrow says, and what it means to who named the log: what is wrong, and what to do.
_MEANS: Final = (
    ("curlCode: 28|timeout was reached|timed out", "no answer came in time", "try again, or check the endpoint"),
    ("curlCode: (35|51|58|60|77)|SSL", "the connection is not safe", "check the endpoint's certificate, or scheme="),
    ("curlCode: 6", "there is no such host", "check the network, and endpoint_override or AWS_ENDPOINT_URL"),
    ("curlCode: 7", "the store refuses the connection", "check endpoint_override, or AWS_ENDPOINT_URL"),
    ("301|PermanentRedirect|307", "the bucket is in another region", "name it: ?region=REGION, or AWS_REGION"),
    ("INVALID_ACCESS_KEY|SIGNATURE_DOES|EXPIRED|INVALID_CLIENT|401",
     "the credentials are not accepted", "renew those of AWS_PROFILE or AWS_ACCESS_KEY_ID"),
    ("ACCESS_DENIED|403|Forbidden",
     "access is denied", "have the right to list and read it, by AWS_PROFILE or AWS_ACCESS_KEY_ID"),
    ("NO_SUCH|NOT_FOUND|404|does not exist|not found",
     "there is no such bucket, object or folder", "check the name"),
    ("magic bytes|Thrift|footer", "a Parquet file is damaged or only half written", "write it again, then retry"),
)  # fmt: skip


def refusal(said: str, url: str) -> LogError:
    """Turn what Arrow says into one line."""
    for pattern, what, fix in _MEANS:
        if re.search(pattern, said, re.IGNORECASE):
            return LogError(what, where=url, fix=fix)
    line = said.strip().splitlines()[0] if said.strip() else "no reason given"
    return LogError(f"S3 cannot be read: {line[:200]}", where=url, fix="check the name and the endpoint")
