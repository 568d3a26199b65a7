"""Game days (floor 7): a fresh fault planted by the public generator, so that drills never run out.

Some of them are healthy, whatever cause was asked for: who knows that something is broken looks with other eyes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from toolkit.drills.scene import Scene, staged
from toolkit.errors import PostmortemError
from toolkit.records import SliceTerm
from toolkit.vocabulary import CAUSE_OF, CAUSES

#: One game day in so many is healthy.
HEALTHY_SHARE: Final = 0.2
#: How strong the fault is and which labels are there, by difficulty 1 to 5.
_LEVELS: Final = {1: (1.0, "full"), 2: (0.9, "full"), 3: (0.75, "full"), 4: (0.65, "delayed"), 5: (0.5, "delayed")}
_ROWS: Final = 6_000
_TRIES: Final = 12
#: Healthy logs, some of which have something that looks like a reason.
_CALM: Final = ("plain", "seasonal", "growing", "harmless_rollout", "many_events")

_NOTICE: Final = (
    "Game day: the rows are played by a seeded program; whether something was planted is for you to find out."
)


def checked_game(game: Mapping[str, Any]) -> dict[str, Any]:
    """Hold a game against what there is, and give it with its defaults.

    Raises:
        PostmortemError: an unknown cause or option, or a difficulty that is not 1 to 5.
    """
    unknown = set(game) - {"cause", "difficulty", "seed", "log", "roles"}
    cause = game.get("cause") or None
    if unknown:
        raise PostmortemError(
            f"a game day has no {sorted(unknown)[0]}", fix="it has cause, difficulty, seed, log, roles"
        )
    if cause is not None and cause not in CAUSES:
        raise PostmortemError(f"{str(cause)[:40]!r} is no cause", fix=f"the causes are: {', '.join(CAUSES)}")
    try:
        level, seed = int(game.get("difficulty") or 3), int(game.get("seed") or 0)
    except (TypeError, ValueError):
        raise PostmortemError("difficulty and seed are whole numbers") from None
    if level not in _LEVELS or not 0 <= seed < 2**31:
        raise PostmortemError(f"difficulty {level}, seed {seed}", fix="difficulty is 1 to 5, a seed 0 or more")
    return {"cause": cause, "difficulty": level, "seed": seed, "log": game.get("log"), "roles": game.get("roles")}


def scene_of_game(game: Mapping[str, Any]) -> Scene:
    """Plant the fault of a game, or nothing, and set the stage.

    Raises:
        PostmortemError: the user's own log cannot be read, or has too few rows with a label.
    """
    from toolkit.testing import base_names, make_healthy, variants
    from toolkit.testing.bases_own import own_base_name

    rng = np.random.default_rng([int(game["seed"]), 4711])
    severity, labels = _LEVELS[game["difficulty"]]
    own = None if not game["log"] else own_base_name(game["log"], game["roles"])
    bases = [own] if own else [b for b in base_names("binary") if b not in {"flights", "phishing", "bananas"}]
    if rng.random() < HEALTHY_SHARE:
        kind = str(rng.choice(_CALM))
        made = make_healthy(kind, base=str(rng.choice(bases)), rows=_ROWS, labels=labels, seed=int(game["seed"]))
        return _set(game, made, rng)
    wanted = [v for v in variants() if game["cause"] in (None, CAUSE_OF[v[0]])]
    for attempt in range(_TRIES):
        mechanism, _, options = wanted[int(rng.integers(len(wanted)))]
        made_ = _made(mechanism, options, bases, severity, labels, int(game["seed"]) + 1_000 * attempt, rng)
        if made_ is not None:
            return _set(game, made_, rng)
    raise PostmortemError("no fault of that kind does harm on this log", fix="choose another cause, seed or difficulty")


def _made(
    mechanism: str, options: Mapping[str, Any], bases: list[str], severity: float, labels: str, seed: int,
    rng: np.random.Generator,
) -> Any:  # fmt: skip
    """Make one incident that does harm and can be told; ``None`` where this one does not."""
    from toolkit.testing import load_base, make_incident

    base = str(rng.choice(bases))
    if load_base(base).task != "binary":
        return None
    try:
        made = make_incident(
            mechanism, variant=options["variant"], base=base, rows=_ROWS, severity=severity, labels=labels,
            onset=float(rng.uniform(0.35, 0.65)), seed=seed,
        )  # fmt: skip
    except PostmortemError:
        return None  # the variant does not know this task or base
    return made if made.truth.identifiable and not made.truth.harmless else None


def _set(game: Mapping[str, Any], made: Any, rng: np.random.Generator) -> Scene:
    from toolkit.logs import read_events

    truth = made.truth
    healthy = truth.cause == "none"
    accepted = (truth.cause, *sorted(truth.accepted_causes - {truth.cause}))
    events = () if made.events is None or not len(made.events) else read_events(made.events)
    first = made.log["timestamp"].min().to_pydatetime()
    whose = "your own log" if game["log"] else f"the bundled rows {truth.base!r}"
    brief = (
        f"A {truth.model} model answers requests made of {whose}. The desk says that its answers have got worse, or "
        "that somebody has read that such models do. Find out whether something is wrong, and if so what, since when, "
        "for whom, and what to do first."
    )
    told: dict[str, Any] = {
        "name": "game day", "title": f"Game day, difficulty {game['difficulty']}", "brief": brief, "notice": _NOTICE,
        "kind": "illustrative",
        "difficulty": game["difficulty"], "cause": truth.cause, "mechanism": None if healthy else truth.mechanism,
        "accepted": accepted, "mechanisms": () if healthy else truth.accepted, "onset": truth.onset,
        "onset_interval": None, "slice": tuple(SliceTerm(c, v) for c, v in truth.slice), "contributing": (),
        "debrief": _debrief(truth), "facts": (),
        "timeline": tuple((e, e.occurred_at) for e in events) or ((_quiet(first), first),),
    }  # fmt: skip
    return staged(told, made.log, made.reference, made.roles, rng)


def _quiet(first: Any) -> Any:
    from toolkit.records import Event

    return Event(first, "note", "Nothing was noted before the log begins")


def _debrief(truth: Any) -> str:
    if truth.cause == "none":
        return "## What happened\nNothing was planted: this is a healthy log, as one game day in five is.\n"
    where = ", ".join(f"{c} = {v}" for c, v in truth.slice) or "all requests"
    began = "from the first row on" if truth.onset is None else f"from {truth.onset:%Y-%m-%d %H:%M} UTC on"
    until = "" if truth.end is None else f" to {truth.end:%Y-%m-%d %H:%M} UTC"
    return (
        f"## What happened\nPlanted was *{truth.variant}*, a case of {truth.mechanism}, {began}{until}, on {where}"
        f"{', in ' + ', '.join(truth.features) if truth.features else ''}. Against the same requests without the fault "
        f"it did {truth.harm:.1f} of harm, counted in {truth.metric}; chance alone gives up to {truth.null95:.1f} in "
        "95 of 100 such logs.\n"
    )
