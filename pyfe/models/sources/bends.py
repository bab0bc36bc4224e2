"""Along which columns a model bends that is of no degree two, and which kind of column would straighten it.

One column at a time goes through its values, all others stay in the middle of theirs. On such a line a model of degree
two is a parabola; what is none is held against the curves that a column of another kind, or of another range, has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import BoolArray, FloatArray
from pyfe.models.fit.probing import TOLERANCE, Score, centre, in_pieces, straight_on
from pyfe.schema import Schema
from pyfe.schema.cells import listed

__all__ = ["Bend", "bends", "straightened"]

_FEW, _MANY = 9, 257
"""Values of a column at which a bend shows, and at which its place is looked for."""

_DEGREE, _MOST_CUTS, _MOST_NAMED = 2, 8, 5


@dataclass(frozen=True)
class Bend:
    """A column along which a model bends. says: how, and what would straighten it; empty where no column would.
    curve: whether the column's scale is all that it takes (a logarithm or root)."""

    column: str
    says: str = ""
    curve: bool = False


def bends(score: Score, schema: Schema) -> Iterator[Bend]:
    """The number columns along which ``score`` is no parabola. Cost: nine rows a column, 257 for each that bends."""
    for name, part, column in schema.parts:
        if not column.interval:
            continue
        for most in (_FEW, _MANY):
            codes = np.unique(np.linspace(0, column.size - 1, min(most, column.size)).astype(np.int64))
            rows = np.repeat(centre(schema)[None, :], len(codes), axis=0)
            rows[:, part] = codes[:, None]
            scores = in_pieces(score, rows)
            if not np.isfinite(scores).all() or _is_parabola(codes.astype(np.float64), scores):
                break
        else:
            values = np.asarray(column.decode(codes[:, None]), dtype=np.float64)
            yield _named(name, values, scores, plain=column.raw_value() is not None)


def straightened(found: list[Bend]) -> str:
    """What is said of bends: how to straighten each that can be, and the names of the others."""
    cures = [f"; along {bend.column!r} {bend.says}" for bend in found if bend.says][:_MOST_NAMED]
    others = [bend.column for bend in found if not bend.says]
    return "".join([*cures, f"; it bends along {listed(others)} in another way" if others else ""])


def _named(name: str, values: FloatArray, scores: FloatArray, *, plain: bool) -> Bend:
    """``plain``: whether the column's codes are even steps of its values."""
    lo, hi = values[0], values[-1]
    transform = straight_on(values, scores) if plain else None
    if transform in ("log", "sqrt"):
        made = f'pyfe.number({lo:g}, {hi:g}, transform="{transform}")'
        return Bend(name, f"this one is linear on the {transform} scale: make the column {made}", curve=True)
    moved = _moved(scores)
    if moved.sum() <= min(_MOST_CUTS, (len(values) - 1) // 2):
        cuts = ", ".join(f"{_roundest(values[at], values[at + 1]):.12g}" for at in np.flatnonzero(moved))
        return Bend(name, f"it moves in steps: make the column pyfe.thresholds([{cuts}]), or what its cuts are exactly")
    ends = _straight_between(values, scores, moved) if plain else None
    if ends is not None:
        made = f"pyfe.number({ends[0]:.6g}, {ends[1]:.6g})"
        return Bend(name, f"it is straight within {made}, and level beyond: make that the column, and clip to it")
    return Bend(name)


def _is_parabola(at: FloatArray, scores: FloatArray) -> bool:
    """Whether ``scores [m, k]`` are of degree two in ``at [m]``."""
    if len(at) <= _DEGREE + 1:
        return True
    powers = np.vander((at - at[0]) / (at[-1] - at[0]), _DEGREE + 1)
    fitted = powers @ np.linalg.lstsq(powers, scores, rcond=None)[0]
    return bool((np.abs(scores - fitted).max(axis=0) <= _allowed(scores)).all())


def _allowed(scores: FloatArray) -> FloatArray:
    """What is taken for rounding, ``[k]``."""
    spread = scores.max(axis=0) - scores.min(axis=0)
    return np.asarray(np.maximum(TOLERANCE * spread, 1e-12 * np.abs(scores).max(axis=0)))


def _moved(scores: FloatArray) -> BoolArray:
    """Between which neighbours the scores differ, ``[m - 1]``."""
    return np.asarray((np.abs(np.diff(scores, axis=0)) > _allowed(scores)).any(axis=1))


def _roundest(above: float, most: float) -> float:
    """The number of fewest digits that is larger than ``above`` and at most ``most``."""
    for digits in range(-6, 16):
        found = float(np.floor(most * 10.0**digits) / 10.0**digits)
        if above < found <= most:
            return found
    return most


def _straight_between(values: FloatArray, scores: FloatArray, moved: BoolArray) -> tuple[float, float] | None:
    """The range in which scores are a straight line, level at one of its ends or both; None where they are not."""
    places = np.flatnonzero(moved)
    first, last = int(places[0]), int(places[-1]) + 1
    if first == 0 and last == len(values) - 1:
        return None
    inner = slice(first + (first > 0), last + 1 - (last < len(values) - 1))
    x, y = values[inner], scores[inner]
    if len(x) <= _DEGREE:
        return None
    slope, level = np.linalg.lstsq(np.vander(x, 2), y, rcond=None)[0]
    if not (np.abs(y - np.outer(x, slope) - level).max(axis=0) <= _allowed(scores)).all():
        return None
    steepest = int(np.argmax(np.abs(slope)))
    ends = [(scores[place, steepest] - level[steepest]) / slope[steepest] for place in (0, -1)]
    lo = ends[0] if first > 0 else values[0]
    hi = ends[1] if last < len(values) - 1 else values[-1]
    return float(lo), float(hi)
