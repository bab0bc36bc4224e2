"""Forms behind noise: functions with slots, the rules by which no combination of them loses its noise, and keys."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pyfe
from pyfe.errors import PolicyDeniedError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import Blind, Finding, Limits, QuadraticAccount, check_quadratic, noisy_rows, residual_forms
from pyfe.leakage.form_rules import FORMS_BEHIND_NOISE, FormQuestion
from pyfe.leakage.form_rules.behind_noise import told
from pyfe.leakage.rules import kept_rows
from pyfe.schema import Schema

IntArray = npt.NDArray[np.int64]
SECRET = bytes(range(32))
COLUMNS = 16


@pytest.fixture(autouse=True)
def fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decided here is not near a limit."""
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 20_000)


@lru_cache
def plain(slots: int = 4, public: bool = False, marked: str = "") -> Schema:
    """Sixteen columns of eight levels; a public one of two besides, if wanted."""
    ranges: dict[str, Any] = {f"x{i}": pyfe.number(0, 7, step=1) for i in range(COLUMNS)}
    beside: dict[str, Any] = {"sex": ["f", "m"]} if public else {}
    return Schema.from_ranges(
        ranges | beside | {"noise": pyfe.noise(slots=slots)},
        public=list(beside),
        protected=[marked] if marked else [],
    )


def matrix(schema: Schema, slot: int | None, seed: int = 0, scale: int = 2, weight: int = 1) -> IntArray:
    """A dense form on the columns, and the weight of a slot."""
    form = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    inner = np.random.default_rng(seed).integers(-scale, scale + 1, (COLUMNS, COLUMNS))
    form[1 : COLUMNS + 1, 1 : COLUMNS + 1] = np.triu(inner)
    form[0, 1 : COLUMNS + 1] = np.random.default_rng(seed + 99).integers(1, 9, COLUMNS)
    if slot is not None:
        form[0, 1 + schema.noise_part.start + slot] = weight
    return form


def asked(schema: Schema, request: Any, *issued: Any, **options: Any) -> list[Finding]:
    """What the rules say; as many forms as anybody likes, unless the number is what is tried."""
    prior = options.pop("prior", None) or Known(schema)
    forms = [form if isinstance(form, FactoredForms) else MatrixForms.dense(form) for form in issued]
    wanted: Forms = request if isinstance(request, FactoredForms) else MatrixForms.dense(request)
    return check_quadratic(forms, wanted, schema, prior=prior, **options)


class Known(Blind):
    """Independent columns, with the budget of somebody who knows them."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.budget_bits = self.entropy_bits / 2


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


# ---------------------------------------------------------------------------------------------------------------
# Functions


@pytest.mark.parametrize("factored", [False, True])
def test_slots_of_a_quadratic_function(factored: bool) -> None:
    schema = plain()
    rng = np.random.default_rng(3)
    if factored:
        U = np.zeros((3, schema.n + 1), dtype=np.int64)
        U[:, : COLUMNS + 1] = rng.integers(-3, 4, (3, COLUMNS + 1))
        forms: Forms = FactoredForms(U, U, rng.integers(1, 5, (2, 3)))
    else:
        forms = MatrixForms.dense(np.stack([matrix(schema, None, seed) for seed in (1, 2)]))
    bare = pyfe.Function.from_forms(schema, forms)
    behind = bare.with_slots(2, 0)
    assert bare.exact and bare.slots == (None, None)
    assert not behind.exact and behind.slots == (2, 0) and behind.readout.noise_sd == 128
    assert np.array_equal(behind.interval, bare.interval + np.array([-1536, 1536]))
    moved = behind.with_slots(1, 3)
    assert moved.slots == (1, 3) and np.array_equal(moved.interval, behind.interval)
    assert np.array_equal(moved.max_error, behind.max_error)
    assert pyfe.Function.from_bytes(moved.to_bytes(), schema) == moved
    x = schema.sample(rng, 50)
    x[:, schema.noise_part] = rng.integers(-1536, 1537, (50, 4))
    assert np.array_equal(moved.map.evaluate(x), bare.map.evaluate(x) + x[:, schema.noise_part][:, [1, 3]])


def test_a_key_opens_the_form_and_the_noise_of_the_owner() -> None:
    schema = plain()
    function = pyfe.Function.from_forms(schema, MatrixForms.dense(matrix(schema, None))).with_slots(1)
    linear = pyfe.Function.from_integers(schema, np.where(np.arange(schema.n) < COLUMNS, 5, 0)).with_slots(1)
    policy = pyfe.Policy.unrestricted(reason="a test of noise, not of a policy")
    authority = pyfe.KeyAuthority.create(schema, scheme="qfe-ggm", policy=policy)
    keys = [authority.issue(one, purpose="a test") for one in (function, linear)]
    keys = [pyfe.FunctionKey.from_bytes(key.to_bytes(), public_key=authority.public_key) for key in keys]
    rows = {name: np.arange(3) + i % 4 for i, name in enumerate(schema.input_columns)}
    batch = authority.public_key.encrypt(rows, owner_secret=SECRET)
    noise = [key.decrypt(batch) - one.evaluate(rows) for key, one in zip(keys, (function, linear), strict=True)]
    assert np.array_equal(*noise), "both have the noise of slot 1"
    assert noise[0].any() and np.abs(noise[0]).max() < 1536
    assert not keys[0].exact and keys[0].info()["exact"] is False


def test_prepare_cuts_columns_and_scales_the_score() -> None:
    rng = np.random.default_rng(5)
    table = {f"c{i}": 50 + 9 * rng.normal(size=400) for i in range(9)}

    def spread(rows: Any) -> Any:
        return ((np.asarray(rows, dtype=np.float64) - 50) ** 2).sum(axis=1)

    schema, function = pyfe.prepare(spread, table, noise=pyfe.noise(slots=1))
    assert function.kind == "quadratic" and function.slots == (0,)
    scores = function.evaluate(table, "clip").astype(np.float64)
    assert scores.std() == pytest.approx(2048, rel=0.1)
    assert np.corrcoef(scores, spread(np.column_stack(list(table.values()))))[0, 1] > 0.98
    assert max(column.size for name, column in schema.columns.items() if name != "noise") <= 65
    assert "noise of sd / 16" in dict(function.remarks)["step of the score"]


# ---------------------------------------------------------------------------------------------------------------
# Rules


def test_what_integers_cannot_have_noise_may() -> None:
    schema = plain()
    bare = Schema(dict(list(schema.columns.items())[:-1]))
    form = matrix(schema, 0)
    assert asked(schema, form) == []
    assert asked(bare, form[: bare.n + 1, : bare.n + 1]) != []
    assert asked(schema, form, secret=SECRET) == asked(schema, form, secret=SECRET)


def product_with_a_slot(schema: Schema) -> IntArray:
    form = matrix(schema, 0)
    form[3, 1 + schema.noise_part.start + 1] = 1
    return form


def square_of_a_slot(schema: Schema) -> IntArray:
    form = matrix(schema, 0)
    form[1 + schema.noise_part.start, 1 + schema.noise_part.start] = 1
    return form


def two_slots(schema: Schema) -> IntArray:
    return matrix(schema, 0) + matrix(schema, 1) - matrix(schema, None)


@pytest.mark.parametrize(
    "form",
    [
        lambda s: matrix(s, None),
        lambda s: matrix(s, 0, weight=2),
        lambda s: matrix(s, 0, weight=-1),
        two_slots,
        product_with_a_slot,
        square_of_a_slot,
    ],
)
def test_every_form_has_one_slot_of_weight_one_by_itself(form: Any) -> None:
    schema = plain()
    found = only(asked(schema, form(schema)))
    assert (found.kind, found.rule) == ("slot", "noise") and "output 0" in found.note


def test_a_slot_belongs_to_one_form() -> None:
    schema = plain()
    first = matrix(schema, 0)
    assert only(asked(schema, first, first)).kind == "nothing new"
    shared = only(asked(schema, matrix(schema, 0, 1), first))
    assert (shared.kind, shared.note) == ("clean", "slot 0 belongs to another direction of keys")
    again = only(asked(schema, matrix(schema, 1), first))
    assert (again.kind, again.note) == ("averaged", "this direction of keys has slot 0")
    doubled = 2 * first
    doubled[0, 1 + schema.noise_part.start :] = [1, 0, 0, 0]
    assert only(asked(schema, doubled, first)).kind == "clean"
    assert asked(schema, matrix(schema, 1, 1), first) == []
    linear = np.zeros_like(first)
    linear[0, 1 : COLUMNS + 1] = np.arange(1, COLUMNS + 1)
    linear[0, 1 + schema.noise_part.start] = 1
    assert only(asked(schema, linear, first)).kind == "clean", "a linear key beside a form"
    linear[0, 1 + schema.noise_part.start :] = [0, 0, 1, 0]
    assert asked(schema, linear, first) == []


def test_linear_keys_under_quadratic_authorities_keep_their_slots() -> None:
    schema = plain()
    linear = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    linear[0, 1 : COLUMNS + 1] = np.random.default_rng(2).integers(20, 40, COLUMNS)
    assert only(asked(schema, linear)).kind == "slot"
    linear[0, 1 + schema.noise_part.start] = 1
    assert asked(schema, linear) == []
    other = linear.copy()
    other[0, 1 : COLUMNS + 1] += np.arange(COLUMNS)
    assert only(asked(schema, other, linear)).kind == "clean"


def test_other_epochs_count() -> None:
    schema = plain()
    account = QuadraticAccount(schema).with_forms(MatrixForms.dense(matrix(schema, 0)))
    assert asked(schema, matrix(schema, 0), elsewhere=account.noisy) == []
    taken = only(asked(schema, matrix(schema, 0, 1), elsewhere=account.noisy))
    assert (taken.kind, taken.note) == ("clean", "slot 0 belongs to another direction of keys")
    assert only(asked(schema, matrix(schema, 1), elsewhere=account.noisy)).kind == "averaged"
    assert noisy_rows(np.zeros((0, schema.n), dtype=np.int64), schema) == []


def test_two_forms_that_fall_together_for_some_public_value_are_averaged() -> None:
    schema = plain(public=True)
    sex = 1 + schema.coordinate_names.index("sex=m")
    first, second = matrix(schema, 0), matrix(schema, 1)
    second[1 : COLUMNS + 1, sex] = np.arange(1, COLUMNS + 1)  # times sex: nothing where sex = f
    found = only(asked(schema, second, first))
    assert (found.kind, found.note) == ("averaged", "for some values of the public columns")


def test_rules_on_the_data_part_stay() -> None:
    schema = plain()
    lone = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    lone[2, 2] = lone[0, 1 + schema.noise_part.start] = 1
    assert only(asked(schema, lone)).rule == "2"
    loud = matrix(schema, 0)
    loud[2, 2] = 4000
    assert only(asked(schema, loud)).rule == "2e"
    wide = matrix(schema, 0) * 2**20
    wide[0, 1 + schema.noise_part.start] = 1
    assert only(asked(schema, wide, prior=Blind(schema), limits=Limits(support=2.0))).rule == "4"
    many = [matrix(schema, slot, slot) for slot in range(4)]
    assert only(asked(schema, many[3], *many[:3])).rule == "3"


def test_a_protected_column_is_counted_with_the_noise() -> None:
    """A yes/no of 12 noises in a form whose other half is as wide: a quarter of its variance, and no other rule's."""
    columns = {f"q{i}": ["no", "yes"] for i in range(COLUMNS)}
    schema = Schema.from_ranges({**columns, "noise": pyfe.noise(slots=1)}, protected=["q1"])
    form = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    form[0, 1], form[0, 2], form[0, 3] = 3554, 1777, 889
    form[4, 5], form[6, 7], form[8, 9] = 500, 30, -20
    form[0, 10 : COLUMNS + 1] = 7
    form[0, 1 + schema.noise_part.start] = 1
    found = only(asked(schema, form, limits=Limits(support=2.0, support_of_few=2.0)))
    assert (found.rule, found.names) == ("5t", ("q1",)) and "with noise" in found.note
    before = QuadraticAccount(schema)
    question = FormQuestion(before, before.with_forms(MatrixForms.dense(form)), Known(schema))
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, (200_000, COLUMNS))
    z = np.concatenate([np.ones((len(x), 1), np.int64), x], axis=1)
    data = np.einsum("ri,ij,rj->r", z, form[: COLUMNS + 1, : COLUMNS + 1], z, optimize=True)
    cells = np.floor((data + rng.normal(0, 128, len(x))) / 8).astype(np.int64)
    yes, alls = (np.bincount(cells - cells.min(), weights=w) for w in (x[:, 1], np.ones(len(x))))
    share = np.divide(yes, alls, out=np.full_like(yes, 0.5), where=alls > 0)
    assert only(told(question)).figure == pytest.approx(alls[share >= 0.95].sum() / len(x), abs=0.03)
    form[0, 2] = form[0, 3] = form[4, 5] = 40
    assert told(FormQuestion(before, before.with_forms(MatrixForms.dense(form)), Known(schema))) == []


def hidden(multiples: tuple[int, int]) -> tuple[Schema, IntArray]:
    """Two forms ``a u + 1000 q`` and ``b u + d`` with products in u: ``b z - a z'`` is q, but for noise."""
    columns = {f"x{i}": pyfe.number(0, 255, step=1) for i in range(12)} | {f"p{i}": ["no", "yes"] for i in range(8)}
    schema = Schema.from_ranges(columns | {"q": ["no", "yes"], "noise": pyfe.noise(slots=2)})
    signs = np.random.default_rng(1).choice([-1, 1], (2, 12))
    forms = np.zeros((2, schema.n + 1, schema.n + 1), dtype=np.int64)
    for form, multiple in zip(forms, multiples, strict=True):
        form[0, 1:13] = 2 * multiple * signs[0]
        form[13, 14] = form[15, 16] = 200 * multiple
    forms[1, 0, 1:13] += signs[1]
    forms[0, 0, 21] = 1000
    forms[[0, 1], 0, 1 + schema.noise_part.start + np.arange(2)] = 1
    return schema, forms


def test_what_two_answers_hide_from_each_other_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither answer nor their sum or difference says much of q; 7 of one less 5 of the other does."""
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 100_000)
    schema, (first, second) = hidden((5, 7))
    assert asked(schema, first) == asked(schema, second) == []
    found = only(asked(schema, second, first))
    assert (found.rule, found.names) == ("5t", ("q",)) and "with noise" in found.note


def test_answers_that_double_are_counted_though_nothing_is_protected() -> None:
    columns = {f"q{i}": ["no", "yes"] for i in range(COLUMNS)}
    schema = Schema.from_ranges({**columns, "noise": pyfe.noise(slots=1)})
    form = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    form[0, 1:4], form[4, 5], form[0, 10 : COLUMNS + 1] = (3554, 1777, 889), 500, 7
    form[0, 1 + schema.noise_part.start] = 1
    lifted = Limits(support=2.0, support_of_few=2.0)
    found = only(asked(schema, form, limits=lifted))
    assert (found.kind, found.rule) == ("certain", "5t") and "with noise" in found.note
    form[0, 1:4] = 300, 250, 200
    assert asked(schema, form, limits=lifted) == [], "answers that are little more than the noise"


def test_the_answer_is_the_same_in_every_order() -> None:
    schema = plain()
    forms = [MatrixForms.dense(matrix(schema, slot, slot)) for slot in range(2)]
    found = []
    for order in (forms, forms[::-1]):
        account = QuadraticAccount(schema)
        for form in order:
            account = account.with_forms(form)
        question = FormQuestion(QuadraticAccount(schema), account, Known(schema))
        found.append([rule(question) for rule in FORMS_BEHIND_NOISE] + [round(question.information.bits, 9)])
    assert found[0] == found[1]


def test_information_is_that_of_a_gaussian_channel() -> None:
    schema = plain()
    form = MatrixForms.dense(matrix(schema, 0))
    before = QuadraticAccount(schema)
    question = FormQuestion(before, before.with_forms(form), Known(schema))
    x = schema.sample(np.random.default_rng(0), 100_000)
    values = form.evaluate(np.concatenate([np.ones((len(x), 1), np.int64), x], axis=1))[:, 0]
    expected = np.log2(1 + values.var() / 128**2) / 2
    assert question.information.bits == pytest.approx(expected, abs=0.05)
    left = residual_forms([form], schema, seed=SECRET)
    assert left.method == "bound" and left.total_bits - left.bits == pytest.approx(expected, abs=0.1)


def test_the_ledger_knows_whose_a_slot_is() -> None:
    schema = plain(marked="x3")
    rng = np.random.default_rng(11)
    table = {name: rng.integers(0, 8, 400) for name in schema.input_columns}
    authority = pyfe.KeyAuthority.create(schema, scheme="qfe-ggm", reference=table)
    first, second = (
        pyfe.Function.from_forms(schema, MatrixForms.dense(matrix(schema, None, seed))).with_slots(0) for seed in (0, 1)
    )
    authority.issue(first, purpose="v1")
    authority.issue(first, purpose="v1, again")
    with pytest.raises(PolicyDeniedError, match="slot 0 belongs to another direction of keys"):
        authority.issue(second, purpose="v2")
    with pytest.raises(PolicyDeniedError, match="averaged"):
        authority.issue(first.with_slots(2), purpose="v1 once more")
    authority.issue(second.with_slots(1), purpose="v2")
    assert len(authority.issued) == 3
