"""Boosted trees in the files of their libraries: pyfe prepare makes the schema of their cuts and the function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.cli.model_files import load_model
from pyfe.errors import DecodeError, ParameterError
from pyfe.schema import Schema

from .test_cli import Story
from .test_models_boosters import TWO, X, cat, lgb, library, of_lgb, raw_xgb, stopped_early, xgb


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Story:
    """An empty folder with a table of training rows, some cells empty."""
    monkeypatch.chdir(tmp_path)
    X.assign(ill=TWO).to_csv("known.csv", index=False)
    return Story(tmp_path, capsys)


def saved_xgboost(file: str, fit: Callable[[], Any]) -> Any:
    model = fit()
    model.save_model(file)
    return model.predict(X, output_margin=True) if hasattr(model, "get_booster") else bare(model)


def bare(model: Any) -> Any:
    return model.predict(library("xgboost").DMatrix(X), output_margin=True)


def saved_lightgbm(file: str) -> Any:
    model = lgb("Classifier", TWO)()
    model.booster_.save_model(file)
    return of_lgb(model, X)


def saved_catboost(file: str) -> Any:
    model = cat("Classifier", TWO)()
    model.save_model(file, format="json")
    return model.predict(X, prediction_type="RawFormulaVal")


FILES: dict[str, Callable[[], Any]] = {
    "early.json": lambda: saved_xgboost("early.json", stopped_early),
    "early.ubj": lambda: saved_xgboost("early.ubj", stopped_early),
    "bare.json": lambda: saved_xgboost("bare.json", raw_xgb),
    "forest.txt": lambda: saved_lightgbm("forest.txt"),
    "cat.json": lambda: saved_catboost("cat.json"),
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_trees(story: Story, file: str) -> None:
    theirs = FILES[file]()
    options = ["--outcome", "ill", "--missing", "age=bit", "--missing", "crp=bit"]
    made = story.run("prepare", file, "known.csv", "-s", "schema", "-o", "coarse", *options)
    assert "measured with the outcomes" in made["loss"]
    story.run("compile", file, "-s", "schema", "-o", "fine", "--reference", "known.csv")
    schema = Schema.from_bytes(Path("schema").read_bytes())
    for name, far in (("coarse", 1.0), ("fine", 0.1)):
        function = pyfe.Function.from_bytes(Path(name).read_bytes(), schema=schema)
        assert function.link == "logit"
        difference = np.abs(function.decision_function(function.evaluate(X)) - theirs)
        assert difference.max() <= function.max_error[0] < far * max(1.0, np.ptp(theirs))


def test_what_is_wrong_is_named(story: Story) -> None:
    saved_xgboost("x.json", xgb("Classifier", TWO))
    assert "leave out --bits" in story.fails("prepare", "x.json", "known.csv", "-s", "s", "-o", "f", "--bits", "4")[1]
    Path("c.cbm").write_bytes(b"CBM1 and no more")
    with pytest.raises(ParameterError, match='c.cbm: CatBoost is read from JSON.*format="json"'):
        load_model(Path("c.cbm"))
    Path("t.txt").write_text("tree\nversion=v4\n")
    Path("u.ubj").write_bytes(b"{")
    for file, library_name in (("t.txt", "LightGBM"), ("u.ubj", "XGBoost")):
        with pytest.raises(DecodeError, match=f"{file}: not a model that {library_name} reads"):
            load_model(Path(file))


def test_without_the_library(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("xgboost", "lightgbm", "catboost"):
        monkeypatch.setitem(sys.modules, name, None)
    Path("t.txt").write_text("tree\nversion=v4\n")
    Path("x.json").write_text('{"learner": {}, "version": [3, 2, 0]}')
    Path("c.json").write_text('{"features_info": {}}')
    for file, package in (("t.txt", "lightgbm"), ("x.json", "xgboost-cpu"), ("c.json", "catboost")):
        with pytest.raises(ParameterError, match=f"pip install {package}"):
            load_model(Path(file))
