"""Files that may be meant (floor 7): logs near the folder of incidents, and what a typed path means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

_ENDINGS: Final = (".parquet", ".csv", ".csv.gz", ".jsonl", ".ndjson", ".sqlite", ".toml")
_DEEP: Final = 3
_MOST_FOLDERS: Final = 400
_MOST: Final = 200


def near(folder: Path) -> list[str]:
    """List tables in the folder of incidents, beside it and where we are, a few folders deep; at most 200."""
    places = dict.fromkeys((Path.cwd(), folder.absolute().parent, folder.absolute()))
    found: dict[str, None] = {}
    for place in places:
        for here, folders, names in islice(os.walk(place), _MOST_FOLDERS):
            depth = len(Path(here).relative_to(place).parts)
            left_out = (".", "INC-", "node_modules", "__pycache__")
            folders[:] = [] if depth >= _DEEP else [f for f in folders if not f.startswith(left_out)]
            for name in names:
                if name.endswith(_ENDINGS):
                    found[str(Path(here) / name)] = None
    return sorted(found)[:_MOST]


def near_roles(found: Sequence[str]) -> list[str]:
    """Give those that may be a roles.toml."""
    return [f for f in found if f.endswith(".toml")]


def whole(typed: str, folder: Path) -> str:
    """Give a typed path as one that means the same from everywhere: from here, else from beside the incidents."""
    given = os.path.expanduser(typed.strip())  # noqa: PTH111  a glob, or file.duckdb::table, is no Path
    if not given or "://" in given or Path(given).is_absolute():
        return given
    beside = folder.absolute().parent
    here = Path.cwd() / given
    return str(here if here.exists() or not (beside / given).exists() else beside / given)
