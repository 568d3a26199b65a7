"""Harm, and what would have caught it (floor 5)."""
