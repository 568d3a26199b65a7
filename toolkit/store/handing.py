"""Handing an incident out (floor 2): its bundle, written as a folder of plain files; ``bundles`` says what is where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.store import diagnoses
from toolkit.store.attach import Place
from toolkit.store.bundles import (
    ABOUT,
    DIAGNOSES,
    EVIDENCE,
    FORMAT,
    GIVEN,
    HISTORY,
    INCIDENT,
    NOTEBOOKS,
    PROSE,
    RECORDS,
    file_of,
    inside,
)
from toolkit.store.incidents import require
from toolkit.store.session import Session
from toolkit.store.tables import Row
from toolkit.store.work import read

README: Final = """\
# One incident, as plain files

Written by `postmortem export`; `postmortem import` of this folder records it in another store.

| what | where |
| --- | --- |
| the incident, its five times, its state | `incident.json` |
| timeline, actions, status notes, words on findings, runs, documents | a folder each, a file a record |
| reviews and comments of the document, reports sent to authorities | a folder each, a file a record |
| each diagnosis: verdict, ledger, findings, the files it read with their hashes | `diagnoses/` |
| what people wrote | `postmortem.md` |
| executed notebooks, and what they were given | `notebooks/`, `evidence/*.json` |
| tables for a data frame: metrics, groups, findings, ledger | `evidence/*.parquet` |
| who changed what, when, with which command | `history.jsonl` |

Kept in a repository, two copies that two people wrote into are put together by `git merge` alone. The JSON files are
the record: Parquet is written from them and never read back, and the history is not taken over by an import, which
begins one of its own. Log rows are not in here, and neither is where a log lay, only its name and hashes.
"""

_ATTRIBUTES: Final = "*.parquet binary\nhistory.jsonl merge=union\n"


def export(place: Place, incident: str, folder: Path, *, history: bool = True) -> Path:
    """Write an incident's bundle into a folder, over an older one of the same incident; give the folder.

    What somebody else's copy added to the folder stays there.

    Raises:
        StoreError: the folder holds something else, or cannot be written.

    """
    files, tables = read(place, lambda session: _content(session, incident, history))
    _ours(folder, files[ABOUT])
    own = place.folder / str(files[ABOUT]["id"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _put(folder / name, _text(content) if name.endswith(".json") else content)
        _copy(own, folder)
        _tables(own / "bundle" / "series.json", tables, folder / EVIDENCE)
    except OSError as error:
        raise StoreError(
            f"the bundle cannot be written: {error.strerror}", where=str(folder), fix="give another folder"
        ) from None
    return folder


def _content(session: Session, incident: str, history: bool) -> tuple[dict[str, Any], dict[str, list[Row]]]:
    """Give the files of the record by their names, and the rows of the tables that are written as Parquet."""
    row = require(session, incident)
    of = {"incident": row["id"]}
    logs = session.select("logs", order=("run", "position"), **of)
    files: dict[str, Any] = {
        "README.md": README,
        ".gitattributes": _ATTRIBUTES,
        ABOUT: {"format": FORMAT, "id": row["id"], "created_at": row["created_at"]},
        INCIDENT: {
            **{k: v for k, v in row.items() if k not in {"id", "number", "version"}},
            "log": names_only(row["log"] or {}),
            "files": _files(logs, 0),
        },
    }
    for table in RECORDS:
        for one in session.select(table, order=("number",), **of):
            files[file_of(table, one)] = {k: v for k, v in one.items() if k not in {"incident", "number"}}
    for verdict in session.select("verdicts", order=("run",), **of):
        run = int(verdict["run"])
        about = {k: verdict[k] for k in ("run", "recorded_at", "profile_hash")}
        body = diagnoses.body(session, row["id"], run)
        files[f"{DIAGNOSES}/run-{run:02d}.json"] = {**about, "files": _files(logs, run), "diagnosis": body}
    if history:
        entries = session.select("audit", order=("seq",), **of)
        files[HISTORY] = "".join(f"{entry['entry']}\n" for entry in entries)
    return files, {name: session.select(name, order=("run", "position"), **of) for name in ("findings", "ledger")}


def names_only(log: Row) -> Row:
    """Give where a log lies without the folders: they mean nothing, or something else, on another machine."""

    def bare(path: Any) -> str:
        return str(path).replace("\\", "/").rpartition("/")[2]

    made = dict(log)
    for key in ("path", "reference", "events"):
        if isinstance(made.get(key), str):
            made[key] = bare(made[key])
    if isinstance(made.get("paths"), list):
        made["paths"] = [bare(path) for path in made["paths"]]
    if isinstance(made.get("hashes"), dict):
        made["hashes"] = {bare(path): sha for path, sha in made["hashes"].items()}
    return made


def _files(logs: Iterable[Row], run: int) -> list[Row]:
    """List the files that a run read, by name."""
    of_run = [row for row in logs if row["run"] == run]
    return [names_only({"part": row["part"], "path": row["path"], "sha256": row["sha256"]}) for row in of_run]


def _ours(folder: Path, about: Row) -> None:
    """See that a folder is empty but for hidden files, or holds this incident."""
    if not folder.exists():
        return
    try:
        there = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        known = json.loads((folder / ABOUT).read_bytes()) if there else about
        if known["created_at"] == about["created_at"]:
            return
        what = f"holds {str(known['id'])[:20]}, another incident"
    except (OSError, ValueError, KeyError, TypeError):
        what = "holds something else" if folder.is_dir() else "is no folder"
    raise StoreError(f"the bundle's folder {what}", where=str(folder), fix="give a new folder")


def _text(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _put(path: Path, text: str) -> None:
    """Write a file whole or not at all, and leave one alone that says the same already."""
    new = text.encode("utf-8")
    if path.is_file() and not path.is_symlink() and path.read_bytes() == new:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(new)
    beside.replace(path)


def _copy(own: Path, folder: Path) -> None:
    """Copy what people wrote, the executed notebooks, and what those were given."""
    given = [path for path in inside(own / "bundle", ".json") if path.stem in GIVEN]
    for target, paths in (("", inside(own, PROSE)), (NOTEBOOKS, inside(own / NOTEBOOKS, ".ipynb")), (EVIDENCE, given)):
        for path in paths:
            (folder / target).mkdir(exist_ok=True)
            shutil.copyfile(path, folder / target / path.name)


def _tables(series: Path, rows: dict[str, list[Row]], target: Path) -> None:
    """Write tables for data frames: findings and ledger of every run, metrics over time and by group."""
    shown = {name: [{k: v for k, v in row.items() if k != "body"} for row in found] for name, found in rows.items()}
    for name, found in {**shown, **_series(series)}.items():
        if found:
            _parquet(target / f"{name}.parquet", found)


def _series(path: Path) -> dict[str, list[Row]]:
    """Turn the arrays of series.json into rows; none where it is absent or not as it should be."""
    try:
        raw = json.loads(path.read_bytes())
        spans = list(zip(raw["buckets"], raw["bucket_end"], raw["immature"], strict=True))
        metrics = [
            {"metric": name, "start": start, "end": end, "immature": immature}
            | {part: m[part][i] for part in ("value", "low", "high", "n")}
            for name, m in raw["metrics"].items()
            for i, (start, end, immature) in enumerate(spans)
        ]
        groups = [{"value_of" if k == "value_" else k: v for k, v in group.items()} for group in raw["groups"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}
    return {"metrics": metrics, "groups": groups}


def _parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(path.name + ".part")
    pq.write_table(pa.Table.from_pylist(rows), beside)
    beside.replace(path)
