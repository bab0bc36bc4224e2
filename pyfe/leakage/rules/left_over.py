"""Columns that show beside all others: what the other columns make of the scores misses part of the whole lattice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from flint import fmpz_mat, nmod_mat

from pyfe.arrays import AnyArray, IntArray
from pyfe.leakage.lattice import generated, integers, pivots, small_primes_of
from pyfe.leakage.span import CHECK_PRIME

__all__ = ["modulo_others", "remainders", "shares_of", "suspects"]

Row = Sequence[int]


def suspects(rows: Sequence[Row], owner: IntArray) -> list[int]:
    """Blocks b such that the columns of Z outside b generate less than the whole lattice Z^r.

    rows: Z, saturated, so that all its columns do generate Z^r; owner: int64 ``[f]``, the block of each column.

    For such a block there is a prime p modulo which the other columns have a rank below r. It divides every r x r minor
    of theirs; of three minors on different blocks, two have no column in b. And since all columns have rank r modulo p,
    one of the pivots lies in b. Where there are no such minors, or a larger prime, every block is tried.
    Cost: O(r^2 f); r f Hermite forms of r columns where every block is tried.
    """
    primes = _primes(rows, owner)
    if primes is None:
        return [b for b in np.unique(owner).tolist() if not _is_whole(rows, owner, b)]
    return sorted({block for prime in primes for block in _needed(rows, owner, prime)})


def _primes(rows: Sequence[Row], owner: IntArray) -> list[int] | None:
    """The primes modulo which the other columns of some block can have a rank below r; None where they are not
    known."""
    minors = _minors(rows, owner)
    if minors is None:
        return None
    return small_primes_of(math.lcm(*(math.gcd(a, b) for a, b in combinations(minors, 2))))


def _needed(rows: Sequence[Row], owner: IntArray, prime: int) -> list[int]:
    """The blocks without which the columns have a lower rank modulo a prime.

    In the reduced echelon form, rows whose pivot lies elsewhere keep it, and are zero in all other pivots: what is left
    of the rows whose pivots lie in the block has to be of full rank by itself.
    """
    leading = _independent(rows, np.arange(len(owner)), prime)
    inverse = nmod_mat(_columns(rows, leading), prime).inv().tolist()
    turn = np.array([[int(value) for value in row] for row in inverse])
    table = turn @ (np.array(rows, dtype=object) % prime).astype(np.int64) % prime
    home = owner[leading]
    return [b for b in np.unique(home).tolist() if _rank(table[home == b][:, owner != b], prime) < (home == b).sum()]


def _independent(rows: Sequence[Row], places: IntArray, prime: int = CHECK_PRIME) -> IntArray:
    """Those of some columns that are independent of the ones before, modulo a prime; usually found after few."""
    for width in (2 * len(rows), len(places)):
        found = pivots(_columns(rows, places[:width]), prime)
        if len(found) == len(rows):
            break
    return places[found]


def _columns(rows: Sequence[Row], places: IntArray) -> fmpz_mat:
    chosen = places.tolist()
    return fmpz_mat(len(rows), len(chosen), [row[i] for row in rows for i in chosen])


def _rank(rows: IntArray, prime: int) -> int:
    return int(rows.any()) if len(rows) == 1 else int(nmod_mat(fmpz_mat(rows.tolist()), prime).rank())


def _minors(rows: Sequence[Row], owner: IntArray) -> list[int] | None:
    """Three r x r minors that are not zero, no two of them with columns of the same block; None where none are
    found."""
    left, minors = np.arange(len(owner)), list[int]()
    for _ in range(3):
        if not len(left):
            return None
        chosen = _independent(rows, left)
        if len(chosen) < len(rows):
            return None
        minors.append(abs(int(_columns(rows, chosen).det())))
        left = left[~np.isin(owner[left], owner[chosen])]
    return minors


def _others(rows: Sequence[Row], owner: IntArray, block: int) -> fmpz_mat:
    """The lattice in Z^r that the columns of other blocks generate: its Hermite normal form."""
    return generated(_columns(rows, np.flatnonzero(owner != block)))


def _is_whole(rows: Sequence[Row], owner: IntArray, block: int) -> bool:
    if (owner == block).all():
        return False
    form = _others(rows, owner, block)
    return form.nrows() == len(rows) and form.is_one()


def remainders(rows: Sequence[Row], owner: IntArray, block: int, codes: IntArray) -> IntArray:
    """What the scores say of a block whatever the others are: for each of its levels, which class of levels with the
    same share modulo the lattice of the others, int64 ``[levels]``.

    codes: int64 ``[levels, width]`` over the free coordinates of the block.
    """
    classes: dict[tuple[int, ...], int] = {}
    shares = modulo_others(rows, owner, block, shares_of(rows, owner, block, codes))
    return np.array([classes.setdefault(share, len(classes)) for share in shares], dtype=np.int64)


def shares_of(rows: Sequence[Row], owner: IntArray, block: int, codes: IntArray) -> AnyArray:
    """What the levels of a block add to the scores, integers ``[levels, r]``."""
    own = np.flatnonzero(owner == block).tolist()
    weights: AnyArray = np.array([[row[i] for i in own] for row in rows], dtype=object)
    return np.asarray(codes.astype(object) @ weights.T)


def modulo_others(rows: Sequence[Row], owner: IntArray, block: int, shares: AnyArray) -> list[tuple[int, ...]]:
    """Vectors, integers ``[m, r]``, modulo the lattice that the columns outside a block generate."""
    alone = bool((owner == block).all())
    for row in [] if alone else integers(_others(rows, owner, block)):
        leading = next(i for i, value in enumerate(row) if value)
        shares = shares - (shares[:, leading] // row[leading])[:, None] * np.array(row, dtype=object)
    return [tuple(share) for share in shares.tolist()]
