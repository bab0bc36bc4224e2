"""Spans of integer rows over a prime field, in fully reduced row echelon form.

Keys for rows y_1..y_k give away exactly their span over F_p, p the group order: scores are integers, but whoever
holds the keys may combine them with any coefficients modulo p. The same elimination modulo 2^61 - 1 is a second
opinion: rows crafted so that a determinant vanishes modulo one prime do not vanish modulo the other. Accepting
needs both; together they give the rank over the rationals except with probability around 2^-50 for rows that were
not made for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import chain, combinations
from math import lcm
from operator import mul
from typing import TypeAlias

from pyfe.groups.bls12_381 import ORDER as PAIRING_ORDER
from pyfe.groups.ristretto255 import ORDER as GROUP_ORDER

__all__ = [
    "CHECK_PRIME",
    "GROUP_ORDER",
    "PAIRING_ORDER",
    "Span",
    "rational",
    "supports",
]

CHECK_PRIME = 2**61 - 1

Row: TypeAlias = Sequence[int]
Combination: TypeAlias = dict[int, int]


class Span:
    """The span of the rows added so far, modulo ``prime``: a basis in fully reduced echelon form.

    The basis is the same for every order and every basis of the rows, up to its own order. With ``traced`` each basis
    row remembers how it was combined, for :meth:`witness`; rows are counted from 0 in the order they were added.
    ``add`` costs O(rank * n) multiplications, :meth:`copy` O(rank): basis rows are replaced, never changed.
    """

    def __init__(self, rows: Iterable[Row] = (), *, prime: int = GROUP_ORDER, traced: bool = True) -> None:
        self.prime = prime
        self.traced = traced
        self.count = 0
        self._basis: dict[int, tuple[list[int], Combination]] = {}
        for row in rows:
            self.add(row)

    def copy(self) -> Span:
        """A span that grows on its own."""
        twin = Span(prime=self.prime, traced=self.traced)
        twin.count, twin._basis = self.count, dict(self._basis)
        return twin

    @property
    def rank(self) -> int:
        """Dimension of the span."""
        return len(self._basis)

    @property
    def pivots(self) -> list[int]:
        """Column of the leading one of each basis row."""
        return list(self._basis)

    def rows(self) -> list[list[int]]:
        """The reduced echelon basis, entries in ``0..prime-1``."""
        return [row for row, _ in self._basis.values()]

    def reduce(self, row: Row) -> tuple[list[int], Combination]:
        """``(rest, c)`` with ``rest = row - sum_j c_j row_j`` and rest zero at every pivot.

        The basis is fully reduced: at its own pivot each row is 1 and the others are 0, so all factors are known at
        once, and what is left is reduced modulo the prime once.
        """
        prime, used = self.prime, Combination()
        taken = [(row[pivot] % prime, *entry) for pivot, entry in self._basis.items()]
        factors = [factor for factor, _, _ in taken if factor]
        if not factors:
            return [v % prime for v in row], used
        columns = zip(*(basis for factor, basis, _ in taken if factor), strict=True)
        rest = [(v - sum(map(mul, factors, column))) % prime for v, column in zip(row, columns, strict=True)]
        if self.traced:
            for factor, _, combination in taken:
                _accumulate(used, combination, factor, prime)
        return rest, used

    def add(self, row: Row) -> bool:
        """Add one row; False if it was in the span already (nothing new)."""
        index, self.count, prime = self.count, self.count + 1, self.prime
        rest, used = self.reduce(row)
        pivot = next((i for i, v in enumerate(rest) if v), -1)
        if pivot < 0:
            return False
        inverse = pow(rest[pivot], -1, prime)
        rest = [v * inverse % prime for v in rest]
        combination: Combination = {index: inverse} if self.traced else {}
        _accumulate(combination, used, -inverse, prime)
        for column, (basis, theirs) in self._basis.items():
            factor = basis[pivot]
            if factor:
                basis = [(a - factor * b) % prime for a, b in zip(basis, rest, strict=True)]
                theirs = dict(theirs)
                _accumulate(theirs, combination, -factor, prime)
                self._basis[column] = (basis, theirs)
        self._basis[pivot] = (rest, combination)
        return True

    def __contains__(self, row: Row) -> bool:
        return not any(self.reduce(row)[0])

    def open_coordinates(self) -> list[int]:
        """All i whose unit vector lies in the span: the basis rows with a single non-zero entry."""
        rows = ((pivot, row) for pivot, (row, _) in self._basis.items())
        return sorted(pivot for pivot, row in rows if not any(row[:pivot]) and not any(row[pivot + 1 :]))

    def living_on(self, columns: Collection[int]) -> int:
        """Dimension of what vanishes outside ``columns``. Cost: as the rows with their pivots there are many."""
        chosen = set(columns)
        rows = [row for pivot, (row, _) in self._basis.items() if pivot in chosen]
        others = (i for row in rows for i, v in enumerate(row) if v and i not in chosen)
        span = Span(prime=self.prime, traced=False)
        for i in others:
            if span.rank == len(rows):
                break
            span.add([row[i] for row in rows])
        return len(rows) - span.rank

    def witness(self, row: Row) -> Combination | None:
        """Coefficients modulo the prime of the added rows that give ``row``; None if it is not in the span."""
        rest, used = self.reduce(row)
        return None if any(rest) else used


def _accumulate(target: Combination, source: Combination, factor: int, prime: int) -> None:
    for index, value in source.items():
        total = (target.get(index, 0) + factor * value) % prime
        if total:
            target[index] = total
        else:
            target.pop(index, None)


def supports(span: Span, owners: Mapping[int, frozenset[int]], size: int) -> dict[frozenset[int], int]:
    """Sets of at most ``size`` blocks on which some combination of the rows lives, with how many such there are.

    ``owners[column]`` are the blocks that a column says something about. A combination lives on S when it vanishes
    on all columns with an owner outside S. Only minimal sets are returned (none contains another). Of a reduced basis,
    such a combination takes only the rows whose pivot lies in S, and S works only if it takes in some column of every
    column basis: so there are rank^size sets to look at, each with very few rows.
    """
    search = _Supports(span, owners)
    found: dict[frozenset[int], int] = {}
    queue: list[tuple[int, list[int]]] = [(0, [])]
    seen: set[frozenset[int]] = {frozenset()}
    while queue:
        _, members = heappop(queue)
        chosen = frozenset(members)
        if any(group <= chosen for group in found):
            continue
        dimension, wider = search.on(chosen)
        if dimension:
            found[chosen] = dimension
            continue
        for group in wider if len(chosen) < size else ():
            if len(group) <= size and group not in seen:
                seen.add(group)
                heappush(queue, (len(group), sorted(group)))
    return found


class _Supports:
    """A reduced basis by the blocks of its pivots."""

    def __init__(self, span: Span, owners: Mapping[int, frozenset[int]]) -> None:
        self._owners = owners
        self._prime = span.prime
        pivots = set(span.pivots)
        others = [c for c in range(len(next(iter(span.rows()), ()))) if c not in pivots]
        self._rows: dict[frozenset[int], list[tuple[Row, list[int]]]] = {}
        for pivot, row in zip(span.pivots, span.rows(), strict=True):
            filled = [c for c in others if row[c]]
            self._rows.setdefault(owners[pivot], []).append((row, filled))

    def on(self, chosen: frozenset[int]) -> tuple[int, Iterator[frozenset[int]]]:
        """Dimension of what lives on the blocks; and the wider sets to look at if that is nothing."""
        subsets = (frozenset(c) for size in range(len(chosen) + 1) for c in combinations(chosen, size))
        inside = [entry for subset in subsets for entry in self._rows.get(subset, ())]
        basis = self._column_basis([row for row, _ in inside], [filled for _, filled in inside], chosen)
        wider = chain(self._rows, (self._owners[column] for column in basis))
        return len(inside) - len(basis), (chosen | blocks for blocks in wider if not blocks <= chosen)

    def _column_basis(self, rows: list[Row], filled: list[list[int]], chosen: frozenset[int]) -> list[int]:
        """Independent columns outside the blocks; usually found after looking at few of them.

        What one or two rows have in a column that is not empty is looked at directly; there are many pairs of rows.
        """
        if len(rows) <= 2:
            return self._column_basis_of_two(rows, filled, chosen)
        span, basis = Span(prime=self._prime, traced=False), list[int]()
        for column in chain.from_iterable(filled):
            if len(basis) == len(rows):
                break
            if not self._owners[column] <= chosen and span.add([row[column] for row in rows]):
                basis.append(column)
        return basis

    def _column_basis_of_two(self, rows: list[Row], filled: list[list[int]], chosen: frozenset[int]) -> list[int]:
        basis = list[int]()
        for column in chain.from_iterable(filled):
            if len(basis) == len(rows):
                break
            if not self._owners[column] <= chosen and (not basis or self._independent(rows, basis[0], column)):
                basis.append(column)
        return basis

    def _independent(self, rows: list[Row], left: int, right: int) -> bool:
        (a, b), (c, d) = ((row[left], row[right]) for row in rows)
        return (a * d - b * c) % self._prime != 0


def integer_combination(combination: Combination, prime: int) -> tuple[dict[int, int], int] | None:
    """Coefficients modulo the prime as integers over a common divisor, if there are short ones; else None."""
    fractions = {index: rational(value, prime) for index, value in combination.items()}
    pairs = {index: pair for index, pair in fractions.items() if pair is not None}
    if len(pairs) < len(fractions):
        return None
    divisor = lcm(1, *(q for _, q in pairs.values()))
    return {index: p * (divisor // q) for index, (p, q) in pairs.items()}, divisor


def rational(value: int, prime: int) -> tuple[int, int] | None:
    """p/q = value modulo the prime with |p|, q below its square root / 2 (half of Euclid's algorithm)."""
    limit = 1 << (prime.bit_length() // 2 - 1)
    r0, r1, t0, t1 = prime, value % prime, 0, 1
    while r1 > limit:
        quotient = r0 // r1
        r0, r1, t0, t1 = r1, r0 - quotient * r1, t1, t0 - quotient * t1
    if t1 == 0 or abs(t1) > limit:
        return None
    return (r1, t1) if t1 > 0 else (-r1, -t1)
