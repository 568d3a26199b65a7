"""A floor under the verdict: strong incidents of all five causes, and logs with which nothing is wrong.

``benchmarks/verdict`` measures in full; this small, seeded part of it keeps a change from making things much worse.
"""

from __future__ import annotations

import played
import pytest

from toolkit.testing import score
from toolkit.vocabulary import CAUSES

pytestmark = pytest.mark.timeout(600)


def test_every_cause_is_played() -> None:
    """The part is of all five causes, alike."""
    from toolkit.vocabulary import CAUSE_OF

    count = {c: sum(CAUSE_OF[i[0]] == c for i in played.INCIDENTS) for c in CAUSES}
    assert sum(count.values()) == 25
    assert min(count.values()) >= 4


def test_the_likeliest_cause_is_the_right_one() -> None:
    """Of 25 strong incidents the likeliest of the causes and none is right in 88 of 100 or more."""
    games = {i: played.incident(*i) for i in played.INCIDENTS}
    wrong = {}
    for which, game in games.items():
        p = game.verdict.probabilities
        top = max(p, key=lambda c: p[c])
        if top not in game.truth.accepted_causes:
            wrong[which[:3]] = (top, game.verdict.mechanism, game.verdict.confidence)
    assert 1 - len(wrong) / len(games) >= 0.88, wrong


def test_a_committed_verdict_is_right() -> None:
    """Of the verdicts that name a cause, 90 of 100 or more name an accepted one."""
    named = [g for g in (played.incident(*i) for i in played.INCIDENTS) if g.verdict.verdict in CAUSES]
    right = [g for g in named if g.verdict.verdict in g.truth.accepted_causes]
    assert len(named) >= 20
    assert len(right) / len(named) >= 0.9


def test_the_mechanism_is_an_accepted_one() -> None:
    """Of 25 strong incidents the mechanism named is one that a careful reader could defend in 8 of 10 or more."""
    games = [played.incident(*i) for i in played.INCIDENTS]
    assert sum(g.verdict.mechanism in g.truth.accepted for g in games) / len(games) >= 0.8


def test_an_onset_is_dated() -> None:
    """Where the fault has an onset and its cause is found, it is dated within a tenth of the log in 8 of 10 cases."""
    games = [played.incident(*i) for i in played.INCIDENTS]
    late = []
    for g in games:
        if g.truth.onset is None or g.verdict.verdict not in g.truth.accepted_causes:
            continue
        span = (g.truth.span[1] - g.truth.span[0]).total_seconds()
        off = abs((g.verdict.onset - g.truth.onset).total_seconds()) / span if g.verdict.onset else 1.0
        late.append(off)
    assert len(late) >= 8
    assert sum(off <= 0.1 for off in late) / len(late) >= 0.8


def test_an_onset_lies_within_its_interval() -> None:
    """Where the fault has an onset and its cause is found, the interval given for it holds it in 8 of 10 cases."""
    held = [score(g.verdict, g.truth).onset_held for g in (played.incident(*i) for i in played.INCIDENTS)]
    told = [h for h in held if h is not None]
    assert len(told) >= 8
    assert sum(told) / len(told) >= 0.8


def test_a_healthy_log_raises_no_alarm() -> None:
    """Of 8 healthy logs at most one is given a cause."""
    alarms = {h[:2]: played.healthy(*h).verdict.verdict for h in played.HEALTHY}
    assert sum(v in CAUSES for v in alarms.values()) <= 1, alarms
