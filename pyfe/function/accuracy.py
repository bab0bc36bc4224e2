"""What was kept of a model on rows with known answers: the answers read strictly, and the measures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.function.readout import Readout
from pyfe.schema.cells import as_floats, missing_mask, shown
from pyfe.schema.frames import as_column, open_frame
from pyfe.strict import distinct

__all__ = ["area_under_curve", "quality", "r_squared", "require_one_index", "truth_of"]


def quality(readout: Readout, decision: FloatArray, truth: AnyArray) -> tuple[str, float]:
    """The measure that goes with the outputs, and its value: R2 of a regression, AUC of two classes, accuracy of more.

    decision: decision values ``[rows]`` or ``[rows, k]``. truth: what :func:`truth_of` gives.
    """
    if readout.classes is None:
        return "R2", r_squared(decision, truth)
    if readout.k == 1:
        return "AUC", area_under_curve(decision, truth == 1)
    return "accuracy", float(np.mean(readout.class_index(decision) == truth))


def truth_of(readout: Readout, y: Any, rows: int) -> AnyArray:
    """Targets float64 ``[rows]`` or ``[rows, k]``; with classes, positions in them int64 ``[rows]``.

    ParameterError for another length, an absent answer, or one that is no class or no finite number.
    """
    columns = _columns(y)
    for column in columns:
        if len(column) != rows:
            raise ParameterError(f"y has {len(column)} rows, X {rows}")
        absent = missing_mask(column)
        if absent.any():
            raise ParameterError(f"y: {_rows_text(absent)} missing")
    if readout.classes is None:
        return _targets(columns)
    if len(columns) != 1:
        raise ParameterError(f"y has {len(columns)} columns; labels are one a row")
    places = distinct(((label, place) for place, label in enumerate(readout.classes)), "the list of classes")
    found = np.array([_place(places, label) for label in columns[0].tolist()], dtype=np.int64)
    if (found < 0).any():
        known = ", ".join(shown(label) for label in readout.classes[:10])
        raise ParameterError(f"y: {_rows_text(found < 0)} none of the classes ({known})")
    return found


def require_one_index(X: Any, y: Any) -> None:
    """ParameterError for pandas objects of different indexes, which are never paired by position; a mapping has the
    index of its columns."""
    indexes = [index for table in (X, y) if (index := _index_of(table)) is not None]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise ParameterError(
            "y and X have different indexes; align them (y.loc[X.index]), or pass y.to_numpy() if the rows do belong "
            "together"
        )


def _index_of(table: Any) -> Any:
    """The index of a pandas object, or of the first one among the columns of a mapping; None without one."""
    parts = table.values() if isinstance(table, Mapping) else [table]
    return next((part.index for part in parts if hasattr(part, "iloc") and hasattr(part, "index")), None)


def area_under_curve(decision: FloatArray, positive: BoolArray) -> float:
    """Area under the ROC curve by the rank sum; NaN when only one class is present."""
    hits = int(positive.sum())
    misses = len(positive) - hits
    if not hits or not misses:
        return math.nan
    return float((_ranks(decision)[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def r_squared(predicted: FloatArray, truth: FloatArray) -> float:
    """Share of the spread of ``truth`` that is explained; NaN where it has none."""
    if predicted.shape != truth.shape:
        raise ParameterError(f"y has shape {truth.shape}, the outputs {predicted.shape}")
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((truth - predicted) ** 2).sum()) / spread if spread else math.nan


def _columns(y: Any) -> list[AnyArray]:
    """The columns of a table of answers; of a list or series, the one that it is."""
    rowwise = isinstance(y, list | tuple) and len(y) > 0 and all(isinstance(row, list | tuple) for row in y)
    if not (hasattr(y, "columns") or rowwise or (isinstance(y, np.ndarray) and y.ndim == 2)):
        return [as_column(y)]
    frame = open_frame(y, None)
    if not frame.labels:
        raise ParameterError("y has no columns")
    return [as_column(frame.column(i)) for i in range(len(frame.labels))]


def _targets(columns: Sequence[AnyArray]) -> FloatArray:
    values = [as_floats(column, missing_mask(column)) for column in columns]
    wrong = np.any([~np.isfinite(column) for column in values], axis=0)
    if np.any(wrong):
        raise ParameterError(f"y: {_rows_text(wrong)} no finite number")
    return values[0] if len(values) == 1 else np.stack(values, axis=1)


def _place(places: Mapping[Any, int], label: Any) -> int:
    """Position of a label among the classes, by equality; -1 for none."""
    try:
        return places.get(label, -1)
    except TypeError:  # nothing that can be looked up
        return -1


def _rows_text(mask: BoolArray) -> str:
    rows = np.flatnonzero(mask)
    listed = ", ".join(map(str, rows[:8])) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")
    many = len(rows) > 1
    return f"{len(rows)} of {len(mask)} labels (row{'s' if many else ''} {listed}) {'are' if many else 'is'}"


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])
