"""What a document does not show, said on its own page: the redaction ledger, and what is not yet known (floor 6)."""

from __future__ import annotations

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.report.redact import Redacted
from toolkit.report.tables import Table
from toolkit.report.text import visible


def ledger_html(made: Redacted) -> Markup:
    """Give the redaction ledger: by which rule, where, how often; never what."""
    policy = made.policy
    said = [f"This document is written for the {policy.audience}. The team has a longer one of the same incident."]
    if policy.smallest > 1:
        said.append(f"What rests on fewer than {policy.smallest} rows is not shown.")
    if not made.entries:
        said.append("By the rules for this audience nothing had to be taken out of it.")
    html = Markup("<p>{}</p>").format(" ".join(said))
    if not made.entries:
        return html
    rows = tuple((e.rule.capitalize(), e.where, e.times) for e in made.entries)
    return html + Table(("What", "Where", "Times"), rows, "What was left out").html(quiet=True)


def not_yet_known(bundle: Bundle) -> Markup:
    """Give what an initial report leaves open: what would settle the cause, and times that are not on record."""
    verdict, incident = bundle.verdict, bundle.incident
    open_ = list(verdict.would_settle_it) if verdict else ["The log was not diagnosed yet."]
    if verdict and verdict.verdict == "undetermined":
        open_.insert(0, "The cause: the log fits more than one explanation.")
    named = {"occurred_at": "When it began", "detected_at": "When it was detected",
             "mitigated_at": "When it was mitigated", "resolved_at": "When it was resolved"}  # fmt: skip
    open_ += [f"{title} is not on record." for field, title in named.items() if getattr(incident, field) is None]
    if verdict and verdict.harm.estimated:
        open_.append("The harm: it is estimated from scores, because labels are missing.")
    items = Markup("").join(Markup("<li>{}</li>").format(visible(x, 400)) for x in open_)
    return Markup("<ul>{}</ul>").format(items) if open_ else Markup("<p>Nothing that the record could hold.</p>")
