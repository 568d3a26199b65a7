"""The drawings of a page, made in a process that has the plotting loaded for another that has not (floor 6).

A kernel that has just drawn for notebooks draws for the page too: to load matplotlib once more takes as long as all
drawings of a page together. What is drawn is named by what it tells, so a page takes only what is its own.
"""

from __future__ import annotations

import os

from toolkit.notebooks.bundle import Bundle
from toolkit.report.plots.figure import sharing
from toolkit.report.sections import SECTIONS


def drawings(bundle: str | os.PathLike[str]) -> dict[str, str]:
    """Draw what the page of a bundle shows: SVG, by the name that ``plots.figure.sharing`` knows it by.

    Raises:
        PostmortemError: the folder is no bundle.
    """
    record = Bundle.load(bundle)
    with sharing({}) as drawn:
        for section in SECTIONS:
            section.body(record)
    return drawn
