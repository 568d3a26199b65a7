"""The postmortem toolkit for machine-learning failures: ``import toolkit as tk``."""

__version__ = "0.1.0"
