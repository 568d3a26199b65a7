"""What all tests share: one thread a process, since two test workers on two cores else wait for each other."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
