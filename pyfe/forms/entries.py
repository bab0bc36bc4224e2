"""Integer arrays as forms hold them and rows as they take them: int64, below 2^62 in absolute value."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, IntArray, integer_array
from pyfe.errors import OutOfRangeError, ParameterError

__all__ = [
    "LIMIT",
    "MAX_SIZE",
    "SURELY_INT64",
    "Terms",
    "frozen",
    "integers",
    "reach",
    "require_below",
    "require_square",
    "sides",
]

Terms: TypeAlias = tuple[IntArray, IntArray, IntArray]

LIMIT = 2**62
"""No coefficient and no sum of absolute values reaches this: sums of two stay within int64."""

MAX_SIZE = 2**31
"""Numbers of forms and of coordinates stay below: the place of a coefficient in its matrix fits int64."""

SURELY_INT64 = 2.0**61
"""Below this float64 estimate of a sum of absolute values, int64 arithmetic is exact; above it Python integers are
used, which decide exactly at ``LIMIT``."""


def integers(values: Any, what: str) -> IntArray:
    """Integers below 2^62 in absolute value, as int64. ParameterError, OutOfRangeError."""
    return integer_array(values, what, bits=62)


def frozen(array: IntArray) -> IntArray:
    """The array, from now on read-only."""
    array.setflags(write=False)
    return array


def require_square(n: int, m: int) -> None:
    """ParameterError unless one vector serves both sides."""
    if n != m:
        raise ParameterError(f"forms of {n} x {m} need a second vector y")


def sides(n: int, m: int, x: Any, y: Any) -> tuple[IntArray, IntArray]:
    """The integer rows x ``[batch, n]`` and y ``[batch, m]`` that a caller gave; None for y is x. ParameterError."""
    left = _rows(x, n, "x")
    if y is None:
        require_square(n, m)
        return left, left
    right = _rows(y, m, "y")
    if len(left) != len(right):
        raise ParameterError(f"x has {len(left)} rows, y {len(right)}")
    return left, right


def _rows(values: Any, size: int, name: str) -> IntArray:
    rows = integers(values, name)
    if rows.ndim != 2 or rows.shape[1] != size:
        raise ParameterError(f"{name} has shape [batch, {size}], not {rows.shape}")
    return rows


def reach(rows: IntArray) -> AnyArray:
    """Largest absolute value of each coordinate over the rows, as Python integers."""
    largest: IntArray = np.abs(rows).max(axis=0, initial=0)
    return largest.astype(object)


def require_below(form: int, *factors: AnyArray) -> None:
    """Refuse rows for which the sum of the products of these absolute values reaches the limit."""
    product = factors[0].astype(object)
    for factor in factors[1:]:
        product = product * factor
    if product.sum() >= LIMIT:
        raise OutOfRangeError(f"form {form}: these rows take a sum of absolute values to 2^62")
