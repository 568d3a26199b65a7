"""``sql``, ``stats``, ``search`` and ``similar``: questions to the record as a whole (floor 8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from toolkit.cli.frame import (
    Command,
    check_target,
    home_option,
    json_option,
    open_store,
    say,
    say_json,
    say_pairs,
    say_table,
    visible,
)
from toolkit.cli.text import span_text


@click.command(
    cls=Command,
    short_help="Query the record with one SELECT.",
    example='postmortem sql "select severity, count(*) from incidents group by 1"',
)
@click.argument("query", required=False)
@click.option("--schema", is_flag=True, help="List the views and their columns instead.")
@click.option("--rows", default=10_000, show_default=True, type=click.IntRange(min=1), help="Most rows to give.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@home_option
@json_option
def sql(query: str | None, schema: bool, rows: int, as_csv: bool, home: str | None, as_json: bool) -> None:
    """Answer one SELECT over the documented views; nothing can be changed with it."""
    if schema:
        _schema(as_json)
        return
    if not query:
        raise click.UsageError("Missing argument 'QUERY' (or --schema).")
    heads, found = open_store(home).sql(query, rows=rows)
    if as_json:
        say_json([dict(zip(heads, [_plain(v) for v in row], strict=True)) for row in found])
    elif as_csv:
        _csv(heads, found)
    else:
        say_table(heads, [[_plain(v) for v in row] for row in found], cell=80)


def _schema(as_json: bool) -> None:
    from toolkit.store.views import VIEWS

    if as_json:
        say_json([{"name": v.name, "row": v.row, "columns": v.columns} for v in VIEWS])
        return
    for view in VIEWS:
        say(f"{view.name}: {view.row}")
        say_pairs((f"  {name}", what) for name, what in view.columns.items())


def _plain(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def _csv(heads: Any, rows: Any) -> None:
    import csv
    import io

    from toolkit.store.handout import cell

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(visible(h)) for h in heads])
    writer.writerows([[cell(visible(v)) if isinstance(v, str) else _plain(v) for v in row] for row in rows])
    click.echo(out.getvalue(), nl=False)


@click.command(
    cls=Command,
    short_help="Count causes, times and actions over all incidents.",
    example="postmortem stats --plot incidents.svg",
)
@click.option("--plot", metavar="FILE", help="Draw causes by month and mechanisms: FILE.svg, or FILE.png.")
@home_option
@json_option
def stats(plot: str | None, home: str | None, as_json: bool) -> None:
    """Count causes, mechanisms, times and actions over all incidents."""
    if plot is not None:
        check_target(plot)
        if not plot.lower().endswith((".svg", ".png")):
            raise click.UsageError("--plot writes a file that ends in .svg or .png.")
    found = open_store(home).stats()
    if plot is not None:
        from toolkit.report.plots import overview

        overview(found).save(plot)
    if as_json:
        say_json(found.to_dict())
        return

    def counts(values: dict[str, int]) -> str:
        return ", ".join(f"{name} {n}" for name, n in values.items()) or "-"

    lags = (("To detect", found.to_detect), ("To mitigate", found.to_mitigate), ("To resolve", found.to_resolve))
    say_pairs(
        [
            ("Incidents", f"{found.incidents} ({found.open} open), near misses {found.near_misses}"),
            ("Severities", counts(found.severities)),
            ("Causes", counts(found.causes)),
            ("Mechanisms", counts(found.mechanisms)),
            *(
                (head, f"median {span_text(x.median)}, 9 of 10 within {span_text(x.p90)} ({x.n} known)")
                for head, x in lags
            ),
            ("Actions", counts(found.actions) + (f", {len(found.overdue)} overdue" if found.overdue else "")),
            *(("Recurring", f"{name}: {', '.join(ids)}") for name, ids in found.recurring.items()),
        ]
    )
    if found.months:
        say()
        rows = [(m.month, m.incidents, counts(m.causes), counts(m.mechanisms)) for m in found.months]
        say_table(("month", "incidents", "causes", "mechanisms"), rows)
    if plot is not None:
        say(f"\n{plot}")


@click.command(
    cls=Command,
    short_help="Find incidents, events, actions, findings and postmortems by their words.",
    example="postmortem search furlough",
)
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@home_option
@json_option
def search(words: tuple[str, ...], limit: int, home: str | None, as_json: bool) -> None:
    """Find what holds every one of WORDS, the best first."""
    found = open_store(home).search(" ".join(words), limit=limit)
    if as_json:
        say_json([hit.__dict__ for hit in found])
    elif not found:
        say("Nothing holds all of these words.")
    else:
        say_table(("incident", "kind", "id", "text"), [(h.incident, h.kind, h.id, h.text) for h in found], cell=90)


@click.command(
    cls=Command,
    short_help="Rank other incidents by how alike their evidence looks.",
    example="postmortem similar INC-0001",
)
@click.argument("incident")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--no-cases", is_flag=True, help="Only incidents of this store, not the bundled case studies.")
@home_option
@json_option
def similar(incident: str, limit: int, no_cases: bool, home: str | None, as_json: bool) -> None:
    """Rank other incidents by how alike their evidence looks to that of INCIDENT.

    Compared is what their diagnoses found: the share that each mechanism explains, and which detectors speak for which.
    A bundled case study without a log counts by the mechanisms that it is known for.
    """
    from toolkit.drills.alike import fingerprints

    known = {} if no_cases else {f"case {name}": marks for name, marks in fingerprints().items()}
    found = open_store(home).similar(incident, others=known, limit=limit)
    if as_json:
        say_json([one.__dict__ for one in found])
    elif not found:
        say("There is no other incident with a diagnosis to compare with.")
    else:
        say_table(
            ("incident", "alike", "both show"), [(a.name, f"{a.likeness:.0%}", ", ".join(a.shared)) for a in found]
        )
