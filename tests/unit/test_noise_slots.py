"""Noise slots: the schema's column, functions behind noise, and the rules by which no combination of keys loses it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pyfe
from pyfe import leakage
from pyfe.errors import DecodeError, ParameterError, PolicyDeniedError
from pyfe.forms import MatrixForms
from pyfe.leakage import Finding, Meets, NoisyRow, Slot, check_linear, meets, noisy_rows
from pyfe.leakage.rules.information import information_behind_noise
from pyfe.schema import Schema

IntArray = npt.NDArray[np.int64]
SECRET = bytes(range(32))
N = 9


def patients(rows: int = 400, seed: int = 1) -> dict[str, Any]:
    """Nine columns that depend on each other a little."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 4, rows)
    table: dict[str, Any] = {f"c{i}": 50 + 9 * rng.normal(size=rows) + common for i in range(N - 2)}
    return table | {"smoker": rng.choice(["no", "yes"], rows), "ward": rng.choice(["a", "b", "c"], rows)}


def model(seed: int = 0, **options: Any) -> pyfe.Linear:
    rng = np.random.default_rng(seed)
    weights: dict[str, Any] = {f"c{i}": 0.01 * (1 + i) * rng.choice([-1, 1]) for i in range(N - 2)}
    return pyfe.Linear(weights | {"smoker": 0.4, "ward": {"b": 0.2, "c": -0.3}}, link="logit", **options)


def noisy(slots: Any = 4) -> Schema:
    return pyfe.schema_for(model(), patients(), noise=pyfe.noise(slots=slots))


# ---------------------------------------------------------------------------------------------------------------
# The column


def test_the_column() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "noise": pyfe.noise(slots=[2, 7]), "b": ["no", "yes"]})
    assert schema.input_columns == ("a", "b")
    assert schema.coordinate_names == ("a", "noise[2]", "noise[7]", "b=yes")
    assert schema.lo.tolist() == [0, -1536, -1536, 0] and schema.hi.tolist() == [255, 1536, 1536, 1]
    assert schema.noise is not None and schema.noise.ids == (2, 7) and schema.noise_part == slice(1, 3)
    assert schema.encode({"a": [9], "b": ["yes"]}).x.tolist() == [[255, 0, 0, 1]]
    assert not schema.sample(np.random.default_rng(0), 5)[:, 1:3].any()
    assert Schema.from_bytes(schema.to_bytes()) == schema
    assert "noise of standard deviation 128 in 2 slot(s): 2, 7" in str(schema)
    same = Schema.from_ranges({"a": (0, 9), "b": ["no", "yes"]}).with_noise(pyfe.noise(slots=1))
    assert same.coordinate_names == ("a", "b=yes", "noise[0]")


def test_it_is_no_block_and_no_form_may_name_it() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "noise": pyfe.noise(slots=3), "b": ["no", "yes"]})
    blocks = leakage.Blocks(schema)
    assert blocks.names == ("a", "b") and blocks.private == (0, 1)
    assert blocks.rows(np.array([[3, 1]])).tolist() == [[3, 0, 0, 0, 1]]
    assert len(leakage.Free(schema)) == 2
    assert leakage.residual([], schema).total_bits == pytest.approx(9)
    with pytest.raises(ParameterError, match="no coordinate"):
        Schema.from_ranges({"a": (0, 9), "noise": pyfe.noise()}, protected_forms={"f": {"noise[0]": 1}})


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: pyfe.noise(sd=100),
        lambda: pyfe.noise(sd=8),
        lambda: pyfe.noise(sd=2**17),
        lambda: pyfe.noise(sd=128.5),  # type: ignore[arg-type]
        lambda: pyfe.noise(slots=0),
        lambda: pyfe.noise(slots=10**9),
        lambda: pyfe.noise(slots=[]),
        lambda: pyfe.noise(slots=[1, 1]),
        lambda: pyfe.noise(slots=[2, 1]),
        lambda: pyfe.noise(slots=[-1]),
        lambda: pyfe.noise(slots=[2**31]),
        lambda: pyfe.noise(slots="01"),  # type: ignore[arg-type]
        lambda: Schema.from_ranges({"noise": pyfe.noise()}),
        lambda: Schema.from_ranges({"a": (0, 9), "n": pyfe.noise(), "m": pyfe.noise()}),
        lambda: Schema.from_ranges({"a": (0, 9), "n": pyfe.noise()}, public=["n"]),
        lambda: Schema.from_ranges({"a": (0, 9), "n": pyfe.noise()}, missing={"n": "bit"}),
        lambda: Schema.from_ranges({"noise": (0, 9)}).with_noise(pyfe.noise()),
        lambda: Schema.from_ranges({"a": (0, 9)}).with_noise(pyfe.number(0, 1)),
    ],
)
def test_what_noise_cannot_be(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        wrong()


def test_schemas_without_noise_keep_their_bytes() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "b": ["no", "yes"]})
    assert schema.id.hex() == "9111db8f0818037a5594f627e43a33f1d112d7b89ffbb9b7c2308b1462bd407a"
    assert "noise" not in json.dumps(schema.to_dict())
    function = pyfe.compile(pyfe.Linear({"a": 1.0, "b": 2.0}), schema)
    assert function.exact and "noise_sd" not in function.to_dict()
    damaged = function.to_dict() | {"noise_sd": 0}
    with pytest.raises(DecodeError):
        pyfe.Function.from_dict(damaged)


# ---------------------------------------------------------------------------------------------------------------
# Functions


def test_prepare_scales_the_score_to_sixteen_noises() -> None:
    table = patients()
    schema, function = pyfe.prepare(model(), table, noise=pyfe.noise(slots=2))
    assert schema.noise is not None and all(c.size == 256 for name, c in schema.columns.items() if name[0] == "c")
    assert function.evaluate(table, "clip").std() == pytest.approx(2048, rel=0.01)
    assert function.slots == (0,) and not function.exact and function.readout.noise_sd == 128
    assert function.recalibrate(2.0).exact is False
    narrow = pyfe.compile(model(), schema.with_noise(pyfe.noise()) if schema.noise is None else schema, reference=table)
    assert narrow.evaluate(table, "clip").std() == pytest.approx(2048, rel=0.01)
    louder = pyfe.compile(
        model(), Schema(dict(list(schema.columns.items())[:-1])).with_noise(pyfe.noise(16)), reference=table
    )
    assert louder.evaluate(table, "clip").std() == pytest.approx(256, rel=0.02)


def test_the_results_are_off_by_noise_and_say_so() -> None:
    table = patients()
    schema, function = pyfe.prepare(model(), table, noise=pyfe.noise(slots=2), slots=[1])
    authority = pyfe.KeyAuthority.create(schema, reference=table)
    key = authority.issue(function, purpose="triage")
    key = pyfe.FunctionKey.from_bytes(key.to_bytes(), public_key=authority.public_key)
    assert not key.exact and key.info()["exact"] is False and "not exact" in repr(key) and "not exact" in repr(function)
    rows = {name: cells[:40] for name, cells in table.items()}
    ciphertexts = authority.public_key.encrypt(rows, on_overflow="clip", owner_secret=SECRET)
    off = key.decrypt(ciphertexts) - function.evaluate(rows, "clip")
    assert off.any() and 60 < off.std() < 200
    again = authority.public_key.encrypt(rows, on_overflow="clip", owner_secret=SECRET)
    assert np.array_equal(key.decrypt(again), key.decrypt(ciphertexts))
    decision = function.decision_function(function.evaluate(rows, "clip"))
    assert (np.abs(key.decision_function(ciphertexts) - decision) <= function.max_error).all()
    report = pyfe.report(function, table, authority=authority)
    assert (
        report.exact is False and "every result" in dict(report.lines())["exact"] and report.to_dict()["exact"] is False
    )
    assert "noise of sd / 16" in dict(function.remarks)["step of the score"]


def test_slots_of_a_function() -> None:
    schema = noisy()
    function = pyfe.compile(model(), schema, reference=patients())
    moved = function.with_slots(3)
    assert moved.slots == (3,) and moved.id != function.id and np.array_equal(moved.max_error, function.max_error)
    assert np.array_equal(moved.interval, function.interval)
    part = schema.noise_part
    assert moved.weights[0, part].tolist() == [0, 0, 0, 1]
    assert pyfe.Function.from_bytes(moved.to_bytes(), schema) == moved
    assert pyfe.Function.from_bytes(moved.to_bytes()).exact is False
    for wrong in ((), (0, 1), (4,), ("0",), (True,), (1.0,), ([1],), (None,)):
        with pytest.raises(ParameterError, match="different slots"):
            function.with_slots(*wrong)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no noise slots"):
        pyfe.compile(model(), Schema.fit(patients())).with_slots(0)
    with pytest.raises(ParameterError, match="slots go with"):
        pyfe.compile(model(), Schema.fit(patients()), slots=[0])
    for slots in (3, "0", b"0", 1.0):
        with pytest.raises(ParameterError, match="list of ids"):
            pyfe.compile(model(), schema, reference=patients(), slots=slots)  # type: ignore[arg-type]
    claimed = pyfe.Function.from_dict({**moved.to_dict(), "noise_sd": 64})
    with pytest.raises(ParameterError, match="other noise"):
        pyfe.Function(claimed.map, claimed.readout, claimed.schema_id, schema=schema)


def test_what_does_not_go_with_noise() -> None:
    schema, table = noisy(), patients()
    with pytest.raises(ParameterError, match="weight_bits"):
        pyfe.compile(model(), schema, weight_bits=8)
    with pytest.raises(ParameterError, match="precision"):
        pyfe.prepare(model(), table, precision=8, noise=pyfe.noise())
    for coordinate, exact in ((1, True), (schema.n, False)):
        forms = np.zeros((1, schema.n + 1, schema.n + 1), dtype=np.int64)
        forms[0, 1, 2] = forms[0, 0, coordinate] = 1
        assert pyfe.Function.from_forms(schema, MatrixForms.dense(forms)).exact is exact


# ---------------------------------------------------------------------------------------------------------------
# The pure test


def of(slot: int | None, *row: int, epoch: int = 0, columns: str = "ab") -> NoisyRow:
    source = None if slot is None else Slot(slot, 128, frozenset(columns))
    return NoisyRow(epoch, source, {name: v for name, v in zip("wxyz", row, strict=False) if v})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], (0, 0)),
        ([of(0, 1, 2)], (0, 0)),
        ([of(0, 1, 2), of(0, 1, 2)], (0, 0)),
        ([of(0, 1, 2), of(0, 1, 2, epoch=1)], (0, 0)),
        ([of(0, 1, 2), of(0, 2, 4)], (1, 1)),
        ([of(0, 1, 2), of(0, 1, 3, epoch=1)], (1, 0)),
        ([of(0, 1, 2), of(1, 1, 2)], (0, 1)),
        ([of(0, 1, 2), of(1, 1, 2, epoch=1)], (0, 1)),
        ([of(0, 1, 2), of(0, 1, 2, epoch=1, columns="abc")], (0, 1)),
        ([of(0, 1, 2), of(1, 1, 3)], (0, 0)),
        ([of(0, 1, 0), of(1, 0, 1), of(2, 1, 1)], (0, 1)),
        ([of(0, 1, 0), of(1, 0, 1), of(0, 1, 1)], (1, 1)),
        ([of(None, 1, 2)], (1, 0)),
        ([of(None, 1, 2), of(0, 1, 2)], (1, 1)),
        ([of(0)], (0, 1)),
    ],
)
def test_meets(rows: list[NoisyRow], expected: tuple[int, int]) -> None:
    assert meets(rows) == Meets(*expected)
    assert meets(rows[::-1]) == Meets(*expected)


def test_meets_takes_raw_values() -> None:
    half = NoisyRow(1, of(0).slot, {"w": Fraction(1, 2), "x": Fraction(1, 3)})
    assert meets([half, NoisyRow(2, of(0).slot, {"w": Fraction(1, 2), "x": Fraction(1, 3)})]) == Meets(0, 0)
    assert meets([half, NoisyRow(2, of(1).slot, {"w": 3, "x": 2})]) == Meets(0, 1)


def rank(matrix: list[list[Fraction]]) -> int:
    """Over the rationals, by elimination."""
    rows, found = [row[:] for row in matrix], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def random_sets(rng: np.random.Generator) -> Iterator[list[NoisyRow]]:
    """Key sets over up to three epochs, most of which break something."""
    while True:
        pool = [tuple(int(v) for v in rng.integers(-2, 3, 4)) for _ in range(4)]
        count = int(rng.integers(1, 7))
        yield [
            of(
                int(rng.integers(5)),
                *pool[rng.integers(4)],
                epoch=int(rng.integers(3)),
                columns="abc"[: rng.integers(2, 4)],
            )
            for _ in range(count)
        ]


def test_no_combination_is_free_of_noise_in_a_thousand_key_sets_over_epochs() -> None:
    """Keys are asked for one after the other, and issued where the rule allows; then every combination of few of them
    is looked at over the rationals."""
    issued_in_all = refused_in_all = 0
    for rows, _ in zip(random_sets(np.random.default_rng(7)), range(1000), strict=False):
        issued: list[NoisyRow] = []
        for row in rows:
            if meets([*issued, row]) == Meets(0, 0):
                issued.append(row)
        issued_in_all, refused_in_all = issued_in_all + len(issued), refused_in_all + len(rows) - len(issued)
        slots = sorted({row.slot for row in issued if row.slot is not None}, key=repr)
        data = [[Fraction(row.row.get(name, 0)) for name in "wxyz"] for row in issued]
        noise = [[Fraction(int(row.slot == slot)) for slot in slots] for row in issued]
        whole = [left + right for left, right in zip(data, noise, strict=True)]
        assert rank(whole) == rank(noise) == rank(data), rows
        for a, b in combinations(issued, 2):
            assert (a.slot == b.slot) == (a.row == b.row), "a slot belongs to one direction, and it to the slot"
    assert issued_in_all > 1500 and refused_in_all > 500


# ---------------------------------------------------------------------------------------------------------------
# The rules


def plain(slots: int = 4, count: int = N) -> Schema:
    ranges: dict[str, Any] = {f"x{i}": pyfe.number(0, 255, step=1) for i in range(count)}
    return Schema.from_ranges(ranges | {"noise": pyfe.noise(slots=slots)})


def row(schema: Schema, slot: int | None, seed: int = 0, weight: int = 1) -> IntArray:
    values = np.zeros(schema.n, dtype=np.int64)
    values[: schema.noise_part.start] = np.random.default_rng(seed).integers(5, 12, schema.noise_part.start)
    if slot is not None:
        values[schema.noise_part.start + slot] = weight
    return values


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def test_a_key_behind_noise_is_granted_where_the_same_integers_are_not() -> None:
    schema = plain()
    bare = Schema(dict(list(schema.columns.items())[:-1]))
    assert check_linear([], row(schema, 0), schema) == []
    assert check_linear([], row(schema, None)[: bare.n], bare) != []


def test_every_output_has_one_slot_of_weight_one() -> None:
    schema = plain()
    for wrong, note in (
        (row(schema, None), "output 0 has no slot"),
        (row(schema, 1, weight=2), "output 0 has the weight 2"),
        (row(schema, 1, weight=-1), "output 0 has the weight -1"),
        (
            row(schema, 1) + row(schema, 2) * np.eye(1, schema.n, schema.noise_part.start + 2, dtype=np.int64)[0],
            "2 slots",
        ),
        (np.stack([row(schema, 0), row(schema, None, 1)]), "output 1 has no slot"),
    ):
        finding = only(check_linear([], wrong, schema))
        assert (finding.kind, finding.rule) == ("slot", "noise") and note in finding.note
        assert finding.advice.startswith("Give every output a slot of its own that no key has")
    assert only(check_linear([], np.eye(1, schema.n, schema.n - 1, dtype=np.int64), schema)).kind == "constant"


def test_a_slot_belongs_to_one_direction() -> None:
    schema = plain()
    first, second = row(schema, 0), row(schema, 1, 1)
    assert only(check_linear([first], first, schema)).kind == "nothing new"
    other = only(check_linear([first], row(schema, 0, 1), schema))
    assert (other.kind, other.note) == ("clean", "slot 0 belongs to another direction of keys")
    assert other.advice.endswith("1, 2, 3")
    again = only(check_linear([first], row(schema, 2), schema))
    assert (again.kind, again.note) == ("averaged", "this direction of keys has slot 0")
    double = first * 2
    double[schema.noise_part.start] = 1
    assert only(check_linear([first], double, schema)).kind == "clean"
    assert check_linear([first], second, schema) == []
    both = first + second
    both[schema.noise_part] = [0, 0, 1, 0]
    assert only(check_linear(np.stack([first, second]), both, schema)).kind == "averaged"
    both[schema.noise_part] = [0, 1, 0, 0]
    assert only(check_linear(np.stack([first, second]), both, schema)).kind == "clean"


def test_other_epochs_count() -> None:
    schema = plain()
    first = row(schema, 0)
    elsewhere = noisy_rows(first[None, :], schema, "spring")
    assert elsewhere[0].epoch == "spring"
    assert check_linear([], first, schema, elsewhere=elsewhere) == [], "the same direction keeps its slot"
    assert only(check_linear([], row(schema, 0, 1), schema, elsewhere=elsewhere)).kind == "clean"
    assert only(check_linear([], row(schema, 1), schema, elsewhere=elsewhere)).kind == "averaged"
    assert check_linear([], row(schema, 1, 1), schema, elsewhere=elsewhere) == []
    unblurred = [NoisyRow("winter", None, elsewhere[0].row)]
    assert only(check_linear([], row(schema, 1, 1), schema, elsewhere=unblurred)).kind == "clean"


def test_the_rules_on_the_data_part_stay() -> None:
    schema = plain()
    lone = np.zeros(schema.n, dtype=np.int64)
    lone[[0, schema.noise_part.start]] = 3, 1
    assert only(check_linear([], lone, schema)).rule == "2"
    loud = row(schema, 0)
    loud[2] = 4000
    assert only(check_linear([], loud, schema)).rule == "2e"
    three = np.stack([row(schema, slot, slot) for slot in range(4)])
    assert only(check_linear(three[:3], three[3], schema)).rule == "3"
    wide = row(schema, 0) * 4000
    wide[schema.noise_part.start] = 1
    assert only(check_linear([], wide, schema)).rule == "4", "13 bits of 9 x 3, blind"


def test_information_behind_noise() -> None:
    schema = plain()
    blind = leakage.Blind(schema)
    variance = (256**2 - 1) / 12
    data = leakage.Free(schema).rows(np.stack([row(schema, 0), row(schema, 1, 1)]))
    for rows in (data[:1], data):
        y = np.array(rows, dtype=np.float64)
        expected = np.linalg.slogdet(np.eye(len(rows)) + variance * y @ y.T / 128**2)[1] / math.log(4)
        found = information_behind_noise(rows, 128, blind)
        assert found.bound == "noise" and found.bits == pytest.approx(expected, abs=1e-6)
    table = patients()
    cut, function = pyfe.prepare(model(), table, noise=pyfe.noise())
    prior = leakage.prior_for(cut, leakage.Reference.from_table(table, cut))
    bits = information_behind_noise(leakage.Free(cut).rows(function.weights), 128, prior).bits
    assert bits == pytest.approx(math.log2(1 + 16**2) / 2, abs=0.05)
    bare = function.weights.copy()
    bare[:, cut.noise_part] = 0
    assert leakage.residual(bare, cut).method != "bound", "a score without noise is counted as it is"
    left = leakage.residual(function.weights, cut)
    assert left.method == "bound" and 3 < left.total_bits - left.bits < 7


def test_several_classes_would_be_averaged() -> None:
    table = patients()
    schema = pyfe.schema_for(model(), table, noise=pyfe.noise(slots=3))
    weights = np.random.default_rng(2).normal(size=(3, schema.n)) * 0.01
    weights[:, schema.noise_part] = 0
    weights -= weights.mean(axis=0)
    rounded = np.rint(weights * 2000).astype(np.int64)
    rounded[2] = -rounded[0] - rounded[1]
    rounded[:, schema.noise_part] = np.eye(3, dtype=np.int64)
    finding = only(check_linear([], rounded, schema))
    assert finding.kind == "averaged" and "one against the rest" in finding.advice


# ---------------------------------------------------------------------------------------------------------------
# The authority


def test_the_ledger_knows_whose_a_slot_is() -> None:
    table = patients()
    schema = noisy()
    authority = pyfe.KeyAuthority.create(schema, reference=table)
    first, second = (pyfe.compile(model(seed), schema, reference=table) for seed in (0, 3))
    authority.issue(first, purpose="v1")
    authority.issue(first, purpose="v1, again")
    with pytest.raises(PolicyDeniedError, match="slot 0 belongs to another direction of keys.*with_slots: 1, 2, 3"):
        authority.issue(second, purpose="v2")
    with pytest.raises(
        PolicyDeniedError, match="lets noise be averaged, or taken off .this direction of keys has slot 0"
    ):
        authority.issue(first.with_slots(1), purpose="v1 once more")
    authority.issue(second.with_slots(1), purpose="v2")
    bare = pyfe.Function.from_integers(schema, np.where(np.arange(schema.n) < 7, 5, 0))
    with pytest.raises(
        PolicyDeniedError, match="has not one noise slot of weight 1 for every output .output 0 has no slot"
    ):
        authority.issue(bare, purpose="clean")
    assert len(authority.issued) == 3


def test_an_unrestricted_authority_records_what_it_gave_away() -> None:
    schema = noisy()
    authority = pyfe.KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason="a test of records"))
    heavy = np.where(np.arange(schema.n) < 7, 5, 0)
    heavy[schema.noise_part.start] = 2
    function = pyfe.Function.from_integers(schema, heavy)
    assert not function.exact
    authority.issue(function, purpose="weight 2")
    assert "has the weight 2" in authority.issued[0].findings[0]
    follower = pyfe.compile(model(), schema, reference=patients()).with_slots(1)
    assert only(authority.check(follower)).kind == "clean", "what has another weight counts as without noise"


# ---------------------------------------------------------------------------------------------------------------
# Protected columns


def doubling(protected: str | None) -> tuple[Schema, IntArray]:
    """Twelve yes/no columns; weights that double from one to the next on four of them, at 16 noises in all."""
    names = [f"q{i}" for i in range(12)]
    marks = [] if protected is None else [protected]
    ranges: dict[str, Any] = {name: ["no", "yes"] for name in names}
    schema = Schema.from_ranges(ranges | {"noise": pyfe.noise(slots=2)}, protected=marks)
    weights = np.array([3554, 1777, 889, 444, 8, -2, 6, -7, 8, 7, -3, 8, 1, 0], dtype=np.int64)
    return schema, weights


class Known(leakage.Blind):
    """Independent columns, with the budget of somebody who knows them."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.budget_bits = self.entropy_bits / 2


def test_a_protected_column_is_counted_behind_noise() -> None:
    """The second of four answers lies 14 noises apart, and explains a fifth of the variance: no other rule sees it."""
    schema, weights = doubling("q1")
    found = only(check_linear([], weights, schema, prior=Known(schema)))
    assert (found.kind, found.rule, found.names) == ("certain", "5", ("q1",)) and "with noise" in found.note
    schema, weights = doubling("q4")
    found = only(check_linear([], weights, schema, prior=Known(schema)))
    assert found.names == ("q3",) and found.rule == "5t", "an answer of 8 is lost in noise of 128; the others are open"


def test_the_count_behind_noise_is_that_of_drawn_rows() -> None:
    schema, weights = doubling("q1")
    found = only(check_linear([], weights, schema, prior=Known(schema)))
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, (200_000, 12))
    z = x @ weights[:12] + np.rint(rng.normal(0, 128, len(x))).astype(np.int64)
    cells = z // 8
    ones, alls = (np.bincount(cells - cells.min(), weights=w) for w in (x[:, 1], np.ones(len(x))))
    share = np.divide(ones, alls, out=np.full_like(ones, 0.5), where=alls > 0)
    drawn = alls[np.minimum(share, 1 - share) <= 0.05]
    rare = alls[share >= 0.95].sum() / len(x)
    assert drawn.sum() / len(x) > 0.9 and found.figure == pytest.approx(rare, abs=0.03)


def test_sums_of_two_are_counted_with_the_noise_of_both() -> None:
    """Two keys whose sum is the one above: each alone hides the protected column behind another one."""
    schema, weights = doubling("q1")
    left = weights // 2 + np.array([0, 0, 0, 0, 900, -700, 800, 0, 0, 0, 0, 0, 0, 0])
    right = weights - left
    left[12:], right[12:] = [1, 0], [0, 1]
    one = leakage.Question(
        leakage.LinearAccount(schema),
        leakage.LinearAccount(schema).with_rows(np.stack([left, right])),
        np.stack([left, right]),
        Known(schema),
    )
    from pyfe.leakage.rules.protected import protected

    assert only(protected(one)).names == ("q1",)


# ---------------------------------------------------------------------------------------------------------------
# Every column


def test_answers_that_double_are_counted_though_nothing_is_protected() -> None:
    schema, weights = doubling(None)
    found = only(check_linear([], weights, schema, prior=Known(schema)))
    assert (found.kind, found.rule) == ("certain", "5t") and "with noise" in found.note
    assert found.figure is not None and found.figure > 0.5, "a figure far from the limit"
    weights[:4] = [180, -150, 120, 170]
    assert check_linear([], weights, schema, prior=Known(schema)) == [], "four answers, each little more than the noise"


def hidden(multiples: tuple[int, int]) -> tuple[Schema, IntArray]:
    """Twelve numbers and a yes/no; two keys ``a u + 1000 q`` and ``b u + d``: ``b z - a z'`` is q, but for noise."""
    schema = Schema.from_ranges(
        {f"x{i}": pyfe.number(0, 255, step=1) for i in range(12)} | {"q": ["no", "yes"], "noise": pyfe.noise(slots=2)}
    )
    signs = np.random.default_rng(1).choice([-1, 1], (2, 12))
    rows = np.zeros((2, schema.n), dtype=np.int64)
    rows[:, :12] = 2 * np.array(multiples)[:, None] * signs[0]
    rows[1, :12] += signs[1]
    rows[0, 12] = 1000
    rows[:, schema.noise_part] = np.eye(2, dtype=np.int64)
    return schema, rows


def test_what_two_scores_hide_from_each_other_is_counted() -> None:
    """Neither score nor their sum or difference says much of q; 7 of one less 5 of the other does, through noise of
    8.6 times the standard deviation."""
    schema, rows = hidden((5, 7))
    assert check_linear([], rows[0], schema) == []
    assert check_linear([], rows[1], schema) == []
    found = only(check_linear(rows[0], rows[1], schema))
    assert (found.rule, found.names) == ("5t", ("q",))
    rng = np.random.default_rng(5)
    x = np.c_[rng.integers(0, 256, (50_000, 12)), rng.integers(0, 2, 50_000)]
    z = x @ rows[:, :13].T + rng.normal(0, 128, (len(x), 2))
    apart = z @ [7, -5]
    assert np.corrcoef(apart, x[:, 12])[0, 1] ** 2 > 0.8, "what the combination opens"
    assert max(np.corrcoef(one, x[:, 12])[0, 1] ** 2 for one in (z[:, 0], z[:, 1], z.sum(1), z[:, 0] - z[:, 1])) < 0.3


def test_digits_above_the_noise_are_digits() -> None:
    """z modulo 12 noises is q: 5 of them, whatever the other answers are."""
    schema = Schema.from_ranges({f"q{i}": ["no", "yes"] for i in range(24)} | {"noise": pyfe.noise()})
    weights = np.array([5 * 128, *(12 * 128 * (1 - 2 * (i % 2)) for i in range(23)), 1], dtype=np.int64)
    found = only(check_linear([], weights, schema, prior=Known(schema)))
    assert (found.rule, found.names) == ("5t", ("q0",))


def test_a_score_that_is_louder_than_what_is_drawn_can_tell_is_refused() -> None:
    schema = plain(count=40)
    loud = row(schema, 0) * 400
    loud[schema.noise_part] = [1, 0, 0, 0]
    prior = Known(schema)
    assert only(check_linear([], loud, schema, prior=prior)).kind == "too fine"


def test_a_key_that_differs_by_public_columns_counts_once() -> None:
    schema = Schema.from_ranges(
        {"age": pyfe.number(0, 99, step=1)}
        | {f"x{i}": pyfe.number(0, 255, step=1) for i in range(9)}
        | {"noise": pyfe.noise(slots=2)},
        public=["age"],
    )
    first = np.array([0, *range(5, 14), 1, 0], dtype=np.int64)
    again = first + 7 * np.eye(1, schema.n, dtype=np.int64)[0]
    bits = [
        leakage.Question(
            leakage.LinearAccount(schema), leakage.LinearAccount(schema).with_rows(rows), rows, leakage.Blind(schema)
        ).information.bits
        for rows in (first[None, :], np.stack([first, again]))
    ]
    assert bits[0] == bits[1]


def test_names_in_another_normal_form_are_the_same_slot() -> None:
    """Noise is drawn for names in normal form C, so two epochs that spell a column otherwise share their slots."""
    composed, apart = "gr\u00f6\u00dfe", "gro\u0308\u00dfe"
    spring, autumn = (
        Schema.from_ranges({name: (0, 9), "a": (0, 9), "noise": pyfe.noise()}) for name in (composed, apart)
    )
    first = noisy_rows(np.array([[3, 5, 1]]), spring, "spring")
    assert meets([*first, *noisy_rows(np.array([[3, 5, 1]]), autumn, "autumn")]) == Meets(0, 0)
    assert meets([*first, *noisy_rows(np.array([[3, 4, 1]]), autumn, "autumn")]) == Meets(1, 0)


def test_the_mean_of_several_scores_is_counted_with_its_noise() -> None:
    """Four scores, each through noise of its own, say little of a protected answer, and so do two; their mean does."""
    random = np.random.default_rng(9)
    base = random.integers(-15, 16, 23)
    names: dict[str, Any] = {f"q{i}": ["no", "yes"] for i in range(24)}
    schema = Schema.from_ranges(names | {"noise": pyfe.noise(slots=4)}, protected=["q0"])
    near = base + np.random.default_rng(0).integers(-12, 13, (4, 23))
    rows = np.column_stack([np.full(4, 100), near, np.eye(4, dtype=np.int64)])
    assert check_linear([], rows[0], schema) == check_linear(rows[:1], rows[1], schema) == []
    found = only(check_linear(rows[:3], rows[3], schema))
    assert (found.rule, found.names) == ("5", ("q0",)) and "with noise" in found.note

    x = np.random.default_rng(1).integers(0, 2, (100_000, 24))
    z = x @ rows[:, :24].T + np.rint(np.random.default_rng(2).normal(0, 128, (len(x), 4)))
    mean = z.mean(axis=1)
    right = ((mean > mean.mean()) == x[:, 0]).mean()
    assert right > 0.75, "the limit for protected columns"
