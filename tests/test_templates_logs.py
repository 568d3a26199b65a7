"""Every template on real and generated logs; what an investigation writes holds no secret and nothing of a row."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import toolkit as tk
from toolkit.investigation import investigate
from toolkit.paths import shipped
from toolkit.store import Store
from toolkit.testing import make_healthy, make_incident
from toolkit.testing.truth import GeneratedIncident

ALL = [f.stem for f in sorted(shipped("templates").glob("*.ipynb")) if f.stem != "drill"]
SECRET = "PLANTED-TOKEN-4711"
#: A mechanism of each cause, told on a small log.
MADE = {"data": "concept_drift", "overfitting": "memorised_training_data", "integration": "unit_change",
        "bias": "performance_gap", "human": "harmful_overrides"}  # fmt: skip


def planted(case: GeneratedIncident) -> pd.DataFrame:
    """Give a log with what nobody may find again: what a row has of its own, and cells that are no time or number."""
    rows = range(len(case.log))
    log = case.log.assign(
        request_id=[f"PLANTED-ID-{i:05d}" for i in rows],
        comment=[f"PLANTED-TEXT-{i:05d} said that the loan is for a boat" for i in rows],
        email=[f"planted.address.{i:05d}@example.org" for i in rows],
    ).astype({"timestamp": str, "income": object})
    log.loc[5, "timestamp"], log.loc[20, "request_id"] = "PLANTED-TIME", "PLANTED-ID-00019"
    log.loc[30:34, "income"] = "PLANTED-NUMBER"
    log["label"] = log["label"].astype(object)
    log.loc[40, "label"] = "PLANTED-CLASS"
    return log


def ran(store: Store, incident: str) -> None:
    """Run every template, and hold each to have run whole."""
    made = investigate(store, incident, only=ALL)
    assert {r.template: (r.status, r.reason) for r in made.runs} == dict.fromkeys(ALL, ("completed", ""))
    for run in made.runs:
        assert run.handback is not None
        assert run.handback["template"] == run.template


def test_no_secret_and_no_row_gets_into_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids, texts and addresses of the rows, and a token of the machine, are in no file that an investigation writes.

    Every template runs on the log. Notebooks are looked at whole: outputs, parameters and metadata. Names of classes
    and categories are none of this: a verdict has to name the group or the site it speaks of.
    """
    monkeypatch.setenv("BANK_TOKEN", SECRET)
    case = make_incident("unit_change", variant="times_100", rows=700, seed=1)
    planted(case).to_csv(tmp_path / "served.csv", index=False)
    with (tmp_path / "served.csv").open("a") as file:
        file.write("PLANTED-LINE,with,too,few\nPLANTED-LINE" + ",PLANTED-CELL" * 99 + "\n")
    case.reference.to_csv(tmp_path / "held.csv", index=False)
    store = Store(tmp_path / "incidents")
    tk.open_incident(store, "Loans refused", log=tmp_path / "served.csv", reference=tmp_path / "held.csv")
    ran(store, "INC-0001")
    tk.publish(store, "INC-0001")
    files = [f for f in (tmp_path / "incidents").rglob("*") if f.is_file()]
    assert {f"{name}.ipynb" for name in ALL} <= {f.name for f in files}
    for file in files:
        found = file.read_bytes()
        for word in (SECRET, "PLANTED-", "planted.address", "for a boat"):
            assert word.encode() not in found, f"{word} in {file.relative_to(tmp_path)}"
    for name in ALL:
        nb = json.loads((tmp_path / "incidents" / "INC-0001" / "notebooks" / f"{name}.ipynb").read_text())
        assert set(nb["metadata"]["papermill"]["parameters"]) == {"incident_id", "bundle"}


@pytest.mark.lab
@pytest.mark.parametrize("cause", [*MADE, "none"])
def test_every_template_runs_on_a_log_of_each_cause(cause: str, tmp_path: Path) -> None:
    """Eleven templates on a generated log of the cause, and on a healthy one: all run whole and hand back."""
    case = make_incident(MADE[cause], rows=2000, seed=3) if cause in MADE else make_healthy(rows=2000, seed=3)
    case.log.to_parquet(tmp_path / "served.parquet")
    if case.reference is not None:
        case.reference.to_parquet(tmp_path / "held.parquet")
    store = Store(tmp_path / "incidents")
    held = tmp_path / "held.parquet" if case.reference is not None else None
    tk.open_incident(store, "Made", log=tmp_path / "served.parquet", reference=held, roles=case.roles)
    ran(store, "INC-0001")


@pytest.mark.lab
@pytest.mark.parametrize("name", ["elec2", "flights_delays"])
def test_every_template_runs_on_a_real_log(name: str, tmp_path: Path) -> None:
    """Eleven templates on the log of a real case study: all run whole and hand back."""
    case = tk.case(name)
    store = Store(tmp_path / "incidents")
    tk.open_incident(store, case.title, log=case.log_path(tmp_path), reference=case.reference_path(tmp_path),
                     roles=case.roles_path)  # fmt: skip
    ran(store, "INC-0001")
