"""What queries said of files that did not change, kept for the next reading (floor 2).

A log grows by files. What one query says of some files holds as long as their bytes and its text are the same, so it is
kept under the hash of both, and only files that are new or changed are read. Answers may hold rows of the log, so each
is sealed with a key that the files themselves give: who has the log can open it, who was given the folder alone cannot,
and when the log is gone nobody can. A folder that is damaged, of another version, or that others may write to, is as
good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from toolkit.engines.hashes import file_sha256, stamp, stamp_of
from toolkit.engines.part import Known, Part
from toolkit.errors import LogError
from toolkit.paths import write_whole

#: Files are put together into a part of up to so many bytes, so that a first reading asks no more than it must.
PART_BYTES: Final = 512 * 2**20
#: With more parts than this they are made anew, and the log is read once as a whole.
MOST_PARTS: Final = 64
#: An answer of more rows is not kept, and of all answers the latest of so many bytes.
MOST_ROWS: Final = 500_000
MOST_BYTES: Final = 256 * 2**20
#: An index of more bytes is none of ours, and what a killed process left is dropped after so many seconds.
MOST_INDEX: Final = 64 * 2**20
_ABANDONED: Final = 3600.0
_FORMAT: Final = "toolkit.kept/2"
_INDEX: Final = "index.json"
_ENDING: Final = ".sealed"
_PART: Final = ".part"
#: How an answer is written: nobody looks for some of its rows.
_PLAIN: Final = {"use_dictionary": False, "write_statistics": False}


class Kept:
    """A folder of answers, for the log and the reference of one incident; ``again`` forgets what it holds."""

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self.folder = folder
        self._files: dict[str, Known] = {}
        self._parts: list[tuple[str, ...]] = []
        self._used: set[str] = set()
        self._open = _is_ours(folder)
        if again and self._open:
            self._forget(lambda _: True)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
            raw = json.loads(self._read_index())
            if raw["format"] == _FORMAT:
                files = {str(k): Known(stamp_of(s), str(c), float(d)) for k, (s, c, d) in raw["files"].items()}
                self._parts = [tuple(str(sha) for sha in part) for part in raw["parts"]]
                self._files = files

    def _read_index(self) -> str:
        if not self._open or (self.folder / _INDEX).stat().st_size > MOST_INDEX:
            return ""
        return (self.folder / _INDEX).read_text(encoding="utf-8")

    def sha256(self, file: Path) -> str:
        """Give the hash of a file; it is not read where its size and time say that it is the one that was hashed.

        Raises:
            LogError: it cannot be read.

        """
        return self._known(file).sha256

    def _known(self, file: Path) -> Known:
        name = hashlib.sha256(os.fsencode(file)).hexdigest()  # the folder says nothing of where logs lie
        try:
            now, known = stamp(file), self._files.get(name)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LogError(f"the file cannot be read: {reason}", where=str(file), fix="check the path") from None
        if known is None or known.stamp != now or not known.steady:
            began = time.time()
            known = self._files[name] = Known(now, file_sha256(file), began)
        return known

    def split(self, files: Sequence[Path]) -> list[Part]:
        """Put files into parts, in their order: those of the last reading where these are whole, new ones else."""
        with ThreadPoolExecutor() as pool:  # a hash leaves the interpreter to others
            known = [*pool.map(self._known, files)]
        shas, sizes = [one.sha256 for one in known], [one.stamp[0] for one in known]
        places = self._places(shas, sizes)
        if len(places) > MOST_PARTS:
            self._parts = []
            places = self._places(shas, sizes)
        made = [
            Part(
                tuple(files[a:b]),
                tuple(shas[a:b]),
                tuple(k.stamp for k in known[a:b]),
                all(k.steady for k in known[a:b]),
            )
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
        try:
            if not self._open or not 0 < file.stat().st_size <= MOST_BYTES:
                return None
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

        if not self._open or table.num_rows > MOST_ROWS or not part.unchanged():
            return
        name = self._name(part, question)
        with suppress(OSError, AttributeError, pa.ArrowException):
            self._lay_out()
            made = pa.BufferOutputStream()
            seal = _encryption().create_encryption_properties(_key(part, name))
            # read far more often than written, and lz4 is read in half the time of zstd for a sixth more room; most
            # columns of a sample hold a value once: to look for a dictionary takes three times as long
            pq.write_table(table, made, compression="lz4", encryption_properties=seal, **_PLAIN)
            write_whole(self.folder / name, made.getvalue().to_pybytes())
            self._used.add(name)

    def finish(self) -> None:
        """Write down what is known of the files, and drop the oldest answers beyond the bound."""
        if not self._used:
            return
        with suppress(OSError):
            self._lay_out()
            files = {name: [known.stamp, known.sha256, known.at] for name, known in self._files.items()}
            about = {"format": _FORMAT, "files": files, "parts": self._parts[-4 * MOST_PARTS :]}
            write_whole(self.folder / _INDEX, json.dumps(about) + "\n")
            self._forget(lambda file: file.suffix == _PART and time.time() - file.stat().st_mtime > _ABANDONED)
            found = [(f.name in self._used, f.stat().st_mtime, f.stat().st_size, f) for f in self._answers()]
            left = MOST_BYTES
            for _, _, size, file in sorted(found, reverse=True):
                left -= size
                if left < 0:
                    file.unlink(missing_ok=True)

    def _forget(self, which: Callable[[Path], bool]) -> None:
        """Remove files of ours; of a folder that is a link too, and nothing else that somebody put there."""
        with suppress(OSError):
            for file in [*self.folder.iterdir()]:
                with suppress(OSError):
                    if (file.suffix in {_ENDING, _PART} or file.name == _INDEX) and which(file):
                        file.unlink()

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


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is ours alone to write to, or not there yet: who can write to it can say what holds.

    Windows has rights of another kind; there the folder is as safe as the one that it lies in.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    ours = not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)
    return stat.S_ISDIR(found.st_mode) and ours
