"""Spans of integer rows over a prime field, in fully reduced row echelon form.

Keys for rows y_1..y_k give away exactly their span over F_p, p the group order: scores are integers, but whoever
holds the keys may combine them with any coefficients modulo p. The same elimination modulo 2^61 - 1 is a second
opinion: rows crafted so that a determinant vanishes modulo one prime do not vanish modulo the other. Accepting
needs both; together they give the rank over the rationals except with probability around 2^-50 for rows that were
not made for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from math import lcm
from typing import TypeAlias

__all__ = [
    "CHECK_PRIME",
    "GROUP_ORDER",
    "PAIRING_ORDER",
    "PAIRING_PRIMES",
    "PRIMES",
    "Span",
    "open_coordinates",
    "rank",
    "small_groups",
    "small_supports",
]

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the ristretto255 group (RFC 9496, section 4)."""

CHECK_PRIME = 2**61 - 1

PRIMES = (GROUP_ORDER, CHECK_PRIME)

PAIRING_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of the groups of BLS12-381 (draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1)."""

PAIRING_PRIMES = (PAIRING_ORDER, CHECK_PRIME)

Row: TypeAlias = Sequence[int]
Combination: TypeAlias = dict[int, int]


class Span:
    """The span of the rows added so far, modulo ``prime``; every basis row remembers how it was combined.

    ``add`` costs O(rank * n) multiplications. Rows are counted from 0 in the order they were added.
    """

    def __init__(self, rows: Iterable[Row] = (), *, prime: int = GROUP_ORDER) -> None:
        self.prime = prime
        self.count = 0
        self._basis: dict[int, tuple[list[int], Combination]] = {}
        for row in rows:
            self.add(row)

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
        """``(rest, c)`` with ``rest = row - sum_j c_j row_j`` and rest zero at every pivot."""
        rest = [v % self.prime for v in row]
        used: Combination = {}
        for pivot, (basis, combination) in self._basis.items():
            factor = rest[pivot]
            if factor:
                rest = [(a - factor * b) % self.prime for a, b in zip(rest, basis, strict=True)]
                _accumulate(used, combination, factor, self.prime)
        return rest, used

    def add(self, row: Row) -> bool:
        """Add one row; False if it was in the span already (nothing new)."""
        index, self.count = self.count, self.count + 1
        rest, used = self.reduce(row)
        pivot = next((i for i, v in enumerate(rest) if v), -1)
        if pivot < 0:
            return False
        inverse = pow(rest[pivot], -1, self.prime)
        rest = [v * inverse % self.prime for v in rest]
        combination = {index: inverse}
        _accumulate(combination, used, -inverse, self.prime)
        for column, (basis, theirs) in self._basis.items():
            factor = basis[pivot]
            if factor:
                basis = [(a - factor * b) % self.prime for a, b in zip(basis, rest, strict=True)]
                _accumulate(theirs, combination, -factor, self.prime)
                self._basis[column] = (basis, theirs)
        self._basis[pivot] = (rest, combination)
        return True

    def __contains__(self, row: Row) -> bool:
        return not any(self.reduce(row)[0])

    def open_coordinates(self) -> list[int]:
        """All i whose unit vector lies in the span: the basis rows with a single non-zero entry."""
        return sorted(pivot for pivot, (row, _) in self._basis.items() if sum(v != 0 for v in row) == 1)

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


def rank(rows: Iterable[Row]) -> int:
    """Rank of integer rows: the larger of the ranks modulo both primes (neither exceeds the rank over Q)."""
    listed = list(rows)
    return max(Span(listed, prime=prime).rank for prime in PRIMES)


def open_coordinates(rows: Iterable[Row]) -> list[int]:
    """Coordinates that the rows determine, modulo either prime."""
    listed = list(rows)
    return sorted({i for prime in PRIMES for i in Span(listed, prime=prime).open_coordinates()})


def small_groups(
    rows: Iterable[Row], blocks: Sequence[Sequence[int]], size: int, *, prime: int = GROUP_ORDER
) -> dict[frozenset[int], int]:
    """:func:`small_supports` where every column belongs to one block: ``blocks[b]`` lists the columns of block b."""
    owners = {column: frozenset({b}) for b, columns in enumerate(blocks) for column in columns}
    return small_supports(rows, owners, size, prime=prime)


def small_supports(
    rows: Iterable[Row], owners: Mapping[int, frozenset[int]], size: int, *, prime: int = GROUP_ORDER
) -> dict[frozenset[int], int]:
    """Sets of at most ``size`` blocks on which some combination of the rows lives, with how many such there are.

    ``owners[column]`` are the blocks that a column says something about. A combination lives on S when it vanishes
    on all columns with an owner outside S, that is when the rows restricted to these columns have a smaller rank.
    Only minimal sets are returned (none contains another). A set S works only if it takes in some column of every
    column basis, so it is enough to branch on the owners of one basis: O(rank^size) eliminations instead of one for
    each of the C(blocks, size) sets.
    """
    independent = Span(rows, prime=prime).rows()
    found: dict[frozenset[int], int] = {}
    queue: list[tuple[int, list[int]]] = [(0, [])]
    while queue:
        _, members = heappop(queue)
        chosen = frozenset(members)
        if any(group <= chosen for group in found):
            continue
        outside = _column_basis(independent, [c for c, blocks in owners.items() if not blocks <= chosen], prime)
        if len(outside) < len(independent):
            found[chosen] = len(independent) - len(outside)
            continue
        for wider in {chosen | owners[column] for column in outside}:
            entry = (len(wider), sorted(wider))
            if len(wider) <= size and entry not in queue:
                heappush(queue, entry)
    return found


def _column_basis(rows: Sequence[Row], columns: Iterable[int], prime: int) -> list[int]:
    """The first of the columns that are independent; usually found after looking at few of them."""
    span, basis = Span(prime=prime), list[int]()
    for column in columns:
        if len(basis) == len(rows):
            break
        if span.add([row[column] for row in rows]):
            basis.append(column)
    return basis


def integer_combination(combination: Combination, prime: int) -> tuple[dict[int, int], int] | None:
    """Coefficients modulo the prime as integers over a common divisor, if there are short ones; else None."""
    fractions = {index: _rational(value, prime) for index, value in combination.items()}
    pairs = {index: pair for index, pair in fractions.items() if pair is not None}
    if len(pairs) < len(fractions):
        return None
    divisor = lcm(1, *(q for _, q in pairs.values()))
    return {index: p * (divisor // q) for index, (p, q) in pairs.items()}, divisor


def _rational(value: int, prime: int) -> tuple[int, int] | None:
    """p/q = value modulo the prime with |p|, q below its square root / 2 (half of Euclid's algorithm)."""
    limit = 1 << (prime.bit_length() // 2 - 1)
    r0, r1, t0, t1 = prime, value % prime, 0, 1
    while r1 > limit:
        quotient = r0 // r1
        r0, r1, t0, t1 = r1, r0 - quotient * r1, t1, t0 - quotient * t1
    if t1 == 0 or abs(t1) > limit:
        return None
    return (r1, t1) if t1 > 0 else (-r1, -t1)
