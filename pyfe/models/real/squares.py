"""A real network with one hidden layer of squares, on the coordinates of a schema.

``f_j(q) = sum_h outputs[j, h] <units_h, z>^2 + <linear_j, z>`` with ``z = (1, q)``. Kept in this form, and never
multiplied out, a network of h units costs h squares a row instead of n^2 / 2 products.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.schema import Schema

__all__ = ["Range", "RealSquares", "augmented_ends", "linear_range", "product_range", "square_range", "summed"]

Range: TypeAlias = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class RealSquares:
    """k outputs over h squares of affine functions of n coordinates, in float64.

    Parameters
    ----------
    units: ``[h, n + 1]``, over ``z = (1, q)``; outputs: ``[k, h]``; linear: ``[k, n + 1]``, over z.
    error: ``[k]``, bounds what is not known exactly about f: residuals and float rounding.
    """

    units: FloatArray
    outputs: FloatArray
    linear: FloatArray
    error: FloatArray

    def __call__(self, x: IntArray | FloatArray) -> FloatArray:
        """Values float64 ``[m, k]`` of rows ``[m, n]``."""
        z = np.concatenate([np.ones((len(x), 1)), x], axis=1)
        return np.asarray((z @ self.units.T) ** 2 @ self.outputs.T + z @ self.linear.T)

    def moved(self, x: IntArray, by: FloatArray) -> FloatArray:
        """Bound ``[m, k]`` on ``|f(x + e) - f(x)|`` for all ``|e| <= by``, unit by unit: ``(2 |a| + d) d`` for a unit
        that has the value a and moves by d."""
        z = np.concatenate([np.ones((len(x), 1)), x], axis=1)
        d = by @ np.abs(self.units[:, 1:]).T
        squares = (2 * np.abs(z @ self.units.T) + d) * d
        return np.asarray(squares @ np.abs(self.outputs).T + by @ np.abs(self.linear[:, 1:]).T)

    @classmethod
    def exact(cls, units: FloatArray, outputs: FloatArray, linear: FloatArray, schema: Schema) -> RealSquares:
        """The map of given numbers: its error is that of float arithmetic on the domain of the schema."""
        found = cls(units, outputs, linear, np.zeros(len(outputs)))
        rounding = 4 * (schema.n + len(units) + 2) * np.finfo(np.float64).eps
        return replace(found, error=rounding * found.largest(schema))

    def balanced(self, *, compared: bool = True) -> RealSquares:
        """The same function with units of equal standing: the largest ``|outputs|`` of each is 1.

        An error of one size in any unit is then worth about the same in the result. Units that no output uses, or
        that are zero, are left out. Outputs that are not ``compared`` count relative to their own largest weight.
        """
        size = np.abs(self.outputs).max(axis=1, keepdims=True, initial=0.0)
        size[(size == 0.0) | compared] = 1.0
        peak = np.abs(self.outputs / size).max(axis=0, initial=0.0)
        kept = (peak > 0) & self.units.any(axis=1)
        peak = peak[kept]
        return replace(self, units=self.units[kept] * np.sqrt(peak)[:, None], outputs=self.outputs[:, kept] / peak)

    def reach(self, ends: FloatArray | IntArray) -> FloatArray:
        """A bound ``[k, n]`` on how far a coordinate up to ``ends [n]`` can move the values by itself."""
        units, far = np.abs(self.units), np.abs(ends)
        squares = 2 * np.abs(self.outputs) * (units @ np.append(1.0, far)) @ units[:, 1:]
        return np.asarray((squares + np.abs(self.linear[:, 1:])) * far)

    def rescaled(self, factor: FloatArray) -> RealSquares:
        """The same function of coordinates of which one counts ``factor [n]`` of those here."""
        by = np.append(1.0, factor)
        return replace(self, units=self.units * by, linear=self.linear * by)

    def expanded(self, output: int) -> RealQuadratic:
        """One output multiplied out, around zero; memory 8 n^2 bytes."""
        matrix = (self.units * self.outputs[output][:, None]).T @ self.units
        matrix[0] += self.linear[output]
        folded = np.triu(matrix) + np.tril(matrix, -1).T
        centre = np.zeros(matrix.shape[0] - 1, dtype=np.int64)
        error = self.error[output : output + 1]
        return RealQuadratic(centre, folded[None, 1:, 1:], folded[None, 0, 1:], folded[None, 0, 0], error)

    def multiplied_out(self) -> RealQuadratic:
        """All outputs as coefficients of products, around zero; memory 8 k n^2 bytes."""
        outputs = [self.expanded(output) for output in range(len(self.outputs))]
        arrays = [(one.quadratic, one.weights, one.intercept, one.error) for one in outputs]
        return RealQuadratic(outputs[0].centre, *(np.concatenate(parts) for parts in zip(*arrays, strict=True)))

    def largest(self, schema: Schema) -> FloatArray:
        """A bound ``[k]`` on the sum of the absolute values of all terms, over everything the schema can hold."""
        far = np.maximum(*np.abs(augmented_ends(schema)))
        return np.asarray(np.abs(self.outputs) @ (np.abs(self.units) @ far) ** 2 + np.abs(self.linear) @ far)

    def extent(self, schema: Schema) -> Range:
        """Least and greatest value ``[k]`` by units, constants included."""
        ends = augmented_ends(schema)
        squares = square_range(linear_range(self.units, ends))
        return summed([product_range((self.outputs, self.outputs), squares)], linear_range(self.linear, ends))


def augmented_ends(schema: Schema) -> Range:
    """Least and greatest ``z = (1, q)``, float64 ``[n + 1]`` each."""
    low, high = (np.append(1.0, end.astype(np.float64)) for end in (schema.lo, schema.hi))
    return low, high


def linear_range(rows: FloatArray, ends: Range) -> Range:
    """Range of every ``<row, z>`` over a box: float64 ``[rows]`` each."""
    positive, negative = np.maximum(rows, 0.0), np.minimum(rows, 0.0)
    low, high = ends
    return positive @ low + negative @ high, positive @ high + negative @ low


def square_range(a: Range) -> Range:
    """Range of ``a^2``."""
    ends = a[0] * a[0], a[1] * a[1]
    return np.where((a[0] <= 0) & (a[1] >= 0), 0.0, np.minimum(*ends)), np.maximum(*ends)


def product_range(a: Range, b: Range) -> Range:
    """Range of ``a b``, each anywhere in its own range; broadcasts."""
    corners = [left * right for left in a for right in b]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)


def summed(terms: list[Range], *more: Range) -> Range:
    """Ranges ``[k]`` of sums: of ``terms`` ``[k, h]`` over their last axis, and of ``more`` ``[k]`` as they are."""
    parts = [(low.sum(axis=-1), high.sum(axis=-1)) for low, high in terms] + list(more)
    return np.sum([low for low, _ in parts], axis=0), np.sum([high for _, high in parts], axis=0)
