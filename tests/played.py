"""Generated incidents, each made, profiled and diagnosed once for all tests of a process."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from toolkit.api import as_events
from toolkit.causes.diagnose import diagnose_profile
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.profile.model import Profile
from toolkit.records import Verdict
from toolkit.testing import Truth, make_healthy, make_incident
from toolkit.testing.truth import GeneratedIncident

ROWS = 2000

#: Strong incidents: mechanism, variant, base, seed. Five or more of each cause.
INCIDENTS = (
    ("covariate_shift", "harder_rows", "churn", 3),
    ("concept_drift", "effect_reverses", "phishing", 4),
    ("label_noise", "careless_annotation", "credit", 5),
    ("poisoned_data", "feedback_turned", "flights", 6),
    ("new_category", "new_product", "credit", 7),
    ("memorised_training_data", "deep_tree", "churn", 8),
    ("pilot_did_not_generalise", "new_site", "credit", 9),
    ("leakage", "uninformative_when_served", "churn", 10),
    ("overconfidence", "too_sure", "credit", 11),
    ("unit_change", "times_100", "credit", 12),
    ("schema_change", "column_gone", "churn", 13),
    ("category_recoded", "upper_case", "credit", 14),
    ("swapped_columns", "two_numbers", "churn", 15),
    ("missing_values", "nulls", "credit", 16),
    ("timeouts", "default_served", "flights", 17),
    ("bad_rollout", "big_bang", "churn", 18),
    ("performance_gap", "own_relation", "credit", 19),
    ("selection_gap", "lower_score", "hiring", 20),
    ("calibration_gap", "too_sure_of_women", "churn", 21),
    ("under_represented_group", "none_in_training", "credit", 22),
    ("over_reliance", "waved_through", "churn", 23),
    ("harmful_overrides", "new_instruction", "credit", 24),
    ("ignored_alerts", "alarm_fatigue", "phishing", 25),
    ("threshold_misconfigured", "too_high", "credit", 26),
    ("not_adopted", "abandoned", "churn", 27),
)
#: Logs with which nothing is wrong: kind, base, seed.
HEALTHY = (
    ("plain", "credit", 1),
    ("seasonal", "churn", 2),
    ("autocorrelated", "phishing", 3),
    ("growing", "credit", 4),
    ("harmless_rollout", "churn", 5),
    ("late_labels", "credit", 6),
    ("people_decide", "hiring", 7),
    ("unused_drift", "credit", 8),
)


@dataclass(frozen=True)
class Played:
    """What was made, what really happened, and what the library said."""

    case: GeneratedIncident
    profile: Profile
    verdict: Verdict

    @property
    def truth(self) -> Truth:
        """What really happened."""
        return self.case.truth


def play(case: GeneratedIncident) -> Played:
    """Read, profile and diagnose one case."""
    with read_log(case.log, case.roles, reference=case.reference) as log:
        profile = build_profile(log)
    return Played(case, profile, diagnose_profile(profile, as_events(case.events)))


@functools.cache
def incident(mechanism: str, variant: str, base: str, seed: int) -> Played:
    """Make and diagnose one incident."""
    return play(make_incident(mechanism, variant=variant, base=base, rows=ROWS, seed=seed))


@functools.cache
def healthy(kind: str, base: str, seed: int) -> Played:
    """Make and diagnose one healthy log."""
    return play(make_healthy(kind, base=base, rows=ROWS, seed=seed))
