"""Lattices of integer forms against brute force: saturated, and one form for every basis and order."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from flint import fmpz_mat, nmod_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfe.leakage import Free, Lattice, LinearAccount
from pyfe.leakage.lattice import generated, generates_all, hermite, integers, pivots, small_primes_of
from pyfe.schema import Schema, category, constant, number, thresholds

EVERY_KIND = Schema(
    {
        "age": number(0, 9, step=1, public=True),
        "k": constant(3),
        "c": category("wxyz"),
        "t": thresholds([1, 2, 5]),
        "b": category(["no", "yes"]),
        "x": number(0, 3, step=1),
        "m": number(0, 3, step=1, missing="bit"),
        "n": category("abc", missing="bit"),
    }
)

matrices = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(-6, 6), min_size=n, max_size=n), min_size=1, max_size=4)
)


def lattice(rows: list[list[int]]) -> Lattice:
    return Lattice.empty(len(rows[0])).with_rows(rows)


def minors(rows: list[list[int]]) -> list[int]:
    r, n = len(rows), len(rows[0])
    return [
        int(sympy.Matrix([[row[j] for j in chosen] for row in rows]).det())
        for chosen in itertools.combinations(range(n), r)
    ]


# -- free coordinates --


def test_free_coordinates_say_everything_that_is_private() -> None:
    free = Free(EVERY_KIND)
    names = [EVERY_KIND.coordinate_names[i] for i in free.positions]
    assert names == [
        *("c=x", "c=y", "c=z", "t>=1.0", "t>=2.0", "t>=5.0", "b=yes", "x", "m", "m is missing"),
        *("n=b", "n=c", "n is missing"),
    ]
    assert len(free) == len(names) and free.owner.tolist() == [1] * 3 + [2] * 3 + [3, 4] + [5] * 2 + [6] * 3
    assert free.places == {
        1: slice(0, 3),
        2: slice(3, 6),
        3: slice(6, 7),
        4: slice(7, 8),
        5: slice(8, 10),
        6: slice(10, 13),
    }


def test_rows_over_free_coordinates_tell_values_apart_as_the_rows_do() -> None:
    rng = np.random.default_rng(1)
    free = Free(EVERY_KIND)
    x = np.stack([np.concatenate([_any(c, rng) for c in EVERY_KIND.columns.values()]) for _ in range(50)])
    x[:, :2] = x[0, :2]  # the public column, and the constant
    y = rng.integers(-9, 10, size=(3, EVERY_KIND.n))
    rows = np.array(free.rows(y))
    lifted = np.array([free.lift(row) for row in rows.tolist()])
    for difference in (x[1:] - x[0]).T[None].transpose(0, 2, 1)[0]:
        assert (y @ difference).tolist() == (rows @ difference[free.positions]).tolist()
        assert (y @ difference).tolist() == (lifted @ difference).tolist()


def _any(column: object, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    codes = column.codes()  # type: ignore[attr-defined]
    return np.asarray(codes[rng.integers(len(codes))])


def test_differences_of_the_widest_weights() -> None:
    schema = Schema({"c": category("abc")})
    most = np.iinfo(np.int64)
    assert Free(schema).rows(np.array([[most.min, most.max, 0]])) == [[2**64 - 1, 2**63]]


def test_nothing_private() -> None:
    schema = Schema({"age": number(0, 9, step=1, public=True)})
    account = LinearAccount(schema).with_rows([[3]])
    assert len(Free(schema)) == 0 and account.lattice.rank == 0 and account.lattice.reduced == []


# -- saturation --


@given(matrices)
def test_a_lattice_holds_all_integer_rows_of_the_span(rows: list[list[int]]) -> None:
    found = lattice(rows)
    rank = int(sympy.Matrix(rows).rank())
    assert found.rank == rank
    if not rank:
        return
    basis = integers(found.basis)
    assert int(sympy.Matrix(rows + basis).rank()) == rank, "it lies in the span"
    assert math.gcd(*minors(basis)) == 1, "and nothing between two of its rows is left out"
    for form in (found.hermite, fmpz_mat(found.reduced)):
        assert form.hnf() == found.basis.hnf()


@given(matrices, st.integers(0, 2**32))
def test_one_form_for_every_basis_and_order(rows: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = len(rows)
    lower, upper = np.tril(rng.integers(-9, 10, (k, k)), -1), np.triu(rng.integers(-9, 10, (k, k)), 1)
    one = np.eye(k, dtype=np.int64)
    other = rng.permutation((one + lower) @ (one + upper) @ np.array(rows)) * rng.integers(1, 5, (k, 1))
    assert lattice(other.tolist()).reduced == lattice(rows).reduced
    assert lattice(other.tolist() + rows).reduced == lattice(rows).reduced


def test_rows_that_have_no_common_divisor_are_not_saturated_for_that() -> None:
    assert lattice([[1, 1, 0], [1, -1, 0]]).reduced in ([[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [1, 0, 0]])
    assert lattice([[3, 6, 9]]).reduced == [[1, 2, 3]]


@given(matrices)
def test_the_normal_form_is_that_of_flint(rows: list[list[int]]) -> None:
    basis = lattice(rows).basis
    assert hermite(basis) == basis.hnf()


@pytest.mark.parametrize("entry", [2**61 - 1, 3 * (2**61 - 1)])
def test_pivots_that_vanish_modulo_the_prime(entry: int) -> None:
    matrix = fmpz_mat([[entry, 1, 5], [2 * entry, 3, 7]])
    assert hermite(matrix) == matrix.hnf()


@given(matrices)
def test_what_columns_generate(rows: list[list[int]]) -> None:
    basis = lattice(rows)
    if basis.rank:
        assert generated(basis.basis).is_one(), "the columns of a saturated basis generate everything"
        twice = fmpz_mat([[2 * v for v in row] for row in integers(basis.basis)])
        assert int(generated(twice).det()) == 2**basis.rank


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_columns_that_are_quickly_seen_to_generate_everything_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    r, n = int(rng.integers(1, 5)), int(rng.integers(1, 40))
    matrix = fmpz_mat((rng.integers(-9, 10, (r, n)) * rng.choice([1, 1, 2, 3, 1009], n)).tolist())
    form = generated(matrix)
    whole = form.nrows() == r and form.is_one()
    assert whole or not generates_all(matrix)
    if whole and n > 4 * r:
        assert generates_all(matrix) or small_primes_of(minor_of_first(matrix)) is None


def minor_of_first(matrix: fmpz_mat) -> int:
    return int(fmpz_mat([[row[j] for j in pivots(matrix)] for row in matrix.tolist()]).det())


def test_columns_with_a_common_prime_do_not_generate_everything() -> None:
    rng = np.random.default_rng(5)
    rows = rng.integers(-9, 10, (3, 30))
    assert generates_all(fmpz_mat(rows.tolist()))
    for prime in (2, 3, 997, 1009):
        assert not generates_all(fmpz_mat([*rows[:2].tolist(), (rows[0] + prime * rows[2]).tolist()]))
    assert not generates_all(fmpz_mat([*rows[:2].tolist(), (rows[0] + rows[1]).tolist()]))


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_pivots_are_the_first_independent_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    r, n, prime = int(rng.integers(1, 5)), int(rng.integers(1, 90)), int(rng.choice([2, 3, 1009]))
    rows = rng.integers(-9, 10, (r, n)) * (rng.random(n) < rng.choice([0.02, 0.1, 1.0]))
    columns: list[list[int]] = []
    expected = []
    for j, column in enumerate(rows.T.tolist()):
        if int(nmod_mat(fmpz_mat([*columns, column]), prime).rank()) > len(columns):
            columns.append(column)
            expected.append(j)
    assert pivots(fmpz_mat(rows.tolist()), prime) == expected


@pytest.mark.parametrize(
    ("number", "primes"),
    [(1, []), (-1, []), (360, [2, 3, 5]), (-997, [997]), (1009, None), (2 * 1009, None), (0, None)],
)
def test_primes_of_a_number(number: int, primes: list[int] | None) -> None:
    assert small_primes_of(number) == primes


# -- kept with the account --


def test_an_account_keeps_its_lattice() -> None:
    rng = np.random.default_rng(3)
    schema = Schema({f"x{i}": number(0, 9, step=1) for i in range(12)})
    rows = rng.integers(-20, 21, size=(4, 12))
    account = LinearAccount(schema).with_rows(rows)
    kept = account.lattice
    assert account.lattice is kept
    again = account.with_rows(rows[:2] * 3 - rows[2])
    assert again.lattice is kept, "what lies in the span costs nothing"
    more = account.with_rows(rng.integers(-20, 21, size=(1, 12)))
    assert more.lattice.rank == 5 and account.lattice is kept
    assert again.count == 6 and again.rank == 4 and again.says_nothing_beyond(account)
    assert not more.says_nothing_beyond(account)
