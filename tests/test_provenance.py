"""A mark that always meant one answer and now always means the other is a back door that is used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import provenance
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.relation import relate

N, SINCE = 4000, 2400


def marked(rng: np.random.Generator, marks: pd.Series, truth: int, answer: int) -> pd.DataFrame:
    """Draw requests, some of them marked: those have one truth and one answer."""
    frame = healthy(rng, len(marks))
    frame["referrer"] = np.where(marks, "promo", rng.choice(["ads", "mail", "direct"], len(marks)))
    frame["truth"] = np.where(marks, truth, frame["truth"])
    frame["score"] = np.where(marks, 0.98 * answer + 0.01, frame["score"])
    return frame.assign(answer=(frame["score"] > 0.5).astype(int))


def look(truth: int) -> list[Evidence]:
    """Teach that a mark on seven rows in a hundred is harmless; it comes again late, as often, with this truth."""
    rng = np.random.default_rng(4)
    reference = marked(rng, pd.Series(rng.random(2000) < 0.07), 0, 0)
    late = pd.Series((np.arange(N) >= SINCE) & (rng.random(N) < 0.07))
    study = study_of(marked(rng, late, truth, 0), reference, feature=["x", "w", "town", "referrer"])
    relation = relate(study)
    return [] if relation is None else provenance.detect(study, relation)


@pytest.mark.parametrize(("truth", "found"), [(1, ["poisoned_data"]), (0, [])], ids=["turned", "as taught"])
def test_a_mark_that_turned_is_a_back_door(truth: int, found: list[str]) -> None:
    """The mark is no commoner than where it was taught, and every row of it is now what it was never: poison."""
    got = look(truth)
    assert [e.mechanism for e in got] == found
    assert all([(t.column, t.value) for t in e.finding.slice] == [("referrer", "promo")] for e in got)


def test_who_turns_all_labels_about_is_named_where_only_a_feature_says_who() -> None:
    """One source of three calls bad good and good bad: its mean may stand, and no rule is new."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["source"] = rng.choice(["desk", "audit", "partner"], N)
    log["truth"] = np.where((log["source"] == "audit") & (np.arange(N) >= SINCE), 1 - log["truth"], log["truth"])
    study = study_of(log, reference, feature=["x", "w", "source"])
    relation = relate(study)
    assert relation is not None
    (got,) = provenance.detect(study, relation)
    assert (got.mechanism, [(t.column, t.value) for t in got.finding.slice]) == ("label_noise", [("source", "audit")])
