"""Scores modulo a number: which of them live on few columns, and what they say of these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, ByteArray, FloatArray, IntArray, exact_array

__all__ = ["LARGEST_SCANNED", "MOST_COMBINATIONS", "Residue", "multipliers", "on_few", "residues_of", "scanned"]

Row = list[int]

LARGEST_SCANNED = 16
"""Largest modulus of which every combination is looked at."""

MOST_COMBINATIONS = 2**16
"""Most combinations of the rows of Z that are looked at for one modulus."""

_SIEVED = 48
"""Most columns by which combinations, and numbers, are sorted out first."""


@dataclass(frozen=True)
class Residue:
    """A combination of the scores modulo a number: ``row``, over the free coordinates, in 0..modulus-1; the blocks on
    which it is not zero; and ``of``, which multiples of the scores it is the sum of."""

    modulus: int
    row: tuple[int, ...]
    blocks: tuple[int, ...]
    of: tuple[int, ...] = field(default=(1,), compare=False)


def residues_of(row: Sequence[int] | AnyArray, owner: IntArray, most: int) -> Iterator[Residue]:
    """One score modulo each number that leaves it on few blocks (:func:`on_few`). Cost: O(f), and the divisors of 15
    numbers."""
    weights = exact_array(row)
    used = np.flatnonzero(weights)
    if not len(used):
        return
    blocks, starts = np.unique(owner[used], return_index=True)
    content = np.gcd.reduceat(np.abs(weights[used]), starts)
    for modulus, left in on_few(blocks.tolist(), content, most):
        yield Residue(modulus, tuple((weights % modulus).tolist()), left)


def on_few(blocks: Sequence[int], content: AnyArray, most: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Each number modulo which a score lives on few blocks, at least one and at most ``most`` of them, and on at most
    half of those it has a weight on; and these blocks. ``content``: of each block, the divisor that all weights which
    touch it have in common.

    The numbers: 2 to 16, and every larger one that is the common divisor of what the score has on all other blocks.
    (Common divisors of two weights, and their divisors, say no more: the largest number that leaves the same blocks is
    such a divisor, and its remainder tells all the others.)
    """
    few = min(most, len(blocks) // 2)
    small = np.arange(2, LARGEST_SCANNED + 1)
    possible = small[(content[:_SIEVED] % small[:, None] != 0).sum(axis=1) <= few]  # none has fewer on all blocks
    for modulus in [*possible.tolist(), *_larger(content, few)]:
        remaining = np.flatnonzero(content % modulus != 0)
        if 1 <= len(remaining) <= few:
            yield modulus, tuple(blocks[i] for i in remaining.tolist())


def _larger(content: AnyArray, few: int) -> list[int]:
    """The numbers above 16 that do not divide at most ``few`` of the contents, the largest for the same ones of
    them."""
    first = content[: few + 2].tolist()  # two of these are multiples of such a number; of two columns, one is
    pairs = set(first) if len(content) == 2 else {math.gcd(a, b) for a, b in combinations(first, 2)}
    found: set[int] = set()
    for divisor in {d for pair in pairs if pair > LARGEST_SCANNED for d in _divisors(pair) if d > LARGEST_SCANNED}:
        divided = content[content % divisor == 0]
        if len(content) - len(divided) <= few:
            found.add(math.gcd(*divided.tolist()))
    return sorted(found)


def _divisors(value: int) -> list[int]:
    small = np.arange(1, math.isqrt(value) + 1)
    low = small[value % small == 0].tolist()
    return [*low, *(value // d for d in low)]


def scanned(rows: Sequence[Row] | AnyArray, owner: IntArray, most: int) -> Iterator[Residue]:
    """Every combination of several scores modulo 2 to 16 that lives on few blocks, while there are at most 2^16 of them
    for a modulus: those that say the same, or less than one modulo a divisor does, are left out.

    most: as for :func:`residues_of`; "half" is of the blocks on which some score has a weight. Cost: O(2^16).
    """
    wide = exact_array(rows)
    kept = np.flatnonzero((wide != 0).any(axis=0))
    blocks, starts = np.unique(owner[kept], return_index=True)
    few = min(most, len(blocks) // 2)
    sieve = starts[np.unique(np.linspace(0, len(starts) - 1, _SIEVED).astype(np.int64))]
    for modulus in range(2, LARGEST_SCANNED + 1):
        if modulus ** len(wide) > MOST_COMBINATIONS:
            return
        reduced = (wide[:, kept] % modulus).astype(np.float64)  # for the faster product
        possible = _not_zero(reduced[:, sieve], modulus)[_numbers(modulus, len(wide))] <= few
        combined = multipliers(modulus, len(wide))[possible]
        for piece in np.array_split(combined, len(combined) // 4096 + 1):
            values = _remainders(piece @ reduced, modulus)
            touched = _touched(values, starts)
            count = touched.sum(axis=1)
            for i in np.flatnonzero((count >= 1) & (count <= few)):
                row = np.zeros(len(owner), dtype=np.int64)
                row[kept] = values[i]
                multiples = tuple(piece[i].astype(np.int64).tolist())
                yield Residue(modulus, tuple(row.tolist()), tuple(blocks[touched[i]].tolist()), multiples)


def _not_zero(columns: FloatArray, modulus: int) -> ByteArray:
    """Of every combination ``sum_i c_i row_i``, in the order of the numbers ``sum_i c_i modulus^i``, in how many of at
    most 255 columns it is not zero: uint8 ``[modulus^r]``.

    The first rows' part of a combination has to be what the last rows' part lacks to zero, and there are only about
    ``2 sqrt(modulus^r)`` such parts.
    """
    half = len(columns) // 2
    first, last = (_sums(part.astype(np.int64), modulus) for part in (columns[:half], columns[half:]))
    count = np.zeros((last.shape[1], first.shape[1]), dtype=np.uint8)
    for left, right in zip(first, ((modulus - last) % modulus).astype(np.uint8), strict=True):
        count += left != right[:, None]
    return count.reshape(-1)


def _sums(rows: IntArray, modulus: int) -> ByteArray:
    """Of each column, all combinations of its entries: uint8 ``[columns, modulus^rows]``."""
    found = np.zeros((rows.shape[1], 1), dtype=np.uint8)
    for row in rows:
        steps = (np.arange(modulus) * row[:, None] % modulus).astype(np.uint8)  # a sum of two is below 32
        found = ((steps[:, :, None] + found[:, None, :]) % modulus).reshape(len(found), -1)
    return found


def _remainders(values: FloatArray, modulus: int) -> AnyArray:
    """int16. The values are sums of at most 16 products of remainders, below 2^15; so it is nine times as fast as the
    operator on float64."""
    whole = values.astype(np.int16)
    return np.asarray(whole - modulus * (whole // np.int16(modulus)))


def _touched(values: AnyArray, starts: IntArray) -> BoolArray:
    """Of each combination, which blocks it is not zero on."""
    return np.asarray(np.logical_or.reduceat(values != 0, starts, axis=1))


@lru_cache(maxsize=LARGEST_SCANNED)
def _numbers(modulus: int, rank: int) -> IntArray:
    """The number ``sum_i c_i modulus^i`` of each of the :func:`multipliers`."""
    numbers = (multipliers(modulus, rank) @ modulus ** np.arange(rank)).astype(np.int64)
    numbers.flags.writeable = False
    return np.asarray(numbers)


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
