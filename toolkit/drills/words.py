"""The words of a drill (floor 7): first mitigations and what they fit, and where to look for what."""

from __future__ import annotations

from typing import Final

#: What can be done first, in words.
MITIGATIONS: Final[dict[str, str]] = {
    "watch": "leave it as it is and watch",
    "roll_back": "go back to the version before",
    "repair_feed": "mend or cut off the feed",
    "fall_back": "answer by a rule or by hand",
    "retrain": "fit again on newer rows",
    "human_review": "let people look at each answer",
    "change_policy": "change the threshold, the rule or the goal",
    "pause": "switch it off",
}
#: How well a first mitigation fits a cause, 0 to 1; switching off stops any harm at the price of the service.
FITS: Final[dict[str, dict[str, float]]] = {
    "data": {"fall_back": 1.0, "human_review": 1.0, "retrain": 0.7, "pause": 0.5},
    "overfitting": {"roll_back": 1.0, "fall_back": 1.0, "human_review": 0.7, "pause": 0.7},
    "integration": {"repair_feed": 1.0, "roll_back": 1.0, "fall_back": 1.0, "pause": 0.5},
    "bias": {"human_review": 1.0, "pause": 0.8, "change_policy": 0.8},
    "human": {"change_policy": 1.0, "human_review": 0.7, "pause": 0.7},
    "none": {"watch": 1.0},
}
#: What a hint says of a cause, without naming it.
POINTERS: Final[dict[str, str]] = {
    "data": "Ask whether what the source truthfully says is still the world that the model was fitted on.",
    "overfitting": "Ask how good it ever was on rows that it had not seen, or at a place that it did not know.",
    "integration": "Ask whether what the source said reached the model whole and in time, and its answer the business.",
    "bias": "Ask who bears the harm; a total can hide it.",
    "human": "Ask what people, rules and goals made of the model's answers.",
    "none": "Ask first whether anything is worse than it was said to be.",
}
