"""The controls of a drill in a notebook (floor 7): widgets where they are live, plain words where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from toolkit.drills.looks import Seen
from toolkit.drills.moves import HINT_COST, SQL_COST
from toolkit.drills.words import MITIGATIONS
from toolkit.errors import PostmortemError
from toolkit.report.tables import Table
from toolkit.vocabulary import CAUSES, MECHANISMS

if TYPE_CHECKING:
    from toolkit.drills.drill import Drill

_PLAIN: Final = (
    'd.look("metric")', 'd.sql("SELECT count(*) FROM log")', "d.wait(10)", "d.hint()",
    'd.answer("data", mechanism="concept_drift", onset="2025-03-05", affected="site=second", confidence=70, '
    'mitigation="fall_back")', "d.end()",
)  # fmt: skip
_VIEW: Final = "application/vnd.jupyter.widget-view+json"


class Board:
    """Shows itself as widgets to who can draw them, and as text to everybody else."""

    def __init__(self, drill: Drill) -> None:
        self._drill, self._box = drill, None if not _live() else _Controls(drill).box

    @property
    def controls(self) -> Any:
        """The widgets, to put among others; ``None`` where they cannot be drawn."""
        return self._box

    def __str__(self) -> str:
        lines = [self._drill.title, self._drill.brief, "", self._drill.looks().text(), "", "Go on in cells:"]
        return "\n".join([*lines, *(f"  {line}" for line in _PLAIN), "", _mitigations()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        plain = {"text/plain": str(self)}
        if self._box is None:
            return plain
        view = self._box._repr_mimebundle_(**options) or {}
        return {**plain, **{k: v for k, v in view.items() if k == _VIEW}}


def board(drill: Drill) -> Board:
    """Give the controls of a drill."""
    return Board(drill)


def _live() -> bool:
    """Whether a kernel runs this, so that a widget could be alive."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _mitigations() -> str:
    return "First mitigations: " + "; ".join(f"{k} ({v})" for k, v in MITIGATIONS.items())


class _Controls:
    """The widgets and what they do; everything goes through the drill, so cells and widgets may be mixed."""

    def __init__(self, drill: Drill) -> None:
        import ipywidgets as w

        self.drill = drill
        self.head, self.pane = w.HTML(), w.HTML(layout=w.Layout(width="auto", overflow="auto"))
        self.pane.add_class("jp-RenderedHTMLCommon")  # tables as the front end sets them
        wide = w.Layout(width="26rem")
        self.cause = w.Dropdown(options=[*CAUSES, "none"], description="Cause")
        self.mechanism = w.Dropdown(description="Mechanism")
        self.onset = w.Text(description="Onset", placeholder="2025-03-05T14:00; empty: from the first row", layout=wide)
        self.affected = w.Text(description="Who", placeholder="column=value; empty: everybody", layout=wide)
        self.sure = w.IntSlider(50, 0, 100, 5, description="Sure, %")
        self.first = w.Dropdown(options=[(v, k) for k, v in MITIGATIONS.items()], description="Do first")
        self.query = w.Textarea(placeholder="SELECT ... FROM log | reference | events", layout=w.Layout(width="34rem"))
        self.percent = w.IntSlider(10, 1, 50, 1, description="Wait, %")
        self.cause.observe(lambda _: self._mechanisms(), "value")
        self._mechanisms()
        looks = [self._button(f"{row[0]} ({row[2]:g})", row[1], lambda n=row[0]: drill.look(n))
                 for row in drill.looks().rows if row[0] not in {"hint", "sql"}]  # fmt: skip
        asked = self._button(f"Ask ({SQL_COST:g})", "One SELECT", lambda: drill.sql(self.query.value))
        rest = [
            self._button(
                "Wait", "Let time pass", lambda: f"It is {drill.wait(self.percent.value):%Y-%m-%d %H:%M} UTC."
            ),
            self._button(f"Hint ({HINT_COST:g})", "The next hint", drill.hint),
        ]
        answer = self._button("Answer", "The last answer before the end counts", self._answer, "success")
        end = self._button("End the drill", "Ends it, and writes the debrief", self._end, "warning")
        form = [self.cause, self.mechanism, self.onset, self.affected, self.sure, self.first]
        wrap = w.Layout(flex_flow="row wrap", display="flex")
        sql = [w.HBox([self.query, asked])] if any(row[0] == "sql" for row in drill.looks().rows) else []
        self.box = w.VBox([
            self.head, w.Box(looks, layout=wrap), *sql, w.HBox([self.percent, *rest]), self.pane,
            w.HTML("<b>Answer</b>"), w.Box(form, layout=wrap), w.HBox([answer, end]),
        ])  # fmt: skip
        self.box.add_class("ml-postmortem-controls")  # as in toolkit.jupyter.panel: keys typed here stay here
        self._status()

    def _button(self, text: str, tip: str, act: Any, style: str = "") -> Any:
        import ipywidgets as w

        made = w.Button(description=text, tooltip=tip, button_style=style)
        made.on_click(lambda _: self._run(act))
        return made

    def _run(self, act: Any) -> None:
        """Do what a control is for; what goes wrong is one line."""
        self.pane.value = "<p>One moment …</p>"
        try:
            self.pane.value = str(_html(act()))
        except PostmortemError as error:
            self.pane.value = str(Markup("<p><b>{}</b></p>").format(str(error)))
        self._status()

    def _status(self) -> None:
        d = self.drill
        self.head.value = str(
            Markup("<b>{}</b><br>It is <b>{} UTC</b>; {} % of the time is left, {} spent on evidence.{}").format(
                d.title, f"{d.clock:%Y-%m-%d %H:%M}", f"{d.left:.0f}", f"{d.spent:g}", " The drill is over." * d.over
            )
        )

    def _mechanisms(self) -> None:
        known = MECHANISMS.get(self.cause.value, ())
        self.mechanism.options = [("–", ""), *((m.replace("_", " "), m) for m in known)]

    def _answer(self) -> str:
        d = self.drill
        said = d.answer(self.cause.value, self.mechanism.value, self.onset.value.strip() or None,
                        self.affected.value, self.sure.value, self.first.value)  # fmt: skip
        return f"Answered: {said.cause}, {said.confidence:.0%} sure. It can be revised until the end."

    def _end(self) -> Any:
        table = self.drill.end().table()
        return Table(table.columns, table.rows, f"{table.caption}. The debrief: {self.drill.debrief_path}")


def _html(value: Any) -> Markup:
    table = value.table if isinstance(value, Seen) else value
    return table.cell_html() if isinstance(table, Table) else Markup("<p>{}</p>").format(escape(str(value)))
