"""Which columns of a table a model takes, before there is a schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyfe.models.sources.expressions import symbols_of
from pyfe.models.sources.graphs import input_names
from pyfe.models.sources.intake import intake_of
from pyfe.models.sources.linear import Linear
from pyfe.models.sources.networks import SquareNetwork
from pyfe.schema.cells import same_name

__all__ = ["columns_of"]


def columns_of(model: Any, labels: tuple[str, ...]) -> set[str] | None:
    """Names of the columns that a model takes of a table with these; None where it takes all of them, in their order.

    Names are in Unicode's normal form C. A name that the table does not have is among them: the schema's proposal, or
    the model when it meets the schema, says what is missing.
    """
    if isinstance(model, Linear):
        return model.columns()
    if isinstance(model, SquareNetwork):
        return None
    for names_of in (symbols_of, input_names):
        names = names_of(model)
        if names is not None:
            return _named(names, labels)
    own = intake_of(model, labels).names
    return None if own is None else set(map(same_name, own))


def _named(names: Iterable[str], labels: tuple[str, ...]) -> set[str] | None:
    """The columns that are called so, or of which a coordinate is (``smoker=yes``, ``age>=65.0``, ``age is
    missing``); None for no column at all."""
    wanted = set(map(same_name, names))
    signs = ("=", ">=", " is missing")
    found = {
        label
        for label in labels
        if label in wanted or any(name.startswith(label + sign) for name in wanted for sign in signs)
    }
    return found or None
