"""What every engine can do with the rows of a log (floor 2): all that the floors above may ask of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from toolkit.engines.draw import Draw
    from toolkit.engines.parts import Lies
    from toolkit.logs.formats import Opened
    from toolkit.sql import Dialect


class Rows(Protocol):
    """Rows where they lie, under the names ``raw``, ``canonical`` and ``rows`` once these are defined.

    ``columns`` gives each column of ``raw`` its type by DuckDB's name, whatever the engine calls it; ``dialect`` is how
    its SQL is written.
    """

    @property
    def dialect(self) -> Dialect:
        """How the engine's SQL is written."""
        ...

    name: str
    files: tuple[Path, ...]
    opened: Opened
    columns: dict[str, str]

    @property
    def hashes(self) -> dict[str, str]:
        """sha256 by name of what was read; computed when first asked for."""
        ...

    def define(self, name: str, sql: str) -> None:
        """Give a SELECT a name of ours, by which later ones read it."""
        ...

    def read_as(self, columns: Mapping[str, str], *, instead_of: Sequence[str] = ()) -> None:
        """Read columns of ``raw`` as what SQL makes of them; see ``DuckRows.read_as``."""
        ...

    def first(self, columns: Sequence[str], most: int) -> str:
        """Give a SELECT of columns of the first rows of ``raw``, in the order of the files where there are any."""
        ...

    def narrow(self, name: str, condition: str, lies: Sequence[Lies] = (), first: str = "") -> None:
        """Keep the rows of a view for which a condition holds; see ``DuckRows.narrow``."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether answers to ``gather`` are kept, part by part."""
        ...

    def part_by_file(self, places: Sequence[int]) -> None:
        """Make each file of some parts a part from now on; for an engine that keeps nothing there is nothing to do."""
        ...

    def gather(self, sql: str, whole: str, also: Sequence[str] = ()) -> Any:
        """Ask every part of the rows ``sql`` and add the answers up by ``whole``; see ``DuckRows.gather``."""
        ...

    def draw(self, columns: Sequence[str], draw: Draw) -> Any:
        """Give canonical columns of some rows; see ``DuckRows.draw``."""
        ...

    def once(self, sql: str) -> Any:
        """Ask all rows at once, where answers of parts do not add up; see ``DuckRows.once``."""
        ...

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and give its rows as tuples; for small answers."""
        ...

    def arrow(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Run SQL and give a ``pyarrow.Table``."""
        ...

    def ask(self, sql: str, *, rows: int, seconds: float) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Answer a stranger's SELECT, locked down."""
        ...

    def interrupt(self) -> None:
        """End the query that another thread waits for, if one runs: it gets ``KeyboardInterrupt``."""
        ...

    def close(self) -> None:
        """Let go of the rows; calling it twice does no harm."""
        ...


def tuples(table: Any) -> list[tuple[Any, ...]]:
    """Give the rows of an Arrow table as tuples; for small answers."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def one_part(sql: str) -> str:
    """Give what ``parts`` is in ``Rows.gather`` where the rows are one part, and nothing is kept."""
    return f"SELECT *, 0 AS _part, 0 AS _before FROM ({sql}) AS answer"
