"""Categories that are new, and categories under other names (floor 4; data and integration)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from toolkit.detectors.defaults import PLACEHOLDERS
from toolkit.detectors.drift import Moved, exact_cells, shares
from toolkit.detectors.evidence import Evidence, inside, make, percent, proportion_z, since
from toolkit.detectors.permuted import permuted
from toolkit.detectors.recoded import recoded
from toolkit.detectors.study import Study, seen
from toolkit.profile.model import Codes, Mask
from toolkit.timeline.change import find_change

#: More distinct values than this are no category but an id or free text.
MOST_VALUES: Final = 60
#: In a feature of more values than this in the baseline nothing is new that is worth a word.
MOST_KNOWN: Final = 10 * MOST_VALUES
#: The part of a log's own beginning that a value must be missing from, and how rare it is there, to be new to it.
_EARLY, _HARDLY = 0.8, 0.01
#: The share of rows that is all of them.
_ALL: Final = 0.99


def detect(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Look at every feature with few values for new and for recoded categories."""
    found: list[Evidence] = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes):
            found += _new(study, name, base, column)
        if name not in moves:
            continue
        got = permuted(study, name, moves[name]) or recoded(study, name, moves[name])
        if got is not None:
            found.append(got)
    return found


def _normal(text: str) -> str:
    """The spelling without case, blanks and a trailing .0."""
    short = text.strip().lower().replace(" ", "").replace("_", "").replace("-", "")
    return short[:-2] if short.endswith(".0") else short


def _respelt(base: Codes, column: Codes, rows: Mask, name: str, old: Mapping[str, str]) -> bool:
    """Whether a new name is an old one in another spelling, or one single old name with more, at whose cost it came."""
    plain = _normal(name)
    if plain in old:
        return True
    grown = [o for o in old if len(o) >= 3 and (plain.startswith(o) or plain.endswith(o))]
    if len(grown) != 1:
        return False
    was = old[grown[0]]
    lost = float(base.rows_of(was)[base.codes >= 0].mean()) - _share(column, rows, was)
    return lost > 0.5 * _share(column, rows, name)


def _share(column: Codes, rows: Mask, name: str) -> float:
    if name not in column.names:
        return 0.0
    return float(column.rows_of(name)[rows & (column.codes >= 0)].mean())


def of_many_values(study: Study) -> list[str]:
    """Name the features in which new values are not looked for: ids and free text, which have them all the time."""
    texts = {name: base for name, base in study.ref.features.items() if isinstance(base, Codes)}
    many = [name for name, base in texts.items() if len(base.names) > MOST_KNOWN]
    return [name for name in many if len(_old_names(study, texts[name])) > MOST_KNOWN]


def _old_names(study: Study, base: Codes) -> frozenset[str]:
    return seen(base) - (_just_come(base) if study.own_reference else frozenset())


def _new(study: Study, name: str, base: Codes, column: Codes) -> Iterator[Evidence]:
    old_names = _old_names(study, base)
    fresh = np.array([n not in old_names for n in column.names] + [False])
    flags = fresh[column.codes].astype(float)
    if not flags.any() or not 0 < len(old_names) <= MOST_KNOWN:
        return
    n_ref = int((base.codes >= 0).sum())
    change = find_change(flags, reference=(0.5 / max(n_ref, 1), 1.0 / max(n_ref, 1), float(n_ref)))
    if not change.found or change.z < 0:
        return
    rows = inside(change, len(flags))
    share = float(flags[rows].mean())
    z = proportion_z(0, n_ref, flags[rows].sum(), rows.sum())
    if share < 0.01 or z < 4.5:
        return
    values = [v for v, is_new in zip(column.names, fresh, strict=False) if is_new and v in seen(column)]
    if len(values) == len(old_names) == 1 and share > _ALL:
        return  # what never varied taught the model nothing: it is a stamp, as of a build, and another is no category
    old = {_normal(v): v for v in old_names}
    respelt = float(np.mean([_respelt(base, column, rows, v, old) for v in values]))
    matched = _same_shares(base, column, rows)
    shown = _shown(values)
    if len(values) > MOST_VALUES:
        return
    if respelt > 0.5 or matched:
        text = (
            f"{name} has other names {since(change)}: {percent(share)} of the rows hold {shown}, which "
            f"{'took the shares of' if matched else 'resemble'} names that were there."
        )
        yield make(
            study,
            "category_recoded",
            "category_recoded",
            text,
            strength=1.0,
            z=z,
            change=change,
            rows=rows & (flags > 0),
            effect=share,
            unit="share of rows",
            n=int(rows.sum()),
            features=[name],
            refutes=("new_category", "covariate_shift"),
        )
        return
    placeholder = all(v.strip().lower() in PLACEHOLDERS for v in values)
    # one and the same from some row on for all that there was is filled in, too
    placeholder |= len(values) == 1 < len(old) and share > _ALL and change.shape != "from_start"
    text = f"{name} has values that the baseline never had ({shown}) in {percent(share)} of the rows {since(change)}."
    # values that were served from the first row are none that came up later: the baseline was not like the world
    new = "unrepresentative_data" if change.shape == "from_start" else "new_category"
    yield make(
        study,
        "new_category",
        "default_filled" if placeholder else new,
        text,
        strength=0.9,
        z=z,
        change=change,
        rows=rows & (flags > 0),
        effect=share,
        unit="share of rows",
        n=int(rows.sum()),
        features=[name],
        refutes=() if placeholder else ("bad_rollout", "concept_drift", "covariate_shift", "default_filled"),
    )


def _shown(values: Sequence[str]) -> str:
    """List values, the first five by name."""
    named = ", ".join(value if value and value == value.strip() else f"'{value}'" for value in values[:5])
    return named if len(values) <= 5 else f"{named} and {len(values) - 5} more"


def _just_come(base: Codes) -> frozenset[str]:
    """Give the values that came up at the end of a log's own beginning, and are rare there still."""
    rows = base.codes[base.codes >= 0]
    count = np.bincount(rows, minlength=len(base.names))
    early = np.bincount(rows[: int(_EARLY * len(rows))], minlength=len(base.names))
    return frozenset(base.names[i] for i in np.flatnonzero((early == 0) & (count > 0) & (count < _HARDLY * len(rows))))


def _same_shares(base: Codes, column: Codes, rows: Mask) -> bool:
    """Whether vanished names of the baseline hand their shares to new names."""
    a, b, k = exact_cells(base, column)
    p, q = shares(a, k, 0.0), shares(b[rows], k, 0.0)
    gone, came = p[(p > 0.01) & (q < 0.1 * p)], q[(q > 0.01) & (p == 0)]
    tolerance = 3 * np.sqrt(0.25 / max(int(rows.sum()), 1)) + 0.03
    in_part = not len(gone) and len(came) > 2
    if in_part:  # a part of the rows has other names for all that there is
        gone, came = p[p > 0.01], came / max(float(came.sum()), 1e-9)
        kept = (q / max(float(q[p > 0].sum()), 1e-9))[p > 0.01]
        if len(gone) and (np.abs(kept - gone).max() > 0.1 or np.ptp(gone) < 2 * tolerance):
            return False  # those that stayed have other shares, or any names of nearly equal ones look like these
    if not len(gone) or not len(came):
        return False
    if len(gone) != len(came) and in_part:  # names that are rare on one side alone
        many = max(len(gone), len(came))
        gone, came = (np.pad(x, (0, many - len(x))) for x in (gone, came))
    if len(gone) != len(came):
        # one value in the place of several is no other name of any of them
        return len(came) > 1 and bool(gone.sum() > 0.7 and came.sum() > 0.7)
    return bool(np.abs(np.sort(gone) - np.sort(came)).max() < tolerance)
