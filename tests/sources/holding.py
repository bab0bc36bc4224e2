"""One source held against its model: the output on held-out rows within its bound, rows by name, labels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import pyfe
from pyfe.function import Function
from tests.sources.registry import Fitted, Source

__all__ = ["Row", "compiled", "held"]


@dataclass(frozen=True)
class Row:
    """What the table says of a source: largest difference on held-out rows, and the bound there."""

    name: str
    library: str
    kind: str
    link: str
    says: str
    difference: float
    bound: float
    width_bits: float
    weight_bits: int


def schema_of(fitted: Fitted, columns: list[str]) -> pyfe.Schema:
    """The schema of the training table, its columns in a stated order."""
    if not fitted.trees:
        return pyfe.Schema.fit(fitted.data.X[columns], **fitted.schema)
    cuts = pyfe.schema_for_trees(fitted.model, **fitted.schema).columns
    return pyfe.Schema({name: cuts[name] for name in columns if name in cuts})


def compiled(fitted: Fitted, columns: list[str]) -> tuple[pyfe.Schema, Function]:
    """The function of a model on columns in a stated order."""
    schema = schema_of(fitted, columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return schema, pyfe.compile(fitted.model, schema, reference=fitted.data.X[columns], **fitted.options)


def held(source: Source) -> Row:
    """AssertionError, naming what is wrong, unless the source is right in every respect."""
    fitted = source.fitted()
    columns = list(fitted.data.X.columns)
    schema, function = compiled(fitted, columns)
    assert (function.link, function.kind) == (source.link, source.kind)
    scores = function.evaluate(fitted.data.unseen, "clip")
    unseen = fitted.data.unseen
    decoded = unseen if fitted.trees else _decoded(schema, unseen).drop(columns=list(fitted.drop))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = fitted.own(decoded)
        difference, bound = _within(function, scores, own, fitted.says)
        if fitted.labels is not None:
            _require_labels(function, scores, np.asarray(fitted.labels(decoded)))
    if not fitted.by_position:
        _require_by_name(fitted, columns, function, scores)
    return Row(
        source.name,
        source.library,
        function.kind,
        function.link,
        fitted.says,
        difference,
        bound,
        function.width_bits,
        function.weight_bits,
    )


def _decoded(schema: pyfe.Schema, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as the schema holds them."""
    columns = schema.decode_columns(schema.encode(rows, "clip").x)
    return pd.DataFrame({name: columns[name] for name in rows.columns})


def _within(function: Function, scores: Any, own: Any, says: str) -> tuple[float, float]:
    """Largest difference to the model's own output, and largest bound; every row within its own."""
    if says == "labels":
        return 0.0, 0.0
    if says == "probabilities":
        ours, bound = function.predict_proba(scores), function.output_error(scores)
    elif says == "output":
        ours, bound = function.predict(scores), function.output_error(scores)
    else:
        ours = function.decision_function(scores)
        bound = np.broadcast_to(function.max_error if ours.ndim > 1 else function.max_error[0], ours.shape)
    theirs = np.asarray(own, dtype=float).reshape(ours.shape)
    if np.asarray(own).dtype == np.float32:  # the source's own rounding of what it says
        bound = bound + np.finfo(np.float32).eps * np.maximum(1.0, np.abs(theirs))
    assert np.isfinite(theirs).all() and np.ptp(theirs) > 0
    apart = np.abs(ours - theirs)
    assert (apart <= bound).all(), f"off by {apart.max():.3g} where {bound.ravel()[apart.argmax()]:.3g} is the bound"
    return float(apart.max()), float(np.max(bound))


def _require_labels(function: Function, scores: Any, theirs: np.ndarray) -> None:
    """The model's own labels, but where the rounded score is within its error of a boundary."""
    ours = function.predict(scores)
    assert ours.shape == theirs.shape
    decision, error = function.decision_function(scores), function.max_error.max()
    if ours.ndim == 2 or decision.ndim == 1:
        clear = np.abs(decision) > error
    else:
        ends = np.sort(decision, axis=1)
        clear = ends[:, -1] - ends[:, -2] > 2 * error
    assert (ours == theirs)[clear].all() and clear.mean() > 0.2


def _require_by_name(fitted: Fitted, columns: list[str], function: Function, scores: Any) -> None:
    """The same scores with the schema's columns reversed, and the rows in another order, their columns too."""
    _, reversed_function = compiled(fitted, columns[::-1])
    rng = np.random.default_rng(1)
    order = rng.permutation(len(fitted.data.unseen))
    rows = fitted.data.unseen.iloc[order][list(rng.permutation(columns))]
    again = reversed_function.evaluate(rows, "clip")
    apart = np.abs(reversed_function.decision_function(again) - function.decision_function(scores)[order])
    assert (apart <= reversed_function.max_error + function.max_error).all()
    if np.array_equal(reversed_function.scale, function.scale):
        assert np.array_equal(again, scores[order])
