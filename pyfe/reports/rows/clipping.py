"""Where clipping changed a score, and by how much.

A value outside the schema's range counts as the nearer end of it. What that does to a score is measured with the
function's own coefficients: the score of the row as it is clipped, against the one that the same coefficients give
where the value is not. So it is known without the model, and nothing else (rounding, noise) is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.function import Function
from pyfe.reports.rows.scores import decisions_at
from pyfe.schema import Schema

__all__ = ["ClippedColumn", "Clipping", "clipping_of"]


@dataclass(frozen=True, kw_only=True)
class ClippedColumn:
    """A column with clipped cells: how many lay ``below`` its range and ``above``; by how much clipping this column
    alone moved the scores of these rows, in decision values (of several outputs the one that moved most): the median
    (``typical``) and the ``largest``. None where a score has no finite value unclipped (the logarithm of zero)."""

    name: str
    range: str
    below: int
    above: int
    typical: float | None
    largest: float | None


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """What clipping did to some rows.

    cells, rows: how many cells were clipped, in how many of the rows (``of``). typical, largest: by how much all of it
    moved the scores of these rows: median and maximum, in decision values; None where none was clipped, or no score is
    finite. unbounded: rows whose score would have no finite value. classes_changed: rows that get another class by it;
    None for a regression. columns: those with clipped cells, that first which moved a score most.
    """

    of: int
    cells: int
    rows: int
    typical: float | None
    largest: float | None
    unbounded: int
    classes_changed: int | None
    columns: tuple[ClippedColumn, ...]


def clipping_of(
    function: Function, schema: Schema, X: Mapping[str, AnyArray], x: IntArray
) -> tuple[Clipping, IntArray]:
    """What clipping did to the raw columns of rows whose coordinates are x ``[rows, n]``, and which rows it touched."""
    cells = {name: np.unique(np.concatenate(list(why.values()))) for name, why in schema.refused(X).items()}
    rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *cells.values()]))
    if not len(rows):
        none = None if function.classes is None else 0
        return Clipping(
            of=len(x), cells=0, rows=0, typical=None, largest=None, unbounded=0, classes_changed=none, columns=()
        ), rows
    real = schema.encode_real({name: values[rows] for name, values in X.items()})
    clipped = x[rows].astype(np.float64)
    places = {name: np.searchsorted(rows, where) for name, where in cells.items()}
    parts = {name: part for name, part, _ in schema.parts}
    kept, free = decisions_at(function, clipped), clipped.copy()
    columns = []
    for name, where in places.items():
        part = parts[name]
        free[where, part] = real[where, part]
        columns.append(_column(function, schema, name, clipped[where], real[where, part], part))
    with np.errstate(invalid="ignore"):
        unclipped = decisions_at(function, free)
    finite = np.isfinite(unclipped).all(axis=1)
    moved = np.abs(unclipped - kept).max(axis=1)[finite]
    changed, readout = None, function.readout
    if function.classes is not None:
        before, after = (readout.class_index(readout.squeezed(values[finite])) for values in (unclipped, kept))
        changed = int(np.sum(before != after))
    return Clipping(
        of=len(x),
        cells=sum(map(len, cells.values())),
        rows=len(rows),
        typical=float(np.median(moved)) if len(moved) else None,
        largest=float(moved.max()) if len(moved) else None,
        unbounded=int(np.sum(~finite)),
        classes_changed=changed,
        columns=tuple(sorted(columns, key=lambda column: -(np.inf if column.largest is None else column.largest))),
    ), rows


def _column(
    function: Function, schema: Schema, name: str, clipped: FloatArray, real: FloatArray, part: slice
) -> ClippedColumn:
    free = clipped.copy()
    free[:, part] = real
    below = int(np.sum(real[:, 0] < clipped[:, part.start]))
    with np.errstate(invalid="ignore"):
        moved = np.abs(decisions_at(function, free) - decisions_at(function, clipped)).max(axis=1)
    moved = moved[np.isfinite(moved)]
    return ClippedColumn(
        name=name,
        range=schema.columns[name].range_text,
        below=below,
        above=len(clipped) - below,
        typical=float(np.median(moved)) if len(moved) else None,
        largest=float(moved.max()) if len(moved) else None,
    )
