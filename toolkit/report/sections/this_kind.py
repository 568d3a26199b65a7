"""What each kind of failure asks beyond the questions of every postmortem (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from toolkit.notebooks.bundle import Bundle
from toolkit.report.sections.base import Ask, Section

#: The questions by the verdict's cause, and those of a near miss.
QUESTIONS: Final[dict[str, tuple[Ask, ...]]] = {
    "data": (
        Ask("data-source", "The source", "Which source changed, who owns it, and could they have told us?"),
        Ask("data-checks", "Checks of the data", "Which check looked at this data, and why did it pass?"),
        Ask("data-refit", "Fitting again", "Is the new data labelled and fit to learn from, and when is it learned?"),
    ),
    "overfitting": (
        Ask("overfitting-evaluation", "The evaluation", "What was it tested on, and how is that unlike its use?"),
        Ask("overfitting-claim", "The claim", "Which figure was promised, by whom, and on which rows does it stand?"),
        Ask("overfitting-release", "The release", "What would have stopped the release had it been measured?"),
    ),
    "integration": (
        Ask("integration-contract", "The contract", "What did sender and receiver agree on, and where is it?"),
        Ask("integration-test", "The test", "Which test runs both sides together, and what did it not cover?"),
        Ask("integration-rollback", "The way back", "Could the change be taken back at once, and was it?"),
    ),
    "bias": (
        Ask("bias-people", "The people", "Who was treated worse, how do they learn of it, and what is made good?"),
        Ask("bias-choice", "The measure", "Which measure of fairness was chosen, by whom, and what does it not see?"),
        Ask("bias-labels", "The labels", "Do the labels record what happened, or what somebody once decided?"),
    ),
    "human": (
        Ask("human-design", "The design", "What did the screen, the load and the goals make the natural thing to do?"),
        Ask("human-say", "The say", "Who could have stopped it, did they know, and were they free to?"),
        Ask("human-policy", "The policy", "Which rule was set when, on what grounds, and who reviews it?"),
    ),
    "near_miss": (
        Ask("near-miss-barrier", "What held", "Which barrier stopped it, and is it there by design or by luck?"),
        Ask("near-miss-worst", "What could have been", "How bad would it have been had that barrier failed?"),
    ),
}  # fmt: skip


def asks_of(bundle: Bundle) -> Sequence[Ask]:
    """Give the questions of this incident's kind; none where the cause is open."""
    cause = bundle.verdict.verdict if bundle.verdict else ""
    near = QUESTIONS["near_miss"] if bundle.incident.kind == "near_miss" else ()
    return (*near, *QUESTIONS.get(cause, ()))


SECTION = Section(
    "this-kind", "What this kind of failure asks", every=tuple(a for asks in QUESTIONS.values() for a in asks),
    chosen=asks_of,
)  # fmt: skip
