"""The kinds of models, in the order in which they are recognised: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pyfe.models.sources.estimators import from_estimator
from pyfe.models.sources.expressions import from_expression
from pyfe.models.sources.graphs import from_graph
from pyfe.models.sources.linear import Linear
from pyfe.models.sources.networks import SquareNetwork
from pyfe.models.sources.real_function import RealFunction
from pyfe.models.sources.trees.compiled import from_trees
from pyfe.models.sources.wanted import USUAL, Wanted
from pyfe.schema import Schema

__all__ = ["from_model"]

Source: TypeAlias = Callable[[Any, Schema], RealFunction | None]


def _from_numbers(model: Any, schema: Schema) -> RealFunction | None:
    """A model that is given by its numbers."""
    return model.real_function(schema) if isinstance(model, Linear | SquareNetwork) else None


_SOURCES: tuple[Source, ...] = (_from_numbers, from_expression, from_graph, from_trees)


def from_model(model: Any, schema: Schema, wanted: Wanted = USUAL) -> RealFunction:
    """The real function of a model on a schema: by its structure where that is known, else by asking it.

    Raises ParameterError where model and schema do not fit, or the model does not have the output that is wanted,
    UnsupportedModelError where it is of no degree up to two.
    """
    for source in _SOURCES:
        found = source(model, schema)
        if found is not None:
            wanted.require_usual(found.name)
            return found
    return from_estimator(model, schema, wanted)
