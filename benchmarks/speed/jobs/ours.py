"""Log to verdict, no notebooks. Prints CPU seconds of each step, imports in the step that first needs them."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path


def cpu() -> float:
    """Give CPU seconds of this process so far."""
    return sum(os.times()[:2])


def main(folder: str, *, diagnosed: bool = True) -> None:
    """Diagnose, or only profile."""
    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))
    steps, before = {}, 0.0

    def lap(name: str) -> None:
        nonlocal before
        steps[name] = round(cpu() - before, 3)
        steps[f"{name} peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        before = cpu()

    from toolkit.logs import read_log

    with read_log(f"{folder}/log", told, reference=f"{folder}/reference.parquet") as log:
        lap("read")
        from toolkit.profile.build import build_profile

        profile = build_profile(log)
        lap("profile")
        if not diagnosed:
            print(json.dumps({"steps": steps}))
            return
        from toolkit.causes.diagnose import diagnose_profile

        verdict = diagnose_profile(profile)
        lap("diagnose")
    print(
        json.dumps(
            {"steps": steps, "verdict": verdict.verdict, "mechanism": verdict.mechanism, "onset": str(verdict.onset)}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
