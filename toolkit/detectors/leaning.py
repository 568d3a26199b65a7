"""Labels of one source that lean to one side, or scatter, and those of no other (floor 4; data; needs labels).

Label less what the model stated is nought on average while both mean the same, whatever rows come. Who turns labels of
one kind alone shows in its mean long before the count of errors, to which the model's own add their scatter; who gives
numbers at random shows in how far they lie off, on either side. That the other sources' stands still says that neither
the model nor the world moved.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, probability, since
from toolkit.detectors.study import Study, is_probability
from toolkit.logs.names import CUSTOMER_WORDS, SOURCE_WORDS, plain, words_of
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import find_change

NAME: Final = "leaning"
#: Log likelihood by which a world that moved must tell the labels better than labels that were turned.
_TELLS: Final = 2.0
#: Labelled rows of a source before and since at least; how surely (z) it must lean, not yet corrected for tries; the
#: part of it that the others may lean, and errors to the other side may rise by; the most values that are asked.
_LEAST, _LEVEL, _OTHERS, _MOST = 40, 4.5, 0.3, 40
#: What labels that lean are not: of a customer it is open whether the world moved.
_NOT: Final = ("training_serving_skew", "concept_drift")


def detect(study: Study) -> list[Evidence]:
    """Hold each source's labels to what the model stated, and to the other sources."""
    lean = _lean(study)
    if lean is None:
        return []
    columns = {**study.log.segments, **study.log.features}
    sources = [
        (SliceTerm(column, value), codes.rows_of(value))
        for column, codes in columns.items()
        if isinstance(codes, Codes) and words_of(plain(column)) & SOURCE_WORDS
        for value in codes.names[:_MOST]
    ]
    known = ~np.isnan(lean)
    tried = [(t, mine) for t, mine in sources if min((mine & known).sum(), (~mine & known).sum()) >= 2 * _LEAST]
    level = float(np.sqrt(_LEVEL**2 + 2 * np.log(max(len(tried), 1))))
    found = [e for term, mine in tried if (e := _of(study, lean, term, mine, level)) is not None]
    if study.regression and not found:
        off = np.abs(lean)
        found = [e for term, mine in tried if (e := _of(study, off, term, mine, level, lean)) is not None]
    return sorted(found, key=lambda e: -e.z)[:1]


def _of(
    study: Study, lean: Floats, term: SliceTerm, mine: Mask, level: float, about: Floats | None = None
) -> Evidence | None:
    """Hold one source's labels to its earlier ones and to the others'; ``about`` is what they scatter about, if so."""
    change = find_change(np.where(mine, lean, np.nan), level=level)
    known, now = ~np.isnan(lean), inside(change, len(lean))
    sides = [lean[side & rows & known] for side in (mine, ~mine) for rows in (~now, now)]
    if not change.found or min(len(x) for x in sides) < _LEAST:
        return None
    moved, error, interval, z = difference(*sides[:2])
    others, others_error, _, _ = difference(*sides[2:])
    if abs(z) < level or abs(moved - others) < 3 * np.hypot(error, others_error):
        return None
    if abs(others) > max(_OTHERS * abs(moved), 2 * others_error):
        return None  # all of them lean: the model or the world moved
    told = study.binary and is_probability(study.log.score)
    if told and _moved(study, mine & known & ~now, mine & known & now):
        return None
    # a customer has a world of his own, and without scores nothing tells that it moved from labels that were turned
    own = not told and about is None and bool(words_of(plain(term.column)) & CUSTOMER_WORDS)
    if about is not None and abs(difference(about[mine & ~now], about[mine & now])[0]) > 0.5 * moved:
        return None  # it leans, whatever speaks against that, or lies nearer than it did
    rows, loss = mine & now, study.log_loss.model
    side = "higher" if moved > 0 else "lower"
    where = side if about is None else "farther off, to either side,"
    text = (
        f"Labels of {term.column} = {term.value} lie {abs(moved):.3g} {where} {since(change)} against what the model "
        f"states ({abs(z):.1f} standard errors); those of the others {others:+.2g}."
    )
    turned = about is None and _one_way(lean, mine & known, now)
    mechanism = "concept_drift" if own else "poisoned_data" if turned else "label_noise"
    return make(
        study, NAME, mechanism, text,
        strength=0.85, z=abs(z), change=change, rows=rows, effect=moved, unit="label", interval=interval,
        n=int((rows & known).sum()), slice_=(term,), supports=(mechanism, "poisoned_data", "label_noise"),
        refutes=_NOT[:1] if own else _NOT, harmful=difference(loss[mine & ~now], loss[rows])[3] > 2,
    )  # fmt: skip


def _moved(study: Study, before: Mask, now: Mask) -> bool:
    """Whether a world that moved tells a source's labels better than labels that were turned do.

    Who turns labels turns those of sure answers as well; where the odds of all cases moved by one factor, as they do
    from season to season, the sure ones hardly change. Odds are those that the source's own labels gave before.
    """
    from sklearn.linear_model import LogisticRegression

    score, label = np.clip(study.log.score, 0.005, 0.995), study.log.label
    odds = np.log(score / (1 - score))[:, None]
    if len(np.unique(label[before])) < 2:
        return False
    usual = LogisticRegression(C=1e3).fit(odds[before], label[before]).decision_function(odds[now])
    p, y = probability(usual), label[now]
    turned = [[p * (1 - q), p + (1 - p) * q, p + (1 - 2 * p) * q] for q in np.linspace(0.01, 0.99, 99)]
    moved = [probability(usual + by) for by in np.linspace(-4, 4, 81)]
    by_turn, by_move = (
        max(float(np.log(np.clip(np.where(y == 1, x, 1 - x), 1e-6, 1)).sum()) for x in every)
        for every in ([x for kinds in turned for x in kinds], moved)
    )
    return by_move > by_turn + _TELLS


def _one_way(lean: Floats, mine: Mask, now: Mask) -> bool:
    """Whether far labels to one side alone became more frequent: turned to an end, not drawn at random."""
    far = np.abs(lean) > np.nanquantile(np.abs(lean[mine & ~now]), 0.8)
    rises = [difference(*(1.0 * (far & (side * lean > 0))[mine & rows] for rows in (~now, now)))[0] for side in (1, -1)]
    return min(rises) < _OTHERS * max(rises)


def _lean(study: Study) -> Floats | None:
    """Give label less what was stated: the probability, the answer where there is none, or the number."""
    label = study.mature_label
    if study.binary and is_probability(study.log.score):
        return label - study.log.score
    if study.regression:
        return study.residual(study.log) + np.where(study.mature, 0.0, np.nan)
    return label - study.log.prediction if study.binary and not np.isnan(study.log.prediction).all() else None
