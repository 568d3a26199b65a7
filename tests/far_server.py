"""Servers on this machine that stand for others: one of the web, and one that speaks as much of S3 as reading takes."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

#: When every file was last written.
WRITTEN = 1_770_000_000


class Quiet(BaseHTTPRequestHandler):
    """A handler that keeps what it was asked and writes no log."""

    protocol_version = "HTTP/1.1"
    server: Far

    def log_message(self, *_: Any) -> None:
        """Write nothing."""

    def say(self, code: int, body: bytes = b"", head: Mapping[str, str] | None = None) -> None:
        """Answer; a HEAD with everything but the body."""
        self.send_response(code)
        told = {"Content-Length": str(len(body)), "Last-Modified": formatdate(WRITTEN, usegmt=True), **(head or {})}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Far(ThreadingHTTPServer):
    """A server with files by their path, and what it was asked."""

    daemon_threads = True

    def __init__(self, handler: type[Quiet], files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.files, self.asked = dict(files), list[str]()

    @property
    def at(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"


class Web(Quiet):
    """Files by their path, and paths of trouble."""

    def do_GET(self) -> None:
        """Answer."""
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(path)
        if path.startswith("/code/"):
            self.say(int(path.split("/")[2]))
        elif path.startswith("/to/"):
            self.say(302, head={"Location": parse_qs(urlsplit(self.path).query).get("to", [self.path])[0]})
        elif path.startswith("/cut/"):
            self.say(200, b"score,label\n", {"Content-Length": "5000", "Connection": "close"})
            self.close_connection = True
        elif path.startswith("/slow/"):
            time.sleep(1)
        elif path.startswith("/page/"):
            self.say(200, b"<html>sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
        elif path in self.server.files:
            self.say(200, self.server.files[path])
        else:
            self.say(404)


class S3(Quiet):
    """Objects by bucket and key: HEAD, GET with ranges, lists; the bucket ``closed`` is for nobody, ``slow`` waits."""

    def do_HEAD(self) -> None:
        """Tell about an object or a bucket."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer."""
        parts = urlsplit(self.path)
        path, asked = unquote(parts.path), {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, key = path.strip("/").partition("/")
        self.server.asked.append(path)
        buckets = {name.split("/")[1] for name in self.server.files}
        if bucket == "slow":
            time.sleep(2)
        if bucket == "closed":
            self.wrong(403, "AccessDenied")
        elif bucket not in buckets:
            self.wrong(404, "NoSuchBucket")
        elif not key:
            self.listed(bucket, asked)
        elif path not in self.server.files:
            self.wrong(404, "NoSuchKey")
        else:
            self.an_object(self.server.files[path])

    def wrong(self, code: int, name: str) -> None:
        """Answer as S3 does what it cannot do."""
        self.say(code, f"<Error><Code>{name}</Code><Message>{name}</Message></Error>".encode())

    def an_object(self, body: bytes) -> None:
        """Give an object, or a range of it."""
        head = {"ETag": f'"{hashlib.md5(body).hexdigest()}"', "Accept-Ranges": "bytes"}
        ranged = self.headers.get("Range", "")
        if not ranged:
            self.say(200, body, head)
            return
        first, _, last = ranged.removeprefix("bytes=").partition("-")
        part = body[int(first) : int(last) + 1 if last else None]
        told = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        self.say(206, part, {**head, "Content-Range": told})

    def listed(self, bucket: str, asked: Mapping[str, str]) -> None:
        """List objects, all at once."""
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        keys = sorted(n.split("/", 2)[2] for n in self.server.files if n.startswith(f"/{bucket}/{prefix}"))
        below = {k: k[len(prefix) :].partition(delimiter) if delimiter else (k, "", "") for k in keys}
        inside = [k for k in keys if not below[k][1]][: int(asked.get("max-keys", 1000))]
        folders = sorted({prefix + head + delimiter for head, mark, _ in below.values() if mark})
        when = "2026-02-02T02:40:00.000Z"
        body = "".join(
            f"<Contents><Key>{escape(k)}</Key><LastModified>{when}</LastModified><ETag>&quot;x&quot;</ETag>"
            f"<Size>{len(self.server.files[f'/{bucket}/{k}'])}</Size></Contents>"
            for k in inside
        ) + "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in folders)
        said = f"<Name>{bucket}</Name><KeyCount>{len(inside) + len(folders)}</KeyCount><IsTruncated>false</IsTruncated>"
        xml = f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>{said}{body}</ListBucketResult>'
        self.say(200, xml.encode(), {"Content-Type": "application/xml"})


@contextmanager
def serving(handler: type[Quiet], files: Mapping[str, bytes]) -> Iterator[Far]:
    """Serve files while the block runs."""
    with Far(handler, files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


def files_below(folder: Path, at: str) -> dict[str, bytes]:
    """Give the files of a folder by the path at which they are served."""
    return {f"/{at}/{f.relative_to(folder).as_posix()}": f.read_bytes() for f in folder.rglob("*") if f.is_file()}
