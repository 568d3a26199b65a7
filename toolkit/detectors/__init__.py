"""One idea a file: what was looked at, and what it says for and against each mechanism (floor 4)."""
