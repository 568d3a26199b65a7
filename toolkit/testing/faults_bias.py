"""Bias: the harm falls on a group, before and beyond any change over time (testing, floor 6)."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.testing.variant import ANY, CLASSES, FROM_START, Variant
from toolkit.testing.world import Act, World


def record_against(world: World, act: Act, sources: tuple[str, ...] = ("desk", "partner")) -> None:
    """Labels of women are still written down wrongly, but for those that are audited."""
    source = world.frame["label_source"].isin(sources).to_numpy()
    rows = act.hit(0.6, where=source & (world.frame["sex"] == "F").to_numpy())
    if world.base.task == "regression":
        world.observed = np.where(rows, world.observed - 0.8 * world.base.label.std(), world.observed)
    else:
        world.observed = np.where(rows & (world.observed == 1), 0.0, world.observed)


def people_against(world: World, act: Act, share: float = 0.45) -> None:
    """The final word goes against women who would have been picked."""
    rows = act.hit(share, where=(world.frame["sex"] == "F").to_numpy() & (world.decision == 1))
    world.decision = np.where(rows, 0.0, world.decision)


_WOMEN: Final = (("sex", "F"),)
_BIN: Final = ("binary",)


def _variant(mechanism: str, name: str, flavour: str = "plain", **more: object) -> Variant:
    """A bias variant: there from the first row, on the group sex = F, seen only where groups are logged."""
    needs = ("groups", *more.pop("needs", ()))  # type: ignore[misc]
    return Variant(
        mechanism,
        name,
        flavour=flavour,
        shapes=FROM_START,
        slice=_WOMEN,
        groups=("sex",),
        needs=needs,
        **more,  # type: ignore[arg-type]
    )


VARIANTS: Final = (
    _variant("performance_gap", "own_relation", "own_relation"),
    _variant("performance_gap", "badly_measured", "poor_measure", env={"extra": "poor_measure"}),
    _variant("selection_gap", "lower_score", "lower_score", tasks=_BIN, metric="missed_positives", label_free=True,
             accepted=("calibration_gap", "performance_gap")),
    _variant("selection_gap", "higher_bar", "higher_bar", tasks=_BIN, metric="missed_positives", label_free=True,
             accepted=("performance_gap",)),
    _variant("selection_gap", "people_against", hooks={"decide": people_against}, tasks=_BIN, needs=("decisions",),
             metric="missed_positives", label_free=True, env={"deciders": "human"}),
    _variant("calibration_gap", "too_sure_of_women", "sure_of_women", tasks=CLASSES, metric="log_loss",
             needs=("scores",)),
    _variant("calibration_gap", "too_unsure_of_women", "unsure_of_women", tasks=CLASSES, metric="log_loss",
             needs=("scores",)),
    _variant("calibration_gap", "mildly_lower_scores", "lower_score_mild", tasks=_BIN, metric="log_loss",
             needs=("scores",), accepted=("selection_gap", "performance_gap")),
    _variant("biased_labels", "history_against", "against_group", tasks=("binary", "regression"),
             needs=("reference",), accepted=("selection_gap",)),
    _variant("biased_labels", "only_audits_are_fair", "against_group", hooks={"observe": record_against},
             env={"sources": True}, tasks=("binary", "regression"), needs=("reference", "segments")),
    _variant("under_represented_group", "few_in_training", "few_women", tasks=ANY, needs=("reference",),
             accepted=("performance_gap",)),
    _variant("under_represented_group", "none_in_training", "no_women", tasks=ANY, needs=("reference",),
             accepted=("performance_gap",)),
    _variant("proxy_feature", "club_score", "proxy", tasks=("binary", "regression"), env={"extra": "proxy"},
             needs=("reference",), features=("club_score",), accepted=("biased_labels",)),
    _variant("proxy_feature", "district", "proxy_text", tasks=("binary", "regression"), env={"extra": "proxy_text"},
             needs=("reference",), features=("district",), accepted=("biased_labels",)),
)  # fmt: skip
