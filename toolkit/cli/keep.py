"""``store``, ``audit``, ``export`` and ``import``: looking after the record (floor 8)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.frame import (
    FAILED,
    Command,
    Group,
    by_option,
    home_option,
    json_option,
    open_store,
    say,
    say_json,
    typed,
)
from toolkit.cli.progress import Progress
from toolkit.errors import PostmortemError

if TYPE_CHECKING:
    from toolkit.store.verify import Verified


@click.group(cls=Group, short_help="The store as a whole: check, repair, backup, restore, move, compact.")
def store() -> None:
    """Look after the store as a whole."""


@click.group(cls=Group, short_help="The journal of every change: verify, anchor.")
def audit() -> None:
    """Look after the journal of every change."""


@store.command("check", example="postmortem store check")
@home_option
@json_option
def check(home: str | None, as_json: bool) -> int:
    """Hold journal, database and every row against each other; exits 1 where they differ."""
    with Progress() as progress:
        progress("checking the store")
        found = open_store(home).check()
    return _verified(found, as_json)


@audit.command("verify", example="postmortem audit verify --against published/postmortem.html")
@click.option(
    "--against", "files", metavar="FILE", multiple=True, help="A page or note kept elsewhere; again for more."
)
@click.option("--git", "repository", metavar="DIR", help="A repository whose notes hold anchors.")
@home_option
@json_option
def verify(files: tuple[str, ...], repository: str | None, home: str | None, as_json: bool) -> int:
    """Find every entry that was changed, removed, moved or cut off; exits 1 where there is one.

    Pages that lie in the incidents' folders are held against the journal too. Who can write to all of those can still
    forge all of them: a copy elsewhere finds that, with --against or --git.
    """
    from toolkit.store import anchors

    with Progress() as progress:
        progress("reading the journal")
        elsewhere = [one for file in files for one in anchors.in_file(Path(file))]
        elsewhere += anchors.in_notes(Path(repository)) if repository else []
        found = open_store(home).audit_verify(elsewhere)
    return _verified(found, as_json)


@audit.command("anchor", example="postmortem audit anchor --git .")
@click.option("--git", "repository", metavar="DIR", help="Say it in a note of this repository's present commit too.")
@home_option
@json_option
def anchor(repository: str | None, home: str | None, as_json: bool) -> None:
    """Print how far the journal goes, to be kept elsewhere: an e-mail, a ticket, a note of a commit.

    postmortem audit verify --against FILE (or --git DIR) holds the journal against it at any later time.
    """
    from toolkit.store import anchors

    found = open_store(home).anchor()
    commit = anchors.note(Path(repository), found) if repository else ""
    if as_json:
        say_json({"seq": found.seq, "hash": found.hash, "commit": commit or None})
    else:
        say(f"{found}")
        if commit:
            say(f"noted at commit {commit[:12]}; push it with: git push origin refs/notes/{anchors.REF}")


def _verified(found: Verified, as_json: bool) -> int:
    if as_json:
        say_json(
            {
                "sound": found.sound,
                "entries": found.entries,
                "head": {"seq": found.head.seq, "hash": found.head.hash},
                "problems": list(found.problems),
                "notes": list(found.notes),
            }
        )
    else:
        for problem in found.problems:
            say(f"problem: {problem}")
        for note in found.notes:
            say(f"note: {note}")
        sound = "sound" if found.sound else "NOT sound; postmortem store repair mends what can be mended"
        say(f"{found.entries} entries, head {found.head.seq} {found.head.hash[:16]}: {sound}")
    return 0 if found.sound else FAILED


@store.command("repair", example="postmortem store repair")
@by_option
@home_option
@json_option
def repair(by: str, home: str | None, as_json: bool) -> None:
    """Bring back what the journal holds and the database lost, or the other way round; what was found is kept."""
    with Progress() as progress:
        progress("repairing the store")
        done = open_store(home).repair(actor=by, command=typed())
    kept = str(done.kept) if done.kept else None
    if as_json:
        say_json({"entries": done.entries, "lines": done.lines, "rows": done.rows, "kept": kept})
    else:
        found = f"; what was found is kept in {kept}" if kept else ""
        say(f"{done.entries} entries, {done.lines} lines and {done.rows} rows brought back{found}")


@store.command("backup", example="postmortem store backup ../incidents-backup")
@click.argument("folder")
@home_option
@json_option
def backup(folder: str, home: str | None, as_json: bool) -> None:
    """Copy the record of this moment into a new FOLDER."""
    with Progress() as progress:
        progress("copying the store")
        made = open_store(home).backup(folder)
    if as_json:
        say_json({"backup": str(made)})
    else:
        say(f"{made}")


@store.command("restore", example="postmortem store restore ../incidents-backup")
@click.argument("folder")
@by_option
@home_option
@json_option
def restore(folder: str, by: str, home: str | None, as_json: bool) -> None:
    """Put the backup in FOLDER in the store's place; what stood there is kept."""
    with Progress() as progress:
        progress("restoring the store")
        kept = open_store(home).restore(folder, actor=by, command=typed())
    if as_json:
        say_json({"kept": str(kept) if kept else None})
    else:
        say("restored" + (f"; what stood there is kept in {kept}" if kept else ""))


@store.command("move", example="postmortem store move postgresql://team@db.example.com/postmortem")
@click.argument("target", metavar="URL|FOLDER")
@by_option
@home_option
@json_option
def move(target: str, by: str, home: str | None, as_json: bool) -> None:
    """Carry the whole record over to an empty server or folder, every entry as it is; what is here stays.

    From a server back: postmortem store move FOLDER --store URL. Folders of incidents (notebooks, pages) are files
    and stay where they are.
    """
    from toolkit.store import Store
    from toolkit.store.server import masked

    here = open_store(home)
    there = Store(here.folder, server=target) if "://" in target else Store(target)
    with Progress() as progress:
        progress("carrying the record over")
        entries = here.move_to(there, actor=by, command=typed())
    if as_json:
        say_json({"entries": entries, "target": masked(target)})
        return
    say(f"{entries} entries carried over to {masked(target)}; what was here is left as it is")
    if "://" in target:
        say("Next: set POSTMORTEM_STORE to that URL, or give --store, so that nobody goes on in the old place.")


@store.command("compact", example="postmortem store compact")
@home_option
@json_option
def compact(home: str | None, as_json: bool) -> None:
    """Write the database anew without what is no longer used."""
    with Progress() as progress:
        progress("compacting the store")
        before, after = open_store(home).compact()
    if as_json:
        say_json({"bytes_before": before, "bytes_after": after})
    else:
        say(f"{before:,} bytes before, {after:,} bytes after")


@click.command(
    cls=Command,
    short_help="Write an incident as a folder of plain files.",
    example="""
    postmortem export INC-0001 handover/
    postmortem export INC-0001 --bundle handover.zip
    """,
)
@click.argument("incident")
@click.argument("folder", required=False)
@click.option("--bundle", metavar="FILE.zip", help="Write one file instead, with every version of the document.")
@click.option("--no-history", is_flag=True, help="Leave out who changed what: it holds commands as they were typed.")
@home_option
@json_option
def export(
    incident: str, folder: str | None, bundle: str | None, no_history: bool, home: str | None, as_json: bool
) -> None:
    """Write INCIDENT as plain files into FOLDER: JSON, Parquet, Markdown and notebooks.

    A change reads well in a diff, and two people's copies in a repository merge with git alone. Written again over
    itself, only what changed is written.
    """
    if (folder is None) == (bundle is None):
        raise PostmortemError("name a folder or a file to write to", fix="give FOLDER, or --bundle FILE.zip")
    if bundle is not None:
        from toolkit.investigation.handover import export_zip

        made = export_zip(open_store(home), incident, bundle, history=not no_history)
    else:
        made = open_store(home).export_bundle(incident, str(folder), history=not no_history)
    if as_json:
        say_json({"bundle": str(made)})
    else:
        say(f"{made}")


@click.command(
    "import",
    cls=Command,
    short_help="Record an exported incident as a new one.",
    example="postmortem import handover/",
)
@click.argument("folder")
@click.option("--key", default="", help="A name for this request: a retry with it changes nothing.")
@by_option
@home_option
@json_option
def import_(folder: str, key: str, by: str, home: str | None, as_json: bool) -> None:
    """Record the incident in FOLDER, or in a zip that export wrote, as a new one of this store.

    It keeps its id where that is free. Nothing in FOLDER is run, and no file outside of it is read; a zip with paths
    that lead outside, links, or more than a bundle holds is refused.
    """
    from pathlib import Path

    if Path(folder).is_file():
        from toolkit.investigation.handover import import_zip

        made = import_zip(open_store(home), folder, by=by, command=typed(), key=key)
    else:
        made = open_store(home).import_bundle(folder, actor=by, command=typed(), key=key)
    if as_json:
        say_json(made.to_dict())
    else:
        say(f"{made.id} {made.title}")
