"""Scores and forms behind noise: which combinations are counted, by which names slots go, and what a channel lets
through."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.forms import MatrixForms
from pyfe.leakage import Blind, LinearAccount, Meets, NoisyRow, Question, Slot, meets, noisy_rows, residual_forms
from pyfe.leakage.rules.protected import counted_behind_noise, protected
from pyfe.leakage.rules.slots import blurred, one_slot, second_slot, shared_slot
from pyfe.leakage.slots import all_noisy, bits_behind_noise, noise_of_form
from pyfe.schema import Schema

SD = 128
COLUMNS = frozenset({"a", "b"})


def schema_of(count: int, slots: int, marked: str = "", levels: int = 8) -> Schema:
    columns: dict[str, Any] = {f"x{i}": pyfe.number(0, levels - 1, step=1) for i in range(count)}
    if slots:
        columns["noise"] = pyfe.noise(slots=slots)
    return Schema.from_ranges(columns, protected=[marked] if marked else [])


def question(schema: Schema, rows: Any) -> Question:
    before, requested = LinearAccount(schema), np.array(rows, dtype=np.int64)
    return Question(before, before.with_rows(requested), requested, Blind(schema))


def behind(weights: list[list[int]]) -> list[list[int]]:
    """Rows with a slot each."""
    return [row + [int(i == k) for i in range(len(weights))] for k, row in enumerate(weights)]


# -- what is counted --


def drawn(count: int, columns: int = 12) -> list[list[int]]:
    """No two scores have the same weight on a column."""
    return (np.random.default_rng(1).integers(1, 20, (count, columns)) + 20 * np.arange(count)[:, None]).tolist()


@pytest.mark.parametrize(("scores", "pairs"), [(1, 0), (2, 2), (4, 12), (5, 0)])
@pytest.mark.parametrize("marked", ["", "x3"])
def test_scores_and_up_to_four_of_them_in_pairs(scores: int, pairs: int, marked: str) -> None:
    """And, of several, for a protected number what predicts it best: of its one coordinate and of "the level that is
    left out", which of a number is the same once more."""
    asked = question(schema_of(12, scores, marked), behind(drawn(scores)))
    counted = list(counted_behind_noise(asked))
    assert len(counted) == scores + pairs + (2 if marked and scores > 1 else 0)
    for one in counted:
        assert isinstance(one, tuple) and one[0] == list(range(12)), "all columns have a weight"


def test_without_noise_nothing_is_counted_behind_it() -> None:
    assert list(counted_behind_noise(question(schema_of(12, 0), drawn(2)))) == []


def test_a_protected_column_without_a_weight_is_predicted_by_nothing() -> None:
    """Columns are independent: two scores, their sum and difference are all."""
    weights = [[0, *row[1:]] for row in drawn(2)]
    asked = question(schema_of(12, 2, "x0"), behind(weights))
    counted = list(counted_behind_noise(asked))
    assert len(counted) == 4
    assert all(isinstance(one, tuple) and one[0] == list(range(1, 12)) for one in counted)


@pytest.mark.parametrize("factor", [1, 10**8])
def test_a_score_that_is_too_wide_to_be_counted_with_its_noise_is_refused(factor: int) -> None:
    weights = [factor * weight for weight in drawn(1)[0]]
    found = protected(question(schema_of(12, 1, "x0"), behind([weights])))
    if factor == 1:
        assert found == []
        return
    (finding,) = found
    assert (finding.kind, finding.rule, finding.limit) == ("too fine", "5", 3e10)
    assert (
        f"{sum(weights) * 7 + 1}" in finding.note
        or "values over all levels of 12 columns and the noise" in finding.note
    )
    assert "counts for less" in finding.advice
    assert protected(question(schema_of(12, 1), behind([weights]))) == [], "nothing is protected"


# -- which slot --


def noisy(slot: int | None, **row: int) -> NoisyRow:
    return NoisyRow(0, None if slot is None else Slot(slot, SD, COLUMNS), row)


def test_a_slot_of_two_directions_is_named() -> None:
    rows = [noisy(0, a=1), noisy(1, b=1), noisy(1, a=1, b=2)]
    assert shared_slot(rows) == "slot 1 belongs to another direction of keys"
    assert shared_slot(rows[:2]) == "" and shared_slot([rows[0], rows[0]]) == ""
    assert shared_slot([noisy(None, a=1), noisy(None, b=1)]) == "", "without a slot nothing is shared"
    assert meets(rows) == Meets(1, 1), "a + b without noise, and the noise of 1 and of 0 without a and b"
    assert meets(rows[:2]) == Meets(0, 0) and meets([noisy(None, a=1)]) == Meets(1, 0)


def test_a_direction_of_two_slots_is_named() -> None:
    rows = [noisy(3, a=1), noisy(2, b=1), noisy(5, a=1)]
    assert second_slot(rows) == "this direction of keys has slot 3"
    assert second_slot(rows[:2]) == second_slot([rows[0], rows[0]]) == ""
    assert second_slot([noisy(None, a=1), noisy(4, a=1)]) == "", "the first has none"
    assert meets(rows) == Meets(0, 1)


def test_scores_that_sum_to_nothing_are_averaged_and_no_two_show_it() -> None:
    first, second = drawn(2)
    third = [-a - b for a, b in zip(first, second, strict=True)]
    (found,) = blurred(question(schema_of(12, 3), behind([first, second, third])))
    assert (found.kind, found.figure, found.limit, found.note) == ("averaged", 1.0, 0.0, "")
    assert "one against the rest" in found.advice
    third[0] += 1
    assert blurred(question(schema_of(12, 3), behind([first, second, third]))) == []


def test_the_advice_names_the_slots_that_are_free() -> None:
    """A request without a slot, beside one that has one of two, and beside two that have both."""
    schema = schema_of(12, 2)
    first, second = behind(drawn(2))
    asked_for = [[*drawn(3)[2], 0, 0]]
    for issued, advice in (
        ([first], "with function.with_slots: 1"),
        ([first, second], "No slot of the schema is free"),
    ):
        before, requested = LinearAccount(schema).with_rows(np.array(issued)), np.array(asked_for, dtype=np.int64)
        (found,) = one_slot(Question(before, before.with_rows(requested), requested, Blind(schema)))
        assert (found.kind, found.note) == ("slot", "output 0 has no slot")
        assert advice in found.advice


def test_rows_of_a_schema_and_their_slots() -> None:
    schema = schema_of(2, 2)
    rows = np.array([[3, 0, 1, 0], [3, 4, 0, 1], [1, 1, 0, 0], [1, 2, 1, 1], [5, 6, 0, 2], [5, 6, 0, -1]])
    found = noisy_rows(rows, schema, epoch=7)
    assert [row.slot and row.slot.id for row in found] == [0, 1, None, None, None, None]
    assert [dict(row.row) for row in found[:2]] == [{"x0": 3}, {"x0": 3, "x1": 4}]
    assert {row.epoch for row in found} == {7}
    assert found[1].slot == Slot(1, SD, frozenset({"x0", "x1"}))
    assert all_noisy(rows[:2], schema) and not all_noisy(rows[:3], schema)
    plain = schema_of(4, 0)
    assert not all_noisy(rows, plain) and [row.slot for row in noisy_rows(rows, plain)] == [None] * 6


@pytest.mark.parametrize(
    ("rest", "slot"),
    [
        ({(0, 3): 1}, 0),
        ({(0, 4): 1}, 1),
        ({}, None),
        ({(0, 3): 2}, None),
        ({(0, 3): -1}, None),
        ({(0, 3): 1, (0, 4): 1}, None),
        ({(1, 3): 1}, None),
        ({(3, 3): 1}, None),
        ({(3, 4): 1}, None),
    ],
)
def test_the_slot_of_a_form(rest: dict[tuple[int, int], int], slot: int | None) -> None:
    """Coordinates count from 1, and 3 and 4 are the slots: one by itself, with the weight 1."""
    schema = schema_of(2, 2)
    data = {(0, 1): 3, (0, 2): 1, (1, 2): 5, (2, 2): 1}
    found = noise_of_form({**data, **rest}, schema)
    assert found == (data, rest, None if slot is None else Slot(slot, SD, frozenset({"x0", "x1"})))


def test_without_slots_a_form_is_all_data() -> None:
    data = {(0, 1): 1, (1, 2): 1}
    assert noise_of_form(data, schema_of(2, 0)) == (data, {}, None)


# -- what a channel lets through --


def test_bits_behind_noise_are_those_of_gaussian_channels() -> None:
    one = np.array([[0.0, 8.0, 0.0, 8.0]])  # variance 16
    assert bits_behind_noise(one, 4) == pytest.approx(math.log2(1 + 16 / 16) / 2)
    assert bits_behind_noise(one + 1000, 2) == pytest.approx(math.log2(1 + 16 / 4) / 2), "whatever the mean is"
    apart = np.array([[0.0, 8.0, 0.0, 8.0], [0.0, 0.0, 6.0, 6.0]])
    assert bits_behind_noise(apart, 4) == pytest.approx(math.log2((1 + 16 / 16) * (1 + 9 / 16)) / 2)
    alike = np.array([[0.0, 8.0], [0.0, 8.0]])
    assert bits_behind_noise(alike, 4) == pytest.approx(math.log2(1 + 2) / 2), "two draws of noise on one answer"


def test_what_forms_behind_noise_leave_with_the_public_columns_known() -> None:
    """The public column would be the loudest of all. Where one form has no slot, all are counted as without noise."""
    columns = {f"x{i}": pyfe.number(0, 7, step=1) for i in range(8)} | {"age": pyfe.number(0, 99, step=1)}
    schema = Schema.from_ranges({**columns, "noise": pyfe.noise(slots=1)}, public=["age"])
    form = np.zeros((1, schema.n + 1, schema.n + 1), dtype=np.int64)
    form[0, 0, 1:9] = np.arange(1, 9) * 40
    form[0, 0, 9] = 1000
    clean = form.copy()
    form[0, 0, 10] = 1
    variance = (64 - 1) / 12 * sum((40 * i) ** 2 for i in range(1, 9))
    left = residual_forms([MatrixForms.dense(form)], schema, seed=bytes(16))
    assert (left.method, left.total_bits) == ("bound", 24.0)
    assert 24 - left.bits == pytest.approx(math.log2(1 + variance / SD**2) / 2, abs=0.05)
    without = residual_forms([MatrixForms.dense(clean)], schema, seed=bytes(16))
    assert without.method == "sampled"
    said = math.log2(math.sqrt(2 * math.pi * math.e * variance) / 40)
    assert 24 - without.bits == pytest.approx(said, abs=0.1), "of a normal distribution in steps of 40"
