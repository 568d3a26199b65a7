"""Whether something is done more or less often only since other cases come (floor 4).

A site that closes takes its reviewers with it, and alarms that are weaker are acted on less, though nobody does
otherwise than before. So the cases since a change are weighed by what was done with cases of their kind before it
(direct standardisation: Kitagawa 1955): where that already tells most of the difference, it is the cases'.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from toolkit.detectors.study import Study
from toolkit.logs.names import SOURCE_WORDS, plain, words_of
from toolkit.profile.model import Floats, Ints, Mask

#: Rows that must show what was done with a kind, and that must be left on either side; the bands of the score; the part
#: of a difference that is left within the kinds from which on people do otherwise.
_KNOWN, _LEAST, _BANDS, _LEFT = 10, 30, 10, 0.5


def of_other_cases(study: Study, done: Floats, before: Mask, since: Mask) -> bool:
    """Say whether the score or a segment tells most of why the mean of ``done`` is another since than before."""
    moved = float(done[since].mean() - done[before].mean()) if before.any() and since.any() else 0.0
    return moved != 0 and any(
        left is not None and left / moved < _LEFT
        for left in (_within(kinds, done, before, since) for kinds in _kinds(study, before))
    )


def _kinds(study: Study, before: Mask) -> Iterator[Ints]:
    """Give the kinds of cases: bands of the score, and the values of each segment that names nobody who decides."""
    score = study.log.score
    known = score[before & ~np.isnan(score)]
    if len(known) >= _KNOWN * _BANDS:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BANDS + 1)[1:-1]))
        yield np.where(np.isnan(score), -1, np.searchsorted(edges, score, side="right"))
    for column, codes in study.log.segments.items():
        if not words_of(plain(column)) & SOURCE_WORDS:
            yield codes.codes


def _within(kinds: Ints, done: Floats, before: Mask, since: Mask) -> float | None:
    """Give how far the mean moved within kinds, of those that were there before; ``None`` where they are too few."""
    moved = beyond_kind(kinds, done, before, since, known=_KNOWN)
    return float(moved.mean()) if len(moved) >= _LEAST else None


def beyond_kind(kinds: Ints, done: Floats, before: Mask, since: Mask, *, known: int) -> Floats:
    """Give by how much each row since lies above the mean of its kind before, of kinds of so many ``known`` rows."""
    cells = int(kinds.max(initial=0)) + 1
    then = before & (kinds >= 0)
    count = np.bincount(kinds[then], minlength=cells)
    mean = np.bincount(kinds[then], weights=done[then], minlength=cells) / np.maximum(count, 1)
    now = since & (kinds >= 0) & (np.where(kinds >= 0, count[kinds], 0) >= known)
    return done[now] - mean[kinds[now]]
