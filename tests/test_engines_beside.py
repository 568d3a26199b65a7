"""What is asked of a log while something else is worked out."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest

from toolkit.engines.beside import beside
from toolkit.engines.duck import DuckRows

#: Counts pairs for hours.
ENDLESS = "SELECT count(*) FROM range(10_000_000) a, range(10_000_000) b WHERE a.range * b.range % 7 = 3"


@pytest.fixture
def rows() -> Any:
    """Give three rows."""
    with DuckRows.open(pd.DataFrame({"x": [1, 2, 3]})) as opened:
        yield opened


def test_both_are_done(rows: DuckRows) -> None:
    """The answer is there when the block is left."""
    with beside(rows, lambda: rows.fetch("SELECT sum(x) FROM raw")) as asked:
        other = 2 + 2
    assert (other, asked.result()) == (4, [(6,)])


def test_an_error_of_the_work_is_the_futures(rows: DuckRows) -> None:
    """What the work raises does not disturb the block, and is not lost."""
    with beside(rows, lambda: rows.fetch("SELECT y FROM raw")) as asked:
        pass
    with pytest.raises(Exception, match="cannot be read"):
        asked.result()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_in_the_block_ends_the_query(rows: DuckRows, error: type[BaseException]) -> None:
    """Ctrl-C waits for no scan, between two queries neither, and the rows can be asked again."""
    began = time.monotonic()
    with pytest.raises(error), beside(rows, lambda: [time.sleep(0.2), rows.fetch(ENDLESS)]):
        raise error
    assert time.monotonic() - began < 20
    assert rows.fetch("SELECT count(*) FROM raw") == [(3,)]
