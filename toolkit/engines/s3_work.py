"""What S3 is asked, beside the thread that waits (floor 2), and what it says when something goes wrong, in one line."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread
from typing import Any, BinaryIO, Final, TypeVar

from toolkit.engines.remote import no_copy, pour
from toolkit.errors import LogError

T = TypeVar("T")

_AT_ONCE: Final = 8
_BLOCK: Final = 4 << 20
#: Seconds that threads have to end in.
_PATIENCE: Final = 0.5


class Workers:
    """Threads that ask, so that Ctrl-C is heard while they wait; what they say is one line.

    Nobody can end a call of Arrow's, so a thread that still waits for an answer is left to itself; it makes no file.
    """

    def __init__(self, url: str) -> None:
        self._url, self._ended = url, False
        self._one_at_a_time, self._threads = Lock(), list[Thread]()

    def __enter__(self) -> Workers:
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
            raise refusal(str(error), self._url) from None

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

    def copy(self, system: Any, info: Any, to: Path, url: str) -> None:
        """Copy an object as it is, packed or not."""
        with system.open_input_stream(info.path, compression=None) as source, self._made(to, url) as stream:
            size = pour(iter(lambda: b"" if self._ended else source.read(_BLOCK), b""), stream, url)
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


#: What Arrow quotes: names, which may hold any number.
_QUOTED: Final = re.compile(r"'[^']*'")
#: What Arrow says, and what it means to who named the log: what is wrong, and what to do.
_MEANS: Final = (
    ("magic bytes|Thrift|footer", "a Parquet file is damaged or only half written", "write it again, then retry"),
    ("curlCode: 28|timeout was reached|timed out", "no answer came in time", "try again, or check the endpoint"),
    ("curlCode: (35|51|58|60|77)|SSL", "the connection is not safe", "check the endpoint's certificate, or scheme="),
    (r"curlCode: 6\b", "there is no such host", "check the network, and endpoint_override or AWS_ENDPOINT_URL"),
    (r"curlCode: 7\b", "the store refuses the connection", "check endpoint_override, or AWS_ENDPOINT_URL"),
    (r"\b30[17]\b|PermanentRedirect", "the bucket is in another region", "name it: ?region=REGION, or AWS_REGION"),
    (r"INVALID_ACCESS_KEY|SIGNATURE_DOES|EXPIRED|INVALID_CLIENT|\b401\b",
     "the credentials are not accepted", "renew those of AWS_PROFILE or AWS_ACCESS_KEY_ID"),
    (r"ACCESS_DENIED|\b403\b|Forbidden",
     "access is denied", "have the right to list and read it, by AWS_PROFILE or AWS_ACCESS_KEY_ID"),
    (r"NO_SUCH|NOT_FOUND|\b404\b|does not exist|not found",
     "there is no such bucket, object or folder", "check the name"),
)  # fmt: skip


def refusal(said: str, url: str) -> LogError:
    """Turn what Arrow says into one line."""
    own = _QUOTED.sub("", said)
    for pattern, what, fix in _MEANS:
        if re.search(pattern, own, re.IGNORECASE):
            return LogError(what, where=url, fix=fix)
    line = said.strip().splitlines()[0] if said.strip() else "no reason given"
    return LogError(f"S3 cannot be read: {line[:200]}", where=url, fix="check the name and the endpoint")
