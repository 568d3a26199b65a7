"""A kernel that is started before it is needed and used for several templates (floor 6)."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from toolkit.errors import RunFailed
from toolkit.notebooks.quick import quick_import

#: Set in the kernel's environment: nobody watches, so widgets stay away and figures are static.
BATCH = "POSTMORTEM_BATCH"
#: What every shipped template imports; a kernel is started before it is needed, so nobody waits for these.
READY: tuple[str, ...] = ("toolkit.report.show", "toolkit.report.plots", "matplotlib.backends.backend_svg")

_BEGIN = "from toolkit.notebooks import fresh as _f; _f.begin(get_ipython()); del _f"
_AGAIN = "__import__('toolkit.notebooks.fresh').notebooks.fresh.again(get_ipython(), {folder})"


def kernel_manager() -> Any:
    """Give a manager that starts this interpreter, encrypted, whatever kernelspecs are installed.

    The process is not started yet.
    """
    spec = quick_import("jupyter_client.kernelspec")
    manager = quick_import("jupyter_client.manager")
    said = dict(quick_import("ipykernel.kernelspec").get_kernel_dict().get("metadata") or {})
    argv = [sys.executable, "-m", "toolkit.notebooks.launch", ",".join(READY), "-f", "{connection_file}"]

    class ThisInterpreter(spec.KernelSpecManager):  # type: ignore[misc, name-defined]
        """Answers every name with the running interpreter."""

        def get_kernel_spec(self, kernel_name: str) -> Any:
            return spec.KernelSpec(argv=argv, display_name=kernel_name, language="python", metadata=said)

    made = manager.AsyncKernelManager(kernel_spec_manager=ThisInterpreter())
    if made.has_trait("transport_encryption") and quick_import("zmq").has("curve"):
        made.transport_encryption = "auto"
    return made


class Kernel:
    """One kernel process; ``start`` returns at once, so that it boots while the caller works.

    ``client`` is its one client: a second would take over the address of the first. Use it from one thread; ``close``
    ends the process, and is safe to call twice.
    """

    def __init__(self) -> None:
        self.manager: Any = None
        self.used = False
        self.client: Any = None
        self._settings: tempfile.TemporaryDirectory[str] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self.manager is not None and bool(_wait(self.manager.is_alive()))

    def start(self) -> None:
        """Start the process and return without waiting for it.

        It has an empty settings folder of its own: a person's start-up files have no part in an investigation.
        """
        self.manager = kernel_manager()
        self._settings = tempfile.TemporaryDirectory(prefix="postmortem-", ignore_cleanup_errors=True)
        env = {**os.environ, BATCH: "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1", "IPYTHONDIR": self._settings.name}
        # what a kernel writes beside its channels is noise in the terminal of whoever runs an investigation
        silent = None if os.environ.get("POSTMORTEM_DEBUG") else subprocess.DEVNULL
        arguments = ["--HistoryManager.enabled=False"]
        _wait(self.manager.start_kernel(env=env, extra_arguments=arguments, stdout=silent, stderr=silent))
        self.client = self.manager.client()
        self.client.start_channels()  # they connect while it boots
        self.client.allow_stdin = False
        self.used = False

    def prepare(self, folder: Path, *, timeout: float = 60) -> list[str]:
        """Bring the kernel to a clean state with ``folder`` as its working directory.

        Gives what an earlier template did that could not be undone; a caller then starts a new kernel.

        Raises:
            RunFailed: the kernel did not answer.
        """
        try:
            if not self.used:
                self._answers(timeout)
                self._ask(_BEGIN, "None", timeout)
            self.used = True
            left: list[str] = self._ask("None", _AGAIN.format(folder=repr(str(folder))), timeout)
        except (RuntimeError, TimeoutError, queue.Empty) as error:
            raise RunFailed(f"the notebook kernel did not start: {error}", fix="run postmortem doctor") from None
        return left

    def _answers(self, timeout: float) -> None:
        """Wait until it answers and its output gets through; nbclient heeds no message of before, so none is awaited.

        Raises:
            RuntimeError: it ended, or is silent for ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.client.kernel_info()
            with suppress(queue.Empty):
                _wait(self.client.get_shell_msg(timeout=1))
                _wait(self.client.get_iopub_msg(timeout=0.2))
                return
            if not self.alive:
                raise RuntimeError("it ended at once")
        raise RuntimeError(f"no answer in {timeout:.0f} s")

    def close(self) -> None:
        """End the process and free its sockets."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        if self.manager is not None:
            manager, self.manager = self.manager, None
            with suppress(RuntimeError):
                _wait(manager.shutdown_kernel(now=True))
            _wait(manager.cleanup_resources())
        if self._settings is not None:
            self._settings.cleanup()
            self._settings = None

    def ask(self, expression: str, timeout: float) -> Any:
        """Give the value of an expression, over JSON.

        Raises:
            RuntimeError, TimeoutError, queue.Empty: it raised, or the kernel does not answer.
        """
        return self._ask("None", expression, timeout)

    def _ask(self, code: str, expression: str, timeout: float) -> Any:
        """Run code silently and give the value of an expression over JSON."""
        wrapped = {"it": f"__import__('json').dumps({expression})"}
        reply = _wait(
            self.client.execute(
                code, silent=True, user_expressions=wrapped, reply=True, timeout=timeout, store_history=False
            )
        )
        content = reply["content"]
        answer = content.get("user_expressions", {}).get("it", {})
        if content["status"] != "ok" or answer.get("status") != "ok":
            reason = content if content["status"] != "ok" else answer
            raise RuntimeError(f"{reason.get('ename')}: {reason.get('evalue')}")
        import ast

        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


def _wait(awaitable: Any) -> Any:
    """Wait for a coroutine or a value, also where a loop already runs (a notebook)."""
    utils = quick_import("jupyter_core.utils")

    async def outcome() -> Any:
        return await utils.ensure_async(awaitable)

    return utils.run_sync(outcome)()
