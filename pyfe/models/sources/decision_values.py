"""Values that a model computes before its link, and what is known of the link where the model says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import PyfeError, UnsupportedModelError
from pyfe.models.sources.parts import Labels

__all__ = ["Ask", "DecisionFunction"]

Ask: TypeAlias = Callable[[Any], AnyArray]


@dataclass(frozen=True)
class DecisionFunction:
    """Values that a model computes: ``method`` of a table gives ``[m]`` or ``[m, k]``.

    ``labels`` are the classes, clusters or components that the columns stand for, or None for plain values.
    ``link``: None where it is to be found by holding the model's own answers against the links; else the one that its
    structure says, with what the link needs (``baseline_survival``), and the model's ``output`` and ``predict`` that it
    has to give, which are asked for it. ``answers``: whose labels and probabilities they are, where it is not the model
    itself. ``remarks``: for reports.
    """

    method: Callable[[Any], Any]
    labels: Labels | None
    name: str
    link: str | None = None
    baseline_survival: float | None = None
    output: Ask | None = None
    predict: Ask | None = None
    answers: Any = None
    remarks: tuple[tuple[str, str], ...] = ()

    def __call__(self, table: Any) -> FloatArray:
        """float64 ``[m, k]``; whatever the model raises becomes an UnsupportedModelError."""
        try:
            values = _real(self.method(table), self.name)
        except PyfeError:
            raise
        except Exception as error:
            # the text of the error may hold values of the rows, which may be patients'
            raise UnsupportedModelError(
                f"{self.name} cannot be evaluated on these rows ({type(error).__name__})"
            ) from error
        if values.ndim not in (1, 2):
            raise UnsupportedModelError(f"{self.name} returns {values.ndim}-dimensional decision values")
        values = values[:, None] if values.ndim == 1 else values
        if self.labels is not None and len(self.labels) == values.shape[1] == 2:
            values = values[:, 1:] - values[:, :1]
        return values

    def behind(self, transform: Callable[[Any], Any]) -> DecisionFunction:
        """The same of tables that other steps are given first."""

        def after(method: Any) -> Any:
            return None if method is None else lambda table: method(transform(table))

        return replace(self, method=after(self.method), output=after(self.output), predict=after(self.predict))

    def times(self, slope: float) -> DecisionFunction:
        """``slope`` times the values, a number above zero."""
        own = self.method
        return replace(self, method=lambda table: slope * _real(own(table), self.name))


def _real(answer: Any, name: str) -> FloatArray:
    """An answer as float64, masked entries as NaN. UnsupportedModelError for complex values: only one part of them
    would be left."""
    if isinstance(answer, np.ma.MaskedArray):
        answer = np.where(np.ma.getmaskarray(answer), np.nan, np.ma.getdata(answer))
    if np.iscomplexobj(answer) and np.imag(answer).any():
        raise UnsupportedModelError(f"{name} gives complex decision values; compile their real part or their modulus")
    return np.asarray(np.real(answer) if np.iscomplexobj(answer) else answer, dtype=np.float64)
