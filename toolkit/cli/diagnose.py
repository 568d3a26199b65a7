"""``postmortem diagnose``: from a log to a verdict, with no incident and no store (floor 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli.columns import column_options, roles_given
from toolkit.cli.frame import Command, check_target, engine_option, memory_option, say, say_pairs, say_table
from toolkit.cli.progress import Progress
from toolkit.cli.times import span_option

if TYPE_CHECKING:
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.logs import Log

_MOST_COLUMNS = 30


@click.command(
    cls=Command,
    short_help="Say what went wrong in a log: verdict, evidence, ledger; no store needed.",
    example="""
    postmortem diagnose 'served/*.parquet' --reference validation.parquet --roles roles.toml --json diagnosis.json
    """,
)
@click.argument("log")
@click.option("--reference", metavar="FILE", help="Rows that the model is held to: its validation rows, a good month.")
@column_options
@click.option("--events", metavar="FILE", help="What happened: a table with timestamp, kind and text.")
@click.option("--json", "out", metavar="OUT", help="Write the diagnosis as JSON to OUT (- prints it instead).")
@span_option("--window", "Investigate the rows of this span alone.")
@span_option("--reference-window", "Hold them to the rows of this span, of the reference or of the log itself.")
@click.option("--explain", is_flag=True, help="Show every rival with the findings for and against it.")
@click.option("--seed", default=0, show_default=True, help="Seed of every sample.")
@memory_option
@engine_option
def diagnose(
    log: str,
    reference: str | None,
    roles: str | None,
    columns: tuple[str, ...],
    events: str | None,
    out: str | None,
    window: tuple[datetime, datetime] | None,
    reference_window: tuple[datetime, datetime] | None,
    explain: bool,
    seed: int,
    memory_mb: int | None,
    engine: str,
) -> None:
    """Say what went wrong in LOG: a file, a glob, a folder, FILE.duckdb::TABLE, a URL, or what Spark reads (--engine).

    A URL is s3://BUCKET/KEY (a file, a glob or a folder) or one file by https or http; it holds no password.

    Prints which of data, overfitting, integration, bias and human did most of the damage, since when and how sure that
    is; or none; or undetermined, with what would settle it. Exits 0 for every verdict, 2 where the input is unusable.
    """
    if out is not None and out != "-":
        check_target(out)
    with Progress() as progress:
        progress("loading")
        from toolkit.api import as_events
        from toolkit.api import diagnose as run
        from toolkit.logs import read_log

        progress("reading the log")
        happened = as_events(events)
        with read_log(
            log,
            roles_given(roles, columns),
            reference=reference,
            engine=engine,
            memory_mb=memory_mb,
            window=window,
            reference_window=reference_window,
            watch=progress.watch,
        ) as opened:
            progress(f"diagnosing {opened.validation.rows_kept:,} rows")
            answer = run(opened, events=happened, seed=seed)
            left_out = told_of_rows(opened)
    if out == "-":
        say(answer.to_json())
        return
    if out is not None:
        answer.to_json(out)
    show_reading(opened, left_out, guessed=roles is None)
    show_answer(answer, explain=explain)


def show_reading(log: Log, left_out: Sequence[str], *, guessed: bool) -> None:
    """Print how the log was read: what was ``guessed``, and which rows were left out."""
    if guessed:
        show_roles(log)
    show_values(log)
    for line in left_out:
        say(line)


def show_answer(answer: Diagnosis, *, explain: bool) -> None:
    """Print the verdict, or every rival with the findings for and against it."""
    if explain:
        say(answer.explain())
        return
    from toolkit.causes.diagnosis import summary_lines

    say_pairs(summary_lines(answer.record))


def show_roles(log: Log) -> None:
    """Print the roles that were guessed, one line a column."""
    table = log.roles_table()
    heads = list(table[0]) if table else []
    say("Roles were guessed; correct one with --column ROLE=COLUMN, or write a roles.toml and pass it with --roles.")
    say_table(heads, [[row[h] for h in heads] for row in table], most=_MOST_COLUMNS, cell=40)
    if log.roles.column("label") is None:
        say("No column looks like the label; where one holds what truly happened: --column label=COLUMN")


def show_values(log: Log) -> None:
    """Print what was guessed of the values: the task, the positive class, which statuses are answers."""
    roles = log.roles
    said = {
        "task": f"task {log.task}",
        "positive": f"positive class {roles.positive}",
        "status_ok": f"answered means status {', '.join(roles.status_ok)}",
    }
    guessed = [text for name, text in said.items() if name in roles.guessed]
    if guessed:
        say(f"Guessed: {'; '.join(guessed)}.")
        say()


def told_of_rows(log: Log) -> list[str]:
    """Give the validation report, where rows were left out; the log must be open."""
    told = []
    for name, part in (("log", log), ("reference", log.reference)):
        if part is None:
            continue
        report = part.validation
        if report.quarantined or report.rejects or report.strays:
            told.append(
                f"Rows of the {name} were left out:" if report.quarantined or report.rejects else f"The {name}:"
            )
            told += [report.table(), ""]
    return told
