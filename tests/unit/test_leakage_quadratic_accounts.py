"""What an account of quadratic keys keeps, up to which size, and how it looks for products among several forms."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.leakage import CHECK_PRIME, QuadraticAccount, factors, limits, residual_forms
from pyfe.leakage.hidden_products import _point, most_like_products
from pyfe.leakage.monomials import Monomials
from pyfe.leakage.rows import Reader, Unit, terms_of
from pyfe.schema import Schema, category, number


def numbers(count: int, size: int = 8, **marks: bool) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1, **marks) for i in range(count)}


def form(schema: Schema, *terms: tuple[int, int, int]) -> MatrixForms:
    """One form from ``(i, j, value)`` of the augmented coordinates."""
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for i, j, value in terms:
        F[i, j] += value
    return MatrixForms.dense(F)


def dense(schema: Schema, seed: int) -> MatrixForms:
    return MatrixForms.dense(np.triu(np.random.default_rng(seed).integers(1, 9, (schema.n + 1, schema.n + 1))))


NINE = Schema(numbers(9))


@pytest.mark.parametrize("wrong", [None, 7, "schema", {"x": (0, 1)}])
def test_an_account_is_of_a_schema(wrong: Any) -> None:
    with pytest.raises(ParameterError, match=f"under a pyfe.Schema, not a {type(wrong).__name__}"):
        QuadraticAccount(wrong)


# -- sizes --


@pytest.mark.parametrize(("less", "too_large"), [(0, 0), (1, 1)])
def test_forms_are_reduced_while_that_is_affordable(less: int, too_large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third form: three rows, each of 54 monomials."""
    before = QuadraticAccount(NINE).with_forms(dense(NINE, 1)).with_forms(dense(NINE, 2))
    terms = len(Reader(NINE).rows(dense(NINE, 3))[0])
    assert terms == 9 * 10 // 2 + 9
    monkeypatch.setattr(limits, "MOST_REDUCED", 3**2 * terms - less)
    after = before.with_forms(dense(NINE, 3))
    assert (after.too_large, after.outputs) == (too_large, 3)
    assert len(after.rows(multiplied=False)) == len(after.whole) == 3 - too_large
    assert len(after.independent) == 3 - too_large
    assert ("checked in part" in [one.kind for one in after.findings(before)]) == bool(too_large)


@pytest.mark.parametrize(("less", "too_large"), [(0, 0), (1, 1)])
def test_rows_have_a_bound_of_entries(less: int, too_large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = QuadraticAccount(NINE).with_forms(dense(NINE, 1))
    terms = len(Reader(NINE).rows(dense(NINE, 2))[0])
    monkeypatch.setattr(limits, "MOST_ENTRIES", 2 * terms - less)
    after = before.with_forms(dense(NINE, 2))
    assert (after.too_large, len(after.rows(multiplied=False))) == (too_large, 2 - too_large)


@pytest.mark.parametrize(("less", "too_large"), [(0, 0), (1, 1)])
def test_a_form_has_a_bound_of_entries(less: int, too_large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dense(NINE, 1)
    monkeypatch.setattr(limits, "MOST_ENTRIES", terms_of(asked) - less)
    after = QuadraticAccount(NINE).with_forms(asked)
    assert (after.too_large, after.outputs) == (too_large, 1)


def test_a_linear_key_that_is_too_large_is_in_no_linear_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not said to be judged where it is not kept."""
    key = form(NINE, *((0, i, i) for i in range(1, 10)))
    before = QuadraticAccount(NINE)
    kept = before.with_forms(key).linear
    assert kept is not None and kept.given.tolist() == [list(range(1, 10))]
    units = FactoredForms(np.eye(10, dtype=np.int64)[:1], np.arange(10)[None, :], np.array([[1]]))
    factored = before.with_forms(units).linear
    assert factored is not None and factored.given.tolist() == [list(range(1, 10))], "1 times a linear form"
    monkeypatch.setattr(limits, "MOST_REDUCED", 8)
    for one in (key, units):
        after = before.with_forms(one)
        assert after.linear is None and after.too_large == 1 and after.rows(multiplied=False) == ()
    assert before.linear is not None, "unchanged"


def test_forms_that_are_gated_are_in_no_linear_account() -> None:
    schema = Schema({"age": number(0, 9, step=1, public=True), **numbers(3)})
    account = QuadraticAccount(schema)
    plain = account.with_forms(form(schema, (0, 2, 5), (1, 1, 3), (0, 1, 2)))
    assert plain.linear is not None and plain.linear.given[0, 1:].tolist() == [5, 0, 0]
    assert account.with_forms(form(schema, (0, 2, 5), (1, 2, 3))).linear is None
    assert account.with_forms(form(schema, (2, 2, 5))).linear is None


# -- rows --


def test_a_product_with_what_everybody_knows_is_no_unit() -> None:
    """(2 age + 1) (x0 + 3 x1) is a form of products with the public age, however it is written."""
    schema = Schema({"age": number(0, 9, step=1, public=True), **numbers(3)})
    known, private = np.array([[1, 2, 0, 0, 0]]), np.array([[0, 0, 1, 3, 0]])
    reader = Reader(schema)
    expanded = {(0, 2): 1, (0, 3): 3, (1, 2): 2, (1, 3): 6}
    for u, v in ((known, private), (private, known)):
        (row,) = reader.unit_rows(FactoredForms(u, v, np.array([[7]])))
        assert row == {pair: 7 * value for pair, value in expanded.items()}
    (row,) = reader.unit_rows(FactoredForms(2 * private, -3 * private, np.array([[5]])))
    ((unit, value),) = row.items()
    assert isinstance(unit, Unit) and value == -30 and unit.left == unit.right == ((2, 1), (3, 3))


# -- findings --


FEW = [(1, 1, 3), (1, 2, 1), (2, 2, 5), (0, 1, 1), (0, 2, 3)]
"""No product of two linear forms, on two columns."""


def test_what_is_open_modulo_the_second_prime_has_no_combination() -> None:
    """A form on two columns but for multiples of 2^61 - 1."""
    before = QuadraticAccount(NINE)
    for others, combination in ((0, (1,)), (CHECK_PRIME, ())):
        request = form(NINE, *FEW, *((i, i + 1, others) for i in (3, 5, 7)))
        (found,) = before.with_forms(request).findings(before)
        assert (found.kind, found.names, found.combination) == ("group", ("x0", "x1"), combination)
        assert bool(found.note) == (not combination)


def test_a_form_that_is_nothing_modulo_the_order_is_kept_and_shown_by_no_combination() -> None:
    """Every coefficient is a multiple of the order of the groups: the integers, and the second prime, know better."""
    order = 10007
    before = QuadraticAccount(NINE, order)
    request = form(NINE, *((i, j, order * value) for i, j, value in FEW))
    after = before.with_forms(request)
    assert len(after.rows(multiplied=True)) == len(after.rows(multiplied=False)) == 1
    (found,) = after.findings(before)
    assert (found.kind, found.names, found.combination) == ("group", ("x0", "x1"), ())
    again = after.with_forms(form(NINE, *FEW))
    assert len(again.rows(multiplied=True)) == 2, "modulo the order it says something new"


@pytest.mark.parametrize(("last", "refused"), [(2767, False), (2768, True)])
def test_linear_content_of_three_forms_together(last: int, refused: bool) -> None:
    """x0 stands in products of all three, 3 x0 + x0 x1, 100 x0 x1 + x0 x2 and 100 x0 x2 + last x0, and in none of
    F2 - 100 F1 + 10,000 F0: there its weight is 30,000 + last, where 2^15 - 1 has 16 bits with its sign. No two of
    them show that."""
    rng = np.random.default_rng(1)
    F = np.zeros((3, 10, 10), dtype=np.int64)
    for one in F:
        one[2:, 2:] = np.triu(rng.integers(-3, 4, (8, 8)), 1)
        one[0, 2:] = rng.integers(-9, 10, 8)
    F[0, 1, 2], F[0, 0, 1] = 1, 3
    F[1, 1, 2], F[1, 1, 3] = 100, 1
    F[2, 1, 3], F[2, 0, 1] = 100, last
    before = QuadraticAccount(NINE).with_forms(MatrixForms.dense(F[:2]))
    found = [one for one in before.with_forms(MatrixForms.dense(F[2:])).findings(before) if one.kind == "weights"]
    assert [one.names for one in found] == ([("x0",)] if refused else [])
    for one in found:
        assert "17 bits where a linear function may have 16" in one.note


# -- products among several forms --


def test_minors_of_a_pair_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and columns that share no column of the record, but for numbers, whose squares are known."""
    schema = Schema(numbers(5))
    matrices = [factors._Matrix({(i, j): 1 for i, j in combinations(range(1, 6), 2)}, Monomials(schema))] * 2
    every = list(factors._triples(*matrices))
    assert len(every) == factors._TRIPLES == 24
    monkeypatch.setattr(factors, "_TRIPLES", 1000)
    all_of_them = list(factors._triples(*matrices))
    assert every == all_of_them[:24] and len(all_of_them) == 10 * 10, "of five rows and of five columns"
    monkeypatch.setattr(factors, "_TRIPLES", 100)
    assert list(factors._triples(*matrices)) == all_of_them
    answers = Schema({f"q{i}": category(["no", "yes"]) for i in range(6)})
    matrices = [factors._Matrix({(i, j): 1 for i, j in combinations(range(1, 7), 2)}, Monomials(answers))] * 2
    found = list(factors._triples(*matrices))
    assert len(found) == 20 and all(not {*rows} & {*columns} for rows, columns in found)


def symmetric(matrix: Any) -> dict[int, dict[int, int]]:
    """By rows, without zeros."""
    return {
        i: {j: int(v) for j, v in enumerate(row, 1) if v} for i, row in enumerate(np.asarray(matrix), 1) if row.any()
    }


def generic(seed: int, size: int = 8) -> Any:
    half = np.random.default_rng(seed).integers(-9, 10, (size, size))
    return half + half.T


UNITS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def of_rank_two(seed: int, size: int = 8) -> Any:
    u, w = np.random.default_rng(seed).integers(1, 9, (2, size))
    return np.outer(u, w) + np.outer(w, u)


def test_the_only_combination_that_is_a_product_is_found() -> None:
    first, second = generic(1), generic(2)
    hiding = of_rank_two(3) - 3 * first + 5 * second
    forms = [symmetric(one) for one in (first, second, hiding)]
    found = most_like_products(forms, lambda i, j: True, UNITS)
    assert found in ([[3, -5, 1]], [[-3, 5, -1]])
    assert most_like_products(forms, lambda i, j: True, [*UNITS, [3, -5, 1]]) == [], "it was tried"
    assert most_like_products([symmetric(generic(i)) for i in range(3)], lambda i, j: True, UNITS) == [], "none is"


def test_a_form_that_is_a_product_itself_was_tried() -> None:
    forms = [symmetric(one) for one in (of_rank_two(3), generic(1), generic(2))]
    assert most_like_products(forms, lambda i, j: True, UNITS) == []
    assert most_like_products(forms, lambda i, j: True, UNITS[1:]) in ([[1, 0, 0]], [[-1, 0, 0]])


def test_forms_without_products_are_on_no_diagonal() -> None:
    """One of three is linear: every multiple of it goes with every product of the others, and nothing is listed."""
    forms = [symmetric(generic(1)), symmetric(generic(2)), {}]
    assert most_like_products(forms, lambda i, j: True, UNITS) is None


def test_where_many_combinations_are_products_they_are_not_listed() -> None:
    """Three forms of one and the same factor: every combination is a product."""
    rng = np.random.default_rng(7)
    u, others = rng.integers(1, 9, 8), rng.integers(1, 9, (3, 8))
    forms = [symmetric(np.outer(u, w) + np.outer(w, u)) for w in others]
    assert most_like_products(forms, lambda i, j: True, UNITS) is None


MONOMIALS = list(combinations_with_replacement(range(3), 3))
PRIME = 2**31 - 1


@pytest.mark.parametrize("point", [(2, 3, -1), (0, 5, 7), (1, 0, 0), (0, 0, 4)])
@pytest.mark.parametrize("factor", [1, 12345])
def test_a_point_follows_from_its_cubes(point: tuple[int, ...], factor: int) -> None:
    values = np.array([factor * point[a] * point[b] * point[c] % PRIME for a, b, c in MONOMIALS])
    found = _point(values, MONOMIALS, 3)
    assert found is not None
    leading = next(v for v in point if v)
    scale = next(v for v in found if v)
    assert [v * leading for v in found] == [v * scale for v in point], "a multiple"


def test_what_is_no_point_or_no_short_one() -> None:
    mixed = np.array([int(len({*monomial}) == 3) for monomial in MONOMIALS])
    assert _point(mixed, MONOMIALS, 3) is None, "no cube"
    wide = (1, 2 * 46341 + 1, 0)  # beyond the root of the prime, over one
    values = np.array([wide[a] * wide[b] % PRIME * wide[c] % PRIME for a, b, c in MONOMIALS])
    assert _point(values, MONOMIALS, 3) is None


# -- bits that forms leave --


def test_the_public_columns_of_a_sample_are_known() -> None:
    """Of records that cannot be counted, whatever the public column adds says nothing of them."""
    schema = Schema({"age": number(0, 99, step=1, public=True), **numbers(10)})
    plain = [(0, i, i) for i in range(2, 12)]
    with_age = form(schema, *plain, (0, 1, 1000), (1, 1, 77))
    left = residual_forms([with_age], schema, seed=bytes(16))
    assert (left.method, left.total_bits) == ("sampled", 30.0)
    variance = (64 - 1) / 12 * sum(i**2 for i in range(2, 12))
    assert 30 - left.bits == pytest.approx(np.log2(2 * np.pi * np.e * variance) / 2, abs=0.1)
    gated = form(schema, *plain, *((1, i, 10) for i in range(2, 12)))
    less = residual_forms([gated], schema, seed=bytes(16))
    assert less.bits < left.bits - 3, "ten times the age, on every column"
