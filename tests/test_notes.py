"""What a log was held to is said beside the verdict, and said rightly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy

import toolkit


def served(seed: int, n: int = 400) -> pd.DataFrame:
    when = pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC")
    return healthy(np.random.default_rng(seed), n).assign(when=when)


LOG, HELD = served(1), served(99).assign(when=pd.Timestamp("2025-06-01", tz="UTC"))


@pytest.mark.parametrize(
    ("log", "held", "note"),
    [
        (LOG, None, "No reference was given: the log is held to its own first 133 rows."),
        (LOG.head(1), None, "No reference was given: the log is held to its own first row."),
        (LOG, HELD.head(3), "The reference has too few rows (3): the log is held to its own first 133 rows."),
        (LOG, LOG, "The reference holds the very rows of the log, which shows no harm held to itself."),
        (LOG, HELD.drop(columns="truth"),
         "The reference hardly says what came true: how often answers are wrong is held to the log itself."),
        (LOG.assign(done=LOG.answer), HELD,
         "The reference knows no decisions: how often answers are wrong is held to the log itself."),
        (LOG.assign(truth=LOG.truth.where(LOG.index < 300)), HELD,
         "The last 100 rows are too young for their labels; the harm takes them to err as the others do."),
    ],
    ids=["no reference", "one row", "three rows", "the log once more", "no labels", "no decisions", "labels to come"],
)  # fmt: skip
def test_what_the_log_was_held_to(log: pd.DataFrame, held: pd.DataFrame | None, note: str) -> None:
    """One sentence for each way in which a reference is none, or labels are."""
    roles = {**ROLES, "roles": {**ROLES["roles"], **({"decision": "done"} if "done" in log else {})}}
    assert note in toolkit.diagnose(log, reference=held, roles=roles).record.notes


def test_a_sound_reference_needs_no_note() -> None:
    """Nothing is said of a reference that is what it should be."""
    assert toolkit.diagnose(LOG, reference=HELD, roles=ROLES).record.notes == ()


def test_columns_of_many_values_say_what_is_left_out() -> None:
    """Of 2,400 shops 401 are counted as one; an id and a comment among the features are too many to look at singly."""
    n = 4800
    log, held = (
        served(seed, n).assign(shop=[f"shop {i % 2400:04d}" for i in range(n)],
                               customer=[f"c{i}" for i in range(n)], comment=[f"row {i}" for i in range(n)],
                               colour=["red", "green", "blue"] * (n // 3))
        for seed in (1, 99)
    )  # fmt: skip
    held["when"] -= pd.Timedelta(days=365)
    roles = {
        **ROLES["roles"],
        "segment": ["shop"],
        "feature": [*ROLES["roles"]["feature"], "customer", "comment", "colour"],
    }
    notes = toolkit.diagnose(log, reference=held, roles={**ROLES, "roles": roles}).record.notes
    assert notes == (
        "Of the 2,400 values of shop the 401 rarest are counted as one, and the worst slices are searched among the 12 "
        "commonest.",
        "More than 600 values each, and so compared as a whole: customer, comment. New values are not looked for "
        "there, and the worst slices are searched among the 12 commonest of each.",
    )
