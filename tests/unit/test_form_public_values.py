"""Rules for forms, value by value of the public columns: some take every answer away; and what is counted how."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.forms import MatrixForms
from pyfe.leakage import Blind, Finding, FormQuestion, Limits, Prior, QuadraticAccount, Reference
from pyfe.leakage.form_rules import modulus as rule_2m
from pyfe.leakage.form_rules.modulus import modulus
from pyfe.leakage.form_rules.named import _above_tenths, named, named_share
from pyfe.leakage.form_rules.remainders import residues
from pyfe.leakage.form_rules.structure import structure
from pyfe.leakage.form_rules.support import support
from pyfe.leakage.rules import kept_rows
from pyfe.schema import Schema, category, number

IntArray = npt.NDArray[np.int64]
ROWS = 20_000


@pytest.fixture(autouse=True)
def fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "FORM_ROWS", ROWS)


def form(schema: Schema, terms: dict[str, int]) -> IntArray:
    """``{"x": 3, "x y": -2}``: a matrix ``[n + 1, n + 1]``, upper triangular."""
    names = [name.split("=")[0] for name in schema.coordinate_names]
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for words, value in terms.items():
        places = [0, *(1 + names.index(name) for name in words.split())][-2:]
        F[min(places), max(places)] += value
    return F


def asked(schema: Schema, *request: IntArray, issued: tuple[IntArray, ...] = (), prior: Prior | None = None,
          **limits: Any) -> FormQuestion:  # fmt: skip
    before = QuadraticAccount(schema)
    for one in issued:
        before = before.with_forms(MatrixForms.dense(one[None]))
    after = before.with_forms(MatrixForms.dense(np.stack(request)))
    return FormQuestion(before, after, prior or Blind(schema), Limits(**limits))


def numbers(count: int, size: int = 4) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1) for i in range(count)}


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


GATED = Schema({"sex": category(["f", "m"], public=True), **numbers(6)})
WEIGHTS = [1, 2, 3, 2, 1, 3]
GATE = form(GATED, {f"sex x{i}": weight for i, weight in enumerate(WEIGHTS)})
"""A score of men only."""


def population(count: int = 600) -> Reference:
    rng = np.random.default_rng(4)
    table: dict[str, Any] = {f"x{i}": rng.integers(0, 4, count) for i in range(6)}
    return Reference.from_table({"sex": rng.choice(["f", "m"], count), **table}, GATED)


# -- where nothing is answered --


def entropy(answers: list[int]) -> float:
    return -sum(n / len(answers) * math.log2(n / len(answers)) for n in Counter(answers).values())


def test_of_women_the_score_of_men_says_nothing() -> None:
    question = asked(GATED, GATE)
    sexes = [int(one.public[0]) for one in question.everywhere if one.drawn and one.public is not None]
    assert set(sexes) == {0, 1}, "both are drawn"
    assert [len(one.keys.Z) for one in question.everywhere if one.drawn] == sexes
    of_men = entropy((question.everywhere[sexes.index(1)].rows.levels[:, 1:].astype(int) @ WEIGHTS).tolist())
    assert question.information.bits == pytest.approx(np.mean(sexes) * of_men, abs=0.02)
    assert question.information.bound == "sampled"


def test_records_are_named_where_there_are_answers() -> None:
    """Six numbers of few men: an answer names no more rows than its tenth does; where there is none, no row."""
    prior = population()
    question = asked(GATED, GATE, prior=prior)
    shares = {int(one.public[0]): _above_tenths(question, one) for one in question.everywhere if one.public is not None}
    assert shares[0] == 0.0 and 0 < shares[1] < 0.02
    (figure,) = {round(shares[1] * np.mean([int(one.public[0]) for one in question.everywhere if one.drawn]), 9)}  # type: ignore[index]
    assert named(question) == []
    strict = only(named(asked(GATED, GATE, prior=prior, named_by_forms=figure - 1e-6)))
    assert (strict.kind, strict.rule) == ("named", "6") and strict.figure == pytest.approx(figure)
    assert named(asked(GATED, GATE, prior=prior, named_by_forms=strict.figure)) == [], "not more than allowed"
    assert named(asked(GATED, GATE, named_by_forms=-1.0)) == [], "without a reference nobody is named"


def test_a_group_of_twenty_names_a_record_and_one_of_nineteen_none() -> None:
    for size, share in ((20, 1.0), (19, 0.0)):
        groups = np.zeros(2 * size, dtype=np.int64)
        assert named_share(groups, np.full(2 * size, 3)) == share
    groups = np.array([0] * 30 + [1] * 30 + [0] * 30 + [1] * 30)
    records = np.array([5] * 20 + [2] * 10 + [7] * 30 + [5] * 20 + [2] * 10 + [7] * 15 + [1] * 15)
    assert named_share(groups, records) == (20 + 15) / 60


def test_the_support_is_that_where_something_is_answered() -> None:
    """Of independent columns of the same levels the widest weight explains its square's share."""
    share = 9 / sum(weight**2 for weight in WEIGHTS)
    question = asked(GATED, GATE, support=share - 0.05, support_of_few=1.0)
    found = only(support(question))
    assert found.names in (("x2",), ("x5",)) and found.figure == pytest.approx(share, abs=0.03)
    assert support(asked(GATED, GATE, support=share + 0.05)) == []


# -- what was open before is no finding --


def test_what_a_gate_left_open_before_is_not_found_again() -> None:
    """Of women the first key is x0 alone; the second says nothing of x0 beside it."""
    schema = Schema({"sex": category(["f", "m"], public=True), **numbers(8)})
    first = form(schema, {"x0": 3, "sex x1": 1, "sex x2": 2, "sex x3": 1})
    second = form(schema, {"x4 x5": 1, "x6": 2, "x7": 1, "x1": 1, "sex x2": 5})
    found = only(structure(asked(schema, first)))
    assert (found.kind, found.names, found.rule) == ("variable", ("x0",), "2")
    assert structure(asked(schema, second, issued=(first,))) == []
    third = form(schema, {"x1": 1, "sex x4": 1, "sex x5": 2, "sex x2": 3})
    assert only(structure(asked(schema, third, issued=(first,)))).names == ("x1",)


# -- remainders --


def parity(levels: int, **marks: bool) -> Schema:
    return Schema({"x": number(0, levels - 1, step=1, **marks), **numbers(6)})


EVEN = {"x": 1, "x0 x1": 2, "x2 x3": 2, "x4": 2, "x5": 4}


@pytest.mark.parametrize(("levels", "refused"), [(64, False), (16, False), (8, True)])
def test_a_parity_that_says_little_is_allowed_unless_it_is_of_a_protected_column(levels: int, refused: bool) -> None:
    """Of a column of L levels a parity lifts the best guess from 1/L to 2/L: by more than a tenth for fewer than 10."""
    schema = parity(levels)
    found = modulus(asked(schema, form(schema, EVEN), few_values=0))
    assert bool(found) == refused
    for one in found:
        assert (one.rule, one.names) == ("2m", ("x",)) and one.figure == pytest.approx(1 / levels)
    schema = parity(levels, protected=True)
    marked = only(modulus(asked(schema, form(schema, EVEN), few_values=0)))
    assert marked.names == ("x",)
    assert refused or "it is protected" in marked.note


@pytest.mark.parametrize(("values", "refused"), [(15, False), (16, True)])
def test_a_remainder_of_few_values_is_refused_uncounted(values: int, refused: bool) -> None:
    schema = parity(16)
    assert bool(modulus(asked(schema, form(schema, EVEN), few_values=values))) == refused


@pytest.mark.parametrize(("more", "kind"), [(0, "too fine"), (1, "modulus")])
def test_remainders_wider_than_62_bits_are_not_counted(more: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """5003 x0 x1 + 5 x2 + 11 x3 modulo 10007, of eight levels each."""
    widest = 5003 * 7 * 7 + (5 + 11) * 7
    assert rule_2m._EXACT == 2**62
    monkeypatch.setattr(rule_2m, "_EXACT", widest + more)
    schema = Schema(numbers(12, 8))
    away = {f"x{i}": 10007 * (i - 3) for i in range(4, 12)}
    found = only(modulus(asked(schema, form(schema, {"x0 x1": 5003, "x2": 5, "x3": 11, **away}))))
    assert (found.kind, found.rule) == (kind, "2m") and "modulo 10007" in found.note
    if kind == "too fine":
        assert (found.figure, found.limit) == (float(widest), float(widest))
        assert "over all levels of 4 columns" in found.note


@pytest.mark.parametrize(("sizes", "counted"), [((64, 64, 64), True), ((64, 64, 65), False)])
def test_up_to_2_to_the_18_values_are_counted_one_by_one(sizes: tuple[int, ...], counted: bool) -> None:
    schema = Schema({f"y{i}": number(0, size - 1, step=1) for i, size in enumerate(sizes)} | numbers(3))
    question = asked(schema, form(schema, {"y0 y1": 1, "y2": 1, "x0": 1, "x1": 1, "x2": 1}))
    one = question.everywhere[0]
    levels, mass = rule_2m._values_of(question, one, [0, 1, 2])
    assert mass.sum() == pytest.approx(1.0) and not np.ptp(mass)
    if counted:
        assert len(levels) == 2**18 and len(np.unique(levels[:, :3], axis=0)) == 2**18
        assert not levels[:, 3:].any()
    else:
        assert np.array_equal(levels, one.rows.levels) and len(levels) == ROWS
    nothing, _ = rule_2m._values_of(question, one, [])
    assert nothing.tolist() == [[0] * 6]


def test_drawn_rows_are_those_that_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_2m, "_SAMPLED", 500)
    monkeypatch.setattr(rule_2m, "_COUNTED", 15)
    schema = Schema(numbers(3))
    question = asked(schema, form(schema, {"x0 x1": 1, "x2": 1}))
    levels, mass = rule_2m._values_of(question, question.everywhere[0], [0, 1])
    assert np.array_equal(levels, question.everywhere[0].rows.levels[:500])
    assert mass.tolist() == [1 / 500] * 500


@pytest.mark.parametrize(("rank", "moduli"), [(16, {2}), (10, {2, 3}), (17, set())])
def test_combinations_of_several_forms_are_looked_at_up_to_2_to_the_16(rank: int, moduli: set[int]) -> None:
    """Single products, no two of a column: every combination lives on few columns."""
    schema = Schema(numbers(2 * rank, 2))
    products = [form(schema, {f"x{2 * i} x{2 * i + 1}": 1}) for i in range(rank)]
    keys = asked(schema, *products).everywhere[0].keys
    assert sorted(keys.Z) == np.eye(rank, dtype=int).tolist()[::-1]
    found = list(residues(keys, 2, 4))
    assert {one.modulus for one in found} == moduli
    for number_ in moduli:
        listed = sorted(one.row for one in found if one.modulus == number_)
        units = [tuple(v * (i == j) for i in range(rank)) for j in range(rank) for v in range(1, number_)]
        assert {*listed} <= {*units} and {row.index(max(row)) for row in listed} == {*range(rank)}


def test_every_value_of_a_remainder_is_as_frequent_as_in_all_records() -> None:
    """The posterior over the columns that take part, against all 4^4 records of four of them."""
    schema = Schema(numbers(4))
    question = asked(schema, form(schema, {"x0 x1": 1, "x2": 1, "x3": 1}))
    one = question.everywhere[0]
    levels, mass = rule_2m._values_of(question, one, [0, 1])
    lift, settled = rule_2m._figures(levels[:, 0] * levels[:, 1] % 3, levels[:, 0], mass, 0.95)
    pairs = list(itertools.product(range(4), repeat=2))
    seen = Counter((a * b % 3, a) for a, b in pairs)
    best = sum(max(seen[g, a] for a in range(4)) for g in range(3)) / 16
    assert (lift, settled) == (pytest.approx(best - 1 / 4), 0.0)
    sure, _ = rule_2m._figures(levels[:, 0], levels[:, 0], mass, 0.95)
    assert sure == pytest.approx(0.75)
    assert rule_2m._figures(levels[:, 0], levels[:, 0], mass, 0.95)[1] == pytest.approx(1.0)
    assert rule_2m._figures(levels[:, 0], levels[:, 0], mass, 0.25)[1] == 0.0, "as certain as that before"
