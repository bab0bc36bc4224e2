"""Quadratic forms: values and intervals against sums over whole boxes, canonical form, refusals at the bounds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import numpy as np
import pytest

from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms import LIMIT, FactoredForms, Forms, MatrixForms, forms_from_dict


def box_points(lo: list[int], hi: list[int]) -> np.ndarray:
    return np.array(list(itertools.product(*(range(a, b + 1) for a, b in zip(lo, hi, strict=True)))), dtype=np.int64)


def slow_values(F: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[list[int]]:
    """x^T F_j y, coefficient by coefficient with Python integers."""
    k, n, m = F.shape
    rows = zip(x.tolist(), y.tolist(), strict=True)
    return [[sum(int(F[j, a, b]) * p[a] * q[b] for a in range(n) for b in range(m)) for j in range(k)] for p, q in rows]


def random_forms(rng: np.random.Generator, n: int, m: int) -> Iterator[tuple[Forms, np.ndarray]]:
    """Forms of both kinds and all their coefficients."""
    F = rng.integers(-5, 6, size=(3, n, m))
    F[rng.random(F.shape) < 0.3] = 0
    yield MatrixForms.dense(F), F
    U, V, Q = rng.integers(-3, 4, (4, n)), rng.integers(-3, 4, (4, m)), rng.integers(-3, 4, (2, 4))
    yield FactoredForms(U, V, Q), np.einsum("kh,hn,hm->knm", Q, U, V)
    if n == m:
        yield FactoredForms.squares(U, Q), np.einsum("kh,hn,hm->knm", Q, U, U)


@pytest.mark.parametrize("seed", range(6))
def test_values_of_two_vectors_and_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for n, m in ((1, 1), (3, 3), (4, 2)):
        x, y = rng.integers(-9, 10, (20, n)), rng.integers(-9, 10, (20, m))
        for forms, F in random_forms(rng, n, m):
            assert (forms.k, forms.n, forms.m) == F.shape
            values = forms.evaluate(x, y)
            assert values.dtype == np.int64 and values.tolist() == slow_values(F, x, y)
            assert forms.evaluate(x[:0], y[:0]).shape == (0, forms.k)
            if n == m:
                assert forms.evaluate(x).tolist() == slow_values(F, x, x)


@pytest.mark.parametrize("seed", range(6))
def test_intervals_hold_every_value_of_the_box_and_are_the_stated_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = m = 3
    lo = rng.integers(-3, 2, n)
    hi = lo + rng.integers(0, 4, n)
    x = box_points(lo.tolist(), hi.tolist())
    pairs = np.array(list(itertools.product(range(len(x)), repeat=2)))
    for forms, F in random_forms(rng, n, m):
        one, two = forms.interval(lo, hi), forms.interval(lo, hi, lo, hi)
        assert one.dtype == np.int64 and one.shape == two.shape == (forms.k, 2)
        for interval, values in ((one, forms.evaluate(x)), (two, forms.evaluate(x[pairs[:, 0]], x[pairs[:, 1]]))):
            assert (interval[:, 0] <= values.min(axis=0)).all() and (values.max(axis=0) <= interval[:, 1]).all()
        monomials = np.array([slow_square_interval(matrix, x) for matrix in F])
        if isinstance(forms, MatrixForms):
            assert one.tolist() == monomials.tolist()
        else:
            assert one.tolist() == narrower(monomials, slow_unit_interval(forms, x)).tolist()


def slow_square_interval(F: np.ndarray, x: np.ndarray) -> list[int]:
    """Sum over a <= b of the extremes of s x_a x_b, each by looking at every point of the box."""
    n = len(F)
    terms = [(F[a, b] + (F[b, a] if a < b else 0)) * x[:, a] * x[:, b] for a in range(n) for b in range(a, n)]
    return [int(sum(term.min() for term in terms)), int(sum(term.max() for term in terms))]


def slow_unit_interval(forms: FactoredForms, x: np.ndarray) -> np.ndarray:
    """Sum over the units of the extremes of Q a b; a, b anywhere in the ranges of <U_h, x> and <V_h, x>."""
    rows = []
    for q in forms.Q:
        low = high = 0
        for weight, u, v in zip(q, forms.U, forms.V, strict=True):
            a, b = x @ u, x @ v
            a_range, b_range = np.arange(a.min(), a.max() + 1), np.arange(b.min(), b.max() + 1)
            products = weight * (a_range**2 if forms.same else np.outer(a_range, b_range))
            low, high = low + products.min(), high + products.max()
        rows.append([low, high])
    return np.array(rows)


def narrower(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.stack([np.maximum(a[:, 0], b[:, 0]), np.minimum(a[:, 1], b[:, 1])], axis=1)


def test_intervals_of_two_vectors_on_different_boxes() -> None:
    forms = MatrixForms.dense([[2, -1], [0, 3]])
    # 2 x0 y0 in [-4, 8], -x0 y1 in [-10, 5], 3 x1 y1 in [0, 45]
    assert forms.interval([-1, 0], [2, 3], [1, 0], [2, 5]).tolist() == [[-14, 58]]
    product = FactoredForms([[1, -1]], [[1, 2, 0]], [[1], [-2]])
    # a in [-2, 1], b in [-1, 7]
    assert product.interval([0, 0], [1, 2], [-1, 0, 9], [1, 3, 9]).tolist() == [[-14, 7], [-14, 28]]


def test_squares_are_nowhere_negative_and_units_can_be_narrower() -> None:
    assert MatrixForms.dense([[1, 0], [0, 1]]).interval([-3, -2], [2, 5]).tolist() == [[0, 34]]
    assert MatrixForms.dense([[1, 0], [0, 1]]).interval([2, -5], [3, -4]).tolist() == [[20, 34]]
    forms = FactoredForms.squares([[1, -1]], [2])
    # by monomials: 2 x^2 - 4 x y + 2 y^2 in [-144, 144]; by the unit: 2 a^2 with |a| <= 6
    assert forms.matrix().interval([0, 0], [6, 6]).tolist() == [[-144, 144]]
    assert forms.interval([0, 0], [6, 6]).tolist() == [[0, 72]]
    # the other way round: x0^2 - (x0 - x1)^2 = 2 x0 x1 - x1^2 has a narrower lower end by monomials
    assert FactoredForms.squares([[1, 0], [1, -1]], [1, -1]).interval([0, 0], [6, 1]).tolist() == [[-1, 12]]


def test_canonical_form() -> None:
    a = MatrixForms((2, 2, 3), [1, 0, 0, 1], [0, 1, 0, 1], [2, 0, 0, 1], [5, -1, 7, 0])
    assert (a.output.tolist(), a.row.tolist(), a.column.tolist()) == ([0, 0, 1], [0, 1, 0], [0, 0, 2])
    assert a.value.tolist() == [7, -1, 5]
    assert a == MatrixForms.dense(a.dense_array()) and hash(a) == hash(MatrixForms.dense(a.dense_array()))
    assert a != MatrixForms.dense(-a.dense_array())
    assert a.largest == 7 and "3 coefficients" in repr(a)
    with pytest.raises(ValueError, match="read-only"):
        a.value[0] = 1


def test_order_is_output_then_column_then_row() -> None:
    rng = np.random.default_rng(3)
    forms = MatrixForms.dense(rng.integers(-1, 2, (2, 4, 4)))
    keys = list(zip(forms.output.tolist(), forms.column.tolist(), forms.row.tolist(), strict=True))
    assert keys == sorted(keys) and len(keys) == np.count_nonzero(forms.dense_array())


def test_upper_keeps_the_values_and_drops_what_cancels() -> None:
    rng = np.random.default_rng(4)
    F = rng.integers(-5, 6, (3, 4, 4))
    forms = MatrixForms.dense(F)
    upper = forms.upper()
    assert np.array_equal(upper.dense_array(), np.triu(F) + np.triu(np.swapaxes(F, 1, 2), 1))
    assert upper.upper() == upper
    x = rng.integers(-9, 10, (10, 4))
    assert np.array_equal(forms.evaluate(x), upper.evaluate(x))
    assert MatrixForms.dense([[0, 3], [-3, 0]]).upper() == MatrixForms.dense([[0, 0], [0, 0]])
    assert not len(MatrixForms.dense([[0, 0], [0, 0]]).upper().value)
    with pytest.raises(ParameterError, match="second vector"):
        MatrixForms.dense([[1, 2]]).upper()


def test_multiplied_out() -> None:
    rng = np.random.default_rng(5)
    for forms, F in random_forms(rng, 3, 4):
        assert forms if isinstance(forms, MatrixForms) else forms.matrix() == MatrixForms.dense(F)
    big = FactoredForms([[2**31, 1]], [[2**30, 1]], [[1]])
    assert big.matrix().largest == 2**61
    assert FactoredForms([[2**31], [2**31]], [[2**31], [2**31]], [[1, -1]]).matrix().largest == 0, "exact, not refused"
    with pytest.raises(OutOfRangeError, match=r"coefficient \(0, 0\) reaches 2\^62"):
        FactoredForms([[2**31, 1]], [[2**31, 1]], [[1]]).matrix()
    with pytest.raises(OutOfRangeError, match="reaches"):
        FactoredForms([[2**40]], [[2**40]], [[2**40]]).matrix()


def test_squares_know_that_both_sides_are_the_same() -> None:
    P = np.array([[1, 2], [3, -4]])
    forms = FactoredForms.squares(P, [1, -1])
    assert forms.same and forms.V is forms.U and forms.units == 2 and forms.Q.shape == (1, 2)
    P[0, 0] = 99
    assert forms.U[0, 0] == 1
    assert FactoredForms(forms.U, forms.U.copy(), forms.Q) == forms
    assert not FactoredForms(forms.U, -forms.U, forms.Q).same
    assert forms.largest == 4 and "2 squares" in repr(forms)


def test_nothing_wraps() -> None:
    forms = MatrixForms.dense([[2**20, 1]])
    edge = np.array([[2**41 - 1]])
    assert forms.evaluate(edge, np.array([[1, 2]])).tolist() == [[2**20 * (2**41 - 1) + 2 * (2**41 - 1)]]
    with pytest.raises(OutOfRangeError, match="form 0"):
        forms.evaluate(np.array([[2**42]]), np.array([[1, 0]]))
    cancels = MatrixForms.dense([[2**60, -(2**60)]])
    assert cancels.evaluate(np.array([[1]]), np.array([[1, 1]])).tolist() == [[0]]
    with pytest.raises(OutOfRangeError, match="sum of absolute values"):
        cancels.evaluate(np.array([[2]]), np.array([[1, 1]]))
    units = FactoredForms([[2**31]], [[1]], [[1], [2]])
    assert units.evaluate(np.array([[2**20]]), np.array([[2**9]])).tolist() == [[2**60, 2**61]]
    with pytest.raises(OutOfRangeError, match="form 1"):
        units.evaluate(np.array([[2**20]]), np.array([[2**10]]))


@pytest.mark.parametrize("as_units", [False, True])
def test_widest_interval(as_units: bool) -> None:
    def form(value: int) -> Forms:
        return FactoredForms([[value]], [[1]], [[1]]) if as_units else MatrixForms.dense([[value]])

    assert form(2**24).interval([0], [1], [0], [2**20]).tolist() == [[0, 2**44]]
    assert form(2**41 - 1).interval([0], [1], [0], [2**20]).tolist() == [[0, 2**61 - 2**20]]
    with pytest.raises(OutOfRangeError, match="form 0: a sum of absolute values reaches"):
        form(2**42).interval([0], [1], [0], [2**20])
    # one point: no width, but the size counts
    assert form(2**31).interval([2**15], [2**15], [2**15], [2**15]).tolist() == [[2**61, 2**61]]
    with pytest.raises(OutOfRangeError, match="sum of absolute values|reaches"):
        form(2**32).interval([2**15], [2**15], [2**15], [2**15])
    with pytest.raises(OutOfRangeError):
        form(LIMIT - 1).interval([LIMIT - 1], [LIMIT - 1], [LIMIT - 1], [LIMIT - 1])


def test_width_is_that_of_the_intersection() -> None:
    # by monomials 2^45.0 wide, by the unit 2^44 exactly
    forms = FactoredForms.squares([[1, -1]], [1])
    top = 2**22
    assert forms.interval([0, 0], [top, top]).tolist() == [[0, 2**44]]
    assert forms.matrix().interval([0, 0], [top, top]).tolist() == [[-(2**45), 2**45]]


def test_a_unit_that_is_too_large_is_named() -> None:
    forms = FactoredForms([[0, 0], [2**40, 2**40]], [[1, 0], [1, 0]], [[1, 0]])
    with pytest.raises(OutOfRangeError, match="unit 1"):
        forms.interval([0, 0], [2**21, 2**21])


def test_plain_types_round_trip() -> None:
    rng = np.random.default_rng(6)
    for forms, _ in (*random_forms(rng, 3, 3), *random_forms(rng, 1, 2)):
        data = json.loads(json.dumps(forms.to_dict()))
        assert forms_from_dict(data) == forms and type(forms).from_dict(data) == forms
    empty = MatrixForms.dense(np.zeros((1, 2, 2), dtype=np.int64))
    assert forms_from_dict(empty.to_dict()) == empty


@pytest.mark.parametrize(
    "change",
    [
        {"value": [1, 0]},
        {"value": [1]},
        {"value": [1, 2**62]},
        {"value": [1, 2**70]},
        {"value": [1, 2.0]},
        {"value": [1, True]},
        {"row": [1, 0], "column": [0, 0]},
        {"row": [0, 2]},
        {"row": [0, -1]},
        {"row": [0, 0], "column": [0, 0]},
        {"shape": [1, 2]},
        {"shape": [0, 2, 2]},
        {"more": 1},
        {"form": "dense"},
        {"form": None},
    ],
)
def test_what_to_dict_would_not_write_is_refused(change: dict[str, object]) -> None:
    good = {"form": "matrix", "shape": [1, 2, 2], "output": [0, 0], "row": [0, 1], "column": [0, 0], "value": [1, 2]}
    assert forms_from_dict(good).to_dict() == good
    with pytest.raises(DecodeError):
        forms_from_dict({**good, **change})


@pytest.mark.parametrize(
    "change", [{"V": [[1, 2]]}, {"V": [[1, 2, 3], [1, 2, 3]]}, {"U": [[1, 2], [3]]}, {"Q": [1]}, {"Q": []}, {"U": None}]
)
def test_factored_forms_in_another_writing_are_refused(change: dict[str, object]) -> None:
    good = {"form": "factored", "U": [[1, 2]], "V": None, "Q": [[1], [2]]}
    assert forms_from_dict(good).to_dict() == good
    with pytest.raises(DecodeError):
        forms_from_dict({**good, **change})


def test_not_a_mapping_is_refused() -> None:
    with pytest.raises(DecodeError):
        forms_from_dict([1])


def test_impossible_arguments() -> None:
    forms = MatrixForms.dense([[1, 2]])
    with pytest.raises(ParameterError, match="second vector"):
        forms.evaluate(np.ones((1, 1), dtype=np.int64))
    with pytest.raises(ParameterError, match="second vector"):
        forms.interval([0], [1])
    with pytest.raises(ParameterError, match="both bounds"):
        forms.interval([0], [1], [0, 0])
    with pytest.raises(ParameterError, match=r"shape \(2,\)"):
        forms.interval([0], [1], [0], [1])
    with pytest.raises(ParameterError, match="above the upper"):
        forms.interval([2], [1], [0, 0], [1, 1])
    with pytest.raises(ParameterError, match="x has 1 rows, y 2"):
        forms.evaluate(np.ones((1, 1), dtype=np.int64), np.ones((2, 2), dtype=np.int64))
    with pytest.raises(ParameterError, match="integers"):
        forms.evaluate([[0.5]], [[1, 1]])
    with pytest.raises(ParameterError, match="integers"):
        MatrixForms.dense([[0.5]])
    with pytest.raises(ParameterError, match="two dimensions"):
        FactoredForms([1, 2], [[1]], [[1]])
    with pytest.raises(ParameterError, match="units"):
        FactoredForms([[1], [2]], [[1], [2]], [[1]])
    with pytest.raises(OutOfRangeError, match=r"2\^62"):
        MatrixForms.dense([[-(2**62)]])


def test_a_unit_is_a_square_by_itself() -> None:
    """One unit of two is a square: what it adds is nowhere negative, whatever the other one is."""
    forms = FactoredForms([[1, -1], [1, 0]], [[1, -1], [0, 1]], [[1, 1]])
    (low, high), *_ = forms.interval([-3, -3], [3, 3]).tolist()
    values = [(x - y) ** 2 + x * y for x in range(-3, 4) for y in range(-3, 4)]
    assert low <= min(values) and max(values) <= high
    assert low == -9  # by units: 0 from the square, -9 from the product; by monomials -9 as well
    wider = FactoredForms([[1, 1], [1, 0]], [[1, 1], [0, 1]], [[1, 1]])
    assert wider.interval([-3, -3], [3, 3]).tolist() == [[-9, 45]]  # by monomials alone it begins at -27


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("factored", [False, True])
def test_linear_terms_are_read_and_added(seed: int, factored: bool) -> None:
    rng = np.random.default_rng(seed)
    forms: Forms
    if factored:
        forms = FactoredForms(*(rng.integers(-3, 4, shape) for shape in ((3, 6), (3, 6), (2, 3))))
    else:
        forms = MatrixForms.dense(rng.integers(-2, 3, (2, 6, 6)))
    places, values = slice(2, 5), rng.integers(-4, 5, (2, 3))
    z = np.concatenate([np.ones((20, 1), dtype=np.int64), rng.integers(-5, 6, (20, 5))], axis=1)
    more = forms.plus_linear_terms(places, values)
    assert np.array_equal(more.evaluate(z), forms.evaluate(z) + z[:, places] @ values.T)
    assert np.array_equal(more.linear_terms(places), forms.linear_terms(places) + values)
    dense = forms.matrix().upper() if isinstance(forms, FactoredForms) else forms.upper()
    assert np.array_equal(forms.linear_terms(places), dense.dense_array()[:, 0, places])
    again = more.plus_linear_terms(places, -values)
    assert np.array_equal(again.evaluate(z), forms.evaluate(z))
    if isinstance(again, FactoredForms) and isinstance(forms, FactoredForms):
        assert again.units <= forms.units
