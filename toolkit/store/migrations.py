"""The store's schema as numbered steps (floor 2).

Each step runs in one transaction together with its own record and its entry in the journal, so a store is
at a number or at the next, never between. A step is frozen once released: the journal replays it. No
foreign keys and no secondary
indexes: in DuckDB they break plain updates, and their index is what a crash can hurt; the code keeps the
    references. Only types and statements that other SQL databases know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Migration:
    """One step: its number, what it is for, and its statements."""

    number: int
    title: str
    statements: tuple[str, ...]


_FIRST: Final = (
    """CREATE TABLE incidents (
        id VARCHAR PRIMARY KEY, number BIGINT, title VARCHAR, model VARCHAR, severity VARCHAR, kind VARCHAR,
        status VARCHAR, owner VARCHAR, roles VARCHAR, occurred_at TIMESTAMP, detected_at TIMESTAMP,
        mitigated_at TIMESTAMP, resolved_at TIMESTAMP, closed_at TIMESTAMP, created_at TIMESTAMP, tags
        VARCHAR,
        summary VARCHAR, log VARCHAR, version BIGINT)""",
    """CREATE TABLE logs (
        incident VARCHAR, run BIGINT, position BIGINT, part VARCHAR, path VARCHAR, sha256 VARCHAR,
        PRIMARY KEY (incident, run, position))""",
    """CREATE TABLE events (
        incident VARCHAR, id VARCHAR, number BIGINT, occurred_at TIMESTAMP, kind VARCHAR, text VARCHAR,
        source VARCHAR, actor VARCHAR, starred BOOLEAN, withdrawn BOOLEAN, marker VARCHAR, noted_at
        TIMESTAMP,
        PRIMARY KEY (incident, id))""",
    """CREATE TABLE verdicts (
        incident VARCHAR, run BIGINT, verdict VARCHAR, mechanism VARCHAR, confidence DOUBLE PRECISION,
        excess_errors DOUBLE PRECISION, onset TIMESTAMP, profile_hash VARCHAR, recorded_at TIMESTAMP, body
        VARCHAR,
        PRIMARY KEY (incident, run))""",
    """CREATE TABLE findings (
        incident VARCHAR, run BIGINT, position BIGINT, id VARCHAR, detector VARCHAR, statement VARCHAR,
        stance VARCHAR, effect DOUBLE PRECISION, unit VARCHAR, low DOUBLE PRECISION, high DOUBLE PRECISION,
        n BIGINT,
        p_value DOUBLE PRECISION, onset TIMESTAMP, body VARCHAR, PRIMARY KEY (incident, run, position))""",
    """CREATE TABLE ledger (
        incident VARCHAR, run BIGINT, position BIGINT, cause VARCHAR, mechanism VARCHAR, share DOUBLE
        PRECISION,
        low DOUBLE PRECISION, high DOUBLE PRECISION, body VARCHAR, PRIMARY KEY (incident, run, position))""",
    """CREATE TABLE actions (
        incident VARCHAR, id VARCHAR, number BIGINT, summary VARCHAR, kind VARCHAR, owner VARCHAR, due
        TIMESTAMP,
        status VARCHAR, check_sql VARCHAR, created_at TIMESTAMP, done_at TIMESTAMP, PRIMARY KEY (incident, id))""",
    """CREATE TABLE runs (
        incident VARCHAR, id VARCHAR, number BIGINT, template VARCHAR, status VARCHAR, path VARCHAR,
        seconds DOUBLE PRECISION, error VARCHAR, recorded_at TIMESTAMP, PRIMARY KEY (incident, id))""",
    """CREATE TABLE documents (
        incident VARCHAR, id VARCHAR, number BIGINT, path VARCHAR, sha256 VARCHAR, version BIGINT, status
        VARCHAR,
        audience VARCHAR, recorded_at TIMESTAMP, PRIMARY KEY (incident, id))""",
    """CREATE TABLE requests (key VARCHAR PRIMARY KEY, op VARCHAR, seq BIGINT, result VARCHAR)""",
    """CREATE TABLE migrations (number BIGINT PRIMARY KEY, title VARCHAR, seq BIGINT)""",
    """CREATE TABLE audit (
        seq BIGINT PRIMARY KEY, recorded_at TIMESTAMP, actor VARCHAR, op VARCHAR, command VARCHAR, incident
        VARCHAR,
        key VARCHAR, reason VARCHAR, hash VARCHAR, entry VARCHAR)""",
)

_SECOND: Final = (
    "ALTER TABLE incidents ADD COLUMN dataset VARCHAR",
    "ALTER TABLE incidents ADD COLUMN related VARCHAR",
    "ALTER TABLE incidents ADD COLUMN duplicate_of VARCHAR",
    "ALTER TABLE incidents ADD COLUMN restricted BOOLEAN",
    "ALTER TABLE incidents ADD COLUMN responder_hours DOUBLE PRECISION",
    "UPDATE incidents SET dataset = '', related = '[]', duplicate_of = '', restricted = false",
    "ALTER TABLE actions ADD COLUMN checked_at TIMESTAMP",
    "ALTER TABLE actions ADD COLUMN check_passed BOOLEAN",
    "ALTER TABLE actions ADD COLUMN check_detail VARCHAR",
    """CREATE TABLE notes (
        incident VARCHAR, id VARCHAR, number BIGINT, kind VARCHAR, text VARCHAR, conditions VARCHAR, actions VARCHAR,
        needs VARCHAR, actor VARCHAR, noted_at TIMESTAMP, PRIMARY KEY (incident, id))""",
)

_THIRD: Final = (
    """CREATE TABLE drills (
        id VARCHAR PRIMARY KEY, number BIGINT, scenario VARCHAR, trainee VARCHAR, difficulty BIGINT, truth VARCHAR,
        answer VARCHAR, mechanism VARCHAR, confidence DOUBLE PRECISION, correct BOOLEAN, cried_wolf BOOLEAN,
        points DOUBLE PRECISION, brier DOUBLE PRECISION, spent DOUBLE PRECISION, harm DOUBLE PRECISION,
        began_at TIMESTAMP, ended_at TIMESTAMP, recorded_at TIMESTAMP, body VARCHAR)""",
)

_FOURTH: Final = (
    """CREATE TABLE judgements (
        incident VARCHAR, id VARCHAR, number BIGINT, finding VARCHAR, key VARCHAR, run BIGINT, stance VARCHAR,
        reason VARCHAR, actor VARCHAR, noted_at TIMESTAMP, PRIMARY KEY (incident, id))""",
)

_FIFTH: Final = (
    "ALTER TABLE documents ADD COLUMN kind VARCHAR",
    "ALTER TABLE documents ADD COLUMN source VARCHAR",
    "ALTER TABLE documents ADD COLUMN reason VARCHAR",
    "UPDATE documents SET kind = 'full', source = '', reason = ''",
    """CREATE TABLE reviews (
        incident VARCHAR, id VARCHAR, number BIGINT, decision VARCHAR, reviewer VARCHAR, source VARCHAR, text VARCHAR,
        actor VARCHAR, recorded_at TIMESTAMP, PRIMARY KEY (incident, id))""",
    """CREATE TABLE comments (
        incident VARCHAR, id VARCHAR, number BIGINT, anchor VARCHAR, quote VARCHAR, text VARCHAR, actor VARCHAR,
        resolved BOOLEAN, answer VARCHAR, recorded_at TIMESTAMP, PRIMARY KEY (incident, id))""",
    """CREATE TABLE submissions (
        incident VARCHAR, id VARCHAR, number BIGINT, regime VARCHAR, stage VARCHAR, recipient VARCHAR,
        reference VARCHAR, late_reason VARCHAR, actor VARCHAR, sent_at TIMESTAMP, recorded_at TIMESTAMP,
        PRIMARY KEY (incident, id))""",
)

MIGRATIONS: Final = (
    Migration(1, "the record", _FIRST),
    Migration(2, "related and restricted incidents, cost, status notes, checks of actions", _SECOND),
    Migration(3, "drills and their scores", _THIRD),
    Migration(4, "what people say of a finding", _FOURTH),
    Migration(5, "documents reviewed, commented on, superseded and sent", _FIFTH),
)

LATEST: Final = MIGRATIONS[-1].number
