"""Where exact arithmetic ends, and what is said there: pivots, kernels, combinations, and what leaves nothing open."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from flint import fmpz_mat

from pyfe import OutOfRangeError, ParameterError
from pyfe.arrays import IntArray
from pyfe.leakage import CHECK_PRIME, GROUP_ORDER, Blind, Drawn, Free, LinearAccount, Question, question_of, residual
from pyfe.leakage.form_rules.values import numbered
from pyfe.leakage.lattice import hermite, integers, quotient
from pyfe.leakage.linear import linear_findings
from pyfe.leakage.prior import fitting
from pyfe.leakage.prior.copula import _component
from pyfe.leakage.prior.reference import Reference
from pyfe.leakage.rules import information as counted
from pyfe.leakage.rules.correlation import correlation, increases
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.kernel import split_basis
from pyfe.leakage.rules.least_squares import opened
from pyfe.leakage.rules.rounding_off import success
from pyfe.leakage.rules.support import far_below
from pyfe.leakage.span import integer_combination
from pyfe.schema import Schema, category, number


def numbers(count: int, size: int = 8, **marks: bool) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1, **marks) for i in range(count)}


def question(schema: Schema, rows: Any, prior: Any = None) -> Question:
    before = LinearAccount(schema)
    requested = np.atleast_2d(np.array(rows, dtype=np.int64))
    return Question(before, before.with_rows(requested), requested, prior or Blind(schema))


# -- matrices --


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[CHECK_PRIME, 0], [0, 1]], [[CHECK_PRIME, 0], [0, 1]]),
        ([[CHECK_PRIME, 1, 0], [0, 3, 0]], [[CHECK_PRIME, 1, 0], [0, 3, 0]]),
        ([[0, 3, 0], [CHECK_PRIME, 7, 0]], [[CHECK_PRIME, 1, 0], [0, 3, 0]]),
        ([[-1, 2], [0, -5]], [[1, 3], [0, 5]]),
    ],
)
def test_normal_forms_of_rows_that_depend_on_each_other_modulo_the_prime(
    rows: list[list[int]], expected: list[list[int]]
) -> None:
    assert integers(hermite(fmpz_mat(rows))) == expected


def test_a_quotient_is_of_integers() -> None:
    assert integers(quotient(fmpz_mat([[2, 0], [1, 3]]), fmpz_mat([[2, 4], [7, -1]]))) == [[1, 2], [2, -1]]
    with pytest.raises(ArithmeticError, match="lie in the lattice that they generate"):
        quotient(fmpz_mat([[2]]), fmpz_mat([[3]]))


def test_the_kernel_of_dependent_rows_is_not_found() -> None:
    inside, outside = split_basis([[1, 2, 3], [0, 1, 1]], np.eye(3))
    assert integers(inside) in ([[1, 1, -1]], [[-1, -1, 1]]) and outside.nrows() == 2
    with pytest.raises(ArithmeticError, match="kernel of independent rows"):
        split_basis([[1, 2, 3], [2, 4, 6]], np.eye(3))


def test_short_combinations_are_given_in_integers() -> None:
    half, third = pow(2, -1, GROUP_ORDER), pow(3, -1, GROUP_ORDER)
    given = {0: half, 2: -5 * third % GROUP_ORDER, 3: 7}
    assert integer_combination(given, GROUP_ORDER) == ({0: 3, 2: -10, 3: 42}, 6)
    assert integer_combination({**given, 5: math.isqrt(GROUP_ORDER) * 3 + 1}, GROUP_ORDER) is None, "one is not short"


# -- what linear keys determine modulo one of two primes --


@pytest.mark.parametrize(
    ("others", "opened_up", "combination"), [(0, True, (1,)), (CHECK_PRIME, True, ()), (CHECK_PRIME - 1, False, ())]
)
def test_what_is_open_modulo_the_second_prime_has_no_combination(
    others: int, opened_up: bool, combination: tuple[int, ...]
) -> None:
    """On all other columns the key is 0, or 0 modulo 2^61 - 1 alone: it counts as about its ward, and no combination
    modulo the group order shows that."""
    schema = Schema({"ward": category("abc"), **numbers(8)})
    before = LinearAccount(schema)
    found = before.with_rows(np.array([[0, 1, 2, *[others] * 8]])).findings(before)
    assert [(one.kind, one.names, one.combination) for one in found] == (
        [("variable", ("ward",), combination)] if opened_up else []
    )


def test_more_scores_than_any_schema_allows_make_no_lattice() -> None:
    """Up to rank 16 the lattice of what was issued is kept for the next request; beyond, nobody asks for it."""
    schema = Schema(numbers(60))
    rows = np.random.default_rng(1).integers(-9, 10, (18, 60))
    for issued, kept in ((16, True), (17, False)):
        before = LinearAccount(schema).with_rows(rows[:issued])
        asked = question_of(before, rows[17])
        _, since = before._saturated
        assert (not since) == kept, "no row is left to be worked in"
        assert asked.before is before and asked.after.rank == issued + 1
        (found,) = linear_findings(before, rows[17])
        assert (found.rule, found.figure, found.limit) == ("3", float(issued + 1), 16.0)
    with pytest.raises(ParameterError, match="at least one row"):
        question_of(before, rows[:0])


def test_scores_that_leave_nothing_open_are_opened() -> None:
    schema = Schema(numbers(2))
    everything = question(schema, [[1, 3], [2, 5]])
    assert opened(everything) == success(everything) == 1.0
    one_less = question(Schema(numbers(3)), [[1, 3, 0], [2, 5, 1]])
    assert success(one_less) < 1.0 and opened(one_less) < 1.0


# -- rule 2e, seen at once --


def test_what_is_too_wide_for_floats_is_not_seen_at_once() -> None:
    """Sums of two weights of 2^51 are float64; equal columns explain a twelfth each."""
    schema = Schema(numbers(12))
    for widest, seen in ((2**51, True), (2**51 + 1, False)):
        asked = question(schema, [widest - 1, *[widest] * 11])
        assert far_below(asked, covariance_of(asked.prior), 0.85) == seen
    twice = Schema({"ward": category("abc"), **numbers(11)})
    asked = question(twice, [-(2**61), 2**61, 0, *[2**61 - 1] * 11])
    assert not far_below(asked, covariance_of(asked.prior), 0.85), "a difference beyond 2^61"


def test_a_column_near_its_limit_is_not_seen_at_once() -> None:
    """Of a blind prior R^2 of the column with weight w among 11 of weight 1 is w^2 / (w^2 + 11)."""
    schema = Schema(numbers(12))
    for weight in (2, 5, 8):
        share = weight**2 / (weight**2 + 11)
        asked = question(schema, [weight, *[1] * 11])
        seen = [far_below(asked, covariance_of(asked.prior), share + beyond) for beyond in (0.0009, 0.0011)]
        assert seen == [False, True]


# -- rule 8 --


class Known(Blind):
    blind = False

    def __init__(self, schema: Schema, covariance: Any) -> None:
        super().__init__(schema)
        self._covariance = np.asarray(covariance, dtype=np.float64)

    @property
    def covariance(self) -> Any:
        return self._covariance

    def given_public(self) -> Any:
        return self._covariance


@pytest.mark.parametrize(("covariance", "refused"), [(0.54, False), (0.56, True)])
def test_a_protected_number_that_the_answers_predict(covariance: float, refused: bool) -> None:
    """Of one score x1 beside the protected x0, both of variance 1: R^2 is the square of their covariance."""
    schema = Schema({"hiv": number(0, 7, step=1, protected=True), **numbers(1)})
    asked = question(schema, [0, 1], Known(schema, [[1, covariance], [covariance, 1]]))
    assert increases(asked, 0) == pytest.approx([covariance**2])
    found = correlation(asked)
    assert bool(found) == refused
    for one in found:
        assert (one.rule, one.names, one.limit) == ("8", ("hiv",), 0.3)
        assert one.figure == pytest.approx(covariance**2)


# -- scores that were counted before --


def test_the_scores_counted_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema(numbers(4))
    prior, free = Blind(schema), Free(schema)
    scores = [[1, i, 2, 5] for i in range(3, 8)]
    monkeypatch.setattr(counted, "_MOST_KEPT", 3)
    bits = [counted.information([row], free, prior).bits for row in scores]
    assert [list(key) for key in counted._counted[prior]] == scores[2:]
    assert [counted.information([row], free, prior).bits for row in scores] == bits
    assert [list(key) for key in counted._counted[prior]] == scores[2:], "those counted again come last"
    counted.information([[-v for v in scores[2]]], free, prior)
    assert [list(key) for key in counted._counted[prior]] == [*scores[3:], scores[2]], "a score is its negative"
    sums = Counter(sum(w * v for w, v in zip(scores[0], x, strict=True)) for x in itertools.product(range(8), repeat=4))
    assert bits[0] == pytest.approx(-sum(n / 4096 * math.log2(n / 4096) for n in sums.values()))


# -- what is known of a population --


def test_so_many_rows_were_drawn() -> None:
    levels = np.zeros((37, 2), dtype=np.int16)
    assert len(Drawn(levels, [0, 1], [np.zeros(2, dtype=np.int64)] * 2)) == 37


def test_columns_that_do_not_vary_have_no_component() -> None:
    assert _component(np.full((5, 2), 3)).tolist() == [0.0] * 5
    levels = np.array([[0, 7, 1], [1, 7, 3], [2, 7, 5]])
    assert np.abs(_component(levels)) == pytest.approx([math.sqrt(3), 0.0, math.sqrt(3)]), "both columns say the same"


def test_a_reference_has_so_many_coordinates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitting.MOST_COORDINATES == 4096
    monkeypatch.setattr(fitting, "MOST_COORDINATES", 9)
    rows = {f"x{i}": np.arange(100) % 8 for i in range(10)}
    assert Reference.from_table(rows, Schema(numbers(9))).covariance.shape == (9, 9)
    with pytest.raises(ParameterError, match="at most 9 coordinates, the schema has 10"):
        Reference.from_table(rows, Schema(numbers(10)))


def test_rows_are_numbered_by_all_their_values() -> None:
    first, second = np.array([5, 5, 7, 7, 5]), np.array([1, 2, 1, 1, 1])
    found = numbered([first, second]).tolist()
    assert [found[0] == found[i] for i in range(5)] == [True, False, False, False, True]
    assert found[2] == found[3] and len(set(found)) == 3
    with pytest.raises(ParameterError, match="no values"):
        numbered([])


# -- bits that scores leave --


def left_by_counting(rows: IntArray, size: int) -> float:
    records = np.array(list(itertools.product(range(size), repeat=rows.shape[1])), dtype=object)
    seen = Counter(tuple(score) for score in (records @ rows.T.astype(object)).tolist())
    return sum(count * math.log2(count) for count in seen.values()) / len(records)


def test_scores_that_cannot_be_packed_are_counted_record_by_record() -> None:
    """Three scores of 31 bits and more do not fit into one of 62."""
    rows = np.array([[2**30, 2**30, 0, 1], [0, 2**30, 2**30, 0], [1, 0, 2**31, 2**31]])
    found = residual(rows[:2], Schema(numbers(4, 4)))
    assert (found.method, found.total_bits) == ("exact", 8.0)
    assert found.bits == pytest.approx(left_by_counting(rows[:2], 4))
    found = residual(rows, Schema(numbers(4, 4)))
    assert found.method == "exact" and found.bits == pytest.approx(left_by_counting(rows, 4))


def test_wide_scores_of_wide_records_have_a_bound() -> None:
    """What an answer says is at most the bits of its width, in steps of what its weights have in common."""
    rows = np.random.default_rng(3).integers(-(2**20), 2**20, (3, 20)) * np.array([[1], [3], [1]])
    found = residual(rows, Schema(numbers(20, 256)))
    steps = [math.gcd(*row) for row in rows.tolist()]
    said = sum(math.log2(np.abs(row).sum() * 255 // step + 1) for row, step in zip(rows, steps, strict=True))
    assert (found.method, found.total_bits) == ("bound", 160.0)
    assert found.bits == pytest.approx(160 - said)
    with pytest.raises(OutOfRangeError, match="62 bits"):
        residual([[2**61, *[0] * 19]], Schema(numbers(20, 256)))
