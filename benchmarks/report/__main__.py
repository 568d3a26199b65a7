"""Measure the document: render time apart from the kernel, size by rows, verify time, requests, axe-core.

    python -m benchmarks.report                              # ten thousand and a million rows
    python -m benchmarks.report --rows 10000000 --write      # and put it into results.json and RESULTS.md
    python -m benchmarks.report --axe axe.min.js             # with axe-core: npm pack axe-core, then package/axe.min.js

Every figure is of this machine at this moment; processor seconds are named beside wall seconds, for others may be busy.
A size that was measured before keeps its line in RESULTS.md until it is measured again.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from toolkit.investigation import investigate, open_incident, publish, verify
from toolkit.investigation.publishing import current
from toolkit.report.publish import DATA, PAGE, prepare
from toolkit.sql.connect import connect
from toolkit.store import Store

HERE = Path(__file__).resolve().parent
KEPT = HERE / "results.json"
#: Wide and narrow, light and dark: what a page is looked at on.
VIEWS = ((1200, "light"), (390, "light"), (1200, "dark"))

_LOG = """COPY (
    SELECT TIMESTAMP '2026-01-01' + to_seconds(i * 7776000.0 / {rows}) AS timestamp, i AS id, x,
           CASE WHEN late THEN 1000 ELSE 1 END * ((i * 104729) % 997) AS income,
           ['north', 'south', 'east', 'west'][1 + i % 4] AS region,
           'm@' || CAST(1 + i * 3 // {rows} AS VARCHAR) AS version,
           0.02 + 0.96 * x AS score,
           CAST((i * 15485863 % 1000) / 1000.0 < CASE WHEN late THEN 0.5 ELSE x END AS INTEGER) AS label
    FROM (SELECT i, i > {rows} * 0.6 AS late, (i * 7919 % 1000) / 1000.0 AS x FROM range({rows}) t(i))
) TO '{file}' (FORMAT parquet)"""
ROLES = {
    "task": "binary",
    "roles": {"timestamp": "timestamp", "id": "id", "score": "score", "label": "label", "model_version": "version",
              "segment": ["region"], "feature": ["x", "income"]},
}  # fmt: skip


@dataclass
class Clock:
    """Wall and processor seconds of named steps."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name], self.cpu[name] = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True)
class Measured:
    """What one size of log gave."""

    rows: int
    page: int
    data: int
    cited: int
    holds: bool
    clock: Clock
    browser: str
    when: str = ""


def measure(rows: int, folder: Path, axe: Path | None) -> Measured:
    """Make a log, investigate it without notebooks, render, publish and verify; then open the page in a browser."""
    clock, log = Clock(), folder / "log.parquet"
    with connect() as duck:
        duck.execute(_LOG.format(rows=rows, file=str(log).replace("'", "''")))
    store = Store(folder / "incidents")
    with clock.step("investigate"):
        open_incident(store, "Measured", log=log, roles=ROLES)
        investigate(store, "INC-0001", only=())
    bundle = current(store, "INC-0001")
    prepare(bundle)  # the first one imports the plots
    with clock.step("render"):
        ready = prepare(bundle)
    with clock.step("publish"):
        page = publish(store, "INC-0001").page
    with clock.step("verify"):
        made = verify(store, "INC-0001")
    with clock.step("browser"):
        seen = look(page, axe)
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    return Measured(rows, len(ready.files[PAGE]), len(ready.files[DATA]), made.cited, made.holds, clock, seen, when)


def look(page: Path, axe: Path | None) -> str:
    """Open a page as readers do; count requests and complaints, and what axe-core finds serious where it is there."""
    browser = shutil.which("chromium")
    if browser is None:
        return "no Chromium here"
    from playwright.sync_api import sync_playwright

    seen: list[str] = []
    serious: set[str] = set()
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in VIEWS:
            context = opened.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=axe is not None
            )
            sheet = context.new_page()
            sheet.on("request", lambda r: seen.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
            sheet.on("console", lambda m: seen.append(m.text))
            sheet.goto(page.absolute().as_uri())
            sheet.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            if axe is not None:
                sheet.add_script_tag(content=axe.read_text(encoding="utf-8"))
                found = sheet.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.impact, v.nodes.length]))")
                serious |= {f"{v[0]} ({v[1]}, {v[2]})" for v in found if v[1] in ("serious", "critical")}
            context.close()
        opened.close()
    checked = f"axe-core serious or critical: {', '.join(sorted(serious)) or 'none'}" if axe else "axe-core not given"
    return f"requests and console messages: {len(seen)}; {checked}"


def table(found: list[Measured]) -> str:
    """Write what was measured as Markdown."""
    steps = ("investigate", "render", "verify")
    heads = ("rows", "page", "data", *steps, "cited values", "all hold", "in a browser", "measured")
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join(["---:"] * 7 + ["---"] * 3) + " |"]
    for m in found:
        times = " | ".join(f"{m.clock.wall[s]:.1f} s ({m.clock.cpu[s]:.1f} s cpu)" for s in steps)
        sizes = f"{m.page / 1e3:,.0f} kB | {m.data / 1e3:,.0f} kB"
        holds = "yes" if m.holds else "NO"
        lines.append(f"| {m.rows:,} | {sizes} | {times} | {m.cited} | {holds} | {m.browser} | {m.when} |")
    return "\n".join(lines) + "\n"


def write(found: list[Measured]) -> None:
    """Put figures beside those that are kept, a line a size, and write RESULTS.md from all."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept |= {str(m.rows): asdict(m) for m in found}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    every = [Measured(**{**m, "clock": Clock(**m["clock"])}) for _, m in sorted(kept.items(), key=lambda x: int(x[0]))]
    about = (
        "# What was measured\n\nWritten by `python -m benchmarks.report --write`. A made log of a broken unit is "
        "investigated without notebooks; *render* is the team's full document with its data and evidence, apart from "
        "any kernel; *verify* computes every cited value again from the log. In a browser: Chromium, wide and narrow, "
        f"light and dark, all folds open. {platform.machine()}, Python {platform.python_version()}.\n\n"
    )
    (HERE / "RESULTS.md").write_text(about + table(every), encoding="utf-8")


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, action="append", help="rows of a log; may be given again")
    parser.add_argument("--axe", type=Path, help="axe.min.js of axe-core")
    parser.add_argument("--write", action="store_true", help="write results.json and RESULTS.md beside this file")
    given = parser.parse_args()
    for rows in given.rows or [10_000, 1_000_000]:
        with tempfile.TemporaryDirectory(prefix="bench-report-") as scratch:
            found = [measure(rows, Path(scratch), given.axe)]
        print(table(found), flush=True)
        if given.write:
            write(found)


if __name__ == "__main__":
    main()
