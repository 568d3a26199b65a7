"""The documentation is true: generated pages are current, links lead somewhere, the README's examples run."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from shell import run

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Give the README's blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("name", ["cli.md", "schema.md"])
def test_generated_pages_are_current(name: str) -> None:
    """docs/cli.md and docs/schema.md say what the program says; ``make docs`` writes them again."""
    page = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"][name]
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours has that file."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [x for x in links if "://" not in x and not (page.parent / x).exists()] == []


def test_a_lead_is_told_what_is_there() -> None:
    """Every command and option of docs/publishing.md exists, and every reference in it can be cited."""
    import made_bundle

    from toolkit.cli.entry import cli
    from toolkit.report.evidence import cite

    text = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?:^    |`)postmortem ([a-z][^`\n]*)", text, re.MULTILINE)
    assert len(commands) >= 15
    for line in commands:
        command, words = cli, re.split(r"  |#", line)[0].split()
        while words and hasattr(command, "commands") and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command is not cli, line
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, line
    references = re.findall(r"\{\{(.+?)\}\}", text.replace("\\|", "|"))
    assert len(references) > 6
    assert all(cite(made_bundle.bundle(), reference).text for reference in references)


def test_the_readme_needs_two_commands_alone() -> None:
    """The README's first commands are targets of the Makefile, and it names no other set-up."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"^    make (\w+)", README, re.MULTILINE) == ["demo", "test"]
    assert {"demo", "test"} <= set(targets)
    assert "pip install" not in README


@pytest.mark.slow
def test_the_readme_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shell command of the README runs as it stands, in order, and leaves what the text says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POSTMORTEM_HOME", raising=False)
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 8
    for line in commands:
        program, *args = shlex.split(line)
        assert program == "postmortem"
        got = run(capsys, *args)
        assert (got.code, got.err) == (0, ""), line
    assert (tmp_path / "diagnosis.json").is_file()
    assert (tmp_path / "incidents" / "INC-0001" / "postmortem.html").is_file()
    assert (tmp_path / "incidents" / "INC-0001" / "postmortem.md").is_file()


def test_the_readme_python_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python example runs as it stands and prints a verdict; the parts that the text names are there."""
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    assert capsys.readouterr().out.startswith("Verdict")
    for part in ("verdict", "probabilities", "onset", "harm", "ledger", "findings", "to_json"):
        assert f"d.{part}" in README
        assert hasattr(scope["d"], part)


def test_the_readme_roles_are_roles() -> None:
    """The roles.toml of the README is one that the program reads."""
    import tomllib

    from toolkit.roles import Roles

    (text,) = blocks("toml")
    assert Roles.from_dict(tomllib.loads(text)).columns("group") == ("sex",)
