"""One score instead of one a class: a class against the rest, out of a model of several classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.function import link_named, probabilities
from pyfe.function.accuracy import truth_of
from pyfe.function.ranking import area_under_curve
from pyfe.models.preparing import Preparation
from pyfe.models.real.affine import AffineMap
from pyfe.models.sources.real_function import RealFunction
from pyfe.models.yardstick import MOST_OF_A_RANKING, Yardstick

__all__ = ["against_the_rest", "classes_apart"]


def classes_apart(prepared: Preparation) -> int:
    """How many classes have a score of their own that could be asked for alone; 0 where there is one score already, or
    the scores are no affine functions."""
    real = prepared.draft.real
    affine = real.classes is not None and isinstance(real.map, AffineMap)
    return prepared.draft.theirs.shape[1] if affine and prepared.draft.theirs.shape[1] > 1 else 0


def against_the_rest(prepared: Preparation, which: int, outcome: Any) -> Preparation:
    """The score of one class less the mean of the others': one output, a regression. Its loss is in the AUC of the
    class against the rest, beside that of the model's own probability of it."""
    count = classes_apart(prepared)
    contrast = np.full(count, -1.0 / (count - 1))
    contrast[which] = 1.0
    draft = prepared.draft
    theirs = np.asarray(draft.theirs @ contrast)[:, None]
    probable = link_named(draft.real.link).has_probabilities
    own = probabilities(draft.real.link, draft.theirs)[:, which] if probable else theirs[:, 0]
    if outcome is None:
        positive: AnyArray = own if probable else theirs[:, 0] > 0
    else:
        positive = np.asarray(truth_of(draft.real.classes, outcome, len(theirs)) == which)

    def measure(decision: FloatArray) -> float:
        return area_under_curve(decision[:, 0], positive)

    def outputs(real: RealFunction) -> RealFunction:
        return _combined(real, contrast, which)

    yardstick = Yardstick("AUC", MOST_OF_A_RANKING, outcome is not None, measure, area_under_curve(own, positive))
    return Preparation(prepared.model, replace(draft, real=outputs(draft.real), theirs=theirs), yardstick, outputs)


def _combined(real: RealFunction, contrast: FloatArray, which: int) -> RealFunction:
    if not isinstance(real.map, AffineMap) or real.classes is None:
        raise TypeError("one score of several is that of an affine model of classes")
    weights, intercept, error = real.map.weights, real.map.intercept, real.map.error
    one = AffineMap((contrast @ weights)[None, :], np.array([contrast @ intercept]), np.array([abs(contrast) @ error]))
    name = f"{real.name}, {real.classes[which]!r} against the rest"
    return replace(real, map=one, link="identity", classes=None, name=name, raw_model=None)
