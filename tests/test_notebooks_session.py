"""Several notebooks in one go: what is unchanged is skipped, what failed runs again, one failure stops no other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import made_bundle
import pytest
from test_notebooks_run import _bare_kernels, bare, template  # noqa: F401

from toolkit.errors import TemplateError
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.run import Runner, Step
from toolkit.notebooks.session import STATE, run_notebooks

NAMES = ("live", "fails")


@bare
def test_a_rerun_does_only_what_is_new(tmp_path: Path) -> None:
    """Unchanged notebooks are skipped, failed and edited ones run again, and so does all when the record changes."""
    own, out, bundle = tmp_path / "templates", tmp_path / "notebooks", tmp_path / "bundle"
    own.mkdir()
    fails = template(own, 'incident_id: str = ""\n1 / 0', name="fails")
    fails.write_text(fails.read_text().replace('bundle: str = \\"\\"', 'bundle = incident_id = \\"\\"'))
    made_bundle.bundle().write(bundle)
    steps: list[Step] = []

    def run(runner: Runner, **choices: Any) -> list[tuple[str, str]]:
        """Run both and give how each went."""
        results = run_notebooks(bundle, out, NAMES, runner=runner, templates_folder=own, **choices)
        return [(result.template, result.status) for result in results]

    with Runner(progress=steps.append) as runner:
        assert run(runner) == [("live", "completed"), ("fails", "failed")]
        assert str(steps[0]).startswith("[1/2] live: Live investigation (1/")
        assert run(runner) == [("live", "skipped"), ("fails", "failed")]
        assert run(runner, only=["live"]) == [("live", "skipped")]
        assert run(runner, only=["live"], force=True) == [("live", "completed")]
        assert steps[-1].last is not None
        with pytest.raises(TemplateError, match="not among"):
            run(runner, skip=["timeline"])

        changed = replace(Bundle.load(bundle).incident, title="Another")
        made_bundle.bundle(incident=changed).write(bundle)
        assert run(runner, skip=["fails"]) == [("live", "completed")]
        (out / "live.ipynb").write_text("{}")
        assert run(runner, skip=["fails"]) == [("live", "completed")]
        (out / STATE).write_text("{half")
        assert run(runner, skip=["fails"]) == [("live", "completed")]


def test_a_new_version_of_the_record_alone_changes_nothing(tmp_path: Path) -> None:
    """That the record was written to is no new input; what it says is."""
    from toolkit.notebooks.session import _inputs
    from toolkit.notebooks.templates import find_template

    first = made_bundle.bundle()
    later = replace(first, incident=replace(first.incident, version=9))
    other = replace(first, actions=())
    timeline, data = find_template("timeline"), find_template("data")
    assert _inputs(timeline, first) == _inputs(timeline, later)
    assert _inputs(timeline, first) != _inputs(timeline, other)
    assert _inputs(timeline, first) != _inputs(data, first)
