"""Log to profile: the part of ``ours`` that grows with the rows. What is above it sees 100,000 rows at the most."""

from __future__ import annotations

import sys

from benchmarks.speed.jobs.ours import main

if __name__ == "__main__":
    main(sys.argv[1], diagnosed=False)
