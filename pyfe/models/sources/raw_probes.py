"""Where a model is asked whose columns no schema describes: at the sizes that numbers usually have, and at those it
knows itself.

A cap, a floor, a hinge or a spline is straight around zero and bent where the rows are. Whatever a step does to a
column beyond some value shows at every larger one, so each column goes alone through the magnitudes up to 10^6, both
signs, with the others at zero and at a row that the model knows; then all columns vary together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.fit.probing import ROWS_AT_ONCE, TOLERANCE
from pyfe.models.sources.parts import nested
from pyfe.schema.cells import as_floats, listed, missing_mask, same_name
from pyfe.schema.frames import open_frame

__all__ = ["Affine", "require_affine", "rows_of"]

_FEWEST, _MOST_KNOWN, _OF_ONE = 8, 64, 8
_LARGEST = 1e15
_ENTRIES = 2**26
_TOGETHER = 256


def _magnitudes() -> FloatArray:
    """1, 2 and 5 times the powers of ten from 10^-3 to 10^6, both signs; those first that a wide model is asked at."""
    first = [10.0**6, 10.0**3, 10.0**2, 10.0]
    others = [digit * 10.0**power for power in range(-3, 7) for digit in (1.0, 2.0, 5.0)]
    sizes = dict.fromkeys([*first, *(size for size in others if size <= 10.0**6)])
    return np.array([sign * size for size in sizes for sign in (1.0, -1.0)])


_MAGNITUDES = _magnitudes()


@dataclass(frozen=True)
class Affine:
    """What a model is taken for: ``rows @ weights.T + intercept``, weights ``[k, columns]``; its name, those of its
    columns, and its decision values of raw rows."""

    model: str
    names: Sequence[str]
    score: Callable[[FloatArray], FloatArray]
    weights: FloatArray
    intercept: FloatArray

    def require(self, rows: FloatArray, varied: IntArray | None, what: str) -> None:
        """UnsupportedModelError where the model is another on raw rows ``[m, columns]``, beyond the rounding of floats.

        ``varied [m]``: the one column in which each row differs from others, to be named.
        """
        theirs = self.score(rows)
        terms = np.abs(rows) @ np.abs(self.weights).T + np.abs(self.intercept)
        cross = np.abs(rows).max(axis=1)[:, None] * np.abs(self.weights).max(axis=1)
        difference = np.abs(theirs - (rows @ self.weights.T + self.intercept))
        wrong = np.flatnonzero(~(difference <= TOLERANCE * (terms + cross)).all(axis=1))
        if not len(wrong):
            return
        columns = [] if varied is None else dict.fromkeys(self.names[int(column)] for column in varied[wrong])
        named = f", column {listed(columns)}" if columns else ""
        raise UnsupportedModelError(
            f"{self.model} is not affine in its numeric columns: measured residual {difference[wrong].max():.3g} on "
            f"{len(wrong)} of {len(rows)} rows ({what}{named}), as where a value is capped or a curve begins; "
            "pyfe.compile(model, schema) names the step, and takes a model that is straight within the schema's ranges"
        )


def require_affine(affine: Affine, model: Any) -> None:
    """UnsupportedModelError where the model bends at a usual size, or at one that it knows itself.

    Cost: 60 rows a column and base, at least 16 of a wide model; 512 rows more.
    """
    count = len(affine.names)
    known = _known_rows(model, count)
    values = _MAGNITUDES[: max(_FEWEST, _ENTRIES // count**2)]
    alone = np.concatenate([known, np.repeat(values[:, None], count, axis=1)])
    for base in np.concatenate([np.zeros((1, count)), known[:1]]):
        for rows, varied in _one_at_a_time(base, alone):
            affine.require(rows, varied, "one column at a time")
    affine.require(_together(known, count), None, "all columns at once")


def _one_at_a_time(base: FloatArray, values: FloatArray) -> Iterator[tuple[FloatArray, IntArray]]:
    """Rows equal to ``base [columns]`` but for one column each, which takes ``values [m, columns]``; and which one."""
    count = len(base)
    at_once = max(1, ROWS_AT_ONCE // count)
    for start in range(0, len(values), at_once):
        piece = values[start : start + at_once]
        rows = np.tile(base, (len(piece) * count, 1))
        varied = np.tile(np.arange(count), len(piece))
        rows[np.arange(len(rows)), varied] = piece.ravel()
        yield rows, varied


def _together(known: FloatArray, count: int) -> FloatArray:
    """Rows in which every column has a magnitude of its own; and rows between those that the model knows."""
    rng = np.random.default_rng(22)
    sizes: FloatArray = 10.0 ** rng.uniform(-1, 4, (_TOGETHER, count)) * rng.choice([-1.0, 1.0], (_TOGETHER, count))
    if not len(known):
        return sizes
    return np.concatenate([sizes, rng.uniform(known.min(axis=0), known.max(axis=0), (_TOGETHER, count))])


def _known_rows(model: Any, count: int) -> FloatArray:
    """What the steps of a model keep of the rows they were fitted on, one value a column: means, scales, medians, ends,
    quantiles; ``[m, columns]``, the first of them a place where rows are."""
    found: list[FloatArray] = []
    for _, step in nested(model):
        kept = getattr(step, "__dict__", {})
        for name in sorted(kept, key=lambda name: ("mean" not in name and "center" not in name, name)):
            found += _per_column(kept[name], count) if name.endswith("_") else []
    rows: FloatArray = np.array(found[:_MOST_KNOWN]).reshape(-1, count)
    return np.asarray(rows[(np.abs(rows) <= _LARGEST).all(axis=1)])


def _per_column(value: Any, count: int) -> list[FloatArray]:
    """The rows of an array that has one entry a column, or one column a column."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or value.ndim not in (1, 2):
        return []
    rows = value[None, :] if value.ndim == 1 else value
    if rows.shape[1] != count or not np.isfinite(rows).all():
        return []
    return [np.asarray(row, dtype=np.float64) for row in rows[:: len(rows) // _OF_ONE + 1]]


def rows_of(reference: Any, names: Sequence[str]) -> FloatArray:
    """Raw rows ``[m, columns]`` of a table, those with absent cells left out. ParameterError for a table that lacks a
    column, holds text, or has no whole row."""
    columns = open_frame(reference, names).columns(names)
    absent = [name for name in names if same_name(name) not in set(map(same_name, columns))]
    if absent:
        raise ParameterError(f"reference lacks the column(s) {listed(absent)}")
    holes = {name: missing_mask(values) for name, values in columns.items()}
    rows = np.stack([as_floats(columns[name], holes[name]) for name in names], axis=1)
    whole = ~np.stack([holes[name] for name in names], axis=1).any(axis=1)
    if not whole.any() or not np.isfinite(rows[whole]).all():
        raise ParameterError("reference has no row of numbers alone, as this model takes")
    return np.asarray(rows[whole])
