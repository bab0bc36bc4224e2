"""What was tried against the quadratic rules: each request here is refused, and only the rule named can refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import numpy.typing as npt
import pytest

from pyfe import Function, KeyAuthority, OutOfRangeError, Policy, PolicyDeniedError, Schema
from pyfe.adapters import adapter
from pyfe.authority import leakage_accounts
from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import (
    Finding,
    QuadraticAccount,
    Residual,
    limits,
    most_forms,
    residual_forms,
)
from pyfe.schema import category, constant, number, thresholds
from pyfe.wire import sealing
from tests.unit.objects import PASSPHRASE, opened_by, secrets_of

IntArray = npt.NDArray[np.int64]
SEED = b"a seed of these tests"

EVERY_KIND = Schema(
    {
        "age": number(0, 99, step=1, public=True),
        "k": constant(3),
        "c": category("xyz"),
        "t": thresholds([1, 2, 5]),
        "b": category(["no", "yes"]),
        "d": number(0, 1, step=1),
        "m": number(0, 9, step=1, missing="bit"),
        **{f"x{i}": number(0, 255, step=1) for i in range(12)},
    }
)
AT = {name: i for i, name in enumerate(("1", *EVERY_KIND.coordinate_names))}
SIDE = EVERY_KIND.n + 1
M = [name for name in AT if name.startswith("m")]

ZERO = {
    "yes/no": [("b=yes", "b=yes", 1), ("1", "b=yes", -1)],
    "number of two values": [("d", "d", 1), ("1", "d", -1)],
    "two levels": [("c=x", "c=y", 1)],
    "square of a level": [("c=z", "c=z", 1), ("1", "c=z", -1)],
    "sum of levels": [("c=x", "x3", 1), ("c=y", "x3", 1), ("c=z", "x3", 1), ("1", "x3", -1)],
    "thresholds": [("t>=1.0", "t>=5.0", 1), ("1", "t>=5.0", -1)],
    "square of a threshold": [("t>=2.0", "t>=2.0", 1), ("1", "t>=2.0", -1)],
    "constant": [("k", "x4", 1), ("1", "x4", -3)],
    "absent value": [(M[0], M[1], 1)],
    "square of a missing bit": [(M[1], M[1], 1), ("1", M[1], -1)],
    "square of a constant": [("k", "k", 1)],
    "public": [("age", "age", 1)],
}
"""Forms that are zero, or known, on every record."""


def revealed(left: Residual) -> float:
    """Bits that the answers take away."""
    return left.total_bits - left.bits


def plain(n: int) -> Schema:
    return Schema({f"x{i}": number(0, 255, step=1) for i in range(n)})


def form(terms: Sequence[tuple[str, str, int]], schema: Schema = EVERY_KIND) -> IntArray:
    at = {name: i for i, name in enumerate(("1", *schema.coordinate_names))}
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    for left, right, value in terms:
        F[min(at[left], at[right]), max(at[left], at[right])] += value
    return F


def forms(*F: IntArray) -> MatrixForms:
    return MatrixForms.dense(np.stack(F)).upper()


def linear(weights: IntArray) -> MatrixForms:
    F = np.zeros((len(weights) + 1, len(weights) + 1), dtype=np.int64)
    F[0, 1:] = weights
    return forms(F)


def dense(schema: Schema, seed: int = 0) -> IntArray:
    return np.triu(np.random.default_rng(seed).integers(1, 128, size=(schema.n + 1, schema.n + 1)))


def kinds(found: list[Finding]) -> set[str]:
    return {finding.kind for finding in found if finding.refuses}


def opened(found: list[Finding]) -> set[tuple[str, tuple[str, ...]]]:
    return {(finding.kind, finding.names) for finding in found if finding.refuses}


def factors_of(seed: int) -> tuple[IntArray, IntArray]:
    """Two linear forms that touch every column, and constants."""
    rng = np.random.default_rng(seed)
    u, w = rng.integers(1, 9, size=(2, SIDE))
    return u, w


def with_one_more(u: IntArray, name: str) -> MatrixForms:
    beside = u[1:].copy()
    beside[AT[name] - 1] += 1
    return linear(beside)


# -- factors behind what vanishes --


@pytest.mark.parametrize("kind", ZERO)
def test_a_zero_form_hides_no_factor(kind: str) -> None:
    """u w + zero, then u + x5: only as a factor can u be known, and only then is x5 open."""
    u, w = factors_of(1)
    hidden = forms(np.outer(u, w) + 5 * form(ZERO[kind]))
    assert opened_by([], hidden, EVERY_KIND) == []
    found = opened_by([hidden], with_one_more(u, "x5"), EVERY_KIND)
    assert opened(found) == {("coordinate", ("x5",))}
    assert opened_by([forms(dense(EVERY_KIND))], with_one_more(u, "x5"), EVERY_KIND) == []


def test_all_zero_forms_at_once_hide_no_square() -> None:
    u, _ = factors_of(2)
    zero = sum((i + 2) * form(terms) for i, terms in enumerate(ZERO.values()))
    hidden = forms(np.outer(u, u) + np.asarray(zero))
    found = opened_by([hidden], with_one_more(u, "x0"), EVERY_KIND)
    assert opened(found) == {("coordinate", ("x0",))}


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_factor_on_few_answers_is_found(columns: int) -> None:
    """u on some yes/no columns, w everywhere: what w says of u's own columns became linear, and says nothing."""
    schema = Schema({**{f"b{i}": category([0, 1]) for i in range(columns)}, **dict(plain(8).columns)})
    u, w = np.zeros(schema.n + 1, dtype=np.int64), np.arange(2, schema.n + 3)
    u[1 : columns + 1] = 2 * np.arange(1, columns + 1)
    request = forms(np.outer(u, w))
    beside = w[1:].copy()
    beside[:columns], beside[-1] = 0 if columns < 3 else w[1 : columns + 1], w[-1] + 1
    found = opened_by([request], linear(beside), schema)
    assert ("coordinate", ("x7",)) in opened(found)


@pytest.mark.parametrize("known", [False, True])
def test_a_known_linear_form_hides_no_factor(known: bool) -> None:
    u, w = factors_of(3)
    key = np.random.default_rng(9).integers(1, 99, size=SIDE)
    hidden = forms(np.outer(u, w) + 7 * np.outer(np.eye(SIDE, dtype=np.int64)[0], key))
    issued: list[Forms] = [hidden, linear(key[1:])][: 1 + known]
    found = opened_by(issued, with_one_more(u, "x5"), EVERY_KIND)
    assert opened(found) == ({("coordinate", ("x5",))} if known else set())


@pytest.mark.parametrize(("a", "b", "c"), [(1, 1, 0), (3, 2, 0), (-7, 4, 5), (1, 0, 1)])
def test_combinations_of_two_forms_are_taken_apart(a: int, b: int, c: int) -> None:
    """F = a G + u w and H = b G + c u w; of the four forms that 32 columns allow, these are two."""
    schema = plain(32)
    rng = np.random.default_rng(4)
    G, (u, w) = dense(schema), rng.integers(1, 9, size=(2, schema.n + 1))
    product = np.outer(u, w)
    issued: list[Forms] = [forms(a * G + product, b * G + c * product + dense(schema, 5) * (b == 0))]
    beside = u[1:].copy()
    beside[9] += 1
    assert opened_by([], issued[0], schema) == []
    expected = {("coordinate", ("x9",))} if b else set()
    assert opened(opened_by(issued, linear(beside), schema)) == expected
    swapped = forms(*reversed(issued[0].dense_array()))  # type: ignore[union-attr]
    assert opened(opened_by([swapped], linear(beside), schema)) == expected


# -- linear in disguise --

WIDE = 2**16
"""Beyond what a linear function may have, within what a quadratic one may."""

DISGUISES = {
    "row of the constant": [("1", "x0", 1), ("1", "x1", 256), ("1", "x2", WIDE)],
    "square of an answer": [("1", "x0", 1), ("1", "x1", 256), ("b=yes", "b=yes", WIDE)],
    "square of two values": [("1", "x0", 1), ("1", "x1", 256), ("d", "d", WIDE)],
    "square of a threshold": [("1", "x0", 1), ("1", "x1", 256), ("t>=2.0", "t>=2.0", WIDE)],
    "product of thresholds": [("1", "x0", 1), ("1", "x1", 256), ("t>=1.0", "t>=5.0", WIDE)],
    "times a constant": [("1", "x0", 1), ("1", "x1", 256), ("k", "x2", WIDE)],
    "times all levels": [("1", "x0", 1), ("1", "x1", 256), *((f"c={v}", "x2", WIDE) for v in "xyz")],
    "level": [("1", "x0", 1), ("1", "x1", 256), ("c=x", "c=x", WIDE), ("c=y", "c=y", -WIDE)],
    "scaled": [("1", "x0", 3), ("1", "x1", 768), ("1", "x2", 3 * WIDE)],
    "beside a zero form": [("1", "x0", 1), ("1", "x1", 256), ("1", "x2", WIDE), ("c=x", "c=z", 99)],
    "beside a product": [("x0", "x1", 1), ("1", "x1", 256), ("1", "x2", WIDE)],
    "beside a public product": [("1", "x0", 1), ("age", "x1", 7), ("1", "x2", WIDE)],
    "times a public column": [("1", "x0", 1), ("1", "x1", 256), ("age", "x2", WIDE)],
    "with a small product": [("1", "x0", 1), ("1", "x1", 256), ("1", "x2", WIDE), ("x2", "b=yes", 1)],
    "with a small square": [("1", "x0", 1), ("1", "x1", 256), ("1", "x2", WIDE), ("x2", "x2", -1)],
    "with many small products": [("1", "x1", 9), ("1", "x2", WIDE), *(("x2", f"x{i}", 1) for i in range(3, 12))],
}


@pytest.mark.parametrize("name", DISGUISES)
def test_linear_content_keeps_to_linear_weights(name: str) -> None:
    """The same with the largest weight made small is granted, so that nothing else refuses."""
    request = forms(form(DISGUISES[name]))
    (finding,) = opened_by([], request, EVERY_KIND)
    assert finding.kind == "weights" and finding.refuses and "a linear function may have 16" in str(finding)
    narrow = [(i, j, v if abs(v) < WIDE else v // WIDE * 63) for i, j, v in DISGUISES[name]]
    assert opened_by([], forms(form(narrow)), EVERY_KIND) == []


def test_the_difference_of_two_keys_keeps_to_linear_weights() -> None:
    G = dense(EVERY_KIND)
    request = forms(G + form(DISGUISES["row of the constant"]))
    found = opened_by([forms(G)], request, EVERY_KIND)
    assert opened(found) == {("weights", ("x2",))}
    assert opened_by([], request, EVERY_KIND) == [], "beside no other key, a product hides every column"
    both = forms(G, G + form(DISGUISES["row of the constant"]))
    assert kinds(opened_by([], both, EVERY_KIND)) == {"weights"}
    assert most_forms(EVERY_KIND) == 2
    for name in ("beside a product", "with a small product"):
        found = opened_by([forms(G)], forms(G + form(DISGUISES[name])), EVERY_KIND)
        assert opened(found) == {("weights", ("x2",))}, name
        found = opened_by([forms(3 * G)], forms(2 * G + form(DISGUISES[name])), EVERY_KIND)
        assert opened(found) == {("weights", ("x2",))}, name


def test_weights_that_products_account_for_are_granted() -> None:
    """(x - m)^T A (x - m): the weights are as wide as A times m, 23 bits here."""
    schema = plain(8)
    rng = np.random.default_rng(0)
    A, m = np.triu(rng.integers(-(2**12), 2**12, size=(8, 8))), rng.integers(100, 256, size=8)
    F = np.zeros((9, 9), dtype=np.int64)
    F[1:, 1:], F[0, 1:] = A, -(A + A.T) @ m
    assert np.abs(F).max() > 2**19
    assert opened_by([], forms(F), schema) == []


def test_narrow_linear_keys_stay_granted() -> None:
    """Two keys of 16 bits; of a category, levels may lie twice as far apart."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-(2**15) + 1, 2**15, size=(2, EVERY_KIND.n))
    weights[:, AT["c=x"] - 1], weights[:, AT["c=z"] - 1] = 2**15 - 1, 1 - 2**15
    issued = linear(weights[0])
    assert opened_by([], issued, EVERY_KIND) == []
    assert opened_by([issued], linear(weights[1]), EVERY_KIND) == []


def test_an_authority_refuses_linear_content() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 100) for i in range(16)})
    authority = KeyAuthority.create(schema, scheme="qfe-ggm")
    F = np.zeros((17, 17), dtype=np.int64)
    F[0, 1:4] = 1, 256, WIDE
    disguised = Function.from_forms(schema, MatrixForms.dense(F))
    assert kinds(authority.check(disguised)) == {"width"}, "it is a linear key"
    with pytest.raises(PolicyDeniedError, match=r"too wide \(65536, where the rule allows 32768\).* fewer weight bits"):
        authority.issue(disguised, purpose="digits")
    with pytest.raises(OutOfRangeError, match="at most 16 bits"):
        authority.issue(Function.from_integers(schema, F[0, 1:]), purpose="the same, openly")


# -- padding --


def cancelling(schema: Schema, outputs: int = 1) -> FactoredForms:
    """4 b from the squares of P +- b +- 1: seen only where the units are multiplied out."""
    rng = np.random.default_rng(2)
    P, b, one = rng.integers(1, 8, size=schema.n + 1), *np.eye(schema.n + 1, dtype=np.int64)[[-1, 0]]
    P[0] = P[-1] = 0
    U = np.array([P + b + one, P + b - one, P + one, P - one])
    return FactoredForms.squares(U, np.tile([[1, -1, -1, 1]], (outputs, 1)))


WITH_HIV = Schema.from_ranges({**{f"c{i}": (0, 100) for i in range(16)}, "hiv": ["no", "yes"]}, protected=["hiv"])


def copies(kind: str, count: int) -> Forms:
    rng = np.random.default_rng(5)
    weights = rng.integers(1, 99, size=WITH_HIV.n)
    if kind == "network":
        U = rng.integers(1, 9, size=(3, WITH_HIV.n + 1))
        return FactoredForms(U, U, np.outer(np.arange(1, count + 1), [3, 1, 2]))
    F = np.zeros((count, WITH_HIV.n + 1, WITH_HIV.n + 1), dtype=np.int64)
    F[:, 0, 1:] = np.outer(np.arange(1, count + 1), weights)
    if kind == "zero forms besides":
        F[:, -1, -1] = np.arange(count)
        F[:, 0, -1] -= np.arange(count)
    return MatrixForms.dense(F)


@pytest.mark.parametrize("kind", ["linear", "zero forms besides", "network"])
def test_dependent_outputs_switch_nothing_off(kind: str) -> None:
    """600 outputs of which one counts; before, so many made the units "too wide to be multiplied out"."""
    request = cancelling(WITH_HIV)
    expected = {("coordinate", ("hiv=yes",)), ("protected", ("hiv",))}
    assert opened(opened_by([], request, WITH_HIV)) == expected
    padding = copies(kind, 600)
    assert opened_by([], padding, WITH_HIV) == []
    assert expected <= opened(opened_by([padding], request, WITH_HIV))
    assert opened(opened_by([], cancelling(WITH_HIV, 600), WITH_HIV)) == expected


def test_dependent_outputs_spend_no_budget() -> None:
    once, often = (residual_forms([copies("linear", k)], WITH_HIV, seed=SEED) for k in (1, 600))
    assert once == often and revealed(once) > 5
    account = QuadraticAccount(WITH_HIV).with_forms(copies("network", 600)).with_forms(copies("linear", 600))
    assert [part.k for part in account.independent] == [1, 1] and account.outputs == 1200


def test_padding_hides_nothing_from_an_authority() -> None:
    dense_form = Policy.unrestricted(reason="a dense form, of which the rules say too much")
    authority = KeyAuthority.create(WITH_HIV, scheme="qfe-ggm", policy=dense_form)
    weights = np.arange(1, WITH_HIV.n + 1)
    authority.issue(Function.from_integers(WITH_HIV, np.tile(weights, (8, 1))), purpose="padding")
    honest = Function.from_forms(WITH_HIV, MatrixForms.dense(dense(WITH_HIV)))
    assert kinds(authority.check(honest)) <= {"budget", "too fine"}
    assert ("protected", ("hiv",)) in opened(authority.check(Function.from_forms(WITH_HIV, cancelling(WITH_HIV))))


# -- one question, however it is asked --


def bases(F: IntArray, seed: int) -> list[IntArray]:
    """The same span: other orders, other signs, other bases, twice."""
    rng = np.random.default_rng(seed)
    lower, upper = np.tril(rng.integers(-3, 4, size=(2, 3, 3)), -1) + np.eye(3, dtype=np.int64)
    mixed = np.tensordot(lower @ upper.T, F, axes=1)
    return [F[::-1], np.array([-3, 5, 7])[:, None, None] * F, np.concatenate([mixed, F])]


def test_the_answer_does_not_depend_on_the_basis() -> None:
    schema = plain(24)  # three forms are allowed
    F = np.stack([dense(schema, s) for s in range(3)])
    for hidden in (0, form([("1", "x1", 5)], schema), form([("x2", "x3", 1)], schema)):
        G = F.copy()
        G[2] = G[0] + 2 * G[1] + hidden if isinstance(hidden, np.ndarray) else G[2]
        first = opened(opened_by([], forms(*G), schema))
        estimate = residual_forms([forms(*G)], schema, seed=SEED).bits
        for other in bases(G, 3):
            assert opened(opened_by([], forms(*other), schema)) == first
            assert residual_forms([forms(*other)], schema, seed=SEED).bits == pytest.approx(estimate, abs=1e-6)
        one_by_one: list[Forms] = [forms(part) for part in G[::-1]]
        assert residual_forms(one_by_one, schema, seed=SEED).bits == pytest.approx(estimate, abs=1e-6)


def test_factored_or_not_is_one_question() -> None:
    rng = np.random.default_rng(6)
    net = FactoredForms.squares(rng.integers(1, 9, size=(3, WITH_HIV.n + 1)), rng.integers(1, 9, size=(1, 3)))
    accounts_ = [QuadraticAccount(WITH_HIV).with_forms(part) for part in (net, net.matrix(), net.matrix().upper())]
    assert len({account.canonical() for account in accounts_}) == 1
    one = FactoredForms.squares(net.U[:1], [5])
    beside = net.U[0, 1:].copy()
    beside[4] += 1
    for written in (one, one.matrix(), one.matrix().upper()):
        assert opened(opened_by([written], linear(beside), WITH_HIV)) == {("coordinate", ("c4",))}


def test_zero_forms_change_no_question() -> None:
    G = dense(EVERY_KIND)
    plainly = QuadraticAccount(EVERY_KIND).with_forms(forms(G)).canonical()
    for terms in ZERO.values():
        again = QuadraticAccount(EVERY_KIND).with_forms(forms(3 * G + 7 * form(terms)))
        assert again.canonical() == plainly
    assert QuadraticAccount(EVERY_KIND).with_forms(forms(G + form([("1", "x1", 1)]))).canonical() != plainly


# -- the sample --


def rare(schema: Schema, avoided: IntArray) -> MatrixForms:
    """Weights on the levels that these records do not show."""
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    F[0, 1:] = np.where(avoided.any(axis=0), 0, 32 * (np.arange(schema.n) // 24 + 1))
    F[-2, -1], F[0, -2:] = 1, 1
    return forms(F)


def test_a_known_sample_is_what_the_seed_is_against() -> None:
    """With the old, public seed of the records; and with any seed, whoever knows it can do the same."""
    schema = Schema({"a": category(range(3000)), "s": number(0, 7, step=1), "t": number(0, 15, step=1)})
    was_public = schema.sample(np.random.default_rng(21), 4096)
    request = rare(schema, was_public)
    left = residual_forms([request], schema, seed=SEED)
    honest = residual_forms([rare(schema, np.zeros((1, schema.n), dtype=np.int64))], schema, seed=SEED)
    assert request.evaluate(np.insert(was_public, 0, 1, axis=1)).max() < 256, "these records show nothing"
    assert revealed(left) > 10 and revealed(honest) > revealed(left) - 1


def test_the_sample_is_the_seeds_and_the_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = plain(16)
    drawn: list[bytes] = []
    sample = Schema.sample

    def watched(self: Schema, rng: np.random.Generator, count: int, **ends: bool) -> IntArray:
        rows = sample(self, rng, count, **ends)
        drawn.append(rows.tobytes())
        return rows

    monkeypatch.setattr(Schema, "sample", watched)
    F, G = dense(schema), dense(schema, 1)
    asked = [([F], SEED), ([5 * F], SEED), ([F, 2 * F], SEED), ([G], SEED), ([F], SEED + b"'")]
    for pool, seed in asked:
        residual_forms([forms(part) for part in pool], schema, seed=seed)
    samples = drawn[1::2]
    assert samples[0] == samples[1] == samples[2], "one question, one sample"
    assert len({*samples}) == 3, "another question or another secret, another one"


@pytest.mark.parametrize("seed", [b"", b"short", "text of 16 letters", None])
def test_a_seed_is_long(seed: object) -> None:
    with pytest.raises(ParameterError, match="16 bytes"):
        residual_forms([], plain(20), seed=seed)  # type: ignore[arg-type]


# -- the authority's side --


def test_every_authority_has_a_secret_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    path = tmp_path / "authority"
    free = Policy.unrestricted(reason="a test")
    first = KeyAuthority.create(plain(3), policy=free, path=path, passphrase=PASSPHRASE)
    secret = secrets_of(first).decision_secret()
    assert len(secret) == 64 and secrets_of(first).decision_secret() == secret
    assert secrets_of(KeyAuthority.open(path, passphrase=PASSPHRASE)).decision_secret() == secret
    assert secrets_of(KeyAuthority.create(plain(3))).decision_secret() != secret
    key = first.issue(Function.from_integers(plain(3), [3, 5, 7]), purpose="test")
    kept = b"".join(file.read_bytes() for file in path.iterdir())
    for public in (kept, first.public_key.to_bytes(), key.to_bytes(), repr(first).encode()):
        assert secret not in public and secret.hex().encode() not in public


def test_asking_again_changes_no_answer() -> None:
    """In other words, in another order: one figure; another authority draws other records."""
    s = plain(16)
    F, G = dense(s), dense(s, 1)
    mine, other = (KeyAuthority.create(s, scheme="qfe-ggm") for _ in range(2))
    asked = [forms(F, G), forms(G, F), forms(F, G, G), forms(F + G, G), forms(F, F - G)]
    figures = [mine.residual(Function.from_forms(s, part)).bits for part in asked]
    assert figures == pytest.approx([figures[0]] * len(asked), abs=1e-6)
    assert abs(other.residual(Function.from_forms(s, forms(F, G))).bits - figures[0]) > 1e-6


def test_what_was_not_looked_at_is_not_issued() -> None:
    s = plain(60)
    rng = np.random.default_rng(0)
    net = FactoredForms.squares(rng.integers(-7, 8, size=(8, 61)), rng.integers(1, 8, size=(30, 8)))
    request = Function.from_forms(s, FactoredForms(net.U, net.U, net.Q[:1]))
    careful, later = (KeyAuthority.create(s, scheme="qfe-ggm") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MOST_CELLS", 10**3)
        leakage_accounts._quadratic.clear()
        assert kinds(careful.check(request)) == {"checked in part"}
        with pytest.raises(PolicyDeniedError, match="monomials cancel.*What cannot be looked at is not issued"):
            careful.issue(request, purpose="too wide")
        free = KeyAuthority.create(s, scheme="qfe-ggm", policy=Policy.unrestricted(reason="a test"))
        assert free.issue(request, purpose="unrestricted").verified
        assert "was not checked for everything" in free.issued[0].findings[0]
    leakage_accounts._quadratic.clear()
    assert "checked in part" not in kinds(later.check(request))


def test_a_ledger_is_reduced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was issued before is not reduced again for the next question; another ledger is another matter."""
    s = plain(12)
    for scheme, method in (("ipfe-ddh", "with_rows"), ("qfe-ggm", "with_forms")):
        authority = KeyAuthority.create(s, scheme=scheme, policy=Policy.unrestricted(reason="a test"))
        rng = np.random.default_rng(0)
        for i in range(3):
            authority.issue(Function.from_integers(s, rng.integers(1, 5, size=s.n)), purpose=str(i))
        kept = leakage_accounts.LinearAccount if scheme == "ipfe-ddh" else leakage_accounts.QuadraticAccount
        extended = Mock(side_effect=getattr(kept, method), name=method)
        monkeypatch.setattr(kept, method, lambda *a, watched=extended: watched(*a))
        request = Function.from_integers(s, rng.integers(1, 5, size=s.n))
        first = authority.check(request)
        assert extended.call_count == 2, "the last key, and the request"
        assert authority.check(request) == first and extended.call_count == 3
        state = authority._engine.view().counted
        prefix = replace(state, issued=state.issued[:1])
        build = leakage_accounts.linear_account if scheme == "ipfe-ddh" else leakage_accounts.quadratic_account
        modulus = adapter(state.terms.scheme).modulus
        assert build(s, prefix.issued, modulus) is not build(s, state.issued, modulus)
        monkeypatch.undo()
