"""The words: causes, their mechanisms, roles, kinds and states (floor 0).

One name for a thing everywhere: record field, store column, JSON key and heading in a report.
"""

from __future__ import annotations

from typing import Final, Literal

Cause = Literal["data", "overfitting", "integration", "bias", "human"]

CAUSES: Final[tuple[Cause, ...]] = ("data", "overfitting", "integration", "bias", "human")

VERDICTS: Final = (*CAUSES, "none", "undetermined")

#: Mechanisms of each cause, in the order of the vocabulary.
MECHANISMS: Final[dict[Cause, tuple[str, ...]]] = {
    "data": (
        "covariate_shift",
        "concept_drift",
        "label_shift",
        "label_noise",
        "unrepresentative_data",
        "poisoned_data",
        "new_category",
    ),
    "overfitting": (
        "memorised_training_data",
        "pilot_did_not_generalise",
        "leakage",
        "overconfidence",
    ),
    "integration": (
        "unit_change",
        "schema_change",
        "category_recoded",
        "swapped_columns",
        "missing_values",
        "default_filled",
        "stale_feature",
        "training_serving_skew",
        "timeouts",
        "errors",
        "latency",
        "duplicated_requests",
        "dropped_traffic",
        "wrong_model_version",
        "bad_rollout",
    ),
    "bias": (
        "performance_gap",
        "selection_gap",
        "calibration_gap",
        "biased_labels",
        "under_represented_group",
        "proxy_feature",
    ),
    "human": (
        "over_reliance",
        "harmful_overrides",
        "ignored_alerts",
        "threshold_misconfigured",
        "missing_guardrail",
        "goal_misaligned",
        "not_adopted",
    ),
}

CAUSE_OF: Final[dict[str, Cause]] = {m: cause for cause, ms in MECHANISMS.items() for m in ms}

#: What a column of a log can be. The last four may name several columns.
SINGLE_ROLES: Final = (
    "timestamp",
    "id",
    "prediction",
    "score",
    "label",
    "label_time",
    "model_version",
    "latency_ms",
    "status",
    "decision",
    "decider",
    "text",
    "cost",
)
PLURAL_ROLES: Final = ("group", "segment", "feature")
ROLES: Final = (*SINGLE_ROLES, *PLURAL_ROLES)

TASKS: Final = ("binary", "multiclass", "regression")
Task = Literal["binary", "multiclass", "regression"]

SEVERITIES: Final = ("SEV1", "SEV2", "SEV3", "SEV4")
INCIDENT_KINDS: Final = ("incident", "near_miss")
STATUSES: Final = ("open", "mitigated", "resolved", "closed")
EVENT_KINDS: Final = (
    "deployment",
    "data_change",
    "config_change",
    "alert",
    "human_action",
    "staffing",
    "mitigation",
    "recovery",
    "note",
)
ACTION_KINDS: Final = ("prevent", "detect", "mitigate", "repair")
ACTION_STATUSES: Final = ("open", "done", "dropped")
POSTMORTEM_STATUSES: Final = ("draft", "in_review", "approved", "published")
AUDIENCES: Final = ("team", "leadership", "public", "regulator")
#: What can be written of one incident: the whole, one page for those who answer for it, what is known on the first day.
DOCUMENT_KINDS: Final = ("full", "executive", "initial")
