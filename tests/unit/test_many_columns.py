"""What rules 2m and 2e see at once over many columns is what they see by looking at everything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.leakage import Blind, Limits, LinearAccount, Question
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.residues import residues_of, scanned
from pyfe.leakage.rules.support import explained, far_below
from pyfe.schema import Schema, category, number, thresholds

FloatArray = npt.NDArray[np.float64]


def numbers(count: int) -> dict[str, Any]:
    return {f"x{i}": number(0, 255, step=1) for i in range(count)}


class Known(Blind):
    """A prior of somebody who knows covariances."""

    blind = False

    def __init__(self, schema: Schema, private: FloatArray) -> None:
        super().__init__(schema)
        self._private = private

    def given_public(self) -> FloatArray:
        return self._private


def correlated(schema: Schema, rng: np.random.Generator) -> Known:
    free = len(LinearAccount(schema).free)
    factors = rng.standard_normal((free, 2))
    return Known(schema, factors @ factors.T + np.diag(rng.uniform(0.2, 2, free)))


def question(schema: Schema, rows: Any, prior: Any) -> Question:
    before, requested = LinearAccount(schema), np.atleast_2d(np.array(rows, dtype=np.int64))
    return Question(before, before.with_rows(requested), requested, prior, Limits())


# -- remainders --


@pytest.mark.parametrize(("rank", "modulus"), [(2, 16), (4, 5), (7, 3), (11, 2)])
def test_combinations_over_many_columns_are_covered(rank: int, modulus: int) -> None:
    """More columns than combinations are sorted out by: those that live on few columns are planted at both ends."""
    rng = np.random.default_rng([rank, modulus])
    owner = np.repeat(np.arange(90), rng.integers(1, 3, 90))
    rows = rng.integers(-60, 61, (rank, len(owner)))
    for start in (0, 40, 86):
        few = np.isin(owner, range(start, start + 4)) * rng.integers(1, modulus, len(owner))
        of = rng.integers(0, modulus, rank - 1)
        rows[-1] = modulus * rng.integers(-5, 6, len(owner)) + few - of @ rows[:-1]
        planted = [u * few % modulus for u in range(1, modulus) if math.gcd(u, modulus) == 1]
        found = {r.row: r.blocks for r in scanned(rows.tolist(), owner, 4) if r.modulus == modulus}
        (row,) = {tuple(one.tolist()) for one in planted} & {*found}
        assert found[row] == tuple(sorted({int(b) for b in owner[np.array(row) != 0]}))
        assert all(len(blocks) <= 4 for blocks in found.values())


@pytest.mark.parametrize(
    ("base", "beyond", "expected"),
    [
        (12, 1, {2, 3, 4, 6, 12}),
        (16, 1, {2, 4, 8, 16}),
        (34, 1, {2, 34}),
        (34, 2**62, {2, 34}),
        (21, 2**70, {3, 7, 21}),
    ],
)
@pytest.mark.parametrize("places", [(0, 1, 2), (40, 55, 89), (86, 88, 89)])
def test_numbers_that_leave_few_of_many_columns(
    base: int, beyond: int, expected: set[int], places: tuple[int, ...]
) -> None:
    """The few are the first, the last, or between: also beyond those by which numbers are sorted out."""
    row = [base * (beyond + i % 7) for i in range(90)]
    for place in places:
        row[place] += 1
    found = {r.modulus: (r.blocks, r.row) for r in residues_of(row, np.arange(90), 4)}
    assert {*found} == expected
    assert all(blocks == places and list(left) == [v % g for v in row] for g, (blocks, left) in found.items())


# -- shares of the variance --


@pytest.mark.parametrize("seed", range(60))
def test_shares_that_are_seen_to_be_small_are(seed: int) -> None:
    """What decides at once is what :func:`explained` says of every row, sum and difference."""
    rng = np.random.default_rng(seed)
    columns = [
        numbers(9),
        {f"q{i}": category(["no", "yes"]) for i in range(3)} | numbers(6),
        {"w": category("abcd"), "t": thresholds([1, 2]), **numbers(7)},
    ]
    schema = Schema.from_ranges(columns[seed % 3])
    prior, asked = [Blind(schema), correlated(schema, rng)][seed % 2], rng.integers(-9, 10, (1 + seed % 4, schema.n))
    if seed % 5 == 0:
        asked[0] *= 1000
    one = question(schema, asked, prior)
    covariance = covariance_of(prior)
    largest = max(share for _, _, share in explained(one, covariance, one.combined()))
    assert not far_below(one, covariance, largest + 1e-9)
    assert far_below(one, covariance, largest + 0.01)


@pytest.mark.parametrize(
    ("what", "matrix", "row"),
    [
        ("a score that does not vary", np.ones((6, 6)), [1, -1, 1, -1, 1, -1]),
        ("nearly so", np.ones((6, 6)) + 1e-5 * np.eye(6), [1, -1, 1, -1, 1, -1]),
        ("no covariance", np.eye(6) + 2 * np.eye(6)[::-1], [1, 2, 3, 4, 5, 6]),
        ("weights beyond floats", np.eye(6), [2**52 + 1, 2**52, 2**51, 2**51 + 1, 2**52 - 1, 2**52 - 5]),
    ],
)
def test_nothing_is_seen_at_once_where_rounding_could_decide(what: str, matrix: FloatArray, row: list[int]) -> None:
    schema = Schema.from_ranges(numbers(6))
    prior = Known(schema, matrix)
    assert not far_below(question(schema, row, prior), covariance_of(prior), 10.0), what


def test_nothing_is_seen_at_once_of_a_column_that_is_nearly_determined() -> None:
    schema = Schema.from_ranges({"w": category("abc"), **numbers(6)})
    matrix = np.eye(8)
    for gap, seen in ((1e-3, True), (1e-9, False)):
        matrix[0, 1] = matrix[1, 0] = 1 - gap
        prior = Known(schema, matrix)
        asked = question(schema, [0, 1, 2, 3, 4, 5, 6, 7, 8], prior)
        assert far_below(asked, covariance_of(prior), 10.0) is seen
