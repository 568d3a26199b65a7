"""``verify``, ``lint``, ``diff`` and ``review``: from a first draft to a document that can be recomputed (floor 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    say_table,
    typed,
)
from toolkit.cli.progress import Progress
from toolkit.vocabulary import AUDIENCES, DOCUMENT_KINDS

if TYPE_CHECKING:
    from toolkit.investigation.lifecycle import Standing


@click.command(
    cls=Command,
    short_help="Compute a published postmortem again; exits 1 where it no longer holds.",
    example="postmortem verify INC-0001",
)
@click.argument("what", metavar="INCIDENT|FOLDER")
@click.option("--version", metavar="ID", default="", help="A document's id, e.g. D02 [default: the latest].")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True)
@click.option("--document", "kind", type=click.Choice(DOCUMENT_KINDS), default="full", show_default=True)
@click.option("--log", metavar="LOG", help="Where the log lies now.")
@click.option("--reference", metavar="FILE", help="Where the reference lies now.")
@home_option
@json_option
def verify(
    what: str,
    version: str,
    audience: str,
    kind: str,
    log: str | None,
    reference: str | None,
    home: str | None,
    as_json: bool,
) -> int:
    """Hold the files of a published postmortem against their sums, and every cited value against the log.

    Names each sentence that no longer holds and exits 1; one changed row of the log is enough. Where the log is gone,
    the values are held against the evidence that was frozen with the document. FOLDER is one that publish wrote.
    """
    with Progress() as progress:
        progress("computing it again")
        from toolkit.investigation import verify as run

        made = run(open_store(home), what, version=version, audience=audience, kind=kind, log=log, reference=reference)
    if as_json:
        say_json(
            {
                "folder": str(made.folder),
                "holds": made.holds,
                "basis": made.basis,
                "cited": made.cited,
                "stale": [s.__dict__ for s in made.stale],
                "problems": list(made.problems),
                "notes": list(made.notes),
            }
        )
        return 0 if made.holds else FAILED
    for one in made.stale:
        say(one.line)
    for problem in made.problems:
        say(problem)
    for note in made.notes:
        say(f"note: {note}")
    said = len({s.sentence for s in made.stale})
    rest = (
        "all hold"
        if made.holds
        else f"{said} sentence{'' if said == 1 else 's'} no longer hold{'s' if said == 1 else ''}"
    )
    say(f"{made.cited} cited values computed again from the {made.basis}: {rest}")
    return 0 if made.holds else FAILED


@click.command(
    cls=Command,
    short_help="Say what the document still lacks; exits 1 where there is a gap.",
    example="postmortem lint INC-0001",
)
@click.argument("incident")
@home_option
@json_option
def lint(incident: str, home: str | None, as_json: bool) -> int:
    """Say what the document of INCIDENT lacks, and which of its words to think about.

    Gaps are blank sections, actions without owner or date, a cause without evidence, personal data; with them it exits
    1. The rest is advice: words of blame and hindsight, people named, numbers typed by hand.
    """
    from toolkit.investigation.reviewing import lint as run

    found = run(open_store(home), incident)
    gaps = [r for r in found if r.serious]
    if as_json:
        say_json([r.__dict__ for r in found])
    else:
        for remark in found:
            say(f"{'gap' if remark.serious else 'word'}  {remark.line}")
        say(f"{len(gaps)} gaps, {len(found) - len(gaps)} remarks")
    return FAILED if gaps else 0


@click.command(
    cls=Command,
    short_help="Show how two versions of the document differ.",
    example="postmortem diff INC-0001 D01 D02",
)
@click.argument("incident")
@click.argument("old", required=False, default="")
@click.argument("new", required=False, default="")
@home_option
@json_option
def diff(incident: str, old: str, new: str, home: str | None, as_json: bool) -> None:
    """Show what text, what numbers and what evidence differ between the versions OLD and NEW of INCIDENT's document.

    Without NEW it is compared with what would be written now, without OLD the latest version is.
    """
    from toolkit.investigation.reviewing import diff as run

    first, second, found = run(open_store(home), incident, old, new)
    if as_json:
        say_json({"old": first, "new": second, **found.__dict__})
        return
    for title, lines in (("Text", found.text), ("Numbers", found.numbers), ("Evidence", found.evidence)):
        if lines:
            say(f"{title}, {first} -> {second}")
            for line in lines:
                say(f"  {line}")
    if not found:
        say(f"{first} and {second} say the same")


@click.command(
    cls=Command,
    short_help="Print the document as PDF, with the Chromium that is installed.",
    example="postmortem pdf INC-0001",
)
@click.argument("incident")
@click.option("--version", metavar="ID", default="", help="A document's id, e.g. D02 [default: the latest].")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True, help="For whom.")
@click.option("--document", "kind", type=click.Choice(DOCUMENT_KINDS), default="full", show_default=True)
@click.option("--out", metavar="FILE", help="The file to write [default: postmortem.pdf beside the page].")
@home_option
def pdf(incident: str, version: str, audience: str, kind: str, out: str | None, home: str | None) -> None:
    """Print the document of INCIDENT, as it was last written for an audience, to a PDF."""
    from pathlib import Path

    from toolkit.investigation.publishing import subfolder
    from toolkit.investigation.verifying import frozen_folder
    from toolkit.report.pdf import print_pdf

    store = open_store(home)
    with Progress() as progress:
        progress("printing")
        folder = frozen_folder(store, incident, version=version, audience=audience, kind=kind)
        beside = store.incident_folder(incident) / subfolder(audience, kind) / "postmortem.pdf"
        made = print_pdf(folder / "postmortem.html", Path(out) if out else beside)
    say(f"{made}")


@click.command(
    cls=Command,
    short_help="Write the site of all postmortems that an audience may see.",
    example="postmortem site shared/postmortems",
)
@click.argument("out", metavar="DIR")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True, help="For whom.")
@click.option("--restricted", is_flag=True, help="With the restricted incidents; for the team alone.")
@home_option
@json_option
def site(out: str, audience: str, restricted: bool, home: str | None, as_json: bool) -> None:
    """Write a site of all incidents that an audience may see into DIR: search, filters, causes over time, a feed.

    It opens from a disk or a file share and needs no server. The team sees drafts too, others what was published for
    them. A page that may no longer be seen is taken away when the site is written again.
    """
    with Progress() as progress:
        progress("writing the site")
        from toolkit.investigation.sites import write_site

        index, count = write_site(open_store(home), out, audience=audience, restricted=restricted)
    if as_json:
        say_json({"index": str(index), "incidents": count})
    else:
        say(f"{index}  ({count} incident{'' if count == 1 else 's'})")


@click.group(cls=Group, short_help="Review a document: ask, approve, object, comment, resolve, status.")
def review() -> None:
    """Review a document before it is published."""


@review.command("ask", example="postmortem review ask INC-0001 --reviewer ada --reviewer bo")
@click.argument("incident")
@click.option("--reviewer", "reviewers", multiple=True, metavar="NAME", help="Who is asked; may be given again.")
@by_option
@home_option
def ask(incident: str, reviewers: tuple[str, ...], by: str, home: str | None) -> None:
    """Ask for a review of the text as it is now. Whoever asks cannot approve it."""
    from toolkit.investigation.reviewing import ask as run
    from toolkit.investigation.reviewing import standing

    store = open_store(home)
    run(store, incident, reviewers, by=by, command=typed())
    _tell(standing(store, incident))


def _decision(name: str, decision: str, help_text: str, example: str) -> None:
    @review.command(name, help=help_text, example=example)
    @click.argument("incident")
    @click.option("--text", default="", help="What is said with it.")
    @by_option
    @home_option
    def decided(incident: str, text: str, by: str, home: str | None) -> None:
        from toolkit.investigation.reviewing import decide

        _tell(decide(open_store(home), incident, decision, text, by=by, command=typed()))


_decision("approve", "approve", "Approve the text as it is now.", "postmortem review approve INC-0001 --by ada")
_decision(
    "object",
    "object",
    "Object to the text as it is now, with a reason.",
    'postmortem review object INC-0001 --by bo --text "The cause has no evidence"',
)


@review.command(
    "comment", example='postmortem review comment INC-0001 got-lucky "Which storm?" --quote "the storm" --by bo'
)
@click.argument("incident")
@click.argument("place")
@click.argument("text")
@click.option("--quote", default="", help="The words that it is about.")
@by_option
@home_option
@json_option
def comment(incident: str, place: str, text: str, quote: str, by: str, home: str | None, as_json: bool) -> None:
    """Remark on a PLACE of the document: a section, a question, or the id of a finding, event or action."""
    from toolkit.investigation.reviewing import comment as run

    made = run(open_store(home), incident, place, text, quote, by=by, command=typed())
    if as_json:
        say_json(made.__dict__)
    else:
        say(f"{made.id} on {made.anchor}: {made.text}")


@review.command("resolve", example='postmortem review resolve INC-0001 C01 --answer "The one of 24 June"')
@click.argument("incident")
@click.argument("comment_id", metavar="COMMENT")
@click.option("--answer", default="", help="How it was settled.")
@by_option
@home_option
def resolve(incident: str, comment_id: str, answer: str, by: str, home: str | None) -> None:
    """Settle a COMMENT."""
    made = open_store(home).resolve_comment(incident, comment_id, answer, actor=by, command=typed())
    say(f"{made.id} is resolved")


@review.command("status", example="postmortem review status INC-0001")
@click.argument("incident")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True)
@home_option
@json_option
def status(incident: str, audience: str, home: str | None, as_json: bool) -> None:
    """Say where the document of INCIDENT stands: approvals, objections, open comments, versions."""
    from toolkit.investigation.reviewing import standing

    store = open_store(home)
    found, documents = standing(store, incident, audience), store.documents(incident)
    if as_json:
        comments = [c.__dict__ for c in found.comments]
        objections = [r.__dict__ for r in found.objections]
        known: dict[str, Any] = {**found.__dict__, "comments": comments, "objections": objections}
        say_json({**known, "missing": found.missing, "documents": [d.__dict__ for d in documents]})
        return
    _tell(found)
    if documents:
        heads = ("id", "version", "for", "kind", "status", "written", "reason")
        rows = [
            (d.id, d.version, d.audience, d.kind, d.status, f"{d.recorded_at:%Y-%m-%d %H:%M}", d.reason)
            for d in documents
        ]
        say_table(heads, rows)


def _tell(found: Standing) -> None:
    say(f"The document is {found.status.replace('_', ' ')}: {len(found.approved_by)} of {found.needed} approvals")
    for objection in found.objections:
        say(f"objection of {objection.reviewer}: {objection.text}")
    for one in found.comments:
        said = f" “{one.quote}”" if one.quote else ""
        say(f"{one.id} {one.actor} on {one.anchor}{said}: {one.text}")
    if found.missing:
        say(f"To publish it lacks: {'; '.join(found.missing)}")
