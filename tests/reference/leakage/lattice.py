"""Integer lattices: Hermite form, saturation, LLL, kernel, residues. Exact; determinants and ranks by FLINT."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpz_mat

Row = list[int]
Matrix = list[Row]


def rank(rows: Sequence[Sequence[int]]) -> int:
    """Rank over the rationals."""
    return int(fmpz_mat([list(map(int, row)) for row in rows]).rank()) if rows and len(rows[0]) else 0


def hermite(rows: Sequence[Sequence[int]]) -> Matrix:
    """Row Hermite form, zero rows dropped: pivots positive, entries above a pivot in [0, pivot)."""
    left = [list(map(int, row)) for row in rows]
    done: Matrix = []
    for column in range(len(left[0]) if left else 0):
        pivot = _gather(left, column)
        if pivot is None:
            continue
        for row in done:
            _subtract(row, pivot, row[column] // pivot[column])
        done.append(pivot)
    return done


def _gather(rows: Matrix, column: int) -> Row | None:
    """Euclid on one column: takes out the row that keeps the gcd; the others get 0 there."""
    while True:
        live = [row for row in rows if row[column]]
        if not live:
            return None
        least = min(live, key=lambda row: abs(row[column]))
        if len(live) == 1:
            rows[:] = [row for row in rows if row is not least]
            return least if least[column] > 0 else [-value for value in least]
        for row in live:
            if row is not least:
                _subtract(row, least, row[column] // least[column])


def _subtract(row: Row, other: Sequence[int], factor: int) -> None:
    if factor:
        row[:] = [a - factor * b for a, b in zip(row, other, strict=True)]


def kernel(rows: Sequence[Sequence[int]]) -> Matrix:
    """A basis of the integer x with rows . x = 0: Hermite form of (rows^T | 1), the rows whose left part vanishes."""
    height, width = len(rows), len(rows[0])
    wide = [[int(row[at]) for row in rows] + [int(at == j) for j in range(width)] for at in range(width)]
    return [row[height:] for row in hermite(wide) if not any(row[:height])]


def saturate(rows: Sequence[Sequence[int]]) -> Matrix:
    """Hermite basis of the integer points of the rational span: the kernel of the kernel."""
    if not rank(rows):
        return []
    orthogonal = kernel(rows)
    width = len(rows[0])
    return hermite(kernel(orthogonal) if orthogonal else [[int(a == b) for b in range(width)] for a in range(width)])


def residue(vector: Sequence[int], basis: Matrix) -> tuple[int, ...]:
    """The canonical member of vector + lattice; `basis` in Hermite form."""
    value = list(map(int, vector))
    for row in basis:
        at = next(place for place, entry in enumerate(row) if entry)
        _subtract(value, row, value[at] // row[at])
    return tuple(value)


def reduced(basis: Matrix) -> Matrix:
    """LLL (Lenstra, Lenstra, Lovasz 1982), delta 0.99, eta 0.51: FLINT's."""
    if not basis:
        return []
    return [[int(value) for value in row] for row in fmpz_mat(basis).lll(False, 0.99, 0.51).tolist()]


def orthogonalised(rows: Matrix) -> tuple[list[Fraction], list[list[Fraction]]]:
    """Squared Gram-Schmidt lengths and coefficients mu[i][j], j < i, from the Gram matrix, exactly."""
    count = len(rows)
    lengths: list[Fraction] = []
    mu = [[Fraction(0)] * count for _ in range(count)]
    r = [[Fraction(0)] * count for _ in range(count)]
    for i in range(count):
        for j in range(i + 1):
            dot = Fraction(sum(a * b for a, b in zip(rows[i], rows[j], strict=True)))
            r[i][j] = dot - sum((mu[j][k] * r[i][k] for k in range(j)), Fraction(0))
            if j < i:
                mu[i][j] = r[i][j] / lengths[j]
        lengths.append(r[i][i])
    return lengths, mu


def canonical(rows: Sequence[Sequence[int]]) -> Matrix:
    """Z of a set of rows: saturated, Hermite form, LLL of that form. The same for every basis and order."""
    return reduced(saturate(rows))


def pairs(basis: Matrix) -> Matrix:
    """Z_i + Z_j and Z_i - Z_j, i < j."""
    found = []
    for j in range(len(basis)):
        for i in range(j):
            for sign in (1, -1):
                found.append([a + sign * b for a, b in zip(basis[i], basis[j], strict=True)])
    return found
