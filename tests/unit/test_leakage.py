"""Exact span rules against brute force over the rationals, and residual bits against counting every record."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.function import LinearMap
from pyfe.leakage import (
    CHECK_PRIME,
    GROUP_ORDER,
    Finding,
    LinearAccount,
    QuadraticAccount,
    Span,
    check_linear,
    residual,
    residual_bits,
    residual_of_rows,
)
from pyfe.leakage.span import supports
from pyfe.schema import Schema, category, constant, number, thresholds

NONE = np.zeros((0, 0), dtype=np.int64)

small_matrices = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=1, max_size=5)
)


def rational_rank(rows: list[list[int]]) -> int:
    return int(sympy.Matrix(rows).rank())


def plain(n: int, **marks: Any) -> Schema:
    return Schema.from_ranges({f"x{i}": (0, 1) for i in range(n)}, **marks)


def exact(issued: Any, request: Any, schema: Schema, max_blocks: int | None = None) -> list[Finding]:
    """What linear algebra alone says that a request opens."""
    before = LinearAccount(schema).with_rows(issued)
    return before.with_rows(request).findings(before, max_blocks)


def kinds(findings: list[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.kind, f.names) for f in findings]


# -- spans --


def test_the_primes() -> None:
    assert sympy.isprime(GROUP_ORDER) and sympy.isprime(CHECK_PRIME)
    assert GROUP_ORDER.bit_length() == 253


@given(small_matrices, st.sampled_from([GROUP_ORDER, CHECK_PRIME]))
def test_rank_and_open_coordinates_equal_the_rationals(rows: list[list[int]], prime: int) -> None:
    span = Span(rows, prime=prime, traced=False)
    assert span.rank == rational_rank(rows)
    n = len(rows[0])
    units = np.eye(n, dtype=int).tolist()
    opened = [i for i in range(n) if rational_rank([*rows, units[i]]) == rational_rank(rows)]
    assert span.open_coordinates() == opened


@given(small_matrices, st.sampled_from([GROUP_ORDER, CHECK_PRIME]))
def test_witnesses_combine_to_the_row(rows: list[list[int]], prime: int) -> None:
    span = Span(rows, prime=prime)
    target = [sum((j + 2) * row[i] for j, row in enumerate(rows)) for i in range(len(rows[0]))]
    assert target in span
    combination = span.witness(target)
    assert combination is not None
    got = [sum(c * rows[j][i] for j, c in combination.items()) % prime for i in range(len(target))]
    assert got == [v % prime for v in target]
    if span.rank < len(target):
        outside = next(u for u in np.eye(len(target), dtype=int).tolist() if u not in span)
        assert span.witness(outside) is None


@given(small_matrices, st.integers(1, 3))
def test_small_groups_equal_brute_force(rows: list[list[int]], size: int) -> None:
    n = len(rows[0])
    full = rational_rank(rows)
    expected: dict[frozenset[int], int] = {}
    for count in range(1, size + 1):
        for group in itertools.combinations(range(n), count):
            if any(smaller <= set(group) for smaller in expected):
                continue
            outside = [[row[i] for i in range(n) if i not in group] for row in rows]
            lost = full - (rational_rank(outside) if outside[0] else 0)
            if lost:
                expected[frozenset(group)] = lost
    assert supports(Span(rows, traced=False), {i: frozenset({i}) for i in range(n)}, size) == expected


@pytest.mark.parametrize("row", [[1, 2, 3], [2, 4, 6], [-1, -2, -3], [5, 7, 9], [4, 5, 6]])
def test_what_lies_in_the_span_costs_nothing(row: list[int]) -> None:
    span = Span([[1, 2, 3], [4, 5, 6]])
    assert not span.add(row) and span.rank == 2


def test_a_determinant_that_vanishes_modulo_one_prime_is_seen_by_the_other() -> None:
    rows = [[1, 0, 0], [0, CHECK_PRIME, 1]]
    assert Span(rows, prime=CHECK_PRIME).open_coordinates() == [0, 2]
    assert Span(rows, prime=GROUP_ORDER).open_coordinates() == [0]
    opened = [finding.coordinates for finding in exact(NONE, np.array(rows), plain(3))]
    assert opened == [(0,), (2,)], "a finding modulo either prime counts"


# -- what linear accounts find --


def test_a_dense_key_opens_nothing_exact() -> None:
    rng = np.random.default_rng(0)
    assert exact(NONE, rng.integers(1, 128, size=30), plain(30)) == []
    assert exact(rng.integers(1, 128, size=(2, 30)), rng.integers(1, 128, size=(3, 30)), plain(30)) == []


def test_two_keys_that_differ_in_one_coordinate() -> None:
    schema = plain(8)
    first = np.array([5, -3, 8, 2, 9, 1, 4, 7])
    second = 2 * first
    second[2] += 3
    (finding,) = exact(first, second, schema)
    assert kinds([finding]) == [("coordinate", ("x2",))]
    assert finding.refuses and finding.coordinates == (2,)
    combined = np.array(finding.combination) @ np.stack([first, second])
    assert combined.tolist() == [0, 0, finding.divisor, 0, 0, 0, 0, 0]
    assert str(finding) == ("opens the coordinate 'x2': -2 x issued row 0 + 1 x requested row 0, divided by 3")


def test_forms_on_two_columns_are_found_in_wide_schemas_only() -> None:
    first = np.array([5, -3, 8, 2, 9, 1])
    second = first + np.array([0, 7, 0, 0, -2, 0])
    assert kinds(exact(first, second, plain(6))) == [("group", ("x1", "x4"))]
    assert exact(first, second, plain(6), max_blocks=1) == []
    assert exact(first[:5], second[:5], plain(5)) == []


def test_the_whole_record() -> None:
    schema = plain(4)
    rows = np.array([[1, 2, 3, 4], [2, 3, 4, 6], [1, 1, 2, 5], [3, 1, 1, 1]])
    assert Span(rows.tolist()).rank == 4
    findings = exact(rows[:3], rows[3], schema)
    assert ("record", ()) in kinds(findings)
    assert {("coordinate", (f"x{i}",)) for i in range(4)} <= set(kinds(findings))


def test_reissue_says_nothing_new() -> None:
    schema = plain(6)
    issued = np.array([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 2]])
    assert exact(issued, 3 * issued[0] - issued[1], schema) == []
    (finding,) = check_linear(issued, 3 * issued[0] - issued[1], schema)
    assert finding.kind == "nothing new" and not finding.refuses
    opened = np.array([[1, 0, 0, 0, 0, 0]])
    assert kinds(check_linear(opened, 2 * opened, schema)) == [("nothing new", ())]


def test_only_what_the_request_adds_is_reported() -> None:
    schema = plain(7)
    issued = np.array([[1, 0, 0, 0, 0, 0, 0]])
    dense = np.array([3, 1, 4, 1, 5, 9, 2])
    assert exact(issued, dense, schema) == []


def test_known_relations_open_what_they_complete() -> None:
    schema = Schema({"stage": category("xyz"), "a": number(0, 9, step=1), "b": number(0, 9, step=1), "k": constant(2)})
    # y + z of a one-hot block is 1 - x
    found = exact(NONE, [0, 1, 1, 0, 0, 0], schema)
    assert kinds(found) == [("coordinate", ("stage=x",))]
    assert found[0].combination == (-1,)
    # a one-hot sum and a constant say nothing
    assert exact(NONE, [5, 5, 5, 0, 0, 3], schema) == []
    # x - y lives on one column: it tells the category's levels apart
    assert kinds(exact(NONE, [1, -1, 0, 0, 0, 7], schema)) == [("variable", ("stage",))]
    # a constant hides nothing
    assert kinds(exact(NONE, [0, 0, 0, 4, 0, 100], schema)) == [("coordinate", ("a",))]


def test_public_columns_are_known() -> None:
    columns = {"age": (0, 1), "sex": ["f", "m"], "hiv": ["no", "yes"]}
    y = np.array([5, 7, 3])
    assert exact(NONE, y, Schema.from_ranges(columns)) == []
    public = Schema.from_ranges(columns, public=["age", "sex"])
    assert kinds(exact(NONE, y, public)) == [("coordinate", ("hiv=yes",)), ("record", ())]


def test_protected_columns_and_forms() -> None:
    schema = Schema.from_ranges(
        {"stage": ["I", "II", "III", "IV"], **{f"x{i}": (0, 1) for i in range(4)}},
        protected=["stage"],
        protected_forms={"gap": {"x0": 2, "x1": -1}},
    )
    base = np.array([1, -2, 3, 0, 4, 5, 6, 7])
    about_stage = base + np.array([0, 0, 5, 1, 0, 0, 0, 0])
    found = exact(base, about_stage, schema)
    assert ("protected", ("stage",)) in kinds(found) and ("variable", ("stage",)) in kinds(found)
    protected = next(f for f in found if f.kind == "protected")
    combined = np.array(protected.combination) @ np.stack([base, about_stage])
    assert combined[:4].any() and not combined[4:].any()

    about_gap = 3 * base + [0, 0, 0, 0, 10, -5, 0, 0]
    (found,) = [f for f in exact(base, about_gap, schema) if f.kind == "protected"]
    assert found.names == ("gap",) and found.coordinates == (4, 5)
    combined = Fraction(1, found.divisor) * (np.array(found.combination) @ np.stack([base, about_gap]))
    assert combined.tolist() == [0, 0, 0, 0, 2, -1, 0, 0]
    assert exact(base, base + np.array([0, 0, 0, 0, 1, -1, 1, 0]), schema) == []


def test_several_protected_columns_alone() -> None:
    """Of more columns than any group that is looked for: nothing else hides what is said of them together."""
    marked = [f"x{i}" for i in range(5)]
    schema = Schema.from_ranges({f"x{i}": (0, 9) for i in range(12)}, protected=marked)
    base = np.arange(1, 13)
    about = np.array([3, 1, 4, 1, 5, *[0] * 7])
    for issued, request in (([], about), (base, base + about)):
        (found,) = exact(issued, request, schema)
        assert (found.kind, found.names) == ("protected", tuple(marked)) and "alone" in str(found)
        assert found.combination in ((1,), (-1, 1))
    assert exact([], base, schema) == exact(base, base + np.array([3, 1, 4, 1, 5, 1, *[0] * 6]), schema) == []


@given(st.integers(0, 2**32))
def test_the_decision_does_not_depend_on_the_basis(seed: int) -> None:
    rng = np.random.default_rng(seed)
    schema = Schema.from_ranges({"s": ["a", "b", "c"], **{f"x{i}": (0, 1) for i in range(4)}}, protected=["s"])
    rows = rng.integers(-2, 3, size=(3, schema.n))
    if not rows.any():
        return
    lower, upper = np.tril(rng.integers(-9, 10, size=(3, 3)), -1), np.triu(rng.integers(-9, 10, size=(3, 3)), 1)
    unimodular = (lower + np.eye(3, dtype=np.int64)) @ (upper + np.eye(3, dtype=np.int64))
    ours, theirs = exact(NONE, rows, schema), exact(NONE, unimodular @ rows, schema)
    assert sorted(kinds(ours)) == sorted(kinds(theirs))


@given(st.integers(0, 2**32))
def test_every_combination_shows_what_it_claims(seed: int) -> None:
    rng = np.random.default_rng(seed)
    schema = Schema(
        {"s": category("abc"), "k": constant(3), **{f"x{i}": number(0, 1) for i in range(3)}, "t": thresholds([1, 2])}
    )
    issued, request = rng.integers(-2, 3, size=(2, schema.n)), rng.integers(-2, 3, size=(2, schema.n))
    known = schema.known_rows().tolist()
    for finding in exact(issued, request, schema):
        if finding.kind in ("record", "nothing new"):
            continue
        assert finding.combination, "small integers always have a short combination"
        form = (np.array(finding.combination) @ np.concatenate([issued, request])).tolist()
        inside = [int(i in finding.coordinates) for i in range(schema.n)]
        # the form, less something everybody knows, lives on the coordinates named and is not known itself
        outside = [[v for v, own in zip(row, inside, strict=True) if not own] for row in [*known, form]]
        assert rational_rank(outside) == rational_rank(outside[:-1]) if outside[0] else True
        assert rational_rank([*known, form]) == len(known) + 1


def test_bad_rows() -> None:
    schema = plain(3)
    for request in ([1, 2], [[1.0, 2.0, 3.0]], np.zeros((1, 1, 3), dtype=int)):
        with pytest.raises(ParameterError, match="rows are integers"):
            check_linear(NONE, request, schema)
    with pytest.raises(ParameterError, match="at least one row"):
        check_linear([1, 2, 3], NONE, schema)


# -- residual bits --


def everything(schema: Schema) -> np.ndarray:
    codes = [column.codes() for column in schema.columns.values()]
    return np.array([np.concatenate(choice) for choice in itertools.product(*codes)])


MIXED = Schema(
    {
        "a": number(0, 1, bits=3),
        "c": category("xyz"),
        "t": thresholds([1, 2, 5]),
        "k": constant(3),
        "b": category([0, 1]),
    }
)


def counted(rows: np.ndarray, schema: Schema, x: np.ndarray | None) -> float:
    answers = [tuple(z) for z in everything(schema) @ rows.T]
    counts = Counter(answers)
    if x is not None:
        return math.log2(counts[tuple(x @ rows.T)])
    return sum(math.log2(counts[z]) for z in answers) / len(answers)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("method", ["convolution", "enumeration", "meeting"])
def test_residual_bits_equal_a_count_of_all_records(k: int, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if method != "convolution":
        monkeypatch.setattr(residual_of_rows, "_CONVOLUTION_WORK", 0)
    if method == "meeting":
        monkeypatch.setattr(residual_of_rows, "_ENUMERATED", 1)
    rng = np.random.default_rng(k)
    records = everything(MIXED)
    for _ in range(8):
        rows = rng.integers(-5, 6, size=(k, MIXED.n))
        x = records[rng.integers(len(records))]
        one = residual(rows, MIXED, x)
        assert one.method == "exact" and one.bits == pytest.approx(counted(rows, MIXED, x), abs=1e-9)
        mean = residual(rows, MIXED)
        assert mean.method == ("sampled" if method == "meeting" else "exact")
        assert mean.bits == pytest.approx(counted(rows, MIXED, None), abs=0.8 if method == "meeting" else 1e-9)
        assert mean.total_bits == pytest.approx(math.log2(8 * 3 * 4 * 2))


@given(st.integers(0, 2**32))
def test_the_bound_is_never_above_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-50, 51, size=(rng.integers(1, 4), MIXED.n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residual_of_rows, "_CONVOLUTION_WORK", 0)
        patch.setattr(residual_of_rows, "_ENUMERATED", 1)
        patch.setattr(residual_of_rows, "_HALF_SAMPLED", 0)
        bound = residual(rows, MIXED)
    if rows.any():
        assert bound.method in ("bound", "sampled")
    assert bound.bits <= counted(rows, MIXED, None) + 1e-9


def test_variables_count_once_however_they_are_coded() -> None:
    schema = Schema.from_ranges({f"v{i}": list("abcdefgh") for i in range(12)})
    assert schema.n == 96
    assert residual(NONE, schema).bits == pytest.approx(36)
    public = Schema.from_ranges({"age": (0, 1), "x": (0, 1)}, public=["age"])
    assert residual(NONE, public).bits == pytest.approx(8)
    y = np.array([3, 1])
    assert residual(y, public).bits == pytest.approx(0), "age is known, so the score is x"


def test_known_and_repeated_rows_take_nothing_away() -> None:
    y = np.random.default_rng(0).integers(-9, 10, size=MIXED.n)
    known = MIXED.known_rows()
    assert residual_bits(known, MIXED) == residual_bits(NONE, MIXED)
    assert residual_bits(np.stack([y, 2 * y, -y]), MIXED) == pytest.approx(residual_bits(y, MIXED))
    assert residual_bits(1000 * y, MIXED) == pytest.approx(residual_bits(y, MIXED))


def test_one_precise_key_on_ten_questions_opens_nearly_everything() -> None:
    schema = Schema.from_ranges({f"q{i}": ["no", "yes"] for i in range(10)})
    rng = np.random.default_rng(0)
    left = [residual(rng.integers(-(2 ** (b - 1)), 2 ** (b - 1), size=(1, 10)), schema) for b in (3, 8, 16)]
    assert left[0].bits > left[1].bits > left[2].bits
    assert left[2].unique_fraction is not None and left[2].unique_fraction > 0.9
    assert left[0].small_fraction is not None and left[0].small_fraction < 0.1
    assert residual([2**i for i in range(10)], schema).bits == 0
    assert str(residual([2**i for i in range(10)], schema)) == "0.0 of 10.0 bits stay unknown"


def test_wide_records_keep_most_of_their_bits() -> None:
    schema = plain(30)
    rng = np.random.default_rng(0)
    one = residual(rng.integers(-127, 128, size=(1, 30)), schema)
    assert one.method == "exact" and 220 < one.bits < 226
    assert one.unique_fraction is not None and one.unique_fraction < 1e-9
    three = residual(rng.integers(-127, 128, size=(3, 30)), schema)
    assert three.method == "bound" and 175 < three.bits < 195
    assert str(three).startswith("at least")


def test_eight_coarse_features_under_one_precise_key() -> None:
    schema = Schema(
        {
            "age": number(30, 74, step=1),
            "cholesterol": number(100, 405, step=5),
            "hdl": number(20, 100, step=4),
            "pressure": number(90, 200, step=5),
            **{name: category(["no", "yes"]) for name in ("male", "treated", "smoker", "diabetic")},
        }
    )
    y = np.random.default_rng(4).integers(-(2**19), 2**19, size=(1, 8))
    mean = residual(y, schema)
    assert mean.total_bits == pytest.approx(math.log2(45 * 62 * 21 * 23 * 16))
    assert mean.method == "sampled" and mean.bits < 6
    x = schema.sample(np.random.default_rng(5), 1)[0]
    one = residual(y, schema, x)
    assert one.method == "exact" and one.unique_fraction is None
    # counted by another route: all 45 * 62 * 23 * 16 settings of the rest, hdl solved for
    others = [0, 1, 3, 4, 5, 6, 7]
    score, hits = int(x @ y[0]), 0
    grid = np.zeros(1, dtype=np.int64)
    for i in others:
        grid = (grid[:, None] + int(y[0, i]) * np.arange(schema.hi[i] + 1)).ravel()
    for hdl in range(int(schema.hi[2]) + 1):
        hits += int((grid == score - hdl * int(y[0, 2])).sum())
    assert one.bits == pytest.approx(math.log2(hits))


def test_bad_rows_and_records() -> None:
    with pytest.raises(ParameterError, match="rows are integers"):
        residual([1.0] * MIXED.n, MIXED)
    with pytest.raises(OutOfRangeError):
        residual([1] * MIXED.n, MIXED, [99] * MIXED.n)
    with pytest.raises(OutOfRangeError, match="62 bits"):
        residual([2**61] * MIXED.n, MIXED)


def test_rows_are_combined_modulo_the_schemes_prime() -> None:
    """Weights that are multiples of the modulus vanish there, and nowhere else."""
    row = np.array([[1, 101, 202, 101, 303, 101, 202]])
    for account, rows in ((LinearAccount, "with_rows"), (QuadraticAccount, "with_forms")):
        given = row if rows == "with_rows" else LinearMap(row).forms
        for modulus, opened in ((101, [("coordinate", ("x0",))]), (GROUP_ORDER, [])):
            empty = account(plain(7), modulus)
            assert kinds(getattr(empty, rows)(given).findings(empty)) == opened
