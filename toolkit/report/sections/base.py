"""What a section is (floor 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Event
from toolkit.report.evidence import has, references


@dataclass(frozen=True)
class Ask:
    """A question that only people can answer: shown as a prompt until ``prose[id]`` answers it."""

    id: str
    title: str
    question: str


def _nothing(_: Bundle) -> Markup:
    return Markup("")


def _silent(_: Bundle) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Section:
    """One section of the page.

    ``draft`` gives sentences that stand on the record alone, as Markdown with references; text that people wrote for
    the section (``prose[id]``) takes their place. ``body`` gives the tables and plots that follow either way, ``brief``
    those of a one-page document. ``asks`` are open questions; a section whose questions depend on the incident lists
    all it could ask in ``every`` and gives those that it does ask with ``chosen``.
    """

    id: str
    title: str
    draft: Callable[[Bundle], Sequence[str]] = _silent
    body: Callable[[Bundle], Markup] = _nothing
    asks: tuple[Ask, ...] = ()
    brief: Callable[[Bundle], Markup] | None = None
    every: tuple[Ask, ...] = ()
    chosen: Callable[[Bundle], Sequence[Ask]] | None = None

    def asked(self, bundle: Bundle) -> Sequence[Ask]:
        """Give the questions that the section asks of an incident; one that was answered is always among them."""
        chosen = list(self.chosen(bundle)) if self.chosen else []
        return [*self.asks, *(a for a in self.every if a in chosen or bundle.prose.get(a.id, "").strip())]

    @property
    def known(self) -> tuple[Ask, ...]:
        """Every question that the section can ask."""
        return (*self.asks, *self.every)


def told(bundle: Bundle, *sentences: str) -> list[str]:
    """Keep the sentences of which every reference holds a value: what is not known is not said."""
    return [s for s in sentences if all(has(bundle, ref) for _, ref in references(s))]


def citable(event: Event) -> bool:
    """Whether an event can be cited by its id."""
    return not event.withdrawn and re.fullmatch(r"[\w-]+", event.id) is not None


def is_regression(bundle: Bundle) -> bool:
    """Whether the model predicts an amount, so that harm is a loss and not a count."""
    return bool(bundle.verdict) and str((bundle.verdict.log if bundle.verdict else {}).get("task")) == "regression"
