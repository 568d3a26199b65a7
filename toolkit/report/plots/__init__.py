"""The plots of a postmortem: pure functions from records to a figure (floor 6).

Each gives a ``Figure`` with SVG, a text alternative and the table of what it shows. No pyplot, so nothing is shared
between figures.
"""

from toolkit.report.plots.figure import Figure
from toolkit.report.plots.groups import groups
from toolkit.report.plots.ledger import rivals, waterfall
from toolkit.report.plots.overview import overview
from toolkit.report.plots.series import metric_series
from toolkit.report.plots.timeline import timeline

__all__ = ["Figure", "groups", "metric_series", "overview", "rivals", "timeline", "waterfall"]
