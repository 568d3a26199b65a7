"""What a reader should know of how a log was read (floor 5): what it was held to, and which rows say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.bands import MOST_VALUES
from toolkit.detectors.categories import MOST_KNOWN, of_many_values
from toolkit.detectors.promise import doubted, hollow, perfect
from toolkit.detectors.study import Study
from toolkit.impact.estimate import ASSUMPTION
from toolkit.impact.harm import LEAST_KNOWN, Damage
from toolkit.impact.regions import MOST_VALUES as SEARCHED
from toolkit.logs.names import NAMES, plain
from toolkit.profile.cubes import values_of
from toolkit.profile.model import LOG

#: So many columns are named at most.
_NAMED: Final = 6


def notes(study: Study, damage: Damage) -> tuple[str, ...]:
    """Give the sentences that go with a verdict."""
    return (*_of_all(study, damage), *_of_reference(study), *_of_parts(study), *_of_labels(study, damage))


def unread(study: Study, verdict: str) -> Iterator[str]:
    """Name the columns that have no role, where what was read shows no cause: one of them may."""
    left = study.profile.unread
    if not left or verdict not in {"none", "undetermined"}:
        return
    named = {c: role for c in left for role, names in NAMES.items() if plain(c) in names}
    also = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    like = "".join(f" {c} is called like the role {role}." for c, role in [*named.items()][:_NAMED])
    first = sorted(left, key=lambda c: c not in named)[:_NAMED]
    told = f"Without a role, and so not read: {', '.join(first)}{also}.{like}"
    yield f"{told} Say in roles.toml what they are, or rest = 'guess'."


def _of_all(study: Study, damage: Damage) -> Iterator[str]:
    if damage.unskilled:
        yield "The model is no better than one and the same answer for every row."
    rows, sampled = study.profile.rows.get(LOG, len(study.log)), len(study.log)
    if sampled < rows:
        yield (
            f"Totals are of all {rows:,} rows; how columns go together is told by a seeded sample of {sampled:,}, and "
            "the n of a finding counts rows of it."
        )


def _of_reference(study: Study) -> Iterator[str]:
    if study.own_reference:
        first, given = round(float(study.ref.weight.sum())), len(study.profile.sample) - len(study.log)
        why = f"The reference has too few rows ({given:,})" if given else "No reference was given"
        yield f"{why}: the log is held to its own first {f'{first:,} rows' if first != 1 else 'row'}."
    elif _same_rows(study):
        yield "The reference holds the very rows of the log, which shows no harm held to itself."
    elif study.has_labels and (~np.isnan(study.ref_final)).sum() < LEAST_KNOWN:
        known = (~np.isnan(study.ref.label)).sum() >= LEAST_KNOWN
        lacks = "knows no decisions" if known else "hardly says what came true"
        yield f"The reference {lacks}: how often answers are wrong is held to the log itself."
    if study.level:
        yield (
            f"Errors grow with the numbers, by the power {study.level.power:.2f} of the answer: they are held to what "
            "is usual for answers as large, and losses in findings are those of a usual answer."
        )
    if hollow(study):
        yield (
            "The reference looks like rows that taught the model, on which any model is better: what is usual is taken "
            "from the log itself. Name rows that were held out for a harder test."
        )
    if doubted(study):
        yield (
            "The model is right on the reference in every doubtful case, as is who marks his own work: its labels are "
            "most likely the model's own answers. Name rows whose outcomes came from elsewhere."
        )
    elif perfect(study):
        yield (
            "The model is all but never wrong on the reference, as it is on rows that taught it, and no column split "
            "says which rows were held out: losses may have been promised that nobody could keep."
        )


def _same_rows(study: Study) -> bool:
    """Whether the reference is the log once more, as where one file was named twice."""
    mine, held = ((s.time, s.score, s.prediction, s.label) for s in (study.log, study.ref))
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, held, strict=True))


def _of_parts(study: Study) -> Iterator[str]:
    for name, codes in study.log.groups.items():
        if codes.names != (held := study.profile.sample.groups[name].names):
            shown = ", ".join(codes.names) if len(codes.names) < MOST_VALUES else f"the {MOST_VALUES - 1} commonest"
            counted = study.profile.cubes.get(f"group:{name}")  # of every row, where the sample has some of them
            many = max(len(held), values_of(counted) if counted else 0)
            yield f"The {many:,} values of {name} are compared as {shown}."
    yield from _of_many_values(study)


def _of_many_values(study: Study) -> Iterator[str]:
    """Say what is left out of columns with more values than can be looked at one by one."""
    searched = f"the worst slices are searched among the {SEARCHED} commonest"
    for name in study.log.segments:
        cube = study.profile.cubes.get(f"segment:{name}")
        if cube is not None and (many := values_of(cube)) > len(cube):
            rarer = many - sum(key is not None for key in cube.keys["value"]) + 1
            yield f"Of the {many:,} values of {name} the {rarer:,} rarest are counted as one, and {searched}."
    if features := of_many_values(study):
        shown = [*features[:_NAMED], *([f"{len(features) - _NAMED} more"] if len(features) > _NAMED else [])]
        each = " each" if len(features) > 1 else ""
        yield (
            f"More than {MOST_KNOWN} values{each}, and so compared as a whole: {', '.join(shown)}. New values are not "
            f"looked for there, and {searched}{' of each' if each else ''}."
        )


def _of_labels(study: Study, damage: Damage) -> Iterator[str]:
    late = study.standing_for(~study.mature)
    if late and study.mature[int(np.argmin(study.mature)) :].any():
        yield (
            f"{late:,} of the last rows wait for their labels; in older rows quick labels are like slow ones, so those "
            "that came already count."
        )
    elif late:
        yield f"The last {late:,} rows are too young for their labels; the harm takes them to err as the others do."
    if not study.has_labels:
        yield "The log has too few labels to count errors."
    if damage.harm.estimated:
        yield ASSUMPTION
