"""Values of quadratic forms on drawn rows, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior import LevelArray

__all__ = ["MOST", "Polynomials", "numbered"]

MOST = 2.0**52
"""Bound of values that doubles hold exactly, halves included."""

_CHUNK = 2**14


@dataclass(frozen=True, eq=False)
class _Form:
    """``<w, x> + x' P x`` over the coordinates ``places``."""

    places: IntArray
    weights: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, polynomial: Mapping[tuple[int, int], float]) -> _Form:
        used = sorted({i for pair in polynomial for i in pair if i})
        place = {i: at for at, i in enumerate(used)}
        weights, products = np.zeros(len(used)), np.zeros((len(used), len(used)))
        for (i, j), value in polynomial.items():
            if i:
                products[place[i], place[j]] += value
            else:
                weights[place[j]] += value
        return cls(np.array(used, dtype=np.int64) - 1, weights, products)

    def at(self, x: FloatArray) -> FloatArray:
        own = x[:, self.places]
        linear = own @ self.weights
        return np.asarray(linear + ((own @ self.products) * own).sum(axis=1) if self.products.any() else linear)

    def reach(self, largest: FloatArray) -> float:
        """Bound of every sum on the way."""
        most = largest[self.places]
        return float(np.abs(self.weights) @ most + most @ np.abs(self.products) @ most)


class Polynomials:
    """Several forms over the coordinates of a schema, which count from 1; 0 is the constant.

    reach: no sum of absolute values exceeds it; values are exact below :data:`MOST`.
    """

    def __init__(self, blocks: Blocks, polynomials: Sequence[Mapping[tuple[int, int], float]]) -> None:
        self._blocks = blocks
        self._forms = [_Form.of(one) for one in polynomials]
        largest = np.maximum(np.abs(blocks.schema.lo), np.abs(blocks.schema.hi)).astype(np.float64)
        self.reach = max((form.reach(largest) for form in self._forms), default=0.0)

    def at(self, levels: LevelArray) -> FloatArray:
        """Values float64 ``[forms, rows]`` on rows of levels ``[rows, nb]``. Cost: O(n^2) a row and form."""
        found = np.zeros((len(self._forms), len(levels)))
        for start in range(0, len(levels), _CHUNK):
            x = self._blocks.rows(levels[start : start + _CHUNK]).astype(np.float64)
            for values, form in zip(found, self._forms, strict=True):
                values[start : start + _CHUNK] = form.at(x)
        return found


def numbered(values: Iterable[AnyArray]) -> IntArray:
    """A number for each row, the same for rows that have the same values ``[r][rows]``."""
    together: IntArray | None = None
    for one in values:
        found, own = np.unique(one, return_inverse=True)
        if together is not None:
            _, own = np.unique(together * len(found) + own, return_inverse=True)
        together = own.astype(np.int64)
    if together is None:
        raise ParameterError("there are no values")
    return together
