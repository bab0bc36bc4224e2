"""Exact result intervals of forms over a box, by monomials and by units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.forms.entries import LIMIT, SURELY_INT64, Terms, integers, require_square

__all__ = ["Box", "by_monomials", "by_units", "linear_range"]

Range: TypeAlias = tuple[AnyArray, AnyArray]


@dataclass(frozen=True)
class Box:
    """Bounds of x and, unless ``square``, of y."""

    x: Range
    y: Range
    square: bool

    @classmethod
    def of(cls, n: int, m: int, x_lo: Any, x_hi: Any, y_lo: Any, y_hi: Any) -> Box:
        """The bounds that a caller gave, None for those of y where ``y = x``. ParameterError."""
        if (y_lo is None) != (y_hi is None):
            raise ParameterError("give both bounds of y, or none for y = x")
        x = _bounds(x_lo, x_hi, n, "x")
        if y_lo is not None:
            return cls(x, _bounds(y_lo, y_hi, m, "y"), False)
        require_square(n, m)
        return cls(x, x, True)


def _bounds(lo: Any, hi: Any, size: int, name: str) -> Range:
    low, high = integers(lo, f"{name}_lo"), integers(hi, f"{name}_hi")
    if low.shape != (size,) or high.shape != (size,):
        raise ParameterError(f"bounds of {name} have shape ({size},), not {low.shape} and {high.shape}")
    if (low > high).any():
        raise ParameterError(f"a lower bound of {name} lies above the upper one")
    return low, high


def by_monomials(form: int, parts: Iterable[Terms], box: Box) -> tuple[int, int]:
    """Least and greatest sum of the monomials of a form, each anywhere in its own range."""
    low = high = size = 0
    for part in parts:
        least, greatest, reach = _of_terms(form, part, box)
        low, high, size = low + least, high + greatest, size + reach
        _require_size(form, size)
    return low, high


def _of_terms(form: int, terms: Terms, box: Box) -> tuple[int, int, int]:
    """Least and greatest sum of some monomials, and the sum of their largest absolute values."""
    row, column, value = terms
    size = np.abs(value) * _farthest(box.x)[row] * _farthest(box.y)[column]
    x, y = (_exact(side, size.sum()) for side in (box.x, box.y))
    a, b = (x[0][row], x[1][row]), (y[0][column], y[1][column])
    low, high = _product_range(a, b)
    if box.square:
        square_low, square_high = _square_range(a)
        low, high = np.where(row == column, square_low, low), np.where(row == column, square_high, high)
    return _summed(form, _scaled_range(value, (low, high)))


def by_units(form: int, q: IntArray, a: Range, b: Range, squares: BoolArray) -> tuple[int, int]:
    """The same of ``sum_h q_h a_h b_h``, a and b in their ranges; of ``squares`` a is b."""
    used = np.flatnonzero(q)
    a, b = (a[0][used], a[1][used]), (b[0][used], b[1][used])
    size = (np.abs(q[used]) * _farthest(a) * _farthest(b)).sum()
    a, b = _exact(a, size), _exact(b, size)
    (low, high), (square_low, square_high) = _product_range(a, b), _square_range(a)
    is_square = squares[used]
    terms = np.where(is_square, square_low, low), np.where(is_square, square_high, high)
    low_sum, high_sum, _ = _summed(form, _scaled_range(q[used], terms))
    return low_sum, high_sum


def linear_range(rows: IntArray, box: Range) -> Range:
    """Exact range of every ``<row_h, x>``; refused where a sum of absolute values reaches the limit."""
    low, high = _exact(box, (np.abs(rows) @ _farthest(box)).max())
    ends = rows * low, rows * high
    lower, upper = np.minimum(*ends), np.maximum(*ends)
    size = np.maximum(np.abs(lower), np.abs(upper)).sum(axis=1)
    if (size >= LIMIT).any():
        raise OutOfRangeError(f"unit {int(np.argmax(size))}: a sum of absolute values reaches 2^62; use fewer bits")
    return lower.sum(axis=1).astype(np.int64), upper.sum(axis=1).astype(np.int64)


def _summed(form: int, terms: Range) -> tuple[int, int, int]:
    low, high = terms
    size = int(np.maximum(np.abs(low), np.abs(high)).sum())
    _require_size(form, size)
    return int(low.sum()), int(high.sum()), size


def _require_size(form: int, size: int) -> None:
    if size >= LIMIT:
        raise OutOfRangeError(f"form {form}: a sum of absolute values reaches 2^62; use fewer bits")


def _farthest(box: Range) -> AnyArray:
    """Largest absolute value of each coordinate, float64: for estimates."""
    return np.maximum(np.abs(box[0]), np.abs(box[1])).astype(np.float64)


def _exact(box: Range, size: float) -> Range:
    """The bounds as int64 where products of this size surely fit, else as Python integers."""
    return box if size < SURELY_INT64 else (box[0].astype(object), box[1].astype(object))


def _product_range(a: Range, b: Range) -> Range:
    corners = [low_or_high_a * low_or_high_b for low_or_high_a in a for low_or_high_b in b]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)


def _square_range(a: Range) -> Range:
    ends = a[0] * a[0], a[1] * a[1]
    least = np.minimum(*ends)
    return np.where((a[0] <= 0) & (a[1] >= 0), least * 0, least), np.maximum(*ends)


def _scaled_range(value: AnyArray, terms: Range) -> Range:
    ends = value * terms[0], value * terms[1]
    return np.minimum(*ends), np.maximum(*ends)
