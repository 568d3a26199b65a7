"""What will be done about it (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.report import words
from toolkit.report.sections.base import Section
from toolkit.report.tables import Table
from toolkit.report.text import visible


def draft(bundle: Bundle) -> Sequence[str]:
    """Count the items, and say what is missing of them."""
    if not bundle.actions:
        return ()
    bare = sum(not a.owner or a.due is None for a in bundle.actions if a.status == "open")
    opened = sum(a.status == "open" for a in bundle.actions)
    said = [f"{len(bundle.actions)} action items are recorded, {opened} of them open."]
    return [*said, f"{bare} of the open ones {'lacks' if bare == 1 else 'lack'} an owner or a date."] if bare else said


def body(bundle: Bundle) -> Markup:
    """Give the items as a table."""
    if not bundle.actions:
        return Markup(
            '<p class="todo"><strong>To be written:</strong> what will prevent it, notice it sooner, soften it and '
            "repair the harm; each with an owner and a date.</p>"
        )
    return action_table(bundle).html(quiet=True, stack="actions")


def action_table(bundle: Bundle) -> Table:
    """Give the action items as a table, open ones first."""
    missing = Markup('<span class="missing">missing</span>')
    rows = tuple(
        (visible(a.summary, 400), a.kind, visible(a.owner, 80) or missing, words.stamp(a.due)[:10] or missing, a.status,
         Markup("<code>{}</code>").format(visible(a.check_sql, 300)) if a.check_sql else "none")
        for a in sorted(bundle.actions, key=lambda a: a.status != "open")
    )  # fmt: skip
    return Table(("What", "Kind", "Owner", "Due", "Status", "Check that proves it"), rows, "Action items")


SECTION = Section("action-items", "Action items", draft, body)
