"""What was kept of a model on rows with known answers: the answers read strictly, and the measures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.function.ranking import area_under_curve, concordance_index
from pyfe.function.readout import Label, Readout
from pyfe.schema.cells import as_floats, missing_mask, shown
from pyfe.schema.frames import as_column, naming, open_frame
from pyfe.strict import distinct

__all__ = ["Survival", "Truth", "mean_area", "quality", "r_squared", "require_one_index", "truth_of"]


@dataclass(frozen=True, eq=False)
class Survival:
    """Times float64 ``[rows]``, and whether each is that of an event (otherwise of a censoring), ``[rows]``."""

    time: FloatArray
    event: BoolArray

    def concordance(self, decision: FloatArray) -> float:
        """C of decision values ``[rows]``, in whichever direction they go: of a risk, or of a time."""
        index = concordance_index(decision, self.time, self.event)
        return max(index, 1.0 - index)


Truth: TypeAlias = AnyArray | Survival


def quality(readout: Readout, decision: FloatArray, truth: Truth) -> tuple[str, float]:
    """The measure that goes with outputs and answers, and its value: C of times and events, else R2 of a regression
    (after its link), AUC of two classes, mean AUC of several labels, accuracy of more classes.

    decision: decision values ``[rows]`` or ``[rows, k]``. truth: what :func:`truth_of` gives.
    """
    if isinstance(truth, Survival):
        if readout.k > 1:
            raise ParameterError(f"y holds times and events, which go with one output, not with {readout.k}")
        return "C", truth.concordance(decision)
    if readout.classes is None and readout.link == "logit_each":
        return "AUC", mean_area(decision, truth)
    if readout.classes is None:
        return "R2", r_squared(readout.prediction_of(decision), truth)
    if readout.k == 1:
        return "AUC", area_under_curve(decision, truth == 1)
    return "accuracy", float(np.mean(readout.class_index(decision) == truth))


def truth_of(classes: Sequence[Label] | None, y: Any, rows: int) -> Truth:
    """What is known of the rows. A pair (times, events), or a structured array of the two: :class:`Survival`. Else
    targets float64 ``[rows]`` or ``[rows, k]``; with classes, positions in them int64 ``[rows]``.

    ParameterError for another length, an absent answer, or one that is no class or no finite number.
    """
    pair = _time_and_event(y)
    if pair is not None:
        return _survival(*pair, rows)
    columns = _columns(y)
    for column in columns:
        if len(column) != rows:
            raise ParameterError(f"y has {len(column)} rows, X {rows}")
        absent = missing_mask(column)
        if absent.any():
            raise ParameterError(f"y: {_rows_text(absent)} missing")
    if classes is None:
        return _targets(columns)
    if len(columns) != 1:
        raise ParameterError(f"y has {len(columns)} columns; labels are one a row")
    places = distinct(((label, place) for place, label in enumerate(classes)), "the list of classes")
    found = np.array([_place(places, label) for label in columns[0].tolist()], dtype=np.int64)
    if (found < 0).any():
        known = ", ".join(shown(label) for label in classes[:10])
        raise ParameterError(
            f"y: {_rows_text(found < 0)} none of the classes ({known}); write the labels so, "
            'or give the model the names that stand there ("classes" in a model file, in this order)'
        )
    return found


def require_one_index(X: Any, y: Any) -> None:
    """ParameterError for pandas objects of different indexes, which are never paired by position; a mapping has the
    index of its columns."""
    for part in y if isinstance(y, tuple) else (y,):
        indexes = [index for table in (X, part) if (index := _index_of(table)) is not None]
        if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
            raise ParameterError(
                "y and X have different indexes; align them (y.loc[X.index]), or pass y.to_numpy() if the rows do "
                "belong together"
            )


def _index_of(table: Any) -> Any:
    """The index of a pandas object, or of the first one among the columns of a mapping; None without one."""
    parts = table.values() if isinstance(table, Mapping) else [table]
    return next((part.index for part in parts if hasattr(part, "iloc") and hasattr(part, "index")), None)


def mean_area(decision: FloatArray, truth: AnyArray) -> float:
    """Mean over the columns of the AUC of decision values ``[rows, k]`` for labels ``[rows, k]``, each given where it
    is above zero; columns that hold one answer alone are left out."""
    if decision.shape != truth.shape:
        raise ParameterError(f"y has shape {truth.shape}, the outputs {decision.shape}")
    areas = [area_under_curve(decision[:, j], truth[:, j] > 0) for j in range(truth.shape[1])]
    known = [area for area in areas if not math.isnan(area)]
    return float(np.mean(known)) if known else math.nan


def r_squared(predicted: FloatArray, truth: FloatArray) -> float:
    """Share of the spread of ``truth`` that is explained; NaN where it has none."""
    if predicted.shape != truth.shape:
        raise ParameterError(f"y has shape {truth.shape}, the outputs {predicted.shape}")
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((truth - predicted) ** 2).sum()) / spread if spread else math.nan


def _time_and_event(y: Any) -> tuple[Any, Any] | None:
    """Times and events, where y is a pair of columns, or a structured array one field of which holds truth values."""
    if (
        isinstance(y, tuple)
        and len(y) == 2
        and all(hasattr(part, "__len__") and not isinstance(part, str) for part in y)
    ):
        return y
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is None or len(names) != 2:
        return None
    events = [name for name in names if y.dtype[name].kind == "b"]
    if len(events) != 1:
        raise ParameterError("y has two fields, times and events, of which the events are truth values")
    return y[next(name for name in names if name not in events)], y[events[0]]


def _survival(time: Any, event: Any, rows: int) -> Survival:
    columns = [as_column(time), as_column(event)]
    for what, column in zip(("times", "events"), columns, strict=True):
        if len(column) != rows:
            raise ParameterError(f"y has {len(column)} {what}, X {rows} rows")
    times, events = (as_floats(column, missing_mask(column)) for column in columns)
    wrong = ~np.isfinite(times) | ~np.isin(events, (0.0, 1.0))
    if wrong.any():
        raise ParameterError(f"y: {_rows_text(wrong, 'pairs')} no finite time with an event that is 0 or 1")
    return Survival(times, events == 1.0)


def _columns(y: Any) -> list[AnyArray]:
    """The columns of a table of answers; of a list or series, the one that it is."""
    rowwise = isinstance(y, list | tuple) and len(y) > 0 and all(isinstance(row, list | tuple) for row in y)
    if not (hasattr(y, "columns") or rowwise or (isinstance(y, np.ndarray) and y.ndim == 2)):
        with naming("y"):
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


def _rows_text(mask: BoolArray, what: str = "labels") -> str:
    rows = np.flatnonzero(mask)
    listed = ", ".join(map(str, rows[:8])) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")
    many = len(rows) > 1
    return f"{len(rows)} of {len(mask)} {what} (row{'s' if many else ''} {listed}) {'are' if many else 'is'}"
