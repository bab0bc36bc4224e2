"""Linear(transforms=...): the scales that weights are per unit of are those of the schema, or the model is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import DecodeError, Linear, ParameterError, Schema
from tests.unit.commands import fails, run

WEIGHTS = {"crp": 0.5, "age": 0.03}
LOGARITHM = pyfe.number(0.5, 300, transform="log")
PLAIN = {"crp": (0.5, 300), "age": (18, 100)}


def test_a_schema_of_these_scales_compiles_to_the_formula() -> None:
    schema = Schema.from_ranges(PLAIN | {"crp": LOGARITHM})
    said, unsaid = Linear(WEIGHTS, transforms={"crp": "log"}), Linear(WEIGHTS)
    function = pyfe.compile(said, schema)
    assert function.weights.tolist() == pyfe.compile(unsaid, schema).weights.tolist()
    rows = schema.decode_columns(schema.sample(np.random.default_rng(0), 200))
    formula = 0.5 * np.log(rows["crp"].astype(float)) + 0.03 * rows["age"].astype(float)
    ours = function.decision_function(function.evaluate(rows))
    assert (np.abs(ours - formula) <= function.max_error + 1e-9).all()


@pytest.mark.parametrize(
    ("transforms", "ranges", "words"),
    [
        ({"crp": "log"}, PLAIN, "'crp' is per unit of its logarithm, .* on the plain scale"),
        ({}, PLAIN | {"crp": LOGARITHM}, "'crp' is per unit of the value itself, .* on the log scale"),
        ({"crp": "sqrt"}, PLAIN | {"crp": LOGARITHM}, "per unit of its square root, .* on the log scale"),
        ({"crp": "log"}, {"crp": pyfe.thresholds([5]), "age": (18, 100)}, "per unit of its logarithm"),
    ],
)
def test_another_scale_is_refused(transforms: dict[str, str], ranges: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        pyfe.compile(Linear(WEIGHTS, transforms=transforms), Schema.from_ranges(ranges))


def test_a_column_without_a_weight_has_any_scale() -> None:
    other = Schema.from_ranges(PLAIN | {"urea": pyfe.number(1, 50, transform="log")})
    assert pyfe.compile(Linear(WEIGHTS, transforms={}), other).n == 3
    absent = Schema.from_ranges(
        PLAIN | {"crp": pyfe.number(0.5, 300, transform="log"), "ward": ["a", "b"]}, missing={"crp": "bit"}
    )
    with pytest.raises(ParameterError, match="may be missing"):
        pyfe.compile(Linear(WEIGHTS, transforms={"crp": "log"}), absent)


def test_what_is_no_transform_is_refused() -> None:
    for wrong, words in (
        ({"urea": "log"}, "has no weight"),
        ({"crp": "ln"}, "is one of"),
        ({"crp": ["log"]}, "is one of"),
        ("log", "a mapping"),
    ):
        with pytest.raises(ParameterError, match=words):
            Linear(WEIGHTS, transforms=wrong)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="by the names"):
        Linear([0.5, 0.03], transforms={})
    with pytest.raises(DecodeError, match="not a linear model: the transform of 'crp'"):
        Linear.from_yaml("weights: {crp: 0.5}\ntransforms: {crp: ln}\n")


def test_they_travel_in_files() -> None:
    said = Linear(WEIGHTS, transforms={"crp": "log", "age": "identity"})
    assert said.transforms == {"crp": "log"} and Linear.from_json(said.to_json()) == said
    assert Linear.from_yaml("weights: {crp: 0.5, age: 0.03}\ntransforms: {crp: log}\n") == said
    assert "transforms" not in json.loads(Linear(WEIGHTS).to_json())
    assert Linear.from_json(Linear(WEIGHTS).to_json()).transforms is None


def test_an_estimator_is_linear_in_the_values_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Its file was taken, in silence, for a formula of the logarithm, where the schema had one."""
    linear_model, pd = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"crp": rng.uniform(1, 290, 200).round(1), "age": rng.integers(20, 90, 200)})
    fitted = linear_model.LinearRegression().fit(X, X["crp"] + X["age"])
    made = Linear.from_estimator(fitted)
    assert made.transforms == {}
    Path("model.json").write_text(made.to_json())
    X.to_csv("rows.csv", index=False)
    for name, crp in (("plain", (0.5, 300)), ("log", LOGARITHM)):
        Path(name).write_bytes(Schema.from_ranges(PLAIN | {"crp": crp}).to_bytes())
    for command in (["compile", "model.json", "-s", "log", "-o", "f"],
                    ["prepare", "model.json", "rows.csv", "--ranges", "log", "-s", "s", "-o", "f"],
                    ["suggest", "model.json", "rows.csv", "--ranges", "log", "-s", "s", "-o", "f"]):  # fmt: skip
        assert "'crp' is per unit of the value itself" in fails(capsys, *command)
    assert not Path("f").exists() and not Path("s").exists()
    assert run(capsys, "compile", "model.json", "-s", "plain", "-o", "f")
