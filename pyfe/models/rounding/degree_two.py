"""From a real quadratic map to integer coefficients, with a bound that is derived and not fitted.

In the standard form ``f = Q(u, u) + w u + b`` (:mod:`pyfe.models.real.degree_two`), integers F, V, B and a scale s per
output::

    f - s (F(u, u) + V u + B)  =  D(u, u) + d u + (b - s B),      D = Q - s F,   d = w - s V

and D(u, u) + d u lies in an interval that the schema gives, monomial by monomial. B puts the middle of that interval
on zero. Measuring the coordinates from the middle of their range is what keeps it small; a key, though, speaks of the
coordinates themselves, ``u = q - c``, where the integers are ``F``, ``W = V - (F + F^T) c`` and a constant that joins
the intercept. ``|F|`` and ``|W|`` are what ``weight_bits`` bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.domain import Domain
from pyfe.models.rounding.affine import fitted_line, round_rows
from pyfe.schema import Schema

__all__ = ["RoundedQuadratic", "round_quadratic", "round_quadratic_at_step", "take_quadratic_integers"]

Integers: TypeAlias = tuple[IntArray, IntArray]

_SCALES = 8
"""Scales tried between the one that just fills the weight bits and twice that; the best derived bound is kept."""

_SURELY_INT64 = 2.0**61


@dataclass(frozen=True)
class RoundedQuadratic:
    """``s (F(u, u) + V u + B)`` with ``u = q - centre``: F int64 ``[k, n, n]`` upper triangular, V ``[k, n]``,
    B ``[k]``, s ``[k]``, and the bound ``max_error [k]``."""

    centre: IntArray
    quadratic: IntArray
    weights: IntArray
    constant: IntArray
    scale: FloatArray
    max_error: FloatArray

    @property
    def varies(self) -> BoolArray:
        """Which outputs have a coefficient at all, ``[k]``."""
        return np.asarray(self.quadratic.any(axis=(1, 2)) | self.weights.any(axis=1))

    @property
    def used(self) -> BoolArray:
        """Which coordinates have a coefficient, ``[n]``."""
        return np.asarray(self.quadratic.any(axis=(0, 1)) | self.quadratic.any(axis=(0, 2)) | self.weights.any(axis=0))

    def __call__(self, x: IntArray) -> FloatArray:
        """Decision values float64 ``[m, k]`` of rows ``[m, n]``."""
        return np.asarray((_inner(self.quadratic, self.weights, x - self.centre) + self.constant) * self.scale)

    @property
    def intercept(self) -> IntArray:
        """int64 ``[k]``, of the forms of :meth:`matrix` and :meth:`centred` alike."""
        return self.constant + self._moved_constants()

    def _moved_constants(self) -> IntArray:
        """``F(c, c) - V c``: what measuring from the centre adds to the constant."""
        return np.asarray((self.quadratic @ self.centre) @ self.centre - self.weights @ self.centre)

    def matrix(self) -> MatrixForms:
        """The coefficients over ``z = (1, q)``, upper triangular without constants."""
        raw = raw_weights(self.quadratic, self.weights, self.centre)
        k, n = raw.shape
        wide = np.zeros((k, n + 1, n + 1), dtype=np.int64)
        wide[:, 0, 1:] = raw
        wide[:, 1:, 1:] = self.quadratic
        return MatrixForms.dense(wide)

    def centred(self) -> FactoredForms:
        """The same forms as products ``(q_a - c_a) (V_a + sum_b F_ab (q_b - c_b))``, one unit per output and row.

        Their interval is that of centred monomials, usually a third to four fifths as wide as by coefficients. Two
        more units take the constant out again (in two parts, so that it makes no entry wider): the forms multiplied
        out are those of :meth:`matrix`, and a key for the one is a key for the other.
        """
        k, n = self.weights.shape
        output, row = np.nonzero(self.quadratic.any(axis=2) | (self.weights != 0))
        first = np.zeros((len(row) + 2, n + 1), dtype=np.int64)
        first[np.arange(len(row)), row + 1] = 1
        first[:-2, 0] = -self.centre[row]
        second = np.zeros((len(row) + 2, n + 1), dtype=np.int64)
        second[:-2, 1:] = self.quadratic[output, row]
        second[:-2, 0] = self.weights[output, row] - self.quadratic[output, row] @ self.centre
        most = max(1, int(np.abs(second).max()))
        high, low = np.divmod(-self._moved_constants(), most)
        first[-2:, 0], second[-2:, 0] = (most, 1), 1
        sums = np.zeros((k, len(row) + 2), dtype=np.int64)
        sums[output, np.arange(len(row))] = 1
        sums[:, -2], sums[:, -1] = high, low
        return FactoredForms(first, second, sums)


def raw_weights(quadratic: IntArray, weights: IntArray, centre: IntArray) -> IntArray:
    """Linear coefficients ``V - (F + F^T) c`` of the coordinates themselves, int64 ``[k, n]``.

    OutOfRangeError where a sum could leave 62 bits: the results would be far wider than any search.
    """
    both = quadratic + quadratic.transpose(0, 2, 1)
    reach = np.abs(both) @ np.abs(centre).astype(np.float64) + np.abs(weights)
    if reach.max(initial=0.0) * max(1, int(np.abs(centre).max())) >= _SURELY_INT64:
        raise OutOfRangeError("the results of these coefficients span more than 2^44 values; use fewer bits")
    return np.asarray(weights - both @ centre)


def round_quadratic(given: RealQuadratic, schema: Schema, bits: int, *, compared: bool) -> RoundedQuadratic:
    """Round a map, in any form, to ``|F|, |W| <= 2^(bits-1) - 1``.

    ``compared`` says that outputs are compared with each other (classes): they then share one scale, and outputs that
    sum to zero in the model still do so in the integers. Cost: O(k n^2) per scale tried.
    """
    largest = 2 ** (bits - 1) - 1
    standard, domain = given.standard(schema), Domain(schema)
    groups = [np.arange(len(standard.error))] if compared else [np.array([j]) for j in range(len(standard.error))]
    parts = [_best(_outputs(standard, group), domain, largest) for group in groups]
    return RoundedQuadratic(
        standard.centre,
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _ROUNDED),
    )


def round_quadratic_at_step(
    given: RealQuadratic, schema: Schema, step: FloatArray, rows: IntArray, *, compared: bool
) -> RoundedQuadratic:
    """The nearest integers at a step of the result ``[k]``, in the model's units; scale and constant then fit the map
    on ``rows [m, n]``, as :func:`~pyfe.models.rounding.affine.round_at_step` does."""
    standard = given.standard(schema)
    zero_sum = compared and _sums_to_zero(standard)
    F = round_rows(standard.quadratic / step[:, None, None], zero_sum=zero_sum)
    V = round_rows(standard.weights / step[:, None], zero_sum=zero_sum)
    inner = _inner(F, V, rows - standard.centre)
    scale, shift = fitted_line(inner, standard(rows), step, compared=compared)
    return _finished(standard, (F, V), scale, Domain(schema), shift)


def _inner(F: IntArray, V: IntArray, u: IntArray) -> IntArray:
    """``F(u, u) + V u``, int64 ``[m, k]``, of centred rows ``[m, n]``."""
    squares = np.stack([((u @ form) * u).sum(axis=1) for form in F], axis=1)
    return np.asarray(squares + u @ V.T)


_ROUNDED = ("quadratic", "weights", "constant", "scale", "max_error")


def take_quadratic_integers(given: RealQuadratic, schema: Schema) -> RoundedQuadratic:
    """The coefficients as they are, scale 1. Raises ParameterError where one (per coordinate step) is no integer."""
    folded = given.folded(schema)
    plain = folded.about(np.zeros(schema.n, dtype=np.int64))
    _require_integers(plain.quadratic, plain.error, schema)
    _require_integers(plain.weights[:, None], plain.error, schema)
    F, W = np.rint(plain.quadratic).astype(np.int64), np.rint(plain.weights).astype(np.int64)
    V = W + (F + F.transpose(0, 2, 1)) @ folded.centre
    return _finished(folded, (F, V), np.ones(len(plain.error)), Domain(schema))


def _outputs(standard: RealQuadratic, group: npt.NDArray[np.intp]) -> RealQuadratic:
    arrays = (standard.quadratic, standard.weights, standard.intercept, standard.error)
    return RealQuadratic(standard.centre, *(array[group] for array in arrays))


def _peak(standard: RealQuadratic) -> float:
    """The largest coefficient of the coordinates themselves."""
    both = standard.quadratic + standard.quadratic.transpose(0, 2, 1)
    raw = standard.weights - both @ standard.centre
    return float(max(np.abs(standard.quadratic).max(), np.abs(raw).max()))


def _best(standard: RealQuadratic, domain: Domain, largest: int) -> RoundedQuadratic:
    """Integers at the scale, shared by the outputs, with the least derived bound."""
    peak = _peak(standard)
    if peak == 0.0:
        zeros = np.zeros(standard.quadratic.shape, dtype=np.int64), np.zeros(standard.weights.shape, dtype=np.int64)
        return _finished(standard, zeros, np.ones(len(standard.error)), domain)
    zero_sum = _sums_to_zero(standard)
    tops = np.unique(np.linspace(largest, max(1.0, (largest + 1) / 2), _SCALES))[::-1]
    for octave in range(64):
        tried = [_at_scale(standard, domain, peak * 2.0**octave / top, largest, zero_sum=zero_sum) for top in tops]
        fitting = [rounded for rounded in tried if rounded is not None]
        if fitting:
            return min(fitting, key=lambda rounded: float(rounded.max_error.max()))
    raise AssertionError("coefficients that round to zero fit any number of bits")


def _sums_to_zero(standard: RealQuadratic) -> bool:
    arrays = (standard.quadratic, standard.weights)
    largest = max(np.abs(array).max() for array in arrays)
    return len(standard.error) > 1 and all(np.abs(array.sum(axis=0)).max() <= 1e-9 * largest for array in arrays)


def _at_scale(
    standard: RealQuadratic, domain: Domain, scale: float, largest: int, *, zero_sum: bool
) -> RoundedQuadratic | None:
    """The nearest integers at a scale; None where one is too large, since rounding F moves the weights W."""
    F = round_rows(standard.quadratic / scale, zero_sum=zero_sum)
    V = round_rows(standard.weights / scale, zero_sum=zero_sum)
    widest = max(int(np.abs(F).max()), int(np.abs(raw_weights(F, V, standard.centre)).max()))
    return _finished(standard, (F, V), np.full(len(standard.error), scale), domain) if widest <= largest else None


def _finished(
    given: RealQuadratic,
    integers: Integers,
    scale: FloatArray,
    domain: Domain,
    constant: FloatArray | None = None,
) -> RoundedQuadratic:
    """The bound; with the constant that makes it least, unless one is given."""
    F, V = integers
    low, high = domain.extent(given.quadratic - scale[:, None, None] * F, given.weights - scale[:, None] * V)
    if constant is None:
        constant = np.rint((given.intercept + (low + high) / 2) / scale)
    if not np.isfinite(constant).all() or np.abs(constant).max() >= 2.0**62:
        raise OutOfRangeError("the intercept does not fit 62 bits at the scale of the weights; use fewer bits")
    rest = given.intercept - scale * constant
    bound = np.maximum(np.abs(low + rest), np.abs(high + rest))
    # rounding of result * scale and of the sums above, relative to the largest value that can occur
    most = np.max(np.abs(domain.extent(given.quadratic, given.weights)), axis=0) + np.abs(given.intercept)
    rounding = 8 * (len(given.centre) + 2) * np.finfo(np.float64).eps * most
    return RoundedQuadratic(given.centre, F, V, constant.astype(np.int64), scale, bound + rounding + given.error)


def _require_integers(values: FloatArray, error: FloatArray, schema: Schema) -> None:
    slack = 1e-9 * np.maximum(np.abs(values), 1.0) + error[:, None, None]
    wrong = np.argwhere(np.abs(values - np.rint(values)) > slack)
    if len(wrong):
        _, row, column = wrong[0]
        names = (
            {schema.coordinate_names[column]}
            if values.shape[1] == 1
            else {schema.coordinate_names[row], schema.coordinate_names[column]}
        )
        raise ParameterError(
            f"weight_bits=None takes integer coefficients, but that of {' times '.join(sorted(names))} is "
            f"{values[tuple(wrong[0])]:.6g} per step; choose the columns' steps to match, or let weight_bits round"
        )
    if np.abs(values).max() >= 2.0**53:
        raise OutOfRangeError("coefficients beyond 2^53 are not exact integers")
