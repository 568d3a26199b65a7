"""Ask a log something while something else is worked out (floor 2): the rows lie idle then, and a core with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from toolkit.engines.reading import AGAIN

if TYPE_CHECKING:
    from toolkit.engines.rows import Rows

T = TypeVar("T")


@contextmanager
def beside(rows: Rows, work: Callable[[], T]) -> Iterator[Future[T]]:
    """Do ``work``, which asks ``rows``, in another thread for as long as the block is worked on, and until it is done.

    An error in the block, or Ctrl-C, ends the query that runs; what ``work`` raises is raised by the ``Future``.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside") as pool:
        doing = pool.submit(work)
        try:
            yield doing
            wait([doing])
        except BaseException:
            while not doing.done():
                rows.interrupt()
                wait([doing], AGAIN)
            raise
