"""One file by HTTP (floor 2): streamed into a private folder, whole or not at all."""

from __future__ import annotations

import os
import socket
import ssl
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from toolkit.engines.remote import Copies, check_names, check_room, no_copy, place_for, pour
from toolkit.errors import LogError

#: Seconds without a byte after which nothing is expected any more.
TIMEOUT: Final = 30.0
_BLOCK: Final = 1 << 20
#: What a server answers that gives a file, all of it.
_WHOLE: Final = 200
#: What may stand in a path or a query as it is; a % is taken for what was written so on purpose.
_SAFE: Final = "/%:@!$&'()*+,;=~-._?[]"


def fetch_http(url: str, folder: Path) -> Copies:
    """Copy a file into a folder.

    Raises:
        LogError: it is not there, may not be read, is cut off, or nobody answers.

    """
    names = [unquote(name).replace("/", "_") for name in urlsplit(url).path.split("/") if name]
    check_names(names[-1:] or [""], url)
    copy = place_for(folder, names, url)
    try:
        request = Request(_sent(url), headers={"User-Agent": "ml-postmortem", "Accept-Encoding": "identity"})  # noqa: S310
        with build_opener(_Redirects).open(request, timeout=TIMEOUT) as answer:
            if answer.status != _WHOLE:
                raise _answered(answer.status, url)
            _check(answer.headers, url)
            _save(answer, copy, url)
    except (OSError, HTTPException, ValueError) as error:
        raise _refusal(error, url) from None
    return Copies(str(copy), {copy: url})


class _Redirects(HTTPRedirectHandler):
    """Follow to other servers of the web and to nothing else; what came safely does not go on in the open."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Give the request of a redirect."""
        scheme = urlsplit(newurl).scheme.lower()
        if scheme not in ("http", "https") or (scheme == "http" and req.type == "https"):
            raise _Elsewhere(scheme)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Elsewhere(ValueError):
    """A redirect leads out of the web, or to where anybody may change what comes."""


def _sent(url: str) -> str:
    """Give a URL as it goes over the wire: in ASCII, without what only a reader needs."""
    parts = urlsplit(url)
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    return urlunsplit((parts.scheme, host, quote(parts.path, _SAFE), quote(parts.query, _SAFE), ""))


def _check(headers: Any, url: str) -> None:
    """See that the answer is the file itself."""
    if headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        fix = "check the address; where one must sign in, copy the file to this machine"
        raise LogError("the server answered with a web page", where=url, fix=fix)
    packed = str(headers.get("Content-Encoding") or "identity").lower()
    if packed != "identity" and not (packed in ("gzip", "x-gzip") and url.lower().endswith(".gz")):
        raise LogError(f"the server packed the file ({packed[:20]})", where=url, fix="copy it to this machine")


def _save(answer: Any, copy: Path, url: str) -> None:
    told = str(answer.headers.get("Content-Length") or "")
    length = int(told) if told.isascii() and told.isdigit() else None
    check_room(copy, length or 0, url)
    try:
        stream = copy.open("wb")
    except OSError as error:
        raise no_copy(error, url) from None
    with stream:
        size = pour(iter(lambda: answer.read(_BLOCK), b""), stream, url)
    if length is not None and size != length:
        raise LogError(f"the file was cut off: {size:,} of {length:,} bytes came", where=url, fix="try again")
    _date(copy, str(answer.headers.get("Last-Modified") or ""))


def _date(copy: Path, told: str) -> None:
    """Give the copy the time at which the file was written, where the server says it."""
    try:
        written = parsedate_to_datetime(told).timestamp()
        os.utime(copy, (written, written))
    except (ValueError, TypeError, OverflowError, OSError):
        return


def _refusal(error: Exception, url: str) -> LogError:
    """Turn what went wrong into one line."""
    if isinstance(error, HTTPError):
        error.close()
        return _answered(error.code, url)
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    host = urlsplit(url).hostname or ""
    if isinstance(cause, TimeoutError):
        return LogError(f"no answer came within {TIMEOUT:g} s", where=url, fix="try again, or copy the file here first")
    if isinstance(cause, ssl.SSLError):
        why = getattr(cause, "verify_message", "") or cause.reason or "no common protocol"
        return LogError(f"the connection is not safe: {why}", where=url, fix="have the certificate mended; "
                        "SSL_CERT_FILE names that of a house of your own")  # fmt: skip
    if isinstance(cause, socket.gaierror):
        return LogError(f"there is no host {host!r}", where=url, fix="check the address and the network")
    if isinstance(cause, ConnectionRefusedError):
        return LogError(f"{host} refuses the connection", where=url, fix="check the address, its port and the network")
    if isinstance(cause, _Elsewhere):
        return LogError(f"the server sends on to {str(cause)[:20]}://", where=url, fix="name the file itself")
    if isinstance(cause, HTTPException | ConnectionError):
        what = f"the file was cut off ({type(cause).__name__})"
        return LogError(what, where=url, fix="try again, or copy the file here first")
    return LogError(f"the file cannot be fetched: {str(cause)[:200]}", where=url, fix="check the address")


def _answered(code: int, url: str) -> LogError:
    if code in (401, 403, 407):
        return LogError(f"access is denied ({code})", where=url, fix="copy the file to this machine with your rights")
    if code in (404, 410):
        return LogError(f"there is no such file ({code})", where=url, fix="check the address")
    if 300 <= code < 400:
        return LogError(f"the server sends on to no file of the web ({code})", where=url, fix="name the file itself")
    if code == 429 or code >= 500:
        return LogError(f"the server is in trouble ({code})", where=url, fix="try again later")
    return LogError(f"the server answered {code}", where=url, fix="check the address")
