"""Statistics over all incidents (floor 2): what keeps failing, how soon it was seen, what is still to be done.

An incident counts in the month of its occurrence, or of its recording where that is not known; one that duplicates
another does not count again. Lags are in seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from toolkit.records import Incident
from toolkit.store.actions import Tracked
from toolkit.store.attach import Place
from toolkit.store.session import Session
from toolkit.store.work import read


@dataclass(frozen=True)
class Lag:
    """How long something took, over the incidents where it is known: count, median and 90th percentile in seconds."""

    n: int
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Month:
    """One month: its incidents, how many had each cause and each mechanism as their latest verdict, and median lags."""

    month: str
    incidents: int
    causes: dict[str, int]
    mechanisms: dict[str, int]
    to_detect: float | None = None
    to_mitigate: float | None = None


@dataclass(frozen=True)
class Stats:
    """Totals over all incidents; ``recurring`` maps a mechanism to the incidents it was found in, two or more."""

    incidents: int
    near_misses: int
    open: int
    severities: dict[str, int]
    causes: dict[str, int]
    mechanisms: dict[str, int]
    recurring: dict[str, tuple[str, ...]]
    months: tuple[Month, ...]
    to_detect: Lag
    to_mitigate: Lag
    to_resolve: Lag
    responder_hours: float
    actions: dict[str, int]
    overdue: tuple[Tracked, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the statistics as JSON values."""
        plain = asdict(self)
        plain["overdue"] = [{"incident": t.incident, **t.action.to_dict()} for t in self.overdue]
        return plain


def stats(place: Place, actions: Sequence[Tracked], now: datetime | None = None) -> Stats:
    """Count over the store's incidents; ``now`` decides what is overdue."""
    moment = now or datetime.now(UTC)
    found, verdicts = read(place, _rows)
    counted = [i for i in found if not i.duplicate_of]
    said = {i.id: verdicts[i.id] for i in counted if i.id in verdicts}
    late = [t for t in actions if t.action.status == "open" and t.action.due and t.action.due < moment]
    by_mechanism: dict[str, list[str]] = {}
    for name, (_, mechanism) in said.items():
        if mechanism:
            by_mechanism.setdefault(mechanism, []).append(name)
    return Stats(
        incidents=sum(i.kind == "incident" for i in counted),
        near_misses=sum(i.kind == "near_miss" for i in counted),
        open=sum(i.status in ("open", "mitigated") for i in counted),
        severities=_count(i.severity for i in counted),
        causes=_count(cause for cause, _ in said.values()),
        mechanisms=_count(mechanism for _, mechanism in said.values()),
        recurring={m: tuple(names) for m, names in sorted(by_mechanism.items()) if len(names) > 1},
        months=_months(counted, said),
        to_detect=_lag(counted, "to_detect"),
        to_mitigate=_lag(counted, "to_mitigate"),
        to_resolve=_lag(counted, "to_resolve"),
        responder_hours=sum(i.responder_hours or 0.0 for i in counted),
        actions=_count(t.action.status for t in actions),
        overdue=tuple(sorted(late, key=lambda t: (t.action.due or moment, t.incident))),
    )


Said = dict[str, tuple[str, str | None]]


def _rows(session: Session) -> tuple[list[Incident], Said]:
    incidents = [Incident.from_dict(row) for row in session.select("incidents", order=("number",))]
    rows = session.fetch("SELECT incident, verdict, mechanism FROM verdicts ORDER BY incident, run")
    return incidents, {name: (verdict, mechanism) for name, verdict, mechanism in rows}


def _count(values: Iterable[str | None]) -> dict[str, int]:
    """Count what is there, the most frequent first, then by name."""
    counts = Counter(value for value in values if value)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _months(incidents: Sequence[Incident], said: Said) -> tuple[Month, ...]:
    by_month: dict[str, list[Incident]] = {}
    for incident in incidents:
        when = incident.occurred_at or incident.created_at
        if when is not None:
            by_month.setdefault(when.strftime("%Y-%m"), []).append(incident)
    return tuple(
        Month(
            month,
            len(those),
            _count(said[i.id][0] for i in those if i.id in said),
            _count(said[i.id][1] for i in those if i.id in said),
            _lag(those, "to_detect").median,
            _lag(those, "to_mitigate").median,
        )
        for month, those in sorted(by_month.items())
    )


def _lag(incidents: Sequence[Incident], name: str) -> Lag:
    found = sorted(lag for i in incidents if (lag := i.lags[name]) is not None)
    return Lag(len(found), _quantile(found, 0.5), _quantile(found, 0.9))


def _quantile(values: Sequence[float], part: float) -> float | None:
    """Interpolate linearly between the two values that the part falls between."""
    if not values:
        return None
    at = part * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)
