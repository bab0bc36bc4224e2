"""Forms on real patients: what is built to read a column is refused by the rule named, and coarse models get a key."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe import Function, KeyAuthority, PolicyDeniedError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import Prior, Reference, check_quadratic
from pyfe.leakage.rules import kept_rows
from pyfe.schema import Schema
from tests.real_tables import TABLES, installed

IntArray = npt.NDArray[np.int64]
Terms = dict[tuple[str, ...], int]
"""``{("a",): 3, ("a", "b"): -2}``: 3 a - 2 a b."""


@pytest.fixture(autouse=True)
def fewer_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the rows: what is decided here is not near a limit."""
    if not request.config.getoption("--slow"):
        monkeypatch.setattr(kept_rows, "FORM_ROWS", 40_000)


MARKS: dict[str, dict[str, list[str]]] = {
    "wdbc": {"protected": ["worst texture"]},
    "gbsg2": {"public": ["age"]},
}


@lru_cache
def known(table: str) -> tuple[Schema, Prior, Any]:
    """Columns of four steps, the reference of all patients, and these."""
    patients = TABLES[table][1]()
    schema = Schema.fit(patients.X, bits=2, **MARKS[table])
    return schema, Reference.from_table(patients.X, schema), patients


def at(schema: Schema, name: str) -> int:
    return 1 + next(i for i, one in enumerate(schema.coordinate_names) if one.split("=")[0] == name)


def form(schema: Schema, terms: Terms) -> IntArray:
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for names, value in terms.items():
        places = [0, *(at(schema, name) for name in names)][-2:]
        F[min(places), max(places)] += value
    return F


def private(schema: Schema) -> list[str]:
    return [name for name, column in schema.columns.items() if column.private]


def coarse(schema: Schema, seed: int) -> Terms:
    """An interaction of every column with the two after it, and a weight."""
    rng, names, terms = np.random.default_rng(seed), private(schema), Terms()
    for i, name in enumerate(names):
        terms[(name,)] = int(rng.integers(-3, 4)) or 1
        for j in (1, 2):
            terms[name, names[(i + j) % len(names)]] = int(rng.choice([-1, 1]))
    return terms


def times(m: int, terms: Terms) -> Terms:
    return {names: m * value for names, value in terms.items()}


def added(*parts: Terms) -> Terms:
    total: Terms = {}
    for part in parts:
        for names, value in part.items():
            total[names] = total.get(names, 0) + value
    return total


# -- constructions --


def high_digits(base: Terms, names: list[str], target: str) -> list[Terms]:
    return [added(base, {(target,): 1 << 14})]


def high_square(base: Terms, names: list[str], target: str) -> list[Terms]:
    return [added(base, {(target, target): 1 << 12})]


def residue_under_products(base: Terms, names: list[str], target: str) -> list[Terms]:
    return [added(times(101, base), {(target,): 1})]


def residue_of_a_product(base: Terms, names: list[str], target: str) -> list[Terms]:
    other = next(name for name in names if name != target)
    return [added(times(16, base), {(target, other): 1})]


def parity_of_squares(base: Terms, names: list[str], target: str) -> list[Terms]:
    """3 x^2 + 3 x is even."""
    even: Terms = {key: 3 for name in names for key in ((name,), (name, name))}
    return [added(even, {(target,): 1})]


def four_beside_a_product(base: Terms, names: list[str], target: str) -> list[Terms]:
    """3a + 5b + 6c + 7d + 23 x y: no remainder lives on few of the columns that are used."""
    a, b, c, d, x, y = [target, *(name for name in names if name != target)][:6]
    return [{(a,): 3, (b,): 5, (c,): 6, (d,): 7, (x, y): 23}]


def private_gate(base: Terms, names: list[str], target: str) -> list[Terms]:
    gate = next(name for name in names if name != target)
    return [added(base, {(gate, target): 1 << 12})]


def sum_of_squares(base: Terms, names: list[str], target: str) -> list[Terms]:
    """Every sum of squares of values 0..3 with these weights is another number."""
    return [{(name, name): 10**i for i, name in enumerate(names[:5])}]


def difference(base: Terms, names: list[str], target: str) -> list[Terms]:
    """F was issued; F + L, L little more than a column, is asked for."""
    beside: Terms = {(name,): 1 for name in names[:3]}
    return [base, added(base, beside, {(target,): 12})]


def difference_in_another_basis(base: Terms, names: list[str], target: str) -> list[Terms]:
    """2 F + L was issued, and 3 F + 2 L is asked for."""
    first, both = difference(base, names, target)
    beside = added(both, times(-1, first))
    return [added(times(2, base), beside), added(times(3, base), times(2, beside))]


def difference_by_a_square(base: Terms, names: list[str], target: str) -> list[Terms]:
    beside: Terms = {(name,): 1 for name in names[:3]}
    return [base, added(base, beside, {(target, target): 30, (target,): 5})]


def gate_in_a_residue(base: Terms, names: list[str], target: str) -> list[Terms]:
    """Modulo 7 a product of two columns, and nothing else, is left."""
    gate = next(name for name in names if name != target)
    return [added(times(7, base), {(gate, target): 2, (gate,): 7})]


def square_beside_a_residue(base: Terms, names: list[str], target: str) -> list[Terms]:
    return [added(times(10, base), {(target, target): 1})]


HOSTILE = {
    high_digits: "2e",
    high_square: "2e",
    residue_under_products: "2m",
    residue_of_a_product: "2m",
    parity_of_squares: "2m",
    four_beside_a_product: "5t",
    private_gate: "5t",
    sum_of_squares: "2m",
    difference: "2m",
    difference_in_another_basis: "2m",
    difference_by_a_square: "2m",
    gate_in_a_residue: "2m",
    square_beside_a_residue: "2m",
}


def refusal(table: str, keys: list[Terms]) -> list[Any]:
    schema, prior, _ = known(table)
    *issued, request = (MatrixForms.dense(form(schema, terms)) for terms in keys)
    return check_quadratic(issued, request, schema, prior=prior)


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_what_reads_a_column_is_refused(build: Any) -> None:
    schema, _, _ = known("wdbc")
    found = refusal("wdbc", build(coarse(schema, 0), private(schema), "mean smoothness"))
    assert [one.rule for one in found[:1]] == [HOSTILE[build]], found


def test_the_form_that_these_are_built_on_is_granted() -> None:
    schema, _, _ = known("wdbc")
    assert refusal("wdbc", [coarse(schema, 0)]) == []


@pytest.mark.slow
@pytest.mark.skipif(not installed("gbsg2"), reason="lifelines")
@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_with_public_columns_too(build: Any) -> None:
    schema, _, _ = known("gbsg2")
    found = refusal("gbsg2", build(coarse(schema, 3), private(schema), "horTh"))
    assert found and found[0].refuses and found[0].rule


@pytest.mark.slow
@pytest.mark.skipif(not installed("gbsg2"), reason="lifelines")
def test_a_gate_by_a_public_column() -> None:
    """The oldest women's answer has the column in digits that nothing else reaches."""
    schema, _, _ = known("gbsg2")
    found = refusal("gbsg2", [added(coarse(schema, 3), {("age", "horTh"): 40})])
    assert [one.rule for one in found[:1]] == ["2e"] and found[0].names == ("horTh",)


# -- models --


def on_levels(table: str, columns: int) -> tuple[Schema, Prior, IntArray, IntArray]:
    """The first columns on four steps, and the outcome of the patients."""
    _, _, patients = known(table)
    X = patients.X.iloc[:, :columns]
    schema = Schema.fit(X, bits=2)
    return schema, Reference.from_table(X, schema), schema.encode(X, "clip").x, np.asarray(patients.outcome).astype(int)


def rounded(F: npt.NDArray[np.float64], widest: int) -> IntArray:
    """Upper triangular integers whose largest entry, the constant aside, is ``widest``."""
    upper = np.triu(F) + np.triu(F.T, 1)
    upper[0, 0] = 0
    return np.rint(upper * widest / np.abs(upper).max()).astype(np.int64)


def discriminant(x: IntArray, y: IntArray, *, naive: bool, widest: int) -> IntArray:
    """The difference of two log densities (QDA; Gaussian naive Bayes with diagonal covariances), rounded."""
    n = x.shape[1]
    total = np.zeros((n + 1, n + 1))
    for label, sign in ((1, 1.0), (0, -1.0)):
        rows = x[y == label].astype(np.float64)
        covariance = np.cov(rows.T) + 0.2 * np.eye(n)
        precision = np.linalg.inv(np.diag(np.diag(covariance)) if naive else covariance)
        mean = rows.mean(axis=0)
        total[1:, 1:] -= sign * precision / 2
        total[0, 1:] += sign * precision @ mean / 2
        total[1:, 0] += sign * precision @ mean / 2
    return rounded(total, widest)


def network(n: int, units: int, widest: int) -> FactoredForms:
    rng = np.random.default_rng(4)
    P = np.c_[np.zeros(units, dtype=np.int64), rng.integers(-widest, widest + 1, size=(units, n))]
    return FactoredForms.squares(P, np.ones((1, units), dtype=np.int64))


def judged(kind: str) -> list[Any]:
    schema, prior, x, y = on_levels("wdbc", 20)
    requests: dict[str, Forms] = {
        "naive Bayes": MatrixForms.dense(discriminant(x, y, naive=True, widest=4)),
        "discriminant": MatrixForms.dense(discriminant(x, y, naive=False, widest=3)),
        "discriminant, fine": MatrixForms.dense(discriminant(x, y, naive=False, widest=2000)),
        "network": network(20, 3, 1),
        "network, fine": network(20, 3, 90),
    }
    return check_quadratic([], requests[kind], schema, prior=prior)


MODELS = {
    "naive Bayes": "",
    "discriminant": "",
    "discriminant, fine": "5t",
    "network": "",
    "network, fine": "5t",
}


@pytest.mark.parametrize("kind", MODELS)
def test_models_on_a_coarse_grid_get_a_key(kind: str) -> None:
    """And finer ones the name of the rule."""
    assert [one.rule for one in judged(kind)[:1]] == ([MODELS[kind]] if MODELS[kind] else [])


def test_an_authority_decides_by_its_reference() -> None:
    """The reference and the secret are its own."""
    schema, _, patients = known("wdbc")
    authority = KeyAuthority.create(schema, scheme="qfe-ggm", reference=patients.X)
    hostile = form(schema, residue_under_products(coarse(schema, 0), private(schema), "mean smoothness")[0])
    with pytest.raises(PolicyDeniedError, match=r"'mean smoothness' by a remainder"):
        authority.issue(Function.from_forms(schema, MatrixForms.dense(hostile)), purpose="a residue")
    coarse_form = Function.from_forms(schema, MatrixForms.dense(form(schema, coarse(schema, 0))))
    key = authority.issue(coarse_form, purpose="a coarse form")
    assert key.policy == "default (linear and quadratic rules)"
    assert [one.kind for one in authority.check(coarse_form)] == ["nothing new"]
