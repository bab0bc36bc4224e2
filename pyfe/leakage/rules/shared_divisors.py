"""Combinations of several scores that live on few columns modulo some number, whatever number and coefficients.

Modulo 2 to 16 all combinations can be looked at (:func:`.residues.scanned`), while there are few scores. Beyond, what
columns have in common tells the numbers. Let ``c Z mod p`` be zero outside a few blocks, c not. Then all r x r minors
of Z on other blocks are multiples of p. So minors are taken on so many sets of r blocks, of different directions, that
two of them miss the few: a prime that divides two is looked at, and the combination is what vanishes modulo p on such a
set.

Where such a minor is 0, the combination that vanishes there does so for certain, and is a score like any other.

What is found lives on the least sets of blocks. What the scores say of these, whatever all others are, is their share
modulo the lattice that the others generate: the characters of ``Z^r / lattice`` are its remainders.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

import numpy as np
from flint import fmpq_mat, fmpz, fmpz_mat, nmod_mat

from pyfe.arrays import AnyArray, IntArray
from pyfe.leakage.lattice import generated, pivots
from pyfe.leakage.prior.seeds import uniforms
from pyfe.leakage.rules.residues import LARGEST_SCANNED, MOST_COMBINATIONS, Residue
from pyfe.leakage.span import Span, supports

__all__ = ["Unfinished", "hidden", "minors_needed", "on_few_for_certain"]

_MISSED = 1e-6
"""Probability that fewer than two of the sets miss the blocks of a combination."""

_MOST_MINORS = 256
"""Of three scores on nine blocks 130 are needed for four of them, of others fewer."""

_WIDE_MINORS = 64
"""Minors that are taken to find combinations on more blocks than rule 2m asks for."""

_MOST_WIDE = 4
"""Most scores of which these are looked for: as for sums and differences of two."""

_LEAST_WIDE = 11
"""Least modulus for those: smaller ones say little of so many columns, and honest scores have them."""

_LARGEST_KERNEL = 4
"""Most dimensions of a kernel in which combinations on few blocks are looked for: honest scores leave one or two."""

_LARGEST_FACTORED = 2**128
"""What is factored in milliseconds, whatever its factors."""

_WORD = 2**63
"""From which a prime is too large for :class:`flint.nmod_mat`."""

_SMALL_PRIMES = [p for p in range(2, 1000) if all(p % q for q in range(2, math.isqrt(p) + 1))]

Row = Sequence[int]


class Unfinished(ArithmeticError):
    """Not every combination could be looked at: keys that were not made for it have no such divisors."""


def hidden(rows: Sequence[Row], owner: IntArray, most: int, seed: bytes) -> Iterator[Residue]:
    """Remainders of combinations of r >= 2 scores that live on at most ``most`` blocks, and on at most half of those on
    which some score has a weight; but for those modulo 2 to 16 where :func:`.residues.scanned` looks at all.

    Also those modulo 11 and more on more blocks, up to half of them where r is small (:func:`_reach`), of combinations
    that are not counted as they are: neither a row of Z nor a sum or difference of two.
    rows: Z, saturated; owner: int64 ``[f]``, the block of each column. seed: which minors are taken depends on it; it
    must not be known to who asks. Raises :class:`Unfinished`. Cost: :func:`minors_needed` determinants of r columns,
    and a kernel for each of them and prime that divides it and another.
    """
    scores = _Scores(rows, owner)
    few, found = min(most, len(scores.blocks) // 2), set[tuple[int, ...]]()
    reach = _reach(len(scores.blocks), len(rows), few)
    for combination, prime in scores.suspects(few, reach, seed):
        blocks = scores.blocks_of(scores.word(combination, prime))
        size, allowed = len(blocks), few if _is_counted(combination, prime) else reach
        if not 1 <= size <= allowed or blocks in found or (size <= few and scores.is_scanned(prime)):
            continue
        found.add(blocks)
        said = (scores.residue(combination, prime), *scores.remainders(blocks))
        yield from (one for one in said if size <= few or one.modulus >= _LEAST_WIDE)


def on_few_for_certain(rows: Sequence[Row], owner: IntArray, most: int, seed: bytes) -> list[list[int]]:
    """Combinations of up to four scores that are zero outside at most half of the blocks, rows over the free
    coordinates; most, seed and cost as for :func:`hidden`."""
    scores = _Scores(rows, owner)
    half, found = len(scores.blocks) // 2, dict[tuple[int, ...], None]()
    if len(rows) > _MOST_WIDE:
        return []
    for columns in scores.drawn_sets(seed, _reach(len(scores.blocks), len(rows), min(most, half))):
        for row in scores.zero_on(columns):
            if len(scores.blocks_of(np.array(row, dtype=object))) <= half:
                found[tuple(row)] = None
    return [list(row) for row in found]


def _reach(blocks: int, rank: int, few: int) -> int:
    """The most blocks, ``few`` or more, and at most half of all, that some of 64 minors are sure to miss."""
    wider = range(blocks // 2, few, -1) if rank <= _MOST_WIDE else ()
    return next((size for size in wider if minors_needed(blocks, rank, size) <= _WIDE_MINORS), few)


def _is_counted(combination: Row, prime: int) -> bool:
    """Whether a combination modulo a prime is a multiple of one score, or of a sum or difference of two."""
    used = [value for value in combination if value]
    return len(used) == 1 or (len(used) == 2 and sum(used) % prime == 0) or (len(used) == 2 and used[0] == used[1])


def minors_needed(blocks: int, rank: int, few: int) -> int:
    """How many sets of ``rank`` blocks it takes for two to miss any ``few`` of all blocks, but for one in a million."""
    if blocks < rank + few:
        return _MOST_MINORS
    missing = math.comb(blocks - few, rank) / math.comb(blocks, rank)
    for count in range(2, _MOST_MINORS):
        if (1 - missing) ** count + count * missing * (1 - missing) ** (count - 1) <= _MISSED:
            return count
    return _MOST_MINORS


def _common_primes(minors: Sequence[int]) -> list[int]:
    """The primes that divide two of the minors."""
    common = {math.gcd(a, b) for a, b in combinations(minors, 2)} - {1}
    return sorted({prime for divisor in common for prime in _primes_of(divisor, common)})


def _primes_of(number: int, others: Collection[int]) -> list[int]:
    """The primes of a number; a large one is split by others first, since they are not factored."""
    if number < _LARGEST_FACTORED:
        return [int(prime) for prime, _ in fmpz(number).factor()]
    if fmpz(number).is_prime():
        return [number]
    for other in (*_SMALL_PRIMES, *others):
        common = math.gcd(number, other)
        if 1 < common < number:
            return [*_primes_of(common, others), *_primes_of(number // common, others)]
    raise Unfinished("minors share a divisor that takes too long to factor")


class _Scores:
    """Z, with the blocks on which some score has a weight."""

    def __init__(self, rows: Sequence[Row], owner: IntArray) -> None:
        self._rows = rows
        self._owner = owner
        self._columns: AnyArray = np.array([list(row) for row in rows], dtype=object)
        self._widest = max(abs(value) for row in rows for value in row)
        self._narrow = self._columns.astype(np.int64) if self._widest < _WORD else None
        used = np.flatnonzero((self._columns != 0).any(axis=0))
        self._places = {block: used[owner[used] == block] for block in np.unique(owner[used]).tolist()}
        self.blocks = list(self._places)
        self._direction = {place: _direction(self._columns[:, place].tolist()) for place in used.tolist()}

    def suspects(self, few: int, reach: int, seed: bytes) -> Iterator[tuple[list[int], int]]:
        """Combinations, and the primes modulo which they may live on so many blocks."""
        modulo = _unknown_prime(seed)
        sets = [self._independent(columns, modulo) for columns in self.drawn_sets(seed, reach)]
        minors = [abs(int(self._part(columns).det())) for columns in sets]
        different = {tuple(columns): minor for columns, minor in zip(sets, minors, strict=True)}
        for prime in _common_primes(minors):
            if self.is_scanned(prime) and reach == few:
                continue
            size = 0 if self.is_scanned(prime) else few
            for columns, minor in different.items():
                if minor % prime == 0:
                    yield from ((c, prime) for c in self._vanishing_on(columns, prime, size))

    def is_scanned(self, prime: int) -> bool:
        """Whether all combinations modulo a prime are looked at elsewhere, as far as they live on few blocks."""
        return prime <= LARGEST_SCANNED and prime ** len(self._rows) <= MOST_COMBINATIONS

    def drawn_sets(self, seed: bytes, reach: int) -> Iterator[list[int]]:
        """One column of each block, in random order, and of those with the same direction the first one: so many times
        that the first ones miss any ``reach``. (What vanishes on a column does so on its multiples, which add nothing
        to a minor: with many of them, hardly a minor would be of columns on which a combination vanishes.)"""
        ways = len({self._direction[self._places[block][0]] for block in self.blocks})
        count = minors_needed(ways, len(self._rows), min(reach, ways))
        for numbers in uniforms(seed, "minors", count, len(self.blocks)):
            chosen = dict[tuple[int, ...], tuple[float, int]]()
            for block, number in zip(self.blocks, numbers.tolist(), strict=True):
                place = self._some_place(block, number)
                chosen.setdefault(self._direction[place], (number, place))
            yield [place for _, place in sorted(chosen.values())]

    def _independent(self, columns: list[int], prime: int) -> list[int]:
        """r columns that are independent modulo a prime, of the first ones if they can be. Z is saturated: modulo every
        prime there are as many."""
        rank = len(self._rows)
        for some in (columns[: 3 * rank], columns):
            chosen = [some[i] for i in pivots(self._part(some), prime)]
            if len(chosen) == rank:
                return chosen
        every = [*columns, *self._all_places()]
        return [every[i] for i in pivots(self._part(every), prime)]

    def zero_on(self, columns: list[int]) -> Iterator[list[int]]:
        """The combinations, without common divisor, that are zero on the first r of these columns."""
        basis, count = self._part(columns[: len(self._rows)]).transpose().nullspace()
        for mix in basis.transpose().tolist()[:count]:
            divisor = math.gcd(*map(int, mix))
            row = (np.array([int(v) // divisor for v in mix], dtype=object) @ self._columns).tolist()
            yield max(row, [-value for value in row])

    def _some_place(self, block: int, number: float) -> int:
        places = self._places[block]
        return int(places[int(number * 2**20) % len(places)])

    def _all_places(self) -> list[int]:
        return [place for places in self._places.values() for place in places.tolist()]

    def _part(self, columns: Sequence[int]) -> fmpz_mat:
        return fmpz_mat(self._columns[:, list(columns)].tolist())

    def _vanishing_on(self, columns: Sequence[int], prime: int, few: int) -> Iterator[list[int]]:
        """Combinations modulo a prime that are zero on some columns: a basis, and those that live on few blocks."""
        kernel = _kernel([[int(row[i]) for i in columns] for row in self._rows], prime)
        yield from kernel
        if len(kernel) < 2 or not few:
            return
        if len(kernel) > _LARGEST_KERNEL:
            raise Unfinished("the scores have too many relations modulo a prime")
        words = [self.word(combination, prime).tolist() for combination in kernel]
        owners = {i: frozenset({block}) for i, block in enumerate(self._owner.tolist())}
        for blocks in supports(Span(words, prime=prime, traced=False), owners, few):
            outside = [i for i, block in enumerate(self._owner.tolist()) if block not in blocks]
            for mixed in _kernel([[word[i] for i in outside] for word in words], prime)[:1]:
                yield [
                    sum(m * c[j] for m, c in zip(mixed, kernel, strict=True)) % prime for j in range(len(self._rows))
                ]

    def word(self, combination: Sequence[int], modulus: int) -> AnyArray:
        """A combination modulo a number, integers ``[f]``."""
        if self._narrow is not None and modulus * self._widest * len(combination) < _WORD:
            return np.asarray(np.array(combination, dtype=np.int64) @ self._narrow % modulus)
        return np.asarray(np.array(list(combination), dtype=object) @ self._columns % modulus)

    def blocks_of(self, word: AnyArray) -> tuple[int, ...]:
        """The blocks on which it is not zero."""
        return tuple(np.unique(self._owner[word != 0]).tolist())

    def residue(self, combination: Sequence[int], modulus: int) -> Residue:
        """The same, with its blocks."""
        word = self.word(combination, modulus)
        return Residue(modulus, tuple(word.tolist()), self.blocks_of(word), tuple(int(c) for c in combination))

    def remainders(self, blocks: Sequence[int]) -> Iterator[Residue]:
        """What the scores say of some blocks whatever the others are: a remainder for each generator of the characters
        of Z^r modulo the lattice of the others' columns, c/g with ``c Z = 0 mod g`` outside."""
        outside = np.flatnonzero(~np.isin(self._owner, list(blocks))).tolist()
        lattice = generated(self._part(outside))
        if lattice.nrows() < len(self._rows):  # some combination lives on these blocks for certain
            return
        inverse = lattice.inv()
        if not isinstance(inverse, fmpq_mat):  # pragma: no cover (for the type checker: flint gives rationals here)
            raise TypeError("an inverse over the rationals")
        for column in inverse.transpose().tolist():
            divisor = math.lcm(*(int(value.q) for value in column))
            if divisor > 1:
                yield self.residue([int(value.p) * (divisor // int(value.q)) % divisor for value in column], divisor)


def _unknown_prime(seed: bytes) -> int:
    """A prime of 61 bits. Where a combination vanishes modulo a prime, its columns are not independent modulo that one:
    were it known which one is asked, no minor would show what was made for it."""
    number = fmpz(2**60 + int(uniforms(seed, "independent", 1, 1)[0, 0] * 2**60))
    while not number.is_prime():
        number += 1
    return int(number)


def _direction(column: Row) -> tuple[int, ...]:
    """The column without its common divisor, and with a positive first number."""
    divisor = math.gcd(*column)
    leading = next(value for value in column if value)
    return tuple(value // (divisor if leading > 0 else -divisor) for value in column)


def _kernel(matrix: Sequence[Row], prime: int) -> list[list[int]]:
    """A basis of the combinations of rows that vanish modulo a prime."""
    if prime < _WORD:
        turned = nmod_mat(fmpz_mat([list(row) for row in matrix]).transpose(), prime)
        basis, count = turned.nullspace()
        table = basis.transpose().tolist()
        return [[int(value) for value in row] for row in table[:count]]
    span, found = Span(prime=prime), list[list[int]]()
    for index, row in enumerate(matrix):
        used = span.witness(row)
        if used is None:
            span.add(row)
            continue
        span.count += 1
        found.append([-used.get(i, 0) % prime if i != index else 1 for i in range(len(matrix))])
    return found
