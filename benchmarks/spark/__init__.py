"""Spark held against DuckDB on generated logs, on a real cluster, with a worker killed; and what a log would cost."""
