"""Start a new case study: one folder that already keeps the contract (floor 7)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from toolkit.errors import PostmortemError

_CASE: Final = '''format = "toolkit.case/1"
title = "What a reader sees first"
kind = "illustrative"                # real | reconstruction | illustrative
difficulty = 2                       # 1 to 5
teaches = "One sentence: what is learned here"
brief = """
One paragraph for the trainee: what the system does, who depends on it, what was noticed and when. It names neither the
cause nor the mechanism, and it says what stayed as it was, so that there is something to rule out.
"""
# call = """What a drill tells in place of the brief, where the brief knows more than the first hours do."""
cause = "integration"                # data | overfitting | integration | bias | human | none
mechanism = "unit_change"            # leave out for none; the words are in toolkit/vocabulary.py
also_mechanisms = []
also_accepted = []                   # causes that a careful reader could defend
contributing = []
onset = "2025-03-05T00:00:00Z"       # leave out where the fault was there from the first row
onset_interval = ["2025-03-04T00:00:00Z", "2025-03-06T00:00:00Z"]
features = ["amount"]
licence = "Made for this case"

[log]
seed = 7                             # of generate.py; real: file = "log.parquet", reference = "reference.parquet"

[[facts]]
text = "From the onset on the amount is a hundred times as large"
value = 100
certainty = "D"                      # S: seen in the source; D: counted from the data
source = "the log of this case"
check = """
SELECT avg(amount) FILTER (timestamp >= '2025-03-05') / avg(amount) FILTER (timestamp < '2025-03-05') FROM log
"""
tolerance = 5
'''

_GENERATE: Final = '''"""Illustrative: say in one line what is drawn here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

ONSET = pd.Timestamp("2025-03-05", tz="UTC")


def tables(seed: int) -> Tables:
    """Give the log, and a reference without the fault."""
    rng = np.random.default_rng(seed)

    def rows(number: int, start: str, end: str) -> pd.DataFrame:
        when = times(rng, number, start, end)
        amount, age = rng.gamma(2, 50, number), rng.normal(40, 12, number)
        seen = np.where(when >= ONSET, 100 * amount, amount)
        return pd.DataFrame(
            {
                "timestamp": when,
                "score": logistic(0.02 * (seen - 100) - 0.03 * (age - 40)),
                "label": (rng.random(number) < logistic(0.02 * (amount - 100) - 0.03 * (age - 40))).astype(int),
                "amount": seen.round(2),
                "age": age.round(),
            }
        ).assign(prediction=lambda frame: (frame.score >= 0.5).astype(int))

    return {"log": rows(4_000, "2025-02-01", "2025-04-01"), "reference": rows(2_000, "2025-01-01", "2025-02-01")}
'''

_ROLES: Final = """task = "binary"
[roles]
timestamp = "timestamp"
prediction = "prediction"
score = "score"
label = "label"
feature = ["amount", "age"]
[values]
positive = 1
"""

_EVENTS: Final = """timestamp,kind,text,source,known_at
2025-02-01T00:00:00Z,deployment,The model goes live,made up for this case,
2025-03-05T00:00:00Z,config_change,The supplier sends cents,made up for this case,2025-03-20T00:00:00Z
"""

_DEBRIEF: Final = """# What a reader sees first

## What happened
Two or three sentences, with sources where there are any.

## What the log shows
- What moved, what did not, and what that rules out.

## What would have caught it
A check that somebody could build tomorrow.

## Questions
1. A question without a sure answer.
"""


def new_case(name: str, folder: str | Path = "case_studies") -> Path:
    """Write the folder of a new case under ``folder`` and give its path; it passes the contract test as it is.

    Raises:
        PostmortemError: the name is no plain word, or there is such a folder already; nothing is overwritten.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
        raise PostmortemError(
            f"{name!r} cannot be a case's name", fix="use small letters, digits and _, a letter first"
        )
    place = Path(folder) / name
    try:
        place.mkdir(parents=True)
    except FileExistsError:
        raise PostmortemError("there is such a case already", where=str(place), fix="choose another name") from None
    except OSError as error:
        raise PostmortemError(f"the folder cannot be made: {error.strerror}", where=str(place)) from None
    files = {"case.toml": _CASE, "generate.py": _GENERATE, "roles.toml": _ROLES, "events.csv": _EVENTS}
    for file, text in {**files, "debrief.md": _DEBRIEF}.items():
        (place / file).write_text(text, encoding="utf-8")
    return place
