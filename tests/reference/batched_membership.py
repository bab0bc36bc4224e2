"""Membership of many points at once by random combinations, by definition: docs/math/batched-membership.md.

No buckets, no lanes, no endomorphism: a combination is the sum of its terms, and a member is a point that r kills.
Beside it stand the counts of what the buckets add up, and points of small order to plant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from tests.reference.bls12_381 import G1, G2, Curve, P, R, X

F = TypeVar("F")

WORDS = 2**16  # equally likely values of what a weight is made from
ERROR = Fraction(1, 2**128)

COFACTORS = {1: {3: 1, 11: 2, 10177: 2, 859267: 2, 52437899: 2}, 2: {13: 2, 23: 2, 2713: 1, 11953: 1, 262069: 1}}
"""The primes of the cofactors with their exponents; in G2 a prime of 448 bits is left out."""

ORDERS = {
    1: (X - 1) ** 2 // 3 * R,
    2: (X**8 - 4 * X**7 + 5 * X**6 - 4 * X**4 + 6 * X**3 - 4 * X**2 - 4 * X + 13) // 9 * R,
}
"""Of E(Fp) and E'(Fp2)."""


def values(digits: int) -> int:
    """How many weights there are."""
    return 3**digits  # type: ignore[no-any-return]


def weight(word: int, digits: int) -> int:
    """t, from a word of 16 bits."""
    return word * values(digits) // WORDS - values(digits) // 2


def balanced(t: int, digits: int) -> list[int]:
    """The digits -1, 0, 1 of t in base 3, the lowest first."""
    out = []
    for _ in range(digits):
        digit = (t + 1) % 3 - 1
        out.append(digit)
        t = (t - digit) // 3
    return out


def most_likely(digits: int) -> Fraction:
    """The probability of the likeliest weight, a bound for the error of a pass."""
    return Fraction(-(-WORDS // values(digits)), WORDS)


def passes(digits: int) -> int:
    """The fewest with an error of at most 2^-128."""
    count, error = 0, Fraction(1)
    while error > ERROR:
        count, error = count + 1, error * most_likely(digits)
    return count


def combinations(
    curve: Curve[F], points: Sequence[tuple[F, F] | None], words: Sequence[int], digits: int
) -> list[tuple[F, F] | None]:
    """Those of one pass: C_c = sum_j (digit c of t_j) P_j. A point at infinity takes no word."""
    out: list[tuple[F, F] | None] = [None] * digits
    for p, word in zip([p for p in points if p is not None], words, strict=True):
        for c, digit in enumerate(balanced(weight(word, digits), digits)):
            out[c] = curve.add(out[c], curve.mul(digit, p))
    return out


def accepts(curve: Curve[F], points: Sequence[tuple[F, F] | None], digits: int, count: int, random: bytes) -> bool:
    """Whether all combinations of `count` passes are members. Words are little-endian, pass after pass."""
    finite = sum(p is not None for p in points)
    words = [int.from_bytes(random[i : i + 2], "little") for i in range(0, 2 * finite * count, 2)]
    return all(
        curve.in_subgroup(c)
        for k in range(count)
        for c in combinations(curve, points, words[k * finite : (k + 1) * finite], digits)
    )


def additions(points: int, digits: int) -> dict[str, int]:
    """What the buckets of all passes take at most: additions of points into them, of buckets, and exact tests."""
    buckets, fold, largest = values(digits) // 2, 0, values(digits) // 2
    for _ in range(digits):
        fold += 4 * (largest // 3)
        largest //= 3
    count = passes(digits)
    return {
        "passes": count,
        "combinations": count * digits,
        "buckets": buckets,
        "into buckets": count * points,
        "of buckets": count * fold,
        "exact tests": count * digits,
    }


def of_order(group: int, prime: int, number: int = 0) -> tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]:
    """A point of that order, the same every time; another `number` gives another one, perhaps of another line."""
    order, power = ORDERS[group], prime ** COFACTORS[group][prime]
    tried = 0
    while True:
        seed = hashlib.shake_256(f"{group} {prime} {number} {tried}".encode()).digest(128)
        point = (
            _point(G1, int.from_bytes(seed, "big") % P)
            if group == 1
            else _point(G2, (int.from_bytes(seed[:64], "big") % P, int.from_bytes(seed[64:], "big") % P))
        )
        tried += 1
        if point is None:
            continue
        curve: Curve = G1 if group == 1 else G2  # type: ignore[type-arg]
        point = curve.mul(order // power, point)
        while point is not None:
            times = curve.mul(prime, point)
            if times is None:
                return point
            point = times


def _point(curve: Curve[F], x: F) -> tuple[F, F] | None:
    y = curve.field.sqrt(curve.right_side(x))
    return None if y is None else (x, y)
