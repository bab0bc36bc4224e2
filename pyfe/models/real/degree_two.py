"""A real quadratic function of the coordinates: one standard form.

``f(q) = sum_{a<=b} Q[a, b] u_a u_b + w u + b`` with ``u = q - centre``. The coordinates of a schema satisfy relations
(the bits of a category sum to 1, a bit is its own square, ...), so many coefficients say the same function;
:meth:`RealQuadratic.standard` picks the one that rounding wants: numbers measured from the middle of their range, no
products inside a column of bits, nothing on constants, and what all levels of a category share moved to the terms
below it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.schema import Column, Products, Schema

__all__ = ["RealQuadratic", "standard_centre"]


@dataclass(frozen=True)
class RealQuadratic:
    """k quadratic functions of n coordinates in float64.

    Parameters
    ----------
    centre: int64 ``[n]``, from which the coordinates are measured: ``u = q - centre``.
    quadratic: ``[k, n, n]``, upper triangular; weights: ``[k, n]``; intercept: ``[k]``.
    error: ``[k]``, bounds what is not known exactly about f: residuals and float rounding.

    Memory: 8 k n^2 bytes.
    """

    centre: IntArray
    quadratic: FloatArray
    weights: FloatArray
    intercept: FloatArray
    error: FloatArray

    @classmethod
    def of(cls, quadratic: FloatArray, weights: FloatArray, intercept: FloatArray, error: FloatArray) -> RealQuadratic:
        """``q^T Q q + w q + b`` from any square Q ``[k, n, n]``, w ``[k, n]``, b ``[k]``: what a program that knows the
        coefficients per coordinate step gives to :func:`~pyfe.models.rounding.degree_two.round_quadratic`."""
        upper = np.triu(quadratic) + np.tril(quadratic, -1).transpose(0, 2, 1)
        return cls(np.zeros(weights.shape[1], dtype=np.int64), upper, weights, intercept, error)

    def __call__(self, x: IntArray | FloatArray) -> FloatArray:
        """Values float64 ``[m, k]`` of rows ``[m, n]``."""
        u = (x - self.centre).astype(np.float64)
        squares = np.stack([((u @ Q) * u).sum(axis=1) for Q in self.quadratic], axis=1)
        return np.asarray(squares + u @ self.weights.T + self.intercept)

    def moved(self, x: IntArray, by: FloatArray) -> FloatArray:
        """Bound ``[m, k]`` on ``|f(x + e) - f(x)|`` for all ``|e| <= by``: ``|gradient| by + by |Q| by``."""
        u = (x - self.centre).astype(np.float64)
        parts = []
        for Q, w in zip(self.quadratic, self.weights, strict=True):
            gradient = np.abs(u @ (Q + Q.T) + w)
            parts.append(((gradient + by @ np.abs(Q)) * by).sum(axis=1))
        return np.stack(parts, axis=1)

    def about(self, centre: IntArray) -> RealQuadratic:
        """The same function with its coordinates measured from another centre."""
        shift = (centre - self.centre).astype(np.float64)
        both = self.quadratic + self.quadratic.transpose(0, 2, 1)
        weights = self.weights + both @ shift
        intercept = self.intercept + self.weights @ shift + (both @ shift) @ shift / 2
        return replace(self, centre=centre, weights=weights, intercept=intercept)

    def reach(self, ends: FloatArray | IntArray) -> FloatArray:
        """A bound ``[k, n]`` on how far a coordinate up to ``ends [n]`` can move the values by itself."""
        both, far = np.abs(self.quadratic) + np.abs(self.quadratic).transpose(0, 2, 1), np.abs(ends)
        return np.asarray((both @ far + np.abs(self.weights)) * far)

    def rescaled(self, factor: FloatArray) -> RealQuadratic:
        """The same function of coordinates of which one counts ``factor [n]`` of those here, measured from zero."""
        plain = self.about(np.zeros_like(self.centre))
        return replace(plain, quadratic=plain.quadratic * np.outer(factor, factor), weights=plain.weights * factor)

    def folded(self, schema: Schema) -> RealQuadratic:
        """Measured from :func:`standard_centre`, without products inside a column of bits or terms of constants;
        integer coefficients stay integers."""
        work = _Coefficients.of(self.about(standard_centre(schema)))
        for _, part, column in schema.parts:
            work.fold(part, column)
        return work.put_into(self, schema)

    def standard(self, schema: Schema) -> RealQuadratic:
        """The standard form on the domain of a schema; see the top of this module."""
        folded = self.folded(schema)
        work = _Coefficients.of(folded)
        # by name: what is left of products of two categories depends on which of them comes first
        levels = [part for _, part, column in sorted(schema.parts, key=lambda one: one[0]) if column.one_hot]
        for part in levels:
            work.level_products(part)
        for part in levels:
            work.level_weights(part)
        return work.put_into(folded, schema)


def standard_centre(schema: Schema) -> IntArray:
    """int64 ``[n]``: the middle of every number, the value of every constant, 0 for bits."""
    return np.concatenate([column.origin() for column in schema.columns.values()])


@dataclass
class _Coefficients:
    """Coefficients on their way to the standard form; changed in place."""

    quadratic: FloatArray
    weights: FloatArray
    intercept: FloatArray

    @classmethod
    def of(cls, given: RealQuadratic) -> _Coefficients:
        """A copy to work on."""
        return cls(given.quadratic.copy(), given.weights.copy(), given.intercept.copy())

    def put_into(self, given: RealQuadratic, schema: Schema) -> RealQuadratic:
        """The map with these coefficients, around the standard centre."""
        arrays = {"quadratic": self.quadratic, "weights": self.weights, "intercept": self.intercept}
        return replace(given, centre=standard_centre(schema), **arrays)

    def fold(self, part: slice, column: Column) -> None:
        """Products inside one column of bits are linear in the bits; constants have nothing left to say."""
        if not column.in_table:
            self.quadratic[:, part] = 0.0
            self.quadratic[:, :, part] = 0.0
            self.weights[:, part] = 0.0
            return
        rules = np.array(column.products)
        own, ordered = rules == Products.OWN, rules == Products.ORDERED
        if column.interval and own.all():
            return
        inside = self.quadratic[:, part, part]
        if inside[:, own][:, :, own].any():
            optional = Products.MISSING in column.products
            cure = "; state a value for its absent entries instead of a bit" if optional else ""
            raise UnsupportedModelError(f"the square of {column.noun} ({column}) cannot be compiled{cure}")
        # of two ordered bits the later one decides; two levels of a category never occur together, nor does a value
        # with the bit that says it is missing
        later = np.triu(inside * np.outer(ordered, ordered), 1).sum(axis=1)
        self.weights[:, part] += np.einsum("kii->ki", inside) + later
        self.quadratic[:, part, part] = 0.0

    def level_products(self, part: slice) -> None:
        """What the products of a coordinate with all levels of a category share is linear in that coordinate."""
        both = self.quadratic + self.quadratic.transpose(0, 2, 1)
        shift = self._shared(both[:, part])
        shift[:, part] = 0.0
        self.weights += shift
        both[:, part] -= shift[:, None, :]
        both[:, part, part] = 0.0
        both[:, :, part] = both[:, part].transpose(0, 2, 1)
        diagonal = np.einsum("kii->ki", self.quadratic).copy()
        self.quadratic = np.triu(both, 1)
        np.einsum("kii->ki", self.quadratic)[:] = diagonal

    def level_weights(self, part: slice) -> None:
        """What the weights of all levels of a category share goes to the intercept."""
        shift = self._shared(self.weights[:, part])
        self.weights[:, part] -= shift[:, None]
        self.intercept += shift

    def _shared(self, block: FloatArray) -> FloatArray:
        # the middle of the levels gives the smallest weights; their mean keeps sums over outputs at zero
        several = len(self.intercept) > 1
        return np.asarray(block.mean(axis=1) if several else (block.min(axis=1) + block.max(axis=1)) / 2)
