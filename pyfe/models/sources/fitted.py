"""The map behind a model that is asked: probed, verified, and which step bends it where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.fit.affine import fit_affine
from pyfe.models.fit.probing import TOLERANCE, fresh_rows, residual
from pyfe.models.fit.second_differences import fit_quadratic
from pyfe.models.sources.advice import instead_of, next_step
from pyfe.models.sources.bends import bends, straightened
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import is_result, name_of, steps_of
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealMap

__all__ = ["culprit", "fitted_map"]


def fitted_map(raw: RawModel) -> tuple[RealMap, IntArray]:
    """The map behind a function, with what was measured as its error, and the rows it was verified on.

    UnsupportedModelError naming the step that bends it where it is neither affine nor quadratic, or where its answers
    are no function of the row.
    """
    score, schema = raw.on_codes, raw.schema
    rows = fresh_rows(schema)
    _require_function_of_the_row(raw, rows)
    real_map: RealMap = fit_affine(score, schema)
    difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        real_map = fit_quadratic(score, schema)
        difference, tolerance = residual(score, real_map, rows)
    if not (difference <= tolerance).all():
        worst = int(np.argmax(np.where(difference <= tolerance, 0.0, difference)))
        where, step = _culprit(raw, rows)
        raise UnsupportedModelError(
            f"{raw.function.name} is neither affine nor quadratic in the schema's coordinates: "
            f"{where}; measured residual {difference[worst]:.3g} (output {worst}), tolerated "
            f"{tolerance[worst]:.3g}. Only models of degree one or two up to a final link can be compiled"
            f"{_instead(raw, step)}"
        )
    return replace(real_map, error=real_map.error + 2 * difference), rows


def _require_function_of_the_row(raw: RawModel, rows: IntArray) -> None:
    """The same answer for a row whenever it is asked, and whatever rows are asked about with it."""
    try:
        values = raw.on_codes(rows)
    except UnsupportedModelError as error:
        step = _failing_step(raw, rows)
        cause = error.__cause__
        if cause is None:
            raise
        # these rows are the schema's own, so the text of the error holds no patient's values
        instead = f"; {next_step(raw.model)}" if is_result(raw.model) else ""
        raise UnsupportedModelError(
            f"{raw.function.name} cannot be evaluated on the schema's rows{step}: {type(cause).__name__}: {cause}"
            f"{instead}"
        ) from cause
    allowed = np.maximum(TOLERANCE * np.ptp(values, axis=0), 1e-12 * np.abs(values).max(axis=0))
    again, turned = raw.on_codes(rows), raw.on_codes(rows[::-1])[::-1]
    alone = np.concatenate([raw.on_codes(rows[i : i + 1]) for i in range(3)])
    if not again.shape == turned.shape == values.shape or alone.shape != values[:3].shape:
        raise UnsupportedModelError(f"{raw.function.name} gives values of another shape for the same rows")
    by = np.abs(again - values)
    if (by > allowed).any():
        raise UnsupportedModelError(
            f"{raw.function.name} gives other values when the same rows are asked again (by up to {by.max():.3g}); "
            "take out what is random in it (dropout, sampling), or fix its seed per call"
        )
    by = np.concatenate([np.abs(turned - values), np.abs(alone - values[:3])])
    if (by > allowed).any():
        raise UnsupportedModelError(
            f"{raw.function.name} gives a row another value when other rows are asked with it (by up to "
            f"{by.max():.3g}: statistics of the batch, or rounding that is too coarse); a function of one row is what "
            "can be compiled"
        )


def _instead(raw: RawModel, step: Any) -> str:
    """What would work instead: other columns, where these are what is wrong, or another model."""
    found = list(bends(raw.on_codes, raw.schema))
    if any(bend.curve for bend in found) or (found and instead_of(step) is None):
        cures = straightened(found)
        return cures if all(bend.says for bend in found) else f"{cures}; {next_step(step)}"
    return f"; {next_step(step)}"


def culprit(raw: RawModel, rows: IntArray) -> str:
    """The first step of a pipeline whose output is neither affine nor quadratic on some rows; else the last."""
    return _culprit(raw, rows)[0]


def _culprit(raw: RawModel, rows: IntArray) -> tuple[str, Any]:
    """That step in words, and itself."""
    steps = steps_of(raw.model)
    if len(steps) < 2:
        return f"the model itself ({name_of(steps[0][1])})", steps[0][1]
    pipeline = getattr(raw.model, "best_estimator_", raw.model)
    for count, (name, step) in enumerate(steps[:-1], start=1):
        if not _prefix_is_quadratic(pipeline[:count], raw, rows):
            return f"step {count} {name!r} ({type(step).__name__})", step
    name, step = steps[-1]
    return f"final step {name!r} ({type(step).__name__})", step


def _prefix_is_quadratic(prefix: Any, raw: RawModel, rows: IntArray) -> bool:
    def transformed(table: Any) -> AnyArray:
        output = prefix.transform(table)
        return np.asarray(output.toarray() if hasattr(output, "toarray") else output)

    part = RawModel(DecisionFunction(transformed, None, name_of(prefix)), raw.table, raw.schema)
    for fit in (fit_affine, fit_quadratic):
        try:
            difference, tolerance = residual(part.on_codes, fit(part.on_codes, raw.schema), rows)
        except UnsupportedModelError:
            return False
        if (difference <= tolerance).all():
            return True
    return False


def _failing_step(raw: RawModel, rows: IntArray) -> str:
    """Which step of a pipeline raises on some rows."""
    steps = steps_of(raw.model)
    pipeline = getattr(raw.model, "best_estimator_", raw.model)
    if len(steps) < 2:
        return ""
    for count, (name, step) in enumerate(steps[:-1], start=1):
        try:
            pipeline[:count].transform(raw.table(raw.schema.decode_columns(rows)))
        except Exception:
            return f" (step {count} {name!r}, {type(step).__name__})"
    return f" (final step {steps[-1][0]!r}, {type(steps[-1][1]).__name__})"
