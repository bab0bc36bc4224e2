"""leakage.narrowing: the counts of rules 5 and 5t, given out as figures of every column."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pyfe.leakage import Blind, LinearAccount, Narrowing, Reference, Score, narrowing, question_of
from pyfe.leakage.rules.sampled import counted_in_rows
from pyfe.schema import Schema, noise, number
from tests.unit.populations import mixed, mixed_schema


def whole(columns: int, top: int) -> Schema:
    return Schema({f"c{i}": number(0, top, step=1) for i in range(columns)})


def of(schema: Schema, rows: object, prior: object = None) -> Narrowing | None:
    return narrowing(question_of(LinearAccount(schema), rows, prior))  # type: ignore[arg-type]


def test_blind_figures_are_those_of_exact_counting() -> None:
    schema, row = whole(6, 9), np.array([1, 2, 3, 4, 5, 0])
    found = of(schema, row)
    assert found is not None and found.blind and found.rank == 1 and found.uncounted == ""
    prior = Blind(schema)
    used = list(range(5))
    counted = Score([prior.blocks.shares(row)[b] for b in used], [prior.marginals[b] for b in used]).beside(
        [prior.classes[b] for b in used]
    )
    for place, column in enumerate(found.columns[:5]):
        assert column.guessed - column.known == pytest.approx(counted.gain[place])
        assert column.by_tenth - column.known == pytest.approx(counted.tenth_gain[place])
        assert (column.certain, column.certain_by_tenth) == (counted.sure[place], counted.tenth_sure[place])
    silent = found.columns[5]
    assert silent.guessed == silent.by_tenth == silent.known and silent.certain == 0
    assert found.budget_bits == pytest.approx(found.entropy_bits / 3)
    assert [column.excess for column in found.worst()] == sorted((c.excess for c in found.columns), reverse=True)
    assert json.loads(json.dumps(found.to_dict()))["columns"]["c5"]["guessed"] == silent.guessed


def test_with_a_reference_the_larger_of_both_counts_stands() -> None:
    schema = mixed_schema()
    prior = Reference.from_table(mixed(600, 1), schema)
    row = np.random.default_rng(2).integers(1, 4, schema.n)
    question = question_of(LinearAccount(schema), row, prior)
    found = narrowing(question)
    assert found is not None and not found.blind
    assert [column.name for column in found.columns] == ["crp", "stage", "ward", "psa", "hiv", "bmi"]
    assert [column.name for column in found.columns if column.protected] == ["hiv"]
    (drawn,) = counted_in_rows(question)
    for place, column in enumerate(found.columns):
        assert column.guessed >= column.known + drawn.gain[place] - 1e-9
        assert column.certain >= drawn.sure[place]


def test_behind_noise_the_noise_is_one_more_column() -> None:
    plain = {f"c{i}": number(0, 9, step=1) for i in range(6)}
    schema, row = Schema({**plain, "noise": noise(sd=16, slots=2)}), np.array([40, 30, 20, 10, 5, 0, 1, 0])
    found, exact = of(schema, row), of(whole(6, 9), row[:6])
    assert found is not None and exact is not None and found.uncounted == ""
    prior, draws = Blind(schema), np.arange(-192, 193)
    mass = np.exp(-((draws / 16) ** 2) / 2)
    counted = Score(
        [*(prior.blocks.shares(row)[b] for b in range(5)), draws], [*prior.marginals[:5], mass / mass.sum()]
    ).beside([*prior.classes[:5], np.zeros(385, dtype=np.int64)])
    for place, (column, without) in enumerate(zip(found.columns[:5], exact.columns, strict=False)):
        assert column.guessed - column.known == pytest.approx(counted.gain[place])
        assert column.guessed < without.guessed
    assert found.bits < exact.bits
    no_slot = of(schema, np.array([40, 30, 20, 10, 5, 0, 0, 0]))
    assert no_slot is not None and no_slot.columns == exact.columns, "a score without a slot has no noise"


def test_what_cannot_be_counted() -> None:
    assert of(whole(6, 9), np.zeros(6, dtype=int)) is None, "nothing is said"
    assert of(Schema.from_ranges({f"c{i}": (0, 1) for i in range(6)}, bits=16), np.arange(1, 7)) is None, "too fine"
    many = of(whole(30, 9), np.eye(30, dtype=int)[:17])
    assert many is not None and many.columns == () and "so many" in many.uncounted and many.rank == 17
