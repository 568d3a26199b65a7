"""Anchors (floor 2): how far the journal went, said in places that are not the store.

The chain finds an entry that was changed; only a hash that was kept elsewhere finds a journal that was written anew
from the start, HEAD included. Each published page says one, and so can a note in a git repository; wherever such a
copy lies, it is held against the journal here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolkit.errors import StoreError

#: The namespace of our notes: ``git log --notes=postmortem`` shows them.
REF: Final = "postmortem"

_SAID: Final = re.compile(r"\bentry ([0-9]{1,12})\b[^0-9A-Za-z]{1,40}([0-9a-f]{64})\b")
_TAG: Final = re.compile(r"<[^>]{0,200}>")
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Anchor:
    """An entry's number and hash, and where that was said; ``str`` of it is what is written elsewhere."""

    seq: int
    hash: str
    where: str = ""

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.hash}"


def said_in(text: str, where: str) -> Iterator[Anchor]:
    """Find the anchors that a page, a note or any other text holds."""
    for seq, sha in dict.fromkeys(_SAID.findall(_TAG.sub("", text))):
        yield Anchor(int(seq), sha, where)


def in_file(path: Path) -> list[Anchor]:
    """Find the anchors that a file holds.

    Raises:
        StoreError: it cannot be read, or says nothing of a journal.

    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise StoreError(f"the file cannot be read: {error.strerror}", where=str(path), fix="check the path") from None
    found = list(said_in(text, str(path)))
    if not found:
        raise StoreError(
            "the file names no entry of a journal",
            where=str(path),
            fix="give a page that postmortem publish wrote, or what postmortem audit anchor printed",
        )
    return found


def in_pages(home: Path) -> list[Anchor]:
    """Find the anchors of the pages that lie in the store's own folder, the latest and all that were kept."""
    found: list[Anchor] = []
    for pattern in ("*-*/postmortem.html", "*-*/versions/*/postmortem.html"):
        for path in sorted(home.glob(pattern)):
            try:
                found += in_file(path)
            except StoreError:
                continue  # a page of an older version says nothing
    return found


def in_notes(repository: Path) -> list[Anchor]:
    """Find the anchors that a git repository's notes hold.

    Raises:
        StoreError: it is no repository, or git is missing.

    """
    listed = _git(repository, "notes", f"--ref={REF}", "list", accept=(0, 1)).split("\n")
    found: list[Anchor] = []
    for blob, _, commit in (line.partition(" ") for line in listed if line.strip()):
        text = _git(repository, "cat-file", "-p", blob)
        found += said_in(text, f"git note of {commit[:12]}")
    return found


def note(repository: Path, anchor: Anchor) -> str:
    """Say an anchor in a note of the repository's present commit; give the commit.

    Raises:
        StoreError: it is no repository, has no commit, or git is missing.

    """
    commit = _git(repository, "rev-parse", "--verify", "HEAD").strip()
    _git(repository, "notes", f"--ref={REF}", "append", "-m", f"postmortem journal, {anchor}", commit)
    return commit


def _git(repository: Path, *words: str, accept: tuple[int, ...] = (0,)) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *words], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        raise StoreError("git cannot be run", where=str(repository), fix="install git, or leave --git out") from None
    if done.returncode not in accept:
        said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise StoreError(f"git says: {said[:200]}", where=str(repository), fix="name a repository with a commit")
    return done.stdout


def faults(anchors: Iterable[Anchor], hashes: Mapping[int, str]) -> list[str]:
    """Say which anchors the journal does not bear out."""
    wrong = []
    for one in anchors:
        here = hashes.get(one.seq)
        if here is None:
            wrong.append(f"{one.where} names entry {one.seq}, which the journal lacks")
        elif here != one.hash:
            wrong.append(f"entry {one.seq} is not the one that {one.where} names: the journal was written anew")
    return wrong
