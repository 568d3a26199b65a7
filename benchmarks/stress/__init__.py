"""The incident store under load: killed, crowded, filled up, tampered with. Run as `python -m benchmarks.stress`."""
