"""A model's own labels and last output, held against its decision values, its classes and its link."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import label_array, link_named, link_values, probabilities
from pyfe.function.link import output_error
from pyfe.models.fit.probing import TOLERANCE
from pyfe.models.sources.link_and_classes import LARGEST_SLACK, differs, not_the_largest
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction

__all__ = ["require_output", "require_own_answers"]


def require_own_answers(
    real: RealFunction, raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray
) -> None:
    """UnsupportedModelError where the labels or the last output of the model on raw columns are not what classes and
    link make of its own decision values ``[m, k]`` there, beyond the rounding of floats."""
    if not len(decision):
        return
    if raw.predict is not None:
        _require_labels(real, raw, columns, decision)
    if raw.output is None:
        return
    output = raw.in_pieces(raw.output, columns)
    require_output(real.name, output, decision, real.map.error, real.link, real.baseline_survival)


def require_output(
    name: str, output: AnyArray, decision: FloatArray, error: FloatArray, link: str, survival: float | None = None
) -> None:
    """UnsupportedModelError where a model's own output is not what a link makes of its decision values ``[m, k]``,
    which are known within ``error [k]``; of two classes it may be the probability of the second alone."""
    theirs, close = output.astype(np.float64).reshape(len(decision), -1), 1e-5 if output.dtype == np.float32 else 1e-6
    if link_named(link).has_probabilities:
        ours = probabilities(link, decision, survival)
        ours = ours[:, 1:] if ours.shape[1] == 2 and theirs.shape[1] == 1 else ours
        allowed = np.full(ours.shape, close + min(2 * float(error.max()), LARGEST_SLACK))
    else:
        ours = link_values(link, decision)
        reach = max(TOLERANCE, close) * np.ptp(decision, axis=0) + 2 * error
        allowed = np.broadcast_to(output_error(link, decision, reach), ours.shape)
    with np.errstate(invalid="ignore"):
        apart = np.where(ours == theirs, 0.0, np.abs(ours - theirs)) if ours.shape == theirs.shape else None
    if apart is None or not (apart <= allowed).all():
        by = "" if apart is None else f": off by up to {apart.max():.3g}"
        raise UnsupportedModelError(
            f"the output of {name} is not the link {link!r} of its decision values{by}; compile the values before its "
            "last step, with pyfe.from_callable"
        )


def _require_labels(real: RealFunction, raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray) -> None:
    assert raw.predict is not None
    if real.classes is not None:
        labels = label_array(real.classes)
        if differs(raw.predict, real.name, raw.table(columns), labels, decision, real.map.error).any():
            raise UnsupportedModelError(not_the_largest(real.name))
    elif real.link == "logit_each" and _other_labels(raw, columns, decision, real.map.error).any():
        raise UnsupportedModelError(
            f"{real.name} gives other labels than those with a decision value above zero (a threshold of its own?); "
            "compile one model a label"
        )


def _other_labels(raw: RawModel, columns: Mapping[str, AnyArray], decision: FloatArray, error: FloatArray) -> BoolArray:
    """Labels clear of their boundary that the model gives and its decision value does not, or the other way."""
    assert raw.predict is not None
    theirs = np.asarray(raw.in_pieces(raw.predict, columns))
    return np.asarray(((theirs > 0) != (decision > 0)) & (np.abs(decision) > 4 * error))
