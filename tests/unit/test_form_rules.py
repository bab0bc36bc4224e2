"""The rules for forms: each against brute force over all records, and what each alone refuses."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import (
    FORM_RULES,
    Blind,
    FormQuestion,
    LinearAccount,
    QuadraticAccount,
    Reference,
    check_linear,
    check_quadratic,
    linear_findings,
    quadratic_findings,
)
from pyfe.leakage.form_rules.modulus import modulus
from pyfe.leakage.form_rules.named import named, named_share
from pyfe.leakage.form_rules.one_known import one_known
from pyfe.leakage.form_rules.rank import rank
from pyfe.leakage.form_rules.remainders import beside, modulo, residues
from pyfe.leakage.form_rules.sampled import sampled
from pyfe.leakage.form_rules.structure import structure
from pyfe.leakage.form_rules.support import support
from pyfe.leakage.form_rules.values import Polynomials
from pyfe.leakage.lattice import generated, integers
from pyfe.leakage.rules import Limits, budget, kept_rows
from pyfe.schema import Schema, category, constant, number, thresholds

IntArray = npt.NDArray[np.int64]


@pytest.fixture(autouse=True)
def fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted here is not near a limit."""
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 40_000)


EVERY_KIND = Schema(
    {
        "age": number(0, 2, step=1, public=True),
        "ward": category("xyz", public=True),
        "c": category("abc"),
        "t": thresholds([1, 2]),
        "k": constant(3),
        "b": category(["no", "yes"], protected=True),
        "m": number(0, 3, step=1, missing="bit"),
        "a": number(0, 3, step=1),
    }
)


def everybody(schema: Schema) -> IntArray:
    codes = [column.codes() for column in schema.columns.values()]
    return np.array([np.concatenate(choice) for choice in itertools.product(*codes)])


def augmented(x: IntArray) -> IntArray:
    return np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1)


def at(schema: Schema, name: str) -> int:
    """Where a coordinate, or the first one of a column, stands after the constant."""
    return 1 + next(i for i, one in enumerate(schema.coordinate_names) if one.split("=")[0] == name or one == name)


def form(schema: Schema, terms: dict[str, int]) -> IntArray:
    """``{"x": 3, "x y": -2}``: a matrix ``[n + 1, n + 1]``, upper triangular."""
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for words, value in terms.items():
        places = [0, *(at(schema, name) for name in words.split())][-2:]
        F[min(places), max(places)] += value
    return F


def drawn(schema: Schema, seed: int, width: int = 3, outputs: int = 1) -> IntArray:
    return np.triu(np.random.default_rng(seed).integers(-width, width + 1, size=(outputs, schema.n + 1, schema.n + 1)))


def forms(*F: IntArray) -> MatrixForms:
    return MatrixForms.dense(np.concatenate([part.reshape(-1, *part.shape[-2:]) for part in F]))


BLIND: dict[bytes, Blind] = {}
"""One for a schema, since rows that were drawn are kept with it."""


def asked(schema: Schema, request: Forms, *issued: Forms, **limits: Any) -> FormQuestion:
    before = QuadraticAccount(schema)
    for one in issued:
        before = before.with_forms(one)
    prior = BLIND.setdefault(schema.id, Blind(schema))
    return FormQuestion(before, before.with_forms(request), prior, Limits(**limits))


def numbers(count: int, size: int = 4) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1) for i in range(count)}


def answers(count: int, **marks: bool) -> dict[str, Any]:
    return {f"q{i}": category(["no", "yes"], **marks) for i in range(count)}


def monomials(question: FormQuestion, terms: Sequence[tuple[int, int, int]], x: IntArray) -> IntArray:
    u = x[:, question.free.positions]
    kinds = {0: lambda k, m: u[:, m], 1: lambda k, m: u[:, m] * (u[:, m] - 1) // 2, 2: lambda k, m: u[:, k] * u[:, m]}
    return np.stack([kinds[degree](k, m) for degree, k, m in terms], axis=1)


# -- normal form --


@given(st.integers(0, 2**32))
def test_substituted_forms_have_the_same_values_up_to_a_constant(seed: int) -> None:
    """For every value of the public columns; and the rows of Z are integer combinations that are worth the same."""
    question = asked(EVERY_KIND, forms(drawn(EVERY_KIND, seed)))
    x = everybody(EVERY_KIND)
    whole = question.after.whole[0]
    values = forms(drawn(EVERY_KIND, seed)).evaluate(augmented(x))[:, 0]
    public = question.blocks.levels(x)[:, question.blocks.public]
    for levels in np.unique(public, axis=0)[::3]:
        rows = (public == levels).all(axis=1)
        row = question.basis.substituted(whole, question._public_coordinates(levels))
        terms = sorted(row)
        said = monomials(question, terms, x[rows]) @ np.array([row[term] for term in terms], dtype=np.int64)
        assert np.ptp(values[rows] - said) == 0
        poly = Polynomials(question.blocks, [question.basis.polynomial(terms, [row[term] for term in terms])])
        assert np.array_equal(poly.at(question.blocks.levels(x[rows]))[0], said)


def test_the_monomials_are_independent() -> None:
    question = asked(EVERY_KIND, forms(np.triu(np.ones((EVERY_KIND.n + 1,) * 2, dtype=np.int64))))
    x = everybody(EVERY_KIND)
    terms = question.everywhere[0].keys.terms
    private = x[(question.blocks.levels(x)[:, question.blocks.public] == 0).all(axis=1)]
    table = np.c_[np.ones(len(private)), monomials(question, terms, private)]
    assert np.linalg.matrix_rank(table) == table.shape[1]


def test_a_square_is_written_over_binomials() -> None:
    schema = Schema(numbers(3))
    question = asked(schema, forms(form(schema, {"x0 x0": 1, "x0": 1, "x1 x2": 2})))
    assert question.everywhere[0].keys.Z == [[1, 1, 1]], "x^2 + x = 2 (C(x, 2) + x)"


def test_every_value_of_the_public_columns_that_is_looked_at() -> None:
    plain, gated = ({"a": 1, "m": 3, "age a": product} for product in (0, 2))
    once, often = (asked(EVERY_KIND, forms(form(EVERY_KIND, {"a m": 1} | terms))) for terms in (plain, gated))
    assert len(once.everywhere) == len(often.everywhere) == 12 + 4
    assert sum(one.drawn for one in once.everywhere) == 12
    assert len(once.distinct) == 1 and len(often.distinct) == len({int(one.public[0]) for one in often.everywhere})  # type: ignore[index]
    assert not once.gated and often.gated


# -- linear keys, however they are written --


def test_forms_that_are_linear_are_judged_as_linear_keys() -> None:
    """Squares of answers, products of bits of one column, of constants: the findings are those of the linear rules."""
    schema = Schema(
        {"k": constant(2), "c": category("abc"), "age": number(0, 9, step=1, public=True)} | answers(3) | numbers(8, 16)
    )
    rng = np.random.default_rng(1)
    for widest in (3, 40):
        weights = rng.integers(-widest, widest + 1, size=schema.n)
        F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
        F[0, 1:] = weights
        disguised = F + form(schema, {"q0 q0": 5, "q0": -5, "k x0": 3, "x0": -6, "age age": 2, "c=a c=b": 7})
        none = np.zeros((0, schema.n), dtype=np.int64)
        assert check_quadratic([], forms(disguised), schema) == check_linear(none, weights, schema)
    account = QuadraticAccount(schema).with_forms(forms(F))
    assert account.linear is not None and account.linear.count == 1
    assert account.with_forms(forms(form(schema, {"x0 x1": 1}))).linear is None
    assert account.with_forms(forms(form(schema, {"age x1": 1}))).linear is None, "another weight for every age"


def test_a_linear_key_beside_a_form_is_not_judged_alone() -> None:
    schema = Schema(numbers(9, 8))
    first = forms(drawn(schema, 2, width=2))
    score = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    score[0, 1:] = [3, 1, 2, -1, 1, 2, -2, 1, 1]
    alone = quadratic_findings(QuadraticAccount(schema), forms(score))
    before = LinearAccount(schema)
    assert alone == linear_findings(before, score[0, 1:])
    (found,) = check_quadratic([first], forms(score), schema)
    assert found.rule == "4", "both answers together say too many bits"


# -- remainders --


@given(st.integers(0, 2**32))
def test_what_the_other_monomials_generate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    schema = Schema(numbers(4, 3) | answers(2))
    question = asked(schema, forms(drawn(schema, seed, 2, int(rng.integers(1, 3))) * rng.integers(1, 4)))
    (keys,) = question.distinct
    for block in question.private:
        kept = [i for i, blocks in enumerate(keys.owners) if block not in blocks]
        whole = integers(generated(_matrix([[row[i] for i in kept] for row in keys.Z])))
        found = beside(keys, block)
        assert whole == (found if found is not None else np.eye(len(keys.Z), dtype=int).tolist())


def _matrix(rows: list[list[int]]) -> Any:
    from flint import fmpz_mat

    return fmpz_mat(rows)


@given(st.integers(0, 2**32))
def test_remainders_that_live_on_few_columns(seed: int) -> None:
    """All combinations modulo 2 to 16, tried one by one."""
    rng = np.random.default_rng(seed)
    schema = Schema(numbers(7, 3))
    F = drawn(schema, seed, 2, 2)
    F[0] *= int(rng.integers(1, 5))
    F[:, 1:, 1:] *= 4
    question = asked(schema, forms(F))
    (keys,) = question.distinct
    found = {(one.modulus, one.row) for one in residues(keys, 3, 4) if one.modulus <= 16}
    assert all(len(one.blocks) <= 3 for one in residues(keys, 3, 4))
    Z, touching = np.array(keys.Z), keys.touching
    used = touching[(Z != 0).any(axis=0)].any(axis=0).sum()
    for g in range(2, 17):
        for c in itertools.product(range(g), repeat=len(Z)):
            row = np.array(c) @ Z % g
            blocks = touching[row != 0].any(axis=0).sum()
            if math.gcd(g, *c) == 1 and 0 < blocks <= min(3, used // 2):
                units = [u for u in range(1, g) if math.gcd(u, g) == 1]
                assert any((g, tuple((u * row % g).tolist())) in found for u in units)


def test_vectors_modulo_a_lattice() -> None:
    vectors = np.array([[5, 7], [-3, 2], [8, 9]])
    basis = [[2, 1], [0, 3]]
    found = modulo(vectors, basis)
    assert np.array_equal(modulo(vectors + np.array([4, 5]), basis), found)
    assert np.array_equal(modulo(found, basis), found)
    assert (found[:, 0] < 2).all() and (found[:, 1] < 3).all() and (found >= 0).all()


def test_the_posterior_of_a_remainder_is_exact() -> None:
    """2 x (...) + x0 x1 + x1: what the parity says of x1, over all values."""
    schema = Schema(numbers(6, 3) | answers(1))
    terms = {"x2 x3": 2, "x4 x5": 4, "q0 x2": 6, "x2": 2, "x0 x1": 1, "x1": 1}
    (found,) = modulus(asked(schema, forms(form(schema, terms)), lift=0.0))
    x = everybody(schema)
    values = forms(form(schema, terms)).evaluate(augmented(x))[:, 0] % 2
    joint = Counter(zip(values.tolist(), x[:, at(schema, found.names[0]) - 1].tolist(), strict=True))
    best = sum(max(joint[g, level] for level in range(3)) for g in range(2)) / len(x)
    assert found.rule == "2m" and found.figure == pytest.approx(best - 1 / 3)


# -- what one column explains --


def test_the_share_of_a_column_is_that_of_the_sample() -> None:
    """The larger of R^2 and correlation ratio, by definition on the same rows."""
    schema = Schema(numbers(3, 12) | {"c": category("abcd")})
    question = asked(schema, forms(drawn(schema, 5, 3, 2)), support=0.0, support_of_few=0.0)
    (one,) = question.everywhere
    (found,) = support(question)
    rows = one.rows.levels[:40_000].astype(np.int64)
    shares = []
    for name in one.keys.combined():
        value = one.combined(name)[:40_000].astype(np.float64)
        for block in question.private:
            codes = np.c_[np.ones(len(rows)), question.blocks.codes[block][rows[:, block]]].astype(np.float64)
            fitted = codes @ np.linalg.lstsq(codes, value, rcond=None)[0]
            classes = question.prior.classes[block][rows[:, block]]
            means = np.bincount(classes, weights=value) / np.bincount(classes)
            shares.append(max(fitted.var(), means[classes].var()) / value.var())
    assert found.figure == pytest.approx(max(shares))


# -- rank, budget --


def test_hidden_units_count_as_keys() -> None:
    schema = Schema(numbers(16))
    rng = np.random.default_rng(0)
    P = rng.integers(-2, 3, size=(3, schema.n + 1))
    product = FactoredForms(P[:1], P[1:2], np.array([[1]]))
    network = FactoredForms.squares(P, np.array([[1, 1, 1], [1, 2, 3], [1, 3, 1]]))
    for request, expected in ((product, 2), (network, 3), (forms(drawn(schema, 1)), 1)):
        question = asked(schema, request, columns_a_rank=16)
        found = rank(question)
        assert [one.figure for one in found] == [expected] * (expected > 1)


def test_a_square_counts_once_and_gates_take_ranks_away() -> None:
    schema = Schema(numbers(8) | {"age": number(0, 3, step=1, public=True)})
    w = np.r_[0, 1, 2, 3, -1, 1, 2, 1, 1, 0]
    known = asked(schema, forms(np.triu(np.outer(w, w) * (2 - np.eye(len(w), dtype=np.int64)))))
    assert rank(known) == []
    assert max(known.after.known(p, multiplied=True).rank() for p in known.after.primes) == 1
    gated = asked(schema, forms(form(schema, {"x0 x1": 1, "x2": 1}), form(schema, {"x0 x1": 1, "x2": 1, "age x3": 1})))
    ranks = {int(one.public[0]): one.keys.lattice.rank for one in gated.everywhere}  # type: ignore[index]
    assert ranks[0] == 1 and ranks[3] == 2


def test_the_budget_is_the_entropy_of_the_joint_answers() -> None:
    schema = Schema(numbers(5, 3))
    F = drawn(schema, 7, 2, 2)
    question = asked(schema, forms(F), budget=0.0)
    x = everybody(schema)
    counts = Counter(map(tuple, forms(F).evaluate(augmented(x)).tolist()))
    exact = -sum(c / len(x) * math.log2(c / len(x)) for c in counts.values())
    assert question.information.bits == pytest.approx(exact, abs=0.02)
    (found,) = budget.budget(question)
    assert found.rule == "4" and found.figure == question.information.bits


# -- what answers say --


def test_what_answers_say_is_what_all_records_say() -> None:
    """A form of four columns: how often q0 is guessed, against a count over everybody."""
    schema = Schema(answers(1) | numbers(3, 3))
    F = form(schema, {"q0 x0": 2, "x1 x2": 1, "q0": 1})
    (found,) = sampled(asked(schema, forms(F), excess_forms=1e-9))
    x = everybody(schema)
    values, where = forms(F).evaluate(augmented(x))[:, 0], at(schema, found.names[0]) - 1
    said: dict[int, Counter[int]] = defaultdict(Counter)
    for z, level in zip(values.tolist(), x[:, where].tolist(), strict=True):
        said[z][level] += 1
    sure = sum(sum(c.values()) for c in said.values() if max(c.values()) >= 0.95 * sum(c.values())) / len(x)
    right = sum(max(c.values()) for c in said.values()) / len(x) - max(Counter(x[:, where].tolist()).values()) / len(x)
    assert found.figure is not None and found.figure <= (sure if found.kind == "certain" else right) + 0.01
    assert found.rule == "5t"


class Known(Blind):
    """Independent rows, and somebody who knows that."""

    blind = False


def test_answers_that_name_records() -> None:
    """Of 64 records, as likely as each other, every answer names one: more than its tenth does."""
    schema = Schema(answers(6))
    F = form(schema, {"q0 q1": 5, "q2 q3": 9, "q4": 2, "q5": 3, "q0": 1, "q2": 7})
    before = QuadraticAccount(schema)
    asked_of_a_population = FormQuestion(before, before.with_forms(forms(F)), Known(schema), Limits())
    z = forms(F).evaluate(augmented(everybody(schema)))[:, 0]
    tenths = np.searchsorted(np.quantile(z, np.arange(1, 10) / 10), z, side="right")
    wanted = (len(np.unique(z)) - len(np.unique(tenths))) / len(z)
    (found,) = named(asked_of_a_population)
    assert (found.kind, found.rule) == ("named", "6") and found.figure == pytest.approx(wanted, abs=0.05)
    assert named(asked(schema, forms(F))) == [], "nothing is known of the population"
    coarse = before.with_forms(forms(form(schema, {"q0 q1": 1, "q2 q3": 1, "q4 q5": 1})))
    assert named(FormQuestion(before, coarse, Known(schema), Limits())) == []


def test_the_share_that_is_named() -> None:
    """Guessed from the first half: the commonest record of a group of twenty rows or more."""
    first = [(0, 7)] * 15 + [(0, 8)] * 10 + [(1, 9)] * 19 + [(2, 3)] * 20
    second = [(0, 7)] * 16 + [(0, 8)] * 16 + [(1, 9)] * 16 + [(3, 7)] * 16
    groups, records = np.array([*first, *second]).T
    assert len(first) == len(second) and named_share(groups, records) == 16 / 64


def test_a_single_public_value_may_not_open_a_column() -> None:
    """In the last ward the answer modulo 4 is a column; in the others it says nothing of it."""
    wards = category([f"w{i}" for i in range(12)], public=True)
    schema = Schema({"ward": wards} | numbers(8, 6) | answers(1))
    terms = {f"x{i} x{(i + 1) % 8}": 4 + 4 * (i % 3) for i in range(8)}
    calm = asked(schema, forms(form(schema, terms)), thin=1.0)
    assert sampled(calm) == []
    loose = asked(schema, forms(form(schema, terms | {"ward=w11 q0": 1})), thin=1.0, excess_forms=1.0)
    (found,) = sampled(loose)
    assert found.names == ("q0",) and found.limit == 0.5 and "some value of the public columns" in found.note
    assert structure(loose) == []


def test_an_exclusive_or_hides_nothing_where_nothing_is_known_of_the_population() -> None:
    """q0 + q1 - 2 q0 q1 says nothing of q0 if half of the people have q1; it is q0 if nobody does."""
    schema = Schema(numbers(8) | answers(1, protected=True) | {"q1": category(["no", "yes"])})
    apart = {"q0": 40, "q1": 40, "q0 q1": -80}
    hidden = asked(schema, forms(form(schema, DENSE | apart)))
    assert sampled(hidden) == [] and support(hidden) == []
    (found,) = one_known(hidden)
    assert (found.kind, found.rule, found.names) == ("guessed", "5t", ("q0",)) and "'q1'" in found.note
    assert found.figure is not None and found.figure > found.limit == pytest.approx(0.35)
    open_ = Schema(numbers(8) | answers(2))
    assert one_known(asked(open_, forms(form(open_, DENSE | apart)))) == [], "nothing is protected"
    for calm in ({"q0": 1, "q1": 2, "q0 q1": 1}, {"q0 x3": 1, "q0": -1}):
        assert one_known(asked(schema, forms(form(schema, DENSE | calm)))) == [], "lost among the others"


@pytest.mark.parametrize(
    ("column", "bit"),
    [
        (category([f"w{i}" for i in range(40)], public=True), {"ward=w17": 1}),
        (thresholds(list(range(1, 40)), public=True), {"ward>=17.0": 1, "ward>=18.0": -1}),
        (number(0, 39, step=1, missing="bit", public=True), {"ward is missing": 1}),
    ],
    ids=["a level of a category", "between two thresholds", "absent"],
)
def test_a_gate_at_a_rare_level_of_a_public_column(column: Any, bit: dict[str, int]) -> None:
    """In one ward of forty all of the score but q0 vanishes; that ward is neither drawn nor an end."""
    schema = Schema({"ward": column} | numbers(8) | answers(1, protected=True))
    names = [name for name in bit if name in schema.coordinate_names]
    assert len(names) == len(bit), schema.coordinate_names[:41]
    score = {f"x{i}": (-1) ** i * (3 + i % 3) for i in range(8)}
    terms = score | {"q0": 5} | {f"{name} {x}": -w * bit[name] for name in bit for x, w in score.items()}
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for words, value in terms.items():
        whole = next((name for name in bit if words.startswith(name)), "")
        left = [1 + schema.coordinate_names.index(whole)] if whole else []
        places = [0, *left, *(at(schema, name) for name in words[len(whole) :].split())][-2:]
        F[min(places), max(places)] += value
    question = asked(schema, forms(F))
    (found,) = structure(question)
    assert found.names == ("q0",) and found.rule == "2"
    assert len(question.everywhere) <= 12 + 2 + 32
    calm = asked(schema, forms(form(schema, score | {"x0 x1": 1, "q0": 5})))
    assert len(calm.everywhere) == 12 + 2, "nothing is a gate: nothing more is looked at"


def test_answers_that_are_too_fine_name_the_noise_slot() -> None:
    schema = Schema(numbers(8, 64))
    (found,) = sampled(asked(schema, forms(drawn(schema, 3, 100))))
    assert (found.kind, found.rule) == ("too fine", "5t") and "slot of noise" in found.advice


# -- one question, however it is asked --


def gated_by_rare_answers(*gates: str) -> IntArray:
    """Coarse for most rows; where one of the answers is yes, every row has a result of its own."""
    fine = [(-1) ** i * 3**i * 31 for i in range(8)]
    terms = {f"x{i}": (1, -1)[i % 2] for i in range(8)}
    for shift, gate in enumerate(gates):
        terms |= {f"{gate} x{i}": fine[(i + shift) % 8] for i in range(8)}
        terms[gate] = -round(1.5 * sum(fine))
    return form(Schema(numbers(8) | answers(2)), terms)


@pytest.mark.parametrize("gates", [("q0",), ("q0", "q1")], ids=["alone", "between the rows of another one"])
@pytest.mark.parametrize("protected", [False, True])
def test_a_protected_answer_is_not_hidden_where_nothing_is_counted(gates: tuple[str, ...], *, protected: bool) -> None:
    """Who has q0, 4 of 100, has a result that hardly anybody else has: certain for all of them, and not counted."""
    schema = Schema(numbers(8) | answers(1, protected=protected) | {"q1": category(["no", "yes"])})
    rng = np.random.default_rng(0)
    table: dict[str, Any] = {f"x{i}": rng.integers(0, 4, 3000) for i in range(8)}
    table |= {name: np.where(rng.random(3000) < 0.04, "yes", "no") for name in ("q0", "q1")}
    account = QuadraticAccount(schema)
    after = account.with_forms(forms(gated_by_rare_answers(*gates)))
    found = sampled(FormQuestion(account, after, Reference.from_table(table, schema)))
    if not protected:
        assert found == [], "no more than one in ten is too fine to count"
        return
    assert [(one.rule, one.kind, one.names) for one in found] == [("5t", "certain", ("q0",))]
    assert found[0].figure == pytest.approx(0.04, abs=0.01) and found[0].limit == 0.01


# -- one question, however it is asked --


def bases(F: IntArray, seed: int) -> list[IntArray]:
    """The same span of two forms: another order, other signs, other bases, one of them twice."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-3, 4, size=2).tolist()
    mixed = np.tensordot(np.array([[1, a], [b, 1 + a * b]]), F, axes=1)
    return [F[::-1], F * np.array([-3, 5])[:, None, None], mixed, np.concatenate([mixed, F])]


@pytest.mark.parametrize("gate", [0, 3])
def test_a_basis_and_an_order_change_no_answer(gate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 10_000)
    schema = Schema({"age": number(0, 3, step=1, public=True)} | numbers(16, 3))
    F = drawn(schema, 11, 1, 2)
    F[:, 1] *= gate
    loose = {"budget": 99.0, "columns_a_rank": 1, "thin": 1.0, "excess_forms": 1e-9}
    questions = [asked(schema, forms(G), **loose) for G in (F, F, *bases(F, gate))]
    figures = [[rule(question) for rule in FORM_RULES] for question in questions]
    assert figures[0] == figures[1], "asked again"
    assert any(figures[0])
    for other in figures[2:]:
        assert other == figures[0]


def test_keys_one_after_the_other_are_keys_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 10_000)
    schema = Schema({"age": number(0, 3, step=1, public=True)} | numbers(16, 3))
    F = drawn(schema, 12, 1, 2)
    loose = {"budget": 99.0, "columns_a_rank": 1, "thin": 1.0, "excess_forms": 1e-9}
    public = form(schema, {"age": 5, "age age": 1})  # what everybody knows besides
    orders = [
        asked(schema, forms(second + 2 * public), forms(first), forms(first + public), **loose)
        for first, second in (F, F[::-1])
    ]
    orders.append(asked(schema, forms(*F, F[0] - public), **loose))
    figures = [[rule(question) for rule in FORM_RULES[3:]] for question in orders]
    assert any(figures[0]) and figures[1] == figures[0] and figures[2] == figures[0]


# -- what is refused, and by which rule --

DENSE = {f"x{i} x{(i + 3) % 8}": 1 + i % 2 for i in range(8)} | {f"x{i}": 2 - i % 5 for i in range(8)}
MANY = {f"x{i} x{(i + j) % 20}": (-1) ** (i + j) for i in range(20) for j in (1, 3, 7)}


def times(m: int, terms: dict[str, int]) -> dict[str, int]:
    return {words: m * value for words, value in terms.items()}


HOSTILE: dict[str, tuple[dict[str, Any], list[dict[str, int]], str]] = {
    "parity behind squares": (
        answers(1, protected=True) | numbers(8),
        [{"q0": 1} | {f"x{i} x{i}": 2 * i + 1 for i in range(8)} | {f"x{i}": 2 * i + 3 for i in range(8)}],
        "2m",
    ),
    "a residue under products": (numbers(8) | answers(2), [times(101, DENSE) | {"q0": 1, "q1": 2}], "2m"),
    "a residue of a product": (numbers(8) | answers(2), [times(16, DENSE) | {"q0 q1": 1}], "2m"),
    "a gate by a public column": (
        {"age": number(0, 40, step=1, public=True)} | answers(1, protected=True) | numbers(8),
        [{"age q0": 1} | times(40, DENSE)],
        "2m",
    ),
    "a gate that leaves a column alone": (
        {"sex": category(["f", "m"], public=True)} | numbers(8),
        [{f"sex x{i}": -(3 - i % 5) for i in range(7)} | {f"x{i}": 3 - i % 5 for i in range(8)}],
        "2",
    ),
    "high digits of a yes/no column": (numbers(20, 3) | answers(1), [MANY | {"q0": 1 << 14}], "2e"),
    "digits beyond what a linear key may have": (numbers(20, 3) | answers(1), [MANY | {"q0": 1 << 22}], "1"),
    "the square of one column": (numbers(20, 3) | {"s": number(0, 7, step=1)}, [MANY | {"s s": 64}], "2e"),
    "F and F + L": (
        numbers(20, 3) | answers(1),
        [MANY, {**MANY, "q0": 12} | {f"x{i}": 1 for i in range(5)}],
        "2e",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_construction_is_refused_by_the_rule_that_is_named(name: str) -> None:
    columns, keys, rule = HOSTILE[name]
    schema = Schema(columns)
    *issued, request = (forms(form(schema, terms)) for terms in keys)
    found = check_quadratic(issued, request, schema)
    assert [one.rule for one in found[:1]] == [rule], found
    assert all(one.refuses and str(one) for one in found)
