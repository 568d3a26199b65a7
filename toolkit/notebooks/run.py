"""Run templates: one by ``run_template``, several for the price of one kernel by ``Runner`` (floor 6)."""

from __future__ import annotations

import os
import queue
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from toolkit.errors import RunFailed, TemplateError
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.kernel import Kernel
from toolkit.notebooks.outcome import NEVER_RUN, RunResult, one_line, read_outcome
from toolkit.notebooks.quick import quick_import
from toolkit.notebooks.templates import Template, check_parameters, find_template

CELL_TIMEOUT: Final = 600.0
RUN_TIMEOUT: Final = 1800.0
_DRAW: Final = "__import__('toolkit.report.drawn').report.drawn.drawings({folder})"


@dataclass(frozen=True)
class Step:
    """Where a run is: the template and the section of it, its cell (0 based) of how many, seconds since it began.

    ``number`` of ``total`` says which of several notebooks it is, ``last`` how many seconds it took last time.
    """

    template: str
    section: str
    cell: int
    cells: int
    seconds: float
    number: int = 1
    total: int = 1
    last: float | None = None

    def __str__(self) -> str:
        """Give one line for a terminal."""
        place = f"[{self.number}/{self.total}] " if self.total > 1 else ""
        before = f", last time {self.last:.1f} s" if self.last else ""
        where = f"{self.section or 'starting'} ({self.cell + 1}/{self.cells}, {self.seconds:.1f} s{before})"
        return f"{place}{self.template}: {where}"


Progress = Callable[[Step], None]


def run_template(
    template: str | os.PathLike[str] | Template,
    output: str | os.PathLike[str],
    parameters: Mapping[str, Any] | None = None,
    *,
    cell_timeout: float = CELL_TIMEOUT,
    run_timeout: float = RUN_TIMEOUT,
    progress: Progress | None = None,
) -> RunResult:
    """Run one template in a kernel of its own and give how it went; the executed notebook is at ``output``.

    A cell that fails is no exception here: ``RunResult.check`` raises it, after the rest was written.

    Raises:
        TemplateError: there is no such template, or a parameter does not fit it; no kernel was started.
    """
    with Runner(cell_timeout=cell_timeout, run_timeout=run_timeout, progress=progress) as runner:
        return runner.run(template, output, parameters)


class Runner:
    """Runs templates one after the other; the shipped ones share a kernel that is cleaned between them.

    ``warm`` starts the kernel early, so that it boots while the caller does something else. A kernel is given up after
    a failure, when it cannot be cleaned, and before and after a template of the user's own. One thread only.
    """

    def __init__(
        self,
        *,
        cell_timeout: float = CELL_TIMEOUT,
        run_timeout: float = RUN_TIMEOUT,
        progress: Progress | None = None,
    ) -> None:
        self.cell_timeout, self.run_timeout, self.progress = cell_timeout, run_timeout, progress
        self.kernels_started = 0
        self.place: tuple[int, int, float | None] = (1, 1, None)
        self._kernel: Kernel | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start the kernel now and return at once."""
        if self._kernel is None:
            self._kernel = Kernel()
            self._kernel.start()
            self.kernels_started += 1

    def close(self) -> None:
        """End the kernel."""
        if self._kernel is not None:
            kernel, self._kernel = self._kernel, None
            kernel.close()

    def drawings(self, bundle: Bundle, *, timeout: float = 120) -> dict[str, str]:
        """Have the kernel draw the figures of a page; none where no kernel runs, or it cannot: draw them here then."""
        if self._kernel is None or not self._kernel.alive:
            return {}
        with tempfile.TemporaryDirectory(prefix="postmortem-", ignore_cleanup_errors=True) as place:
            bundle.write(place)
            try:
                if self._kernel.prepare(Path(place)):
                    return {}
                drawn: dict[str, str] = self._kernel.ask(_DRAW.format(folder=repr(place)), timeout)
            except (RunFailed, RuntimeError, TimeoutError, queue.Empty):
                self._give_up()
                return {}
        return drawn

    def run(
        self,
        template: str | os.PathLike[str] | Template,
        output: str | os.PathLike[str],
        parameters: Mapping[str, Any] | None = None,
    ) -> RunResult:
        """Run one template; see ``run_template``.

        Raises:
            TemplateError: there is no such template, or a parameter does not fit it; no kernel was started.
        """
        found = template if isinstance(template, Template) else find_template(template)
        given = dict(parameters or {})
        check_parameters(found, given)
        file = Path(output).absolute()
        if file.resolve() == found.path.resolve():
            raise TemplateError("the output would overwrite the template", where=str(file), fix="name another file")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            for stale in (file, file.parent / f"{found.name}.handback.json"):
                stale.unlink(missing_ok=True)
        except OSError as error:
            raise RunFailed(f"the executed notebook cannot be written: {error.strerror}", where=str(file)) from None
        begun = time.monotonic()
        reason = self._run(found, file, given, begun)
        result = replace(read_outcome(file, found.name), seconds=time.monotonic() - begun)
        if reason and (result.ok or result.reason == NEVER_RUN):
            return replace(result, status="failed", reason=reason)
        return result

    def _run(self, found: Template, file: Path, given: dict[str, Any], begun: float) -> str:
        """Run the cells and give why they could not be run to the end, or an empty string."""
        clean = False
        try:
            kernel = self._ready(found, file.parent)
            self._execute(found, file, given, kernel, begun)
            clean = found.shipped
        except (KeyboardInterrupt, SystemExit):
            self._give_up()
            raise
        except Exception as error:  # noqa: BLE001  whatever stopped the run is its result, told in one line
            return one_line(f"{type(error).__name__}: {error}") or "the run failed"
        finally:
            if not clean:
                self._give_up()
        return ""

    def _execute(self, found: Template, file: Path, given: dict[str, Any], kernel: Kernel, begun: float) -> None:
        """Hand the template to papermill with our engine."""
        papermill = quick_import("papermill")
        engines = quick_import("papermill.engines").papermill_engines
        engines.register("postmortem", quick_import("toolkit.notebooks.engine").PostmortemEngine)

        section = ""

        def tell(cell: int, cells: int, content: Any) -> None:
            nonlocal section
            if content.cell_type == "markdown" and content.source.startswith("#"):
                section = content.source.splitlines()[0].lstrip("# ")
            if self.progress:
                self.progress(Step(found.name, section, cell, cells, time.monotonic() - begun, *self.place))

        papermill.execute_notebook(
            _literal(found.path),
            _literal(file),
            parameters=given,
            engine_name="postmortem",
            kernel_name="python3",
            progress_bar=False,
            kernel=kernel,
            tell=tell,
            execution_timeout=self.cell_timeout,
            run_timeout=self.run_timeout,
        )

    def _ready(self, found: Template, folder: Path) -> Kernel:
        """Give a clean kernel in ``folder``: the shared one where it may be used, else a new one."""
        if not found.shipped and self._kernel is not None and self._kernel.used:
            self._give_up()
        self.warm()
        assert self._kernel is not None
        if not self._kernel.alive or self._kernel.prepare(folder):
            self._give_up()
            self.warm()
            assert self._kernel is not None
            self._kernel.prepare(folder)
        return self._kernel

    def _give_up(self) -> None:
        with suppress(Exception):
            self.close()
        self._kernel = None


def _literal(path: Path) -> str:
    """Write a path so that papermill, which formats paths, gives the same path back."""
    return str(path).replace("{", "{{").replace("}", "}}")
