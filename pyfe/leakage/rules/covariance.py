"""The covariance of the free coordinates, given the public columns, as the rules use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.lattice import Free
from pyfe.leakage.prior import Prior
from pyfe.leakage.prior.moments import block_covariance
from pyfe.leakage.rules.exact_products import Scaled, scaled
from pyfe.leakage.rules.tables import free_codes

__all__ = ["SCALE", "Covariance", "covariance_of"]

SCALE = 60
"""Bits after the point, of covariances in exact arithmetic."""

_REGULAR = 1e-6
"""Share of the largest eigenvalue that the smallest one of a column's own covariance has to be above."""

_ROUNDED = 1e-6
"""Share by which a covariance may be larger than the deviations allow."""


class Covariance(ABC):
    """S, float64 ``[f, f]``, of the free coordinates given the public columns."""

    free: Free

    @abstractmethod
    def times(self, rows: FloatArray) -> FloatArray:
        """``rows S``, float64 ``[m, f]``."""

    @abstractmethod
    def block(self, places: slice) -> FloatArray:
        """The part of S that belongs to one column."""

    @abstractmethod
    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        """``2^60 rows S rows^T``, exactly but for S being rounded to 60 binary places."""

    @cached_property
    def diagonal(self) -> FloatArray:
        """Variances, float64 ``[f]``."""
        parts = [np.diag(self.block(places)) for places in self.free.places.values()]
        return np.concatenate([np.zeros(0), *parts])

    @cached_property
    def alone(self) -> IntArray:
        """The coordinates that are all of a column."""
        found = [places.start for places in self.free.places.values() if places.stop - places.start == 1]
        return np.array(found, dtype=np.int64)

    @cached_property
    def inverses(self) -> dict[int, FloatArray]:
        """``pinv(S_bb)`` of every column of several coordinates, by the first of them."""
        several = [places for places in self.free.places.values() if places.stop - places.start > 1]
        return {
            places.start: np.asarray(np.linalg.pinv(self.block(places), hermitian=True), dtype=np.float64)
            for places in several
        }

    @cached_property
    def regular(self) -> bool:
        """Whether every entry is one that a covariance can have, ``|S_ij| <= sqrt(S_ii S_jj)``, however S was rounded;
        and no column of several coordinates has combinations of them that nearly do not vary."""
        spectra = [np.linalg.eigvalsh(self.block(slice(at, at + len(one)))) for at, one in self.inverses.items()]
        return self._bounded and all(float(one[0]) > _REGULAR * float(one[-1]) for one in spectra)

    @property
    @abstractmethod
    def _bounded(self) -> bool:
        """The first part of that."""


@dataclass(eq=False)
class _Dense(Covariance):
    """Of a reference: columns depend on each other."""

    free: Free
    matrix: FloatArray

    @cached_property
    def _scaled(self) -> Scaled:
        return Scaled(self.matrix, SCALE)

    @property
    def _bounded(self) -> bool:
        spread = np.sqrt(np.maximum(self.diagonal, 0.0))
        return bool((np.abs(self.matrix) <= (1 + _ROUNDED) * spread[:, None] * spread).all())

    def times(self, rows: FloatArray) -> FloatArray:
        return rows @ self.matrix

    def block(self, places: slice) -> FloatArray:
        return self.matrix[places, places]

    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        return self._scaled.gram(rows)


@dataclass(eq=False)
class _Independent(Covariance):
    """Of columns that are independent: only the parts that belong to one are not zero."""

    free: Free
    parts: dict[int, tuple[slice, FloatArray]]

    @property
    def _bounded(self) -> bool:
        return True

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
            exact = [[scaled(value, SCALE) for value in row] for row in matrix.tolist()]
            for row, line in zip(rows, product, strict=True):
                line[places] = [
                    sum(a * b for a, b in zip(row[places], col, strict=True)) for col in zip(*exact, strict=True)
                ]
        return fmpz_mat(product) * fmpz_mat([list(row) for row in rows]).transpose()


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
