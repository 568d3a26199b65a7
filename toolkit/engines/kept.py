"""What queries said of files that did not change, kept for the next reading (floor 2).

A log grows by files. What one query says of some files holds as long as their bytes and its text are the same, so it is
kept under the hash of both, and only files that are new or changed are read. Answers may hold rows of the log, so each
is sealed with a key that the files themselves give: who has the log can open it, who was given the folder alone cannot,
and when the log is gone nobody can. A folder that is damaged, or of another version, is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from toolkit.engines.hashes import file_sha256
from toolkit.errors import LogError
from toolkit.paths import write_whole

#: A file changed within these seconds of being hashed may change again without its time telling.
RACY: Final = 2.0
#: Files are put together into a part of up to so many bytes, so that a first reading asks no more than it must.
PART_BYTES: Final = 512 * 2**20
#: With more parts than this they are made anew, and the log is read once as a whole.
MOST_PARTS: Final = 64
#: An answer of more rows is not kept, and of all answers the latest of so many bytes.
MOST_ROWS: Final = 500_000
MOST_BYTES: Final = 256 * 2**20
_FORMAT: Final = "toolkit.kept/1"
_INDEX: Final = "index.json"
_ENDING: Final = ".sealed"
#: So much of either end of a file goes into the key of what is kept of it.
_END: Final = 16 * 2**10


@dataclass(frozen=True)
class Part:
    """Files that are asked together; ``identity`` is the hash of what they hold, ``steady`` says it can be trusted."""

    files: tuple[Path, ...]
    hashes: tuple[str, ...]
    stamps: tuple[tuple[int, int], ...]
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
                made.update(stream.read(_END))
                stream.seek(max(file.stat().st_size - _END, 0))
                made.update(stream.read(_END))
        return made.digest()

    def unchanged(self) -> bool:
        """Whether the files are still those that were hashed."""
        with suppress(OSError):
            return self.steady and all(_stamp(f) == s for f, s in zip(self.files, self.stamps, strict=True))
        return False


def joined(parts: Sequence[Part]) -> Part:
    """Give parts as one."""
    files = tuple(file for part in parts for file in part.files)
    hashes = tuple(sha for part in parts for sha in part.hashes)
    return Part(files, hashes, tuple(s for part in parts for s in part.stamps), all(part.steady for part in parts))


class Kept:
    """A folder of answers, for the log and the reference of one incident; ``again`` forgets what it holds."""

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self.folder = folder
        if again:
            shutil.rmtree(folder, ignore_errors=True)
        self._files: dict[str, tuple[int, int, str, float]] = {}
        self._parts: list[tuple[str, ...]] = []
        self._used: set[str] = set()
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            raw = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            if raw["format"] == _FORMAT:
                files = {str(k): (int(a), int(b), str(c), float(d)) for k, (a, b, c, d) in raw["files"].items()}
                self._parts = [tuple(str(sha) for sha in part) for part in raw["parts"]]
                self._files = files

    def sha256(self, file: Path) -> str:
        """Give the hash of a file; it is not read where its size and time say that it is the one that was hashed.

        Raises:
            LogError: it cannot be read.

        """
        return self._known(file)[2]

    def _known(self, file: Path) -> tuple[int, int, str, float]:
        name = hashlib.sha256(str(file).encode()).hexdigest()  # the folder says nothing of where logs lie
        try:
            stamp, known = _stamp(file), self._files.get(name)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LogError(f"the file cannot be read: {reason}", where=str(file), fix="check the path") from None
        if known is None or known[:2] != stamp or not _steady(known):
            began = time.time()
            known = self._files[name] = (*stamp, file_sha256(file), began)
        return known

    def split(self, files: Sequence[Path]) -> list[Part]:
        """Put files into parts, in their order: those of the last reading where these are whole, new ones else."""
        known = [self._known(file) for file in files]
        shas = [one[2] for one in known]
        places = self._places(shas, [one[0] for one in known])
        if len(places) > MOST_PARTS:
            self._parts = []
            places = self._places(shas, [one[0] for one in known])
        made = [
            Part(tuple(files[a:b]), tuple(shas[a:b]), tuple(k[:2] for k in known[a:b]), all(map(_steady, known[a:b])))
            for a, b in places
        ]
        now = [part.hashes for part in made]
        self._parts = [*(old for old in self._parts if old not in now), *now]
        return made

    def _places(self, shas: Sequence[str], sizes: Sequence[int]) -> list[tuple[int, int]]:
        by_first: dict[str, list[tuple[str, ...]]] = {}
        for part in sorted(self._parts, key=len, reverse=True):
            by_first.setdefault(part[0] if part else "", []).append(part)
        places: list[tuple[int, int]] = []
        at, loose, size = 0, None, 0
        while at < len(shas):
            old = next((p for p in by_first.get(shas[at], ()) if tuple(shas[at : at + len(p)]) == p), None)
            if loose is not None and (old is not None or size + sizes[at] > PART_BYTES):
                places.append((loose, at))
                loose, size = None, 0
            if old is not None:
                places.append((at, at + len(old)))
                at += len(old)
                continue
            loose, size, at = at if loose is None else loose, size + sizes[at], at + 1
        return [*places, (loose, at)] if loose is not None else places

    def load(self, part: Part, question: str) -> Any:
        """Give the answer (an Arrow table) to a question about a part; ``None`` where it is not kept or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        name = self._name(part, question)
        file = self.folder / name
        if not file.is_file():
            return None
        try:
            seal = _encryption().create_decryption_properties(_key(part, name))
            with pq.ParquetFile(file, decryption_properties=seal) as opened:
                found = opened.read()
            os.utime(file)
        except (OSError, ValueError, AttributeError, pa.ArrowException):
            return None
        self._used.add(name)
        return found

    def save(self, part: Part, question: str, table: Any) -> None:
        """Keep an answer, unless it is large, a file changed meanwhile, or the folder cannot be written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if table.num_rows > MOST_ROWS or not part.unchanged():
            return
        name = self._name(part, question)
        with suppress(OSError, AttributeError, pa.ArrowException):
            self._lay_out()
            made = pa.BufferOutputStream()
            seal = _encryption().create_encryption_properties(_key(part, name))
            # most columns of a sample hold a value once: to look for a dictionary takes three times as long
            pq.write_table(table, made, compression="zstd", use_dictionary=False, encryption_properties=seal)
            write_whole(self.folder / name, made.getvalue().to_pybytes())
            self._used.add(name)

    def finish(self) -> None:
        """Write down what is known of the files, and drop the oldest answers beyond the bound."""
        if not self._used:
            return
        with suppress(OSError):
            self._lay_out()
            about = {"format": _FORMAT, "files": self._files, "parts": self._parts[-4 * MOST_PARTS :]}
            write_whole(self.folder / _INDEX, json.dumps(about) + "\n")
            found = [(f.name in self._used, f.stat().st_mtime, f.stat().st_size, f) for f in self._answers()]
            left = MOST_BYTES
            for _, _, size, file in sorted(found, reverse=True):
                left -= size
                if left < 0:
                    file.unlink(missing_ok=True)

    def _answers(self) -> list[Path]:
        return [f for f in self.folder.iterdir() if f.suffix == _ENDING]

    def _lay_out(self) -> None:
        """Make the folder, for nobody else to read, and nothing for version control or a backup to carry away."""
        if (self.folder / ".gitignore").is_file():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.folder / ".gitignore", "*\n")
        write_whole(self.folder / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")

    def _name(self, part: Part, question: str) -> str:
        return hashlib.sha256(f"{_FORMAT}\0{part.identity}\0{question}".encode()).hexdigest() + _ENDING


def question_of(sql: str, views: Mapping[str, str], columns: Mapping[str, str]) -> str:
    """Give all that an answer depends on beside the files: the query, the views it reads, types, the program."""
    import duckdb

    from toolkit import __version__

    told = [__version__, duckdb.__version__, sql, dict(sorted(views.items())), list(columns.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _key(part: Part, name: str) -> bytes:
    return hashlib.sha256(part.secret + name.encode()).digest()


def _encryption() -> Any:
    import pyarrow.parquet.encryption as made  # what pyarrow below 23 has no direct keys for is not kept

    return made


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _steady(known: tuple[int, int, str, float]) -> bool:
    return known[1] / 1e9 < known[3] - RACY
