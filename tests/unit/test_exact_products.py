"""Products of integers by products of floats are those of integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.leakage.rules.exact_products import Scaled, scaled

FloatArray = npt.NDArray[np.float64]


def expected(rows: list[list[int]], matrix: FloatArray, scale: int) -> list[list[int]]:
    """By Python's integers, from fractions: nothing of the code that is tested."""
    whole = [[round(Fraction(value) * 2**scale) for value in row] for row in matrix.tolist()]
    towards = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in whole] for row in rows]
    return [[sum(a * b for a, b in zip(left, row, strict=True)) for row in rows] for left in towards]


def found(rows: list[list[int]], matrix: FloatArray, scale: int) -> list[list[int]]:
    return [[int(value) for value in row] for row in Scaled(matrix, scale).gram(rows).tolist()]


def symmetric(rng: np.random.Generator, size: int, spread: float) -> FloatArray:
    matrix = rng.standard_normal((size, size)) * 2.0 ** rng.uniform(-spread, spread, (size, size))
    return np.asarray(matrix + matrix.T)


@pytest.mark.parametrize("spread", [0.0, 8.0, 30.0])
@pytest.mark.parametrize("widest", [1, 127, 2**15, 2**28, 2**40, 2**62, 2**70])
def test_a_gram_matrix_is_exact(spread: float, widest: int) -> None:
    rng = np.random.default_rng([int(spread), widest.bit_length()])
    for size, count in ((1, 1), (7, 3), (40, 5)):
        rows = [[int(v * widest) for v in row] for row in rng.uniform(-1, 1, (count, size))]
        rows[0][0] = -widest
        matrix = symmetric(rng, size, spread)
        assert found(rows, matrix, 60) == expected(rows, matrix, 60)


@pytest.mark.parametrize("beyond", [-1, 0, 1, 2])
def test_at_the_end_of_what_floats_hold(beyond: int) -> None:
    """Rows whose weights add up to about 2^33, on limbs that are as large as limbs can be."""
    limb = 2**19
    rows = [[2**32, 2**32 + beyond], [-(2**32), 2**32 + beyond], [1, 2**33 + beyond - 1]]
    for value in (limb, -limb, limb * (1 + 2**20), limb * (1 - 2**20), limb - 1 + 2**40 * (limb - 1)):
        matrix = np.array([[value, value - 1], [value - 1, value]], dtype=np.float64)
        assert found(rows, matrix, 0) == expected(rows, matrix, 0)


def test_halves_are_rounded_to_even() -> None:
    halves = np.arange(-9, 10) / 2.0
    halves = np.concatenate([halves, halves + 2**20, halves - 2**40, halves + 2**19, [2**-70.0, 0.5 - 2**-54]])
    for value in halves.tolist():
        assert found([[1]], np.array([[value]]), 0) == [[round(value)]] == [[scaled(value, 0)]]
        assert found([[3]], np.array([[math.ldexp(value, -60)]]), 60) == [[9 * round(value)]]


def test_what_is_no_number_has_no_product() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ArithmeticError, match="not a number"):
            Scaled(np.array([[value]]), 60).gram([[1]])
