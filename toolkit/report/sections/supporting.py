"""What the document stands on: the log, how it was read, every finding with its query (floor 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Finding, iso
from toolkit.report import words
from toolkit.report.evidence import anchor_of
from toolkit.report.sections.base import Section
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.spans import spans_of

_STANCES: Final = {"supports": "for", "refutes": "against", "silent": "silent", "not_testable": "not testable"}
_MOST: Final = 300


def draft(bundle: Bundle) -> Sequence[str]:
    """Say how to compute every number again."""
    if not bundle.findings:
        return ()
    chosen = spans_of(bundle.verdict.log) if bundle.verdict else {}
    spans = "".join(f" --{name.replace('_', '-')} {iso(a)} {iso(b)}" for name, (a, b) in chosen.items())
    again = f"`postmortem diagnose LOG{spans}`, or with `postmortem investigate {bundle.incident.id}`"
    return (
        "Every number above is a link to the finding or record that it stands on. Below, each finding has the query or "
        "call that gives its number again over the same log. The diagnosis as a whole is computed again with "
        f"{again} where the store is at hand.",
    )


def body(bundle: Bundle) -> Markup:
    """Give the validation report, the roles and every finding."""
    parts = []
    rows = tuple(flat({**(bundle.verdict.log if bundle.verdict else {}), **bundle.validation}))
    if rows:
        parts.append(
            Markup('<h3 id="validation">The log, and how it was read</h3>{}').format(
                Table(("Field", "Value"), rows, "Validation of the log").html(quiet=True)
            )
        )
    if bundle.roles:
        parts.append(
            Markup('<h3 id="roles">Columns and their roles</h3>{}').format(role_table(bundle).html(quiet=True))
        )
    if bundle.findings:
        parts.append(Markup('<h3 id="findings">Findings</h3>'))
        parts += [finding_html(f) for f in bundle.findings[:_MOST]]
        if len(bundle.findings) > _MOST:
            parts.append(
                Markup('<p class="note">{:,} more findings are in the data of this document.</p>').format(
                    len(bundle.findings) - _MOST
                )
            )
    notes = bundle.verdict.notes if bundle.verdict else ()
    if notes:
        items = Markup("").join(Markup("<li>{}</li>").format(visible(n)) for n in notes)
        parts.append(Markup("<h3>Notes of the diagnosis</h3><ul>{}</ul>").format(items))
    return Markup("\n").join(parts)


def role_table(bundle: Bundle) -> Table:
    """Give which column plays which role, and which of that was guessed."""
    rows = tuple(
        (visible(r.get("column", ""), 120), visible(r.get("type", ""), 80), visible(r.get("role") or "none", 80),
         "declared" if r.get("declared") else "guessed", visible(r.get("note") or "", 240))
        for r in bundle.roles
    )  # fmt: skip
    return Table(("Column", "Type", "Role", "How known", "Note"), rows, "Columns and their roles")


def finding_html(finding: Finding) -> Markup:
    """Give one finding: what it says, its numbers, and the query that gives them again."""
    facts = Markup("").join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(k, v) for k, v in finding_facts(finding))
    query = (
        Markup('<details class="query"><summary>How to compute it again</summary><pre>{}</pre></details>').format(
            visible(finding.query)
        )
        if finding.query
        else ""
    )
    said = (
        Markup('<p class="note">Not testable: {}.</p>').format(visible(finding.not_testable).rstrip("."))
        if finding.not_testable and finding.not_testable not in finding.statement
        else ""
    )
    return Markup(
        '<article class="finding" id="{}"><h4>{} <span class="kind">{}</span> <span class="badge {}">{}</span></h4>'
        '<p>{}</p>{}<dl class="facts small">{}</dl>{}</article>'
    ).format(
        anchor_of("finding", finding.id), visible(finding.id, 20), words.name(finding.detector), finding.stance,
        _STANCES.get(finding.stance, finding.stance), visible(finding.statement), said, facts, query,
    )  # fmt: skip


def finding_facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """Give the numbers of a finding that it has, in words."""
    if finding.effect is not None:
        yield "Effect", words.with_unit(finding.effect, finding.unit)
    if finding.interval:
        yield "95 % interval", words.between(finding.interval, finding.unit)
    if finding.n:
        yield "Rows", words.number(finding.n)
    if finding.p_value is not None:
        yield "Corrected p-value", words.p_value(finding.p_value)
    if finding.threshold is not None:
        yield "Threshold", words.number(finding.threshold)
    if finding.onset:
        between = " to ".join(words.stamp(t) for t in finding.onset_interval) if finding.onset_interval else ""
        yield "Onset", words.time(finding.onset) + (f" ({between})" if between else "")
    if finding.features:
        yield "Columns", words.listing(finding.features)
    if finding.slice:
        yield "Rows where", words.slice_words(finding.slice)
    if finding.model_versions:
        yield "Model versions", words.listing(finding.model_versions)
    for title, names in (("Speaks for", finding.supports), ("Speaks against", finding.refutes)):
        if names:
            yield title, words.listing([words.name(n) for n in names])


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give nested values as rows of a table, the keys joined."""
    for key, value in values.items():
        title = f"{prefix}{words.name(key)}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{title}: ")
        elif isinstance(value, list | tuple):
            yield title, words.listing(value, 12) or "none"
        else:
            yield title, "yes" if value is True else "no" if value is False else value


SECTION = Section("supporting-data", "Supporting data", draft, body)
