"""``cases``, ``case`` and ``templates``: what ships with the toolkit (floor 8)."""

from __future__ import annotations

from pathlib import Path

import click

from toolkit.cli.frame import FAILED, Command, Group, json_option, say, say_json, say_pairs, say_table


@click.group(
    cls=Group, invoke_without_command=True, short_help="List the case studies to learn on, or begin a new one."
)
@json_option
@click.pass_context
def cases(context: click.Context, as_json: bool) -> None:
    """List the bundled case studies; their causes are not told here."""
    if context.invoked_subcommand is not None:
        return
    from toolkit.drills.cases import cases as find

    found = find()
    if as_json:
        say_json(
            [
                {"name": c.name, "title": c.title, "kind": c.kind, "difficulty": c.difficulty, "has_log": c.has_log}
                for c in found
            ]
        )
    else:
        rows = [(c.name, c.kind, c.difficulty, "log" if c.has_log else "timeline", c.title) for c in found]
        say_table(("name", "kind", "difficulty", "holds", "title"), rows, cell=70)


@cases.command("new", example="postmortem cases new late_parcels")
@click.argument("name")
@click.option(
    "--folder", default="case_studies", show_default=True, metavar="DIR", help="Where the case's folder is made."
)
def new(name: str, folder: str) -> None:
    """Write the folder of a new case study that keeps the contract as it is, to go on from."""
    from toolkit.drills.scaffold import new_case

    place = new_case(name, folder)
    for file in sorted(place.iterdir()):
        say(str(file))
    say("Change every file; tests/test_cases.py holds each folder of case_studies to the contract.")


@click.command(
    cls=Command,
    short_help="Show a case study, and write its log to a folder.",
    example="postmortem case flights_delays --out practice/",
)
@click.argument("name")
@click.option("--out", metavar="DIR", help="Write log, reference, roles and events there, to be diagnosed.")
@click.option("--debrief", is_flag=True, help="Tell the answer too.")
@json_option
def case(name: str, out: str | None, debrief: bool, as_json: bool) -> None:
    """Show the brief of case NAME."""
    from toolkit.drills.cases import case as find

    found = find(name)
    files = _lay_out(found, Path(out)) if out is not None else []
    if as_json:
        keys = ("name", "title", "brief", "kind", "licence", "notice")
        told = {**{key: getattr(found, key) for key in keys}, "files": files}
        answer = {"cause": found.cause, "mechanism": found.mechanism, "debrief": found.debrief()} if debrief else {}
        say_json({**told, **answer})
        return
    say_pairs([("Case", found.title), ("Kind", found.kind), ("Licence", found.licence), ("Brief", found.brief)])
    if found.notice:
        say(found.notice)
    if debrief:
        say()
        say(found.debrief())
    if files:
        say()
        say("\n".join(files))
        log = next((f for f in files if Path(f).stem == "log"), None)
        if log:
            reference = next((f" --reference {f}" for f in files if Path(f).stem == "reference"), "")
            place = Path(log).parent
            say(f"Next: postmortem diagnose {log}{reference} --roles {place}/roles.toml --events {place}/events.csv")


def _lay_out(found: object, folder: Path) -> list[str]:
    """Copy what a responder would have into a folder; give the files."""
    import shutil

    from toolkit.drills.cases import Case

    assert isinstance(found, Case)
    folder.mkdir(parents=True, exist_ok=True)
    sources = [found.log_path(folder), found.reference_path(folder), found.roles_path, found.events_path]
    files = []
    for source in sources:
        if source is not None:
            target = folder / found.name / source.name
            target.parent.mkdir(exist_ok=True)
            if source.resolve() != target.resolve():
                shutil.copy(source, target)
            files.append(str(target))
    if found.notice:
        (folder / found.name / "NOTICE.txt").write_text(f"{found.notice}\n", encoding="utf-8")
        files.append(str(folder / found.name / "NOTICE.txt"))
    return files


@click.command(
    cls=Command,
    short_help="List and check the notebook templates, or begin one of your own.",
    example="postmortem templates --scaffold churn_checks",
)
@click.option("--folder", metavar="DIR", help="Where your own templates lie [default: ./templates].")
@click.option("--scaffold", metavar="NAME", help="Write a new template that runs, to go on from.")
@json_option
def templates(folder: str | None, scaffold: str | None, as_json: bool) -> int:
    """List every template with what it answers; exits 1 where one cannot be run."""
    from toolkit.notebooks import templates as library

    if scaffold is not None:
        made = library.scaffold(scaffold, folder or library.USER_FOLDER)
        say_json({"template": str(made)}) if as_json else say(f"{made}")
        return 0
    found = library.templates(folder)
    if as_json:
        keys = ("name", "title", "answers", "shipped", "problem")
        say_json([{**{k: getattr(t, k) for k in keys}, "parameters": dict(t.parameters)} for t in found])
    else:
        rows = [(t.name, "ours" if t.shipped else "yours", t.problem or t.answers) for t in found]
        say_table(("name", "whose", "answers"), rows, cell=100)
    return FAILED if any(t.problem for t in found) else 0
