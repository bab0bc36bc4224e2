"""A real affine function of the coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pyfe.arrays import FloatArray, IntArray

__all__ = ["AffineMap"]


@dataclass(frozen=True)
class AffineMap:
    """``f(q) = weights @ q + intercept`` in float64: weights ``[k, n]`` per integer coordinate, intercept ``[k]``.

    ``error`` ``[k]`` bounds what is not known exactly about f: the residual on fresh rows and float rounding.
    """

    weights: FloatArray
    intercept: FloatArray
    error: FloatArray

    def __call__(self, x: IntArray | FloatArray) -> FloatArray:
        """Values float64 ``[m, k]`` of rows ``[m, n]``."""
        return np.asarray(x @ self.weights.T + self.intercept)

    def rescaled(self, factor: FloatArray) -> AffineMap:
        """The same function of coordinates of which one counts ``factor [n]`` of those here."""
        return replace(self, weights=self.weights * factor)

    def reach(self, ends: FloatArray | IntArray) -> FloatArray:
        """How far a coordinate up to ``ends [n]`` can move the values by itself, ``[k, n]``."""
        return np.asarray(np.abs(self.weights) * np.abs(ends))

    def moved(self, x: IntArray, by: FloatArray) -> FloatArray:
        """Bound ``[m, k]`` on ``|f(x + e) - f(x)|`` for all ``|e| <= by``, both ``[m, n]``: ``by |weights|``."""
        return np.asarray(by @ np.abs(self.weights).T)
