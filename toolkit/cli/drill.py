"""``drill`` and ``drills``: a case study on a moving clock, and the class over many (floor 8)."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.frame import (
    FAILED,
    Command,
    home_option,
    json_option,
    open_store,
    say,
    say_json,
    say_pairs,
    say_table,
    typed,
)
from toolkit.errors import PostmortemError
from toolkit.vocabulary import CAUSES

if TYPE_CHECKING:
    from toolkit.drills.drill import Drill
    from toolkit.report.tables import Table

_MOVES = """looks; look NAME; sql SELECT ...; wait PERCENT; hint; status;
answer CAUSE mechanism=... onset=... affected=column=value confidence=70 mitigation=...; end; quit"""


@click.command(
    cls=Command,
    short_help="Play a case study on a moving clock, answer, and read the debrief.",
    example="""
    postmortem drill broken_etl --do "look metric" --do "look inputs" --do "answer integration confidence=80" --do end
    postmortem drill broken_etl --notebook
    postmortem drill --random --cause data --difficulty 3 --seed 7
    """,
)
@click.argument("name", default="")
@click.option("--random", "planted", is_flag=True, help="A game day: a fresh fault is planted, or nothing.")
@click.option("--cause", type=click.Choice(CAUSES), help="Of a game day: plant a fault of this cause, or nothing.")
@click.option("--difficulty", type=click.IntRange(1, 5), default=3, show_default=True, help="Of a game day.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Gives the same drill again.")
@click.option("--log", metavar="FILE", help="Of a game day: plant it into the rows of your own log.")
@click.option("--roles", metavar="FILE", help="roles.toml of --log; guessed where not given.")
@click.option("--trainee", default="", metavar="WHO", help="Who diagnoses [default: the user's name].")
@click.option(
    "--do", "moves", multiple=True, metavar="MOVE", help="Make this move and ask for none; may be given again."
)
@click.option("--notebook", is_flag=True, help="Write drill.ipynb for JupyterLab instead of asking here.")
@click.option("--sheet", is_flag=True, help="Write the facilitator's sheet instead, answer included.")
@click.option("--again", is_flag=True, help="Begin anew even if there is one that is unfinished.")
@click.option("--folder", default="drills", show_default=True, metavar="DIR", help="Where tapes and debriefs lie.")
@home_option
def drill(
    name: str, planted: bool, cause: str | None, difficulty: int, seed: int, log: str | None, roles: str | None,
    trainee: str, moves: tuple[str, ...], notebook: bool, sheet: bool, again: bool, folder: str, home: str | None,
) -> None:  # fmt: skip
    """Play case NAME as a drill: nothing later than its clock can be seen, and every look moves the clock.

    Moves are read from the terminal, from a pipe, or from --do. The last answer before the end counts. A drill that was
    left is gone on with by the same command.
    """
    if planted == bool(name):
        raise click.UsageError("name a case study, or give --random; `postmortem cases` lists them.")
    if not planted and (cause or log or roles):
        raise click.UsageError("--cause, --log and --roles are for a game day; add --random.")
    game = None
    if planted:
        game = {"cause": cause, "difficulty": difficulty, "seed": seed, "log": log, "roles": roles}
    if sheet or notebook:
        written = _sheet(name, seed, game, folder) if sheet else _notebook(name, seed, game, folder, trainee)
        say(str(written))
        if notebook:
            say(f"Open it: jupyter lab {written}")
        return
    from toolkit.drills.drill import drill as begin

    _play(begin(name, trainee=trainee, seed=seed, game=game, folder=folder, again=again), moves, home)


def _sheet(name: str, seed: int, game: dict[str, Any] | None, folder: str) -> Path:
    from toolkit.drills.sheet import sheet
    from toolkit.drills.staging import scene_for, spec_of
    from toolkit.paths import write_whole

    page = sheet(scene_for(spec_of(name, seed, game)))
    Path(folder).mkdir(parents=True, exist_ok=True)
    return write_whole(Path(folder) / f"{name or 'game-day'}.sheet.html", page)


def _notebook(name: str, seed: int, game: dict[str, Any] | None, folder: str, trainee: str) -> Path:
    from toolkit.drills.notebook import write_notebook
    from toolkit.drills.staging import spec_of, ticket

    spec = spec_of(name, seed, game)
    return write_notebook(ticket(spec) if game else name, seed, trainee, folder)


def _play(d: Drill, moves: tuple[str, ...], home: str | None) -> None:
    """Make one move after the other; a move that cannot be made is one line, and ends what --do asked for."""
    say_pairs([("Drill", d.title), ("Brief", d.brief), ("Clock", _clock(d))])
    asked = bool(moves)
    if not asked:
        _show(d.looks())
        say(_MOVES)
    for line in iter(moves) if asked else _typed(d):
        try:
            if not _move(d, line, home):
                return
        except PostmortemError as error:
            if asked or not sys.stdin.isatty():
                raise
            say(f"postmortem: {error}", err=True)
    if not d.over:
        say(f"Left at {_clock(d)}. Go on with the same command; its tape is {d.file}")


def _typed(d: Drill) -> Iterator[str]:
    """Give the lines that are typed, or piped in, until there are no more."""
    live = sys.stdin.isatty()
    with contextlib.suppress(OSError, EOFError):
        while True:
            if live:
                click.echo(f"{d.clock:%Y-%m-%d %H:%M} ({d.left:.0f} % left)> ", nl=False)
            line = sys.stdin.readline()
            if not line:
                return
            yield line


def _move(d: Drill, line: str, home: str | None) -> bool:
    """Make one move and show what it gives; False where nothing comes after it."""
    verb, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    shown: dict[str, Callable[[], Any]] = {
        "looks": lambda: _show(d.looks()),
        "status": lambda: say(_clock(d)),
        "look": lambda: _show(d.look(rest).table),
        "sql": lambda: _show(d.sql(rest)),
        "wait": lambda: say(f"It is {d.wait(_percent(rest)):%Y-%m-%d %H:%M} UTC"),
        "hint": lambda: say(d.hint()),
        "answer": lambda: _answer(d, rest),
    }
    if verb in {"quit", "exit"}:
        say(f"Left at {_clock(d)}. Go on with the same command; its tape is {d.file}")
        return False
    if verb == "end":
        _end(d, home)
        return False
    if verb and verb not in shown:
        raise PostmortemError(f"there is no move {verb[:30]!r}", fix=f"they are: {', '.join(shown)}, end, quit")
    if verb:
        shown[verb]()
    return True


def _percent(text: str) -> float:
    try:
        return float(text or 10)
    except ValueError:
        raise PostmortemError(f"{text[:30]!r} is no number", fix="say how many per cent of the time") from None


def _answer(d: Drill, rest: str) -> None:
    """Read ``CAUSE key=value ...`` and answer."""
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise PostmortemError(f"the answer cannot be read: {error}", fix="close the quotes") from None
    given: dict[str, Any] = {"cause": words[0] if words and "=" not in words[0] else ""}
    for word in words[1:]:
        key, mark, value = word.partition("=")
        if not mark or key not in {"mechanism", "onset", "affected", "confidence", "mitigation"}:
            known = "mechanism=, onset=, affected=, confidence=, mitigation="
            raise PostmortemError(f"{word[:30]!r} is no part of an answer", fix=f"write CAUSE and {known}")
        given[key] = value
    if "confidence" in given:
        given["confidence"] = _percent(str(given["confidence"]).rstrip("%"))
    said = d.answer(**given)
    say(f"Answered: {said.cause} {said.mechanism}, {said.confidence:.0%} sure. It can be revised until the end.")


def _end(d: Drill, home: str | None) -> None:
    score = d.end()
    open_store(home).record_drill(d.result(), command=typed())
    _show(score.table())
    say(f"{score.points:g} of 100. The debrief: {d.debrief_path}")


def _clock(d: Drill) -> str:
    return f"{d.clock:%Y-%m-%d %H:%M} UTC, {d.left:.0f} % of the time left, {d.spent:g} spent on evidence"


def _show(table: Table) -> None:
    say(f"\n{table.caption}")
    say_table(table.columns, [[_plain(v) for v in row] for row in table.rows], most=40)


def _plain(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


@click.command(
    cls=Command,
    short_help="Take in finished drills and show the class.",
    example="postmortem drills drills/ from_ada/",
)
@click.argument("folders", nargs=-1)
@home_option
@json_option
def drills(folders: tuple[str, ...], home: str | None, as_json: bool) -> int:
    """Record the finished drills that lie in FOLDERS (default: drills), and show how the class does.

    A score is computed anew from the moves of each tape. Exits 1 where a tape cannot be used; the rest is recorded.
    """
    from toolkit.drills.classroom import class_table, gather

    store = open_store(home)
    unusable = gather(store, [Path(f) for f in folders] or [Path("drills")], command=typed())
    table = class_table(store.drills())
    if as_json:
        say_json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    elif table.rows:
        _show(table)
    else:
        say("No drill was finished yet. Begin with: postmortem drill broken_etl")
    for error in unusable:
        say(f"postmortem: {error}", err=True)
    return FAILED if unusable else 0
