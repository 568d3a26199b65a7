"""Wrong answers that people or a rule accept, and those who accept more of them than others do."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import reliance

N, SINCE = 3000, 1800


@pytest.mark.parametrize(("who", "said"), [("auto-approve", "Rules accept"), ("eve", "People accept")])
def test_people_do_not_accept_what_a_rule_lets_through(who: str, said: str) -> None:
    """Corrections end where a rule takes over, or where people stop: the sentence says which."""
    rng = np.random.default_rng(10)
    log = healthy(rng, N)
    late = np.arange(N) >= SINCE
    log["done"] = np.where((rng.random(N) < 0.5) & ~late, log["truth"], log["answer"])
    log["by"] = np.where(late, who, "eve")
    (got,) = reliance.detect(study_of(log, None, decision="done", decider="by"))
    assert got.finding.statement.startswith(said)


@pytest.mark.parametrize("stamps", [True, False])
def test_who_is_given_what_nobody_can_tell_does_not_stamp(*, stamps: bool) -> None:
    """Eve lets most wrong answers through: she is named for it, but not where hers are the cases none can mend."""
    rng = np.random.default_rng(11)
    log = healthy(rng, N)
    unclear = (log["score"] - 0.5).abs() < 0.2
    hers = np.asarray(rng.random(N) < (0.25 if stamps else 0.8)) & (unclear | stamps)
    log["by"] = np.where(hers, "eve", rng.choice(["ada", "bob", "cyd"], N))
    seen = rng.random(N) < np.where(hers if stamps else unclear, 0.04, 0.6)
    log["done"] = np.where(seen, log["truth"], log["answer"])
    got = reliance.detect(study_of(log, None, decision="done", decider="by"))
    assert [e.finding.slice[0].value for e in got] == (["eve"] if stamps else [])
