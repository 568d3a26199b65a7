"""From a name to a scene (floor 7): a case study, or a fault planted on a game day.

A spec is what gives the same scene again. On a tape it is written so that nobody reads the cause by accident; who wants
to read it can.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from toolkit.drills.scene import Scene, scene_of
from toolkit.errors import PostmortemError

#: What a ticket of a game day begins with.
TICKET = "ticket:"


def spec_of(name: str, seed: int, game: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the spec of a case, of a ticket, or of a game.

    Raises:
        PostmortemError: there is no such case, or the game is asked for something that does not exist.
    """
    from toolkit.drills.cases import case
    from toolkit.drills.gameday import checked_game

    if game is not None:
        return {"game": checked_game(game)}
    if name.startswith(TICKET):
        return unsealed(name.removeprefix(TICKET))
    return {"case": case(name).name, "seed": int(seed)}


def scene_for(spec: Mapping[str, Any]) -> Scene:
    """Make the scene of a spec; nobody changes a scene, so the latest are kept.

    Raises:
        PostmortemError: its case does not exist here, or its log cannot be made or read.
    """
    return _scene(sealed(spec))


@lru_cache(maxsize=4)
def _scene(text: str) -> Scene:
    from toolkit.drills.cases import case
    from toolkit.drills.gameday import checked_game, scene_of_game

    spec = unsealed(text)
    if "game" in spec:
        return scene_of_game(checked_game(spec["game"]))
    return scene_of(case(str(spec.get("case"))), int(spec.get("seed", 0)))


def ticket(spec: Mapping[str, Any]) -> str:
    """Give the name by which a trainee begins a game day without being told what was planted."""
    return TICKET + sealed(spec)


def sealed(spec: Mapping[str, Any]) -> str:
    """Write a spec so that it is not read by accident."""
    return base64.urlsafe_b64encode(json.dumps(dict(spec), sort_keys=True).encode()[::-1]).decode()


def unsealed(text: str) -> dict[str, Any]:
    """Read what ``sealed`` wrote.

    Raises:
        PostmortemError: it is none.
    """
    try:
        spec = json.loads(base64.urlsafe_b64decode(text.encode())[::-1])
        if not isinstance(spec, dict) or not {"game", "case"} & set(spec):
            raise ValueError(text)
    except ValueError:
        raise PostmortemError("this is no ticket of a drill", fix="copy it whole") from None
    return spec
