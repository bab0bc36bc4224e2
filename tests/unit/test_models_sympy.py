"""compile on sympy expressions: coefficients, scales, links, many symbols, and the monomial that is refused."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models import compile, from_callable
from pyfe.schema import Encoded, Schema, category, constant, number, thresholds

sympy = pytest.importorskip("sympy")

AGE, BMI, DOSE, SMOKER, SEX, GRADE = sympy.symbols("age bmi dose smoker sex grade")
STAGE_III, OLD = sympy.Symbol("stage=III"), sympy.Symbol("marker>=2.5")

SCHEMA = Schema(
    {
        "age": number(18, 100, bits=6),
        "bmi": number(15, 60, bits=5),
        "dose": number(1, 100, bits=5, transform="log"),
        "smoker": category(["no", "yes"]),
        "stage": category(["I", "II", "III"]),
        "sex": category([2, 5]),
        "grade": category([1, 2, 4]),
        "marker": thresholds([1.0, 2.5, 4.0]),
        "one": constant(3),
    }
)


def decoded(x: np.ndarray) -> dict[str, Any]:
    return SCHEMA.decode_columns(x)


def by_hand(table: dict[str, Any]) -> np.ndarray:
    dose, grade = np.log(table["dose"] / 50), table["grade"]
    quadratic = (
        (table["age"] - 50) ** 2 / 100 + table["bmi"] * dose / 3 - (table["smoker"] == "yes") * table["age"] / 20
    )
    linear = 2.0 * (table["stage"] == "III") - 3 * (table["marker"] >= 2.5) + table["sex"] * grade / 4 + grade
    return np.asarray(quadratic + linear - 1.5 + 3 * 0.25)


EXPRESSION = (
    (AGE - 50) ** 2 / 100
    + BMI * sympy.log(DOSE / 50) / 3
    - SMOKER * AGE / 20
    + 2 * STAGE_III
    - 3 * OLD
    + SEX * GRADE / 4
    + GRADE
    - sympy.Rational(3, 2)
    + sympy.Symbol("one") / 4
)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.concatenate([SCHEMA.sample(rng, 300), SCHEMA.sample(rng, 100, ends=True)])


def test_every_kind_of_column(x: np.ndarray) -> None:
    function = compile(EXPRESSION, SCHEMA)
    assert (function.kind, function.link, function.name) == ("quadratic", "identity", "expression")
    difference = by_hand(decoded(x)) - function.decision_function(function.evaluate(Encoded(x)))
    assert np.abs(difference).max() <= function.max_error[0]


def test_the_integers_of_the_callable() -> None:
    """Exact coefficients and polarisation of the same function in numpy round to the same integers."""

    def values(rows: np.ndarray) -> np.ndarray:
        columns = {name: rows[:, i] for i, name in enumerate(SCHEMA.input_columns)}
        table = {
            name: column if column.dtype.kind != "O" or isinstance(column[0], str) else column.astype(np.float64)
            for name, column in columns.items()
        }
        return by_hand(table)

    own, probed = (f(m, SCHEMA, weight_bits=12) for f, m in ((compile, EXPRESSION), (from_callable, values)))
    assert own.forms == probed.forms
    assert own.intercept.tolist() == probed.intercept.tolist()


def test_links_around_the_expression(x: np.ndarray) -> None:
    inner = AGE / 20 - BMI**2 / 900
    plain = compile(inner, SCHEMA)
    logit = compile(1 / (1 + sympy.exp(-inner)), SCHEMA)
    assert (logit.link, logit.classes) == ("logit", (0, 1))
    assert logit.forms == plain.forms
    cox = compile(1 - sympy.Float(0.95) ** sympy.exp(inner), SCHEMA)
    assert (cox.link, cox.baseline_survival) == ("cox", 0.95)
    table = decoded(x)
    risk = 1 - 0.95 ** np.exp(table["age"] / 20 - table["bmi"] ** 2 / 900)
    ours = cox.predict_proba(cox.evaluate(Encoded(x)))[:, 1]
    assert np.abs(ours - risk).max() <= 0.37 * cox.max_error[0] + 1e-12  # the steepest slope of 1 - S^exp(d) is 1/e


def test_linear_expressions_are_linear() -> None:
    function = compile(3 * AGE - 2 * sympy.log(DOSE) + 7, SCHEMA)
    assert function.kind == "linear"
    linear = compile(pyfe.Linear({"age": 3, "dose": -2}, intercept=7), SCHEMA)
    assert function.weights.tolist() == linear.weights.tolist()
    assert function.intercept.tolist() == linear.intercept.tolist()


def test_exact_integers() -> None:
    schema = Schema.from_ranges({"a": number(0, 10, step=1), "b": number(-5, 5, step=1)})
    a, b = sympy.symbols("a b")
    function = compile((2 * a - b) ** 2 + 3 * b - 1, schema, weight_bits=None)
    rows = {"a": [0, 3, 10], "b": [-5, 1, 5]}
    assert function.evaluate(rows).tolist() == [25 - 15 - 1, 25 + 3 - 1, 225 + 15 - 1]
    with pytest.raises(ParameterError, match="a times b is 0.333"):
        compile(a * b / 3 + a, schema, weight_bits=None)


def test_several_outputs(x: np.ndarray) -> None:
    for outputs in ([AGE * BMI, BMI - AGE], (AGE * BMI, BMI - AGE), sympy.Matrix([AGE * BMI, BMI - AGE])):
        function = compile(outputs, SCHEMA)
        assert (function.k, function.link) == (2, "identity")
        table = decoded(x)
        theirs = np.stack([table["age"] * table["bmi"], table["bmi"] - table["age"]], axis=1)
        ours = function.decision_function(function.evaluate(Encoded(x)))
        assert (np.abs(theirs - ours) <= function.max_error).all()


def test_square_roots_and_their_squares() -> None:
    schema = Schema.from_ranges({"v": number(0, 100, bits=5, transform="sqrt"), "w": (0, 1)})
    v, w = sympy.symbols("v w", positive=True)
    x = schema.sample(np.random.default_rng(2), 100)
    table = schema.decode_columns(x)
    for expression, theirs in (
        (sympy.sqrt(4 * v) * w + v, 2 * np.sqrt(table["v"]) * table["w"] + table["v"]),
        (3 * sympy.sqrt(v), 3 * np.sqrt(table["v"])),
    ):
        function = compile(expression, schema)
        difference = theirs - function.decision_function(function.evaluate(Encoded(x)))
        assert np.abs(difference).max() <= function.max_error[0]


def test_cancelling_powers_are_no_obstacle() -> None:
    function = compile(sympy.expand((AGE + BMI) ** 3) - (AGE + BMI) ** 3 + AGE * BMI, SCHEMA)
    assert function == compile(AGE * BMI, SCHEMA)


def test_symbols_of_one_name() -> None:
    positive = sympy.Symbol("age", positive=True)
    assert compile(AGE * positive, SCHEMA).forms == compile(AGE**2, SCHEMA).forms


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (AGE**3 + 1, r"monomial age\*\*3 of degree 3"),
        (AGE * BMI * sympy.log(DOSE) + AGE, r"monomial age\*bmi\*log\(dose\) of degree 3"),
        ((AGE + BMI) ** 4, r"of degree 4"),
        (sympy.sin(AGE) + BMI, r"holds sin\(age\), which is no polynomial"),
        (AGE / BMI, r"holds 1/bmi, which is no polynomial"),
        (sympy.sqrt(AGE), r"holds sqrt\(age\).*give it that transform"),
        (DOSE * AGE, r"log\(dose\) is what it is linear in"),
        (sympy.I * AGE, r"coefficient I, which is no real number"),
        (AGE - AGE + 5, "does not depend"),
        ([AGE, BMI**3], r"monomial bmi\*\*3"),
    ],
)
def test_refused(expression: Any, wanted: str) -> None:
    with pytest.raises(UnsupportedModelError, match=wanted):
        compile(expression, SCHEMA)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("height", "symbol 'height', which is no column"),
        ("stage", "a category of text and has no value; write its bits: stage=I, stage=II, stage=III"),
        ("marker", "thresholds and has no value; write its bits: marker>=1.0"),
    ],
)
def test_unknown_symbols(name: str, wanted: str) -> None:
    with pytest.raises(ParameterError, match=wanted):
        compile(sympy.Symbol(name) + AGE, SCHEMA)


# -- many symbols --

MANY = sympy.symbols("x0:40")
WIDE = Schema.from_ranges({f"x{i}": (0, 1) for i in range(40)}, bits=4)


def squares(count: int) -> tuple[Any, np.ndarray]:
    weights = np.random.default_rng(3).normal(size=(count, 40))
    sums = [sum(float(w) * symbol for w, symbol in zip(row, MANY, strict=True)) for row in weights]
    return sum(s**2 for s in sums), weights


def test_many_symbols_are_not_expanded() -> None:
    expression, weights = squares(12)
    start = time.process_time()
    function = compile(expression + 3 * MANY[0], WIDE, weight_bits=10)
    assert time.process_time() - start < 20
    x = WIDE.sample(np.random.default_rng(4), 200)
    real = WIDE.decode(x)
    theirs = ((real @ weights.T) ** 2).sum(axis=1) + 3 * real[:, 0]
    difference = theirs - function.decision_function(function.evaluate(Encoded(x)))
    assert np.abs(difference).max() <= function.max_error[0]
    probed = from_callable(lambda rows: ((rows @ weights.T) ** 2).sum(axis=1) + 3 * rows[:, 0], WIDE, weight_bits=10)
    assert function.forms == probed.forms


def test_many_symbols_refused_by_monomial() -> None:
    expression, _ = squares(3)
    with pytest.raises(UnsupportedModelError, match=r"monomial x3\*x5\*\*2 of degree 3"):
        compile(expression + MANY[3] * MANY[5] ** 2, WIDE)
    with pytest.raises(UnsupportedModelError, match=r"holds exp\(x7\), which is no polynomial"):
        compile(expression + sympy.exp(MANY[7]), WIDE)
    assert compile(sympy.Add(*MANY), WIDE).kind == "linear"
