"""Ledger, the five causes, the verdict (floor 5)."""
