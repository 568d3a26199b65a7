"""The statistics of a log, and the sample: all that anything above may know of its rows (floor 3)."""
