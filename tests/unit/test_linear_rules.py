"""The rules for linear keys: each against brute force or a formula of its own, and what each alone refuses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from flint import fmpz_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyfe.errors import ParameterError
from pyfe.leakage import Blind, Finding, Free, Limits, LinearAccount, Question, check_linear, judged
from pyfe.leakage.counts import Score
from pyfe.leakage.lattice import Lattice, generated, integers
from pyfe.leakage.rules import RULES
from pyfe.leakage.rules.budget import budget
from pyfe.leakage.rules.correlation import correlation
from pyfe.leakage.rules.information import information
from pyfe.leakage.rules.kernel import kernel_of, split_basis
from pyfe.leakage.rules.least_squares import ROWS, least_squares, opened
from pyfe.leakage.rules.left_over import suspects
from pyfe.leakage.rules.modulus import modulus
from pyfe.leakage.rules.rank import most_scores, rank
from pyfe.leakage.rules.residues import residues_of, scanned
from pyfe.leakage.rules.rounding_off import rounding_off, success
from pyfe.leakage.rules.support import support
from pyfe.schema import Schema, category, constant, number, thresholds

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

NONE = np.zeros((0, 0), dtype=np.int64)
RNG = np.random.default_rng(3)
EVEN = (2 * RNG.integers(1, 60, 20) * RNG.choice([-1, 1], 20)).tolist()
SIXTEENS = (16 * RNG.integers(1, 8, 20) * RNG.choice([-1, 1], 20)).tolist()
DENSE = RNG.integers(-60, 61, 24).tolist()


def numbers(count: int, size: int = 256) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1) for i in range(count)}


def answers(count: int, **marks: bool) -> dict[str, Any]:
    return {f"q{i}": category(["no", "yes"], **marks) for i in range(count)}


class Known(Blind):
    """A prior of somebody who knows covariances, and half of a row's bits are the budget."""

    blind = False

    def __init__(self, schema: Schema, private: FloatArray, public: FloatArray | None = None) -> None:
        super().__init__(schema)
        self.budget_bits = self.entropy_bits / 2
        self._private = private
        self._all = private if public is None else public

    @property
    def covariance(self) -> FloatArray:
        return self._all

    def given_public(self) -> FloatArray:
        return self._private


def question(schema: Schema, rows: Any, prior: Any = None, **limits: Any) -> Question:
    before = LinearAccount(schema)
    requested = np.atleast_2d(np.array(rows, dtype=np.int64))
    known = prior or Blind(schema)
    return Question(before, before.with_rows(requested), requested, known, Limits(**limits))


def refusal(issued: Any, request: Any, schema: Schema, **arguments: Any) -> Finding | None:
    found = check_linear(issued, request, schema, **arguments)
    return found[0] if found else None


# -- what is refused, and by which rule --

HOSTILE: dict[str, tuple[dict[str, Any], list[Any], str]] = {
    "parity of a protected answer": (answers(1, protected=True) | numbers(20), [[1, *EVEN]], "2m"),
    "z mod 16 is a column": ({"cd4": number(0, 15, step=1), **numbers(20)}, [[1, *SIXTEENS]], "2m"),
    "seven of 23 answers": (answers(23), [[1 << i for i in range(7)] + [0] * 16], "2m"),
    "seven answers in a wide table": (answers(7) | numbers(24), [[1 << i for i in range(7)] + [0] * 24], "2m"),
    "four answers by z mod 16": (answers(4) | numbers(20), [[1, 2, 4, 8, *SIXTEENS]], "2m"),
    "two answers by parity": (answers(2, protected=True) | numbers(20), [[1, 1, *EVEN]], "2m"),
    "a gcd beyond 16": (answers(3) | numbers(20), [[1, 25, 60, *(101 * v for v in EVEN)]], "2m"),
    "a divisor of three gcds": (
        answers(1) | numbers(6),
        [[1, 2 * 3 * 101, 3 * 5 * 101, 2 * 5 * 101, 7 * 101, 11 * 101, 13 * 101]],
        "2m",
    ),
    "a pair that is nearly equal": (
        numbers(5) | {"x5": category(["no", "yes"])} | {f"z{i}": number(0, 255, step=1) for i in range(18)},
        [DENSE, [v + (1 if i == 5 else 2 * (i % 3)) for i, v in enumerate(DENSE)]],
        "2m",
    ),
    "super-increasing": (answers(13), [2 ** np.arange(13)], "2m"),
    "categories as digits": (
        {f"w{i}": category("abcd") for i in range(4)},
        [[4**i * j for i in range(4) for j in range(4)]],
        "2m",
    ),
    "a unit": (numbers(24), [np.eye(24, dtype=int)[3]], "2"),
    "a near pair": (numbers(24), [np.ones(24, int), np.r_[2, np.ones(23, int)]], "2"),
    "one category": ({"ward": category("abcdefgh"), **numbers(8)}, [list(range(8)) + [0] * 8], "2"),
    "a carry": (numbers(24), [np.r_[1, 256, np.zeros(22, int)]], "2"),
    "eight bits on ten answers": (answers(10), [RNG.integers(-127, 128, 10)], "4"),
    "sixteen bits on 14 answers": (answers(14), [RNG.integers(-(2**15), 2**15, 14)], "4"),
    "three scores of eight columns": (numbers(8), [RNG.integers(-9, 10, (3, 8))], "3"),
    "a heavy column": (numbers(12), [[1000, *range(1, 12)]], "2e"),
    "wide weights": (numbers(12), [[2**16 + 1, *range(1, 12)]], "1"),
    "a constant": ({"c": category("abc"), "k": constant(2), **numbers(6)}, [[5, 5, 5, 1, *([0] * 6)]], "0"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_are_refused_by_the_rule_named(name: str) -> None:
    columns, keys, rule = HOSTILE[name]
    schema, held, found = Schema.from_ranges(columns), NONE, list[Finding]()
    for key in keys:
        found = check_linear(held, key, schema)
        if any(finding.refuses for finding in found):
            break
        held = np.atleast_2d(key) if not len(held) else np.concatenate([held, np.atleast_2d(key)])
    assert [finding.rule for finding in found if finding.refuses][:1] == [rule]
    assert all(str(finding) for finding in found)


@pytest.mark.parametrize(
    ("columns", "bits"), [(numbers(24), 6), (answers(30), 3)], ids=["24 columns of 256 values", "30 answers"]
)
def test_honest_requests_are_granted(columns: dict[str, Any], bits: int) -> None:
    rng = np.random.default_rng(8)
    schema = Schema.from_ranges(columns)
    for _ in range(3):
        assert check_linear(NONE, rng.integers(-(2**bits), 2**bits, schema.n), schema) == []


def test_a_bad_basis_costs_what_its_span_costs() -> None:
    schema = Schema.from_ranges(numbers(24))
    first, second = np.array(DENSE), 2 * np.array(DENSE)
    assert check_linear(NONE, first, schema) == []
    (again,) = check_linear(first, second, schema)
    assert again.kind == "nothing new" and again.rule == "0" and not again.refuses
    third = refusal(np.stack([first, second]), first + 1, schema)
    assert third is not None and third.rule == "4"


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_answer_depends_on_no_basis_and_no_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {"c": category("abc", protected=bool(seed % 2)), **numbers(5, 4), **answers(4)}
    schema = Schema.from_ranges(columns)
    rows = rng.integers(-4, 5, (2, schema.n)) * rng.choice([1, 2], schema.n)
    lower, upper = np.array([[1, 0], [rng.integers(-3, 4), 1]]), np.array([[1, rng.integers(-3, 4)], [0, 1]])
    other = (lower @ upper @ rows)[::-1] * 3
    ours, theirs = check_linear(NONE, rows, schema), check_linear(NONE, other, schema)
    assert [(f.rule, f.kind, f.names, f.figure) for f in ours] == [(f.rule, f.kind, f.names, f.figure) for f in theirs]


def test_seeds_follow_the_span() -> None:
    schema = Schema.from_ranges(numbers(9))
    rows = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 1, 4, 1, 5, 9, 2, 6, 5]])
    one, other = question(schema, rows), question(schema, [rows[1] * 2, rows[0] - rows[1]])
    assert one.seed("targets") == other.seed("targets") != one.seed("rows")
    assert one.kept_seed == other.kept_seed and len(one.seed("targets")) == len(one.kept_seed) == 32
    assert question(schema, rows[0]).seed("targets") != one.seed("targets")
    secret = Question(one.before, one.after, one.requested, one.given, one.limits, b"another secret")
    assert secret.seed("targets") != one.seed("targets") and secret.kept_seed != one.kept_seed


def test_a_column_that_is_too_fine_to_be_counted() -> None:
    schema = Schema.from_ranges({"fine": number(0, 2**20, step=1), **numbers(8)})
    found = refusal(NONE, [1, *range(2, 10)], schema)
    assert found is not None and found.kind == "checked in part" and found.names == ("fine",)
    opened = refusal(NONE, [1, *([0] * 8)], schema)
    assert opened is not None and opened.rule == "2", "linear algebra needs no counting"
    with pytest.raises(LookupError):
        _ = Question(LinearAccount(schema), LinearAccount(schema), NONE, None).prior


def test_more_scores_than_any_schema_allows_are_refused_before_lattices_are_made() -> None:
    schema = Schema.from_ranges(numbers(60))
    rows = np.random.default_rng(0).integers(-9, 10, (17, 60))
    found = refusal(NONE, rows, schema)
    assert found is not None and (found.rule, found.figure, found.limit) == ("3", 17, 16)


def test_bad_requests() -> None:
    schema = Schema.from_ranges(numbers(3))
    with pytest.raises(ParameterError, match="at least one row"):
        check_linear([1, 2, 3], NONE, schema)
    with pytest.raises(ParameterError, match="rows are integers"):
        check_linear(NONE, [0.5, 1, 2], schema)


def test_the_first_rule_that_says_anything_decides() -> None:
    schema = Schema.from_ranges(numbers(8))
    asked = question(schema, [1, 0, 0, 0, 0, 0, 0, 0])
    assert judged(asked, RULES) == RULES[2](asked) != []
    assert judged(asked, RULES[:2]) == []


# -- rule 1 --


def test_the_width_of_a_primitive_row() -> None:
    schema = Schema.from_ranges(numbers(12))
    row = np.array([2**15, *range(3, 14)])
    assert RULES[1](question(schema, row)) == []
    assert RULES[1](question(schema, 6 * row)) == [], "a common divisor says nothing"
    (found,) = RULES[1](question(schema, [2**15 + 1, *range(3, 14)]))
    assert (found.rule, found.figure, found.limit) == ("1", 2**15 + 1, 2**15)


# -- rule 2m --


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_suspects_are_those_without_which_columns_generate_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks, r = int(rng.integers(3, 14)), int(rng.integers(1, 4))
    owner = np.repeat(np.arange(blocks), rng.integers(1, 3, blocks))
    steps = np.where(rng.random(len(owner)) < 0.2, 1, rng.choice([1, 2, 3, 6, 1009]))
    lattice = Lattice.empty(len(owner)).with_rows((rng.integers(-5, 6, (r, len(owner))) * steps).tolist())
    assume(lattice.rank)
    rows = lattice.reduced
    expected = []
    for block in range(blocks):
        rest = [[v for v, b in zip(row, owner, strict=True) if b != block] for row in rows]
        form = generated(fmpz_mat(rest))
        if form.nrows() < len(rows) or not form.is_one():
            expected.append(block)
    assert suspects(rows, owner) == expected


def few_blocks(row: Sequence[int], owner: IntArray, g: int) -> frozenset[int]:
    return frozenset(int(b) for v, b in zip(row, owner, strict=True) if v % g)


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_every_modulus_that_leaves_few_columns_is_covered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(int(rng.integers(2, 12))), 1 + (rng.random() < 0.3))
    base = int(rng.choice([1, 6, 34, 77, 101, 360]))
    row = np.where(
        rng.random(len(owner)) < 0.7, base * rng.integers(-4, 5, len(owner)), rng.integers(-90, 91, len(owner))
    )
    assume(row.any())
    row //= np.gcd.reduce(row)
    few = min(4, len(few_blocks(row.tolist(), owner, 10**9)) // 2)
    found = list(residues_of(row.tolist(), owner, 4))
    assert all(
        1 <= len(r.blocks) <= few and frozenset(r.blocks) == few_blocks(row.tolist(), owner, r.modulus) for r in found
    )
    for g in range(2, 400):
        blocks = few_blocks(row.tolist(), owner, g)
        if 1 <= len(blocks) <= few:
            assert any(r.modulus % g == 0 and frozenset(r.blocks) == blocks for r in found), g


@pytest.mark.parametrize(("rank", "most"), [(2, 16), (3, 6)])
def test_every_combination_modulo_a_number_is_covered(rank: int, most: int) -> None:
    rng = np.random.default_rng(rank)
    owner = np.arange(9)
    rows = (rng.integers(-6, 7, (rank, 9)) * rng.choice([1, 2, 3, 4], 9)).tolist()
    found = {(r.modulus, r.row) for r in scanned(rows, owner, 4)}
    blocks = {(r.modulus, r.row): r.blocks for r in scanned(rows, owner, 4)}
    assert all(tuple(np.flatnonzero(row).tolist()) == blocks[g, row] for g, row in found)
    for g in range(2, most + 1):
        for c in itertools.product(range(g), repeat=rank):
            if math.gcd(g, *c) != 1:
                continue
            row = np.array(c) @ np.array(rows) % g
            said = (g, tuple(row.tolist()))
            same = [(g, tuple((u * row % g).tolist())) for u in range(1, g) if math.gcd(u, g) == 1]
            assert (1 <= np.count_nonzero(row) <= 4) == any(one in found for one in same), said


def test_combinations_are_looked_at_up_to_2_to_the_16() -> None:
    rows = [[1 if j == i else 2 for j in range(12)] for i in range(5)]
    moduli = {r.modulus for r in scanned(rows, np.arange(12), 4)}
    assert moduli and max(moduli) <= 9, "9^5 < 2^16 < 10^5"


def test_a_remainder_of_half_of_the_columns_is_meaning() -> None:
    """A remainder of three columns of six is looked at; that of four is what more than half of the score says."""
    schema = Schema.from_ranges(answers(6))
    (found,) = modulus(question(schema, [1, 3, 5, 4, 8, 12]))
    assert found.note.startswith("modulo 4")
    assert modulus(question(schema, [1, 3, 5, 7, 8, 12])) == []


def test_what_a_remainder_may_say() -> None:
    """Two columns are odd: a pair of answers is refused, and what is protected; two long columns keep their values."""
    weights = [1, 1, *EVEN, 4]
    for columns, refused in ((numbers(23), False), (answers(2) | numbers(21), True)):
        schema = Schema.from_ranges(columns)
        assert bool(modulus(question(schema, weights[: schema.n]))) is refused
    marked = {f"x{i}": number(0, 255, step=1, protected=i == 0) for i in range(23)}
    (found,) = modulus(question(Schema.from_ranges(marked), weights))
    assert found.names == ("x0", "x1") and "modulo 2" in found.note


def test_too_many_remainders_are_not_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyfe.leakage.rules.modulus.MOST_RESIDUES", 0)
    (found,) = modulus(question(Schema.from_ranges(numbers(23)), [1, 1, *EVEN, 4]))
    assert found.kind == "checked in part" and found.rule == "2m"


# -- rule 2e --


def test_one_column_explains_its_part_of_the_variance() -> None:
    schema = Schema.from_ranges({"c": category("abc"), **numbers(5, 4), "q": category(["no", "yes"])})
    row = np.array([0, 9, 40, 1, 2, 3, -1, 4, 5])
    variances = [np.var([0, 9, 40]), *(np.var(w * np.arange(4)) for w in (1, 2, 3, -1, 4)), np.var([0, 5])]
    share = variances[0] / sum(variances)
    for limit, refused in ((share - 1e-6, True), (share + 1e-6, False)):
        found = support(question(schema, row, support=limit))
        assert bool(found) is refused
        if found:
            assert found[0].names == ("c",) and found[0].figure == pytest.approx(share)


def test_few_columns_have_a_limit_of_their_own() -> None:
    schema = Schema.from_ranges(numbers(12))
    heavy = [8, *[1] * 6, *[0] * 5]
    share = 64 / 70
    assert 0.85 < share < 0.95
    assert support(question(schema, heavy)) == [], "7 of 12 columns"
    (found,) = support(question(schema, [8, *[1] * 4, *[0] * 7], support_of_few=0.9))
    assert found.limit == 0.9 and found.figure == pytest.approx(64 / 68), "5 of 12"


def test_with_a_reference_a_column_explains_what_goes_with_it() -> None:
    rng = np.random.default_rng(5)
    schema = Schema.from_ranges({"c": category("abc"), **numbers(6)})
    factors = rng.normal(size=(8, 8))
    S = factors @ factors.T
    prior = Known(schema, S)
    row = rng.integers(1, 9, 9)
    asked = question(schema, row, prior)
    y = np.array(asked.Z[0], dtype=float)
    c = S @ y
    expected = {}
    for block, places in asked.free.places.items():
        own = slice(places.start, places.stop)
        expected[block] = float(c[own] @ np.linalg.inv(S[own, own]) @ c[own] / (y @ S @ y))
    best = max(expected, key=lambda b: expected[b])
    (found,) = support(question(schema, row, prior, support=expected[best] - 1e-9, support_of_few=0.0))
    assert found.names == (prior.blocks.names[best],) and found.figure == pytest.approx(expected[best])
    assert support(question(schema, row, prior, support=expected[best] + 1e-9)) == []


def test_sums_and_differences_of_scores_are_looked_at_too() -> None:
    schema = Schema.from_ranges(numbers(9))
    common = np.array([0, 3, 5, 7, 4, 6, 9, 8, 2])
    rows = np.stack([common + 30 * np.eye(9, dtype=int)[0], common + np.array([1, 1, -1, 0, 1, 0, -1, 0, 1])])
    asked = question(schema, rows)
    alone = [support(question(schema, row)) for row in asked.Z]
    assert asked.rank == 2 and (support(asked) or all(alone)), "a difference that is nearly one column"


def test_a_score_that_does_not_vary_is_refused() -> None:
    schema = Schema.from_ranges(numbers(6))
    S = np.eye(6)
    S[0, 1] = S[1, 0] = 1.0
    (found,) = support(question(schema, [1, -1, 0, 0, 0, 0], Known(schema, S)))
    assert found.figure == 1.0
    assert support(question(schema, [1, -1, 1, 1, 1, 0], Known(schema, S))) == []


# -- rules 3 and 4 --


@pytest.mark.parametrize(
    ("columns", "allowed"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (9, 3), (47, 15), (48, 16), (60, 16)]
)
def test_so_many_scores_are_allowed(columns: int, allowed: int) -> None:
    schema = Schema.from_ranges(numbers(columns) | {"age": number(0, 99, step=1, public=True)})
    row = np.arange(1, columns + 2)
    assert most_scores(question(schema, row)) == allowed
    assert bool(rank(question(schema, row))) is (allowed < 1)


def test_a_score_that_is_too_wide_is_not_counted() -> None:
    shares = [np.arange(2**15) * 2**15, np.arange(2**15)]
    assert not Score(shares, [np.full(2**15, 2.0**-15)] * 2).countable
    schema = Schema.from_ranges({f"x{i}": number(0, 2**15 - 1, step=1) for i in range(4)})
    found = information([[2**15, 2**14 + 1, 5, 7]], Free(schema), Blind(schema))
    assert found.bound in ("width", "gaussian") and 25 < found.bits < 32


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_scores_that_are_counted_in_part_change_no_bound(seed: int) -> None:
    """Distributions that cannot make the least bound are not counted: the least one is that of all of them."""
    rng = np.random.default_rng(seed)
    schema = Schema.from_ranges(numbers(8, 12))
    rows = rng.integers(-9, 10, (int(rng.integers(2, 5)), 8))
    if rng.integers(2):  # scores that vary together, as the sum of their entropies does not know
        rows[1:] = rows[0] * 40 + rng.integers(-1, 2, (len(rows) - 1, 8))
    asked = question(schema, rows)
    assume(asked.rank > 1)
    scores = [Score(asked.blocks.shares(asked.free.lift(row)), asked.prior.marginals) for row in asked.Z]
    found = information(asked.Z, asked.free, asked.prior)
    alls = {
        "sum": sum(score.entropy_bits for score in scores),
        "width": sum(np.log2(score.width + 1) for score in scores),
    }
    assert found.bits <= min(alls.values()) + 1e-9
    assert found.bound == "gaussian" or found.bits == pytest.approx(alls[found.bound])


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_information_is_no_less_than_the_entropy_of_the_answers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    schema = Schema.from_ranges({"c": category("abc"), "t": thresholds([1, 2]), **numbers(3, 4), **answers(2)})
    asked = question(schema, rng.integers(-5, 6, (int(rng.integers(1, 4)), schema.n)))
    assume(asked.rank)
    codes = itertools.product(*(column.codes() for column in schema.columns.values()))
    x = np.array([np.concatenate(code) for code in codes])
    _, counts = np.unique(x @ np.array([asked.free.lift(row) for row in asked.Z]).T, axis=0, return_counts=True)
    p = counts / counts.sum()
    entropy = float(-(p * np.log2(p)).sum())
    found = asked.information
    assert found.bits >= entropy - 1e-9
    if asked.rank == 1:
        assert found.bound == "exact" and found.bits == pytest.approx(entropy)


def test_the_three_bounds() -> None:
    schema = Schema.from_ranges(numbers(9, 64))
    rng = np.random.default_rng(11)
    asked = question(schema, rng.integers(-9, 10, (2, 9)))
    Z = np.array(asked.Z, dtype=float)
    covariance = Z @ Z.T * (64**2 - 1) / 12 + np.eye(2) / 12
    gaussian = np.log2(np.linalg.det(2 * np.pi * np.e * covariance)) / 2
    assert asked.information.bits == pytest.approx(gaussian, abs=1e-6) and asked.information.bound == "gaussian"
    # columns that nearly determine each other: together far fewer bits than one by one
    together = Known(schema, np.full((9, 9), 340.0) + np.eye(9))
    assert question(schema, rng.integers(-9, 10, (2, 9)), together).information.bits < asked.information.bits - 2
    # one answer in a thousand rows: widths and Gaussians are far too many bits
    rare = Schema.from_ranges(answers(12))
    prior = Blind(rare)
    prior.marginals = [np.array([0.999, 0.001])] * 12
    found = question(rare, [[1] * 6 + [2] * 6, [3, 1] * 6], prior)
    assert found.information.bound == "sum" and found.information.bits < 1


def test_the_budget() -> None:
    schema = Schema.from_ranges(numbers(24))
    asked = question(schema, DENSE)
    assert budget(asked) == [] and asked.prior.budget_bits == 24
    (found,) = budget(question(schema, DENSE, budget=0.5))
    assert found.figure == pytest.approx(asked.information.bits) and found.limit == 12
    assert "a third" in found.advice
    (known,) = budget(question(schema, DENSE, Known(schema, np.eye(24) * (2**16 - 1) / 12), budget=0.25))
    assert known.limit == 9 and "a third" not in known.advice


# -- rules 7 and 8 --


def test_a_reduced_kernel() -> None:
    rng = np.random.default_rng(2)
    rows = Lattice.empty(12).with_rows(rng.integers(-50, 51, (4, 12)).tolist()).reduced
    factors = rng.normal(size=(12, 12))
    metric = factors @ factors.T + np.eye(12)
    found, beside = split_basis(rows, metric)
    assert generated(fmpz_mat([*found.tolist(), *beside.tolist()])).is_one(), "together they are a basis of all"
    assert found.nrows() == 8 and not any(map(any, integers(fmpz_mat(rows) * found.transpose())))
    assert generated(found).is_one(), "nothing of the kernel is left out"
    basis = np.array(integers(found), dtype=float)
    lengths = np.diag(np.linalg.qr((basis @ np.linalg.cholesky(metric)).T, mode="r")) ** 2
    assert all(later >= earlier * (0.99 - 0.52**2) for earlier, later in itertools.pairwise(lengths))


def test_rounding_off_succeeds_as_often_as_predicted() -> None:
    """Gaussian records of known covariance, rounded off in the reduced kernel."""
    rng = np.random.default_rng(4)
    schema = Schema.from_ranges(numbers(8, 64))
    factors = rng.normal(size=(8, 8)) * 2
    prior = Known(schema, factors @ factors.T)
    asked = question(schema, rng.integers(-200, 201, (3, 8)), prior)
    kernel = kernel_of(asked)
    draws = rng.multivariate_normal(np.zeros(8), prior.given_public() + np.eye(8) / 12, 4000)
    coefficients, hits = draws @ kernel.root @ kernel.orthogonal, np.ones(4000, dtype=bool)
    for i in reversed(range(5)):  # the box around the origin, which is the true record
        hits &= np.abs(coefficients[:, i]) < kernel.triangle[i, i] / 2
    assert success(asked) == pytest.approx(hits.mean(), abs=0.03)


def test_rule_7_is_asked_in_its_range() -> None:
    rng = np.random.default_rng(6)
    schema = Schema.from_ranges(numbers(9))
    rows = rng.integers(-2000, 2001, (3, 9))
    known = Known(schema, np.eye(9) * 20.0)
    (found,) = rounding_off(question(schema, rows, known))
    assert found.rule == "7" and found.figure is not None and found.figure > 1e-3
    assert rounding_off(question(schema, rows, known, babai=1.0)) == []
    assert rounding_off(question(schema, rows, known, most_coordinates=8)) == []
    assert rounding_off(question(schema, rows, known, counted_bits=99)) == []
    assert rounding_off(question(schema, rows)) == [], "blind"
    assert rounding_off(question(schema, rows[0], known)) == [], "one score"


def test_rows_that_are_the_likeliest_are_those_that_a_search_of_all_records_finds() -> None:
    rng = np.random.default_rng(9)
    schema = Schema.from_ranges({"age": number(0, 3, step=1, public=True), "c": category("abc"), **numbers(5, 4)})
    factors = rng.normal(size=(schema.n, schema.n))
    whole = factors @ factors.T
    free = Free(schema).positions
    across = whole[np.ix_(free, [0])]
    prior = Known(schema, whole[np.ix_(free, free)] - across @ across.T / whole[0, 0], whole)
    asked = question(schema, rng.integers(-6, 7, (2, schema.n)), prior)
    codes = [column.codes() for column in schema.columns.values()][1:]
    records = np.array([np.concatenate(choice) for choice in itertools.product(*codes)])[:, free - 1]
    metric = np.linalg.inv(prior.given_public() + np.eye(len(free)) / 12)
    Z, nearest = np.array(asked.Z), 0
    for row in prior.blocks.rows(prior.tree_rows(ROWS, asked.seed("rows of rule 7"))):
        mean = np.concatenate([[1 / 3, 1 / 3], np.full(5, 1.5)]) + (row[0] - 1.5) * across[:, 0] / whole[0, 0]
        same = records[(records @ Z.T == row[free] @ Z.T).all(axis=1)] - mean
        unlikely = np.einsum("ij,jk,ik->i", same, metric, same)
        own = (row[free] - mean) @ metric @ (row[free] - mean)
        nearest += own <= unlikely.min() + 1e-9
    assert 0 < nearest < ROWS and opened(asked) == pytest.approx(nearest / ROWS)
    (found,) = least_squares(question(schema, asked.requested, prior, counted_bits=0.0, least_squares=0.0))
    assert found.rule == "7" and found.figure == pytest.approx(nearest / ROWS)
    assert least_squares(question(schema, asked.requested, prior, counted_bits=0.0, least_squares=1.0)) == []
    assert least_squares(question(schema, asked.requested, prior, counted_bits=99.0)) == []


def test_a_search_that_is_cut_short_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema.from_ranges(numbers(9, 4))
    rows = np.random.default_rng(6).integers(-2000, 2001, (3, 9))
    asked = question(schema, rows, Known(schema, np.eye(9) * 1.25))
    assert opened(asked) > 0.5
    monkeypatch.setattr("pyfe.leakage.rules.least_squares.NODES", 1)
    assert opened(asked) < 0.5


def test_answers_that_predict_a_protected_column() -> None:
    rng = np.random.default_rng(7)
    schema = Schema.from_ranges(
        {"age": number(0, 99, step=1, public=True), "c": category("abc", protected=True), **numbers(5)}
    )
    rows = rng.normal(size=(4000, 8)) @ rng.normal(size=(8, 8))
    rows[:, 4:] += rows[:, 1:2]
    rows[:, 1] = 1 - rows[:, 2] - rows[:, 3]  # the levels of a category sum to 1
    whole = np.cov(rows.T)
    private, public = list(range(2, 9 - 1)), [0]
    across = whole[np.ix_(private, public)]
    given_public = whole[np.ix_(private, private)] - across @ across.T / whole[0, 0]
    schema_rows = rng.integers(-9, 10, (2, 8))
    prior = Known(Schema.from_ranges(dict(list(schema.columns.items())[:2]) | numbers(4)), given_public, whole)
    asked = question(prior.blocks.schema, schema_rows, prior)
    answered = rows @ np.array([asked.free.lift(row) for row in asked.Z]).T
    increases = []
    for i in (1, 2, 3):
        left = _unexplained(rows[:, [0]], rows[:, i]) - _unexplained(np.c_[rows[:, [0]], answered], rows[:, i])
        increases.append(left / rows[:, i].var())
    (found,) = correlation(question(prior.blocks.schema, schema_rows, prior, explained=max(increases) - 1e-3))
    assert found.names == ("c",) and found.figure == pytest.approx(max(increases), abs=1e-6)
    assert correlation(question(prior.blocks.schema, schema_rows, prior, explained=max(increases) + 1e-3)) == []


def _unexplained(given: FloatArray, y: FloatArray) -> float:
    design = np.c_[np.ones(len(y)), given]
    return float((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]).var())


def test_nothing_is_predicted_without_a_reference() -> None:
    schema = Schema.from_ranges(answers(2, protected=True) | numbers(4))
    assert correlation(question(schema, [9, 8, 1, 1, 1, 1])) == []
