"""Divisors that weights have in common: what is looked at, what cannot be, and from which bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import fmpz, fmpz_mat

from pyfe.leakage import Blind, Finding, LinearAccount, Question
from pyfe.leakage.counts import MOST_RESIDUE, MOST_WORK
from pyfe.leakage.lattice import Lattice
from pyfe.leakage.rules import modulus as rule_2m
from pyfe.leakage.rules import shared_divisors
from pyfe.leakage.rules.left_over import modulo_others, remainders, suspects
from pyfe.leakage.rules.modulus import modulus
from pyfe.leakage.rules.question import combined
from pyfe.leakage.rules.residues import on_few, residues_of
from pyfe.leakage.rules.shared_divisors import Unfinished, hidden, minors_needed, on_few_for_certain
from pyfe.schema import Schema, number

SEED = bytes(32)


def question(schema: Schema, rows: Any) -> Question:
    before = LinearAccount(schema)
    requested = np.atleast_2d(np.array(rows, dtype=np.int64))
    return Question(before, before.with_rows(requested), requested, Blind(schema))


def numbers(count: int, size: int = 8) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1) for i in range(count)}


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


# -- one score --


def test_a_score_of_nothing_has_no_remainder() -> None:
    owner = np.arange(6)
    assert list(residues_of([0] * 6, owner, 4)) == []
    (found,) = residues_of([3, 0, 34, 51, 68, 85], owner, 4)
    assert (found.modulus, found.blocks, found.row) == (17, (0,), (3, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(("odd", "shown"), [(0, False), (1, True), (4, True), (5, False)])
def test_columns_beyond_those_that_numbers_are_sorted_out_by(odd: int, shown: bool) -> None:
    """Sixty columns, of which the last few are odd and the first 48 say nothing of that."""
    content = np.array([2] * (60 - odd) + [1] * odd)
    last = tuple(range(60 - odd, 60))
    assert list(on_few(list(range(60)), content, 4)) == ([(2, last)] if shown else [])


def test_a_remainder_of_more_than_half_is_meaning_to_the_column() -> None:
    content = np.array([1, 1, 1, 34, 34, 34])
    assert dict(on_few(list(range(6)), content, 4)) == {2: (0, 1, 2), 34: (0, 1, 2)}
    assert dict(on_few(list(range(5)), content[:5], 4)) == {}, "three of five"


# -- one column beside all others --


def test_a_column_that_has_no_others() -> None:
    """Two coordinates of one column: nothing hides it."""
    rows, owner = [[1, 2]], np.array([0, 0])
    codes = np.array([[0, 0], [1, 0], [0, 1]])
    assert suspects(rows, owner) == [0]
    assert remainders(rows, owner, 0, codes).tolist() == [0, 1, 2]
    shares = np.array([[5], [-3]], dtype=object)
    assert modulo_others(rows, owner, 0, shares) == [(5,), (-3,)]
    assert modulo_others([[1, 2, 4]], np.array([0, 0, 1]), 0, shares) == [(1,), (1,)], "modulo 4"


def test_every_column_is_tried_where_minors_have_a_large_prime() -> None:
    """All others are multiples of 1009, beyond the primes that are looked for."""
    assert suspects([[1, 1009, 2018, 3027, 5045]], np.arange(5)) == [0]
    assert suspects([[1, 1009, 2018, 3027, 5046]], np.arange(5)) == []
    assert suspects([[1, 997, 2 * 997, 3 * 997, 5 * 997]], np.arange(5)) == [0]


# -- rule 2m --

PRIME = 10007
SUMS = [1, 3, 7, *(PRIME * factor for factor in (1, 2, 3, 5, 11))]


@pytest.mark.parametrize(("most", "kind"), [(PRIME, "modulus"), (PRIME - 1, "too fine")])
def test_a_remainder_that_is_too_large_is_not_counted(most: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three columns modulo a prime: 512 sums, which tell much of each."""
    assert MOST_RESIDUE == 2**24
    monkeypatch.setattr(rule_2m, "MOST_RESIDUE", most)
    found = only(modulus(question(Schema(numbers(8)), SUMS)))
    assert (found.kind, found.rule, found.refuses) == (kind, "2m", True)
    assert f"modulo {PRIME}" in found.note
    if kind == "too fine":
        assert (found.figure, found.limit) == (float(24 * PRIME), float(MOST_WORK))
        assert "over all levels of 3 columns" in found.note


@pytest.mark.parametrize(("less", "kind"), [(0, "modulus"), (1, "too fine")])
def test_levels_times_the_number_have_a_bound_too(less: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three columns of 8 levels modulo 10007."""
    work = 3 * 8 * PRIME
    monkeypatch.setattr(rule_2m, "MOST_WORK", work - less)
    found = only(modulus(question(Schema(numbers(8)), SUMS)))
    assert found.kind == kind
    if less:
        assert (found.figure, found.limit) == (float(work), float(work - 1))


def test_sums_and_differences_of_two() -> None:
    rows = [[1, 2], [3, 5], [-7, 2**62]]
    assert combined(rows[:1]) == rows[:1]
    assert combined(rows[:2]) == [[1, 2], [3, 5], [4, 7], [-2, -3]]
    assert combined(rows, 2) == rows and combined(rows, 3) == combined(rows)
    assert combined(rows)[3:] == [[4, 7], [-2, -3], [-6, 2**62 + 2], [8, 2 - 2**62], [-4, 2**62 + 5], [10, 5 - 2**62]]


# -- several scores --


@pytest.mark.parametrize(("blocks", "rank", "few"), [(9, 2, 3), (12, 3, 4), (6, 5, 2), (30, 2, 1)])
def test_so_many_sets_are_needed(blocks: int, rank: int, few: int) -> None:
    """The least number of draws of which two or more miss the few, but for one in a million: by the binomial law."""
    count = minors_needed(blocks, rank, few)
    if blocks < rank + few:
        assert count == 256, "none can"
        return
    hit = 1 - np.prod([(blocks - few - i) / (blocks - i) for i in range(rank)])
    fewer_than_two = [hit**n + n * (1 - hit) * hit ** (n - 1) for n in (count - 1, count)]
    assert fewer_than_two[1] <= 1e-6 < fewer_than_two[0]


def test_where_no_number_is_enough_the_most_are_drawn() -> None:
    assert minors_needed(10, 6, 4) == 256, "one set of 210 misses four"
    assert minors_needed(9, 6, 4) == 256, "none does"


def mixed(special: list[int], prime: int, size: int, seed: int) -> list[list[int]]:
    """Two rows, of which a combination is ``special`` modulo a prime and the others 0."""
    other = [int(v) for v in np.random.default_rng(seed).integers(1, 2**40, size)]
    wanted = special + [0] * (size - len(special))
    return [[(value - 12345 * o) % prime for value, o in zip(wanted, other, strict=True)], other]


@pytest.mark.parametrize("prime", [2**31 - 1, 2**61 - 1, 2**89 - 1])
def test_primes_of_any_size_are_found(prime: int) -> None:
    """Those of a word, that which pivots are looked for in elsewhere, and those beyond a word."""
    rows = Lattice.empty(16).with_rows(mixed([2, 5, 9], prime, 16, 1)).reduced
    found = [one for one in hidden(rows, np.arange(16), 4, SEED) if one.modulus % prime == 0]
    assert found and [(one.modulus, one.blocks) for one in found] == [(prime, (0, 1, 2))] * len(found)
    for one in found:
        scale = one.row[0] * pow(2, -1, prime) % prime
        assert one.row[:3] == tuple(scale * value % prime for value in (2, 5, 9))
        word = [sum(c * row[i] for c, row in zip(one.of, rows, strict=True)) % prime for i in range(16)]
        assert tuple(word) == one.row, "of the scores it is said to be of"


def short(prime: int, special: list[int], rank: int, size: int) -> list[list[int]]:
    """Scores of which a combination is ``special`` modulo a prime and 0 on all other columns, in weights of about
    ``prime^(1/rank)``: each column is near to a point of the lattice of those on which the combination is 0."""
    random = np.random.default_rng(6)
    mix = [1, *(int(a) * int(b) % prime for a, b in random.integers(1, 2**62, (rank - 1, 2)))]
    lattice = fmpz_mat(
        [[prime, *[0] * (rank - 1)], *([-mix[i], *(int(i == j) for j in range(1, rank))] for i in range(1, rank))]
    )
    basis = np.array(lattice.lll().tolist(), dtype=object)
    columns = []
    for wanted in special + [0] * (size - len(special)):
        far = np.array([wanted, *[0] * (rank - 1)], dtype=object) + random.integers(-3, 4, rank) @ basis
        near = np.rint(np.linalg.solve(basis.astype(float).T, far.astype(float))).astype(np.int64)
        column = far - near @ basis + random.integers(-1, 2, rank) @ basis
        assert sum(c * v for c, v in zip(mix, column, strict=True)) % prime == wanted
        columns.append([int(v) for v in column])
    return np.array(columns, dtype=object).T.tolist()


def test_scores_of_sixteen_bits_hide_nothing_modulo_a_known_prime() -> None:
    """Six scores of thirty columns of 8 levels, as narrow as the rules ask: together they tell 2 q0 + 5 q1 + 9 q2."""
    rows = short(2**61 - 1, [2, 5, 9], 6, 30)
    assert max(abs(value) for row in rows for value in row) < 2**15
    found = only(modulus(question(Schema(numbers(30)), rows)))
    assert (found.rule, found.refuses) == ("2m", True) and str(2**61 - 1) in found.note


def test_what_cannot_be_factored_is_not_issued() -> None:
    """Ten scores modulo a product of two primes of 65 bits: that something is hidden is all that is seen."""
    rows = short((2**65 - 49) * (2**65 - 79), [2, 5, 9], 10, 30)
    found = only(modulus(question(Schema(numbers(30)), rows)))
    assert (found.kind, found.rule, found.refuses) == ("checked in part", "2m", True)
    assert "takes too long to factor" in found.note and "Change a weight" in found.advice


def test_the_prime_that_columns_are_independent_by_is_not_known() -> None:
    primes = {shared_divisors._unknown_prime(bytes([i]) * 32) for i in range(20)}
    assert len(primes) == 20 and all(2**60 < prime < 2**61 + 2**10 and fmpz(prime).is_prime() for prime in primes)
    assert shared_divisors._unknown_prime(SEED) == shared_divisors._unknown_prime(SEED)


def test_the_primes_that_two_minors_have() -> None:
    assert shared_divisors._common_primes([6, 10, 105]) == [2, 3, 5]
    assert shared_divisors._common_primes([17, 101, 2**40]) == []
    assert shared_divisors._common_primes([0, 12]) == [2, 3], "0 is a multiple of everything"
    assert shared_divisors._common_primes([8, 8]) == [2]


LONG, LONGER, LONGEST = 2**89 - 1, 2**107 - 1, 2**521 - 1


def test_large_numbers_are_split_by_small_primes_and_by_others() -> None:
    """Beyond 2^128 nothing is factored: primes are known for such."""
    of = shared_divisors._primes_of
    assert of(2**127 - 1, ()) == [2**127 - 1] and of(LONGEST, ()) == [LONGEST]
    assert sorted(of(2**128 - 1, ())) == [3, 5, 17, 257, 641, 65537, 274177, 6700417, 67280421310721], (
        "below: in milliseconds"
    )
    assert sorted(of(17 * LONGEST, ())) == [17, LONGEST]
    assert sorted(of(997 * 997 * LONGEST, ())) == [997, 997, LONGEST]
    assert sorted(of(LONG * LONGER, [LONGER * 7])) == [LONG, LONGER]
    for others in ((), [LONG * LONGER], [LONGEST]):
        with pytest.raises(Unfinished, match="takes too long to factor"):
            of(LONG * LONGER, others)


def test_combinations_on_few_are_looked_for_in_up_to_four_scores() -> None:
    size, random = 24, np.random.default_rng(5)
    short = [7, -3, 2, 5] + [0] * 20
    for rank, found in ((4, True), (5, False)):
        others = random.integers(-9, 10, (rank - 1, size))
        last = np.array(short) + others.sum(axis=0)
        rows = Lattice.empty(size).with_rows([*others.tolist(), last.tolist()]).reduced
        assert (short in on_few_for_certain(rows, np.arange(size), 4, SEED)) == found
