"""Scores modulo a number: which of them live on few columns, and what they say of these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray

__all__ = ["LARGEST_SCANNED", "MOST_COMBINATIONS", "Residue", "multipliers", "on_few", "residues_of", "scanned"]

Row = list[int]

LARGEST_SCANNED = 16
"""Largest modulus of which every combination is looked at."""

MOST_COMBINATIONS = 2**16
"""Most combinations of the rows of Z that are looked at for one modulus."""

_SIEVED = 24
"""Columns by which combinations are sorted out first."""


@dataclass(frozen=True)
class Residue:
    """A combination of the scores modulo a number: ``row``, over the free coordinates, in 0..modulus-1; the blocks on
    which it is not zero; and ``of``, which multiples of the scores it is the sum of."""

    modulus: int
    row: tuple[int, ...]
    blocks: tuple[int, ...]
    of: tuple[int, ...] = field(default=(1,), compare=False)


def residues_of(row: Sequence[int], owner: IntArray, most: int) -> Iterator[Residue]:
    """One score modulo each number that leaves it on few blocks (:func:`on_few`). Cost: O(f), and the divisors of 15
    numbers."""
    contents: dict[int, int] = {}
    for block, value in zip(owner.tolist(), row, strict=True):
        if value:
            contents[block] = math.gcd(contents.get(block, 0), value)
    for modulus, blocks in on_few(contents, most):
        yield Residue(modulus, tuple(v % modulus for v in row), blocks)


def on_few(contents: Mapping[int, int], most: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Each number modulo which a score lives on few blocks, at least one and at most ``most`` of them, and on at most
    half of those it has a weight on; and these blocks. ``contents``: of each block, the divisor that all weights which
    touch it have in common.

    The numbers: 2 to 16, and every larger one that is the common divisor of what the score has on all other blocks.
    (Common divisors of two weights, and their divisors, say no more: the largest number that leaves the same blocks is
    such a divisor, and its remainder tells all the others.)
    """
    blocks, content = list(contents), np.array(list(contents.values()))
    few = min(most, len(blocks) // 2)
    for modulus in [*range(2, LARGEST_SCANNED + 1), *_larger(content, few)]:
        remaining = np.flatnonzero(content % modulus != 0)
        if 1 <= len(remaining) <= few:
            yield modulus, tuple(blocks[i] for i in remaining)


def _larger(content: IntArray, few: int) -> list[int]:
    """The numbers above 16 that do not divide at most ``few`` of the contents, the largest for the same ones of
    them."""
    first = content[: few + 2].tolist()  # two of these are multiples of such a number; of two columns, one is
    pairs = set(first) if len(content) == 2 else {math.gcd(a, b) for a, b in combinations(first, 2)}
    found: set[int] = set()
    for divisor in {d for pair in pairs for d in _divisors(pair) if d > LARGEST_SCANNED}:
        divided = content[content % divisor == 0]
        if len(content) - len(divided) <= few:
            found.add(math.gcd(*divided.tolist()))
    return sorted(found)


def _divisors(value: int) -> list[int]:
    small = np.arange(1, math.isqrt(value) + 1)
    low = small[value % small == 0].tolist()
    return [*low, *(value // d for d in low)]


def scanned(rows: Sequence[Row], owner: IntArray, most: int) -> Iterator[Residue]:
    """Every combination of several scores modulo 2 to 16 that lives on few blocks, while there are at most 2^16 of them
    for a modulus: those that say the same, or less than one modulo a divisor does, are left out.

    most: as for :func:`residues_of`; "half" is of the blocks on which some score has a weight. Cost: O(2^16 r).
    """
    wide = np.array(rows)
    kept = np.flatnonzero((wide != 0).any(axis=0))
    blocks, starts = np.unique(owner[kept], return_index=True)
    few = min(most, len(blocks) // 2)
    for modulus in range(2, LARGEST_SCANNED + 1):
        if modulus ** len(rows) > MOST_COMBINATIONS:
            return
        reduced = (wide[:, kept] % modulus).astype(np.float64)  # for the faster product
        combined = multipliers(modulus, len(rows))
        sieve = min(_SIEVED, len(starts))
        edge = int(starts[sieve]) if sieve < len(starts) else len(kept)
        combined = combined[
            _touched(_remainders(combined @ reduced[:, :edge], modulus), starts[:sieve]).sum(axis=1) <= few
        ]
        for piece in np.array_split(combined, len(combined) // 4096 + 1):
            values = _remainders(piece @ reduced, modulus)
            touched = _touched(values, starts)
            count = touched.sum(axis=1)
            for i in np.flatnonzero((count >= 1) & (count <= few)):
                row = np.zeros(len(owner), dtype=np.int64)
                row[kept] = values[i]
                multiples = tuple(piece[i].astype(np.int64).tolist())
                yield Residue(modulus, tuple(row.tolist()), tuple(blocks[touched[i]].tolist()), multiples)


def _remainders(values: FloatArray, modulus: int) -> AnyArray:
    """int16. The values are sums of at most 16 products of remainders, below 2^15; so it is nine times as fast as the
    operator on float64."""
    whole = values.astype(np.int16)
    return np.asarray(whole - modulus * (whole // np.int16(modulus)))


def _touched(values: AnyArray, starts: IntArray) -> BoolArray:
    """Of each combination, which blocks it is not zero on."""
    return np.asarray(np.logical_or.reduceat(values != 0, starts, axis=1))


@lru_cache(maxsize=LARGEST_SCANNED)
def multipliers(modulus: int, rank: int) -> FloatArray:
    """Combinations modulo a number, float64 ``[m, rank]``: without common divisors with it, one of each that differ by
    a unit."""
    places = modulus ** np.arange(rank)
    numbers = np.arange(1, modulus**rank)
    rows = numbers[:, None] // places % modulus
    primitive = np.gcd(np.gcd.reduce(rows, axis=1), modulus) == 1
    rows, numbers = rows[primitive], numbers[primitive]
    units = [u for u in range(2, modulus) if math.gcd(u, modulus) == 1]
    first = np.ones(len(rows), dtype=np.bool_)
    for unit in units:
        first &= numbers <= (rows * unit % modulus) @ places
    chosen = np.asarray(rows[first], dtype=np.float64)
    chosen.flags.writeable = False  # it is kept, and shared by all who ask
    return chosen
