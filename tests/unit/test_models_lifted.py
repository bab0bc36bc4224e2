"""compile on a schema that is given: no column of an affine model has the weight 0 where the model uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.models import compile, from_callable

YES_NO = {f"sign{i}": ["no", "yes"] for i in range(3)}
WIDE = {f"value{i}": (0.0, 1.0) for i in range(4)}
SCHEMA = pyfe.Schema.from_ranges({**YES_NO, **WIDE}, bits=8)


def model(*sizes: float) -> pyfe.Linear:
    """Signs that count much, and values that count by their whole range."""
    weights: dict[str, Any] = {f"sign{i}": 1.0 + i for i in range(3)}
    return pyfe.Linear({**weights, **{f"value{i}": size for i, size in enumerate(sizes)}})


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_no_column_falls_silent(bits: int) -> None:
    """A value of 255 steps weighs a hundredth of a sign by the step: below 8 bits it would round to nothing."""
    function = compile(model(3.0, -2.0, 0.5, 1.0), SCHEMA, weight_bits=bits)
    assert function.weights.all() and function.weight_bits <= bits
    assert np.sign(function.weights[0]).tolist() == [1, 1, 1, 1, -1, 1, 1]
    if bits <= 6:
        assert (
            "'value2'" in dict(function.remarks)["would vanish"]
            and "pyfe.prepare" in dict(function.remarks)["would vanish"]
        )
    x = SCHEMA.sample(np.random.default_rng(1), 2000)
    own = np.array([[1.0, 2.0, 3.0, *(np.array([3.0, -2.0, 0.5, 1.0]) / 255)]]) @ x.T
    off = np.abs(function.decision_function(function.evaluate(pyfe.Encoded(x))) - own[0])
    assert off.max() <= function.max_error[0]


def test_the_bits_found_count_the_columns_that_are_lifted() -> None:
    function = compile(model(3.0, -2.0, 0.5, 0.001), SCHEMA)
    x = SCHEMA.sample(np.random.default_rng(20), 2000)
    spread = np.subtract(*np.quantile(function.decision_function(function.evaluate(pyfe.Encoded(x))), [0.75, 0.25]))
    assert function.weights.all() and function.max_error[0] <= 0.0101 * spread


def test_columns_that_the_model_leaves_out_stay_out() -> None:
    for left_out in (0.0, 1e-18):
        function = compile(model(3.0, -2.0, 0.5, left_out), SCHEMA, weight_bits=4)
        assert function.weights[0, -1] == 0 and "value3" not in dict(function.remarks).get("would vanish", "")


def test_a_probed_model_is_lifted_like_one_of_numbers() -> None:
    probed = from_callable(
        lambda rows: rows[:, 3].astype(float) * 3 + rows[:, 6].astype(float) * 0.01 + (rows[:, 0] == "yes"),
        SCHEMA,
        weight_bits=4,
    )
    used = probed.weights[0] != 0
    assert used.tolist() == [True, False, False, True, False, False, True]


def test_weights_that_sum_to_zero_still_do() -> None:
    schema = pyfe.Schema.from_ranges({"sign": ["no", "yes"], "value": (0.0, 1.0), "ward": ["a", "b", "c"]}, bits=8)
    rows = [
        {"sign": 2.0, "value": 0.5, "ward": {"b": 0.01}},
        {"sign": -1.0, "value": -0.7, "ward": {"c": 0.02}},
        {"sign": -1.0, "value": 0.2, "ward": {"b": -0.01, "c": -0.02}},
    ]
    function = compile(pyfe.Linear(rows, link="softmax"), schema, weight_bits=4)
    assert (function.weights.sum(axis=0) == 0).all()
    for _, part, _ in schema.parts:
        assert function.weights[:, part].any()


def test_what_vanishes_of_a_quadratic_model_is_named() -> None:
    schema = pyfe.Schema.from_ranges({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}, bits=4)
    function = from_callable(lambda rows: rows[:, 0] * rows[:, 1] + 1e-4 * rows[:, 2], schema, weight_bits=4)
    assert "'c'" in dict(function.remarks)["silent"] and "'a'" not in dict(function.remarks)["silent"]
