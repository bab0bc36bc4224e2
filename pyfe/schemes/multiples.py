"""Keys of inner products from Ring-LWE of which a multiple modulo K is short: what one made ciphertext would give away.

``ct_0 = floor(q/K) c`` decodes to ``-c sk_y mod K``: the secret of ``y' = c y mod K``, of standard deviation
``sigma_1 ||y'||`` a coefficient. In the interval of the results, of length ``sum_i |y_i| (hi_i - lo_i)``, it would be
accepted, and be the key. So every y' that is not 0 has to be long; ``docs/math/rlwe.md``, *a refusal is an answer*.

The lattice is ``L = Z y + K Z^n`` for a primitive y: with ``g = gcd(y)`` results are multiples of g, or refused, which
leaves ``g L'`` for ``L' = Z (y/g) + K' Z^n``, and makes the interval g times as short. K' is K without what it shares
with g (both are divided until nothing is shared).

Its shortest vector is bounded from below, never found: a projection lengthens nothing, and neither is any vector of a
lattice shorter than the shortest of the Gram-Schmidt vectors of a basis. Exact integers throughout.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from flint import fmpz_mat

from pyfe._core import ipfe_rlwe as _native
from pyfe.arrays import IntArray
from pyfe.errors import ParameterError

__all__ = ["require_long_multiples"]

_SIZES = 8, 24
"""Of the projections: most keys are settled by the first."""

_UNIT = 2**8
"""Lengths are integers in units of one over this, as sigma_1 is."""

_ONE = 1, 0, 1
"""The sums of weights of a ciphertext that is no sum of others."""


def require_long_multiples(parameters: _native.Parameters, y: IntArray) -> None:
    """ParameterError, naming the function, unless ``sigma_1 ||y'||`` is at least the interval's length for every y'.

    y: int64 ``[k, n]``, within the bounds of the parameters; rows of zeros are not judged.
    """
    K, sigma = parameters.K, parameters.sigma_256[0]
    for place, row in enumerate(y):
        lo, hi = _native.interval(parameters, row, _ONE)
        if row.any() and not long_multiples(row.tolist(), K, sigma, hi - lo):
            raise ParameterError(
                f"y[{place}]: {np.count_nonzero(row)} of its {len(row)} weights are not 0, too few for their size: "
                f"some c y mod {K} may be so short that c sk_y, {sigma / 256:.4g} ||c y|| wide, fits into the "
                f"interval of the results, {hi - lo} long, and one ciphertext made for it would be accepted and give "
                "the key away; take more weights that are not 0, columns of wider ranges, or weights of fewer bits"
            )


def long_multiples(y: list[int], K: int, sigma_256: int, length: int) -> bool:
    """Whether ``sigma ||y'|| >= length`` is certain for every ``y' = c y mod K`` that is not 0 and can be a result.

    y: integers, not all 0. sigma_256: sigma_1 times 256. length: of the interval of the results.
    False where it is not certain, which is not where it is false: a bound decides.
    """
    divisor = math.gcd(*y)
    rest = divisor
    while (shared := math.gcd(rest, K)) > 1:
        rest, K = rest // shared, K // shared
    weights = Counter(abs(v) // divisor for v in y if v)
    needed = (_UNIT * 256 * (length // divisor)) ** 2  # the length is a sum of multiples of the divisor
    for size in _SIZES:
        basis = _projected(weights, K, size)
        previous = 1
        for volume in _gram_volumes(basis):  # ||b*_i||^2 = volume_i / volume_(i-1)
            if sigma_256**2 * volume < needed * previous:
                break
            previous = volume
        else:
            return True
    return False


def _projected(weights: Counter[int], K: int, size: int) -> fmpz_mat:
    """An LLL basis of the lattice on a choice of coordinates, which has one column for each magnitude chosen.

    Equal magnitudes stay equal in every multiple but for the sign: m of them are one coordinate, sqrt(m) times as long
    (rounded down). The first ones chosen are those that share nothing with K, so that no multiple but 0 vanishes on
    the projection; then those that make up most of y's own length, for it is a vector of the lattice.
    """
    chosen: list[int] = []
    by_length = sorted(weights, key=lambda v: weights[v] * v * v, reverse=True)
    shared = K
    while shared > 1:
        chosen.append(min(by_length, key=lambda v: math.gcd(shared, v)))
        shared = math.gcd(shared, chosen[-1])
    chosen += [v for v in by_length if v not in chosen][: max(0, size - len(chosen))]
    scale = [math.isqrt(weights[v] * _UNIT**2) for v in chosen]
    rows = [chosen] + [[K if i == j else 0 for j in range(len(chosen))] for i in range(len(chosen))]
    basis = fmpz_mat(rows).hnf().tolist()[: len(chosen)]
    return fmpz_mat([[int(v) * s for v, s in zip(row, scale, strict=True)] for row in basis]).lll()


def _gram_volumes(basis: fmpz_mat) -> list[int]:
    """The leading minors of the Gram matrix, by elimination without fractions (Bareiss): each divides exactly."""
    gram = [[int(v) for v in row] for row in (basis * basis.transpose()).tolist()]
    minors, previous = [], 1
    for k, row in enumerate(gram):
        pivot = row[k]
        minors.append(pivot)
        for below in gram[k + 1 :]:
            factor = below[k]
            below[k:] = [(pivot * v - factor * u) // previous for v, u in zip(below[k:], row[k:], strict=True)]
        previous = pivot
    return minors
