"""What a model turned out to be: a real map on coordinates, then a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.sources.parts import Labels
from pyfe.models.sources.raw_model import RawModel
from pyfe.schema import Schema

__all__ = ["RealFunction", "RealMap", "combined"]

RealMap: TypeAlias = AffineMap | RealQuadratic | RealSquares


@dataclass(frozen=True)
class RealFunction:
    """What a model turned out to be: an affine or quadratic map on coordinates, then a link.

    ``remarks``: pairs (what, text) that reports show, such as why there are no probabilities.
    """

    map: RealMap
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str
    raw_model: RawModel | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    def spread(self, decision: FloatArray) -> FloatArray:
        """Standard deviation of the score ``[k]`` over decision values ``[m, k]``: of outputs that are compared, that
        of all of them; of those of a softmax, from their mean in each row, which it does not depend on."""
        variance = self.apart(decision).var(axis=0)
        compared = self.classes is not None
        return np.asarray(np.sqrt(np.full_like(variance, variance.mean()) if compared else variance))

    def apart(self, decision: FloatArray) -> FloatArray:
        """Decision values without what a softmax does not depend on, the mean of each row."""
        return decision - decision.mean(axis=1, keepdims=True) if self.link == "softmax" else decision

    def used_columns(self, schema: Schema) -> list[tuple[str, slice]]:
        """Names and coordinates of the columns that the map depends on, beyond what is not known of it."""
        reach, unknown = self.map.reach(schema.hi), 2 * self.map.error
        columns = [(name, part) for name, part, column in schema.parts if column.in_table]
        return [(name, part) for name, part in columns if (reach[:, part].sum(axis=1) > unknown).any()]


def combined(real_map: RealMap, combination: FloatArray) -> RealMap:
    """The map whose outputs are combinations ``[k', k]`` of those of another."""
    error = np.abs(combination) @ real_map.error
    if isinstance(real_map, AffineMap):
        return AffineMap(combination @ real_map.weights, combination @ real_map.intercept, error)
    if isinstance(real_map, RealSquares):
        return RealSquares(real_map.units, combination @ real_map.outputs, combination @ real_map.linear, error)
    return RealQuadratic(
        real_map.centre,
        np.einsum("jk,kab->jab", combination, real_map.quadratic),
        combination @ real_map.weights,
        combination @ real_map.intercept,
        error,
    )
