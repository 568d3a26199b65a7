"""A diagnosis as its reader meets it (floor 5): ten seconds of text, the rivals on request, the ledger as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.mime import one_line, pairs
from toolkit.paths import write_whole
from toolkit.records import Finding, Harm, LedgerLine, Rival, Slice, Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Diagnosis:
    """The answer of ``diagnose``: the verdict record, and ways to read it.

    ``record`` is the whole diagnosis as data (``toolkit.diagnosis/1``); the properties give its parts.
    """

    record: Verdict

    @property
    def verdict(self) -> str:
        """One of the five causes, ``none`` or ``undetermined``."""
        return self.record.verdict

    @property
    def mechanism(self) -> str | None:
        """The mechanism of the cause; ``None`` where the verdict is no cause."""
        return self.record.mechanism

    @property
    def confidence(self) -> float:
        """The probability of the likeliest of the five causes and ``none``."""
        return self.record.confidence

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability of each cause and of ``none``; they sum to 1."""
        return self.record.probabilities

    @property
    def plausible(self) -> tuple[str, ...]:
        """The causes that cannot be ruled out, the likeliest first: in nine of ten logs the true one is among them."""
        return self.record.plausible

    @property
    def onset(self) -> datetime | None:
        """When it began, aware UTC; ``None`` where it was there from the first row, or times are unknown."""
        return self.record.onset

    @property
    def onset_interval(self) -> tuple[datetime, datetime] | None:
        """The 95 % interval of the onset."""
        return self.record.onset_interval

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the mechanism touched."""
        return self.record.features

    @property
    def slice(self) -> Slice:
        """The rows it fell on, as terms; empty for all."""
        return self.record.slice

    @property
    def harm(self) -> Harm:
        """The damage."""
        return self.record.harm

    @property
    def lines(self) -> tuple[LedgerLine, ...]:
        """The lines of the ledger as records."""
        return self.record.ledger

    @property
    def rivals(self) -> tuple[Rival, ...]:
        """Every candidate, the likeliest first."""
        return self.record.rivals

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of their ids."""
        return self.record.findings

    @property
    def would_settle_it(self) -> tuple[str, ...]:
        """The measurements that would settle an open verdict."""
        return self.record.would_settle_it

    @property
    def ledger(self) -> pd.DataFrame:
        """The ledger as a table: cause, mechanism, share, low, high, onset, features; shares sum to 1."""
        import pandas as pd

        rows = [
            {
                "cause": line.cause,
                "mechanism": line.mechanism,
                "share": line.share,
                "low": line.interval[0] if line.interval else None,
                "high": line.interval[1] if line.interval else None,
                "onset": line.onset,
                "features": ", ".join(line.features),
            }
            for line in self.lines
        ]
        return pd.DataFrame(rows, columns=["cause", "mechanism", "share", "low", "high", "onset", "features"])

    @property
    def slices(self) -> pd.DataFrame:
        """The worst slices that were confirmed, the surest first.

        Columns: slice, rows, before, after (mean losses), excess with low and high (95 %), share of the whole excess,
        q (corrected p-value), onset, finding (its id). Slices may overlap, so shares need not sum to 1.
        """
        import pandas as pd

        from toolkit.impact.slices import say

        heads = ["slice", "rows", "before", "after", "excess", "low", "high", "share", "q", "onset", "finding"]
        rows = [
            [say(f.slice), f.n, f.details["before"], f.details["after"], f.effect, *(f.interval or (None, None)),
             f.details["share"], f.details["q"], f.onset, f.id]
            for f in self.findings if f.detector == "slices" and f.slice
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def finding(self, finding_id: str) -> Finding:
        """Give one finding by its id; raises ``KeyError`` for an unknown one."""
        return self.record.finding(finding_id)

    def to_dict(self) -> dict[str, Any]:
        """Give the diagnosis as the JSON contract has it."""
        return self.record.to_dict()

    def to_json(self, path: str | Path | None = None) -> str:
        """Write the diagnosis as JSON (to a file too, where one is named, replaced as a whole or not at all)."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        if path is not None:
            write_whole(path, text + "\n")
        return text

    def summary(self) -> str:
        """Say it in ten seconds: cause, since when, the damage, the strongest for and against, what to do next."""
        return "\n".join(f"{head:<9} {one_line(text)}" for head, text in summary_lines(self.record))

    def explain(self) -> str:
        """Show each rival with the findings for and against it."""
        return explain(self.record)

    def __str__(self) -> str:
        return self.summary()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {**pairs("Diagnosis", summary_lines(self.record)), "text/plain": self.summary()}


#: What the rival ``unexplained`` is called.
NOT_SHOWN: Final = "a cause that this log does not show"


def plain(name: str) -> str:
    """Write a name of the vocabulary as words."""
    return name.replace("_", " ")


def _called(r: Rival) -> str:
    return {"none": "none", "unexplained": NOT_SHOWN}.get(r.cause, f"{r.cause}: {plain(r.mechanism)}")


def when(moment: datetime | None) -> str:
    """Write a time for a reader: minutes, UTC."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


def headline(v: Verdict) -> str:
    """Say the verdict in one clause."""
    if v.verdict == "undetermined":
        if chance := _traceless(v):
            if v.harm.interval is not None and v.harm.interval[0] <= 0:
                return f"undetermined; no cause shows, and {v.harm.n:,} rows are too few to rule harm out"
            return f"undetermined; likeliest is {NOT_SHOWN} ({chance:.0%})"
        top = max(v.probabilities, key=lambda k: v.probabilities[k])
        if top == "none" and v.probabilities[top] >= 0.5:
            return f"undetermined; no fault is seen ({v.probabilities[top]:.0%}), but too few labels to know of harm"
        return f"undetermined; likeliest is {top} ({v.probabilities[top]:.0%}), which is not enough to say"
    if v.verdict == "none":
        return f"none: nothing is wrong that this log can show ({v.confidence:.0%})"
    where = f" in {', '.join(v.features[:3])}" if v.features else ""
    where += f" for {' and '.join(f'{t.column} = {t.value}' for t in v.slice)}" if v.slice else ""
    versions = f" (version {', '.join(v.model_versions[:3])})" if v.model_versions else ""
    return f"{v.verdict}: {plain(v.mechanism or '')}{where}{versions} ({v.confidence:.0%})"


def _traceless(v: Verdict) -> float:
    """Give the probability that nothing in the log is the cause, where it is likelier than all else together."""
    first = v.rivals[0] if v.rivals else None
    return first.probability if first is not None and first.cause == "unexplained" and first.probability >= 0.5 else 0.0


def harm_text(h: Harm) -> str:
    """Say the damage in one clause."""
    if h.expected is None or h.observed is None or h.excess_errors is None:
        return "cannot be known without labels"
    unit = "excess errors" if h.metric in ("accuracy", "recall") else "excess loss"
    number = f"{h.excess_errors:,.0f}" if abs(h.excess_errors) >= 10 else f"{h.excess_errors:z.3g}"
    span = f" ({h.interval[0]:z,.0f} to {h.interval[1]:z,.0f})" if h.interval else ""
    how = "estimated from scores, not observed: " if h.estimated else ""
    return (
        f"{how}{h.metric} {h.observed:.3g} where {h.expected:.3g} was expected: {number} {unit}{span} in {h.n:,} rows"
    )


def summary_lines(v: Verdict) -> list[tuple[str, str]]:
    """Give the summary as (heading, text) pairs."""
    lines = [("Verdict", headline(v))]
    if v.verdict not in ("none", "undetermined"):
        since = when(v.onset) or "the first row"
        if v.onset and v.onset_interval:
            since += f" (between {when(v.onset_interval[0])} and {when(v.onset_interval[1])})"
        lines.append(("Since", since))
    lines.append(("Harm", harm_text(v.harm)))
    own = next((x for x in v.ledger if x.cause == v.verdict), None)
    if own is not None and own.interval:  # a share without one is of damage that the errors do not show
        lines.append(("Explains", f"{own.share:.0%} of the damage ({own.interval[0]:.0%} to {own.interval[1]:.0%})"))
    leader = v.leader
    if leader is not None:
        lines += _best(v, leader)
    lines += _seen(v) if v.verdict == "none" else []
    told = {leader.mechanism} if leader is not None else {"none"}
    told |= {"unexplained"} if v.verdict == "undetermined" and _traceless(v) else set()
    # that a log may mean something else is so of every verdict: told where it is likelier than that
    others = [r for r in v.rivals if r.mechanism not in told]
    others = [r for r in others if r.probability >= (0.1 if r.cause == "unexplained" else 0.02)]
    if others and others[0].cause == v.verdict:  # its probability is a part of the verdict's
        lines.append(("Or", f"by {plain(others[0].mechanism)} ({others[0].probability:.0%} of the {v.confidence:.0%})"))
    rival = next((r for r in others if r.cause != v.verdict), None)
    if rival is not None:
        lines.append(("Rival", f"{_called(rival)} ({rival.probability:.0%})"))
        lines += _best(v, rival) if v.verdict == "undetermined" else []  # no other is told of
    lines += [("Among", among)] if v.verdict == "undetermined" and (among := among_text(v)) else []
    lines += [("Next", text) for text in v.would_settle_it[:1]]
    lines += [("Note", text) for text in v.notes]
    return lines


def among_text(v: Verdict) -> str:
    """Say which causes cannot be ruled out; nothing where that is every one, or one alone."""
    held = v.plausible
    if not 1 < len(held) < len(v.probabilities):
        return ""
    return f"{' or '.join(held)} (nine of ten such lists hold the cause)"


def _seen(v: Verdict) -> list[tuple[str, str]]:
    """What surely moved and did no harm that the record shows: nobody should have to find that by himself."""
    for r in v.rivals:
        found = [f for f in map(v.finding, r.supporting) if (f.statistic or 0.0) >= 6]
        if r.cause not in ("none", "unexplained") and r.probability >= 0.005 and found:
            best = max(found, key=lambda f: f.statistic or 0.0)
            return [("Seen", f"{best.id} {best.statement} No harm of it is on the record.")]
    return []


def _best(v: Verdict, rival: Rival) -> list[tuple[str, str]]:
    """The strongest finding for a candidate, and the strongest against it."""
    found = (("For", v.strongest(rival.supporting)), ("Against", v.strongest(rival.contradicting)))
    return [(head, f"{best.id} {best.statement}") for head, best in found if best is not None]


def explain(v: Verdict) -> str:
    """Show each rival with the findings for and against it, as text."""
    out = [one_line(headline(v)), *([f"Among: {among}"] if (among := among_text(v)) else []), ""]
    for r in v.rivals:
        if r.probability < 0.01 and not r.supporting:
            continue
        out.append(f"{_called(r)}  {r.probability:.0%}")
        out += [f"    for      {i} {one_line(v.finding(i).statement)}" for i in r.supporting]
        out += [f"    against  {i} {one_line(v.finding(i).statement)}" for i in r.contradicting]
    slices = [f"{f.id} {one_line(f.statement)}" for f in v.findings if f.detector == "slices"]
    out += ["", *slices] if slices else []
    untested = [f for f in v.findings if f.stance == "not_testable"]
    out += ["", *(one_line(f.statement) for f in untested)] if untested else []
    out += ["", *(f"Would settle it: {one_line(t)}" for t in v.would_settle_it)] if v.would_settle_it else []
    return "\n".join(out)
