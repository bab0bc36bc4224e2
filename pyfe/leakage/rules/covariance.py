"""The covariance of the free coordinates, given the public columns, as the rules use it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import FloatArray
from pyfe.leakage.lattice import Free
from pyfe.leakage.prior import Prior
from pyfe.leakage.prior.moments import block_covariance
from pyfe.leakage.rules.tables import free_codes

__all__ = ["SCALE", "Covariance", "covariance_of"]

SCALE = 60
"""Bits after the point, of covariances in exact arithmetic."""


class Covariance(Protocol):
    """S, float64 ``[f, f]``, of the free coordinates given the public columns."""

    free: Free

    def times(self, rows: FloatArray) -> FloatArray:
        """``rows S``, float64 ``[m, f]``."""

    def block(self, places: slice) -> FloatArray:
        """The part of S that belongs to one column."""

    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        """``2^60 rows S rows^T``, exactly but for S being rounded to 60 binary places."""


@dataclass(eq=False)
class _Dense:
    """Of a reference: columns depend on each other."""

    free: Free
    matrix: FloatArray

    @cached_property
    def _exact(self) -> fmpz_mat:
        return fmpz_mat([[_scaled(value) for value in row] for row in self.matrix.tolist()])

    def times(self, rows: FloatArray) -> FloatArray:
        return rows @ self.matrix

    def block(self, places: slice) -> FloatArray:
        return self.matrix[places, places]

    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        forms = fmpz_mat([list(row) for row in rows])
        return forms * self._exact * forms.transpose()


@dataclass(eq=False)
class _Independent:
    """Of columns that are independent: only the parts that belong to one are not zero."""

    free: Free
    parts: dict[int, tuple[slice, FloatArray]]

    def times(self, rows: FloatArray) -> FloatArray:
        product = np.empty_like(rows)
        for places, matrix in self.parts.values():
            product[:, places] = rows[:, places] @ matrix
        return product

    def block(self, places: slice) -> FloatArray:
        return self.parts[places.start][1]

    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        product = [[0] * len(self.free) for _ in rows]
        for places, matrix in self.parts.values():
            exact = [[_scaled(value) for value in row] for row in matrix.tolist()]
            for row, line in zip(rows, product, strict=True):
                line[places] = [
                    sum(a * b for a, b in zip(row[places], col, strict=True)) for col in zip(*exact, strict=True)
                ]
        return fmpz_mat(product) * fmpz_mat([list(row) for row in rows]).transpose()


def _scaled(value: float) -> int:
    return round(math.ldexp(value, SCALE))


_known: WeakKeyDictionary[Prior, Covariance] = WeakKeyDictionary()


def covariance_of(prior: Prior) -> Covariance:
    """The covariance that belongs to a prior; made once."""
    found = _known.get(prior)
    if found is None:
        free = Free(prior.blocks.schema)
        found = _independent(prior, free) if prior.blind else _Dense(free, _symmetric(prior.given_public()))
        _known[prior] = found
    return found


def _symmetric(matrix: FloatArray) -> FloatArray:
    return (matrix + matrix.T) / 2


def _independent(prior: Prior, free: Free) -> Covariance:
    return _Independent(
        free,
        {
            places.start: (places, block_covariance(free_codes(prior.blocks, free, block), prior.marginals[block]))
            for block, places in free.places.items()
        },
    )
