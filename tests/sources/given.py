"""Models that are given by their numbers or a formula: JSON files, sympy, networks of squares, plain callables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import sympy
from scipy.special import expit

import pyfe
from tests.sources.data import Data, cancer, counts, diabetes
from tests.sources.registry import Fitted, refused, source

WEIGHTS = {"age": 0.03, "bmi": 0.11, "bp": 0.02}


def of_json(link: str, mean: Callable[[Any], Any], intercept: float = -5.0, **rest: Any) -> Fitted:
    """A model file, read back from its text; the mean of the same numbers written out."""
    data = diabetes().only(*WEIGHTS)
    model = pyfe.Linear.from_json(pyfe.Linear(WEIGHTS, intercept, link, **rest).to_json())

    def own(rows: pd.DataFrame) -> Any:
        said = mean(sum(weight * rows[name].to_numpy() for name, weight in WEIGHTS.items()) + intercept)
        return np.stack([1 - said, said], axis=1) if model.classes is not None else said

    return Fitted(model, data, own, "output" if model.classes is None else "probabilities")


def scorecard() -> Fitted:
    """Points by level and by number, and a logit."""
    data = counts().only("age", "stage", "smoker")
    points = {"age": 0.04, "stage": {"II": 0.5, "III": 1.25}, "smoker": 0.7}
    model = pyfe.Linear.from_json(pyfe.Linear(points, -3.0, "logit").to_json())

    def own(rows: pd.DataFrame) -> Any:
        by_stage = rows["stage"].map({"I": 0.0, "II": 0.5, "III": 1.25}).to_numpy(dtype=float)
        said = expit(0.04 * rows["age"].to_numpy() + by_stage + 0.7 * (rows["smoker"] == "yes").to_numpy() - 3.0)
        return np.stack([1 - said, said], axis=1)

    return Fitted(model, data, own, "probabilities")


SCORECARD = """
name: points for admission
link: logit
intercept: -3.0
weights:
  age: {40: 0.5, 65: 1.25}   # from these ages on
  dose: -0.2
  stage: {II: 0.5, III: 1.25}
  smoker: {no: 0, yes: 0.7}
"""


def scorecard_in_yaml() -> Fitted:
    """Points from cuts of a number on, by level, and per unit, as somebody typed them."""
    data = counts().only("age", "dose", "stage", "smoker")
    model = pyfe.Linear.from_yaml(SCORECARD)
    ranges = {"age": pyfe.thresholds([40, 65]), "dose": (0, 4)}

    def own(rows: pd.DataFrame) -> Any:
        by_age = 0.5 * (rows["age"] >= 40).to_numpy() + 1.25 * (rows["age"] >= 65).to_numpy()
        by_stage = rows["stage"].map({"I": 0.0, "II": 0.5, "III": 1.25}).to_numpy(dtype=float)
        points = by_age - 0.2 * rows["dose"].to_numpy() + by_stage + 0.7 * (rows["smoker"] == "yes").to_numpy()
        said = expit(points - 3.0)
        return np.stack([1 - said, said], axis=1)

    return Fitted(model, data, own, "probabilities", schema={"ranges": ranges})


def formula_in_yaml() -> Fitted:
    """A risk formula with a baseline."""
    data = diabetes().only("age", "bmi")
    text = "weights: {age: 0.02, bmi: 0.05}\nintercept: -2.4\nlink: cox\nbaseline_survival: 0.9\n"

    def own(rows: pd.DataFrame) -> Any:
        said = 1 - 0.9 ** np.exp(0.02 * rows["age"].to_numpy() + 0.05 * rows["bmi"].to_numpy() - 2.4)
        return np.stack([1 - said, said], axis=1)

    return Fitted(pyfe.Linear.from_yaml(text), data, own, "probabilities")


def of_sympy(formula: Any, own: Callable[[pd.DataFrame], Any], says: str = "output") -> Fitted:
    return Fitted(formula, diabetes().only("age", "bmi", "bp"), own, says)


def squares() -> Fitted:
    """One hidden layer of squares on the columns themselves."""
    data: Data = cancer().only("mean_radius", "mean_texture", "mean_smoothness")
    rng = np.random.default_rng(4)
    model = pyfe.SquareNetwork(
        rng.normal(0, 0.02, (3, 3)), rng.normal(0, 1, 3), rng.normal(0, 1, (2, 3)), link="softmax"
    )

    def own(rows: pd.DataFrame) -> Any:
        decision = model.decision_function(rows.to_numpy())
        powers = np.exp(decision - decision.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return Fitted(model, data, own, "probabilities", by_position=True)


def callable_of(function: Callable[[Any], Any]) -> Fitted:
    return Fitted(
        function,
        diabetes().only("age", "bmi", "bp"),
        lambda rows: function(rows.to_numpy()),
        "output",
        by_position=True,
    )


age, bmi, bp = sympy.symbols("age bmi bp")
for _library, _name, _link, _kind, _make in (
    ("JSON", "risk formula, logit", "logit", "linear", lambda: of_json("logit", expit)),
    (
        "JSON",
        "risk formula, Cox with baseline",
        "cox",
        "linear",
        lambda: of_json("cox", lambda d: 1 - 0.98 ** np.exp(d), baseline_survival=0.98),
    ),
    ("JSON", "risk formula, exponential", "exp", "linear", lambda: of_json("exp", np.exp)),
    (
        "JSON",
        "risk formula, complementary log-log",
        "cloglog",
        "linear",
        lambda: of_json("cloglog", lambda d: 1 - np.exp(-np.exp(d))),
    ),
    ("JSON", "scorecard of levels", "logit", "linear", scorecard),
    ("YAML", "scorecard of cuts and levels", "logit", "linear", scorecard_in_yaml),
    ("YAML", "risk formula in YAML", "cox", "linear", formula_in_yaml),
    (
        "sympy",
        "linear expression",
        "identity",
        "linear",
        lambda: of_sympy(2 * age - bmi / 3 + 1, lambda rows: (2 * rows["age"] - rows["bmi"] / 3 + 1).to_numpy()),
    ),
    (
        "sympy",
        "product of columns",
        "identity",
        "quadratic",
        lambda: of_sympy(
            age * bmi - bp**2 / 10, lambda rows: (rows["age"] * rows["bmi"] - rows["bp"] ** 2 / 10).to_numpy()
        ),
    ),
    (
        "sympy",
        "expression in a logistic",
        "logit",
        "linear",
        lambda: of_sympy(
            1 / (1 + sympy.exp(5 - age / 20 - bmi / 10)),
            lambda rows: np.stack([expit(s := 5 - rows["age"] / 20 - rows["bmi"] / 10), expit(-s)], axis=1),
            "probabilities",
        ),
    ),
    ("pyfe", "network of squares", "softmax", "quadratic", squares),
    (
        "pyfe",
        "callable",
        "identity",
        "quadratic",
        lambda: callable_of(
            lambda rows: np.asarray(rows, dtype=float)[:, 0] * 2 - np.asarray(rows, dtype=float)[:, 1] ** 2
        ),
    ),
):
    source(_library, _name, _link, _make, kind=_kind)

refused(
    "pyfe",
    "callable that bends",
    "degree two",
    lambda: callable_of(lambda rows: np.abs(np.asarray(rows, float)[:, 0] - 50)),
)
refused("sympy", "expression of degree three", "degree", lambda: of_sympy(age**3, lambda rows: rows["age"] ** 3))
