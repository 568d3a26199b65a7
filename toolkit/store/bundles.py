"""Bundles (floor 2): one incident as a folder of plain files, for a colleague, a repository, or another store.

One record is one small file with a name of its own, a value a line and the keys sorted: a change reads well in a diff,
and what two people added in two places is put together by ``git merge`` alone, without any store. The JSON files are
the record; Parquet, Markdown and notebooks are for whoever reads, and Parquet is never read back in here.

Whoever wrote the folder is not trusted: nothing outside it is followed, sizes are bounded, names are ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import ActionItem, Event, Incident, Verdict
from toolkit.store.plain import canonical
from toolkit.store.tables import Row

FORMAT: Final = "toolkit.bundle/2"
#: The format before: one flat file a table, with a manifest of hashes; still read.
BEFORE: Final = "toolkit.bundle/1"

ABOUT: Final = "bundle.json"
INCIDENT: Final = "incident.json"
HISTORY: Final = "history.jsonl"
PROSE: Final = "postmortem.md"
DIAGNOSES: Final = "diagnoses"
NOTEBOOKS: Final = "notebooks"
EVIDENCE: Final = "evidence"

#: The folders with a file a record, each with the time that never changes of such a record.
RECORDS: Final = {
    "events": "noted_at",
    "actions": "created_at",
    "notes": "noted_at",
    "judgements": "noted_at",
    "runs": "recorded_at",
    "documents": "recorded_at",
    "reviews": "recorded_at",
    "comments": "recorded_at",
    "submissions": "recorded_at",
}
#: The letter that a record's id begins with, where it is not its table's first: R is for runs.
_LETTERS: Final = {"reviews": "V"}

#: What a notebook was given (see ``notebooks.Bundle``), by the names of its files.
GIVEN: Final = ("incident", "events", "actions", "diagnosis", "series", "document")

#: The tables that the format before had.
_FLAT: Final = ("events", "actions", "runs", "documents", "notes")

_LARGEST: Final = 64 * 1024 * 1024
_MOST: Final = 20_000


@dataclass(frozen=True)
class Bundle:
    """One incident as it was when the bundle was written."""

    incident: Incident
    events: tuple[Event, ...]
    diagnosis: Verdict | None
    actions: tuple[ActionItem, ...]


@dataclass(frozen=True)
class Content:
    """What a bundle holds, as rows; ``files`` maps what else is to be kept to where it lies."""

    name: str
    incident: Row
    records: dict[str, list[Row]]
    diagnoses: list[Row]
    logs: list[Row] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The SHA-256 of all records, whatever files they came in."""
        whole = [self.incident, self.records, self.diagnoses, self.logs]
        return hashlib.sha256(canonical(whole)).hexdigest()


def file_of(table: str, row: Row) -> str:
    """Name a record's file: by its id and the moment it was made, so that two stores never mean two by one name."""
    made = hashlib.sha256(str(row.get(RECORDS[table])).encode()).hexdigest()[:8]
    return f"{table}/{row['id']}-{made}.json"


def letter_of(table: str) -> str:
    """Give the letter that ids of a table begin with."""
    return _LETTERS.get(table, table[0].upper())


def load(folder: str | os.PathLike[str]) -> Bundle:
    """Read a bundle, without any store.

    Raises:
        StoreError: the folder is no bundle, or a file of it is not as it should be.

    """
    place = Path(folder)
    content = read(place)
    try:
        return Bundle(
            Incident.from_dict({"id": content.name, **content.incident}),
            tuple(Event.from_dict(row) for row in content.records["events"] if not row.get("withdrawn")),
            Verdict.from_dict(content.diagnoses[-1]["diagnosis"]) if content.diagnoses else None,
            tuple(ActionItem.from_dict(row) for row in content.records["actions"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise broken(place, f"a file lacks what it should hold ({type(error).__name__})") from None


def read(folder: Path) -> Content:
    """Read everything of a bundle, of this format or the one before.

    Raises:
        StoreError: the folder is no bundle, or a file of it is not as it should be.

    """
    try:
        if not (folder / ABOUT).exists() and (folder / "manifest.json").exists():
            return _read_flat(folder)
        about = _json(folder / ABOUT)
        if about["format"] != FORMAT:
            raise broken(folder, f"its format is {str(about['format'])[:40]!r}, not {FORMAT}")
        incident = dict(_json(folder / INCIDENT))
        return Content(
            str(about["id"]),
            incident,
            {table: sorted(_rows(folder / table), key=order) for table in RECORDS},
            sorted(_rows(folder / DIAGNOSES), key=lambda row: int(row["run"])),
            incident.pop("files", []),
            dict(_others(folder)),
        )
    except OSError as error:
        raise broken(folder, f"{Path(error.filename or '').name}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise broken(folder, f"its files are not as they should be ({type(error).__name__})") from None


def order(row: Row) -> tuple[int, str]:
    """Put records in the order of their ids, ``E09`` before ``E100``; of two with one id, the earlier first."""
    digits = "".join(c for c in str(row["id"]) if c in "0123456789")[:9]
    made = next((row[stamp] for stamp in ("created_at", "noted_at", "recorded_at") if row.get(stamp)), "")
    return int(digits or 0), str(made)


def broken(folder: Path, what: str) -> StoreError:
    """Say what is wrong with a folder that should be a bundle."""
    return StoreError(f"this is no whole bundle: {what}", where=str(folder), fix="export it again")


def _rows(folder: Path) -> Iterator[Row]:
    """Read the records of a folder, if it is there."""
    for path in inside(folder, ".json"):
        row = _json(path)
        if not isinstance(row, dict):
            raise broken(folder, f"{path.name} is no record")
        yield row


def inside(folder: Path, ending: str) -> list[Path]:
    """List a folder's own files of an ending by name; nothing where it is absent, or but a link to elsewhere."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        names = sorted(f.name for f in found if f.name.endswith(ending) and f.is_file(follow_symlinks=False))
    if len(names) > _MOST:
        raise broken(folder, f"more than {_MOST} files")
    return [folder / name for name in names]


def _others(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the files beside the record that go with an incident, each with its place in the incident's folder."""
    if (folder / PROSE).is_file() and not (folder / PROSE).is_symlink():
        yield PROSE, folder / PROSE
    for path in inside(folder / NOTEBOOKS, ".ipynb"):
        yield f"{NOTEBOOKS}/{path.name}", path
    for path in inside(folder / EVIDENCE, ".json"):
        if path.stem in GIVEN:
            yield f"bundle/{path.name}", path


def _json(path: Path) -> Any:
    return json.loads(data(path), parse_constant=_no_number)


def _no_number(name: str) -> Any:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def data(path: Path) -> bytes:
    """Read a file of a bundle; a link, a pipe or a device is none, and neither is one beyond all measure.

    Raises:
        OSError: it is not there.
        StoreError: it is not a plain file, or too large.

    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise broken(path.parent, f"{path.name} is no plain file")
        if about.st_size > _LARGEST:
            raise broken(path.parent, f"{path.name} is larger than {_LARGEST} bytes")
        return file.read(_LARGEST + 1)


def _read_flat(folder: Path) -> Content:
    """Read the format before."""
    manifest = _json(folder / "manifest.json")
    if manifest["format"] != BEFORE:
        raise broken(folder, f"its format is {str(manifest['format'])[:40]!r}, not {FORMAT}")
    found = {}
    for name in ("incident", "diagnosis", *_FLAT):
        raw = data(folder / f"{name}.json")
        if hashlib.sha256(raw).hexdigest() != manifest["sha256"][f"{name}.json"]:
            raise broken(folder, f"{name}.json was changed")
        found[name] = json.loads(raw)
    diagnoses = [{"run": 1, "diagnosis": found["diagnosis"]}] if found["diagnosis"] else []
    records = {table: [dict(row) for row in found.get(table, ())] for table in RECORDS}
    return Content(str(found["incident"]["id"]), found["incident"], records, diagnoses)
