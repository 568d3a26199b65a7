"""Templates executed by papermill, truthfully (floor 6).

A kernel never opens the store: it gets a read-only bundle by path and hands back records in a file beside the executed
notebook. ``run_template`` runs one template, ``Runner`` several for the price of one kernel.
"""
