"""A drill (floor 7): one trainee, one scene, a clock that every look moves, and a tape of what was done.

    d = drill("flights_delays", trainee="Ada")
    d.look("metric"); d.sql("SELECT count(*) FROM log"); d.wait(10); d.hint()
    d.answer("data", mechanism="concept_drift", onset="2013-06-01", confidence=70, mitigation="fall_back")
    d.end()

The tape is a small JSON file that is written after every move, so that nothing is lost when a kernel dies; it holds no
truth. Whoever opens the files of a case can read its answer: a drill is for learning, and no examination.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from toolkit.drills.looks import Seen, looks_at
from toolkit.drills.moves import HINT_COST, HINTS, SQL_COST, Answer, Move, Step, affected_of, checked, walk
from toolkit.drills.scene import WHOLE, Visible, visible
from toolkit.drills.score import Score, result_of, score_of
from toolkit.drills.staging import sealed, unsealed
from toolkit.drills.words import MITIGATIONS
from toolkit.drills.worth import hint_text
from toolkit.errors import PostmortemError
from toolkit.paths import write_whole
from toolkit.records import Slice, iso, moment
from toolkit.report.tables import Table

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Final = "toolkit.drill/1"
#: Where tapes and debriefs lie unless it is said otherwise.
FOLDER: Final = "drills"
ENDING: Final = ".drill.json"


class Drill:
    """One trainee's way through a scene. What it gives was known at ``clock``; ``end`` gives the score.

    Raises (every move):
        PostmortemError: the drill is over, the time is up, or a word is unknown; the clock did not move.
    """

    def __init__(self, spec: Mapping[str, Any], tape: dict[str, Any], file: Path) -> None:
        from toolkit.drills.staging import scene_for

        self._stage = scene_for(spec)
        self._tape, self.file = tape, file
        self._now = self._seen()

    def __repr__(self) -> str:
        return f"<drill {self.scenario!r} of {self.trainee!r} at {self.clock:%Y-%m-%d %H:%M}, {self.left:.0f} % left>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        html = Markup("<h3>{}</h3><p>{}</p>{}<p>It is <b>{} UTC</b>; {} % of the time is left.</p>").format(
            self.title,
            self._stage.brief,
            Markup("<p><strong>{}</strong></p>").format(self._stage.notice) if self._stage.notice else "",
            f"{self.clock:%Y-%m-%d %H:%M}",
            f"{self.left:.0f}",
        )
        return {"text/html": str(html), "text/plain": f"{self.title}\n{self.brief}\n{self!r}"}

    @property
    def id(self) -> str:
        """Names this drill; the record keeps it once."""
        return str(self._tape["id"])

    @property
    def scenario(self) -> str:
        """The name of the case study, or of the game day."""
        return str(self._tape["scenario"])

    @property
    def trainee(self) -> str:
        """Who diagnoses."""
        return str(self._tape["trainee"])

    @property
    def brief(self) -> str:
        """What the trainee is told at the beginning, and what kind of data it is."""
        return f"{self._stage.brief} {self._stage.notice}".strip()

    @property
    def title(self) -> str:
        """The title of the scene."""
        return self._stage.title

    @property
    def clock(self) -> datetime:
        """The time that it is in the drill, UTC; nothing later can be seen."""
        return self._now.clock

    @property
    def left(self) -> float:
        """How much of the drill's time is left, of 100."""
        return WHOLE - self._progress

    @property
    def spent(self) -> float:
        """What looks, queries and hints have cost so far."""
        return sum(step.effort for step in self._steps)

    @property
    def over(self) -> bool:
        """Whether the drill was ended; then nothing can be changed."""
        return self._tape["ended_at"] is not None

    @property
    def moves(self) -> tuple[Move, ...]:
        """What was done so far."""
        return tuple(dict(move) for move in self._tape["moves"])

    def looks(self) -> Table:
        """List the looks that can be taken, what each asks and costs, and the tables that SQL can ask."""
        rows = [(look.name, look.asks, look.cost) for look in looks_at(self._now)]
        rows.append(("hint", f"{self._hints_left} left", HINT_COST))
        if self._tables():
            rows.append(("sql", f"one SELECT over {', '.join(self._tables())}", SQL_COST))
        return Table(("look", "what it asks", "costs % of the time"), tuple(rows), "What can be looked at")

    def look(self, name: str) -> Seen:
        """Take a look; the clock moves by its cost first, so it shows what is known then."""
        known = {look.name: look for look in looks_at(self._now)}
        if name not in known:
            raise PostmortemError(f"there is no look {name[:40]!r}", fix=f"they are: {', '.join(known)}")
        from toolkit.drills.looks import take

        self._do({"move": "look", "what": name})
        return Seen(name, take(known[name], self._now).table)

    def sql(self, text: str) -> Table:
        """Answer one SELECT over the tables ``log``, ``reference`` and ``events`` as they are known now.

        A query that is refused costs nothing; one that fails while it runs costs as any other, since its message may
        tell of the rows.
        """
        from toolkit.sql.sealed import QueryRan, ask_tables

        tables = self._tables()
        self._check_open()
        if not tables:
            raise PostmortemError("this case has no log to ask", fix="look at its events")
        after = visible(self._stage, self._stage.time_at(self._progress + SQL_COST))
        move = {"move": "sql", "what": text}
        try:
            columns, rows = ask_tables(_tables_of(after), text)
        except QueryRan:
            self._do(move)
            raise
        self._do(move)
        return Table(columns, tuple(rows), "Your query")

    def wait(self, by: float = 10.0) -> datetime:
        """Let time pass: ``by`` of the drill's 100 parts; gives the new time."""
        if not 0 < by <= WHOLE:
            raise PostmortemError(f"{by:g} is no part of the time", fix="say how many per cent, 1 to 100")
        self._do({"move": "wait", "by": float(by)})
        return self.clock

    def hint(self) -> str:
        """Give the next hint: what it is not, what to ask, where to look."""
        if self._hints_left == 0:
            raise PostmortemError("there are no more hints", fix="answer with the confidence that you have")
        number = HINTS - self._hints_left
        self._do({"move": "hint"})
        return hint_text(self._stage, number)

    def answer(
        self,
        cause: str,
        mechanism: str | None = None,
        onset: str | datetime | None = None,
        affected: str | Slice = (),
        confidence: float = 50,
        mitigation: str = "watch",
    ) -> Answer:
        """Answer, or answer anew: the last before the end counts.

        Args:
            cause: data, overfitting, integration, bias, human, or none where nothing is wrong.
            mechanism: one of the cause's; left out for none.
            onset: when it began, UTC; left out where it was there from the first row.
            affected: who is hit, ``column=value`` with commas between; left out for everybody.
            confidence: how sure you are of the cause, in per cent.
            mitigation: what is done first; it takes effect at once. ``MITIGATIONS`` lists them.
        """
        try:
            began = onset if isinstance(onset, datetime) else moment(onset or None)
        except ValueError:
            raise PostmortemError(f"{str(onset)[:40]!r} is no time", fix="write it as 2013-06-01T14:00") from None
        began = began.replace(tzinfo=UTC) if began is not None and began.tzinfo is None else began
        if began is not None and began > self.clock:
            raise PostmortemError(f"{iso(began)} is later than the clock", where=str(iso(self.clock)))
        who = affected_of(affected) if isinstance(affected, str) else affected
        given = checked(Answer(cause, mechanism or "", began, who, float(confidence) / 100, mitigation))
        self._do({"move": "answer", **given.to_dict()})
        return given

    def end(self) -> Score:
        """End the drill, write its debrief beside the tape, and give the score; ended twice it is the same."""
        if not self.over:
            self._tape["ended_at"] = iso(datetime.now(UTC))
            self._save()
        score = self._score()
        self._write(score)
        return score

    def debrief(self) -> Path:
        """Write the debrief again and give its path; only after the end."""
        if not self.over:
            raise PostmortemError("the drill is not over", fix="end it first")
        return self._write(self._score())

    def _write(self, score: Score) -> Path:
        from toolkit.drills.debrief import page

        return write_whole(self.debrief_path, page(self._stage, score, self.trainee))

    @property
    def debrief_path(self) -> Path:
        """Where the debrief is written at the end."""
        return self.file.with_name(self.file.name.removesuffix(ENDING) + ".debrief.html")

    def result(self) -> dict[str, Any]:
        """Give what the record keeps of a drill that is over, for ``Store.record_drill``."""
        if not self.over:
            raise PostmortemError("the drill is not over", fix="end it first")
        score, scene = self._score(), self._stage
        parts = [{"part": p.name, "points": p.points, "most": p.most, "why": p.why} for p in score.parts]
        body = {"answer": score.answer.to_dict() if score.answer else None, "parts": parts, "moves": list(self.moves)}
        body["scene"] = self._tape["scene"]
        about = {"id": self._tape["id"], "scenario": self.scenario, "trainee": self.trainee, "truth": scene.cause}
        times = {name: moment(self._tape[name]) for name in ("began_at", "ended_at")}
        return {**about, **times, "difficulty": scene.difficulty, **result_of(score), "body": body}

    def board(self) -> Any:
        """Give the controls of the drill as widgets, where they are live; else how to go on in plain cells."""
        from toolkit.drills.board import board

        return board(self)

    def _score(self) -> Score:
        return score_of(self._stage, self._steps)

    @property
    def _steps(self) -> tuple[Step, ...]:
        return walk(self._tape["moves"])

    @property
    def _progress(self) -> float:
        steps = self._steps
        return steps[-1].after if steps else 0.0

    @property
    def _hints_left(self) -> int:
        return max(HINTS - sum(step.kind == "hint" for step in self._steps), 0)

    def _check_open(self) -> None:
        if self.over:
            raise PostmortemError("the drill is over", where=str(self.debrief_path), fix="begin a new one")
        if self.left <= 0:
            raise PostmortemError("the time is up", fix="end the drill; the last answer counts")

    def _do(self, move: dict[str, Any]) -> None:
        self._check_open()
        self._tape["moves"].append(move)
        self._now = self._seen()
        self._save()

    def _seen(self) -> Visible:
        return visible(self._stage, self._stage.time_at(self._progress))

    def _tables(self) -> dict[str, pd.DataFrame]:
        return _tables_of(self._now)

    def _save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.file, json.dumps(self._tape, indent=1, ensure_ascii=False) + "\n")


def drill(
    name: str = "",
    *,
    trainee: str = "",
    seed: int = 0,
    game: Mapping[str, Any] | None = None,
    folder: str | os.PathLike[str] = FOLDER,
    again: bool = False,
) -> Drill:
    """Begin a drill, or go on with the trainee's unfinished one of the same scene.

    Args:
        name: a case study of ``postmortem cases``, or the ticket of a game day.
        trainee: who diagnoses; the user by default.
        seed: moves the hour at which the trainee is called.
        game: a planted fault in place of a case: ``cause``, ``difficulty``, ``seed``, ``log``, ``roles``.
        folder: where the tape is kept.
        again: begin anew even if there is one that is unfinished.

    Raises:
        PostmortemError: there is no such case, or its log cannot be made.
    """
    from toolkit.drills.staging import spec_of

    spec = spec_of(name, seed, game)
    who = (trainee or getpass.getuser()).strip()
    place = Path(folder)
    if not again:
        for file in sorted(place.glob(f"*{ENDING}")):
            tape = _read(file)
            if tape["scene"] == sealed(spec) and tape["trainee"] == who and tape["ended_at"] is None:
                return Drill(spec, tape, file)
    began = iso(datetime.now(UTC))
    scenario = str(spec.get("case") or "game day")
    key = hashlib.sha256(f"{sealed(spec)}\0{who}\0{began}".encode()).hexdigest()[:12]
    slug = re.sub(r"[^a-z0-9]+", "-", f"{scenario} {who}".lower()).strip("-")[:60]
    tape = {"format": FORMAT, "id": key, "scenario": scenario, "scene": sealed(spec), "trainee": who,
            "began_at": began, "ended_at": None, "moves": []}  # fmt: skip
    return Drill(spec, tape, place / f"{slug}-{key}{ENDING}")


def read_drill(file: str | os.PathLike[str]) -> Drill:
    """Open the tape of a drill; its score is computed anew from the moves.

    Raises:
        PostmortemError: it is no tape, or its scene cannot be made here.
    """
    path = Path(file)
    tape = _read(path)
    return Drill(unsealed(tape["scene"]), tape, path)


def _read(path: Path) -> dict[str, Any]:
    """Read a tape and see that every move is one."""
    try:
        tape: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if tape["format"] != FORMAT:
            raise ValueError(tape["format"])
        texts = all(isinstance(tape[k], str) for k in ("id", "scenario", "scene", "trainee", "began_at"))
        moment(tape["began_at"]), moment(tape["ended_at"])
        for move in tape["moves"]:
            walk([move])
            if move["move"] == "answer":
                Answer.from_dict(move)
        if not texts:
            raise ValueError(path.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PostmortemError(f"this is no tape of a drill: {error}", where=str(path), fix="leave it out") from None
    return tape


def _tables_of(seen: Visible) -> dict[str, pd.DataFrame]:
    """Give the tables that SQL may ask."""
    import pandas as pd

    if seen.log is None:
        return {}
    columns = ("timestamp", "kind", "text", "source", "actor")
    rows = [(e.occurred_at, e.kind, e.text, e.source, e.actor) for e in seen.events]
    events = pd.DataFrame(rows, columns=list(columns)).astype({"timestamp": "datetime64[us, UTC]"})
    tables = {"log": seen.log, "events": events}
    return tables if seen.reference is None else {**tables, "reference": seen.reference}


__all__ = ["FOLDER", "MITIGATIONS", "Drill", "drill", "read_drill"]
