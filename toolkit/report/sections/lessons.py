"""What people learned; rules cannot write this (floor 6)."""

from toolkit.report.sections.base import Ask, Section

SECTION = Section(
    "lessons",
    "Lessons",
    asks=(
        Ask("went-well", "What went well", "What worked as intended and should be kept?"),
        Ask("went-wrong", "What went wrong", "What made it worse or slower than it had to be?"),
        Ask("got-lucky", "Where we got lucky", "What would have made this far worse, had it been otherwise?"),
        Ask("surprised", "Why we were surprised", "What did we believe about the system that was not so?"),
    ),
)
