"""Rules for quadratic forms against brute force over all records, and the estimate against counting them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import (
    CHECK_PRIME,
    Finding,
    LinearAccount,
    limits,
    most_forms,
    residual,
    residual_forms,
    residual_of_forms,
)
from pyfe.leakage.factors import factors
from pyfe.leakage.monomials import Monomials
from pyfe.leakage.rows import Reader
from pyfe.leakage.span import PAIRING_ORDER
from pyfe.schema import Schema, category, constant, number, thresholds
from tests.unit.objects import opened_by

EVERY_KIND = Schema(
    {
        "a": number(0, 3, step=1),
        "c": category("xyz"),
        "t": thresholds([1, 2]),
        "k": constant(3),
        "b": category([0, 1]),
        "d": number(0, 1, step=1),
    }
)


def plain(n: int, steps: int = 255, **marks: Any) -> Schema:
    return Schema({f"x{i}": number(0, steps, step=1) for i in range(n)}, **marks)


SPACE = Monomials(plain(8))

SEED = b"a seed of these tests"


def everything(schema: Schema) -> np.ndarray:
    codes = [column.codes() for column in schema.columns.values()]
    return np.array([np.concatenate(choice) for choice in itertools.product(*codes)])


def augmented(x: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1)


def form(schema: Schema, *terms: tuple[int, int, int]) -> MatrixForms:
    """One form from ``(i, j, value)`` of the augmented coordinates."""
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for i, j, value in terms:
        F[i, j] += value
    return MatrixForms.dense(F)


def linear(schema: Schema, weights: Sequence[int]) -> MatrixForms:
    return form(schema, *((0, i + 1, w) for i, w in enumerate(weights)))


def product(schema: Schema, u: Sequence[int], w: Sequence[int]) -> MatrixForms:
    """``<u, z> <w, z>`` as a matrix, upper triangular."""
    return MatrixForms.dense(np.outer(u, w)).upper()


def dense(schema: Schema, seed: int, k: int = 1) -> MatrixForms:
    rng = np.random.default_rng(seed)
    return MatrixForms.dense(np.triu(rng.integers(1, 128, size=(k, schema.n + 1, schema.n + 1))))


def kinds(findings: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.kind, f.names) for f in findings]


def refused(findings: list[Finding]) -> set[tuple[str, tuple[str, ...]]]:
    """What the forms say; not what was left out."""
    return {(f.kind, f.names) for f in findings if f.refuses and f.kind != "checked in part"}


def rational_rank(rows: Any) -> int:
    return int(sympy.Matrix(np.asarray(rows).tolist()).rank())


# -- normal forms --


def test_the_pairing_order() -> None:
    assert sympy.isprime(PAIRING_ORDER) and PAIRING_ORDER.bit_length() == 255


@given(st.integers(0, 2**32))
def test_a_normal_form_has_the_same_values_up_to_a_constant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space, z = Monomials(EVERY_KIND), augmented(everything(EVERY_KIND))
    F = np.triu(rng.integers(-3, 4, size=(z.shape[1], z.shape[1])))
    given_form = {(i, j): int(F[i, j]) for i, j in zip(*np.nonzero(F), strict=True)}
    normal = space.polynomial({(int(i), int(j)): v for (i, j), v in given_form.items()})
    values = sum((v * z[:, i] * z[:, j] for (i, j), v in normal.items()), np.zeros(len(z), dtype=np.int64))
    difference = np.einsum("bi,ij,bj->b", z, F, z) - values
    assert np.ptp(difference) == 0


def test_normal_monomials_are_independent_functions() -> None:
    space, z = Monomials(EVERY_KIND), augmented(everything(EVERY_KIND))
    monomials: set[tuple[int, int]] = set()
    for i, j in itertools.combinations_with_replacement(range(z.shape[1]), 2):
        monomials |= set(space.polynomial({(i, j): 1}))
    table = [z[:, i] * z[:, j] for i, j in sorted(monomials)] + [z[:, 0]]
    assert np.linalg.matrix_rank(np.array(table)) == len(table)
    products = np.array([z[:, i] * z[:, j] for i in range(z.shape[1]) for j in range(i + 1)])
    assert np.linalg.matrix_rank(products) == len(table), "and nothing is missing"


def test_what_everybody_knows_says_nothing() -> None:
    names = [("c=x", "c=y"), ("c=x", "c=z"), ("k", "k")]
    position = {name: i + 1 for i, name in enumerate(EVERY_KIND.coordinate_names)}
    for left, right in names:
        request = form(EVERY_KIND, (position[left], position[right], 7))
        assert kinds(opened_by([], request, EVERY_KIND)) == [("nothing new", ())]
    square = form(EVERY_KIND, (position["b=1"], position["b=1"], 2), (0, position["b=1"], -2))
    assert kinds(opened_by([], square, EVERY_KIND)) == [("nothing new", ())]
    ordered = form(EVERY_KIND, (position["t>=1.0"], position["t>=2.0"], 1), (0, position["t>=2.0"], -1))
    assert kinds(opened_by([], ordered, EVERY_KIND)) == [("nothing new", ())]


# -- factors --


@given(st.integers(0, 2**32))
def test_products_are_taken_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    u, w = rng.integers(-3, 4, size=(2, n + 1))
    F = np.triu(np.outer(u, w) + np.outer(w, u) - np.diag(u * w))
    F[0, 0] = 0
    found = factors({(int(i), int(j)): int(F[i, j]) for i, j in zip(*np.nonzero(F), strict=True)}, SPACE)
    if not (u[1:].any() and w[1:].any()):
        assert found is None, "a linear form is no product"
        return
    assert found is not None
    ours = {tuple(np.array([part.get(i, 0) for i in range(1, n + 1)])) for part in found}
    for mine in (u[1:], w[1:]):
        assert any(np.array_equal(np.outer(mine, other), np.outer(other, mine)) for other in ours)


@pytest.mark.parametrize(
    "terms",
    [
        {(1, 1): 1, (2, 2): 1},  # a sum of squares
        {(1, 1): 1, (2, 2): -2},  # factors over the reals only
        {(1, 2): 1, (3, 3): 1},  # rank 3
        {(1, 2): 1, (3, 4): 1},
        {(1, 2): 1, (0, 3): 1},  # the linear part is no combination of x1 and x2
        {(1, 1): 1, (0, 2): 5},
        {(0, 1): 3, (0, 2): 4},
        {},
    ],
)
def test_other_forms_are_no_products(terms: dict[tuple[int, int], int]) -> None:
    assert factors(terms, SPACE) is None


def test_a_difference_of_squares_is_a_product() -> None:
    assert factors({(1, 1): 1, (2, 2): -4, (0, 1): 1}, SPACE) == ({1: 1, 2: -2}, {1: 1, 2: 2})


def test_a_product_counts_as_both_its_factors() -> None:
    schema = plain(8)
    u, w = [0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 2, 1, 2, 1, 2, 1, 2, 1]
    assert opened_by([], product(schema, u, w), schema) == []
    beside = np.array(u[1:])
    beside[3] += 1
    found = opened_by([product(schema, u, w)], linear(schema, beside.tolist()), schema)
    assert ("coordinate", ("x3",)) in refused(found)
    finding = next(f for f in found if f.kind == "coordinate")
    assert not finding.combination and "counting the factors" in str(finding)
    assert opened_by([dense(schema, 1)], linear(schema, beside.tolist()), schema) == []


def test_a_square_counts_as_its_root() -> None:
    schema = plain(8)
    P = np.array([[5, 1, 2, 3, 4, 5, 6, 7, 8]])
    for squared in (FactoredForms.squares(P, [3]), FactoredForms.squares(P, [3]).matrix()):
        found = opened_by([squared], linear(schema, [1, 2, 3, 4, 5, 6, 7, 9]), schema)
        assert ("coordinate", ("x7",)) in refused(found)


def test_the_square_of_a_known_form_says_nothing_new() -> None:
    schema = plain(8)
    weights = [1, 2, 3, 4, 5, 6, 7, 9]
    square = product(schema, [7, *weights], [7, *weights])
    assert kinds(opened_by([linear(schema, weights)], square, schema)) == [("nothing new", ())]
    beside = form(schema, *zip(*np.nonzero(np.triu(np.outer([0, *weights], [0, *weights]))), [1] * 36, strict=False))
    assert kinds(opened_by([linear(schema, weights)], beside, schema)) == []


# -- spans --


def test_dense_forms_open_nothing_exact() -> None:
    schema = plain(16)
    assert opened_by([], dense(schema, 0), schema) == []
    assert opened_by([dense(schema, 0)], dense(schema, 1), schema) == []


def test_two_keys_that_differ_in_one_monomial() -> None:
    schema = plain(16)
    first = dense(schema, 0)
    F = 2 * first.dense_array()[0]
    F[3, 5] += 3
    found = opened_by([first], MatrixForms.dense(F), schema)
    assert ("product", ("x2", "x4")) in refused(found) and ("coordinate", ("x2",)) in refused(found)
    finding = next(f for f in found if f.kind == "product")
    assert finding.coordinates == (2, 4) and (finding.combination, finding.divisor) == ((-2, 1), 3)
    assert str(finding) == "opens the product of 'x2', 'x4': -2 x issued row 0 + 1 x requested row 0, divided by 3"


def test_a_square_opens_its_coordinate() -> None:
    schema = plain(16)
    first = dense(schema, 0)
    F = first.dense_array()[0].copy()
    F[4, 4] -= 1
    assert refused(opened_by([first], MatrixForms.dense(F), schema)) == {("coordinate", ("x3",))}


def test_forms_on_few_columns() -> None:
    schema = plain(8)
    pair = form(schema, (1, 1, 2), (1, 3, 1), (3, 3, 1), (0, 3, 5))
    assert kinds(opened_by([], pair, schema)) == [("group", ("x0", "x2"))]
    assert opened_by([], pair, schema, max_blocks=1) == []
    one = form(schema, (4, 4, 1), (0, 4, 6))
    assert refused(opened_by([], one, schema)) >= {("coordinate", ("x3",))}
    wide = Schema({**dict(schema.columns), "c": category("wxyz")})
    levels = form(wide, (9, 0, 5), (0, 10, 5))
    assert refused(opened_by([], levels, wide)) == {("variable", ("c",))}
    levels = form(wide, (9, 0, 5), (0, 10, 3), (11, 0, -2))
    assert ("coordinate", ("c=y",)) in refused(opened_by([], levels, wide)), "5, 3, -2 and 0 tell the levels"


def test_modulo_either_prime_counts() -> None:
    schema = plain(8)
    first = form(schema, (1, 2, 1), (3, 4, CHECK_PRIME), (5, 6, CHECK_PRIME))
    assert ("product", ("x0", "x1")) in refused(opened_by([], first, schema))


def test_public_columns() -> None:
    schema = plain(8).to_dict()
    schema["columns"][0]["public"] = True
    public = Schema.from_dict(schema)
    assert kinds(opened_by([], form(public, (1, 1, 4), (0, 1, 3)), public)) == [("nothing new", ())]
    mixed = form(public, (1, 2, 4), (0, 3, 3), (1, 1, 7))
    assert kinds(opened_by([], mixed, public)) == [("group", ("x1", "x2"))]
    one = form(public, (1, 2, 4), (2, 2, 3), (1, 1, 7), (0, 2, 5))
    assert ("coordinate", ("x1",)) in refused(opened_by([], one, public)), "it is x1 (4 x0 + 3 x1 + 5), and more"


def test_several_protected_columns_alone() -> None:
    """Every monomial has one of them as a factor: nothing else hides what is said."""
    schema = Schema.from_ranges({f"x{i}": (0, 9) for i in range(12)}, protected=["x0", "x1", "x2"])
    base = dense(schema, 3)
    about = np.zeros_like(base.dense_array()[0])
    about[0, 1:4] = 1, 2, 3
    about[1, 2:] = np.arange(1, 12)
    about[2, 3:] = 5
    for issued, request in (([], about), ([base], base.dense_array()[0] + about)):
        found = opened_by(issued, MatrixForms.dense(request), schema)
        assert ("protected", ("x0", "x1", "x2")) in refused(found)
        assert next(f for f in found if f.kind == "protected").combination in ((1,), (-1, 1))
    about[7, 8] = 1
    assert not any(kind == "protected" for kind, _ in refused(opened_by([], MatrixForms.dense(about), schema)))


def test_protected_columns_and_forms() -> None:
    schema = Schema.from_ranges(
        {"stage": ["I", "II", "III", "IV"], **{f"x{i}": (0, 9) for i in range(8)}},
        protected=["stage"],
        protected_forms={"gap": {"x0": 2, "x1": -1}},
    )
    first = dense(schema, 3)
    F = first.dense_array()[0].copy()
    F[1, 5:] += np.arange(1, 9)
    F[2, 5:] += 3
    found = opened_by([first], MatrixForms.dense(F), schema)
    assert ("protected", ("stage",)) in refused(found)
    finding = next(f for f in found if f.kind == "protected")
    assert finding.combination == (-1, 1)
    gap = np.zeros(schema.n + 1, dtype=np.int64)
    gap[[5, 6]] = 2, -1
    for squared in (False, True):
        F = first.dense_array()[0].copy()
        F += np.triu(np.outer(gap, gap) + np.outer(gap, gap).T * (1 - np.eye(len(gap), dtype=np.int64))) * squared
        F[0] += gap * (not squared)
        found = opened_by([first], MatrixForms.dense(F), schema)
        assert ("protected", ("gap",)) in refused(found), squared


def test_the_whole_record() -> None:
    schema = plain(3)
    rows = [linear(schema, w) for w in ([1, 2, 3], [2, 1, 1])]
    found = opened_by(rows, product(schema, [1, 1, 1, 5], [0, 4, 1, 2]), schema)
    assert ("record", ()) in refused(found)


@given(st.integers(0, 2**32))
def test_what_brute_force_finds_is_found_and_what_is_shown_is_true(seed: int) -> None:
    """Functions on all records as vectors: a coordinate in their span is a finding, and every combination is one."""
    rng = np.random.default_rng(seed)
    schema = Schema({"a": number(0, 2, step=1), "c": category("xyz"), "t": thresholds([1, 2]), "b": category([0, 1])})
    records = everything(schema)
    z = augmented(records)
    k = int(rng.integers(1, 5))
    F = rng.integers(-1, 2, size=(k, z.shape[1], z.shape[1])) * (rng.random((k, z.shape[1], z.shape[1])) < 0.15)
    F[:, 0, 1] += 1  # no form without values
    forms = MatrixForms.dense(F).upper()
    found = opened_by([], forms, schema, max_blocks=1)
    values = forms.evaluate(z)
    span = np.concatenate([values.T, z[:, :1].T])
    for i, name in enumerate(schema.coordinate_names):
        if rational_rank(np.vstack([span, records[:, i]])) == rational_rank(span):
            assert ("coordinate", (name,)) in refused(found)
    for finding in found:
        if not finding.combination:
            continue
        shown = values @ np.array(finding.combination)
        others = [j for j in range(schema.n) if j not in _blocks(schema, finding.coordinates)]
        assert np.ptp(shown), "a combination that is constant shows nothing"
        if finding.kind == "coordinate":
            assert np.ptp(shown - finding.divisor * records[:, finding.coordinates[0]]) == 0
        if finding.kind in ("variable", "group"):
            groups: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
            for row, value in zip(np.delete(records, others, axis=1), shown, strict=True):
                groups.setdefault(tuple(row), set()).add((int(value),))
            assert all(len(seen) == 1 for seen in groups.values()), "it depends on other columns"


def _blocks(schema: Schema, coordinates: tuple[int, ...]) -> set[int]:
    parts = [part for _, part, _ in schema.blocks]
    return {
        i
        for part in parts
        for i in range(part.start, part.stop)
        if any(c in range(part.start, part.stop) for c in coordinates)
    }


@given(st.integers(0, 2**32))
def test_linear_forms_are_judged_as_by_the_linear_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {
        "s": category("abc", protected=True),
        "k": constant(3),
        **{f"x{i}": number(0, 9, step=1) for i in range(4)},
    }
    schema = Schema({**columns, "t": thresholds([1, 2])})
    issued, request = rng.integers(-2, 3, size=(2, schema.n)), rng.integers(-2, 3, size=(2, schema.n))
    request[:, -1] = 1
    nothing = LinearAccount(schema)
    before = nothing.with_rows(issued)
    # A key on one variable alone is refused; where one was issued all the same, forms count what its value implies.
    assume(all(finding.kind != "variable" for finding in before.findings(nothing)))
    ours = opened_by([linear(schema, row) for row in issued], _stacked(schema, request), schema)
    theirs = before.with_rows(request).findings(before)
    assert refused(ours) >= {line for line in refused(theirs) if line[0] != "variable"}
    assert bool(refused(ours)) == bool(refused(theirs)), "products of linear forms refuse nothing of their own"


def test_the_square_of_a_sum_of_bits_is_no_finding_of_its_own() -> None:
    """x0 + x1 of two bits says x0 x1 = ((x0 + x1)^2 - x0 - x1) / 2, and still no more than itself."""
    schema = plain(4, steps=1)
    nothing = LinearAccount(schema)
    assert nothing.with_rows([1, 1, 0, 0]).findings(nothing) == []
    assert opened_by([], linear(schema, [1, 1, 0, 0]), schema) == []
    both = form(schema, (1, 2, 2), (3, 4, 1), (0, 4, 3))
    found = opened_by([linear(schema, [1, 1, 0, 0])], both, schema)
    assert refused(found) == set()
    F = both.dense_array()[0]
    F[0] += [0, 1, 1, 0, 0]
    F[3, 4] = F[0, 4] = 0
    F[1, 3] = 1
    found = opened_by([linear(schema, [1, 1, 0, 0])], MatrixForms.dense(F), schema)
    assert {("coordinate", ("x0",)), ("coordinate", ("x2",))} <= refused(found), "without the square, x0 x2 is left"


def _stacked(schema: Schema, rows: np.ndarray) -> MatrixForms:
    F = np.zeros((len(rows), schema.n + 1, schema.n + 1), dtype=np.int64)
    F[:, 0, 1:] = rows
    return MatrixForms.dense(F)


# -- the number of forms --


@pytest.mark.parametrize(("columns", "allowed"), [(4, 1), (15, 1), (16, 2), (30, 3), (64, 8)])
def test_so_many_forms_are_allowed(columns: int, allowed: int) -> None:
    schema = plain(columns)
    assert most_forms(schema) == allowed
    assert opened_by([], dense(schema, 0, allowed), schema) == []
    (finding,) = opened_by([dense(schema, 0, allowed)], dense(schema, 1), schema)
    assert finding.kind == "keys" and finding.refuses
    assert (
        str(finding)
        == f"would be one quadratic form too many ({allowed + 1} independent ones where the rule allows {allowed} "
        f"for {columns} private column(s))"
    )


def test_linear_and_dependent_forms_do_not_count() -> None:
    schema = plain(16)
    first = dense(schema, 0, 2)
    rng = np.random.default_rng(0)
    assert opened_by([first], linear(schema, rng.integers(1, 99, size=16).tolist()), schema) == []
    combined = MatrixForms.dense(3 * first.dense_array()[0] - 2 * first.dense_array()[1])
    assert kinds(opened_by([first], combined, schema)) == [("nothing new", ())]


# -- networks --


def network(schema: Schema, units: int, outputs: int, seed: int = 0) -> FactoredForms:
    rng = np.random.default_rng(seed)
    P = rng.integers(-15, 16, size=(units, schema.n + 1))
    return FactoredForms.squares(P, rng.integers(-15, 16, size=(outputs, units)))


@pytest.mark.parametrize("wide", [False, True])
def test_units_that_the_scores_single_out_are_open(wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many scores as units: every <P_h, x> counts as known; one score less, and none does."""
    if wide:
        monkeypatch.setattr(limits, "MOST_CELLS", 0)
    schema = plain(32)
    net = network(schema, 4, 4)
    beside = net.U[2, 1:].copy()
    beside[9] += 1
    assert ("coordinate", ("x9",)) in refused(opened_by([net], linear(schema, beside.tolist()), schema))
    fewer = FactoredForms(net.U, net.U, net.Q[:3])
    assert not refused(opened_by([fewer], linear(schema, beside.tolist()), schema))
    halves: list[Forms] = [FactoredForms(net.U, net.U, net.Q[:2]), FactoredForms(-3 * net.U, -3 * net.U, net.Q[2:])]
    assert ("coordinate", ("x9",)) in refused(opened_by(halves, linear(schema, beside.tolist()), schema))


@pytest.mark.parametrize("wide", [False, True])
def test_units_on_a_protected_column(wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two products whose left factors live on the protected column; then the same with more in the factors."""
    if wide:
        monkeypatch.setattr(limits, "MOST_CELLS", 0)
    schema = Schema.from_ranges({"stage": list("abcd"), **{f"x{i}": (0, 9) for i in range(8)}}, protected=["stage"])
    rng = np.random.default_rng(0)
    left, right = np.zeros((2, 13), dtype=np.int64), rng.integers(1, 9, size=(2, 13))
    left[:, 1:4] = [[1, -1, 0], [0, 2, 1]]
    one = FactoredForms(left, right, np.array([[3, 5]]))
    assert ("protected", ("stage",)) in refused(opened_by([], one, schema))
    left[:, 0] = 7
    assert refused(opened_by([], FactoredForms(left, right, np.array([[3, 5]])), schema)) == set()
    left[:, 5:] = rng.integers(1, 9, size=(2, 8))
    assert refused(opened_by([], FactoredForms(left, right, np.array([[3, 5]])), schema)) == set()


def test_wide_networks_stay_factored(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = plain(784)
    net = network(schema, 30, 10)

    def never(*_: object) -> None:
        raise AssertionError("the units were multiplied out")

    monkeypatch.setattr(FactoredForms, "terms", never)
    (finding,) = opened_by([], net, schema)
    assert finding.kind == "checked in part" and finding.refuses, "what was not looked at is not issued"
    assert "sums of units in which monomials cancel" in str(finding)
    assert kinds(opened_by([net], FactoredForms(net.U, net.U, 5 * net.Q[:1]), schema)) == [("nothing new", ())]


def test_sixty_four_dense_columns_are_multiplied_out() -> None:
    schema = plain(64)
    net = network(schema, 30, 4)
    assert opened_by([dense(schema, 0)], net, schema) == []
    F = net.matrix().dense_array()[0].copy()
    F[2, 2] += 1
    assert ("coordinate", ("x1",)) in refused(opened_by([net], MatrixForms.dense(F), schema))


def test_too_many_keys_for_pairs_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BRANCHES", 0)
    schema = plain(16)
    (finding,) = opened_by([dense(schema, 0)], dense(schema, 1), schema)
    assert "forms on 2 columns" in finding.note and "forms on 1 columns" in finding.note


def test_many_known_forms_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = plain(16)
    rows = _stacked(schema, np.random.default_rng(0).integers(1, 99, size=(11, 16)))
    monkeypatch.setattr(limits, "MOST_CELLS", 3 * 10**5)  # the forms still are affordable, their products not
    found = opened_by([rows], dense(schema, 1), schema)
    assert [f.kind for f in found] == ["checked in part"] and "known linear forms" in found[0].note
    alone = opened_by([rows], _stacked(schema, np.arange(1, 17)[None]), schema)
    assert alone == [], "linear forms alone are judged by what they say themselves"


def test_forms_of_another_width() -> None:
    with pytest.raises(ParameterError, match="9 coordinates"):
        opened_by([], dense(plain(7), 0), plain(8))


# -- residual bits --


def counted(forms: Forms, schema: Schema) -> float:
    answers = [tuple(z) for z in forms.evaluate(augmented(everything(schema)))]
    counts = Counter(answers)
    return sum(math.log2(counts[z]) for z in answers) / len(answers)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_small_tables_are_counted(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(5):
        F = rng.integers(-2, 3, size=(k, EVERY_KIND.n + 1, EVERY_KIND.n + 1))
        got = residual_forms([MatrixForms.dense(F[:1]), MatrixForms.dense(F)], EVERY_KIND, seed=SEED)
        assert got.method == "exact" and got.bits == pytest.approx(counted(MatrixForms.dense(F), EVERY_KIND), abs=1e-9)
        assert got.total_bits == pytest.approx(math.log2(4 * 3 * 3 * 2 * 2))


def test_linear_forms_leave_what_the_linear_count_says() -> None:
    weights = np.array([[3, 1, -2, 2, 5, 7, -4, 1, 6]])
    ours, theirs = residual_forms([_stacked(EVERY_KIND, weights)], EVERY_KIND, seed=SEED), residual(weights, EVERY_KIND)
    assert (ours.bits, ours.unique_fraction) == (pytest.approx(theirs.bits), pytest.approx(theirs.unique_fraction))


def test_the_estimate_is_near_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = plain(4, steps=15)
    forms = dense(schema, 0)
    truth = residual_forms([forms], schema, seed=SEED)
    monkeypatch.setattr(residual_of_forms, "_COUNTED", 0)
    estimate = residual_forms([forms], schema, seed=SEED)
    assert truth.method == "exact" and estimate.method == "sampled" and estimate.unique_fraction is None
    assert estimate.bits == pytest.approx(truth.bits, abs=2.0)
    assert residual_forms([forms, forms], schema, seed=SEED).bits == pytest.approx(estimate.bits)
    scaled = MatrixForms.dense(1000 * forms.dense_array())
    assert residual_forms([scaled], schema, seed=SEED).bits == pytest.approx(estimate.bits)


def test_what_one_dense_key_costs() -> None:
    """About 27 of 240 bits for 30 columns of 8 bits and 8-bit coefficients."""
    schema = plain(30)
    rng = np.random.default_rng(0)
    F = np.triu(rng.integers(-127, 128, size=(31, 31)))
    one = residual_forms([MatrixForms.dense(F)], schema, seed=SEED)
    assert one.total_bits == pytest.approx(240) and 25 < one.total_bits - one.bits < 29
    assert residual_forms([], schema, seed=SEED).bits == pytest.approx(240)


def test_public_columns_hide_nothing() -> None:
    schema = Schema.from_ranges({"age": (0, 7), "x": (0, 7), "y": (0, 7)}, bits=3, public=["age"])
    got = residual_forms([form(schema, (1, 1, 5), (0, 2, 1), (1, 2, 0))], schema, seed=SEED)
    assert got.method == "sampled" and got.bits == pytest.approx(3) and got.total_bits == pytest.approx(6)


def test_the_determinant_is_exact() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(-(10**6), 10**6, size=(50, 6))
    matrix = (values.T @ values).tolist()
    assert residual_of_forms._leading_minors(matrix)[-1] == sympy.Matrix(matrix).det()
    # a basis that differs from the other by a unimodular matrix with large entries: the same bits
    schema = plain(8)
    F = dense(schema, 0, 2).dense_array()
    bent = np.stack([F[0], F[1] + 2**30 * F[0]])
    ours, theirs = (residual_forms([MatrixForms.dense(G)], schema, seed=SEED).bits for G in (F, bent))
    assert theirs == pytest.approx(ours, abs=1e-6)


def test_a_product_hidden_among_three_forms_is_not_issued() -> None:
    rng = np.random.default_rng(5)
    schema = plain(24)
    first, second = (dense(schema, seed).dense_array()[0] for seed in (31, 32))
    other = dense(schema, 33).dense_array()[0]
    pool = [MatrixForms.dense(first), MatrixForms.dense(second)]
    assert opened_by(pool, MatrixForms.dense(other), schema) == []
    for left, kind in [([2], "coordinate"), ([2, -3], "group")]:
        u, w = np.zeros((2, 25), dtype=np.int64)
        u[1 : 1 + len(left)], w[0], w[5:] = left, 3, rng.integers(1, 9, 20)
        hiding = np.triu(np.outer(u, w) + np.outer(w, u)) - 3 * first + 5 * second
        found = opened_by(pool, MatrixForms.dense(hiding), schema)
        assert found and found[0].kind == kind


def test_forms_too_large_to_be_looked_at_are_named_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = plain(16)
    pool = [dense(schema, seed) for seed in range(2)]
    assert opened_by(pool[:1], pool[1], schema) == []
    monkeypatch.setattr(limits, "MOST_ENTRIES", 130)  # one form has 152 terms, at most
    monkeypatch.setattr(Reader, "rows", lambda *_: pytest.fail("was read"))
    assert [finding.kind for finding in opened_by([], pool[0], schema)] == ["checked in part"]


def test_values_that_hardly_vary_do_not_pay_for_those_of_others() -> None:
    schema = Schema({f"k{i}": category([f"l{j}" for j in range(80)]) for i in range(6)})
    rng = np.random.default_rng(1)
    wide = [rng.integers(-2000, 2000, schema.n) for _ in range(2)]
    rare = np.zeros((12, schema.n), dtype=np.int64)
    for row in rare:
        row[rng.integers(80, size=3) + 80 * rng.choice(6, 3, replace=False)] = 1
    forms = [linear(schema, row.tolist()) for row in [*wide, *rare]]
    some = residual_forms(forms[:2], schema, seed=SEED)
    assert residual_forms(forms, schema, seed=SEED).bits < some.bits - 2
