"""The debrief of a drill as one HTML page (floor 7): the path beside the best path, the truth, what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from toolkit.drills.scene import Scene
from toolkit.drills.score import Score
from toolkit.drills.words import MITIGATIONS
from toolkit.drills.worth import Valued
from toolkit.report.page import fill
from toolkit.report.plots import figure as f
from toolkit.report.prose import markdown
from toolkit.report.tables import Table


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    id: str
    title: str
    html: Markup


def page(scene: Scene, score: Score, trainee: str) -> str:
    """Give the debrief of a drill that is over, as a page that loads nothing and runs nothing."""
    sections = (
        Section("score", "The score", _score(score)),
        Section("path", "Your path beside the best path", _paths(scene, score)),
        Section("truth", "The truth", _truth(scene)),
        Section("published", "What was published", _published(scene)),
    )
    over = f"Debrief of a drill, {trainee}: {score.points:g} of 100"
    return fill("drill.html.j2", title=scene.title, over=over, notice=scene.notice, brief=scene.brief, parts=sections)


def _score(score: Score) -> Markup:
    rows = [(part.name, part.points, part.most, part.why) for part in score.parts]
    rows.append(("sum", score.points, 100, ""))
    table = Table(("part", "points", "at most", "why"), tuple(rows), "The score and its parts").html(quiet=True)
    if score.answer is None:
        return Markup("<p>No answer was given.</p>{}").format(table)
    a = score.answer
    said = (
        ("cause", a.cause), ("mechanism", a.mechanism or None), ("onset", a.onset or "from the first row"),
        ("who is affected", ", ".join(f"{t.column} = {t.value}" for t in a.affected) or "everybody"),
        ("confidence", f"{a.confidence:.0%}"), ("first mitigation", MITIGATIONS[a.mitigation]),
    )  # fmt: skip
    return Markup("{}<h3>The last answer</h3>{}").format(
        table, Table(("what", "said"), said, "The answer").html(quiet=True)
    )


def _paths(scene: Scene, score: Score) -> Markup:
    intro = Markup(
        "<p>Worth is counted in bits of the truth, for a plain reader who begins with all six verdicts alike and holds "
        "a cause four times as likely once the look that bears on it shows something, four times less likely once it "
        "shows nothing. Below 0 is a false trail. The best path takes, each time, the look that is worth most for its "
        "cost.</p>"
    )
    mine = _path_table(scene, score.path, "Your path").html()
    best = _path_table(scene, score.best, "The best path").html()
    drawn = _figure(score).marked((scene.kind,)).html() if score.path else Markup("<p>Nothing was looked at.</p>")
    return Markup("{}{}{}{}").format(intro, drawn, mine, best)


def _path_table(scene: Scene, path: Sequence[Valued], caption: str) -> Table:
    words = {True: "showed something", False: "showed nothing", None: "not counted"}
    rows = [(v.what, scene.time_at(v.at), v.cost, words[v.shows], round(v.bits, 2), f"{v.after:.0%}") for v in path]
    return Table(("move", "at", "cost", "what it gave", "worth in bits", "truth then"), tuple(rows), caption)


def _figure(score: Score) -> f.Figure:
    """Draw how sure a plain reader was of the truth, over what had been spent, on both paths."""

    def steps(path: Sequence[Valued]) -> tuple[list[float], list[float]]:
        x, y, spent = [0.0], [path[0].before * 100 if path else 0.0], 0.0
        for v in path:
            spent += 0 if v.what == "wait" else v.cost
            x.append(spent)
            y.append(v.after * 100)
        return x, y

    def draw(drawing: Any, narrow: bool) -> None:
        axes = f.axes_in(drawing, left=0.6, right=0.2, top=0.1, bottom=0.55)
        for path, colour, word in ((score.path, f.MAIN, "yours"), (score.best, f.GOOD, "the best")):
            if path:
                x, y = steps(path)
                axes.step(x, y, where="post", color=colour, lw=2, label=word, marker="o", ms=3.5)
        axes.set_ylim(0, 102)
        axes.set_xlabel("spent on evidence")
        axes.set_ylabel("truth, %")
        axes.legend(frameon=False, loc="lower right", fontsize=8 if narrow else 9.5)

    end = score.path[-1].after if score.path else 0.0
    alt = f"After your looks a plain reader is {end:.0%} sure of the truth"
    if score.best:
        alt += f"; after the {len(score.best)} of the best path, {score.best[-1].after:.0%}"
    rows = [
        (word, v.what, v.cost, round(v.after, 3))
        for word, p in (("yours", score.path), ("the best", score.best))
        for v in p
    ]
    table = Table(("path", "move", "cost", "truth then"), tuple(rows), "Both paths")
    return f.Figure("paths", "How sure a plain reader could be of the truth", alt, table, draw, 2.6)


def _truth(scene: Scene) -> Markup:
    rows: list[tuple[str, Any]] = [("cause", scene.cause), ("mechanism", scene.mechanism)]
    rows += [("accepted too", ", ".join(scene.accepted[1:]))] if len(scene.accepted) > 1 else []
    if not scene.healthy:
        rows.append(("onset", scene.onset or "from the first row"))
        rows.append(("who is affected", ", ".join(f"{t.column} = {t.value}" for t in scene.slice) or "everybody"))
    rows += [("contributing", text) for text in scene.contributing]
    rows.append(("you were called at", scene.moments[0]))
    events = [(e.occurred_at, known, e.kind, e.text) for e, known in scene.timeline]
    timeline = Table(
        ("when", "known at", "kind", "what"), tuple(events), "The whole timeline, hindsight included"
    ).html()
    return Markup("{}{}").format(Table(("what", "truth"), tuple(rows), "The truth").html(quiet=True), timeline)


def _published(scene: Scene) -> Markup:
    facts = Markup("").join(
        Markup("<li>{} <small>({})</small></li>").format(text, _source(source)) for text, source in scene.facts
    )
    listed = Markup("<h3>Facts and where they stand</h3><ul>{}</ul>").format(facts) if scene.facts else Markup("")
    return Markup("{}{}").format(markdown(scene.debrief), listed)


def _source(source: str) -> Markup:
    if source.startswith(("https://", "http://")) and " " not in source:
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(source, source)
    return escape(source)
