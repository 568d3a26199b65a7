"""Log to verdict, notebooks and page: open, investigate and publish, in a store of its own that is thrown away."""

from __future__ import annotations

import sys
import tempfile

from benchmarks.speed.jobs.again import opened


def main(folder: str) -> None:
    """Open, investigate, publish."""
    from toolkit.investigation import investigate, publish

    with tempfile.TemporaryDirectory() as place:
        store, incident = opened(folder, place)
        investigate(store, incident).check()
        publish(store, incident)


if __name__ == "__main__":
    main(sys.argv[1])
