"""A fitted estimator, asked by its methods and not by its name.

What it computes is its :func:`~pyfe.models.sources.decision.decision_function_of`. What it is fed are decoded rows of
the schema, by name where it has names (:mod:`pyfe.models.sources.intake`), as an array in the schema's order otherwise.
Its link is the one that its structure says, held against its own answers; else it is found by comparing
``predict_proba`` with the known links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.fit.probing import fresh_rows
from pyfe.models.sources.decision import decision_function_of
from pyfe.models.sources.fitted import fitted_map
from pyfe.models.sources.intake import intake_of
from pyfe.models.sources.link_and_classes import link_and_classes, without_probabilities
from pyfe.models.sources.own_answers import require_own_answers
from pyfe.models.sources.raw_model import BY_POSITION, RawModel
from pyfe.models.sources.real_function import RealFunction, RealMap, combined
from pyfe.models.sources.targets import exponential_of
from pyfe.models.sources.wanted import USUAL, Wanted
from pyfe.schema import Schema

__all__ = ["from_estimator", "with_link"]


def from_estimator(model: Any, schema: Schema, wanted: Wanted = USUAL) -> RealFunction:
    """Probe and verify an estimator on the schema's domain.

    Its one quantity is tried as an affine map, then as a quadratic one; of a regression then its logarithm. Raises
    UnsupportedModelError, naming the first step that is neither and the measured residual. Cost: 2 n + 512 evaluations
    of the model for an affine one, about n^2 / 2 + 4 n + 1,024 for any other.
    """
    function, intake = decision_function_of(model, wanted), intake_of(model, schema.input_columns)
    intake.require(schema)
    raw = RawModel(function, intake.table, schema, model)
    raw, real_map, rows = _probed(raw)
    remarks = () if intake.names is not None else (BY_POSITION,)
    return with_link(RealFunction(real_map, "identity", None, None, function.name, raw, remarks), raw, rows)


def _probed(raw: RawModel) -> tuple[RawModel, RealMap, IntArray]:
    """The map of the model's quantity; of a prediction above zero that has none, the map of its logarithm."""
    try:
        return raw, *fitted_map(raw)
    except UnsupportedModelError:
        function = raw.function
        predicts = function.link is None and function.labels is None
        if not predicts or function.method != getattr(raw.model, "predict", None) or not _is_positive(raw):
            raise
        logarithm = replace(raw, function=exponential_of(function.name, function.method))
        try:
            return logarithm, *fitted_map(logarithm)
        except UnsupportedModelError:
            pass
        raise


def _is_positive(raw: RawModel) -> bool:
    try:
        return bool((raw.on_codes(fresh_rows(raw.schema)) > 0).all())
    except UnsupportedModelError:
        return False


def with_link(real: RealFunction, raw: RawModel, rows: IntArray) -> RealFunction:
    """The function with the link and classes of its model, found on verified rows, and the model's methods for them."""
    function, columns = raw.function, raw.schema.decode_columns(rows)
    if function.link is not None:
        return _with_told_link(real, raw, columns, raw.on_columns(columns))
    answers = raw.model if function.answers is None else function.answers
    decision = real.map(rows)
    found = link_and_classes(answers, function, raw.table(columns), decision, real.map.error)
    remarks = real.remarks + function.remarks
    if found.classes is not None and found.link == "identity" and hasattr(answers, "predict_proba"):
        theirs = raw.in_pieces(answers.predict_proba, columns)
        remarks += (("probabilities", f"none: {without_probabilities(theirs, decision)}"),)
    if found.slope != 1:
        raw = replace(raw, function=function.times(found.slope))
        real = replace(real, map=combined(real.map, found.slope * np.eye(len(real.map.error))))
        remarks += (
            ("decision value", f"{found.slope:g} times the model's own, of which the link makes its probabilities"),
        )
    own = replace(
        raw,
        predict=answers.predict if found.classes is not None and hasattr(answers, "predict") else None,
        output=answers.predict_proba if found.link != "identity" else None,
    )
    return replace(real, link=found.link, classes=found.classes, raw_model=own, remarks=remarks)


def _with_told_link(
    real: RealFunction, raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray
) -> RealFunction:
    """The function with the link that its structure says, held against the model's own answers."""
    function = raw.function
    told = replace(
        real,
        link=str(function.link),
        classes=function.labels,
        baseline_survival=function.baseline_survival,
        raw_model=replace(raw, predict=function.predict, output=function.output),
        remarks=real.remarks + function.remarks,
    )
    require_own_answers(told, told.raw_model or raw, columns, decision)
    return told
