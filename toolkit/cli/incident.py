"""``open``, ``investigate``, ``publish`` and ``demo``: an incident from its log to its postmortem (floor 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.columns import column_options, roles_given
from toolkit.cli.frame import (
    FAILED,
    Command,
    by_option,
    engine_option,
    home_option,
    json_option,
    memory_option,
    open_store,
    say,
    say_json,
    say_pairs,
    typed,
)
from toolkit.cli.progress import Progress
from toolkit.cli.times import MOMENT, span_option
from toolkit.vocabulary import AUDIENCES, DOCUMENT_KINDS, INCIDENT_KINDS, SEVERITIES

if TYPE_CHECKING:
    from datetime import datetime

    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.investigation import Investigation
    from toolkit.investigation.publishing import Publication


@click.command(
    "open",
    cls=Command,
    short_help="Record a new incident, with its log and events.",
    example="""
    postmortem open "Delay model misses the summer" --model delays@3 --severity SEV2 --log 'served/*.parquet' \\
        --reference validation.parquet --roles roles.toml --events deploys.csv
    """,
)
@click.argument("title")
@click.option("--model", default="", help="The deployed model, with its version.")
@click.option("--severity", type=click.Choice(SEVERITIES, case_sensitive=False), default="SEV3", show_default=True)
@click.option("--kind", type=click.Choice(INCIDENT_KINDS, case_sensitive=False), default="incident", show_default=True)
@click.option("--owner", default="", help="Who leads.")
@click.option("--role", "parts", metavar="ROLE=NAME", multiple=True, help="e.g. commander=Ada, scribe=Lin.")
@click.option(
    "--log",
    metavar="LOG",
    help="The prediction log: a file, a glob, a folder, FILE.duckdb::TABLE, or a URL of s3 or https.",
)
@click.option("--reference", metavar="FILE", help="Rows that the model is held to.")
@column_options
@click.option("--events", metavar="FILE", help="What happened: a table with timestamp, kind and text.")
@engine_option
@click.option("--occurred", "occurred_at", type=MOMENT, help="When the damage began, where somebody knows.")
@click.option("--detected", "detected_at", type=MOMENT, help="When somebody noticed.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be given again.")
@click.option("--summary", default="", help="A paragraph.")
@click.option("--dataset", default="", help="What the model was trained on.")
@click.option("--restricted", is_flag=True, help="Not for everybody's eyes.")
@click.option("--key", default="", help="A name for this request: a retry with it changes nothing.")
@memory_option
@by_option
@home_option
@json_option
def open_(
    title: str,
    log: str | None,
    reference: str | None,
    roles: str | None,
    columns: tuple[str, ...],
    events: str | None,
    engine: str,
    tags: tuple[str, ...],
    parts: tuple[str, ...],
    memory_mb: int | None,
    by: str,
    home: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Record a new incident and print its id.

    The log is read once, so that a wrong path or role shows now. Its rows stay where they are.
    """
    with Progress() as progress:
        progress("reading the log")
        from toolkit.cli.state import roles_of
        from toolkit.investigation import open_incident

        made = open_incident(
            open_store(home),
            title,
            log=log,
            reference=reference,
            roles=roles_given(roles, columns),
            events=events,
            engine=engine,
            tags=list(tags),
            responders=roles_of(parts, {}),
            memory_mb=memory_mb,
            by=by,
            command=typed(),
            **fields,
        )
    if as_json:
        say_json(made.to_dict())
    else:
        rows = f", {made.log['rows']:,} rows" if made.log else ""
        say(f"{made.id} {made.title} ({made.severity}{rows})")
        say(f"Next: postmortem investigate {made.id}")


@click.command(
    cls=Command,
    short_help="Validate, profile, detect, diagnose, run the notebooks, record all.",
    example="""
    postmortem investigate INC-0001
    postmortem investigate INC-0001 --window 2013-06-20 2013-07-04T12:00Z
    postmortem investigate INC-0001 --no-window
    postmortem investigate --case flights_delays
    """,
)
@click.argument("incident", default="")
@click.option(
    "--case", "case_name", metavar="NAME", help="Investigate a case study: it is opened as an incident first."
)
@span_option("--window", "Investigate the rows of this span alone, from now on.")
@click.option("--no-window", is_flag=True, help="Take the window back: the whole log again.")
@span_option("--reference-window", "Hold them to this span, of the reference or of the log itself, from now on.")
@click.option("--no-reference-window", is_flag=True, help="Take the reference window back.")
@click.option("--only", metavar="TEMPLATES", help="Run these templates alone, separated by commas.")
@click.option("--skip", metavar="TEMPLATES", default="", help="Run all but these.")
@click.option(
    "--limit", type=click.FloatRange(min=1), metavar="SECONDS", help="Most for all notebooks [default: 1800]."
)
@engine_option
@click.option("--force", is_flag=True, help="Read the log and run every notebook, whether anything changed or not.")
@click.option("--seed", default=0, show_default=True, help="Seed of every sample.")
@memory_option
@by_option
@home_option
@json_option
def investigate(
    incident: str,
    case_name: str | None,
    window: tuple[datetime, datetime] | None,
    no_window: bool,
    reference_window: tuple[datetime, datetime] | None,
    no_reference_window: bool,
    only: str | None,
    skip: str,
    limit: float | None,
    engine: str,
    force: bool,
    seed: int,
    memory_mb: int | None,
    by: str,
    home: str | None,
    as_json: bool,
) -> int:
    """Find out what happened to INCIDENT, or to a case study, and put it on record.

    A window is put on record, too, and heeded by every later look at INCIDENT until it is changed or taken back; it
    has the rows from FROM to before TO, times as 2013-07-02T09:10Z, now, or 2h for two hours ago.

    Exits 1 where a cell of a notebook failed; the executed notebook is kept and the rest is recorded.
    """
    if bool(incident) == bool(case_name):
        raise click.UsageError("name an incident, or a case study with --case.")
    for name, span, back in (
        ("window", window, no_window),
        ("reference-window", reference_window, no_reference_window),
    ):
        if span and back:
            raise click.UsageError(f"choose --{name} or --no-{name}, not both.")
    with Progress() as progress:
        progress("loading")
        from toolkit.investigation import investigate as run
        from toolkit.spans import WHOLE

        if case_name:
            from toolkit.investigation.example import open_case

            incident = open_case(open_store(home), case_name, command=typed()).id
        made = run(
            open_store(home),
            incident,
            only=_names(only) if only is not None else None,
            skip=_names(skip),
            engine=engine,
            force=force,
            seed=seed,
            window=WHOLE if no_window else window,
            reference_window=WHOLE if no_reference_window else reference_window,
            run_timeout=limit,
            memory_mb=memory_mb,
            by=by,
            command=typed(),
            progress=progress,
            watch=progress.watch,
        )
    if as_json:
        say_json(_investigation_json(made))
    else:
        _show(made.diagnosis)
        for one in made.runs:
            if one.ok:
                place = made.folder / "notebooks" / one.path.name
                say(f"{one.template:<12} {one.status:<9} {one.seconds:.1f} s  {place}")
        if made.ok:
            say(f"Next: postmortem publish {made.incident.id}")
    return _failures(made.runs)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _show(diagnosis: Diagnosis | None) -> None:
    if diagnosis is None:
        say("The incident names no log: there is a timeline and nothing to diagnose.")
    else:
        from toolkit.causes.diagnosis import summary_lines

        say_pairs(summary_lines(diagnosis.record))
    say()


def _failures(runs: Any) -> int:
    """Print one line for each notebook that failed; give the exit code."""
    failed = [run for run in runs if not run.ok]
    for run in failed:
        cell = f" at cell {run.cell}" if run.cell else ""
        say(f"postmortem: the notebook {run.template} failed{cell}: {run.reason} ({run.path})", err=True)
    return FAILED if failed else 0


def _investigation_json(made: Investigation) -> dict[str, Any]:
    return {
        "incident": made.incident.to_dict(),
        "run": made.recorded,
        "diagnosis": made.diagnosis.to_dict() if made.diagnosis else None,
        "notebooks": [
            {"template": r.template, "status": r.status, "path": str(r.path), "cell": r.cell, "reason": r.reason}
            for r in made.runs
        ],
    }


@click.command(
    cls=Command,
    short_help="Write postmortem.html with its data and a manifest.",
    example="postmortem publish INC-0001",
)
@click.argument("incident")
@click.option("--out", metavar="DIR", help="Folder to write to [default: the incident's own].")
@click.option("--for", "audience", type=click.Choice(AUDIENCES), default="team", show_default=True, help="For whom.")
@click.option("--document", "kind", type=click.Choice(DOCUMENT_KINDS), default="full", show_default=True)
@click.option("--reason", default="", help="Why it takes the place of the version that is published.")
@by_option
@home_option
@json_option
def publish(
    incident: str, out: str | None, audience: str, kind: str, reason: str, by: str, home: str | None, as_json: bool
) -> int:
    """Write the postmortem of INCIDENT as one HTML file that loads nothing from anywhere.

    What people wrote into the incident's postmortem.md, or into Markdown cells of a postmortem.ipynb beside it, is in
    it. For other audiences than the team personal data, small groups and free text are left out, for the public
    internal names too; the page says what was left out.
    Where approvals are missing it is written as a draft. Exits 1 where a section is marked as failed.
    """
    with Progress() as progress:
        progress("writing the document")
        from toolkit.investigation import publish as run

        made = run(
            open_store(home), incident, out=out, audience=audience, kind=kind, reason=reason, by=by, command=typed()
        )
    document, missing = made.document, made.standing.missing if made.standing else []
    if as_json:
        about = {"status": document.status, "id": document.id, "missing": missing}
        say_json({"page": str(made.page), "sha256": document.sha256, "version": document.version, **about})
    else:
        say(f"{made.page}  (version {document.version}, {document.status}, sha256 {document.sha256[:12]})")
        if missing:
            say(f"It is a draft, for it lacks {'; '.join(missing)}. See postmortem review --help")
    return _failures(made.failed)


@click.command(
    cls=Command,
    short_help="Take a real incident from its log to its postmortem.",
    example="postmortem demo",
)
@click.option("--again", is_flag=True, help="Open a new incident even if the demo's is there.")
@home_option
def demo(again: bool, home: str | None) -> int:
    """Take a real incident from its log to its postmortem: New York's flights of 2013.

    A delay model that was fitted on the winter meets the summer's storms. Nothing is asked and nothing is downloaded.
    """
    with Progress() as progress:
        progress("loading")
        from toolkit.investigation import demo as run

        store = open_store(home)
        made = run(store, again=again, command=typed(), progress=progress)
    if made.investigation is None or made.publication is None:
        page = store.folder / made.incident.id / "postmortem.html"
        say(f"The demo's incident is there: {page}")
        say("Open it in a browser; postmortem demo --again makes a new one.")
        return 0
    _show(made.investigation.diagnosis)
    _say_where(made.publication, made.incident.id)
    return _failures(made.investigation.runs)


def _say_where(made: Publication, incident: str) -> None:
    say(f"{made.page}")
    say(f"Open it in a browser. The record: postmortem show {incident}")
