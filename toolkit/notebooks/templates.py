"""Find, check and start templates: one notebook each, shipped or in a folder of the user's (floor 6)."""

from __future__ import annotations

import ast
import hashlib
import json
import keyword
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.errors import TemplateError
from toolkit.mime import Shows
from toolkit.paths import shipped

#: A folder of a user's own templates, beside the place where the command runs.
USER_FOLDER: Final = "templates"
_ORDER: Final = ("triage", "timeline", "root_cause", "impact", "postmortem")


@dataclass(frozen=True)
class Template(Shows):
    """One template: its name, title, the one line on what it answers, and the parameters with their defaults.

    ``parameters`` maps a name to the source text of its default; ``problem`` says in one line why it cannot be run.
    """

    name: str
    path: Path
    title: str
    answers: str
    parameters: Mapping[str, str]
    shipped: bool
    sha256: str
    problem: str = ""


def templates(folder: str | os.PathLike[str] | None = None) -> list[Template]:
    """List every template: the user's own in ``folder`` (default ``templates`` here), then the shipped ones.

    A template of the user's hides a shipped one of the same name; a damaged one is listed with its problem.
    """
    own = Path(folder) if folder is not None else Path(USER_FOLDER)
    home = shipped("templates")
    found: dict[str, Template] = {}
    for place in (own, home) if own.is_dir() and own.resolve() != home.resolve() else (home,):
        for path in sorted(place.glob("*.ipynb")):
            if path.stem not in found and not path.name.startswith("."):
                found[path.stem] = read_template(path)
    return sorted(found.values(), key=lambda t: (_ORDER.index(t.name) if t.name in _ORDER else 9, t.name))


def find_template(name_or_path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Template:
    """Give the template of that name, or the notebook at that path.

    Raises:
        TemplateError: there is no such template, or it cannot be run; the message lists the names there are.
    """
    given = os.fspath(name_or_path)
    path = Path(given)
    if path.suffix == ".ipynb":
        found = read_template(path)
    else:
        known = templates(folder)
        match = [t for t in known if t.name == given]
        if not match:
            names = ", ".join(t.name for t in known)
            raise TemplateError(f"there is no template {given!r}", fix=f"the templates are: {names}")
        found = match[0]
    if found.problem:
        raise TemplateError(
            found.problem, where=str(found.path), fix="postmortem templates --scaffold shows one that runs"
        )
    return found


def read_template(path: Path) -> Template:
    """Read a notebook as a template; what is wrong with it is in ``problem``."""
    blank = Template(path.stem, path, path.stem, "", {}, shipped=_is_shipped(path), sha256="")
    try:
        data = path.read_bytes()
        nb = json.loads(data)
        cells = [(c["cell_type"], "".join(c["source"]), c.get("metadata", {}).get("tags", [])) for c in nb["cells"]]
    except FileNotFoundError:
        return _with(blank, problem="there is no such notebook")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _with(blank, problem="this is not a notebook of format 4")
    marked = [source for kind, source, tags in cells if kind == "code" and "parameters" in tags]
    title, answers = _heading([source for kind, source, _ in cells if kind == "markdown"])
    found = _with(blank, title=title or path.stem, answers=answers, sha256=hashlib.sha256(data).hexdigest())
    if len(marked) != 1:
        return _with(found, problem=f"it has {len(marked)} cells tagged parameters where it needs one")
    try:
        return _with(found, parameters=declared(marked[0]))
    except SyntaxError as error:
        return _with(found, problem=f"its parameters cell is no Python: {error.msg}")


def declared(source: str) -> dict[str, str]:
    """Give the names that a parameters cell assigns, with the source of their defaults.

    Raises:
        SyntaxError: the cell is no Python.
    """
    names: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names[node.target.id] = ast.unparse(node.value)
        elif isinstance(node, ast.Assign):
            names |= {t.id: ast.unparse(node.value) for t in node.targets if isinstance(t, ast.Name)}
    return names


def check_parameters(template: Template, parameters: Mapping[str, Any]) -> None:
    """Hold names and values against the template, before a kernel starts.

    papermill writes names into the notebook as they are and turns what is no JSON into text, so neither gets there.

    Raises:
        TemplateError: an unknown name, a name that is no identifier, or a value that is no JSON.
    """
    known = ", ".join(template.parameters) or "none"
    for name, value in parameters.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise TemplateError(
                f"{name!r} cannot be the name of a parameter", where=template.name, fix=f"it takes: {known}"
            )
        if name not in template.parameters:
            raise TemplateError(f"the template has no parameter {name}", where=template.name, fix=f"it takes: {known}")
        if not _is_json(value):
            what = f"the value of {name} is a {type(value).__name__}, which a notebook would get as text"
            raise TemplateError(
                what, where=template.name, fix="pass text, numbers, true, false, null, or lists and maps of them"
            )


def scaffold(name: str, folder: str | os.PathLike[str] = USER_FOLDER) -> Path:
    """Write a new template that runs, for the user to go on from, and give its path.

    Raises:
        TemplateError: the name is no identifier, or there is one of that name.
    """
    if not name.isidentifier():
        raise TemplateError(f"{name!r} cannot be the name of a template", fix="use letters, digits and underscores")
    path = Path(folder) / f"{name}.ipynb"
    if path.exists():
        raise TemplateError("there is a template of that name", where=str(path), fix="choose another name")
    text = (shipped("templates") / "live.ipynb").read_text(encoding="utf-8")
    nb = json.loads(text)
    for cell in nb["cells"]:
        cell["source"] = [line.replace('"live"', f'"{name}"') for line in cell["source"]]
    nb["cells"][0]["source"] = [
        f"# {name.replace('_', ' ').capitalize()}\n",
        "\n",
        "What this notebook answers, in one line.",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _is_shipped(path: Path) -> bool:
    return path.resolve().parent == shipped("templates").resolve()


def _heading(texts: Sequence[str]) -> tuple[str, str]:
    """Give the title of the first heading and the paragraph under it."""
    lines = [line for text in texts[:1] for line in text.splitlines()]
    title = next((line.lstrip("# ").strip() for line in lines if line.startswith("#")), "")
    body = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return title, " ".join(body)


def _is_json(value: Any) -> bool:
    """Whether papermill hands the value over as it is."""
    if value is None or type(value) in {bool, int, str}:
        return True
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list:
        return all(_is_json(v) for v in value)
    return type(value) is dict and all(type(k) is str and _is_json(v) for k, v in value.items())


def _with(template: Template, **changes: Any) -> Template:
    return Template(**{**template.__dict__, **changes})
