"""Whether a product hides in a span of several quadratic forms, though none of them, and no two, show it.

A combination ``sum t_i F_i`` that is a product has a symmetric matrix of rank 2 at most, so that all its minors of size
3 vanish: cubic polynomials in t. Each minor is one linear equation in the monomials of degree 3 in t. As soon as such
equations determine all monomials to be zero, there is no such combination, whatever its coefficients, rational or not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import TypeAlias

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage.span import rational

__all__ = ["most_like_products"]

Rows: TypeAlias = Mapping[int, Mapping[int, int]]
Known: TypeAlias = Callable[[int, int], bool]
Monomial: TypeAlias = tuple[int, ...]
Place: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

_PRIME = 2**31 - 1  # products of two residues fit int64

_MINORS, _MORE_MINORS = 3, 12
"""Minors for each monomial, and where these leave something open."""

_FEW_POINTS = 3
"""So many points and one more have independent cubes, always."""

_SIGNS = {(0, 1, 2): 1, (1, 2, 0): 1, (2, 0, 1): 1, (0, 2, 1): -1, (1, 0, 2): -1, (2, 1, 0): -1}


def most_like_products(forms: Sequence[Rows], known: Known, tried: Sequence[Sequence[int]]) -> list[list[int]] | None:
    """All combinations of rank 2 at most that are not among those ``tried``; None where they cannot be listed.

    Parameters
    ----------
    forms: symmetric matrices by rows.
    known: whether an entry is determined by the form.
    tried: coefficients of combinations that were looked at already.

    Cost: some 3 minors for each of the (r + 2 choose 3) monomials, and their elimination modulo a prime of 31 bits.
    """
    r = len(forms)
    monomials: list[Monomial] = list(combinations_with_replacement(range(r), 3))
    index: dict[Monomial, int] = {monomial: at for at, monomial in enumerate(monomials)}
    folds = np.array([index[tuple(sorted(where))] for where in product(range(r), repeat=3)])
    places: list[Place] = []
    rng = random.Random(0)
    for count in (_MINORS, _MORE_MINORS):
        places += [place for triple in monomials for place in _places([forms[i] for i in triple], known, count, rng)]
        equations = [_cubic(forms, *place, folds) for place in places]
        free = _solutions(equations, len(monomials))
        if not len(free):
            return []
    points = {tuple(cube) for t in tried if not (_residues(equations, cube := _cube(t, monomials))).any()}
    if len(free) == len(points) <= _FEW_POINTS:
        return []
    found = _point(free[0], monomials, r) if len(free) == 1 else None
    return None if found is None or any(_value(forms, found, *place) for place in places) else [found]


def _places(forms: Sequence[Rows], known: Known, count: int, rng: random.Random) -> Iterator[Place]:
    """Rows and columns of minors with an entry of each of three forms on the diagonal, drawn the same way always."""
    if not all(forms):
        return
    listed = [list(form) for form in forms]
    for _ in range(8 * count):
        rows = tuple(rng.choice(keys) for keys in listed)
        columns = tuple(rng.choice(list(form[i])) for form, i in zip(forms, rows, strict=True))
        usable = all(known(i, j) for i in rows for j in columns)
        if usable and len({*rows}) == len({*columns}) == len(forms):
            yield rows, columns
            count -= 1
            if not count:
                return


def _entry(forms: Sequence[Rows], i: int, j: int) -> list[int]:
    return [form.get(i, {}).get(j, 0) for form in forms]


def _cubic(forms: Sequence[Rows], rows: Sequence[int], columns: Sequence[int], folds: IntArray) -> IntArray:
    """A minor as a polynomial in the coefficients of the combination, modulo the prime; ``folds`` are the positions of
    the monomials of all triples."""
    entries = np.array([[[v % _PRIME for v in _entry(forms, i, j)] for j in columns] for i in rows], dtype=np.int64)
    total = np.zeros((len(forms),) * 3, dtype=np.int64)
    for order, sign in _SIGNS.items():
        pair = entries[0, order[0]][:, None] * entries[1, order[1]] % _PRIME
        total += sign * (pair[:, :, None] * entries[2, order[2]] % _PRIME)
    folded = np.zeros(int(folds.max()) + 1, dtype=np.int64)
    np.add.at(folded, folds, (total % _PRIME).ravel())
    return folded % _PRIME


def _value(forms: Sequence[Rows], t: Sequence[int], rows: Sequence[int], columns: Sequence[int]) -> int:
    """A minor of one combination, exact."""
    (a, b, c), (d, e, f), (g, h, i) = (
        [sum(x * v for x, v in zip(t, _entry(forms, i, j), strict=True)) for j in columns] for i in rows
    )
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _solutions(equations: Sequence[IntArray], size: int) -> IntArray:
    """A basis of the values of all monomials for which every equation holds, one a row."""
    matrix = np.array(equations, dtype=np.int64).reshape(len(equations), size)
    pivots: list[int] = []
    for column in range(size):
        at = len(pivots) + np.flatnonzero(matrix[len(pivots) :, column])
        if not len(at):
            continue
        row = len(pivots)
        matrix[[row, at[0]]] = matrix[[at[0], row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), -1, _PRIME) % _PRIME
        factor = matrix[:, column].copy()
        factor[row] = 0
        matrix = (matrix - factor[:, None] * matrix[row] % _PRIME) % _PRIME
        pivots.append(column)
    free = [column for column in range(size) if column not in pivots]
    basis = np.zeros((len(free), size), dtype=np.int64)
    for line, column in enumerate(free):
        basis[line, column] = 1
        basis[line, pivots] = -matrix[: len(pivots), column] % _PRIME
    return basis


def _cube(t: Sequence[int], monomials: Sequence[Monomial]) -> list[int]:
    """The values of all monomials at a point, its first coefficient that is not zero being one."""
    first = next((v % _PRIME for v in t if v % _PRIME), 1)
    unit = [v * pow(first, -1, _PRIME) % _PRIME for v in t]
    return [unit[a] * unit[b] % _PRIME * unit[c] % _PRIME for a, b, c in monomials]


def _residues(equations: Sequence[IntArray], values: Sequence[int]) -> IntArray:
    matrix = np.array(equations, dtype=np.int64).reshape(len(equations), len(values))
    products = matrix * np.array(values, dtype=np.int64) % _PRIME
    residues: IntArray = products.sum(axis=1) % _PRIME
    return residues


def _point(values: IntArray, monomials: Sequence[Monomial], r: int) -> list[int] | None:
    """The point at which the monomials have multiples of these values, in short integers, if there is one."""
    listed = dict(zip(monomials, values.tolist(), strict=True))
    a = next((a for a in range(r) if listed[a, a, a]), None)
    if a is None:
        return None
    inverse = pow(listed[a, a, a], -1, _PRIME)
    ratios = [rational(listed[tuple(sorted((a, a, i)))] * inverse, _PRIME) for i in range(r)]
    pairs = [pair for pair in ratios if pair is not None]
    if len(pairs) < r:
        return None
    scale = int(np.lcm.reduce([q for _, q in pairs], dtype=object))
    return [p * (scale // q) for p, q in pairs]
