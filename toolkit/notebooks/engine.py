"""A papermill engine that tells the truth about what ran (floor 6; entry point ``papermill.engine: postmortem``).

papermill's own engine writes every cell as completed after a dead kernel, a timeout or a missing kernel. Here a cell is
``completed`` only when it was, the one that stopped the run is ``failed``, the rest stay ``pending``, and
``metadata.papermill.aborted`` says why. The notebook is written before every cell of code, in one step, so that a kill
leaves the last whole state.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any, Final

from toolkit.errors import RunFailed
from toolkit.notebooks.quick import quick_import

_engines = quick_import("papermill.engines")
_client = quick_import("papermill.clientwrap")
_errors = quick_import("nbclient.exceptions")
_nbjson = quick_import("nbformat.v4.nbjson")

#: Seconds that one cell may take where the caller sets no limit.
CELL_TIMEOUT: Final = 600
_GRACE: Final = 5.0

Progress = Callable[[int, int, Any], None]


class _Record(_engines.NotebookExecutionManager):  # type: ignore[misc, name-defined]
    """Keeps the state of each cell as it was, and writes it in one step.

    It is written before a cell of code runs, after one failed, and at the end: in between nothing happens that a kill
    could take away, and a notebook with its pictures takes a while to write.
    """

    _waits = False

    def save(self, *, last: bool = False, **_: Any) -> None:
        """Replace the file by the whole notebook as it is now, in the form for people and diffs the ``last`` time."""
        if self.output_path and not self._waits:
            path = Path(self.output_path)
            part = path.with_name(f".{path.name}.part")
            text = _nbjson.writes(self.nb) if last else json.dumps(self.nb, ensure_ascii=False)
            part.write_text(text, encoding="utf-8")
            os.replace(part, path)  # noqa: PTH105
        self.last_save_time = self.now()

    def notebook_start(self, **kwargs: Any) -> None:
        """Begin the record; of paths it keeps the file names, for the notebook may travel."""
        record = self.nb.metadata.papermill
        for key in ("input_path", "output_path"):
            record[key] = Path(str(record.get(key) or "")).name
        super().notebook_start(**kwargs)

    def cell_start(self, cell: Any, *place: Any, **kwargs: Any) -> None:
        """Note that a cell runs."""
        self._waits = cell.cell_type != "code"
        super().cell_start(cell, *place, **kwargs)
        self._waits = False

    def cell_complete(self, cell: Any, *place: Any, **kwargs: Any) -> None:
        """Note that a cell ended, and what it printed."""
        _join_streams(cell)
        self._waits = cell.metadata.papermill.status != self.FAILED
        super().cell_complete(cell, *place, **kwargs)
        self._waits = False

    def notebook_complete(self, **_: Any) -> None:
        """Note the end; unlike papermill's, this touches no cell."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds() if self.start_time else None
        self.complete_pbar()
        self.cleanup_pbar()
        self.save(last=True)


def _join_streams(cell: Any) -> None:
    """Make one output of what was printed in one go; a kernel sends it in as many pieces as time happens to cut it."""
    outputs: list[Any] = []
    for output in cell.get("outputs", ()):
        before = outputs[-1] if outputs else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            before.text += output.text
        else:
            outputs.append(output)
    if outputs:
        cell.outputs = outputs


class _Client(_client.PapermillNotebookClient):  # type: ignore[misc, name-defined]
    """Runs the cells one by one within the limits, and marks the one that stopped the run."""

    def papermill_execute_cells(self) -> None:
        """Run every cell in order until one fails."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            if self.tell:
                self.tell(index, len(self.nb.cells), cell)
            try:
                self.execute_cell(cell, index)
            except _errors.CellExecutionError as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
                return
            except BaseException:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index)
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
                raise
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

    tell: Progress | None = None


class PostmortemEngine(_engines.NBClientEngine):  # type: ignore[misc, name-defined]
    """``papermill --engine postmortem``; the runner of this package uses it too.

    ``execution_timeout`` limits a cell (seconds, 600 where not set), ``run_timeout`` the whole notebook. ``kernel`` is
    a ``toolkit.notebooks.kernel.Kernel`` to use instead of starting one, ``tell(index, cells, cell)`` hears of each.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **options: Any,
    ) -> Any:
        """Run the notebook and give it back; what stopped it is in its metadata before it is raised."""
        record = _Record(nb, output_path, log_output, progress_bar, autosave_cell_every)
        record.notebook_start()
        try:
            cls.execute_managed_notebook(record, kernel_name, log_output=log_output, **options)
            stopped = _stopped_quietly(record.nb)
            if stopped:
                raise RunFailed(stopped, where=str(output_path or ""), fix="see the executed notebook")
        except BaseException as error:
            record.nb.metadata.papermill["exception"] = True
            record.nb.metadata.papermill["aborted"] = f"{type(error).__name__}: {error}".strip(": ")[:500]
            raise
        finally:
            record.notebook_complete()
        return record.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        run_timeout: float | None = None,
        kernel: Any = None,
        tell: Progress | None = None,
        **options: Any,
    ) -> Any:
        """Run the cells within the limits, in the given kernel or in one of their own."""
        for name in ("input_path", "timeout", "startup_timeout"):
            options.pop(name, None)
        client = _Client(
            nb_man,
            **{"config": _encrypted(), "shutdown_kernel": "immediate", **options},
            km=kernel.manager if kernel else None,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            log=_engines.logger,
            log_output=log_output,
        )
        if kernel:
            client.kc = kernel.client  # a second client would take over the address of the first
        client.tell = tell
        client.timeout_func = _limit(execution_timeout or CELL_TIMEOUT, run_timeout)
        with _last_resort(client, run_timeout):
            return client.execute()


def _limit(cell_timeout: float, run_timeout: float | None) -> Callable[[Any], float]:
    """Give the seconds that the next cell may take: its own limit, or what is left of the run's."""
    end = time.monotonic() + run_timeout if run_timeout else None

    def seconds(_: Any) -> float:
        return cell_timeout if end is None else max(0.05, min(cell_timeout, end - time.monotonic()))

    return seconds


@contextmanager
def _last_resort(client: Any, run_timeout: float | None) -> Iterator[None]:
    """Kill the kernel's process some seconds after the run's limit, should the client hang on a message."""
    if not run_timeout:
        yield
        return

    def kill() -> None:
        process = getattr(getattr(client.km, "provisioner", None), "process", None)
        if process is not None:
            process.kill()

    timer = Timer(run_timeout + _GRACE, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _encrypted() -> Any:
    """Ask for an encrypted channel to the kernel where both ends can have one."""
    config = quick_import("traitlets.config").Config()
    if quick_import("zmq").has("curve"):
        config.KernelManager.transport_encryption = "auto"
    return config


def _stopped_quietly(nb: Any) -> str:
    """Say why cells are left that did not run though no error was raised (``sys.exit``), or an empty string."""
    states = [cell.metadata.papermill.get("status") for cell in nb.cells]
    if "failed" not in states and "pending" not in states:
        return ""
    for index, cell in enumerate(nb.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                if output.ename != "SystemExit":
                    return ""  # papermill raises it, with the traceback
                return f"cell {index} ended the notebook with sys.exit({json.dumps(output.evalue)[1:-1]})"
    return "" if "failed" in states else "the notebook stopped before its last cell"
