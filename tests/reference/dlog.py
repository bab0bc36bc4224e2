"""Small discrete logarithms to the base G: Shanks' baby steps and giant steps over a dictionary of encodings."""

from __future__ import annotations

from math import isqrt

from tests.reference.ristretto255 import GENERATOR, IDENTITY, Point, add, encode, mul, neg, sub

# encode(j G) -> j, shared by all calls and grown on demand; _next is G times the number of entries.
_baby: dict[bytes, int] = {}
_next = IDENTITY


def _baby_steps(count: int) -> dict[bytes, int]:
    global _next
    while len(_baby) < count:
        _baby[encode(_next)] = len(_baby)
        _next = add(_next, GENERATOR)
    return _baby


def discrete_log(target: Point, low: int, high: int) -> int | None:
    """The z in [low, high] with z G = target, or None. About 2 sqrt(high - low) encodings."""
    width = high - low + 1
    if width <= 0:
        return None
    baby = _baby_steps(isqrt(width - 1) + 1)
    steps = len(baby)
    point = sub(target, mul(low, GENERATOR))
    back = neg(mul(steps, GENERATOR))
    for giant in range(0, width, steps):
        j = baby.get(encode(point))
        if j is not None:
            return low + giant + j if giant + j < width else None
        point = add(point, back)
    return None
