"""What a variant of a mechanism is (testing, floor 6): hooks on the stages of a world, and what it needs to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from toolkit.testing.world import Hook

ANY: Final = ("binary", "multiclass", "regression")
CLASSES: Final = ("binary", "multiclass")
CHANGES: Final = ("step", "ramp", "pulse")
FROM_START: Final = ("from_start",)


@dataclass(frozen=True)
class Variant:
    """One way in which a mechanism happens.

    ``hooks`` change stages of the faulty world; ``env`` is part of both worlds; ``flavour`` is how the faulty world's
    model was fitted, ``extra`` whose extra columns both logs have. ``shapes`` are the courses it can take, the first
    by default. ``needs`` are optional columns without which it leaves no trace, ``label_free`` says that it shows
    without labels. ``metric`` is what its harm is counted in. ``accepted`` are further mechanisms a careful reader
    could defend. ``event`` is what a team would have noted at the onset, if it noted anything.
    """

    mechanism: str
    name: str
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    flavour: str = "plain"
    shapes: tuple[str, ...] = CHANGES
    tasks: tuple[str, ...] = ANY
    needs: tuple[str, ...] = ()
    label_free: bool = False
    metric: str = "errors"
    accepted: tuple[str, ...] = ()
    event: tuple[str, str] | None = None
    features: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    slice: tuple[tuple[str, str], ...] = ()
    bases: tuple[str, ...] = ()
