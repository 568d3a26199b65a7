"""``verify``: what happens to a document after it is written (floor 8)."""

from __future__ import annotations

import click

from toolkit.cli.frame import FAILED, Command, home_option, json_option, open_store, say, say_json
from toolkit.cli.progress import Progress
from toolkit.vocabulary import AUDIENCES


@click.command(
    cls=Command,
    short_help="Compute a published postmortem again; exits 1 where it no longer holds.",
    example="postmortem verify INC-0001",
)
@click.argument("what", metavar="INCIDENT|FOLDER")
@click.option("--version", metavar="ID", default="", help="A document's id, e.g. D02 [default: the latest].")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True)
@click.option("--log", metavar="LOG", help="Where the log lies now.")
@click.option("--reference", metavar="FILE", help="Where the reference lies now.")
@home_option
@json_option
def verify(
    what: str,
    version: str,
    audience: str,
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

        made = run(open_store(home), what, version=version, audience=audience, log=log, reference=reference)
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
