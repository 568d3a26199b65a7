"""``authority``: drafts of reports to authorities, and what was sent (floor 8)."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from toolkit.cli.frame import Group, by_option, home_option, json_option, open_store, say, say_json, typed
from toolkit.cli.times import MOMENT

_REGIMES = ("ai-act", "gdpr", "oecd", "aiid", "avid")
_STAGES = ("initial", "complete")


@click.group(cls=Group, short_help="Reports to authorities: draft, sent. A reminder, not legal advice.")
def authority() -> None:
    """Draft reports to authorities and public databases. A reminder, not legal advice."""


@authority.command("draft", example="postmortem authority draft INC-0001 ai-act --stage initial")
@click.argument("incident")
@click.argument("regime", type=click.Choice(_REGIMES))
@click.option("--stage", type=click.Choice(_STAGES), default="complete", show_default=True)
@click.option("--out", metavar="DIR", help="Folder to write to [default: authority, in the incident's own].")
@home_option
@json_option
def draft(incident: str, regime: str, stage: str, out: str | None, home: str | None, as_json: bool) -> None:
    """Write the draft of a report of INCIDENT under REGIME, as a page and as JSON.

    Fields are filled from the record and marked direct or partial; what only people can say is a gap, to be answered
    in authority.toml in the incident's folder. Each clock shows the words of the law that it rests on.
    """
    from toolkit.investigation.reporting import write_draft

    page, made = write_draft(open_store(home), incident, regime, stage=stage, out=out)
    if as_json:
        say_json({"page": str(page), **made.to_dict()})
        return
    gaps = [f for f in made.fields if f.status == "gap"]
    say(f"{page}")
    for clock in made.clocks:
        if clock.applies != "no":
            end = (
                f"{clock.due:%Y-%m-%d %H:%M} UTC"
                if clock.due
                else "no end known: when you became aware is not on record"
            )
            sure = "" if clock.applies == "yes" else f" (only for {clock.applies_to})"
            say(f"{clock.period}: {end}{sure}")
    filled = f"{len(made.fields) - len(gaps)} of {len(made.fields)} fields filled"
    say(f"{filled}, {len(gaps)} gaps. A reminder, not legal advice.")


@authority.command("sent", example='postmortem authority sent INC-0001 gdpr --to "the authority" --reference R-7')
@click.argument("incident")
@click.argument("regime", type=click.Choice(_REGIMES))
@click.option("--to", "recipient", required=True, metavar="NAME", help="The authority that it was sent to.")
@click.option("--at", "sent_at", type=MOMENT, help="When [default: now].")
@click.option("--stage", type=click.Choice(_STAGES), default="complete", show_default=True)
@click.option("--reference", default="", help="The recipient's reference.")
@click.option("--late", "late_reason", default="", help="Why it was late, where it was.")
@by_option
@home_option
def sent(
    incident: str,
    regime: str,
    recipient: str,
    sent_at: datetime | None,
    stage: str,
    reference: str,
    late_reason: str,
    by: str,
    home: str | None,
) -> None:
    """Put on record that a report of INCIDENT was sent."""
    from toolkit.investigation.reporting import note_sent

    made = note_sent(
        open_store(home),
        incident,
        regime,
        recipient,
        sent_at or datetime.now(UTC),
        stage=stage,
        reference=reference,
        late_reason=late_reason,
        by=by,
        command=typed(),
    )
    say(f"{made.id} {made.stage} report sent to {made.recipient} on {made.sent_at:%Y-%m-%d %H:%M} UTC")
