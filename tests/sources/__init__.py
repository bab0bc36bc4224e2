"""Every kind of model that is taken, and those that are refused: a registry that others add rows to.

A row is a maker of a fitted model (:mod:`tests.sources.registry`), in one file a library; ``test_sources.py`` holds
each against the model's own output on held-out rows, and makes the table of docs/reference/sources.md.
"""
