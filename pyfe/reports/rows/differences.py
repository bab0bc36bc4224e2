"""How far integer scores lie from the model's: in cells of a plane, in tenths, and in a histogram beside the bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyfe.arrays import BoolArray, FloatArray

__all__ = ["Agreement", "Cell", "Differences", "Spread", "Tenth", "agreement_of", "differences_of"]

_CELLS = 40
_BINS_A_DECADE = 4
_MOST_BINS = 32


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A square of the plane of the model's decision values and ours: its place, counted from the lower left, how many
    scores lie in it, and how many of these are of rows with a clipped cell."""

    x: int
    y: int
    scores: int
    clipped: int


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """The rows between two tenths of the model's decision values: from, to, how many scores, and the distances of ours
    to these: median, largest, and the largest among rows without a clipped cell (None where all have one)."""

    low: float
    high: float
    scores: int
    typical: float
    largest: float
    largest_unclipped: float | None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The model's decision values against ours: ``low`` to ``high`` on both axes in ``side`` steps."""

    low: float
    high: float
    side: int
    cells: tuple[Cell, ...]
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Distances of scores: how many, their median, the value that 95 % do not exceed, and the largest."""

    scores: int
    typical: float
    most: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Absolute distances between decision values, every output of every row a score.

    rounding: from the row as the schema decodes it, which ``bound`` (the function's ``max_error``) holds for; whole,
    unclipped, clipped: from the raw row, of all rows, and of those without and with a clipped cell (None where there
    are none). clipped_share: of the sum of all distances, what rows with a clipped cell have; None where it is 0.
    edges: of the bins, ascending, each ten to a multiple of a quarter, but the first, which is 0; rounding_counts,
    unclipped_counts, clipped_counts: scores in each.
    """

    bound: float
    rounding: Spread
    whole: Spread
    unclipped: Spread | None
    clipped: Spread | None
    clipped_share: float | None
    edges: tuple[float, ...]
    rounding_counts: tuple[int, ...]
    unclipped_counts: tuple[int, ...]
    clipped_counts: tuple[int, ...]


def agreement_of(ours: FloatArray, theirs: FloatArray, clipped: BoolArray) -> Agreement:
    """Decision values ``[rows, k]`` of both, and which rows have a clipped cell ``[rows]``."""
    x, y, mark = theirs.ravel(), ours.ravel(), np.repeat(clipped, ours.shape[1])
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    across, up = (_place(values, low, high) for values in (x, y))
    code = across * _CELLS + up
    found, counts = np.unique(code, return_counts=True)
    marked = np.bincount(code, weights=mark, minlength=_CELLS * _CELLS)
    cells = tuple(
        Cell(x=int(at // _CELLS), y=int(at % _CELLS), scores=int(count), clipped=int(marked[at]))
        for at, count in zip(found, counts, strict=True)
    )
    return Agreement(low=low, high=high, side=_CELLS, cells=cells, tenths=_tenths(x, np.abs(x - y), mark))


def _place(values: FloatArray, low: float, high: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.minimum(((values - low) / (high - low) * _CELLS).astype(np.int64), _CELLS - 1)


def _tenths(x: FloatArray, apart: FloatArray, mark: BoolArray) -> tuple[Tenth, ...]:
    cuts = np.unique(np.quantile(x, np.arange(1, 10) / 10))
    place, found = np.searchsorted(cuts, x, side="right"), []
    for at in np.unique(place):
        chosen = place == at
        free = apart[chosen & ~mark]
        found.append(
            Tenth(
                low=float(x[chosen].min()),
                high=float(x[chosen].max()),
                scores=int(chosen.sum()),
                typical=float(np.median(apart[chosen])),
                largest=float(apart[chosen].max()),
                largest_unclipped=float(free.max()) if len(free) else None,
            )
        )
    return tuple(found)


def differences_of(
    ours: FloatArray,
    decoded: FloatArray,
    theirs: FloatArray,
    unrounded: FloatArray,
    *,
    clipped: BoolArray,
    bound: float,
) -> Differences:
    """Decision values ``[rows, k]``: ours, our integers' without noise, the model's of raw rows, those of its map on
    decoded rows; which rows have a clipped cell; the bound."""
    mark = np.repeat(clipped, ours.shape[1])
    rounding, whole = np.abs(decoded - unrounded).ravel(), np.abs(ours - theirs).ravel()
    edges = _edges(np.concatenate([rounding, whole]), bound)
    counts = [tuple(np.histogram(part, edges)[0].tolist()) for part in (rounding, whole[~mark], whole[mark])]
    total = float(whole.sum())
    return Differences(
        bound=bound,
        rounding=_spread(rounding),
        whole=_spread(whole),
        unclipped=_spread(whole[~mark]) if (~mark).any() else None,
        clipped=_spread(whole[mark]) if mark.any() else None,
        clipped_share=float(whole[mark].sum()) / total if total > 0 else None,
        edges=tuple(edges.tolist()),
        rounding_counts=counts[0],
        unclipped_counts=counts[1],
        clipped_counts=counts[2],
    )


def _edges(values: FloatArray, bound: float) -> FloatArray:
    """Bins of equal width on the scale of logarithms, in quarters of a decade, that reach the largest value and the
    bound; what is smaller than the first of them lies in one of its own, from 0."""
    top = int(np.floor(np.log10(max(float(values.max()), bound, 1e-12)) * _BINS_A_DECADE)) + 1
    small = values[values > 0]
    least = float(np.quantile(small, 0.01)) if len(small) else 10.0 ** (top / _BINS_A_DECADE - 1)
    bottom = max(int(np.floor(np.log10(least) * _BINS_A_DECADE)), top - _MOST_BINS)
    return np.concatenate([[0.0], 10.0 ** (np.arange(bottom, top + 1) / _BINS_A_DECADE)])


def _spread(values: FloatArray) -> Spread:
    return Spread(
        scores=len(values),
        typical=float(np.median(values)),
        most=float(np.quantile(values, 0.95)),
        largest=float(values.max()),
    )
