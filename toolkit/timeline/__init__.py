"""When did what change, and what happened (floor 4)."""
