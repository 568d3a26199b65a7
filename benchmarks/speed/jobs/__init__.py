"""One job a file, each run in a process of its own: ``python -m benchmarks.speed.jobs.NAME FOLDER``."""
