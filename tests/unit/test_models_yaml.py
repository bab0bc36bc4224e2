"""Scorecards and risk formulas in YAML: the same model as in JSON, and every fault by its line or its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pyfe
from pyfe.cli import main
from pyfe.errors import DecodeError

CARD = """
# points for admission
name: points
link: logistic
intercept: -3
weights:
  age: {40: 0.5, 65: 1.25}
  dose: -2.5e-1
  stage:
    II: 0.5
    III: 1.25
  smoker: {no: 0, yes: 0.7}
classes: ["0", no]
"""
POINTS = {
    "age": {"40": 0.5, "65": 1.25},
    "dose": -0.25,
    "stage": {"II": 0.5, "III": 1.25},
    "smoker": {"no": 0, "yes": 0.7},
}


def test_it_is_the_model_that_json_would_be() -> None:
    typed, same = pyfe.Linear.from_yaml(CARD), pyfe.Linear(POINTS, -3, "logit", classes=["0", "no"], name="points")
    assert typed == same and pyfe.Linear.from_json(typed.to_json()) == typed
    assert pyfe.Linear.from_yaml(CARD.encode()) == typed
    several = pyfe.Linear.from_yaml("weights: [{a: 1}, {a: 2, b: -1}]\nintercept: [0.5, 1]\n")
    assert several == pyfe.Linear([{"a": 1}, {"a": 2, "b": -1}], [0.5, 1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weight: {a: 1}", "line 1: unknown field 'weight' in a linear model"),
        ("weights: {a: 1}\nintercpt: 2", "line 2: unknown field 'intercpt'.*intercept"),
        ("weights: {a: 1, a: 2}", "line 1: 'a' stands twice"),
        ("weights:\n  a: x", "weight of 'a' must be a number, not str"),
        ("weights:\n  a: true", "weight of 'a' must be a number, not bool"),
        ("weights:\n  a: .nan", "line 2: .nan is no value"),
        ("weights:\n  a: 1e999", "line 2: 1e999 is beyond the doubles"),
        ("weights:\n  a:", "line 2: a name or value is missing"),
        ("weights: {a: 1}\nlink: probability", "link"),
        ("weights: {a: 1}\nlink: cox", "baseline_survival"),
        ("weights: &w {a: 1}", "anchors"),
        ("weights: {a: 1}\nversion: 2", "version 1"),
        ("- a", "a map with at least"),
        ("", "it says nothing"),
        ("weights: {}", "."),
        ("weights: {a: 1}\n---\nweights: {a: 2}", "second document"),
        ("weights: {a: {b: {c: 1}}}", "weight of 'a'"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    if says == ".":
        assert pyfe.Linear.from_yaml(text).columns() == set()  # refused where it meets a schema: it is constant
        return
    with pytest.raises(DecodeError, match=says):
        pyfe.Linear.from_yaml(text)


def test_the_command_line_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ranges = {
        "age": pyfe.thresholds([40, 65]),
        "dose": (0, 4),
        "stage": ["I", "II", "III"],
        "smoker": ["no", "yes"],
    }
    schema = pyfe.Schema.from_ranges(ranges)
    Path("schema").write_bytes(schema.to_bytes())
    Path("card.yaml").write_text(CARD)
    assert main(["compile", "card.yaml", "-s", "schema", "-o", "function", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weight_bits"] > 2
    function = pyfe.Function.from_bytes(Path("function").read_bytes(), schema)
    assert function.link == "logit" and function.classes == ("0", "no")
    row = {"age": [70.0], "dose": [2.0], "stage": ["II"], "smoker": ["yes"]}
    held = schema.decode_columns(schema.encode(row).x)["dose"][0]
    wanted = 0.5 + 1.25 - 0.25 * held + 0.5 + 0.7 - 3
    assert abs(function.decision_function(function.evaluate(row))[0] - wanted) <= function.max_error[0]
    Path("card.yml").write_text("weights:\n  age: old\n")
    assert main(["compile", "card.yml", "-s", "schema", "-o", "other"]) == 1
    assert "DecodeError: card.yml: not a linear model: weight of 'age'" in capsys.readouterr().err
