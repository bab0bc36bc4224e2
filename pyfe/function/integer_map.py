"""Integer maps: what a key decrypts to, as an exact linear or quadratic function of the coordinates.

======================  =============================================  =====================================
:class:`LinearMap`      ``u_j = <W_j, x>``                             int64 weights ``[k, n]``
:class:`QuadraticMap`   ``u_j = z^T F_j z``, ``z = (1, x_1 .. x_n)``   forms ``[k, n + 1, n + 1]``
======================  =============================================  =====================================

The leading 1 of z is a coordinate that encryption enforces; it carries the linear terms of a quadratic map. Both
maps answer the same questions, so that a Function need not know which it holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray, as_array
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms import LIMIT, FactoredForms, Forms, MatrixForms, forms_from_dict
from pyfe.strict import integers_of

__all__ = ["IntegerMap", "LinearMap", "QuadraticMap", "as_map", "exact_interval", "map_from_dict"]


_WORD_PRIMES = (2**31 - 1, 2**31 - 19)
"""Their products fit int64: ranks for reports. Keys are judged modulo the scheme's own prime."""


@dataclass(frozen=True, eq=False)
class LinearMap:
    """``u_j = <W_j, x>``. weights: int64 ``[k, n]``, one row per output, none all zero (ParameterError)."""

    weights: IntArray
    kind = "linear"

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ParameterError("weights are int64 [k, n]")
        if self.weights.dtype != np.int64:
            raise ParameterError("weights, intercept and interval are int64")
        if not self.weights.any(axis=1).all():
            raise ParameterError("a function whose weights are all zero needs no key")
        weights = self.weights.copy()
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    @property
    def k(self) -> int:
        """Number of outputs."""
        return int(self.weights.shape[0])

    @property
    def n(self) -> int:
        """Number of coordinates."""
        return int(self.weights.shape[1])

    @property
    def largest(self) -> int:
        """Largest absolute value of a weight."""
        return int(np.abs(self.weights).max())

    @property
    def rank(self) -> int:
        """Number of independent outputs."""
        return _rank_modulo_word_primes(self.weights)

    def uses(self, part: slice) -> bool:
        """Whether some output depends on some of these coordinates."""
        return bool(self.weights[:, part].any())

    def coefficients(self, part: slice) -> IntArray:
        """What some coordinates count in each output, int64 ``[k, width]``."""
        return self.weights[:, part]

    def with_coefficients(self, part: slice, values: IntArray) -> LinearMap:
        """The same map with other coefficients ``[k, width]`` of some coordinates."""
        weights = self.weights.copy()
        weights[:, part] = values
        return LinearMap(weights)

    @property
    def monomials(self) -> int:
        """Number of terms of which each output is a sum: the coordinates."""
        return self.n

    @property
    def units(self) -> int | None:
        """A linear map has no hidden units."""
        return None

    @cached_property
    def forms(self) -> MatrixForms:
        """The same map over ``z = (1, x)``: the weights in row 0."""
        output, column = np.nonzero(self.weights)
        shape = (self.k, self.n + 1, self.n + 1)
        return MatrixForms(shape, output, np.zeros_like(output), column + 1, self.weights[output, column])

    def interval(self, lo: IntArray, hi: IntArray) -> IntArray:
        """Result intervals int64 ``[k, 2]``; see :func:`exact_interval`."""
        return exact_interval(self.weights, lo, hi)

    def reach(self, bound: float) -> FloatArray:
        """Upper bounds float64 ``[k]`` of the absolute results while no coordinate exceeds ``bound``."""
        return np.asarray(np.abs(self.weights).sum(axis=1, dtype=np.float64) * bound)

    def evaluate(self, x: IntArray) -> IntArray:
        """Exact values int64 ``[batch, k]``. OutOfRangeError where a sum of absolute values could reach 2^62."""
        reach = [max(abs(low), abs(high)) for low, high in zip(_least(x), _greatest(x), strict=True)]
        for row in self.weights.tolist():
            if sum(abs(w) * far for w, far in zip(row, reach, strict=True)) >= LIMIT:
                raise OutOfRangeError("these rows take the scores out of 62 bits")
        return np.asarray(x @ self.weights.T)

    def to_dict(self) -> dict[str, Any]:
        """The fields of :meth:`Function.to_dict` that say which map it is."""
        return {"kind": self.kind, "weights": self.weights.tolist()}

    def __reduce__(self) -> tuple[Any, ...]:
        return LinearMap, (self.weights,)


@dataclass(frozen=True, eq=False)
class QuadraticMap:
    """``u_j = z^T F_j z`` with ``z = (1, x_1 .. x_n)``.

    forms: MatrixForms in upper triangular form without the entry (0, 0) (a constant belongs to the intercept), or
        FactoredForms as they are; ``[k, n + 1, n + 1]``, none constant (ParameterError).
    """

    forms: Forms
    kind = "quadratic"

    def __post_init__(self) -> None:
        forms = self.forms
        if forms.n != forms.m or forms.n < 2:
            raise ParameterError(f"forms of a function run over (1, x) on both sides, not {forms.n} x {forms.m}")
        if isinstance(forms, MatrixForms) and (
            (forms.row > forms.column).any() or (forms.row + forms.column == 0).any()
        ):
            raise ParameterError("forms of a function are upper triangular, without the entry (0, 0)")
        if not _varies(forms):
            raise ParameterError("a function whose weights are all zero needs no key")

    @property
    def k(self) -> int:
        """Number of outputs."""
        return self.forms.k

    @property
    def n(self) -> int:
        """Number of coordinates, without the constant one."""
        return self.forms.n - 1

    @property
    def largest(self) -> int:
        """Largest absolute value of a given entry."""
        return self.forms.largest

    def uses(self, part: slice) -> bool:
        """Whether some output has a term in some of these coordinates."""
        inside = slice(part.start + 1, part.stop + 1)
        if isinstance(self.forms, FactoredForms):
            return bool(self.forms.U[:, inside].any() or self.forms.V[:, inside].any())
        places = range(inside.start, inside.stop)
        return bool(np.isin(self.forms.row, places).any() or np.isin(self.forms.column, places).any())

    def coefficients(self, part: slice) -> IntArray:
        """What some coordinates count in each output by themselves, int64 ``[k, width]``."""
        return self.forms.linear_terms(slice(part.start + 1, part.stop + 1))

    def with_coefficients(self, part: slice, values: IntArray) -> QuadraticMap:
        """The same map with other coefficients ``[k, width]`` of some coordinates by themselves."""
        inside = slice(part.start + 1, part.stop + 1)
        return QuadraticMap(self.forms.plus_linear_terms(inside, values - self.forms.linear_terms(inside)))

    @cached_property
    def _coefficients(self) -> IntArray:
        """int64 ``[k, monomials]``: one column per monomial that occurs, the constant left out."""
        terms = [(row * self.forms.n + column, value) for row, column, value in self.forms.upper_terms()]
        used = np.setdiff1d(np.concatenate([code for code, _ in terms]), [0])
        rows = np.zeros((self.k, len(used)), dtype=np.int64)
        for form, (code, value) in enumerate(terms):
            kept = code > 0
            rows[form, np.searchsorted(used, code[kept])] = value[kept]
        return rows

    @property
    def rank(self) -> int:
        """Number of independent outputs, as linear functions of the monomials that occur."""
        return _rank_modulo_word_primes(self._coefficients)

    @property
    def monomials(self) -> int:
        """Number of different monomials ``x_a x_b`` and ``x_a`` that occur, over all outputs."""
        return int(self._coefficients.shape[1])

    @property
    def units(self) -> int | None:
        """Number of hidden units of factored forms, else None."""
        return self.forms.units if isinstance(self.forms, FactoredForms) else None

    def interval(self, lo: IntArray, hi: IntArray) -> IntArray:
        """Result intervals int64 ``[k, 2]`` over the box; OutOfRangeError as the forms'."""
        return self.forms.interval(np.append(1, lo), np.append(1, hi))

    def reach(self, bound: float) -> FloatArray:
        """Upper bounds float64 ``[k]`` of the absolute results while no coordinate exceeds ``bound``, at least 1."""
        forms = self.forms
        if isinstance(forms, FactoredForms):
            u, v = (np.abs(part).sum(axis=1, dtype=np.float64) * bound for part in (forms.U, forms.V))
            return np.asarray(np.abs(forms.Q).astype(np.float64) @ (u * v))
        size = np.abs(forms.value).astype(np.float64) * np.where(forms.row > 0, bound, 1.0) * bound
        return np.bincount(forms.output, weights=size, minlength=forms.k).astype(np.float64)

    def evaluate(self, x: IntArray) -> IntArray:
        """Exact values int64 ``[batch, k]``. OutOfRangeError where a sum of absolute values could reach 2^62."""
        return self.forms.evaluate(np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1))

    def to_dict(self) -> dict[str, Any]:
        """The fields of :meth:`Function.to_dict` that say which map it is."""
        return {"kind": self.kind, "forms": self.forms.to_dict()}

    def __reduce__(self) -> tuple[Any, ...]:
        return QuadraticMap, (self.forms,)


IntegerMap: TypeAlias = LinearMap | QuadraticMap


def as_map(value: Any) -> IntegerMap:
    """A map as it is; int64 weights ``[k, n]`` as the linear map they stand for."""
    return value if isinstance(value, LinearMap | QuadraticMap) else LinearMap(as_array(value, "weights"))


def map_from_dict(data: Mapping[str, Any]) -> IntegerMap:
    """The map of the fields that ``to_dict`` writes; others are passed over.

    DecodeError for anything that ``to_dict`` would not have written, ParameterError and OutOfRangeError for a map that
    cannot be. Cost: linear in what is there, whatever sizes it states.
    """
    kind = data.get("kind")
    if kind == "quadratic" and "weights" not in data:
        return QuadraticMap(forms_from_dict(data.get("forms")))
    if kind == "linear" and "forms" not in data:
        return LinearMap(integers_of(data.get("weights"), 2, "weights"))
    raise DecodeError("the map is neither linear with weights nor quadratic with forms")


def _varies(forms: Forms) -> bool:
    """Whether no form of a quadratic map is constant. Stated numbers of forms allocate nothing."""
    if isinstance(forms, FactoredForms):
        return forms.varies
    return len(np.unique(forms.output[forms.column > 0])) == forms.k


def exact_interval(weights: IntArray, lo: IntArray, hi: IntArray) -> IntArray:
    """Least and greatest ``<W_j, x>`` over ``lo <= x <= hi``: int64 ``[k, 2]``, computed with unbounded integers.

    Raises OutOfRangeError where a partial sum could leave 62 bits. How wide an interval may be is the scheme's
    (:func:`pyfe.adapters.require_searchable`).
    """
    wide = weights.astype(object)
    ends = np.stack([wide * lo.astype(object), wide * hi.astype(object)])
    lower, upper = ends.min(axis=0).sum(axis=1), ends.max(axis=0).sum(axis=1)
    size = np.abs(ends).max(axis=0).sum(axis=1)
    for row, total in enumerate(size):
        if total >= LIMIT:
            raise OutOfRangeError(
                f"function {row}: a sum of absolute values reaches 2^{math.log2(total):.1f}, the limit is "
                f"2^{LIMIT.bit_length() - 1}; use fewer bits for data or weights"
            )
    return np.array([lower, upper], dtype=np.int64).T.copy()


def _rank_modulo_word_primes(rows: IntArray) -> int:
    """Rank of integer rows int64 ``[k, d]`` modulo two primes near 2^31: never above the true rank, and below it only
    where both divide every minor of that size. Cost: O(k^2 d)."""
    return max(_rank_modulo(rows, prime) for prime in _WORD_PRIMES)


def _rank_modulo(rows: IntArray, prime: int) -> int:
    rest, found = rows % prime, 0
    for index in range(len(rest)):
        used = np.flatnonzero(rest[index])
        if not len(used):
            continue
        pivot = rest[index] * pow(int(rest[index, used[0]]), -1, prime) % prime
        rest[index + 1 :] = (rest[index + 1 :] - rest[index + 1 :, used[:1]] * pivot) % prime
        found += 1
    return found


def _least(x: IntArray) -> list[int]:
    least: list[int] = x.min(axis=0, initial=0).tolist()
    return least


def _greatest(x: IntArray) -> list[int]:
    greatest: list[int] = x.max(axis=0, initial=0).tolist()
    return greatest
