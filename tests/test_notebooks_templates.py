"""Finding, checking and starting templates; parameters are held against them before a kernel starts."""

import ast
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import TemplateError
from toolkit.notebooks.templates import (
    check_parameters,
    declared,
    find_template,
    read_template,
    scaffold,
    templates,
)

SHIPPED = ["triage", "timeline", "root_cause", "impact", "postmortem"]
CAUSES = ["bias", "data", "drill", "human", "integration", "live", "overfitting"]


def test_the_shipped_templates_are_listed_in_order(tmp_path: Path) -> None:
    """What a responder needs first comes first; each has a title and a line on what it answers."""
    found = templates(tmp_path)
    assert [t.name for t in found] == SHIPPED + CAUSES
    of_an_incident = [t for t in found if t.name != "drill"]
    assert all(t.shipped and not t.problem and t.title and t.answers for t in found)
    assert all(list(t.parameters) == ["incident_id", "bundle"] for t in of_an_incident)


def test_a_users_own_template_comes_with_them(tmp_path: Path) -> None:
    """A notebook in the user's folder is a template, and hides a shipped one of its name."""
    own = scaffold("timeline", tmp_path)
    found = {t.name: t for t in templates(tmp_path)}
    assert found["timeline"].path == own
    assert not found["timeline"].shipped
    assert len(found) == len(SHIPPED + CAUSES)


def test_a_damaged_template_is_listed_with_its_problem(tmp_path: Path) -> None:
    """One bad notebook does not hide the others; it cannot be run, and says why."""
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    cell = {"cell_type": "code", "metadata": {}, "source": "x = 1"}
    (tmp_path / "bare.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    problems = {t.name: t.problem for t in templates(tmp_path) if t.problem}
    assert problems == {
        "broken": "this is not a notebook of format 4",
        "bare": "it has 0 cells tagged parameters where it needs one",
    }
    with pytest.raises(TemplateError, match="tagged parameters"):
        find_template("bare", tmp_path)


def test_an_unknown_name_lists_the_names(tmp_path: Path) -> None:
    """A slip in a name is answered with the names there are."""
    with pytest.raises(TemplateError, match="triage, timeline, root_cause"):
        find_template("timelime", tmp_path)
    with pytest.raises(TemplateError, match="no such notebook"):
        find_template(tmp_path / "none.ipynb")


def test_a_scaffold_runs_from_the_start(tmp_path: Path) -> None:
    """A new template is checked, named after the user's wish, and never overwrites one."""
    path = scaffold("weekly_check", tmp_path)
    found = read_template(path)
    assert (found.title, found.problem) == ("Weekly check", "")
    assert 'show.hand_back(case, "weekly_check")' in path.read_text(encoding="utf-8").replace('\\"', '"')
    with pytest.raises(TemplateError, match="of that name"):
        scaffold("weekly_check", tmp_path)
    with pytest.raises(TemplateError, match="name of a template"):
        scaffold("../evil", tmp_path)


def test_declared_reads_every_kind_of_assignment() -> None:
    """Types that papermill's own reader drops are read; what is no parameter is left out."""
    source = 'a: int | None = None\nb: "Literal[1]" = 1  # help\nc = d = "x=y"\n\ndef f(): pass\ne: str\n'
    assert declared(source) == {"a": "None", "b": "1", "c": "'x=y'", "d": "'x=y'"}


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1, tzinfo=UTC), Decimal(1), (1, 2), {1, 2}, b"x", math.nan, math.inf, {1: "a"}, [Path("a")],
        {"a": [object()]}, type("Evil", (str,), {})("x"), type("Count", (int,), {})(3),
    ],
)  # fmt: skip
def test_values_that_are_no_json_are_refused(value: Any) -> None:
    """What papermill would turn into text, or write unescaped, never gets there."""
    with pytest.raises(TemplateError, match="would get as text"):
        check_parameters(find_template("timeline"), {"bundle": value})


@pytest.mark.parametrize("name", ["x; import os", "bundle = 1\nimport os", "class", "", "bundle ", "1a", "a.b"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    """A name is written into the notebook as it is, so it must be one."""
    with pytest.raises(TemplateError, match="cannot be the name"):
        check_parameters(find_template("timeline"), {name: 1})


def test_an_unknown_parameter_names_the_ones_there_are() -> None:
    """A misspelled parameter is an error, not a warning."""
    with pytest.raises(TemplateError, match=r"no parameter bundel.*it takes: incident_id, bundle"):
        check_parameters(find_template("timeline"), {"bundel": "x"})


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_accepted_values_arrive_as_they_are(value: Any) -> None:
    """Whatever passes the check is the same value in the cell that papermill writes, and the cell holds no more."""
    check_parameters(find_template("timeline"), {"bundle": value})
    from toolkit.notebooks.quick import quick_import

    text = quick_import("papermill.translators").PythonTranslator.codify({"bundle": value}, "Parameters")
    (assigned,) = ast.parse(text).body
    assert isinstance(assigned, ast.Assign)
    assert ast.literal_eval(assigned.value) == value
