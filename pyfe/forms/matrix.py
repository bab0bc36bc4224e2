"""Forms by their non-zero coefficients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import BoolArray, IntArray
from pyfe.errors import DecodeError, ParameterError
from pyfe.forms.entries import MAX_SIZE, Terms, frozen, integers, reach, require_below, require_square, sides
from pyfe.forms.intervals import Box, by_monomials
from pyfe.strict import integers_of, reading, require_fields

__all__ = ["MatrixForms"]


_ENTRIES_AT_ONCE = 2**22


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
        parts = [integers(getattr(self, name), name) for name in ("output", "row", "column", "value")]
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
            object.__setattr__(self, name, frozen(part[kept]))

    @classmethod
    def dense(cls, F: Any) -> MatrixForms:
        """Forms from all coefficients: integers ``[n, m]`` for one form, ``[k, n, m]`` for k."""
        array = integers(F, "F")
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
        require_square(self.n, self.m)
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

    def linear_terms(self, places: slice) -> IntArray:
        """What coordinates count beside the constant one, for ``y = x`` with ``x_0 = 1``: int64 ``[k, places]``."""
        found = np.zeros((self.k, self.n), dtype=np.int64)
        for ours, others in ((self.row, self.column), (self.column, self.row)):
            beside = (ours == 0) & (others > 0)
            np.add.at(found, (self.output[beside], others[beside]), self.value[beside])
        return found[:, places]

    def plus_linear_terms(self, places: slice, values: IntArray) -> MatrixForms:
        """The forms with these coefficients int64 ``[k, places]`` beside the constant one added."""
        added, column = np.nonzero(values)
        output = np.concatenate([self.output, added])
        row = np.concatenate([self.row, np.zeros_like(added)])
        column = np.concatenate([self.column, column + places.start])
        place = (output * self.n + row) * self.m + column
        _, first, same = np.unique(place, return_index=True, return_inverse=True)
        total = np.zeros(len(first), dtype=np.int64)
        np.add.at(total, same, np.concatenate([self.value, values[added, column[len(self.column) :] - places.start]]))
        return MatrixForms(self.shape, output[first], row[first], column[first], total)

    def upper_terms(self) -> Iterator[Terms]:
        """The :meth:`terms` of :meth:`upper`."""
        return self.upper().terms()

    def evaluate(self, x: Any, y: Any = None) -> IntArray:
        """Values int64 ``[batch, k]`` of integer rows x ``[batch, n]`` and y ``[batch, m]`` (None: ``y = x``).

        Exact. Raises OutOfRangeError where these rows could take a sum of absolute values to 2^62, ParameterError
        for a wrong shape or dtype. Cost: O(batch * entries).
        """
        x, y = sides(self.n, self.m, x, y)
        big_x, big_y = reach(x), reach(y)
        values = np.zeros((len(x), self.k), dtype=np.int64)
        for form, (row, column, value) in enumerate(self.terms()):
            require_below(form, np.abs(value), big_x[row], big_y[column])
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
        box = Box.of(self.n, self.m, x_lo, x_hi, y_lo, y_hi)
        terms = self.upper_terms() if box.square else self.terms()
        return np.array([by_monomials(form, [part], box) for form, part in enumerate(terms)], dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, in the canonical order."""
        names = ("output", "row", "column", "value")
        return {"form": "matrix", "shape": list(self.shape), **{name: getattr(self, name).tolist() for name in names}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MatrixForms:
        """The inverse of :meth:`to_dict`; DecodeError for anything :meth:`to_dict` would not have written."""
        names = ("output", "row", "column", "value")
        require_fields(data, ("form", "shape", *names), "forms")
        output, row, column, value = (integers_of(data[name], 1, name) for name in names)
        k, n, m = _shape_of(data["shape"])
        with reading("forms"):
            forms = cls((k, n, m), output, row, column, value)
        kept = (forms.output, forms.row, forms.column, forms.value)
        if not all(map(np.array_equal, kept, (output, row, column, value))):
            raise DecodeError("not forms: the coefficients are not in canonical order, or zero")
        return forms

    def _key(self) -> tuple[Any, ...]:
        return (self.shape, *(getattr(self, name).tobytes() for name in ("output", "row", "column", "value")))

    def __reduce__(self) -> tuple[Any, ...]:
        return MatrixForms, (self.shape, self.output, self.row, self.column, self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixForms) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"MatrixForms({self.k} forms of {self.n} x {self.m}, {len(self.value)} coefficients)"


def _repeats(output: IntArray, row: IntArray, column: IntArray) -> BoolArray:
    """Which sorted positions ``[1:]`` equal the one before."""
    same = (output[1:] == output[:-1]) & (row[1:] == row[:-1]) & (column[1:] == column[:-1])
    return np.asarray(same)


def _shape_of(values: Any) -> tuple[int, int, int]:
    sizes = integers_of(values, 1, "the shape of forms")
    if len(sizes) != 3:
        raise DecodeError("the shape of forms has three sizes")
    return int(sizes[0]), int(sizes[1]), int(sizes[2])
