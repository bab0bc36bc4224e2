"""What a refusal says of a model that bends: along which column, and which kind of column straightens it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import UnsupportedModelError

RANGES: dict[str, Any] = {
    "age": (18, 100),
    "crp": (0.2, 300),
    "pulse": (40, 140),
    "stays": pyfe.number(0, 8, step=1),
    "smoker": ["no", "yes"],
}
Score = Callable[[Any], Any]


def score_of(term: Score) -> Score:
    """A score with a straight part of its own beside the term; rows hold text in the last column."""
    return lambda rows: (
        term(rows[:, :4].astype(float).T) + 0.01 * rows[:, 0].astype(float) + 0.5 * (rows[:, 4] == "yes") - 1
    )


def refusal(term: Score, **other: Any) -> str:
    with pytest.raises(UnsupportedModelError) as caught:
        pyfe.from_callable(score_of(term), pyfe.Schema.from_ranges(RANGES | other))
    return str(caught.value).partition("can be compiled")[2]


STRAIGHTENED = [
    (lambda x: np.log(x[1]), "crp", pyfe.number(0.2, 300, transform="log")),
    (lambda x: np.sqrt(x[1]), "crp", pyfe.number(0.2, 300, transform="sqrt")),
    (lambda x: np.where(x[2] >= 65, 1.0, 0) + np.where(x[2] >= 75, 0.5, 0), "pulse", pyfe.thresholds([65, 75])),
    (lambda x: 1.0 * (x[2] >= 90), "pulse", pyfe.thresholds([90])),
    (lambda x: 1.0 * (x[3] >= 2), "stays", pyfe.thresholds([2])),
    (lambda x: 0.02 * np.minimum(x[2], 110), "pulse", pyfe.number(40, 110)),
    (lambda x: 0.02 * np.maximum(x[2], 55.5), "pulse", pyfe.number(55.5, 140)),
    (lambda x: -0.02 * np.clip(x[2], 55.5, 110), "pulse", pyfe.number(55.5, 110)),
]


@pytest.mark.parametrize(("term", "name", "column"), STRAIGHTENED)
def test_the_column_that_is_named_compiles(term: Score, name: str, column: Any) -> None:
    """Word for word, and the scores of what compiles then are those of the model on rows of every kind."""
    said = refusal(term)
    assert f"along {name!r}" in said and said.count("along") == 1
    found = re.search(r"pyfe\.(\w+)\((.*?)\)(?:, and|, or|$)", said)
    assert found is not None, said
    made = eval(f"pyfe.{found[1]}({found[2]})", {"pyfe": pyfe})
    assert made == column
    schema = pyfe.Schema.from_ranges(RANGES | {name: made})
    rng = np.random.default_rng(0)
    rows = {
        "age": rng.uniform(18, 100, 300),
        "crp": rng.uniform(0.2, 300, 300),
        "pulse": rng.integers(40, 140, 300).astype(float),
        "stays": rng.integers(0, 9, 300).astype(float),
        "smoker": rng.choice(["no", "yes"], 300),
    }
    function = pyfe.from_callable(score_of(term), schema, reference=rows)
    encoded = schema.encode(rows, "clip")
    held = schema.decode_columns(encoded.x)
    table = np.stack([np.asarray(held[each], dtype=object) for each in RANGES], axis=1)
    ours = function.decision_function(function.evaluate(encoded))
    assert (np.abs(ours - score_of(term)(table).astype(float)) <= function.max_error + 1e-9).all()


def test_every_column_that_bends_is_named() -> None:
    said = refusal(lambda x: np.log(x[1]) + 1.0 * (x[3] >= 2) + 0.02 * np.minimum(x[2], 110) + np.sin(x[0]))
    assert said.count("along") == 4
    for words in ('pyfe.number(0.2, 300, transform="log")', "pyfe.number(40, 110)", "bends along 'age' in another"):
        assert words in said
    assert "an encrypted computation outside this library" in said, "there is no column for the last one"


def test_what_bends_along_no_column_is_another_model() -> None:
    said = refusal(lambda x: x[0] * x[1] * x[2] / 1e5)
    assert "along" not in said and "PolynomialFeatures(2)" in said


def test_a_kind_of_model_that_is_known_keeps_its_own_advice() -> None:
    neighbors = pytest.importorskip("sklearn.neighbors")
    nearest = neighbors.KNeighborsRegressor(1).fit([[0.0], [10.0]], [0.0, 1.0])
    schema = pyfe.Schema.from_ranges({"x0": (0, 10)})
    with pytest.raises(UnsupportedModelError, match="fit Ridge") as caught:
        pyfe.compile(nearest, schema)
    assert "moves in steps" not in str(caught.value)
    with pytest.raises(UnsupportedModelError, match="moves in steps"):
        pyfe.from_callable(nearest.predict, schema)


def test_steps_between_the_values_of_a_column() -> None:
    """The threshold is the roundest number between two codes; on a column of few values none is made up."""
    assert "pyfe.thresholds([70])" in refusal(lambda x: 1.0 * (x[2] >= 70), pulse=pyfe.number(40, 140, bits=4))
    assert "another way" in refusal(lambda x: np.array([0, 3, 1, 4, 1, 5, 9, 2, 6.0])[x[3].astype(int)])
