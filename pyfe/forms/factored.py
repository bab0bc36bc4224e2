"""Forms over shared units: products of linear forms, and sums of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import BoolArray, IntArray, as_array
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms.entries import LIMIT, SURELY_INT64, Terms, frozen, integers, reach, require_below, require_square, sides
from pyfe.forms.intervals import Box, by_monomials, by_units, linear_range
from pyfe.forms.matrix import MatrixForms
from pyfe.strict import integers_of, reading, require_fields

__all__ = ["FactoredForms"]


_BAND_ENTRIES = 2**18
"""Coefficients of a factored form that are multiplied out at a time."""

_PRIMES = (2**31 - 1, 2**31 - 19)


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
            array = integers(getattr(self, name), name)
            if array.ndim != 2 or 0 in array.shape:
                raise ParameterError(f"{name} has two dimensions, none of them 0, not shape {array.shape}")
            object.__setattr__(self, name, frozen(array.copy()))
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
        require_square(self.n, self.m)
        return (_joined(self._bands(form, upper=True)) for form in range(self.k))

    def linear_terms(self, places: slice) -> IntArray:
        """What coordinates count beside the constant one, for ``y = x`` with ``x_0 = 1``: int64 ``[k, places]``."""
        units = self.U[:, :1] * self.V[:, places] + self.V[:, :1] * self.U[:, places]
        return np.asarray(self.Q @ units)

    def plus_linear_terms(self, places: slice, values: IntArray) -> FactoredForms:
        """The forms with these coefficients int64 ``[k, places]`` beside the constant one added: one unit for
        each coordinate that then counts by itself."""
        width = values.shape[1]
        one, each = np.zeros((width, self.n), dtype=np.int64), np.zeros((width, self.m), dtype=np.int64)
        one[:, 0] = each[np.arange(width), places.start + np.arange(width)] = 1
        lone = (one[0] == self.U).all(axis=1) & (np.abs(self.V).sum(axis=1) == 1) & self.V[:, places].any(axis=1)
        total = values + self.Q[:, lone] @ self.V[lone][:, places]
        used = np.flatnonzero(total.any(axis=0))
        return FactoredForms(
            np.concatenate([self.U[~lone], one[used]]),
            np.concatenate([self.V[~lone], each[used]]),
            np.concatenate([self.Q[:, ~lone], total[:, used]], axis=1),
        )

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
        x, y = sides(self.n, self.m, x, y)
        reach_u = np.abs(self.U).astype(object) @ reach(x)
        reach_v = np.abs(self.V).astype(object) @ reach(y)
        for form in range(self.k):
            require_below(form, np.abs(self.Q[form]), reach_u, reach_v)
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
        box = Box.of(self.n, self.m, x_lo, x_hi, y_lo, y_hi)
        monomials = [by_monomials(form, self._bands(form, upper=box.square), box) for form in range(self.k)]
        a = linear_range(self.U, box.x)
        b = a if self.same and box.square else linear_range(self.V, box.x if box.square else box.y)
        squares = self._square_units(box.square)
        units = [by_units(form, q, a, b, squares) for form, q in enumerate(self.Q)]
        ends = [(max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(monomials, units, strict=True)]
        return np.array(ends, dtype=np.int64)

    def _square_units(self, square: bool) -> BoolArray:
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
        require_fields(data, ("form", "U", "V", "Q"), "forms")
        U, Q = integers_of(data["U"], 2, "U"), integers_of(data["Q"], 2, "Q")
        V = U if data["V"] is None else integers_of(data["V"], 2, "V")
        with reading("forms"):
            forms = cls(U, V, Q)
        if forms.same != (data["V"] is None):
            raise DecodeError("not forms: V is written although it equals U")
        return forms

    def _key(self) -> tuple[Any, ...]:
        return (self.n, self.m, self.k, *(array.tobytes() for array in (self.U, self.V, self.Q)))

    def __reduce__(self) -> tuple[Any, ...]:
        return FactoredForms, (self.U, self.V, self.Q)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FactoredForms) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        units = "squares" if self.same else "products"
        return f"FactoredForms({self.k} forms of {self.n} x {self.m} over {self.units} {units})"


def _multiplied_out(form: int, left: IntArray, q: IntArray, right: IntArray, *, first_row: int = 0) -> IntArray:
    """``sum_h q_h left_h right_h^T``, int64 ``[rows, columns]``; refused where an entry reaches the limit."""
    matrix: IntArray = (left * q[:, None]).T @ right
    sizes = (np.abs(left) * np.abs(q).astype(np.float64)[:, None]).T @ np.abs(right).astype(np.float64)
    for row, column in np.argwhere(sizes >= SURELY_INT64):
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
