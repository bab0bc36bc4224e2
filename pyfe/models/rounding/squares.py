"""From a real network of squares to a network of integers, in two levels, with a bound that is derived.

With balanced units C and outputs R (:meth:`RealSquares.balanced`), a step s of the hidden layer and m levels of the
output weights::

    U = round(C / s),   Q = round(m R),   t = s^2 / m:      f  =  t (sum_h Q_h <U_h, z>^2 + B) + error

One step serves all units: since each is worth the same in the result, an equal error in each is the cheapest way to
a given error in the sum, and a unit that matters little becomes narrow by itself. The error is bounded twice, and
the narrower bound counts at either end::

    by units       (a - s u) (a + s u) R + (R - Q / m) (s u)^2,    a = <C_h, z>, u = <U_h, z> anywhere in their ranges
    by monomials   the difference multiplied out, as for any other quadratic function

Both take every coordinate at its worst at once. With hundreds of coordinates that never happens: typical errors are
a hundred times smaller, so "auto" judges the root mean square on the reference rows (the bound is stated all the
same).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.domain import Domain
from pyfe.models.real.squares import (
    Range,
    RealSquares,
    augmented_ends,
    linear_range,
    product_range,
    square_range,
    summed,
)
from pyfe.schema import Schema

__all__ = ["RoundedSquares", "fewest_square_bits", "round_squares", "take_square_integers"]

HIDDEN_BITS = 12
"""Widest weights of the hidden layer that "auto" tries."""

OUTPUT_BITS = 8
"""Widest output weights that "auto" tries."""

WIDEST = 2**15 - 1
"""Largest entry that "auto" makes: authorities allow 16 bits."""

ACCEPTED = 20.0
"""Times the tolerance: the largest typical error with which "auto" accepts the best network within the width."""


@dataclass(frozen=True)
class RoundedSquares:
    """``s (z^T F z + B)`` over ``z = (1, q)``: forms of h squares (and one product per linear output), B int64
    ``[k]``, s ``[k]``, and the bound ``max_error [k]``."""

    forms: FactoredForms
    intercept: IntArray
    scale: FloatArray
    max_error: FloatArray

    @property
    def used(self) -> BoolArray:
        """Which coordinates have an entry in a unit that counts, ``[n]``."""
        counts = self.forms.Q.any(axis=0)
        return np.asarray(self.forms.U[counts, 1:].any(axis=0) | self.forms.V[counts, 1:].any(axis=0))

    def __call__(self, x: IntArray) -> FloatArray:
        """Decision values float64 ``[m, k]`` of rows ``[m, n]``."""
        z = np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1)
        return np.asarray((self.forms.evaluate(z) + self.intercept) * self.scale)

    @property
    def varies(self) -> BoolArray:
        """Which outputs have a coefficient at all, ``[k]``."""
        used = self.forms.U[:, 1:].any(axis=1) | self.forms.V[:, 1:].any(axis=1)
        return np.asarray((self.forms.Q[:, used] != 0).any(axis=1))


@dataclass(frozen=True)
class _Layers:
    """Integer layers: U ``[h, n + 1]`` in steps of ``step``, Q ``[k, h]``, the linear part L ``[k, n + 1]`` times both
    factors, and the scale ``[k]``; and the network ``given`` that they approximate."""

    given: RealSquares
    step: float
    U: FloatArray
    Q: FloatArray
    L: FloatArray
    factor: tuple[int, int]
    scale: FloatArray

    @property
    def largest(self) -> float:
        """Largest absolute value of an entry."""
        parts = (self.U, self.Q, self.L, np.array(self.factor))
        return float(max(np.abs(part).max(initial=0.0) for part in parts))

    @property
    def linear(self) -> FloatArray:
        """The linear part in result steps, ``[k, n + 1]``."""
        return math.prod(self.factor) * self.L

    def integer_map(self) -> RealSquares:
        """The integers as a real map in the model's units, without the intercept."""
        scale, none = self.scale[:, None], np.zeros(len(self.scale))
        return RealSquares(self.U * self.step, self.Q * (scale / self.step**2), scale * self.linear, none)

    def width(self, ends: Range) -> float:
        """Values in the widest interval, by units."""
        squares = square_range(linear_range(self.U, ends))
        low, high = summed([product_range((self.Q, self.Q), squares)], linear_range(self.linear, ends))
        return float((high - low).max()) + 1.0

    def forms(self) -> FactoredForms:
        """Squares; with a linear part also one product ``(factor, 0 ..) x L_j`` per output that has one."""
        U, Q = self.U.astype(np.int64), self.Q.astype(np.int64)
        linear = np.flatnonzero(self.L.any(axis=1))
        if not len(linear):
            return FactoredForms.squares(U, Q)
        constant = np.zeros((len(linear), U.shape[1]), dtype=np.int64)
        constant[:, 0] = self.factor[0]
        chosen = np.zeros((len(Q), len(linear)), dtype=np.int64)
        chosen[linear, np.arange(len(linear))] = self.factor[1]
        V = np.concatenate([U, self.L[linear].astype(np.int64)])
        return FactoredForms(np.concatenate([U, constant]), V, np.concatenate([Q, chosen], axis=1))


def round_squares(given: RealSquares, schema: Schema, bits: int, rows: IntArray, *, compared: bool) -> RoundedSquares:
    """Round to entries of at most ``2^(bits-1) - 1``, biases included. ``rows`` centre the error: the intercept makes
    its mean over them zero. ``compared`` says that outputs share one scale."""
    largest, balanced = 2 ** (bits - 1) - 1, given.balanced(compared=compared)
    step = _finest_step(balanced, largest)
    return _finished(_layers(balanced, step, largest, largest, compared=compared), schema, rows)


def fewest_square_bits(
    given: RealSquares, schema: Schema, rows: IntArray, allowed: FloatArray, width_bits: int, *, compared: bool
) -> RoundedSquares:
    """The narrowest results within ``2^width_bits`` whose root mean square error over ``rows`` is at most ``allowed``
    ``[k]``; where there are none, the least error within that width, up to twenty times ``allowed``.

    Raises OutOfRangeError where no network of integers is so narrow, UnsupportedModelError where none is so exact.
    Cost: about 40 evaluations of the network on the rows, and O(k n^2) once.
    """
    ends, values, most = augmented_ends(schema), given(rows), 2.0**width_bits
    z = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
    best: tuple[tuple[float, float], _Layers] | None = None
    narrowest = np.inf
    for candidates in _candidates(given.balanced(compared=compared), compared=compared):
        squares = (z @ candidates[0].U.T) ** 2
        widths = [layers.width(ends) for layers in candidates]
        narrowest = min(narrowest, *widths)
        for layers, width in zip(candidates, widths, strict=True):
            if width > most or layers.largest > WIDEST:
                continue
            linear = z @ layers.linear.T if layers.L.any() else 0.0
            difference = values - layers.scale * (squares @ layers.Q.T + linear)
            error = float((difference.std(axis=0) / allowed).max())
            rank = (1.0, width) if error <= 1.0 else (error, width)
            if best is None or rank < best[0]:
                best = rank, layers
        if best is not None and min(widths) > most:
            break
    if best is None:
        raise OutOfRangeError(
            f"even the coarsest weights of this network give results that span 2^{math.log2(narrowest):.1f} values, "
            f"and 2^{width_bits} are allowed; give the columns fewer bits, or raise width_bits"
        )
    if best[0][0] > ACCEPTED:
        raise UnsupportedModelError(
            f"no integer network with results within 2^{width_bits} keeps the answer: the typical error is "
            f"{best[0][0]:.2g} times the tolerance; give the columns fewer bits, raise width_bits, or set weight_bits"
        )
    return _finished(best[1], schema, rows)


def take_square_integers(given: RealSquares, schema: Schema, rows: IntArray) -> RoundedSquares:
    """The layers as they are, scale 1. ParameterError where an entry (per coordinate step) is no integer."""
    for what, array in (("hidden", given.units), ("output", given.outputs), ("linear", given.linear[:, 1:])):
        wrong = np.argwhere(np.abs(array - np.rint(array)) > 1e-9 * np.maximum(np.abs(array), 1.0))
        if len(wrong):
            raise ParameterError(
                f"weight_bits=None takes integer weights, but {what} weight {tuple(map(int, wrong[0]))} is "
                f"{array[tuple(wrong[0])]:.6g} per step; choose the columns' steps to match, or let weight_bits round"
            )
        if np.abs(array).max(initial=0.0) >= 2.0**53:
            raise OutOfRangeError("weights beyond 2^53 are not exact integers")
    L = np.rint(given.linear)
    L[:, 0] = 0.0
    layers = _Layers(given, 1.0, np.rint(given.units), np.rint(given.outputs), L, (1, 1), np.ones(len(L)))
    return _finished(layers, schema, rows)


def _candidates(balanced: RealSquares, *, compared: bool) -> Iterator[list[_Layers]]:
    """For every step of the hidden layer, a quarter of an octave apart from coarse to fine, all output levels."""
    weights = float(np.abs(balanced.units[:, 1:]).max(initial=0.0)) or 1.0
    levels = [2 ** (bits - 1) - 1 for bits in range(2, OUTPUT_BITS + 1)]
    for quarter in range(4 * (HIDDEN_BITS - 1)):
        step = weights / 2 ** (quarter / 4)
        yield [_layers(balanced, step, most, WIDEST, compared=compared) for most in levels]


def _layers(balanced: RealSquares, step: float, levels: int, largest: int, *, compared: bool) -> _Layers:
    size = np.ones(len(balanced.outputs))
    if not compared:
        size = np.abs(balanced.outputs).max(axis=1, initial=0.0)
        size[size == 0.0] = 1.0
    scale = size * (step * step / levels)
    linear = balanced.linear / scale[:, None]
    linear[:, 0] = 0.0
    factor = _factors(float(np.abs(linear).max(initial=0.0)), largest)
    return _Layers(
        balanced,
        step,
        np.rint(balanced.units / step),
        np.rint(balanced.outputs * (levels / size)[:, None]),
        np.rint(linear / math.prod(factor)),
        factor,
        scale,
    )


def _factors(peak: float, largest: int) -> tuple[int, int]:
    """Two factors up to ``largest`` that bring ``peak`` below it, if they can."""
    together = math.ceil(peak / largest)
    first = min(max(1, together), largest)
    return first, min(max(1, math.ceil(together / first)), largest)


def _finest_step(balanced: RealSquares, largest: int) -> float:
    """The least step at which units and linear part have entries up to ``largest``."""
    peak = float(np.abs(balanced.units).max(initial=0.0))
    size = np.abs(balanced.outputs).max(axis=1, initial=0.0)
    size[size == 0.0] = 1.0
    slope = float((np.abs(balanced.linear[:, 1:]).max(axis=1, initial=0.0) / size).max())
    # a linear entry is at most largest * factors * (step^2 size / levels), and each factor is at most largest
    return max(peak / largest, math.sqrt(slope) / largest * (1 + 1e-9)) or 1.0


def _finished(layers: _Layers, schema: Schema, rows: IntArray) -> RoundedSquares:
    given, integer = layers.given, layers.integer_map()
    mean = (given(rows) - integer(rows)).mean(axis=0)
    intercept = np.rint(mean / layers.scale)
    if not np.isfinite(intercept).all() or np.abs(intercept).max() >= 2.0**62:
        raise OutOfRangeError("the intercept does not fit 62 bits at the scale of the weights; use fewer bits")
    low, high = _difference(layers, integer, schema)
    rest = layers.scale * intercept
    bound = np.maximum(np.abs(low - rest), np.abs(high - rest))
    precision = 16 * (schema.n + len(given.units) + 2) * np.finfo(np.float64).eps
    rounding = precision * (given.largest(schema) + integer.largest(schema))
    return RoundedSquares(layers.forms(), intercept.astype(np.int64), layers.scale, bound + rounding + given.error)


def _difference(layers: _Layers, integer: RealSquares, schema: Schema) -> Range:
    """Range ``[k]`` of model minus integers (no intercept) over everything the schema can hold."""
    by_units, by_monomials = _by_units(layers.given, integer, schema), _by_monomials(layers.given, integer, schema)
    return np.maximum(by_units[0], by_monomials[0]), np.minimum(by_units[1], by_monomials[1])


def _by_units(given: RealSquares, integer: RealSquares, schema: Schema) -> Range:
    ends = augmented_ends(schema)
    theirs, ours = given.units, integer.units
    apart = product_range(linear_range(theirs - ours, ends), linear_range(theirs + ours, ends))
    changed = given.outputs - integer.outputs
    terms = [
        product_range((given.outputs, given.outputs), apart),
        product_range((changed, changed), square_range(linear_range(ours, ends))),
    ]
    return summed(terms, linear_range(given.linear - integer.linear, ends))


def _by_monomials(given: RealSquares, integer: RealSquares, schema: Schema) -> Range:
    """One output at a time, so that no more than a few matrices exist at once."""
    domain, ends = Domain(schema), []
    for output in range(len(given.outputs)):
        difference = _minus(given.expanded(output), integer.expanded(output)).standard(schema)
        low, high = domain.extent(difference.quadratic, difference.weights)
        ends.append((low + difference.intercept, high + difference.intercept))
    return np.concatenate([low for low, _ in ends]), np.concatenate([high for _, high in ends])


def _minus(left: RealQuadratic, right: RealQuadratic) -> RealQuadratic:
    return replace(
        left,
        quadratic=left.quadratic - right.quadratic,
        weights=left.weights - right.weights,
        intercept=left.intercept - right.intercept,
    )
