"""Bounds of real quadratic functions over everything that a schema can hold."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.models.real.degree_two import standard_centre
from pyfe.schema import Column, Schema

__all__ = ["Domain", "Extent"]

Extent: TypeAlias = tuple[FloatArray, FloatArray]


class Domain:
    """The values that the rows of a schema can take, measured from :func:`standard_centre`: bounds of polynomials.

    Bounds are taken monomial by monomial between numbers (a square with its own linear term at once), and exactly
    for every pair that involves a column of bits: over all its codes.
    """

    def __init__(self, schema: Schema) -> None:
        middle = standard_centre(schema)
        self._numbers = np.array([part.start for _, part, column in schema.parts if column.interval], dtype=np.intp)
        self._bits = [(part, column) for _, part, column in schema.parts if column.in_table and not column.interval]
        self._lo = (schema.lo - middle)[self._numbers].astype(np.float64)
        self._hi = (schema.hi - middle)[self._numbers].astype(np.float64)

    @cached_property
    def _products(self) -> Extent:
        """Least and greatest ``u_a u_b`` of two numbers, ``[numbers, numbers]``."""
        corners = [np.outer(a, b) for a in (self._lo, self._hi) for b in (self._lo, self._hi)]
        return np.minimum.reduce(corners), np.maximum.reduce(corners)

    def extent(self, quadratic: FloatArray, weights: FloatArray) -> Extent:
        """Bounds float64 ``[k]`` of ``sum_{a<=b} quadratic[a, b] u_a u_b + weights u``, both in standard form.

        Cost: O(k n^2), and O(codes^2) per pair of columns of bits that occurs.
        """
        both = quadratic + quadratic.transpose(0, 2, 1)
        parts = [self._own(quadratic, weights), self._between_numbers(quadratic)]
        parts += [column.extent(weights[:, part]) for part, column in self._bits]
        if len(self._numbers):
            parts += [self._number_by_bits(both[:, self._numbers, part], column) for part, column in self._bits]
        for (part, column), (other, second) in combinations(self._bits, 2):
            if both[:, part, other].any():
                parts.append(_bits_by_bits(both[:, part, other], column, second))
        return np.sum([low for low, _ in parts], axis=0), np.sum([high for _, high in parts], axis=0)

    def _own(self, quadratic: FloatArray, weights: FloatArray) -> Extent:
        """Every number alone: ``d u^2 + w u`` at both ends, and at the vertex where that lies between them."""
        d, w = quadratic[:, self._numbers, self._numbers], weights[:, self._numbers]
        ends = [(d * u + w) * u for u in (self._lo, self._hi)]
        vertex = -w / (2 * np.where(d == 0.0, 1.0, d))
        inside = (d != 0.0) & (self._lo < vertex) & (vertex < self._hi)
        ends.append(np.where(inside, w * vertex / 2, ends[0]))
        return np.minimum.reduce(ends).sum(axis=1), np.maximum.reduce(ends).sum(axis=1)

    def _between_numbers(self, quadratic: FloatArray) -> Extent:
        cross = np.triu(quadratic[:, self._numbers[:, None], self._numbers[None, :]], 1)
        least, greatest = self._products
        rising, falling = np.maximum(cross, 0.0), np.minimum(cross, 0.0)
        low = np.einsum("kab,ab->k", rising, least) + np.einsum("kab,ab->k", falling, greatest)
        high = np.einsum("kab,ab->k", rising, greatest) + np.einsum("kab,ab->k", falling, least)
        return low, high

    def _number_by_bits(self, cross: FloatArray, column: Column) -> Extent:
        """``u_a g(code)`` summed over the numbers a; cross ``[k, numbers, width]``."""
        g = cross @ column.probes().T.astype(np.float64)
        corners = [g * u[None, :, None] for u in (self._lo, self._hi)]
        low = np.minimum(*corners).min(axis=2).sum(axis=1)
        return low, np.maximum(*corners).max(axis=2).sum(axis=1)


def _bits_by_bits(cross: FloatArray, first: Column, second: Column) -> Extent:
    # a bilinear function is extreme at corners, and the probes of a column are the corners of its codes
    values = first.probes().astype(np.float64) @ cross @ second.probes().T.astype(np.float64)
    return values.min(axis=(1, 2)), values.max(axis=(1, 2))
