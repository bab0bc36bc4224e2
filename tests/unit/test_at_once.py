"""What compile says before anybody is asked: that an authority with default settings would refuse a key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Function, KeyAuthority, Policy, Schema
from pyfe.leakage import Blind, LinearAccount, question_of, refused_at_once
from pyfe.leakage.rules.rank import rank
from tests.unit import objects


def rows_of(columns: int, count: int = 300) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {f"c{i}": rng.normal(50, 10, count) for i in range(columns)}


def seen(function: Function) -> str | None:
    return dict(function.remarks).get("an authority")


def asked(function: Function, rows: Any) -> bool:
    answer = pyfe.report(function, rows, policy=Policy.default()).answer
    assert answer is not None
    return answer.granted


def linear(rows: dict[str, Any]) -> pyfe.Linear:
    return pyfe.Linear({name: 0.05 + 0.013 * i for i, name in enumerate(rows)}, intercept=-30.0, link="logit")


def test_compile_says_so_of_a_fine_score_and_the_authority_agrees() -> None:
    rows = rows_of(9)
    fine = pyfe.compile(linear(rows), Schema.fit(rows, bits=8), reference=rows)
    text = seen(fine)
    assert text is not None and "rule 5t" in text and "pyfe.prepare" in text
    assert not asked(fine, rows)
    assert dict(pyfe.report(fine).lines())["an authority"] == text
    _, cut = pyfe.prepare(linear(rows), rows)
    assert seen(cut) is None and asked(cut, rows)


def test_a_score_of_few_columns_says_too_many_bits() -> None:
    rows = rows_of(3, 150)
    fine = pyfe.compile(linear(rows), Schema.fit(rows, bits=8), reference=rows)
    assert "rule 4" in str(seen(fine)) and not asked(fine, rows)
    assert seen(pyfe.compile(linear(rows), Schema.fit(rows, bits=8))) is None, "without rows nothing is known"
    few = {name: values[:99] for name, values in rows.items()}
    assert seen(pyfe.compile(linear(rows), Schema.fit(rows, bits=8), reference=few)) is None


def test_a_quadratic_score_too() -> None:
    rows = rows_of(4)
    schema = Schema.from_ranges({name: (0, 100) for name in rows}, bits=5)
    product = pyfe.from_callable(lambda x: x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3], schema, reference=rows)
    assert product.kind == "quadratic" and seen(product) is not None


def test_weights_and_outputs() -> None:
    schema = objects.schema()
    wide = Function.from_integers(schema, [7, -3, 20, 1, 5, 2**16, 2, 4])
    found = refused_at_once(schema, None, None, weights=wide.weights, weight_bits=wide.weight_bits)
    assert found is not None and (found.rule, found.figure, found.limit) == ("1", 18.0, 16.0)
    several = objects.several(schema)
    found = refused_at_once(schema, None, None, weights=several.weights, weight_bits=several.weight_bits)
    assert found is not None and found.rule == "3" and (found.figure, found.limit) == (3.0, 2.0)
    before = LinearAccount(schema)
    (ruled,) = rank(question_of(before, several.weights, Blind(schema)))
    assert (ruled.rule, ruled.figure, ruled.limit) == ("3", 3.0, 2.0), "as the rule itself"
    twice = np.repeat(objects.function(schema).weights, 3, axis=0)
    assert refused_at_once(schema, None, None, weights=twice, weight_bits=6) is None, "one independent output"
    with pytest.raises(pyfe.OutOfRangeError):
        KeyAuthority.create(schema).check(wide)
    answer = pyfe.report(wide, policy=Policy.default()).answer
    assert answer is not None and not answer.granted and "16 bits" in str(answer.findings[0]), "and a report says so"


def test_public_columns_do_not_count() -> None:
    rows = rows_of(6)
    loud = {f"c{i}": 0.001 for i in range(1, 6)} | {"c0": 50.0}
    marked = Schema.fit(rows, bits=8, public=["c0"])
    function = pyfe.compile(pyfe.Linear(loud), marked, reference=rows, weight_bits=24)
    answers = function.map.evaluate(np.where(np.arange(6) == 0, 0, marked.encode(rows, "clip").x))
    assert refused_at_once(marked, rows, answers // 1000 * 0, weights=function.weights, weight_bits=8) is None


def test_behind_noise_nothing_is_seen_at_once() -> None:
    rows = rows_of(8)
    schema = Schema.fit(rows, bits=8).with_noise(pyfe.noise(slots=1))
    assert seen(pyfe.compile(linear(rows), schema, reference=rows)) is None


def test_whose_policy_is_asked() -> None:
    function, rows = objects.function(), objects.ROWS
    open_ = pyfe.report(function, rows, policy=Policy.unrestricted(reason="a test"))
    assert open_.answer is not None and open_.answer.granted and open_.answer.policy == "UNRESTRICTED: a test"
    with pytest.raises(pyfe.ParameterError, match="its own policy"):
        pyfe.report(function, policy=Policy.default(), authority=objects.authority())
    with pytest.raises(pyfe.ParameterError, match=r"policy is a pyfe\.Policy, not a str"):
        pyfe.report(function, policy="default")  # type: ignore[arg-type]
    with pytest.raises(pyfe.ParameterError, match="needs the schema"):
        pyfe.report(Function.from_bytes(function.to_bytes()), policy=Policy.default())
