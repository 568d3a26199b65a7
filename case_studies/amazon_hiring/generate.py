"""Illustrative: CVs rated by a tool that learned from ten years of mostly male hires."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, scores, times, top

ROWS, REFERENCE, INVITED = 9_000, 3_000, 0.22


def cohort(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DataFrame:
    """Draw applicants, the tool's score, and what a structured interview would have said."""
    woman = rng.random(rows) < 0.28
    years, projects = rng.gamma(2.2, 2.5, rows).round(1), rng.poisson(2.5, rows)
    skill = rng.normal(0, 1, rows) + 0.12 * years + 0.25 * projects
    womens_club = woman & (rng.random(rows) < 0.30)
    womens_college = woman & (rng.random(rows) < 0.12)
    # strong verbs ("executed", "captured") are written more often by men and say little about skill
    verbs = rng.poisson(np.where(woman, 1.4, 3.0) + 0.1 * np.clip(skill, 0, 5))
    latent = 0.8 * skill + 0.35 * verbs - 1.6 * womens_club - 2.0 * womens_college + rng.normal(0, 0.5, rows)
    invited = top(latent, INVITED)
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, start, end),
            "cv_id": np.arange(1, rows + 1),
            "prediction": invited.astype(int),
            "score": scores(latent, invited),
            "label": (rng.random(rows) < logistic(1.6 * (skill - 1.9))).astype(int),
            "sex": np.where(woman, "F", "M"),
            "job_family": rng.choice(["software", "operations", "research"], rows, p=[0.6, 0.25, 0.15]),
            "years_experience": years,
            "projects": projects,
            "strong_verbs": verbs,
            "womens_club": womens_club.astype(int),
            "womens_college": womens_college.astype(int),
        }
    )


def tables(seed: int) -> Tables:
    """Give the log of 2014 to 2016 and an earlier half year as reference: the same tool, the same gap."""
    rng = np.random.default_rng(seed)
    held = cohort(rng, REFERENCE, "2014-06-01", "2014-12-01").assign(split="validation")
    return {"log": cohort(rng, ROWS, "2014-12-01", "2017-01-15"), "reference": held}
