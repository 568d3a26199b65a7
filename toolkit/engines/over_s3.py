"""A file, a folder or a glob on S3, or on a store that speaks its language (floor 2), by Arrow's own file system."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from toolkit.engines.remote import Copies, check_names, check_room, kind_of, place_for
from toolkit.engines.s3_work import Workers
from toolkit.errors import LogError

#: Parquet files of more bytes than this, all together, are read where they lie.
COPIED: Final = 1 << 30
#: Seconds to wait for a connection, and for the next byte of an answer; each is tried three times.
CONNECT, ANSWER = 5.0, 10.0
_OPTIONS: Final = ("region", "scheme", "endpoint_override")


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
    with Workers(url) as workers:
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
        workers.each([partial(workers.copy, system, info, to, place.url_of(info.path)) for to, info in copies.items()])
    urls = {to: place.url_of(info.path) for to, info in copies.items()}
    return Copies(_open_as(place, found, folder), urls)


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
    if named:
        return str(folder.joinpath(*place.path.split("/")))
    pattern = re.sub(":(?=:)", "[:]", place.path)  # :: would name a table of a database
    return f"{glob.escape(str(folder))}/{pattern}"


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
