"""The document: plots, sections, the page, the exporter (floor 6).

Templates use ``from toolkit.report import show``; ``page.render`` and ``publish.publish`` make the postmortem.
"""
