"""``%load_ext toolkit`` (floor 7): ``%incident``, ``%%event``, ``%note``, ``%evidence``, ``%%section``, completed.

What goes wrong is one line, as in the shell. A notebook that runs unattended has no use for them: it is given a bundle.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, Final

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from toolkit.errors import PostmortemError
from toolkit.jupyter.desks import Desk, desk, nearest
from toolkit.jupyter.parts import read_time
from toolkit.records import Event
from toolkit.store import Store
from toolkit.vocabulary import EVENT_KINDS

_WORDS: Final = {"accept": "accepted", "contest": "contested", "reopen": "open"}
_EVENT_HELP: Final = "%%event [KIND] [TIME] [star], and in the cell what happened"


def load(shell: Any) -> None:
    """Give a shell the magics, and their completion."""
    shell.register_magics(Incidents(shell))
    for name, complete in (
        ("%incident", _ids),
        ("%evidence", _findings),
        ("%%event", lambda _shell, words: [*EVENT_KINDS, "now", "star"] if len(words) else []),
        ("%%section", lambda _shell, words: _sections() if len(words) <= 2 else []),
    ):
        shell.set_hook("complete_command", _completer(complete), str_key=name)


@magics_class
class Incidents(Magics):
    """The magics; the incident that was named last is the one that the others are about."""

    shell: Any

    @line_magic
    def incident(self, line: str) -> Any:
        """Sit down at an incident: ``%incident INC-0001``; without one, or with new or drill, choose or open one.

        ``desk`` is then the incident's desk.
        """
        return self._told(lambda: self._sit_down(line.strip()))

    def _sit_down(self, given: str) -> Any:
        from toolkit.jupyter.picker import PARTS, Picker

        if given in ("", *PARTS):
            found = desk()
            return Picker(found.store, given or "open")
        made = desk(given)
        self.shell.push({"desk": made})
        return made

    @cell_magic
    def event(self, line: str, cell: str) -> Any:
        """Put an event on the timeline: ``%%event mitigation 2026-03-14T09:10Z star``, the cell says what happened."""
        return self._told(lambda: self._event(line, cell.strip()))

    @line_magic
    def note(self, line: str) -> Any:
        """Note on the timeline what happened now: ``%note Rolled back to delays@2``."""
        return self._told(lambda: self._event("note now", line.strip()))

    def _event(self, line: str, text: str) -> Any:
        if not text:
            raise PostmortemError("there is nothing to record", fix=f"write {_EVENT_HELP}")
        kind, when, starred = "note", "now", False
        for word in line.split():
            if word in EVENT_KINDS:
                kind = word
            elif word == "star":
                starred = True
            else:
                when = word
        at = self._desk()
        new = Event(read_time(when), kind, text, source="person", starred=starred)
        (made,) = at.store.add_events(at.id, [new], command=f"%%event {line}".strip())
        return made

    @line_magic
    def evidence(self, line: str) -> Any:
        """Show findings: ``%evidence`` all, ``%evidence F03`` one; ``%evidence F03 contest WHY`` puts a word on it.

        The words are accept, contest (with a reason) and reopen.
        """
        return self._told(lambda: self._evidence(line))

    def _evidence(self, line: str) -> Any:
        from toolkit.report import show

        at = self._desk()
        words = line.split(maxsplit=2)
        if not words:
            return show.findings(at.case)
        if len(words) > 1:
            if words[1] not in _WORDS:
                raise PostmortemError(f"{words[1][:20]!r} is no word on a finding", fix=f"use {', '.join(_WORDS)}")
            reason = " ".join(shlex.split(words[2])) if words[2:] else ""
            made = at.store.judge(at.id, words[0], _WORDS[words[1]], reason, command=f"%evidence {line}")
            at.diagnose()
            return made
        found = [f for f in at.case.findings if f.id == words[0].upper()]
        if not found:
            known = ", ".join(f.id for f in at.case.findings) or "none yet"
            raise PostmortemError(f"there is no finding {words[0][:20]!r}", fix=f"there are: {known}")
        return found[0]

    @cell_magic
    def section(self, line: str, cell: str) -> Any:
        """Write a section of the postmortem: ``%%section surprised``, and in the cell its Markdown.

        It is written into the incident's postmortem.md in place of what stood there, and shown as the page will show
        it; a reference that the record does not hold is refused with its line, and nothing is written.
        """
        return self._told(lambda: self._section(line.strip(), cell))

    def _section(self, name: str, text: str) -> Any:
        from toolkit.report.prose import plain, render_prose
        from toolkit.report.shown import Shown
        from toolkit.report.written import write_section

        at = self._desk()
        html = render_prose(at.case, text, where=name, linked=False).html
        write_section(at.folder, name, text)
        return Shown(html, plain(html).strip())

    def _desk(self) -> Desk:
        there = self.shell.user_ns.get("desk")
        if not isinstance(there, Desk):
            raise PostmortemError("no incident is open here", fix="name one: %incident INC-0001")
        return there

    def _told(self, does: Callable[[], Any]) -> Any:
        try:
            return does()
        except (PostmortemError, ValueError) as error:
            raise UsageError(str(error)) from None


def _completer(give: Callable[[Any, list[str]], list[str]]) -> Callable[[Any, Any], list[str]]:
    """Make a completer of what may follow; a store that cannot be read completes nothing."""

    def complete(shell: Any, event: Any) -> list[str]:
        try:
            return give(shell, event.line.split())
        except PostmortemError:
            return []

    return complete


def _ids(_: Any, words: list[str]) -> list[str]:
    return [i.id for i in Store(nearest(), wait=1).incidents()] + ["new", "drill"] if len(words) <= 2 else []


def _sections() -> list[str]:
    from toolkit.report.written import headings

    return list(headings())


def _findings(shell: Any, words: list[str]) -> list[str]:
    at = shell.user_ns.get("desk")
    if not isinstance(at, Desk):
        return []
    there = [f.id for f in at.case.findings]
    return list(_WORDS) if len(words) > 1 and words[1].upper() in there else there
