"""JupyterLab for tests: one server of ``postmortem lab`` on a folder, and pages of Debian's Chromium on it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shell import spawn

TOKEN = "t"
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)
#: Milliseconds that anything may take on a busy machine.
LONG = 120_000
_ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run")  # fmt: skip
_FLAGS = ("--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", "--allow-root", f"--IdentityProvider.token={TOKEN}",
          "--LabApp.expose_app_in_browser=True")  # fmt: skip
_OWN = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")


@dataclass(frozen=True)
class Lab:
    """A running server: its address and the folder of incidents."""

    url: str
    folder: Path

    def new_page(self, browser: Any, *, width: int = 1280, height: int = 1000, dark: bool = False) -> Any:
        """Open JupyterLab in a page of its own, at the launcher; what it asks for and what breaks is kept."""
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.set_default_timeout(LONG)
        page.asked, page.broke = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.broke.append(str(error)))
        page.goto(f"{self.url}/lab?token={TOKEN}&reset")
        page.wait_for_selector(".jp-LauncherCard")
        if dark:
            command(page, "apputils:change-theme", theme="JupyterLab Dark")
            page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
        return page

    def notebook(self, page: Any, name: str, *cells: str, run: bool = True) -> None:
        """Write a notebook, open it in the page, and run it."""
        made = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": cell, "outputs": [],
                 "execution_count": None} for i, cell in enumerate(cells)]  # fmt: skip
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": made}
        (self.folder / name).write_text(json.dumps(nb))
        open_notebook(page, name)
        if run:
            command(page, "notebook:run-all-cells")


@contextlib.contextmanager
def serving(folder: Path, scratch: Path) -> Iterator[Lab]:
    """Run ``postmortem lab`` on a folder of incidents, with settings of its own, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    news = scratch / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false"}')
    env = {name: str(scratch / name.lower()) for name in _OWN} | {"JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings")}
    with (scratch / "server.log").open("w") as log:
        given = ("lab", "--home", folder, "--no-browser", "--port", port, "--", *_FLAGS)
        server = spawn(*given, env=env, cwd=folder.parent, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=2):
                break
            assert server.poll() is None, (scratch / "server.log").read_text()
            time.sleep(0.2)
        yield Lab(url, folder)
    finally:
        # a session of its own and SIGTERM: both work where SIGINT is ignored, as below nohup
        server.terminate()
        with contextlib.suppress(Exception):
            server.wait(timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Give Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGS))
        try:
            yield browser
        finally:
            browser.close()


def command(page: Any, name: str, **given: Any) -> None:
    """Run a command of JupyterLab and wait for its end."""
    page.evaluate("([id, args]) => window.jupyterapp.commands.execute(id, args).then(() => true)", [name, given])


def open_notebook(page: Any, name: str) -> None:
    """Open a notebook and wait for its kernel."""
    page.evaluate(
        """async path => {
             const w = await window.jupyterapp.commands.execute(
               'docmanager:open', {path, factory: 'Notebook', kernel: {name: 'python3'}});
             await w.context.ready; await w.sessionContext.ready; await w.sessionContext.session.kernel.info;
             return true; }""",
        name,
    )


def said(page: Any, text: str) -> Any:
    """Wait until a panel says something."""
    found = page.get_by_role("status").filter(has_text=text).first
    found.wait_for(timeout=LONG)
    return found
