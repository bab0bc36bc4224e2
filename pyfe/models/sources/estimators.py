"""A fitted estimator, asked by its methods and not by its name.

What it computes is its :func:`~pyfe.models.sources.decision.decision_function_of`. What it is fed are decoded rows of
the schema, by name where it has names (:mod:`pyfe.models.sources.intake`), as an array in the schema's order otherwise.
Its link is found by comparing ``predict_proba`` with the known links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.models.sources.decision import decision_function_of
from pyfe.models.sources.fitted import fitted_map
from pyfe.models.sources.intake import intake_of
from pyfe.models.sources.link_and_classes import link_and_classes, without_probabilities
from pyfe.models.sources.parts import is_result
from pyfe.models.sources.raw_model import BY_POSITION, RawModel
from pyfe.models.sources.real_function import RealFunction
from pyfe.models.sources.statsmodels import link_of_result
from pyfe.schema import Schema

__all__ = ["from_estimator", "with_link"]


def from_estimator(model: Any, schema: Schema) -> RealFunction:
    """Probe and verify an estimator on the schema's domain.

    Its one quantity is tried as an affine map, then as a quadratic one. Raises UnsupportedModelError, naming the first
    step that is neither and the measured residual. Cost: 2 n + 512 evaluations of the model for an affine one, about
    n^2 / 2 + 4 n + 1,024 for any other.
    """
    function, intake = decision_function_of(model), intake_of(model, schema.input_columns)
    intake.require(schema)
    raw = RawModel(function, intake.table, schema, model)
    real_map, rows = fitted_map(raw)
    remarks = () if intake.names is not None else (BY_POSITION,)
    return with_link(RealFunction(real_map, "identity", None, None, function.name, raw, remarks), raw, rows)


def with_link(real: RealFunction, raw: RawModel, rows: IntArray) -> RealFunction:
    """The function with the link and classes of its model, found on verified rows, and the model's methods for them."""
    model, columns = raw.model, raw.schema.decode_columns(rows)
    decision = real.map(rows)
    if is_result(model):
        return _with_link_of_result(real, raw, columns, decision)
    link, classes = link_and_classes(model, raw.function, raw.table(columns), decision, real.map.error)
    remarks = real.remarks
    if classes is not None and link == "identity" and hasattr(model, "predict_proba"):
        theirs = raw.in_pieces(model.predict_proba, columns)
        remarks += (("probabilities", f"none: {without_probabilities(theirs, decision)}"),)
    own = replace(
        raw,
        predict=model.predict if classes is not None and hasattr(model, "predict") else None,
        output=model.predict_proba if link != "identity" else None,
    )
    return replace(real, link=link, classes=classes, raw_model=own, remarks=remarks)


def _with_link_of_result(
    real: RealFunction, raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray
) -> RealFunction:
    """The link between the linear predictor of a result and its prediction."""
    link, classes = link_of_result(raw.model, raw.in_pieces(raw.model.predict, columns), decision)
    return replace(real, link=link, classes=classes, raw_model=replace(raw, output=raw.model.predict))
