"""The views that `postmortem sql` and `Store.sql` query (floor 2): stable names, each column explained.

They are made in the query's own DuckDB over the attached record, so the tables underneath may change with
the schema while these stay. Times are in UTC without a zone; lists and mappings are JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class View:
    """A view: what a row is, its query over the schema ``record``, and what each column is, in the query's order."""

    name: str
    row: str
    query: str
    columns: dict[str, str]


_LATEST: Final = "run = (SELECT max(v.run) FROM record.verdicts v WHERE v.incident = {0}.incident) AS latest"

VIEWS: Final = (
    View(
        "incidents",
        "one incident",
        """SELECT i.id, i.title, i.model, i.severity, i.kind, i.status, i.owner, i.occurred_at, i.detected_at,
                  i.mitigated_at, i.resolved_at, i.closed_at, i.created_at,
                  epoch(i.detected_at) - epoch(i.occurred_at) AS seconds_to_detect,
                  epoch(i.mitigated_at) - epoch(i.occurred_at) AS seconds_to_mitigate,
                  epoch(i.resolved_at) - epoch(i.occurred_at) AS seconds_to_resolve,
                  v.verdict, v.mechanism, i.tags, i.roles, i.summary, i.dataset, i.related,
                  i.duplicate_of, i.restricted, i.responder_hours, i.version
           FROM record.incidents i
           LEFT JOIN record.verdicts v ON v.incident = i.id
             AND v.run = (SELECT max(w.run) FROM record.verdicts w WHERE w.incident = i.id)
           ORDER BY i.number""",
        {
            "id": "INC-0001 and on",
            "title": "what failed, in a few words",
            "model": "the deployed model, with its version",
            "severity": "SEV1 to SEV4",
            "kind": "incident or near_miss",
            "status": "open, mitigated, resolved, closed",
            "owner": "who leads",
            "occurred_at": "when the damage began",
            "detected_at": "when somebody knew",
            "mitigated_at": "when the damage stopped",
            "resolved_at": "when the cause was gone",
            "closed_at": "when nothing was left to do",
            "created_at": "when it was recorded here",
            "seconds_to_detect": "from occurrence to detection",
            "seconds_to_mitigate": "from occurrence to mitigation",
            "seconds_to_resolve": "from occurrence to resolution",
            "verdict": "the latest verdict: one of the five causes, none or undetermined",
            "mechanism": "the latest verdict's mechanism",
            "tags": "JSON list",
            "roles": "JSON mapping of role to person",
            "summary": "a paragraph",
            "dataset": "what the model was trained on",
            "related": "JSON list of incidents",
            "duplicate_of": "the incident that this one repeats, or empty",
            "restricted": "not for everybody's eyes",
            "responder_hours": "hours that people spent on it",
            "version": "counts the changes of this row",
        },
    ),
    View(
        "logs",
        "one file that an incident rests on; run 0 is as it was opened, later runs as each diagnosis read it",
        "SELECT incident, run, part, path, sha256 FROM record.logs ORDER BY incident, run, position",
        {
            "incident": "the incident's id",
            "run": "the diagnosis that read the file, 0 for none yet",
            "part": "log, reference or events",
            "path": "where it lay",
            "sha256": "what it hashed to; empty where nobody hashed it",
        },
    ),
    View(
        "events",
        "one event of a timeline",
        """SELECT incident, id, occurred_at, kind, text, source, actor, marker, starred, withdrawn, noted_at
           FROM record.events ORDER BY incident, occurred_at, number""",
        {
            "incident": "the incident's id",
            "id": "E01 and on, within the incident",
            "occurred_at": "when it happened",
            "kind": "deployment, data_change, config_change, alert, human_action, staffing, mitigation, recovery, note",
            "text": "what happened",
            "source": "person, import, finding, or what an import names",
            "actor": "who did it",
            "marker": "detection, diagnosis, repair, key_moment, or empty",
            "starred": "worth a reader's eye",
            "withdrawn": "taken back; kept for the record",
            "noted_at": "when it was recorded here",
        },
    ),
    View(
        "verdicts",
        "one diagnosis of an incident",
        f"""SELECT t.incident, t.run, {_LATEST.format("t")}, t.verdict, t.mechanism, t.confidence, t.excess_errors,
                   t.onset, t.profile_hash, t.recorded_at, t.body
            FROM record.verdicts t ORDER BY t.incident, t.run""",
        {
            "incident": "the incident's id",
            "run": "1 for the first diagnosis and on",
            "latest": "the one that counts",
            "verdict": "one of the five causes, none or undetermined",
            "mechanism": "how the cause did its damage",
            "confidence": "probability of the verdict",
            "excess_errors": "wrong final decisions beyond the expected; summed loss in regression",
            "onset": "when the damage began; NULL for from the first row",
            "profile_hash": "identifies the profile that was judged",
            "recorded_at": "when it was recorded",
            "body": "the diagnosis as JSON, without findings and ledger",
        },
    ),
    View(
        "findings",
        "one detector's answer in one diagnosis",
        f"""SELECT t.incident, t.run, {_LATEST.format("t")}, t.id, t.detector, t.statement, t.stance, t.effect, t.unit,
                   t.low, t.high, t.n, t.p_value, t.onset, t.body
            FROM record.findings t ORDER BY t.incident, t.run, t.position""",
        {
            "incident": "the incident's id",
            "run": "the diagnosis",
            "latest": "of the diagnosis that counts",
            "id": "F01 and on, within the run",
            "detector": "which detector",
            "statement": "what it found, in words",
            "stance": "supports, refutes, silent or not_testable",
            "effect": "the size, in unit",
            "unit": "what the effect is measured in",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "n": "rows it rests on",
            "p_value": "corrected within the detector's family",
            "onset": "when it began",
            "body": "the finding as JSON, with the query that gives it again",
        },
    ),
    View(
        "ledger",
        "one line of the damage's split",
        f"""SELECT t.incident, t.run, {_LATEST.format("t")}, t.cause, t.mechanism, t.share, t.low, t.high, t.body
            FROM record.ledger t ORDER BY t.incident, t.run, t.position""",
        {
            "incident": "the incident's id",
            "run": "the diagnosis",
            "latest": "of the diagnosis that counts",
            "cause": "one of the five, unexplained or off_support",
            "mechanism": "how",
            "share": "part of the damage, 0 to 1; the lines of a run sum to 1",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "body": "the line as JSON",
        },
    ),
    View(
        "actions",
        "one action item",
        """SELECT incident, id, summary, kind, owner, due, status,
                  coalesce(status = 'open' AND due < CAST(now() AS TIMESTAMP), false) AS overdue, check_sql,
                  checked_at, check_passed, check_detail, created_at, done_at
           FROM record.actions ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "A01 and on, within the incident",
            "summary": "what will be done",
            "kind": "prevent, detect, mitigate or repair",
            "owner": "by whom",
            "due": "until when",
            "status": "open, done or dropped",
            "overdue": "open past its date",
            "check_sql": "what proves it done",
            "checked_at": "when that was last run on new data",
            "check_passed": "whether it held",
            "check_detail": "what came out",
            "created_at": "when it was recorded",
            "done_at": "when it was done",
        },
    ),
    View(
        "runs",
        "one execution of a notebook template",
        """SELECT incident, id, template, status, path, seconds, error, recorded_at
           FROM record.runs ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "R01 and on, within the incident",
            "template": "which template",
            "status": "ok or failed",
            "path": "the executed notebook",
            "seconds": "how long it took",
            "error": "the cell and the reason, where it failed",
            "recorded_at": "when it ran",
        },
    ),
    View(
        "documents",
        "one written version of a postmortem",
        """SELECT incident, id, path, sha256, version, status, audience, kind, source, reason, recorded_at
           FROM record.documents ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "D01 and on, within the incident",
            "path": "the file",
            "sha256": "what it hashed to",
            "version": "1 and on, for each audience",
            "status": "draft, in_review, approved or published",
            "audience": "team, leadership, public or regulator",
            "kind": "full, executive or initial",
            "source": "SHA-256 of the text and record that it was written from",
            "reason": "why it took the place of the version before",
            "recorded_at": "when it was written",
        },
    ),
    View(
        "reviews",
        "one step of a review",
        """SELECT incident, id, decision, reviewer, source, text, actor, recorded_at
           FROM record.reviews ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "V01 and on, within the incident",
            "decision": "ask, approve or object",
            "reviewer": "who was asked, or who decided",
            "source": "SHA-256 of the text and record that was read",
            "text": "what was said with it",
            "actor": "who recorded it",
            "recorded_at": "when",
        },
    ),
    View(
        "comments",
        "one remark on a place of a document",
        """SELECT incident, id, anchor, quote, text, actor, resolved, answer, recorded_at
           FROM record.comments ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "C01 and on, within the incident",
            "anchor": "the section, question, finding or event that it is about",
            "quote": "the words that it is about, where some were named",
            "text": "the remark",
            "actor": "whose it is",
            "resolved": "whether it is settled",
            "answer": "how",
            "recorded_at": "when it was made",
        },
    ),
    View(
        "submissions",
        "one report that was sent to an authority",
        """SELECT incident, id, regime, stage, recipient, reference, late_reason, actor, sent_at, recorded_at
           FROM record.submissions ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "S01 and on, within the incident",
            "regime": "under which rules, e.g. ai-act",
            "stage": "initial or complete",
            "recipient": "to whom",
            "reference": "the recipient's reference",
            "late_reason": "why it was late, where it was",
            "actor": "who recorded it",
            "sent_at": "when it was sent",
            "recorded_at": "when that was recorded",
        },
    ),
    View(
        "notes",
        "one status note",
        """SELECT incident, id, kind, text, conditions, actions, needs, actor, noted_at
           FROM record.notes ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "N01 and on, within the incident",
            "kind": "tactical or executive",
            "text": "how it stands",
            "conditions": "tactical: what is the case",
            "actions": "tactical: what was done",
            "needs": "tactical: what is needed",
            "actor": "who noted it",
            "noted_at": "when",
        },
    ),
    View(
        "drills",
        "one finished drill of one trainee",
        """SELECT id, scenario, trainee, difficulty, truth, answer, mechanism, confidence, correct, cried_wolf, points,
                  brier, spent, harm, began_at, ended_at, recorded_at, body
           FROM record.drills ORDER BY number""",
        {
            "id": "names the drill; the same tape is recorded once",
            "scenario": "the case study, or game day for a planted fault",
            "trainee": "who diagnosed",
            "difficulty": "1 to 5",
            "truth": "the cause: one of the five, or none",
            "answer": "the cause that was answered",
            "mechanism": "the mechanism that was answered",
            "confidence": "stated probability that the answered cause is right, 0 to 1",
            "correct": "whether the answered cause is one that the case accepts",
            "cried_wolf": "a failure was named where nothing was wrong",
            "points": "the score, at most 100",
            "brier": "(confidence - correct) squared: 0 is best, 1 is worst",
            "spent": "what looks and hints cost",
            "harm": "share of the affected requests that were still served before a fitting mitigation",
            "began_at": "when the trainee began",
            "ended_at": "when the trainee ended",
            "recorded_at": "when it was recorded here",
            "body": "the answer, the parts of the score and the moves as JSON",
        },
    ),
    View(
        "judgements",
        "one person's word on one finding; the last on a finding counts",
        """SELECT incident, id, finding, key, run, stance, reason, actor, noted_at
           FROM record.judgements ORDER BY incident, number""",
        {
            "incident": "the incident's id",
            "id": "J01 and on, within the incident",
            "finding": "the finding's id in that diagnosis",
            "key": "what the finding is known by in later diagnoses",
            "run": "the diagnosis that was looked at",
            "stance": "accepted, contested, or open: an earlier word taken back",
            "reason": "why; always there where it is contested",
            "actor": "who said so",
            "noted_at": "when",
        },
    ),
    View(
        "journal",
        "one change of the store, bound to the one before by its hash",
        """SELECT seq, recorded_at, actor, op, command, incident, reason,
                  json_extract(entry, '$.changes') AS changes, hash
           FROM record.audit ORDER BY seq""",
        {
            "seq": "1 and on, without a gap",
            "recorded_at": "when",
            "actor": "who",
            "op": "what was done",
            "command": "from which command",
            "incident": "the incident's id, where it is about one",
            "reason": "why, where one was given",
            "changes": "JSON: each row with what it was before and after",
            "hash": "SHA-256 over the entry, which holds its predecessor's",
        },
    ),
)


def schema_markdown() -> str:
    """Write the views as a page of the documentation: each with what a row is, and each column with what it is."""
    parts = []
    for view in VIEWS:
        lines = [f"### `{view.name}`", "", f"One row is {view.row}.", "", "| column | what it is |", "| --- | --- |"]
        lines += [f"| `{name}` | {meaning} |" for name, meaning in view.columns.items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
