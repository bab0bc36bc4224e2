"""Combinations of several scores, of any coefficients: remainders that hide on few columns, what is singled out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyfe.leakage import Blind, LinearAccount, Question, attack
from pyfe.leakage.lattice import Lattice
from pyfe.leakage.rules.modulus import modulus
from pyfe.leakage.rules.shared_divisors import Unfinished, hidden, minors_needed, on_few_for_certain
from pyfe.leakage.rules.singled_out import best_shares, singled_out, small_combinations
from pyfe.schema import Schema, category
from tests.unit.hostile_keys import answers, dense, numbers

SEED = bytes(32)
Row = Sequence[int]


def planted(prime: int, rank: int, size: int, few: int, seed: int) -> list[list[int]]:
    """Rows of which a random combination is zero modulo a prime but for the first columns."""
    random = np.random.default_rng(seed)
    half = prime // 2
    others = random.integers(-half, half + 1, (rank - 1, size))
    special = np.r_[random.integers(1, prime, few), np.zeros(size - few, dtype=np.int64)]
    first = (special - random.integers(2, prime - 1, rank - 1) @ others + half) % prime - half
    return [first.tolist(), *others.tolist()]


@given(st.integers(0, 2**32))
@example(7551)  # five columns of one direction: of them alone no minor tells anything
@example(100274)  # four columns of the seven that are used are more than half
@settings(max_examples=40)
def test_every_combination_modulo_a_prime_on_few_columns_is_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    prime, size = int(random.choice([17, 19, 23, 29, 31])), int(random.integers(9, 14))
    rows = Lattice.empty(size).with_rows(planted(prime, 2, size, int(random.integers(1, 4)), seed)).reduced
    found = [(one.modulus, one.row) for one in hidden(rows, np.arange(size), 4, SEED)]
    few = min(4, np.count_nonzero(np.any(rows, axis=0)) // 2)
    for number_ in (17, 19, 23, 29, 31):
        for mix in itertools.product(range(number_), repeat=2):
            word = np.array(mix) @ np.array(rows) % number_
            certain = np.linalg.matrix_rank(np.array(rows)[:, word == 0]) < 2  # it is zero there, not modulo a prime
            if 1 <= np.count_nonzero(word) <= few and not certain:
                same = [tuple((unit * word % number_).tolist()) for unit in range(1, number_)]
                known = [(g, row) for g, row in found if g % number_ == 0]
                assert any(tuple(v % number_ for v in row) in same for _, row in known), (number_, mix)


@pytest.mark.parametrize(
    ("prime", "rank", "size", "few"),
    [(17, 2, 6, 3), (101, 3, 9, 4), (10007, 4, 30, 4), (5, 8, 60, 2), (2**31 - 1, 2, 20, 3), (2**89 - 1, 3, 20, 2)],
)
def test_what_was_planted_is_found(prime: int, rank: int, size: int, few: int) -> None:
    rows = planted(prime, rank, size, few, size) if prime < 2**62 else wide(prime, rank, size, few)
    found = list(hidden(Lattice.empty(size).with_rows(rows).reduced, np.arange(size), 4, SEED))
    assert (prime, tuple(range(few))) in [(one.modulus, one.blocks) for one in found]
    for one in found:
        assert all(0 <= value < one.modulus for value in one.row)
        assert {place for place, value in enumerate(one.row) if value} == set(one.blocks)


def wide(prime: int, rank: int, size: int, few: int) -> list[list[int]]:
    """As :func:`planted`, in numbers of any size."""
    random = np.random.default_rng(few)
    others = [[int(v) for v in random.integers(1, 2**60, size)] for _ in range(rank - 1)]
    mix = [int(v) for v in random.integers(1, 2**60, rank - 1)]
    sums = [sum(c * row[i] for c, row in zip(mix, others, strict=True)) for i in range(size)]
    return [[((i + 1 if i < few else 0) - total) % prime for i, total in enumerate(sums)], *others]


def test_combinations_on_few_columns_for_certain_are_found() -> None:
    size, random = 24, np.random.default_rng(8)
    row = np.r_[[5, -3, 7, 11], np.zeros(20, dtype=np.int64)]
    others = random.integers(-9, 10, (2, size))
    mixed = np.stack([others[0], others[1], row - 5 * others[0] + 3 * others[1]])
    rows = Lattice.empty(size).with_rows(mixed.tolist()).reduced
    found = on_few_for_certain(rows, np.arange(size), 4, SEED)
    assert row.tolist() in found
    plain = Lattice.empty(size).with_rows(others.tolist()).reduced
    assert on_few_for_certain(plain, np.arange(size), 4, SEED) == []


def test_powers_of_a_prime_are_seen_whole() -> None:
    """The least columns are found modulo 17; what they say is found modulo 289."""
    size, half = 24, 144
    others = np.random.default_rng(3).integers(-half, half + 1, size)
    first = (np.r_[1, 5, np.zeros(size - 2, dtype=np.int64)] - 40 * others + half) % 289 - half
    rows = Lattice.empty(size).with_rows([first.tolist(), others.tolist()]).reduced
    assert (289, (0, 1)) in [(one.modulus, one.blocks) for one in hidden(rows, np.arange(size), 4, SEED)]


def test_what_cannot_be_looked_at_in_time_is_refused() -> None:
    """A product of two primes that takes minutes to factor, and scores that are all alike modulo a prime."""
    product = (2**89 - 1) * (2**107 - 1)
    rows = Lattice.empty(20).with_rows(wide(product, 3, 20, 2)).reduced
    with pytest.raises(Unfinished, match="factor"):
        list(hidden(rows, np.arange(20), 4, SEED))
    random = np.random.default_rng(6)
    alike = np.c_[random.integers(-5, 6, (12, 12)), 5 * random.integers(-2, 3, (12, 40))]
    with pytest.raises(Unfinished, match="relations"):
        list(hidden(Lattice.empty(52).with_rows(alike.tolist()).reduced, np.arange(52), 4, SEED))
    (found,) = modulus(question(Schema(numbers(52, 8)), alike))
    assert found.rule == "2m" and found.refuses


def test_honest_scores_hide_nothing() -> None:
    for seed in range(20):
        rows = Lattice.empty(24).with_rows([dense(24, 9, 2 * seed), dense(24, 9, 2 * seed + 1)]).reduced
        assert list(hidden(rows, np.arange(24), 4, SEED)) == []


def test_sets_of_columns_are_as_many_as_it_takes() -> None:
    """Two of them miss the blocks that a combination lives on, but for one in a million."""
    random = np.random.default_rng(1)
    for blocks, rank, few in ((9, 3, 4), (30, 2, 4), (30, 10, 4)):
        count = minors_needed(blocks, rank, few)
        draws = np.argsort(random.random((2000, count, blocks)), axis=2)[:, :, :rank] >= few
        assert (draws.all(axis=2).sum(axis=1) >= 2).all()
        assert count <= 140


def test_the_attack_reads_answers_that_two_scores_hide() -> None:
    schema = Schema({f"q{i}": category(["no", "yes"]) for i in range(2)} | numbers(28, 32))
    half, others = 11, np.array(dense(30, 11, 5))
    first = (np.array([1, 3] + [0] * 28) - 5 * others + half) % 23 - half
    prior = Blind(schema)
    levels = prior.tree_rows(200, SEED)
    told = attack.Told.of(prior, np.stack([first, others]), levels)
    right = attack.opened(attack.residues(told), prior, levels)
    assert right.classes[:2].tolist() == [1.0, 1.0] and right.certain[:2].tolist() == [1.0, 1.0]


# -- what combinations single out --


def question(schema: Schema, rows: object) -> Question:
    before = LinearAccount(schema)
    requested = np.array(rows, dtype=np.int64)
    return Question(before, before.with_rows(requested), requested, Blind(schema))


def test_the_combination_that_is_a_column_is_singled_out() -> None:
    schema = Schema(numbers(20, 16))
    one, two = np.array([7, *dense(19, 3, 1)]), np.array([-5, *dense(19, 3, 2)])
    column = np.array([9, 1, -1, *[0] * 17])
    rows = np.stack([one, two, column - 2 * one + 3 * two])
    asked = question(schema, rows)
    assert column.tolist() in [row if row[0] > 0 else [-v for v in row] for row in asked.singled_out] or any(
        abs(row[0]) == 9 and np.count_nonzero(row) == 3 for row in asked.combined()
    )
    shares = best_shares(asked.Z, asked.prior, asked.free)
    assert shares[0] == pytest.approx(81 / 83, abs=0.01) or shares[0] > 81 / 83
    assert max(shares, key=lambda block: shares[block]) == 0


def test_best_shares_are_those_of_the_best_of_many_combinations() -> None:
    schema = Schema({"c": category("abc")} | numbers(5, 4) | answers(3))
    random = np.random.default_rng(4)
    rows = random.integers(-5, 6, (2, schema.n))
    asked = question(schema, rows)
    shares = asked.best_shares
    covariance, free = asked.prior.given_public(), np.array(asked.Z, dtype=np.float64)
    angles = np.linspace(0, np.pi, 4001)
    mixes = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ free
    towards = mixes @ covariance
    variance = (towards * mixes).sum(axis=1)
    for block, place in asked.free.places.items():
        own = np.linalg.pinv(covariance[place, place])
        explained = ((towards[:, place] @ own) * towards[:, place]).sum(axis=1) / variance
        assert shares[block] == pytest.approx(explained.max(), abs=1e-4)


def test_what_is_rare_does_not_hide_a_column() -> None:
    """Levels that hardly any row has are as good as known: behind them alone, a column is open."""

    class Rare(Blind):
        def __init__(self, schema: Schema) -> None:
            super().__init__(schema)
            for block, size in enumerate(self.blocks.sizes):
                if size == 2:
                    self.marginals[block] = np.array([0.99, 0.01])
                    self.classes[block] = np.arange(2)

    schema = Schema(numbers(8, 16) | answers(12))
    prior = Rare(schema)
    column = np.array([1, *[0] * 7, *[900] * 12])
    first = np.array([*dense(8, 2, 1), *dense(12, 300, 2)])
    rows = Lattice.empty(20).with_rows([first.tolist(), (column - 3 * first).tolist()]).reduced
    found = singled_out(rows, prior, question(schema, rows).free, 0.95)
    assert column.tolist() in [row if row[0] > 0 else [-v for v in row] for row in found]


def test_small_combinations_are_each_there_once() -> None:
    found = [tuple(row) for row in small_combinations(np.eye(2, dtype=int).tolist())]
    assert sorted(found) == [(1, -2), (1, 2), (2, -1), (2, 1)]
    found = [tuple(row) for row in small_combinations(np.eye(3, dtype=int).tolist())]
    assert sorted(found) == [(1, -1, -1), (1, -1, 1), (1, 1, -1), (1, 1, 1)]
    assert small_combinations([[1, 2]]) == small_combinations(np.eye(4, dtype=int).tolist()) == []


def test_one_score_and_scores_behind_noise_have_no_combinations() -> None:
    import pyfe

    schema = Schema(numbers(9, 16))
    assert (
        question(schema, [dense(9, 9, 1)]).combinations == [dense(9, 9, 1)]
        or not question(schema, [dense(9, 9, 1)]).singled_out
    )
    noisy = Schema(numbers(9, 16) | {"noise": pyfe.noise(slots=2)})
    asked = question(noisy, [[*dense(9, 9, 1), 1, 0], [*dense(9, 9, 2), 0, 1]])
    assert asked.singled_out == asked.small == [] and asked.best_shares == {}
