"""Ensembles of shallow trees: one file a library that turns its trees into a common form, and what makes of that form a
schema and a quadratic function on its bits."""

from __future__ import annotations

from pyfe.models.sources.trees.compiled import from_trees, is_trees
from pyfe.models.sources.trees.proposal import schema_for_trees

__all__ = ["from_trees", "is_trees", "schema_for_trees"]
