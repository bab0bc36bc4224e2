"""Which column has which weight, and how far it can move a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyfe.function import Function, LinearMap
from pyfe.schema import Schema

__all__ = ["ColumnWeights", "weights_of"]


@dataclass(frozen=True, kw_only=True)
class ColumnWeights:
    """A column of the schema in a function: the ``values`` that it takes, how many codes that are (``levels``), its
    marks; the integer ``weights`` of its ``coordinates``, one tuple each with a number an output (of a quadratic
    function those of the linear terms; products are not among them); and ``reach``: between the column's best and worst
    code, the largest difference that it makes to a score, in decision values (None of a quadratic function)."""

    name: str
    values: str
    levels: int
    public: bool
    protected: bool
    coordinates: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]
    reach: float | None


def weights_of(function: Function, schema: Schema) -> tuple[ColumnWeights, ...]:
    """Every column that the table has, that first which can move a score most; of a quadratic function in the schema's
    order."""
    found = []
    for name, part, column in schema.parts:
        if not column.in_table:
            continue
        values = function.map.coefficients(part)
        reach = None
        if isinstance(function.map, LinearMap):
            low, high = column.extent(values)
            reach = float(np.max((high - low) * function.scale))
        found.append(
            ColumnWeights(
                name=name,
                values=column.range_text,
                levels=column.size,
                public=column.public,
                protected=column.protected,
                coordinates=tuple(column.coordinate_names(name)),
                weights=tuple(map(tuple, values.T.tolist())),
                reach=reach,
            )
        )
    return tuple(sorted(found, key=lambda column: 0.0 if column.reach is None else -column.reach))
