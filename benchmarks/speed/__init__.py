"""How fast, in how much memory, beside whom: see README.md."""
