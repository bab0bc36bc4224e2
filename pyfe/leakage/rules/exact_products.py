"""Exact products of integers by products of float64, which are exact while every partial sum is below 2^53.

Integers are written in limbs: ``sum_k limb_k 2^(20 k)``, each a float64 of at most 2^19 in absolute value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import AnyArray, FloatArray, exact_array

__all__ = ["Scaled", "scaled"]

_LIMB = 20
"""Bits of a limb."""

_MOST = 2**33
"""Largest sum of absolute weights of a row: its products with limbs are below 2^52, which leaves room for carries."""


class Scaled:
    """A symmetric matrix float64 ``[f, f]`` times a power of 2, rounded to integers."""

    def __init__(self, matrix: FloatArray, scale: int) -> None:
        self._matrix, self._scale = matrix, scale

    def gram(self, rows: Sequence[Sequence[int]]) -> fmpz_mat:
        """``rows M rows^T``, exactly. Cost: O(r f^2), by floats where the absolute values of each row add up to at most
        2^33; else ten times as much."""
        forms = exact_array(rows)
        weight = math.inf if forms.dtype == object else float(np.abs(forms).sum(axis=1, dtype=np.float64).max())
        if weight > _MOST:
            wide = fmpz_mat([list(row) for row in rows])
            return wide * self._exact * wide.transpose()
        whole = forms.astype(np.float64)
        towards = _carried(np.hsplit(whole @ self._limbs, self._limbs.shape[1] // len(self._matrix)))
        return _added([limb @ whole.T for limb in towards])

    @cached_property
    def _exact(self) -> fmpz_mat:
        return fmpz_mat([[scaled(value, self._scale) for value in row] for row in self._matrix.tolist()])

    @cached_property
    def _limbs(self) -> FloatArray:
        """The integers, the nearest ones and of two the even one, as limbs side by side, the lowest first. Each step is
        exact: what is left after the upper limbs is a multiple of the last place of the number, and those are even."""
        if not np.isfinite(self._matrix).all():
            raise ArithmeticError("an entry of a matrix is not a number")
        left = np.ldexp(self._matrix, self._scale)
        count = 1 + max(math.frexp(float(np.abs(left).max(initial=0.0)))[1], 0) // _LIMB
        limbs = list[FloatArray]()
        for k in range(count - 1, -1, -1):
            limbs.insert(0, np.rint(np.ldexp(left, -_LIMB * k)))
            left = left - np.ldexp(limbs[0], _LIMB * k)
        return np.hstack(limbs)


def scaled(value: float, scale: int) -> int:
    """``2^scale value``, the nearest integer, of two the even one."""
    return round(math.ldexp(value, scale))


def _carried(parts: Sequence[FloatArray]) -> list[FloatArray]:
    """Limbs of ``sum_k parts_k 2^(20 k)``; the parts are integers of at most 2^52 in absolute value."""
    limbs, carry, rest = list[FloatArray](), np.zeros(1), list(parts)
    while rest or carry.any():
        total = carry + rest.pop(0) if rest else carry
        carry = np.rint(total / 2.0**_LIMB)
        limbs.append(total - carry * 2.0**_LIMB)
    return limbs


def _added(parts: Sequence[FloatArray]) -> fmpz_mat:
    """``sum_k parts_k 2^(20 k)`` in Python's integers; the parts are integers below 2^53."""
    found: AnyArray = np.zeros(parts[0].shape, dtype=object)
    for k, part in enumerate(parts):
        found = found + part.astype(np.int64).astype(object) * (1 << _LIMB * k)
    listed: Any = found.tolist()
    return fmpz_mat(listed)
