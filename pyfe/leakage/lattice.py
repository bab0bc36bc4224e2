"""The lattice of integer forms that a set of keys determines, in one form for every basis and order of the keys.

Whoever holds keys for rows y_1..y_k knows the value of every *integer* row in their rational span: the lattice
``L = span_Q(y_1..y_k)  intersected with  Z^f``, called saturated. Row gcds alone do not give it: (1, 1) and (1, -1)
have none, and 1/2 of their sum lies in it. All rows are taken over the free coordinates of a record, on which nothing
that everybody knows is left: public columns and constants drop out, and so does a one-hot block's sum.

The basis ``Z`` that rules look at is the Hermite normal form of L, reduced by LLL (delta 0.99): it depends on L alone
(Cohen, *A Course in Computational Algebraic Number Theory*, 1993, sections 2.4 and 2.6). Exact integers throughout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq_mat, fmpz_mat, nmod_mat

from pyfe.arrays import IntArray
from pyfe.errors import ParameterError
from pyfe.schema import Schema

__all__ = [
    "DELTA",
    "Free",
    "Lattice",
    "generated",
    "generates_all",
    "hermite",
    "integers",
    "pivots",
    "quotient",
    "small_primes_of",
]

DELTA = 0.99
"""Of Lovasz's condition."""

_PRIME = 2**61 - 1
"""Where pivots are looked for; what is found is checked over the integers."""

_SMALL_PRIMES = [p for p in range(2, 1000) if all(p % q for q in range(2, math.isqrt(p) + 1))]


class Free:
    """The free coordinates of a schema: their values say everything that is private about a record, and vary alone.

    A number has one, a category of two levels one, one of L levels L - 1 (its first coordinate is left out), thresholds
    all of theirs; public columns and constants none. They are a basis of the differences ``v - v_0`` between the codes
    of a column, so that a row y says ``<y, v> = <y, v_0> + <rows(y), free coordinates of v>``.

    positions: int64 ``[f]``, the coordinates of the schema.
    base: int64 ``[f]``, the coordinate of the same column that is left out, -1 where none is.
    owner: int64 ``[f]``, the column of each, counted over those that are not constant.
    places: of each private column, where its free coordinates stand among them.
    """

    def __init__(self, schema: Schema) -> None:
        if not isinstance(schema, Schema):
            raise ParameterError(f"what keys say is judged under a pyfe.Schema, not a {type(schema).__name__}")
        self.schema = schema
        self.places: dict[int, slice] = {}
        found: list[tuple[int, int, int]] = []
        varying = [(part, column) for _, part, column in schema.parts if column.in_table]
        for block, (part, column) in enumerate(varying):
            if column.private:
                base = part.start if column.one_hot else -1
                own = [(position, base, block) for position in range(part.start, part.stop) if position != base]
                self.places[block] = slice(len(found), len(found) + len(own))
                found += own
        table = np.array(found, dtype=np.int64).reshape(len(found), 3)
        self.positions, self.base, self.owner = table[:, 0], table[:, 1], table[:, 2]

    def __len__(self) -> int:
        return len(self.positions)

    def rows(self, y: IntArray) -> list[list[int]]:
        """Rows int64 ``[k, n]`` of the schema over the free coordinates."""
        wide = y.astype(object)  # a difference of two weights may not fit
        differences = wide[:, self.positions] - np.where(self.base >= 0, wide[:, self.base], 0)
        return [[int(value) for value in row] for row in differences]

    def lift(self, row: Sequence[int]) -> list[int]:
        """A row of the schema that says what a row over the free coordinates says."""
        lifted = [0] * self.schema.n
        for position, value in zip(self.positions.tolist(), row, strict=True):
            lifted[position] = value
        return lifted


@dataclass(frozen=True, eq=False)
class Lattice:
    """A saturated lattice in Z^width. Unchangeable: :meth:`with_rows` gives a larger one.

    basis: some basis, r rows with entries that are small, or those of the rows given; see :attr:`reduced` for the one
        that rules use.
    """

    width: int
    basis: fmpz_mat

    @classmethod
    def empty(cls, width: int) -> Lattice:
        """The lattice of no row at all."""
        return cls(width, fmpz_mat(0, width))

    @property
    def rank(self) -> int:
        """Number of rows of a basis."""
        return int(self.basis.nrows())

    def with_rows(self, rows: Iterable[Sequence[int]]) -> Lattice:
        """The saturated lattice of this one and more rows. Cost: O(rank^2 width) each."""
        grown = self
        for row in rows:
            grown = grown._with_row(row)
        return grown

    def _with_row(self, row: Sequence[int]) -> Lattice:
        stacked = fmpz_mat([*self.basis.tolist(), list(row)])
        rank = self.rank + 1
        if self.width < rank:
            return self
        if generates_all(stacked):
            return Lattice(self.width, stacked)
        index = generated(stacked)
        if index.nrows() < rank:
            return self
        # M = H W, where the columns of H generate what those of M do: those of W generate Z^r, so W is saturated
        whole = quotient(index.transpose(), stacked)
        return Lattice(self.width, whole.lll(False, DELTA))

    @cached_property
    def hermite(self) -> fmpz_mat:
        """The Hermite normal form: one for every basis."""
        return hermite(self.basis)

    @cached_property
    def reduced(self) -> list[list[int]]:
        """Z: the Hermite normal form reduced by LLL; integers ``[r][width]``. The same for every basis."""
        return integers(self.hermite.lll(False, DELTA))


def integers(matrix: fmpz_mat) -> list[list[int]]:
    """A matrix as Python's integers."""
    return [[int(value) for value in row] for row in matrix.tolist()]


def generated(matrix: fmpz_mat) -> fmpz_mat:
    """The lattice that the *columns* of an integer matrix generate: its basis in Hermite normal form, as rows."""
    rows = [row for row in matrix.transpose().hnf().tolist() if any(row)]
    return fmpz_mat(rows) if rows else fmpz_mat(0, matrix.nrows())


def generates_all(matrix: fmpz_mat) -> bool:
    """Whether the columns of an integer matrix are quickly seen to generate all of Z^r.

    They do unless they have a rank below r modulo some prime, which then divides every r x r minor; two of these leave
    few primes. False where that does not decide, or takes a prime beyond 1,000. Cost: two determinants, and the rank
    modulo each of the primes.
    """
    rows, columns = matrix.nrows(), matrix.ncols()
    left = pivots(matrix)
    if len(left) < rows:
        return False
    right = list(range(columns - 1, max(columns - 2 * rows, 0) - 1, -1))
    right = [right[j] for j in pivots(columns_of(matrix, right))]
    minors = [int(columns_of(matrix, places).det()) for places in (left, right) if len(places) == rows]
    primes = small_primes_of(math.gcd(*minors))
    return primes is not None and all(nmod_mat(matrix, prime).rank() == rows for prime in primes)


def small_primes_of(value: int) -> list[int] | None:
    """The primes that divide a number; None where one of them is beyond 1,000, and for 0."""
    if not value:
        return None
    primes = [p for p in _SMALL_PRIMES if value % p == 0]
    for prime in primes:
        while value % prime == 0:
            value //= prime
    return primes if abs(value) == 1 else None


def columns_of(matrix: fmpz_mat, places: Sequence[int]) -> fmpz_mat:
    """Some columns of a matrix."""
    return fmpz_mat(matrix.nrows(), len(places), [matrix[i, j] for i in range(matrix.nrows()) for j in places])


def quotient(left: fmpz_mat, product: fmpz_mat) -> fmpz_mat:
    """W of integers with ``left W = product``."""
    solved = left.solve(product)
    if not isinstance(solved, fmpq_mat):  # pragma: no cover (for the type checker: flint gives rationals here)
        raise TypeError("a solution over the rationals")
    whole, divisor = solved.numer_denom()
    if divisor != 1:
        raise ArithmeticError("the columns of a matrix lie in the lattice that they generate")
    return whole


def hermite(matrix: fmpz_mat) -> fmpz_mat:
    """The Hermite normal form of a matrix of full row rank.

    A matrix U with ``U A`` in normal form for the columns A of the pivots brings the whole matrix into it, so the
    elimination is one of r x r numbers; what a prime says of the pivots is checked. Cost: O(r^2 width).
    """
    leading = pivots(matrix)
    if len(leading) == matrix.nrows():
        _, transform = columns_of(matrix, leading).hnf(True)
        form = transform * matrix
        if form.is_hnf():
            return form
    return matrix.hnf()


def pivots(matrix: fmpz_mat, prime: int = _PRIME) -> list[int]:
    """Columns of the leading entries of the echelon form, modulo a prime: the first columns that are independent.

    Those further right say nothing of which these are, so a narrow part of the matrix usually gives them all.
    """
    rows, columns = matrix.nrows(), matrix.ncols()
    for width in (2 * rows, 16 * rows):
        if width < columns:
            found = _pivots(columns_of(matrix, range(width)), prime)
            if len(found) == rows:
                return found
    return _pivots(matrix, prime)


def _pivots(matrix: fmpz_mat, prime: int) -> list[int]:
    echelon, rank = nmod_mat(matrix, prime).rref()
    found, column = list[int](), 0
    for row in range(rank):
        while int(echelon[row, column]) == 0:
            column += 1
        found.append(column)
    return found
