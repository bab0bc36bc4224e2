"""Quadratic forms with integer coefficients: exact values, and exact result intervals over a box.

``f_j(x, y) = sum_ab F_j[a, b] x_a y_b`` for k forms on vectors x ``[n]`` and y ``[m]``; with one vector on both sides
(``y = x``, the square case) only ``F + F^T`` matters. Two ways to say F:

=========================  ====================================  ==========================================
:class:`MatrixForms`       the non-zero coefficients             O(entries) a row
:class:`FactoredForms`     ``F_j = sum_h Q[j, h] U_h V_h^T``     O(h (n + m)) a row: h units, then their sums
=========================  ====================================  ==========================================

Nothing here wraps: every sum is bounded in absolute value before it is formed, and refused at 2^62.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import DecodeError, OutOfRangeError, ParameterError

__all__ = ["LIMIT", "FactoredForms", "Forms", "MatrixForms", "forms_from_dict", "integers_of"]

IntArray: TypeAlias = npt.NDArray[np.int64]
AnyArray: TypeAlias = npt.NDArray[Any]
Range: TypeAlias = tuple[AnyArray, AnyArray]
Terms: TypeAlias = tuple[IntArray, IntArray, IntArray]

LIMIT = 2**62
"""No coefficient and no sum of absolute values reaches this: sums of two stay within int64."""

MAX_SIZE = 2**31
"""Numbers of forms and of coordinates stay below: the place of a coefficient in its matrix fits int64."""

_SURELY_INT64 = 2.0**61
"""Below this float64 estimate of a sum of absolute values, int64 arithmetic is exact; above it Python integers are
used, which decide exactly at ``LIMIT``."""

_ENTRIES_AT_ONCE = 2**22

_BAND_ENTRIES = 2**18
"""Coefficients of a factored form that are multiplied out at a time."""

_PRIMES = (2**31 - 1, 2**31 - 19)


@dataclass(frozen=True, eq=False, repr=False)
class MatrixForms:
    """k forms by their non-zero coefficients: ``F[output][row, column] = value``.

    Parameters
    ----------
    shape: ``(k, n, m)``, each from 1 to 2^31 - 1.
    output, row, column, value: integers ``[entries]`` in any order; kept as int64, sorted by output, column, row,
        without zeros. ParameterError for a position outside the shape or given twice, OutOfRangeError for a value
        of 2^62 or more in absolute value.
    """

    shape: tuple[int, int, int]
    output: IntArray
    row: IntArray
    column: IntArray
    value: IntArray

    def __post_init__(self) -> None:
        shape = tuple(int(size) for size in self.shape)
        if len(shape) != 3 or min(shape) < 1 or max(shape) >= MAX_SIZE:
            raise ParameterError(f"forms have shape (k, n, m), each from 1 to 2^31 - 1, not {shape}")
        object.__setattr__(self, "shape", shape)
        parts = [_entries(getattr(self, name), name) for name in ("output", "row", "column", "value")]
        if len({part.shape for part in parts}) != 1 or parts[0].ndim != 1:
            raise ParameterError("output, row, column and value are integers of one length")
        for name, part, size in zip(("output", "row", "column"), parts, shape, strict=False):
            if len(part) and (part.min() < 0 or part.max() >= size):
                raise ParameterError(f"a {name} lies outside 0..{size - 1}")
        order = np.lexsort((parts[1], parts[2], parts[0]))
        kept = order[parts[3][order] != 0]
        if len(order) > 1 and _repeats(*(part[order] for part in parts[:3])).any():
            raise ParameterError("a coefficient is given twice")
        for name, part in zip(("output", "row", "column", "value"), parts, strict=True):
            object.__setattr__(self, name, _frozen(part[kept]))

    @classmethod
    def dense(cls, F: Any) -> MatrixForms:
        """Forms from all coefficients: integers ``[n, m]`` for one form, ``[k, n, m]`` for k."""
        array = _entries(F, "F")
        array = array[None] if array.ndim == 2 else array
        if array.ndim != 3:
            raise ParameterError(f"F has shape [n, m] or [k, n, m], not {array.shape}")
        output, row, column = (np.asarray(part, dtype=np.int64) for part in np.nonzero(array))
        return cls((array.shape[0], array.shape[1], array.shape[2]), output, row, column, array[output, row, column])

    @property
    def k(self) -> int:
        """Number of forms."""
        return self.shape[0]

    @property
    def n(self) -> int:
        """Length of x."""
        return self.shape[1]

    @property
    def m(self) -> int:
        """Length of y; equal to :attr:`n` in the square case."""
        return self.shape[2]

    @property
    def largest(self) -> int:
        """Largest absolute value of a coefficient."""
        return int(np.abs(self.value).max(initial=0))

    def dense_array(self) -> IntArray:
        """All coefficients, int64 ``[k, n, m]``."""
        array = np.zeros(self.shape, dtype=np.int64)
        array[self.output, self.row, self.column] = self.value
        return array

    def upper(self) -> MatrixForms:
        """The upper triangular forms with the same values for ``y = x``: ``F_ab + F_ba`` on ``a < b``, ``F_aa`` on
        the diagonal. ParameterError unless ``n = m``, OutOfRangeError for a sum of 2^62 or more."""
        _require_square(self)
        row, column = np.minimum(self.row, self.column), np.maximum(self.row, self.column)
        order = np.lexsort((row, column, self.output))
        output, row, column, value = self.output[order], row[order], column[order], self.value[order]
        if not len(order):
            return self
        first = np.flatnonzero(np.append(True, ~_repeats(output, row, column)))
        return MatrixForms(self.shape, output[first], row[first], column[first], np.add.reduceat(value, first))

    def terms(self) -> Iterator[Terms]:
        """Per form, ``(row, column, value)`` of its coefficients."""
        ends = np.searchsorted(self.output, np.arange(self.k + 1))
        for start, stop in itertools.pairwise(ends):
            yield self.row[start:stop], self.column[start:stop], self.value[start:stop]

    def upper_terms(self) -> Iterator[Terms]:
        """The :meth:`terms` of :meth:`upper`."""
        return self.upper().terms()

    def evaluate(self, x: Any, y: Any = None) -> IntArray:
        """Values int64 ``[batch, k]`` of integer rows x ``[batch, n]`` and y ``[batch, m]`` (None: ``y = x``).

        Exact. Raises OutOfRangeError where these rows could take a sum of absolute values to 2^62, ParameterError
        for a wrong shape or dtype. Cost: O(batch * entries).
        """
        x, y = _sides(self, x, y)
        big_x, big_y = _reach(x), _reach(y)
        values = np.zeros((len(x), self.k), dtype=np.int64)
        for form, (row, column, value) in enumerate(self.terms()):
            _require_below(form, np.abs(value), big_x[row], big_y[column])
            step = max(1, _ENTRIES_AT_ONCE // max(1, len(value)))
            for start in range(0, len(x), step):
                part = slice(start, start + step)
                values[part, form] = (x[part, row] * y[part, column] * value).sum(axis=1)
        return values

    def interval(self, x_lo: Any, x_hi: Any, y_lo: Any = None, y_hi: Any = None) -> IntArray:
        """Result intervals int64 ``[k, 2]`` over ``x_lo <= x <= x_hi`` and ``y_lo <= y <= y_hi``, by monomials.

        The sum over the coefficients of the exact range of each ``F_ab x_a y_b``. Without y bounds ``y = x``: the sum
        over ``a <= b`` of the exact range of ``s x_a x_b``, ``s = F_aa`` or ``F_ab + F_ba``, a square being nowhere
        negative. Raises OutOfRangeError for a sum of absolute values of 2^62.
        Cost: O(entries).
        """
        box = _box(self, x_lo, x_hi, y_lo, y_hi)
        terms = self.upper_terms() if box.square else self.terms()
        return np.array([_by_monomials(form, [part], box) for form, part in enumerate(terms)], dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, in the canonical order."""
        names = ("output", "row", "column", "value")
        return {"form": "matrix", "shape": list(self.shape), **{name: getattr(self, name).tolist() for name in names}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MatrixForms:
        """The inverse of :meth:`to_dict`; DecodeError for anything :meth:`to_dict` would not have written."""
        names = ("output", "row", "column", "value")
        _require_fields(data, "shape", *names)
        output, row, column, value = (integers_of(data[name], 1, name) for name in names)
        k, n, m = _shape_of(data["shape"])
        with _as_decode_error():
            forms = cls((k, n, m), output, row, column, value)
        kept = (forms.output, forms.row, forms.column, forms.value)
        if not all(map(np.array_equal, kept, (output, row, column, value))):
            raise DecodeError("not forms: the coefficients are not in canonical order, or zero")
        return forms

    def __reduce__(self) -> tuple[Any, ...]:
        return MatrixForms, (self.shape, self.output, self.row, self.column, self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixForms) and _key(self) == _key(other)

    def __hash__(self) -> int:
        return hash(_key(self))

    def __repr__(self) -> str:
        return f"MatrixForms({self.k} forms of {self.n} x {self.m}, {len(self.value)} coefficients)"


@dataclass(frozen=True, eq=False, repr=False)
class FactoredForms:
    """k forms over the same h units: ``f_j(x, y) = sum_h Q[j, h] <U_h, x> <V_h, y>``.

    Parameters
    ----------
    U: integers ``[h, n]``. V: integers ``[h, m]``. Q: integers ``[k, h]``. All kept as int64 and read-only;
        ParameterError for shapes that do not fit, OutOfRangeError for an entry of 2^62 or more in absolute value.

    A network with one hidden layer of squares is :meth:`squares`.
    """

    U: IntArray
    V: IntArray
    Q: IntArray

    def __post_init__(self) -> None:
        same = self.V is self.U
        for name in ("U", "V", "Q"):
            array = _entries(getattr(self, name), name)
            if array.ndim != 2 or 0 in array.shape:
                raise ParameterError(f"{name} has two dimensions, none of them 0, not shape {array.shape}")
            object.__setattr__(self, name, _frozen(array.copy()))
        if same or (self.U.shape == self.V.shape and np.array_equal(self.U, self.V)):
            object.__setattr__(self, "V", self.U)
        if not len(self.U) == len(self.V) == self.Q.shape[1]:
            raise ParameterError(f"U, V and Q have {len(self.U)}, {len(self.V)} and {self.Q.shape[1]} units")

    @classmethod
    def squares(cls, P: Any, q: Any) -> FactoredForms:
        """``sum_h q[j, h] <P_h, x>^2``: P integers ``[h, n]``, q integers ``[k, h]`` (or ``[h]`` for one form)."""
        weights = as_array(q, "q")
        return cls(P, P, weights[None] if weights.ndim == 1 else weights)

    @property
    def k(self) -> int:
        """Number of forms."""
        return int(self.Q.shape[0])

    @property
    def n(self) -> int:
        """Length of x."""
        return int(self.U.shape[1])

    @property
    def m(self) -> int:
        """Length of y; equal to :attr:`n` in the square case."""
        return int(self.V.shape[1])

    @property
    def units(self) -> int:
        """Number h of products that are formed."""
        return int(self.U.shape[0])

    @property
    def same(self) -> bool:
        """Whether V equals U, so that every unit is a square for ``y = x``."""
        return self.V is self.U

    @property
    def largest(self) -> int:
        """Largest absolute value of an entry of U, V and Q."""
        return max(int(np.abs(array).max()) for array in (self.U, self.V, self.Q))

    def matrix(self) -> MatrixForms:
        """The same forms multiplied out. OutOfRangeError for a coefficient of 2^62 or more. Cost: O(k h n m)."""
        return MatrixForms.dense(np.stack([_multiplied_out(form, self.U, q, self.V) for form, q in enumerate(self.Q)]))

    def terms(self) -> Iterator[Terms]:
        """Per form, ``(row, column, value)`` of its coefficients multiplied out; a band of one form at a time."""
        return (_joined(self._bands(form, upper=False)) for form in range(self.k))

    def upper_terms(self) -> Iterator[Terms]:
        """As :meth:`terms`, of the upper triangular forms with the same values for ``y = x``."""
        _require_square(self)
        return (_joined(self._bands(form, upper=True)) for form in range(self.k))

    def _bands(self, form: int, *, upper: bool) -> Iterator[Terms]:
        """The terms of one form, some rows of its matrix in memory at a time."""
        step = max(1, _BAND_ENTRIES // self.m)
        for start in range(0, self.n, step):
            rows = slice(start, start + step)
            band = _multiplied_out(form, self.U[:, rows], self.Q[form], self.V, first_row=start)
            if upper:  # row i of the band is row start + i of the matrix
                mirrored = _multiplied_out(form, self.V[:, rows], self.Q[form], self.U, first_row=start)
                band = np.triu(band, start) + np.triu(mirrored, start + 1)
            row, column = np.nonzero(band)
            yield row + start, column, band[row, column]

    @property
    def varies(self) -> bool:
        """Whether no form is constant for ``z = (1, x)`` on both sides.

        Tried at points modulo primes: a constant form is always found, another one taken for it with probability
        below 2^-100. Cost: O(h (n + k)), where multiplying out costs k h n^2.
        """
        rng = np.random.default_rng(0)
        found = np.zeros(self.k, dtype=np.bool_)
        for prime in (*_PRIMES, *_PRIMES):
            z = rng.integers(0, prime, self.n)
            z[0] = 1
            u, v, q = self.U % prime, self.V % prime, self.Q % prime
            a, b = (u * z % prime).sum(axis=1) % prime, (v * z % prime).sum(axis=1) % prime
            units = (a * b - u[:, 0] * v[:, 0]) % prime
            found |= (q * units % prime).sum(axis=1) % prime != 0
        return bool(found.all())

    def evaluate(self, x: Any, y: Any = None) -> IntArray:
        """Values int64 ``[batch, k]`` of integer rows x ``[batch, n]`` and y ``[batch, m]`` (None: ``y = x``).

        Exact. Raises OutOfRangeError where these rows could take a sum of absolute values to 2^62, ParameterError
        for a wrong shape or dtype. Cost: O(batch * h * (n + m + k)).
        """
        x, y = _sides(self, x, y)
        reach_u = np.abs(self.U).astype(object) @ _reach(x)
        reach_v = np.abs(self.V).astype(object) @ _reach(y)
        for form in range(self.k):
            _require_below(form, np.abs(self.Q[form]), reach_u, reach_v)
        a = x @ self.U.T
        b = a if self.same and y is x else y @ self.V.T
        return np.asarray((a * b) @ self.Q.T)

    def interval(self, x_lo: Any, x_hi: Any, y_lo: Any = None, y_hi: Any = None) -> IntArray:
        """Result intervals int64 ``[k, 2]``: what the coefficients allow (as :meth:`MatrixForms.interval`) and what
        the units allow, whichever is narrower at either end.

        By units: the sum over h of the exact range of ``Q[j, h] a b``, a in the exact interval of ``<U_h, x>``, b in
        that of ``<V_h, y>``; for ``y = x`` and ``V_h = U_h`` a square, nowhere negative. Raises OutOfRangeError for a
        sum of absolute values of 2^62. Cost: O(k h n m).
        """
        box = _box(self, x_lo, x_hi, y_lo, y_hi)
        monomials = [_by_monomials(form, self._bands(form, upper=box.square), box) for form in range(self.k)]
        a = _linear_range(self.U, box.x)
        b = a if self.same and box.square else _linear_range(self.V, box.x if box.square else box.y)
        squares = self._square_units(box.square)
        units = [_by_units(form, q, a, b, squares) for form, q in enumerate(self.Q)]
        ends = [(max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(monomials, units, strict=True)]
        return np.array(ends, dtype=np.int64)

    def _square_units(self, square: bool) -> npt.NDArray[np.bool_]:
        """Which units are squares: those with ``V_h = U_h``, for ``y = x``."""
        if not square:
            return np.zeros(self.units, dtype=np.bool_)
        return np.asarray((self.U == self.V).all(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; V is null exactly where it equals U."""
        V = None if self.same else self.V.tolist()
        return {"form": "factored", "U": self.U.tolist(), "V": V, "Q": self.Q.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FactoredForms:
        """The inverse of :meth:`to_dict`; DecodeError for anything :meth:`to_dict` would not have written."""
        _require_fields(data, "U", "V", "Q")
        U, Q = integers_of(data["U"], 2, "U"), integers_of(data["Q"], 2, "Q")
        V = U if data["V"] is None else integers_of(data["V"], 2, "V")
        with _as_decode_error():
            forms = cls(U, V, Q)
        if forms.same != (data["V"] is None):
            raise DecodeError("not forms: V is written although it equals U")
        return forms

    def __reduce__(self) -> tuple[Any, ...]:
        return FactoredForms, (self.U, self.V, self.Q)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FactoredForms) and _key(self) == _key(other)

    def __hash__(self) -> int:
        return hash(_key(self))

    def __repr__(self) -> str:
        units = "squares" if self.same else "products"
        return f"FactoredForms({self.k} forms of {self.n} x {self.m} over {self.units} {units})"


Forms: TypeAlias = MatrixForms | FactoredForms


def forms_from_dict(data: Any) -> Forms:
    """Forms of either kind from plain types. DecodeError for anything that ``to_dict`` would not have written."""
    kind = data.get("form") if isinstance(data, Mapping) else None
    if kind not in ("matrix", "factored"):
        raise DecodeError("not forms: the kind of forms is neither matrix nor factored")
    return MatrixForms.from_dict(data) if kind == "matrix" else FactoredForms.from_dict(data)


# ---------------------------------------------------------------------------------------------------------------
# Intervals


@dataclass(frozen=True)
class _Box:
    """Bounds of x and, unless ``square``, of y."""

    x: Range
    y: Range
    square: bool


def _box(forms: Forms, x_lo: Any, x_hi: Any, y_lo: Any, y_hi: Any) -> _Box:
    if (y_lo is None) != (y_hi is None):
        raise ParameterError("give both bounds of y, or none for y = x")
    x = _bounds(x_lo, x_hi, forms.n, "x")
    if y_lo is not None:
        return _Box(x, _bounds(y_lo, y_hi, forms.m, "y"), False)
    _require_square(forms)
    return _Box(x, x, True)


def _bounds(lo: Any, hi: Any, size: int, name: str) -> Range:
    low, high = _entries(lo, f"{name}_lo"), _entries(hi, f"{name}_hi")
    if low.shape != (size,) or high.shape != (size,):
        raise ParameterError(f"bounds of {name} have shape ({size},), not {low.shape} and {high.shape}")
    if (low > high).any():
        raise ParameterError(f"a lower bound of {name} lies above the upper one")
    return low, high


def _by_monomials(form: int, parts: Iterable[Terms], box: _Box) -> tuple[int, int]:
    low = high = size = 0
    for part in parts:
        least, greatest, reach = _of_terms(form, part, box)
        low, high, size = low + least, high + greatest, size + reach
        _require_size(form, size)
    return low, high


def _of_terms(form: int, terms: Terms, box: _Box) -> tuple[int, int, int]:
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


def _by_units(form: int, q: IntArray, a: Range, b: Range, squares: npt.NDArray[np.bool_]) -> tuple[int, int]:
    used = np.flatnonzero(q)
    a, b = (a[0][used], a[1][used]), (b[0][used], b[1][used])
    size = (np.abs(q[used]) * _farthest(a) * _farthest(b)).sum()
    a, b = _exact(a, size), _exact(b, size)
    (low, high), (square_low, square_high) = _product_range(a, b), _square_range(a)
    is_square = squares[used]
    terms = np.where(is_square, square_low, low), np.where(is_square, square_high, high)
    low_sum, high_sum, _ = _summed(form, _scaled_range(q[used], terms))
    return low_sum, high_sum


def _linear_range(rows: IntArray, box: Range) -> Range:
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
    return box if size < _SURELY_INT64 else (box[0].astype(object), box[1].astype(object))


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


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _multiplied_out(form: int, left: IntArray, q: IntArray, right: IntArray, *, first_row: int = 0) -> IntArray:
    """``sum_h q_h left_h right_h^T``, int64 ``[rows, columns]``; refused where an entry reaches the limit."""
    matrix: IntArray = (left * q[:, None]).T @ right
    sizes = (np.abs(left) * np.abs(q).astype(np.float64)[:, None]).T @ np.abs(right).astype(np.float64)
    for row, column in np.argwhere(sizes >= _SURELY_INT64):
        units = zip(q.tolist(), left[:, row].tolist(), right[:, column].tolist(), strict=True)
        exact = sum(q * u * v for q, u, v in units)
        if abs(exact) >= LIMIT:
            size = math.log2(abs(exact))
            raise OutOfRangeError(f"form {form}: coefficient ({first_row + row}, {column}) reaches 2^{size:.1f}")
        matrix[row, column] = exact
    return matrix


def _joined(parts: Iterable[Terms]) -> Terms:
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return row, column, value


def _entries(values: Any, what: str) -> IntArray:
    """Integers below 2^62 in absolute value, as int64."""
    array = as_array(values, what)
    if array.dtype.kind not in "iu" and array.size:
        raise ParameterError(f"{what} must be integers, not {array.dtype}")
    if array.size and (int(array.max()) >= LIMIT or int(array.min()) <= -LIMIT):
        raise OutOfRangeError(f"{what}: an entry reaches 2^62 in absolute value")
    return array.astype(np.int64)


def as_array(values: Any, what: str) -> npt.NDArray[Any]:
    """Numbers as an array of numpy's own type. ParameterError for rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"{what} is no array: {error}") from error


def _frozen(array: IntArray) -> IntArray:
    array.setflags(write=False)
    return array


def _repeats(output: IntArray, row: IntArray, column: IntArray) -> npt.NDArray[np.bool_]:
    """Which sorted positions ``[1:]`` equal the one before."""
    same = (output[1:] == output[:-1]) & (row[1:] == row[:-1]) & (column[1:] == column[:-1])
    return np.asarray(same)


def _require_square(forms: Forms) -> None:
    if forms.n != forms.m:
        raise ParameterError(f"forms of {forms.n} x {forms.m} need a second vector y")


def _sides(forms: Forms, x: Any, y: Any) -> tuple[IntArray, IntArray]:
    left = _rows(x, forms.n, "x")
    if y is None:
        _require_square(forms)
        return left, left
    right = _rows(y, forms.m, "y")
    if len(left) != len(right):
        raise ParameterError(f"x has {len(left)} rows, y {len(right)}")
    return left, right


def _rows(values: Any, size: int, name: str) -> IntArray:
    rows = _entries(values, name)
    if rows.ndim != 2 or rows.shape[1] != size:
        raise ParameterError(f"{name} has shape [batch, {size}], not {rows.shape}")
    return rows


def _reach(rows: IntArray) -> AnyArray:
    """Largest absolute value of each coordinate over the rows, as Python integers."""
    reach: IntArray = np.abs(rows).max(axis=0, initial=0)
    return reach.astype(object)


def _require_below(form: int, *factors: AnyArray) -> None:
    """Refuse rows for which the sum of the products of these absolute values reaches the limit."""
    product = factors[0].astype(object)
    for factor in factors[1:]:
        product = product * factor
    if product.sum() >= LIMIT:
        raise OutOfRangeError(f"form {form}: these rows take a sum of absolute values to 2^62")


def _key(forms: Forms) -> tuple[Any, ...]:
    if isinstance(forms, MatrixForms):
        return (forms.shape, *(getattr(forms, name).tobytes() for name in ("output", "row", "column", "value")))
    return (forms.n, forms.m, forms.k, *(array.tobytes() for array in (forms.U, forms.V, forms.Q)))


def integers_of(values: Any, dimensions: Literal[1, 2], what: str) -> IntArray:
    """Integers read from plain types: a list, or a list of lists of one length, as int64 of so many dimensions.

    DecodeError for anything else: a boolean, a float and text are no integers, and 64 bits must hold them. Cost: linear
    in what is there.
    """
    rows = values if dimensions == 2 else [values]
    if type(rows) is not list or not all(type(row) is list for row in rows):
        raise DecodeError(f"{what} must be a list{' of lists' if dimensions == 2 else ''} of integers")
    if len({len(row) for row in rows}) > 1:
        raise DecodeError(f"the rows of {what} differ in length")
    if not all({int}.issuperset(map(type, row)) for row in rows):
        raise DecodeError(f"{what} holds something that is no integer")
    try:
        array = np.array(values, dtype=np.int64)
    except OverflowError as error:
        raise DecodeError(f"{what} holds an integer beyond 64 bits") from error
    return array if array.ndim == dimensions else array.reshape((0,) * dimensions)


def _require_fields(data: Mapping[str, Any], *names: str) -> None:
    if set(data) != {"form", *names}:
        raise DecodeError("not forms: fields are missing or unknown")


def _shape_of(values: Any) -> tuple[int, int, int]:
    sizes = integers_of(values, 1, "the shape of forms")
    if len(sizes) != 3:
        raise DecodeError("the shape of forms has three sizes")
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


@contextmanager
def _as_decode_error() -> Iterator[None]:
    """What a constructor refuses came from outside: DecodeError."""
    try:
        yield
    except (ParameterError, OutOfRangeError) as error:
        raise DecodeError(f"not forms: {error}") from error
