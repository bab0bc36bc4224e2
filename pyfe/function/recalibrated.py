"""Results of a function read on another scale: what needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.function.readout import Readout, floats
from pyfe.schema.cells import is_number, shown

__all__ = ["Recalibrated"]


@dataclass(frozen=True, eq=False, repr=False)
class Recalibrated:
    """The decision values ``a d + b`` of integer scores whose own decision values are d; and what a link makes of them.

    Made by :meth:`pyfe.Function.recalibrate`. It takes the scores that a key of the function decrypts, as the function
    itself does, and says nothing that they do not say. readout: the function's. a: a number above zero. b: float64
    ``[k]``, or one number for all outputs. ParameterError.
    """

    readout: Readout
    a: float
    b: FloatArray

    def __post_init__(self) -> None:
        if not is_number(self.a) or not 0 < self.a < np.inf:
            raise ParameterError(f"a is one finite number above zero, so that order stays, and not {shown(self.a)}")
        shift = floats(self.b, "b")
        if shift.shape not in ((), (1,), (self.readout.k,)) or not np.isfinite(shift).all():
            raise ParameterError(f"b is one finite number, or {self.readout.k} (one an output), not {shown(self.b)}")
        object.__setattr__(self, "b", np.broadcast_to(shift, (self.readout.k,)).copy())

    @property
    def exact(self) -> bool:
        """Whether the integers that it reads are exact (:attr:`pyfe.Function.exact`)."""
        return self.readout.exact

    def decision_function(self, scores: Any) -> FloatArray:
        """Decision values from integer scores (intercept included), shape as the scores."""
        return self.readout.squeezed(self._by_row(scores))

    def predict_proba(self, scores: Any) -> FloatArray:
        """Probabilities float64 ``[batch, classes]``; see :meth:`pyfe.Function.predict_proba`."""
        return self.readout.probabilities_of(self._by_row(scores))

    def predict(self, scores: Any) -> AnyArray:
        """Predicted classes ``[batch]``, or the values of a regression; see :meth:`pyfe.Function.predict`."""
        return self.readout.prediction_of(self.decision_function(scores))

    def _by_row(self, scores: Any) -> FloatArray:
        decision = self.readout.decision_function(scores)
        return np.asarray(self.a * decision.reshape(len(decision), self.readout.k) + self.b)

    def __repr__(self) -> str:
        return f"Recalibrated({self.a:g} d + {', '.join(f'{shift:g}' for shift in self.b)})"
