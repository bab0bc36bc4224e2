"""How coarse the columns and the score may be: the grid of a model, chosen by what a coarser score loses.

A grid has one step of the score, ``step = sd(score) / precision``, and number columns in steps to match it::

    affine       s_b = min(steps of the draft, round(range_b |w_b| / step)), at least one: a step of a column is one
                 step of the score, or a few of them where the column has no more steps; bits count
                 round(share / step). Thirteen steps within 20 % are tried, and the best correlation is taken; of a
                 precision that is asked for by its number, the best of those that keep within the loss that is allowed.
                 Where none of these does, columns of the one that loses least get a step more or less, one after the
                 other, as long as it loses less by that; if it then loses too much as well, it is the best of all
    quadratic    s_b the same for all columns, from 3 to 16, chosen like this by the correlation of ranks: a product of
                 columns of many steps needs coefficients that a coarse score does not have

"auto" takes the coarsest precision such that it and every finer one that is tried keep within the loss that is allowed
(:mod:`pyfe.models.yardstick`); "the coarsest that does" alone would stop where one of many coarse grids is lucky, and
so would the best of thirteen by the loss itself. It starts from ``max(8, 2 sqrt(columns that the model uses))``, 16 for
a regression and for a quadratic model.

What the integers of a score say beyond the score's meaning grows with their number: digits that no answer needs are
digits of the columns. The starts and limits were found on real tables by what an attacker gains of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.rounding.affine import fitted_line, integers_at
from pyfe.models.rounding.at_step import rounded_at_step
from pyfe.models.sources.real_function import RealFunction
from pyfe.models.yardstick import Yardstick
from pyfe.schema import Schema

__all__ = ["Draft", "Grid", "coarsest", "grid_at", "grids_at"]

_USUAL = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
"""Precisions that "auto" tries of an affine model, as multiples of the first; with ten times as many, one of them would
lose too much by chance on a small table."""

_FINER = (6.0, 8.0, 12.0, 16.0)
"""Those that follow where the finest of the usual ones loses too much."""

_QUADRATIC = (16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0)
_FINER_QUADRATIC = (192.0, 256.0, 512.0, 1024.0)
"""The same for any other model."""

_COLUMNS = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Steps of the columns of such a model; more than 16 where the score has more than 128."""

_LEAST, _LEAST_OF_A_REGRESSION = 8.0, 16.0
_STEPS, _WEIGHTS = 256, 8
"""Numbers of steps that are tried for a column, and weights for which the fitting number is."""

_MOST_TRIED, _MOST_ROWS = 400, 4_000_000
"""Grids that are tried with a step more or less in a column, and rows of all of them."""

_NEAR = np.geomspace(1 / 1.2, 1.2, 13)
"""Steps that are tried around the one that is asked for."""


@dataclass(frozen=True)
class Grid:
    """How a schema is cut and a score rounded: the most steps of each coordinate's column ``top`` int64 ``[n]``, the
    step of the score ``[k]`` in the model's units, its ``precision`` (steps per standard deviation), and the decision
    values of the integers on the reference rows, ``[m, k]``."""

    precision: float
    top: IntArray
    step: FloatArray
    decision: FloatArray


@dataclass(frozen=True)
class Draft:
    """A model on a schema that is as fine as a schema gets, and what is known of the reference rows.

    real: the map on the schema. table: the rows' columns. x: their coordinates before rounding, within their bounds,
    float64 ``[m, n]``. theirs: the model's own decision values on the rows as they are, ``[m, k]``. width_bits: as for
    compile.
    """

    schema: Schema
    real: RealFunction
    table: Mapping[str, AnyArray]
    x: FloatArray
    theirs: FloatArray
    width_bits: int

    @property
    def compared(self) -> bool:
        """Whether outputs are compared with each other, and so share a step."""
        return self.real.classes is not None

    @cached_property
    def spread(self) -> FloatArray:
        """Standard deviation of the score ``[k]`` over the rows (:meth:`RealFunction.spread`)."""
        return self.real.spread(self.theirs)

    def apart(self, decision: FloatArray) -> FloatArray:
        """:meth:`RealFunction.apart`."""
        return self.real.apart(decision)

    @property
    def affine(self) -> bool:
        """Whether the model is affine; else it is quadratic."""
        return isinstance(self.real.map, AffineMap)

    @cached_property
    def wide(self) -> BoolArray:
        """Coordinates ``[n]`` of more than one step, in columns of a table."""
        found = np.asarray(self.schema.hi > np.maximum(self.schema.lo, 1))
        found[self.schema.noise_part] = False
        return found

    def nearly(self, top: IntArray) -> IntArray:
        """The rows on columns with at most these steps, int64 ``[m, n]``; a cell half way between two codes may have
        the other one."""
        return np.rint(self.x * (top / self.schema.hi)).astype(np.int64)

    def codes(self, top: IntArray) -> IntArray:
        """The same rows as the schema that is cut encodes them."""
        return self.cut(top).encode(self.table, "clip").x

    def cut(self, top: IntArray) -> Schema:
        """The schema with at most these steps."""
        parts = self.schema.parts
        return self.schema.with_steps({name: int(top[part].max()) for name, part, _ in parts if self.wide[part].any()})


def coarsest(draft: Draft, measure: Yardstick) -> tuple[Grid, bool]:
    """The coarsest grid such that it and every finer one tried keep within the loss allowed. Where not even the finest
    of the usual ones does, the first still finer one that does; the last of those, and False, where none does."""

    def keeps(grid: Grid) -> bool:
        return measure.loss(grid.decision) <= measure.most

    usual, finer = _precisions(draft, measure)
    kept: Grid | None = None
    for precision in reversed(usual):
        grid = grid_at(draft, precision)
        if not keeps(grid):
            break
        kept = grid
    if kept is not None:
        return kept, True
    for precision in finer:
        grid = grid_at(draft, precision)
        if keeps(grid):
            return grid, True
    return grid, False


def _precisions(draft: Draft, measure: Yardstick) -> tuple[list[float], list[float]]:
    """The usual ones, and the finer ones, each from coarse to fine."""
    if not draft.affine:
        return list(_QUADRATIC), list(_FINER_QUADRATIC)
    start = _LEAST if measure.ranks else _LEAST_OF_A_REGRESSION
    least = max(start, 2 * math.sqrt(len(draft.real.used_columns(draft.schema))))
    return [least * ratio for ratio in _USUAL], [least * ratio for ratio in _FINER]


def grid_at(draft: Draft, precision: float, measure: Yardstick | None = None) -> Grid:
    """The grid with about this many steps of the score per standard deviation: the first of :func:`grids_at`."""
    return next(grids_at(draft, precision, measure))


def grids_at(draft: Draft, precision: float, measure: Yardstick | None = None) -> Iterator[Grid]:
    """All different grids near a precision: those first that keep within the loss that is allowed, and the likest to
    the model first."""
    if isinstance(draft.real.map, AffineMap):
        return _affine_grids(draft, draft.real.map, precision, measure)
    return _quadratic_grids(draft, draft.real.map, precision, measure)


def _affine_grids(draft: Draft, real_map: AffineMap, precision: float, measure: Yardstick | None) -> Iterator[Grid]:
    cuts = _different([_Cut(draft, real_map, draft.spread / precision * by) for by in _NEAR])
    others = [cut for cut in cuts if _loses(cut.decision, measure)]
    yield from (cut.grid(precision) for cut in sorted((c for c in cuts if c not in others), key=_Cut.likeness))
    if measure is not None and others:  # mended only for those who look further
        yield from (cut.grid(precision) for cut in [*_refined(others, measure), *sorted(others, key=_Cut.likeness)])


@dataclass(frozen=True, eq=False)
class _Cut:
    """An affine model at a step of the score ``[k]``, its columns in so many steps ``top [n]``: unless they are given,
    in as many as go with the step of the score."""

    draft: Draft
    real_map: AffineMap
    step: FloatArray
    given: IntArray | None = None

    @cached_property
    def top(self) -> IntArray:
        """The steps of the columns."""
        if self.given is not None:
            return self.given
        most = self.draft.schema.hi
        reach = self.real_map.reach(most) / self.step[:, None]
        return np.where(self.draft.wide, _steps(reach, most), most)

    @cached_property
    def weights(self) -> IntArray:
        """Integers ``[k, n]``."""
        coarser = self.real_map.rescaled(self.draft.schema.hi / self.top)
        return integers_at(coarser.weights, self.draft.schema, self.step, compared=self.draft.compared)

    @cached_property
    def decision(self) -> FloatArray:
        """Decision values of the rows, nearly."""
        return self.of(self.draft.nearly(self.top))

    def of(self, x: IntArray) -> FloatArray:
        """Decision values ``[m, k]`` of coordinates, fitted to the model's own."""
        inner = x @ self.weights.T
        scale, shift = fitted_line(inner, self.draft.theirs, self.step, compared=self.draft.compared)
        return np.asarray((inner + shift) * scale)

    def likeness(self) -> float:
        """Least for the cut that is likest to the model."""
        draft = self.draft
        return -_likeness(draft.apart(self.decision), draft.apart(draft.theirs), draft.spread)

    def grid(self, precision: float) -> Grid:
        """The grid that it is."""
        return Grid(precision, self.top, self.step, self.of(self.draft.codes(self.top)))

    def beside(self) -> list[_Cut]:
        """The same with a step more or less in one column."""
        part = [slice_ for _, slice_, column in self.draft.schema.parts if column.in_table]
        found = []
        for places, by in product(part, (1, -1)):
            top = self.top.copy()
            top[places] += by * (self.draft.wide[places] & self.weights[:, places].any(axis=0))
            if (top != self.top).any() and (top >= 1).all() and (top <= self.draft.schema.hi).all():
                found.append(replace(self, given=top))
        return found


def _different(cuts: Sequence[_Cut]) -> list[_Cut]:
    """Each once."""
    return list({(cut.top.tobytes(), cut.weights.tobytes()): cut for cut in reversed(cuts)}.values())[::-1]


def _refined(cuts: Sequence[_Cut], measure: Yardstick) -> list[_Cut]:
    """Of the cut that loses least, the one beside it that loses least, and so on until it keeps within the loss that is
    allowed; nothing where none beside one loses less."""
    best = min(cuts, key=lambda cut: measure.loss(cut.decision))
    loss, tried = measure.loss(best.decision), 0
    while loss > measure.most and tried < min(_MOST_TRIED, _MOST_ROWS // len(best.decision)):
        beside = best.beside()
        losses = [measure.loss(cut.decision) for cut in beside]
        tried += len(beside)
        if not losses or min(losses) >= loss:
            return []
        loss = min(losses)
        best = beside[losses.index(loss)]
    return [best] if loss <= measure.most else []


def _loses(decision: FloatArray, measure: Yardstick | None) -> bool:
    return measure is not None and measure.loss(decision) > measure.most


def _steps(reach: FloatArray, most: IntArray) -> IntArray:
    """Steps ``[n]`` for columns that move the outputs by ``reach [k, n]`` steps and have at most ``most [n]``.

    Of one output as many as steps of the score, with the weight 1; where the column has fewer, all of them, or one for
    two steps of the score, for three, ... Of several outputs, whose weights have to be whole at once, the number with
    the least error: a weight that is rounded is off by up to half of the steps it is on, and columns by half of a step
    unless all their steps are kept. Columns are taken to be spread over a quarter of their range.
    """
    largest = reach.max(axis=0)
    by_weight = [np.rint(largest / weight) for weight in range(1, _WEIGHTS + 1)]
    tried = np.stack([*np.broadcast_to(np.arange(1, _STEPS + 1)[:, None], (_STEPS, len(most))), *by_weight, most])
    tried = np.sort(np.clip(tried, 1, np.minimum(most, np.maximum(np.rint(largest), 1))), axis=0)[:, None]
    weight = np.rint(reach / tried)
    slope = ((reach - weight * tried) ** 2).sum(axis=1) / 16
    rounding = np.where(tried[:, 0] < most, (weight**2).sum(axis=1) / 12, 0.0)
    best = np.argmin(slope + rounding, axis=0)
    return np.asarray(tried[best, 0, np.arange(len(most))]).astype(np.int64)


def _likeness(ours: FloatArray, theirs: FloatArray, spread: FloatArray) -> float:
    """Correlation of values ``[m, k]``, of all outputs at once, each in a spread ``[k]``."""
    ours, theirs = ((values - values.mean(axis=0)) / spread for values in (ours, theirs))
    length = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float((ours * theirs).sum()) / length if length else 0.0


def _quadratic_grids(
    draft: Draft, real_map: RealQuadratic | RealSquares, precision: float, measure: Yardstick | None
) -> Iterator[Grid]:
    """Judged by the correlation of ranks: of squares, a few far rows would decide."""
    grids = [_quadratic_at(draft, real_map, precision, steps) for steps in _COLUMNS if steps <= max(precision / 8, 16)]
    theirs = _ranks(draft.apart(draft.theirs))
    likeness = [_likeness(_ranks(draft.apart(grid.decision)), theirs, np.ones(1)) for grid in grids]
    ranked = sorted(
        (_loses(grid.decision, measure), -alike, place)
        for place, (grid, alike) in enumerate(zip(grids, likeness, strict=True))
    )
    yield from (grids[place] for _, _, place in ranked)


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks within each column ``[m, k]``, those of equal values at their middle."""
    ranks = np.empty(values.shape)
    for place, column in enumerate(values.T):
        _, level, counts = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, place] = (np.cumsum(counts) - counts / 2)[level]
    return ranks


def _quadratic_at(draft: Draft, real_map: RealQuadratic | RealSquares, precision: float, steps: int) -> Grid:
    most = draft.schema.hi
    top = np.where(draft.wide, np.minimum(most, steps), most)
    step, x = draft.spread / precision, draft.codes(top)
    rounded = rounded_at_step(
        real_map.rescaled(most / top),
        draft.cut(top),
        step,
        x,
        compared=draft.compared,
        width_bits=draft.width_bits,
    )
    return Grid(precision, top, step, rounded(x))
