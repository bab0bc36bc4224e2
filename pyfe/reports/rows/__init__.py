"""What a report measures on rows: figures of all of them together, no row among them.

===============  ==================================================================
``scores``       the decision values of the rows, by the integers and by the model
``clipping``     what clipping did to them
``measures``     AUC, C or R2 with intervals, calibration, classes beside classes
``differences``  how far they lie from the model's, beside the bound
===============  ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.function import Function
from pyfe.function.accuracy import truth_of
from pyfe.reports.rows.clipping import ClippedColumn, Clipping, clipping_of
from pyfe.reports.rows.differences import Agreement, Differences, agreement_of, differences_of
from pyfe.reports.rows.measures import (
    Calibration,
    Confusion,
    Measure,
    calibration_of,
    confusion_of,
    measure_of,
)
from pyfe.reports.rows.scores import scores_of
from pyfe.schema import Encoded, Schema

__all__ = [
    "Agreement",
    "Calibration",
    "ClippedColumn",
    "Clipping",
    "Confusion",
    "Differences",
    "Measure",
    "OnRows",
    "measured",
]


@dataclass(frozen=True, kw_only=True)
class OnRows:
    """What was measured on the rows of a report. None is what these rows do not tell: without the model (a function
    read from a file) there is no agreement, without answers no measure.

    clipping: what clipping did to scores; None for rows that came encoded. measure: AUC, C, R2 or accuracy with
    intervals. calibration: predictions beside what was observed. agreement, differences: of the model's decision values
    and ours. confusions: the model's classes, and the labels, beside ours.
    """

    clipping: Clipping | None = None
    measure: Measure | None = None
    calibration: Calibration | None = None
    agreement: Agreement | None = None
    differences: Differences | None = None
    confusions: tuple[Confusion, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def measured(function: Function, schema: Schema, X: Mapping[str, AnyArray] | Encoded, y: Any = None) -> OnRows:
    """The figures of raw columns, or of encoded rows, with their labels, targets or (times, events).

    Errors: those of :meth:`pyfe.Function.report`. Cost: that of the model on the rows, and of up to 400 samples of them
    with answers; about a second for 10^5 rows.
    """
    scores, readout = scores_of(function, schema, X), function.readout
    if not len(scores.x):
        return OnRows()
    clipping, touched = None, np.zeros(0, dtype=np.int64)
    if not isinstance(X, Encoded):
        clipping, touched = clipping_of(function, schema, X, scores.x)
    clipped = np.zeros(len(scores.x), dtype=np.bool_)
    clipped[touched] = True
    truth = None if y is None else truth_of(function.classes, y, len(scores.x))
    ours, theirs, confusions = scores.ours, scores.theirs, []
    if theirs is not None and function.classes is not None:
        confusions.append(confusion_of(readout, ours, readout.class_index(readout.squeezed(theirs)), "model"))
    if isinstance(truth, np.ndarray) and function.classes is not None:
        confusions.append(confusion_of(readout, ours, truth, "label"))
    agreement, differences = None, None
    if theirs is not None and scores.unrounded is not None:
        finite = np.isfinite(theirs).all(axis=1)  # the model has none for the logarithm of zero
        if finite.any():
            kept = [part[finite] for part in (ours, scores.decoded, theirs, scores.unrounded)]
            agreement = agreement_of(kept[0], kept[2], clipped[finite])
            differences = differences_of(*kept, clipped=clipped[finite], bound=float(function.max_error.max()))
    return OnRows(
        clipping=clipping,
        measure=None if truth is None else measure_of(readout, ours, theirs, truth),
        calibration=None if truth is None else calibration_of(readout, ours, theirs, truth),
        agreement=agreement,
        differences=differences,
        confusions=tuple(found for found in confusions if found is not None),
    )
