"""A page as PDF, printed by the Chromium that is installed (floor 6); nothing is downloaded and nothing is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from toolkit.errors import RenderError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SECONDS: Final = 120
#: A browser that opens one file, keeps nothing, and reaches no host.
_FLAGS: Final = (
    *("--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer"),
)


def find_browser(named: str = "") -> str:
    """Give the browser that prints.

    Raises:
        RenderError: there is none, or none of that name.
    """
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        what = f"there is no browser {named!r}" if named else "there is no Chromium on this machine"
        raise RenderError(what, fix="install one, or print the page from any browser: it has a style for paper")
    return found


def print_pdf(page: Path, out: Path, *, browser: str = "", seconds: float = SECONDS) -> Path:
    """Print an HTML file of ours to a PDF and give the PDF; it is there whole or not at all.

    Raises:
        RenderError: there is no browser, it failed or took too long, or the PDF cannot be written.
    """
    command = find_browser(browser)
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="postmortem-pdf-", ignore_cleanup_errors=True) as scratch:
        made = Path(scratch) / "page.pdf"
        asked = [command, *_FLAGS, *root, f"--user-data-dir={scratch}/profile", f"--print-to-pdf={made}"]
        try:
            done = subprocess.run([*asked, page.absolute().as_uri()], capture_output=True, timeout=seconds, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RenderError(f"the browser did not print: {error}", where=command, fix="try again") from None
        if not made.is_file() or not made.read_bytes().startswith(b"%PDF-"):
            last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
            raise RenderError(f"the browser printed nothing: {last[:200]}", where=command, fix="print it by hand")
        beside = out.with_name(f".{out.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(made, beside)
            beside.replace(out)
        except OSError as error:
            raise RenderError(
                f"the PDF cannot be written: {error.strerror}", where=str(out), fix="name another file"
            ) from None
        finally:
            beside.unlink(missing_ok=True)
    return out
