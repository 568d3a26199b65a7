"""A bundle made by hand for the tests of report and notebooks: a loan model whose income feed changed its unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from toolkit.notebooks.bundle import Bundle, GroupValue, Metric, Series
from toolkit.records import (
    ActionItem,
    Event,
    Finding,
    Harm,
    Incident,
    LedgerLine,
    Rival,
    SliceTerm,
    Verdict,
)

START = datetime(2026, 2, 23, tzinfo=UTC)
ONSET = datetime(2026, 3, 14, tzinfo=UTC)


def when(day: float) -> datetime:
    """Give the moment that many days after the log begins."""
    return START + timedelta(days=day)


def findings() -> tuple[Finding, ...]:
    """Four findings: one that decides, one that agrees, one against, one that could not be tested."""
    return (
        Finding(
            id="F01", detector="performance", stance="supports", supports=("unit_change",), n=12_400,
            statement="Accuracy fell from 0.86 to 0.71 in the incident window.", effect=-0.15, unit="accuracy",
            interval=(-0.161, -0.139), p_value=1e-9, onset=ONSET, onset_interval=(when(18.9), when(19.1)),
            query="select avg((prediction = label)::int) from log where timestamp >= '2026-03-14'",
        ),
        Finding(
            id="F02", detector="unit_change", stance="supports", supports=("unit_change",), n=12_400,
            statement="income is 1000 times what it was, at every quantile.", effect=1000.0, unit="factor",
            interval=(998.2, 1001.4), onset=ONSET, onset_interval=(when(18.9), when(19.1)), features=("income",),
            query='select quantile_cont("income", [0.1, 0.5, 0.9]) from log group by timestamp >= \'2026-03-14\'',
        ),
        Finding(
            id="F03", detector="relation", stance="refutes", refutes=("concept_drift",), n=11_900,
            statement="With income divided by 1000 the label follows the features as before.", effect=0.01,
            unit="loss", interval=(-0.004, 0.022), query="toolkit.detectors.relation(profile)",
        ),
        Finding(
            id="F04", detector="overrides", stance="not_testable", not_testable="the log has no decision",
            statement="Whether people followed the model cannot be told.", query="toolkit.detectors.overrides(profile)",
        ),
    )  # fmt: skip


def verdict() -> Verdict:
    """Give the diagnosis that the findings lead to."""
    return Verdict(
        verdict="integration", mechanism="unit_change", confidence=0.93,
        probabilities={"data": 0.03, "overfitting": 0.01, "integration": 0.93, "bias": 0.01, "human": 0.01,
                       "none": 0.01},
        onset=ONSET, onset_interval=(when(18.9), when(19.1)), features=("income",), slice=(),
        model_versions=("risk@7",),
        harm=Harm("accuracy", 0.86, 0.71, 1830.0, (1702.0, 1961.0), 12_400),
        ledger=(
            LedgerLine("integration", "unit_change", 0.91, (0.84, 0.96), ONSET, ("income",), (), ("F01", "F02"), ()),
            LedgerLine("data", "covariate_shift", 0.06, (0.01, 0.1), None, ("age",), (SliceTerm("region", "north"),),
                       (), ("F03",)),
            LedgerLine("unexplained", "", 0.03, (-0.02, 0.08)),
        ),
        rivals=(
            Rival("integration", "unit_change", 0.93, ("F01", "F02"), ()),
            Rival("data", "concept_drift", 0.03, ("F01",), ("F03",)),
            Rival("human", "harmful_overrides", 0.01, (), (), "the log has no decision"),
        ),
        would_settle_it=(), findings=findings(), notes=(), log={"rows": 30_000, "files": ["served.parquet"]},
    )  # fmt: skip


def series() -> Series:
    """Thirty-five days: accuracy falls on day 19 and recovers on day 32; the last two wait for labels."""
    days = range(35)
    bad = [19 <= d < 32 for d in days]
    value = [(0.71 if b else 0.86) + 0.012 * math.sin(d * 1.7) for d, b in zip(days, bad, strict=True)]
    rows = [850 + (d * 37) % 90 for d in days]
    half = [1.96 * math.sqrt(v * (1 - v) / n) for v, n in zip(value, rows, strict=True)]
    accuracy = Metric(
        "accuracy", tuple(value), tuple(v - h for v, h in zip(value, half, strict=True)),
        tuple(v + h for v, h in zip(value, half, strict=True)), tuple(rows), 0.86,
    )  # fmt: skip
    missing = Metric(
        "missing_share", tuple(None if d == 7 else 0.01 for d in days), (0.0,) * 35, (0.02,) * 35, tuple(rows)
    )
    starts = tuple(when(d) for d in days)
    return Series(
        starts, tuple(when(d + 1) for d in days), tuple(d >= 33 for d in days), (accuracy, missing), ONSET,
        (when(18.9), when(19.1)), (ONSET, when(32)),
    )  # fmt: skip


def events() -> tuple[Event, ...]:
    """Give what people and systems did around the incident."""
    return (
        Event(when(2.4), "note", "Quarterly model review", "person", id="E1"),
        Event(when(18.95), "deployment", "Income service 4.2 reports cents", "import", id="E2", starred=True),
        Event(when(21.3), "alert", "Approval rate outside its band", "import", id="E3", starred=True),
        Event(when(23.6), "human_action", "On-call compares income with the source", "person", id="E4"),
        Event(when(31.9), "mitigation", "Income divided by 100 before scoring", "person", id="E5", starred=True),
        Event(when(33.1), "recovery", "Accuracy back at the reference", "finding", id="E6"),
    )  # fmt: skip


def incident(**changes: Any) -> Incident:
    """Give the incident itself; ``changes`` replace fields."""
    fields: dict[str, Any] = {
        "id": "INC-0001", "title": "Loan model refuses good customers", "model": "risk@7", "severity": "SEV2",
        "status": "resolved", "owner": "risk-oncall", "roles": {"commander": "risk-oncall"}, "occurred_at": ONSET,
        "detected_at": when(21.3), "mitigated_at": when(31.9), "resolved_at": when(33.1), "created_at": when(21.4),
    }  # fmt: skip
    return Incident(**{**fields, **changes})


def actions() -> tuple[ActionItem, ...]:
    """One item of each of three kinds; one without owner and date."""
    return (
        ActionItem("Contract test on the unit of income", "prevent", "data-platform", when(50), id="A1",
                   check_sql="select count(*) = 0 from log where income > 1e6"),
        ActionItem("Alert on quantile jumps of every feature", "detect", "risk-oncall", when(43), "done", id="A2"),
        ActionItem("Review the refused applications", "repair", id="A3"),
    )  # fmt: skip


def groups() -> tuple[GroupValue, ...]:
    """Error rates of two columns."""
    return (
        GroupValue("sex", "F", "error_rate", 0.291, 0.28, 0.302, 6_100),
        GroupValue("sex", "M", "error_rate", 0.289, 0.278, 0.3, 6_300),
        GroupValue("region", "north", "error_rate", 0.34, 0.32, 0.36, 2_050),
        GroupValue("region", "south", "error_rate", 0.28, 0.27, 0.29, 10_350),
    )


def bundle(**changes: Any) -> Bundle:
    """Give the whole bundle; ``changes`` replace parts."""
    parts: dict[str, Any] = {
        "incident": incident(), "events": events(), "actions": actions(), "verdict": verdict(), "series": series(),
        "groups": groups(),
        "validation": {"rows_read": 30_012, "rows_quarantined": 12, "reasons": {"bad timestamp": 9, "unknown label": 3},
                       "duplicates": 0, "time_zone": "UTC"},
        "roles": ({"column": "timestamp", "type": "TIMESTAMP", "role": "timestamp", "declared": True, "note": ""},
                  {"column": "income", "type": "DOUBLE", "role": "feature", "declared": False, "note": "guessed"}),
    }  # fmt: skip
    return Bundle(**{**parts, **changes})
