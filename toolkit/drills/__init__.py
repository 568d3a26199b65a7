"""The library of case studies, and drills on a moving clock (floor 7)."""
