"""Files of a log that are asked together (floor 2): what they were when they were hashed, and what only they give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from toolkit.engines.hashes import Stamp, stamp

#: A file changed within these seconds of being hashed may change again without its time telling.
RACY: Final = 2.0
#: So much of either end of a file goes into the key of what is kept of it.
END: Final = 16 * 2**10


@dataclass(frozen=True)
class Known:
    """A file as it was when it was hashed, at a time in seconds since 1970."""

    stamp: Stamp
    sha256: str
    at: float

    @property
    def steady(self) -> bool:
        """Whether a change after the hash would show: it was not hashed in the moment in which it was written."""
        return self.stamp[1] / 1e9 < self.at - RACY


@dataclass(frozen=True)
class Part:
    """Files that are asked together; ``identity`` is the hash of what they hold, ``steady`` says it can be trusted."""

    files: tuple[Path, ...]
    hashes: tuple[str, ...]
    stamps: tuple[Stamp, ...]
    steady: bool

    @cached_property
    def identity(self) -> str:
        """The hash of the content of all files, and of the values of columns that their folders' names give."""
        told = [[sha, [p for p in f.parent.parts if "=" in p]] for f, sha in zip(self.files, self.hashes, strict=True)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @cached_property
    def secret(self) -> bytes:
        """What only the files give: the hash of their ends, which nothing records."""
        made = hashlib.sha256(self.identity.encode())
        for file in self.files:
            with file.open("rb") as stream:
                made.update(stream.read(END))
                stream.seek(max(file.stat().st_size - END, 0))
                made.update(stream.read(END))
        return made.digest()

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(size for size, *_ in self.stamps)

    def by_file(self) -> list[Part]:
        """Give each file as a part."""
        each = zip(self.files, self.hashes, self.stamps, strict=True)
        return [Part((file,), (sha,), (when,), self.steady) for file, sha, when in each]

    def unchanged(self) -> bool:
        """Whether the files are still those that were hashed."""
        with suppress(OSError):
            return self.steady and all(stamp(f) == s for f, s in zip(self.files, self.stamps, strict=True))
        return False


def joined(parts: Sequence[Part]) -> Part:
    """Give parts as one."""
    files = tuple(file for part in parts for file in part.files)
    hashes = tuple(sha for part in parts for sha in part.hashes)
    return Part(files, hashes, tuple(s for part in parts for s in part.stamps), all(part.steady for part in parts))
