"""The facilitator's sheet (floor 7): who leads a class through a drill reads it, and shows it to nobody."""

from __future__ import annotations

import re

from markupsafe import Markup

from toolkit.drills.debrief import Section
from toolkit.drills.moves import HINTS
from toolkit.drills.scene import WHOLE, Scene
from toolkit.drills.words import FITS, MITIGATIONS
from toolkit.drills.worth import best_path, hint_text
from toolkit.report.page import fill
from toolkit.report.prose import markdown
from toolkit.report.tables import Table


def sheet(scene: Scene) -> str:
    """Give the sheet of a scene as a page: the run, injects with when to say what, hints, questions, the answer."""
    sections = (
        Section("run", "How to run it", _run(scene)),
        Section("injects", "Injects: when to say what", _injects(scene)),
        Section("hints", "Hints, in their order", _hints(scene)),
        Section("questions", "Questions", _questions(scene)),
        Section("answer", "The answer, for you alone", _answer(scene)),
    )
    over = "Facilitator's sheet: not for trainees"
    return fill("drill.html.j2", title=scene.title, over=over, notice=scene.notice, brief=scene.brief, parts=sections)


def _run(scene: Scene) -> Markup:
    rows = (
        ("0 to 5", "Read the brief aloud. Ask for a first guess with a confidence, and write it on the board."),
        ("5 to 30", "They look, in pairs. Nobody may say a cause without the look that it rests on."),
        ("at half of the clock", "Stop. Each pair says what it has ruled out. Let them answer for the first time."),
        ("at the end of the clock", "The last answer counts. Ask who changed theirs, and on what evidence."),
        ("last 20", "Open the debriefs. Compare paths before points; then the questions below."),
    )
    table = Table(("minute", "what to do"), rows, "A plan for one hour").html(quiet=True)
    clock = Markup("<p>The clock of the drill runs from {} to {} UTC; every look moves it.</p>").format(
        f"{scene.moments[0]:%Y-%m-%d %H:%M}", f"{scene.moments[-1]:%Y-%m-%d %H:%M}"
    )
    return Markup("{}{}").format(clock, table)


def _injects(scene: Scene) -> Markup:
    """Everything that becomes known while the clock runs; what is known at the call, and what comes too late, apart."""
    first, last = scene.moments[0], scene.moments[-1]
    rows = []
    for event, known in sorted(scene.timeline, key=lambda pair: pair[1]):
        if known <= first:
            when = "at the call"
        elif known > last:
            when = "never: hindsight"
        else:
            when = f"at {_progress(scene, known):.0f} %"
        rows.append((when, known, event.kind, event.text))
    rows.append(
        ("at 50 %", scene.time_at(50), "inject", "The desk asks: may we go on serving? Say yes or no, and why.")
    )
    rows.append(
        ("at 80 %", scene.time_at(80), "inject", "Somebody senior says that it is surely the data. What do you show?")
    )
    rows.sort(key=lambda row: row[1])
    return Table(("when", "clock", "kind", "say"), tuple(rows), "Injects").html(quiet=True)


def _progress(scene: Scene, known: object) -> float:
    low, high = 0.0, WHOLE
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if scene.time_at(middle) < known else (low, middle)  # type: ignore[operator]
    return high


def _hints(scene: Scene) -> Markup:
    texts = Markup("").join(Markup("<li>{}</li>").format(hint_text(scene, i)) for i in range(HINTS))
    return Markup(
        "<p>Each costs a trainee 8 % of the time. Give one only to who has answered once.</p><ol>{}</ol>"
    ).format(texts)


def _questions(scene: Scene) -> Markup:
    found = re.search(r"^## Questions\s*\n(.*?)(?=^## |\Z)", scene.debrief, re.DOTALL | re.MULTILINE)
    own = markdown(found.group(1)) if found else Markup("")
    always = (
        "Which look changed your mind, and would it have changed it had it come out the other way?",
        "What did you rule out first, and was it ruled out?",
        "Whose harm went on while you looked? What could have been done before the cause was known?",
    )
    return Markup("{}<ul>{}</ul>").format(own, Markup("").join(Markup("<li>{}</li>").format(q) for q in always))


def _answer(scene: Scene) -> Markup:
    fits = sorted(((v, k) for k, v in FITS[scene.cause].items()), reverse=True)
    rows = (
        ("cause", scene.cause), ("mechanism", scene.mechanism), ("accepted too", ", ".join(scene.accepted[1:]) or None),
        ("onset", "none" if scene.healthy else scene.onset or "from the first row"),
        ("who is affected", ", ".join(f"{t.column} = {t.value}" for t in scene.slice) or "everybody"),
        ("first mitigations that fit", "; ".join(f"{MITIGATIONS[k]} ({v:.0%})" for v, k in fits)),
    )  # fmt: skip
    best = [(v.what, v.cost, round(v.bits, 2), f"{v.after:.0%}") for v in best_path(scene)]
    path = Table(("look", "cost", "worth in bits", "truth then"), tuple(best), "The best path from the call on").html()
    return Markup("{}{}").format(Table(("what", "answer"), rows, "The answer").html(quiet=True), path)
