"""The two linear forms whose product a quadratic form is, if it is one.

The result of u(x) w(x) is an integer that factors, and the results of several u_h w have w as common divisor: so a
key of such a form counts as the keys of u and of w. Integers and fractions throughout.

A form is given as a polynomial on the records that a schema can hold, so a product has lost what is known to vanish:
of the matrix ``S = u w^T + w u^T``, the entries within a yes/no column, a category or thresholds are unknown (squares
became linear, products zero), and those between public columns are. They are filled in from the others, which S, of
rank 2 at most, determines as soon as some minor outside the column is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

from pyfe.leakage.hidden_products import most_like_products
from pyfe.leakage.monomials import Linear, Monomials, Polynomial
from pyfe.leakage.span import PAIRING_ORDER, Span, rational

__all__ = ["factors", "primitive", "product_candidates"]

Rows: TypeAlias = "dict[int, dict[int, int]]"
Minor: TypeAlias = "tuple[int, int, int, int]"
"""Rows i, j and columns k, l; i = j and k = l stand for a single entry."""

_STARTS = 6
"""Rows with which the search for a minor begins."""

_FEW = 3

_TRIPLES = 24
"""Minors of size 3 looked at for a pair of forms that has none but zeros."""

_SMALL_PRIMES = (257, 263, 269)
_LIFTED_BITS = 512


def factors(
    form: Polynomial, space: Monomials, beside: Sequence[Mapping[int, int]] = (), *, modulus: int = PAIRING_ORDER
) -> tuple[Linear, Linear] | None:
    """Linear forms (u, w), primitive, with ``form = c (u + a)(w + b) + d`` on all records, d what is known.

    Parameters
    ----------
    form: a polynomial in the normal form of ``space``.
    beside: linear forms in normal form that are known, as what everybody knows is.
    modulus: the prime modulo which whoever knows them can combine them, the scheme's.

    Returns u and w without constants, in terms of the levels and thresholds of the schema; None if there is no such
    pair. Where u lives on one or two yes/no columns, categories or thresholds, w may say anything of these: it is
    given without them, and as {} unless it says something of three columns besides. Cost: O(n) for most forms without
    factors, O(n^2) for others.
    """
    matrix = _Matrix(form, space, beside, modulus)
    found = matrix.product() or matrix.on_few_blocks()
    return None if found is None else (matrix.out(found[0]), matrix.out(found[1]))


def product_candidates(forms: Sequence[Polynomial], space: Monomials) -> tuple[list[list[int]], bool]:
    """Combinations of quadratic forms, by their coefficients, among which all that are products stand; and whether that
    is so: False where there are more than could be told apart.

    Of two forms, the rational roots of a minor of size 3, which vanishes where the rank is 2; forms that have only
    minors that vanish everywhere are looked at as sum and difference. Of more forms also what
    :func:`pyfe.leakage.hidden_products.most_like_products` finds. Cost: O(n^2) for each pair.
    """
    matrices = [_Matrix(form, space) for form in forms]
    tried = [_unit(len(forms), {i: 1}) for i in range(len(forms))]
    for i, j in combinations(range(len(forms)), 2):
        roots = _roots_of(matrices[i], matrices[j])
        tried += [_unit(len(forms), {i: q, j: p}) for q, p in ([(1, 1), (1, -1)] if roots is None else roots)]
    if len(forms) <= 2:
        return tried, True
    found = most_like_products([matrix.rows for matrix in matrices], matrices[0].known, tried)
    return tried + (found or []), found is not None


def _unit(size: int, values: Mapping[int, int]) -> list[int]:
    return [values.get(i, 0) for i in range(size)]


def primitive(form: Mapping[int, int]) -> tuple[Linear, int]:
    """``(form / content, content)``; the content takes the sign of the first coefficient. Empty forms: content 0."""
    content = math.gcd(*form.values())
    if not content:
        return {}, 0
    content = -content if form[min(form)] < 0 else content
    return {i: v // content for i, v in form.items()}, content


class _Matrix:
    """The known entries of ``S`` over the levels of a record, and its linear part."""

    def __init__(
        self,
        form: Polynomial,
        space: Monomials,
        beside: Sequence[Mapping[int, int]] = (),
        modulus: int = PAIRING_ORDER,
    ) -> None:
        self.space = space
        self.modulus = modulus
        self.beside = [space.to_levels(part) for part in beside]
        rows: Rows = {}
        linear: Linear = {}
        for (i, j), value in form.items():
            if i == 0:
                linear[j] = value
                continue
            rows.setdefault(i, {})[j] = value if i != j else 2 * value
            rows.setdefault(j, {})[i] = value if i != j else 2 * value
        self.rows = _levels_of(rows, space)
        self.linear = space.to_levels(linear)

    def known(self, a: int, b: int) -> bool:
        """Whether the entry is determined by the form."""
        left, right = self.space.block(a), self.space.block(b)
        return left != right or (self.space.squares(a) and self.space.squares(b))

    def out(self, form: Linear) -> Linear:
        """Levels back as the schema codes them, primitive."""
        return primitive(self.space.from_levels(form))[0]

    # -- a product in general --

    def product(self) -> tuple[Linear, Linear] | None:
        """By two rows of S, filled up."""
        for i, j in self._row_pairs():
            found = self._split(i, j)
            if found and self._is_product(*found):
                return found
        return None

    def _row_pairs(self) -> list[tuple[int, int]]:
        minor = self._minor(None)
        return [] if minor is None else [(minor[0], minor[1]), (minor[2], minor[3])]

    def _minor(self, avoided: int | None) -> Minor | None:
        """A minor of known entries outside a block that is not zero; of size 1 where none of size 2 is found."""
        rows = [i for i in self.rows if self.space.block(i) != avoided]
        entry: Minor | None = None
        for i in rows[:_STARTS]:
            k = next((k for k in self.rows[i] if self.space.block(k) != avoided and self.known(i, k)), None)
            if k is None:
                continue
            entry = entry or (i, i, k, k)
            for j in rows:
                if j == i or not self.known(j, k):
                    continue
                for el in {**self.rows[i], **self.rows[j]}:
                    usable = el != k and self.space.block(el) != avoided and self.known(i, el) and self.known(j, el)
                    if usable and self._determinant(i, j, k, el):
                        return (i, j, k, el)
        return entry

    def _determinant(self, i: int, j: int, k: int, el: int) -> int:
        row, other = self.rows[i], self.rows[j]
        return row.get(k, 0) * other.get(el, 0) - row.get(el, 0) * other.get(k, 0)

    @cached_property
    def _minors(self) -> dict[int, Minor | None]:
        return {}

    def _entry(self, a: int, b: int) -> Fraction | None:
        """An entry, filled up where it is unknown; None where that cannot be done."""
        if self.known(a, b):
            return Fraction(self.rows.get(a, {}).get(b, 0))
        block = self.space.block(a)
        if block not in self._minors:
            self._minors[block] = self._minor(block)
        minor = self._minors[block]
        if minor is None:
            return None
        i, j, k, el = minor
        row, across = self.rows.get(a, {}), self.rows.get(b, {})
        if i == j:
            return Fraction(row.get(k, 0) * across.get(i, 0), self.rows[i][k])
        x, y = row.get(k, 0), row.get(el, 0)
        p, q, r, s = (self.rows[m].get(c, 0) for m in (i, j) for c in (k, el))
        e, f = across.get(i, 0), across.get(j, 0)
        return Fraction(x * (s * e - q * f) + y * (p * f - r * e), p * s - q * r)

    def _row(self, i: int) -> dict[int, Fraction] | None:
        """A whole row of S."""
        inside = [b for b in self.space.block_levels(i) if b in self.rows]
        row = {b: Fraction(v) for b, v in self.rows[i].items()}
        for b in inside:
            value = self._entry(i, b)
            if value is None:
                return None
            row[b] = value
        return {b: v for b, v in row.items() if v}

    def _split(self, i: int, j: int) -> tuple[Linear, Linear] | None:
        """u and w from the minor ``((p, q), (q, r))``: S is a multiple of ``r a^2 - 2q ab + p b^2`` for rows a, b."""
        a, b = self._row(i), self._row(j)
        if not a or not b:
            return None
        p, q, r = a.get(i, Fraction()), a.get(j, Fraction()), b.get(j, Fraction())
        square = q * q - p * r
        if i == j or not square:
            whole = _whole(a)
            return whole, whole
        top, bottom = math.isqrt(max(square.numerator, 0)), math.isqrt(square.denominator)
        if Fraction(top * top, bottom * bottom) != square:
            return None
        root = Fraction(top, bottom)
        if r:
            return _whole(_sum(r, a, -q - root, b)), _whole(_sum(r, a, root - q, b))
        return _whole(b), _whole(_sum(-2 * q, a, p, b))

    def _is_product(self, u: Linear, w: Linear) -> bool:
        """Whether the form is ``c (u + a)(w + b) + d`` on all records."""
        i = next(iter(self.rows))
        j, value = next(iter(self.rows[i].items()))
        scale = u.get(i, 0) * w.get(j, 0) + u.get(j, 0) * w.get(i, 0)
        if not scale:
            return False
        for a in {**u, **w, **self.rows}:
            row = self.rows.get(a, {})
            for b in {**u, **w, **row}:
                entry = u.get(a, 0) * w.get(b, 0) + u.get(b, 0) * w.get(a, 0)
                if self.known(a, b) and scale * row.get(b, 0) != value * entry:
                    return False
        squares = {b: u.get(b, 0) * w.get(b, 0) for b in u if not self.space.squares(b)}
        rest = {b: scale * self.linear.get(b, 0) - value * squares.get(b, 0) for b in {**self.linear, **squares}}
        return self._follows(rest, u, w)

    def _follows(self, rest: Linear, *forms: Linear) -> bool:
        """Whether the private part of a linear form is a combination, modulo the scheme's prime, of those of others and
        of what is known."""
        rows = [*self.beside, *forms, rest]
        used = [b for b in {b for row in rows for b in row} if self.space.owner[b] is not None]
        *others, row = [[part.get(b, 0) for b in used] for part in rows]
        return row in Span(others, prime=self.modulus, traced=False)

    # -- one factor on very few columns --

    def on_few_blocks(self) -> tuple[Linear, Linear] | None:
        """u on up to three columns of levels (or on public ones), w beside: ``S[beside, beside] = 0``."""
        seen: set[frozenset[int]] = set()
        for k, row in self.rows.items():
            blocks = frozenset(self.space.block(b) for b in row)
            if len(blocks) > _FEW or blocks in seen or any(self.space.squares(b) for b in row):
                continue
            seen.add(blocks)
            if self.space.block(k) not in blocks and (found := self._apart(blocks, _whole(_fractions(row)))):
                return found
        return None

    def _apart(self, blocks: frozenset[int], u: Linear) -> tuple[Linear, Linear] | None:
        beside = {a: row for a, row in self.rows.items() if self.space.block(a) not in blocks}
        i = min(u)
        w = {a: row[i] for a, row in beside.items() if row.get(i)}
        for a, row in beside.items():
            if {*row} - {*u} or any(u[i] * row.get(b, 0) != u[b] * w.get(a, 0) for b in u):
                return None
        if len(blocks) == _FEW:
            w = self._completed(u, {a: Fraction(v, u[i]) for a, v in w.items()})
            return (u, w) if w and self._is_product(u, w) else None
        if self._is_product(u, w):
            return u, w
        # what w says of u's own columns can be chosen so that everything there fits; it is counted without them
        rest = {b: v for b, v in self.linear.items() if self.space.block(b) not in blocks}
        wide = len({self.space.block(a) for a in w}) >= _FEW
        return (u, w if wide else {}) if self._follows(rest, w) else None

    def _completed(self, u: Linear, w: Mapping[int, Fraction]) -> Linear:
        """w with its entries where u has its own, if these are three yes/no answers: by their three products."""
        if len(u) != _FEW:
            return {}
        (a, b, c) = u
        ratios = {(i, j): Fraction(self.rows.get(i, {}).get(j, 0), u[i] * u[j]) for i in u for j in u if i != j}
        own = {
            i: u[i] * (ratios[i, j] + ratios[i, k] - ratios[j, k]) / 2 for i, j, k in ((a, b, c), (b, a, c), (c, a, b))
        }
        return _whole({**w, **own})


def _levels_of(rows: Rows, space: Monomials) -> Rows:
    """Both sides of a symmetric matrix in terms of levels."""
    half = {i: space.to_levels(row) for i, row in rows.items()}
    turned: Rows = {}
    for i, row in half.items():
        for j, value in row.items():
            turned.setdefault(j, {})[i] = value
    whole = {j: space.to_levels(row) for j, row in turned.items()}
    return {j: row for j, row in whole.items() if row}


def _fractions(row: Mapping[int, int]) -> dict[int, Fraction]:
    return {i: Fraction(v) for i, v in row.items()}


def _whole(row: Mapping[int, Fraction]) -> Linear:
    """The primitive integer multiple."""
    scale = math.lcm(1, *(v.denominator for v in row.values()))
    return primitive({i: int(v * scale) for i, v in row.items() if v})[0]


def _sum(x: Fraction, a: Mapping[int, Fraction], y: Fraction, b: Mapping[int, Fraction]) -> dict[int, Fraction]:
    return {i: x * a.get(i, 0) + y * b.get(i, 0) for i in {**a, **b}}


# ---------------------------------------------------------------------------------------------------------------
# Pairs of forms


def _roots_of(first: _Matrix, second: _Matrix) -> list[tuple[int, int]] | None:
    """``(q, p)`` for the rational roots p/q of a minor of ``first + t second``; None if all minors looked at vanish."""
    for rows, columns in _triples(first, second):
        values = [_minor_of_three(first.rows, second.rows, t, rows, columns) for t in range(4)]
        cubic = _interpolated(values)
        if any(cubic):
            return [(q, p) for p, q in _rational_roots(cubic)]
    return None


def _triples(first: _Matrix, second: _Matrix) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Rows and columns of minors without unknown entries, the fullest rows first."""
    used = {**first.rows, **second.rows}
    full = sorted(used, key=lambda i: (-len(first.rows.get(i, {})) - len(second.rows.get(i, {})), i))
    blocks: dict[int, int] = {}
    for i in full:
        blocks.setdefault(first.space.block(i), i)
    chosen = list(blocks.values())[:12]
    count = 0
    for rows in combinations(chosen, 3):
        others = [i for i in chosen if i not in rows] + [i for i in rows if first.space.squares(i)]
        for columns in combinations(others, 3):
            count += 1
            if count > _TRIPLES:
                return
            yield rows, columns


def _minor_of_three(first: Rows, second: Rows, t: int, rows: tuple[int, ...], columns: tuple[int, ...]) -> int:
    (a, b, c), (d, e, f), (g, h, i) = (
        [first.get(r, {}).get(k, 0) + t * second.get(r, {}).get(k, 0) for k in columns] for r in rows
    )
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _interpolated(values: list[int]) -> list[int]:
    """6 times the coefficients, constant first, of the cubic with these values at 0, 1, 2, 3."""
    a, b, c, d = values
    return [6 * a, -11 * a + 18 * b - 9 * c + 2 * d, 6 * a - 15 * b + 12 * c - 3 * d, -a + 3 * b - 3 * c + d]


def _rational_roots(coefficients: list[int]) -> set[tuple[int, int]]:
    """All rational roots ``(p, q)``: those modulo a small prime, lifted, and those of derivatives for multiple ones."""
    roots: set[tuple[int, int]] = set()
    derived = coefficients
    while len(derived) > 1:
        for prime in _SMALL_PRIMES:
            roots |= {root for root in _lifted_roots(derived, prime) if _is_root(coefficients, *root)}
        derived = [i * c for i, c in enumerate(derived)][1:]
    return roots


def _lifted_roots(coefficients: list[int], prime: int) -> Iterator[tuple[int, int]]:
    slope = [i * c for i, c in enumerate(coefficients)][1:]
    for start in range(prime):
        if _value(coefficients, start) % prime or not _value(slope, start) % prime:
            continue
        root, modulus = start, prime
        while modulus.bit_length() < _LIFTED_BITS:
            modulus *= modulus
            root = (root - _value(coefficients, root) * pow(_value(slope, root), -1, modulus)) % modulus
        found = rational(root, modulus)
        if found is not None:
            yield found


def _value(coefficients: list[int], at: int) -> int:
    total = 0
    for c in reversed(coefficients):
        total = total * at + c
    return total


def _is_root(coefficients: list[int], p: int, q: int) -> bool:
    degree = len(coefficients) - 1
    return not sum(c * p**i * q ** (degree - i) for i, c in enumerate(coefficients))
