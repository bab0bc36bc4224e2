"""The exact rules for quadratic forms: what a request would open, together with every key issued before.

Forms are linearised: a key for F gives one linear combination of the monomials x_i x_j, and pooled keys give the span
of theirs, modulo the group order. On top of the span, two things count as known that no elimination sees:

- *factors*: a form u(x) w(x) counts as the two linear forms u and w, a square <P, x>^2 as P (its sign is lost). So does
  every unit of factored keys that the keys single out: all units of a network, once it has as many independent
  scores as units.
- *products*: linear forms that are known have known products.

A form is judged by what is left of it once everything is taken out that vanishes on all records
(:mod:`pyfe.leakage.monomials`), and outputs that depend on others are not counted: whoever asks chooses how a form is
written, in which basis and order, and together with which others.

Monomials are not independent, however: they all come from n coordinates, and n quadratic equations usually have one
solution. No span shows that; the rule on the number of forms stands for it (:func:`most_forms`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from typing import TypeAlias

import numpy as np

from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage.factors import factors, primitive, product_candidates
from pyfe.leakage.findings import Finding, Lines, group_size
from pyfe.leakage.monomials import Linear, Monomial, Monomials, Polynomial
from pyfe.leakage.span import PAIRING_ORDER, PAIRING_PRIMES, Span, integer_combination, supports
from pyfe.schema import Schema

__all__ = ["LINEAR_WEIGHT_BITS", "QuadraticAccount", "check_quadratic", "most_forms"]

LINEAR_WEIGHT_BITS = 16
"""Widest weights of a linear function: wider ones read several coordinates from one integer. A quadratic function
multiplies weights of 16 bits with columns of 8 for its linear part; a linear one may not use that room."""

_MOST_CELLS = 3 * 10**7
"""Multiplications that one elimination may take (a few seconds); beyond, units are not multiplied out."""

_MOST_ENTRIES = 4 * 10**5
"""Coefficients that independent forms may have together (a minute); beyond, units are not multiplied out, and forms are
not looked at."""

_MOST_REDUCED = 10**7
"""Multiplications that it may take to find the independent ones; beyond, forms are not looked at."""

_MOST_BRANCHES = 10**5
"""Sets of columns that the search for forms on few of them may look at."""

_MOST_COMBINED = 12
"""Most quadratic forms whose combinations are looked at for factors."""

_INDIRECTLY = "counting the factors and products of what is open"


def most_forms(schema: Schema) -> int:
    """Most independent quadratic forms by the default rule: ``max(1, floor(n_b / 8))`` for n_b private columns."""
    return max(1, _private_columns(schema) // 8)


def _private_columns(schema: Schema) -> int:
    space = Monomials(schema)
    return len({space.owner[i] for i in space.private})


def check_quadratic(
    issued: Iterable[Forms], request: Forms, schema: Schema, max_blocks: int | None = None
) -> list[Finding]:
    """What ``request`` opens together with ``issued`` and what everybody knows; an empty list means nothing exact.

    Parameters
    ----------
    issued, request: forms over the augmented coordinates ``(1, x_1, .., x_n)``; a linear function is a form whose row
        0 holds its weights, and is accounted in the same space. A constant term says nothing.
    schema: one-hot, threshold and constant relations (:mod:`pyfe.leakage.monomials`) and public columns count as
        known to everybody. The product of a public and a private column counts as a monomial of its own: the keys are
        *not* looked at for every single value of the public columns.
    max_blocks: as for :func:`pyfe.leakage.check_linear`.

    Returns findings that ``issued`` alone does not have: those of the linear rules, products that come open, "weights"
    for linear content that a linear function could not have, and "keys" for more than :func:`most_forms` independent
    quadratic forms. Linear algebra modulo the order of BLS12-381 and modulo 2^61 - 1; a finding modulo either counts.
    Factors are looked for in every form given, every unit, and all combinations of independent forms. Where
    factored forms are too wide to be multiplied out, each unit is one unknown; a finding "checked in part" then says
    what was not looked for, and refuses.
    Cost: O(r^2 D) per elimination for r independent forms with D different monomials (64 dense columns: seconds), and
    O(r D) for every output besides; :class:`QuadraticAccount` keeps what was issued reduced.
    """
    account = QuadraticAccount(schema)
    for forms in issued:
        account = account.with_forms(forms)
    return account.with_forms(request).findings(account, max_blocks)


# ---------------------------------------------------------------------------------------------------------------
# Forms as rows


@dataclass(frozen=True, order=True)
class _Unit:
    """The product of two linear forms, kept as one unknown; each a sorted list of (coordinate, coefficient)."""

    left: tuple[tuple[int, int], ...]
    right: tuple[tuple[int, int], ...]


Column: TypeAlias = Monomial | _Unit
Row: TypeAlias = "dict[Column, int]"


def _row(polynomial: Polynomial) -> Row:
    return {monomial: value for monomial, value in polynomial.items()}  # noqa: C416  a dict of another type


def _is_linear(column: Column) -> bool:
    return not isinstance(column, _Unit) and column[0] == 0


class _Reader:
    """Forms as rows over units, and over monomials."""

    def __init__(self, schema: Schema) -> None:
        self.space = Monomials(schema)

    def unit_rows(self, forms: Forms) -> list[Row]:
        """One row a form: over units where the forms are factored, else over monomials."""
        if not isinstance(forms, FactoredForms):
            return self.rows(forms)
        units = [self._unit(u, v) for u, v in zip(forms.U.tolist(), forms.V.tolist(), strict=True)]
        return [_combined(line, units) for line in forms.Q.tolist()]

    def rows(self, forms: Forms) -> list[Row]:
        """One row a form, over monomials."""
        return [_row(self.space.polynomial(form)) for form in _monomials(forms)]

    def _unit(self, u: list[int], v: list[int]) -> Row:
        """``<u, z> <v, z>`` as a multiple of one unit; as monomials where everybody knows one of the factors."""
        left, right = (self.space.linear({i: x for i, x in enumerate(part) if x}) for part in (u, v))
        if not (self.private(left) and self.private(right)):
            return _row(self.space.product(left, right))
        (a, x), (b, y) = primitive(left), primitive(right)
        return {_Unit(*sorted((tuple(sorted(a.items())), tuple(sorted(b.items()))))): x * y}

    def private(self, form: Mapping[int, int]) -> Linear:
        """A linear form without what everybody knows."""
        return {i: v for i, v in form.items() if self.space.owner[i] is not None}

    def counts_as(self, column: Column) -> list[Linear]:
        """The linear forms that a product is counted as once it is open."""
        if isinstance(column, _Unit):
            return [self.private(dict(column.left)), self.private(dict(column.right))]
        return [{i: 1} for i in column if self.space.owner[i] is not None]

    def owners(self, column: Column) -> frozenset[int]:
        """The private columns of the schema that a monomial or unit says something about."""
        if isinstance(column, _Unit):
            return frozenset().union(*(self.space.owners((0, i)) for i, _ in (*column.left, *column.right)))
        return self.space.owners(column)

    def touches(self, column: Column, block: int) -> bool:
        """Whether every monomial of it has a factor in this column of the schema."""
        if isinstance(column, _Unit):
            sides = ({self.space.owner[i] for i, _ in part} for part in (column.left, column.right))
            return any(side == {block} for side in sides)
        return block in self.space.owners(column)

    def row(self, form: Mapping[int, int]) -> Row:
        """A linear form as a row."""
        return _row(self.space.polynomial({(0, i): v for i, v in form.items()}))


def _terms(forms: Forms) -> int:
    """Most monomials a form may have, multiplied out."""
    if not isinstance(forms, FactoredForms):
        return int(np.bincount(forms.output, minlength=1).max())
    used = int((np.abs(forms.U).any(axis=0) | np.abs(forms.V).any(axis=0)).sum())
    return used * (used + 1) // 2


def _monomials(forms: Forms) -> list[dict[Monomial, int]]:
    """Per form, the coefficient of ``z_i z_j``, i <= j."""
    listed = []
    for row, column, value in forms.terms():
        form: dict[Monomial, int] = {}
        for i, j, v in zip(row.tolist(), column.tolist(), value.tolist(), strict=True):
            monomial = (min(i, j), max(i, j))
            form[monomial] = form.get(monomial, 0) + v
        listed.append({monomial: v for monomial, v in form.items() if v})
    return listed


def _combined(weights: Sequence[int], rows: Sequence[Row]) -> Row:
    total: Row = {}
    for weight, row in zip(weights, rows, strict=True):
        for column, value in row.items():
            total[column] = total.get(column, 0) + weight * value
    return {column: value for column, value in total.items() if value}


# ---------------------------------------------------------------------------------------------------------------
# What follows from some rows


class _Spanned:
    """A span with named columns, products first: so basis rows with a linear pivot are the linear forms in it."""

    def __init__(
        self,
        rows: Sequence[Row],
        linear: Sequence[int],
        prime: int,
        *,
        first: Collection[Column] = (),
        traced: bool = False,
    ) -> None:
        products = {column for row in rows for column in row if not _is_linear(column)}
        self.columns: list[Column] = sorted(products, key=lambda c: (c not in first, isinstance(c, _Unit), c))
        self.products = len(self.columns)
        self.columns += [(0, i) for i in linear]
        self._index = {column: position for position, column in enumerate(self.columns)}
        self.span = Span((self.dense(row) for row in rows), prime=prime, traced=traced)

    def dense(self, row: Row) -> list[int]:
        """The row as a list over :attr:`columns`."""
        values = [0] * len(self.columns)
        for column, value in row.items():
            values[self._index[column]] = value
        return values

    def __contains__(self, row: Row) -> bool:
        return all(column in self._index for column in row) and self.dense(row) in self.span

    def linear_forms(self) -> list[Linear]:
        """A basis of the linear forms in the span."""
        return [
            {self.columns[i][1]: v for i, v in enumerate(row) if v}  # type: ignore[index]
            for pivot, row in zip(self.span.pivots, self.span.rows(), strict=True)
            if pivot >= self.products
        ]

    def open(self) -> list[Column]:
        """The columns whose value is determined."""
        return [self.columns[i] for i in self.span.open_coordinates()]


class _Known:
    """What some forms determine modulo a prime: ``pooled`` counts factors, ``spanned`` also the products of ``linear``.

    ``linear`` is a basis of all linear forms that are known. What follows from linear forms alone says no more than
    they do; so they are judged by ``pooled``, and ``spanned`` is compared with :meth:`linear_beside`.
    """

    def __init__(self, account: QuadraticAccount, prime: int, *, multiplied: bool) -> None:
        self._reader = account.reader
        self._prime = prime
        self._multiplied = multiplied
        self._rows = account.rows(multiplied=multiplied)
        self._plain = all(_is_linear(column) for row in self._rows for column in row)
        self.squared = True
        self._multiplied_out: tuple[list[Linear] | None, list[Row]] = (None, [])
        singled = _Spanned(account.rows(multiplied=False), self._reader.space.free, prime)
        counted = [*account.factors(multiplied=multiplied)]
        counted += [part for column in singled.open() for part in self._reader.counts_as(column)]
        self.linear = self._independent(counted)
        self.spanned = self._closed()
        self.pooled = self._with(self.linear) if self.linear else self.spanned

    def _closed(self) -> _Spanned:
        """The span of forms, factors and products; again as long as that brings up new linear forms."""
        while True:
            products = self._products()
            spanned = self._with(self.linear, products)
            implied = set(self._spanned((), self.linear, products).open())
            found = spanned.linear_forms()
            found += [
                part for column in spanned.open() if column not in implied for part in self._reader.counts_as(column)
            ]
            linear = self._independent(found)
            if len(linear) == len(self.linear):
                return spanned
            self.linear = linear

    def _with(self, linear: Sequence[Linear], products: Sequence[Row] = ()) -> _Spanned:
        return self._spanned(self._rows, linear, products)

    def _spanned(self, rows: Sequence[Row], linear: Sequence[Linear], products: Sequence[Row]) -> _Spanned:
        # products of a reduced basis are one already, if the products of its pivots come first
        pivots = [next(iter(form)) for form in linear] if products else []
        first: set[Column] = {(min(pair), max(pair)) for pair in combinations_with_replacement(pivots, 2)}
        listed = [*products, *(self._reader.row(form) for form in linear), *rows]
        return _Spanned(listed, self._reader.space.free, self._prime, first=first)

    def _products(self) -> list[Row]:
        count, used = len(self.linear), {column for form in self.linear for column in form}
        rank, monomials = len(self._rows) + count * (count + 1) // 2, len(used) * (len(used) + 1) // 2
        most = _MOST_CELLS // 10 if self._plain else _MOST_CELLS
        affordable = self._multiplied and rank**2 * monomials <= most
        self.squared = affordable or self._plain  # linear forms alone are judged by what they say themselves
        pairs = combinations_with_replacement(self.linear, 2) if affordable else ()
        if self._multiplied_out[0] is not self.linear:
            products = [_row(self._reader.space.product(u, w)) for u, w in pairs]
            self._multiplied_out = (self.linear, products)
        return self._multiplied_out[1]

    def _independent(self, forms: Iterable[Linear]) -> list[Linear]:
        rows = [self._reader.row(form) for form in forms]
        return _Spanned(rows, self._reader.space.free, self._prime).linear_forms()

    def linear_beside(self, other: _Known) -> _Spanned:
        """The span of another's forms with all linear forms known here, and their products."""
        return self._spanned(other._rows, self.linear, self._products())

    def quadratic_rank(self) -> int:
        """Independent forms that are not linear, among the forms alone."""
        spanned = self._with(())
        return sum(pivot < spanned.products for pivot in spanned.span.pivots)


# ---------------------------------------------------------------------------------------------------------------
# What was issued


class _Independent:
    """Rows that do not depend on those before, modulo either prime; unchangeable."""

    def __init__(self) -> None:
        self.rows: tuple[Row, ...] = ()
        self._basis: dict[int, tuple[tuple[Column, Row], ...]] = dict.fromkeys(PAIRING_PRIMES, ())

    def with_row(self, row: Row) -> _Independent:
        """With one more row; itself where the row depends on the others. Cost: O(rank D)."""
        rests = {prime: self._rest(row, prime) for prime in PAIRING_PRIMES}
        if not any(rests.values()):
            return self
        twin = _Independent()
        twin.rows = (*self.rows, row)
        twin._basis = {prime: (*self._basis[prime], *_echelon(rest, prime)) for prime, rest in rests.items()}
        return twin

    def _rest(self, row: Row, prime: int) -> Row:
        rest = {column: v for column, value in row.items() if (v := value % prime)}
        for pivot, basis in self._basis[prime]:
            factor = rest.get(pivot)
            if factor:
                for column, value in basis.items():
                    total = (rest.get(column, 0) - factor * value) % prime
                    if total:
                        rest[column] = total
                    else:
                        rest.pop(column, None)
        return rest


def _echelon(rest: Row, prime: int) -> list[tuple[Column, Row]]:
    if not rest:
        return []
    pivot = next(iter(rest))
    inverse = pow(rest[pivot], -1, prime)
    return [(pivot, {column: value * inverse % prime for column, value in rest.items()})]


class QuadraticAccount:
    """The forms of all keys issued so far, without those that depend on others; unchangeable, to be kept and extended.

    Rows are kept over units and, while these are affordable, over monomials.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.reader = _Reader(schema)
        self.outputs = 0
        self._positions: tuple[int, ...] = ()
        self._over_units = _Independent()
        self._over_monomials = _Independent()
        self._terms = 0
        self.too_large = 0
        self.independent: tuple[Forms, ...] = ()
        self._products: frozenset[tuple[tuple[int, int], ...]] = frozenset()
        self._known: dict[tuple[int, bool], _Known] = {}
        self._factors: dict[bool, list[Linear]] = {}
        self.all_combined = True

    def with_forms(self, forms: Forms) -> QuadraticAccount:
        """The account with the outputs of one more key. Cost: O(rank D) for each output."""
        if (forms.n, forms.m) != (self.schema.n + 1, self.schema.n + 1):
            raise ParameterError(f"forms have {self.schema.n + 1} coordinates (1, x), not {forms.n} and {forms.m}")
        twin = copy(self)
        twin._known, twin._factors = {}, {}
        twin.all_combined = True
        twin.outputs = self.outputs + forms.k
        if not isinstance(forms, FactoredForms) and _terms(forms) > _MOST_ENTRIES:
            twin.too_large += forms.k
            return twin
        given = self.reader.unit_rows(forms)
        kept = [i for i, row in enumerate(given) if twin._adds_unit_row(row)]
        if twin.too_large > self.too_large:
            return twin
        selected = [_selected(forms, kept)] if kept else []
        twin.independent = (*self.independent, *selected)
        twin._terms = max([self._terms, *map(_terms, selected)])
        rows: Iterable[tuple[int, Row]]
        if isinstance(forms, FactoredForms):
            rows = zip(
                kept, (row for part in selected if twin.multiplied for row in self.reader.rows(part)), strict=False
            )
        else:
            rows = enumerate(given)
        for i, row in rows:
            twin._add(row, self.outputs + i)
        return twin

    def _adds_unit_row(self, row: Row) -> bool:
        count = len(self._over_units.rows) + 1
        if count**2 * len(row) > _MOST_REDUCED or count * len(row) > _MOST_ENTRIES:
            self.too_large += 1
            return False
        before, self._over_units = self._over_units, self._over_units.with_row(row)
        return self._over_units is not before

    def _add(self, row: Row, position: int) -> None:
        before, self._over_monomials = self._over_monomials, self._over_monomials.with_row(row)
        if self._over_monomials is not before:
            self._positions = (*self._positions, position)
            return
        found = factors(_polynomial(row), self.reader.space)
        self._products |= {tuple(sorted(part.items())) for part in found or ()}

    @property
    def multiplied(self) -> bool:
        """Whether units can be multiplied out."""
        rows = len(self._over_units.rows)
        return rows**2 * self._terms <= _MOST_CELLS and rows * self._terms <= _MOST_ENTRIES

    def rows(self, *, multiplied: bool) -> tuple[Row, ...]:
        """Independent rows over monomials, or over units."""
        return self._over_monomials.rows if multiplied else self._over_units.rows

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the rows over monomials, the number of the output."""
        return self._positions

    def canonical(self) -> bytes:
        """SHA-512 of the span: the same for every basis and order of the same forms, however they are written (where
        units are not multiplied out, over the same units)."""
        digest = hashlib.sha512(self.schema.id)
        spanned = _Spanned(self.rows(multiplied=self.multiplied), self.reader.space.free, PAIRING_ORDER)
        for _, row in sorted(zip(spanned.span.pivots, spanned.span.rows(), strict=True)):
            entries = [(column, v) for column, v in zip(spanned.columns, row, strict=True) if v]
            digest.update(repr(entries).encode())
        return digest.digest()

    def known(self, prime: int, *, multiplied: bool) -> _Known:
        """What the forms determine modulo a prime."""
        key = (prime, multiplied)
        if key not in self._known:
            self._known[key] = _Known(self, prime, multiplied=multiplied)
        return self._known[key]

    def factors(self, *, multiplied: bool) -> list[Linear]:
        """The linear forms that forms, and combinations of two, count as, because they are their product."""
        if multiplied not in self._factors:
            found = [dict(part) for part in self._products]
            found += [part for pair in self._factored() for part in pair] if multiplied else []
            self._factors[multiplied] = [private for part in found if (private := self.reader.private(part))]
        return self._factors[multiplied]

    def _factored(self) -> Iterator[tuple[Linear, Linear]]:
        rows = [_polynomial(row) for row in self._over_monomials.rows]
        beside = [{j: v for (_, j), v in row.items()} for row in rows if not any(i for i, _ in row)]
        forms = [row for row in rows if any(i for i, _ in row)]
        yield from (found for form in forms if (found := factors(form, self.reader.space, beside)))
        candidates, self.all_combined = product_candidates(forms[:_MOST_COMBINED], self.reader.space)
        self.all_combined &= len(forms) <= _MOST_COMBINED
        for weights in candidates[len(forms) :]:
            combined = _polynomial(_combined(weights, [_row(form) for form in forms[:_MOST_COMBINED]]))
            if found := factors(combined, self.reader.space, beside):
                yield found

    def findings(self, before: QuadraticAccount, max_blocks: int | None = None) -> list[Finding]:
        """As :func:`check_quadratic`, with the forms of ``before`` as those issued, and the others as requested."""
        return _Question(before, self, group_size(self.schema, max_blocks)).findings()


def _selected(forms: Forms, outputs: Sequence[int]) -> Forms:
    """Some of the outputs."""
    if isinstance(forms, FactoredForms):
        return FactoredForms(forms.U, forms.V, forms.Q[list(outputs)])
    parts = [part for i, part in enumerate(forms.terms()) if i in set(outputs)]
    output = np.repeat(np.arange(len(parts)), [len(value) for *_, value in parts])
    row, column, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return MatrixForms((len(parts), forms.n, forms.m), output, row, column, value)


def _polynomial(row: Row) -> Polynomial:
    return {column: value for column, value in row.items() if not isinstance(column, _Unit)}


# ---------------------------------------------------------------------------------------------------------------
# The rules


class _Question:
    """What was issued before a request and after, and the tests on it."""

    def __init__(self, before: QuadraticAccount, after: QuadraticAccount, size: int) -> None:
        self.schema = after.schema
        self.before = before
        self.after = after
        self.size = size
        self.issued = before.outputs
        self.multiplied = after.multiplied
        self.reader = after.reader
        self.names = [name for name, _, _ in self.schema.blocks]
        self.blocks = [tuple(range(part.start, part.stop)) for _, part, _ in self.schema.blocks]
        self.unlooked: set[str] = set()

    def findings(self) -> list[Finding]:
        """All findings; what was not looked for at the end."""
        if self.after.too_large:
            note = f"not looked at: {self.after.too_large} output(s), since the independent ones have too many terms"
            return [Finding("checked in part", (), (), issued=self.issued, note=note)]
        lines: Lines = {}
        new = [self._opened(prime, lines) for prime in PAIRING_PRIMES]
        if not any(new):
            return [Finding("nothing new", (), (), issued=self.issued)]
        found = [self._explain(kind, names, coordinates) for (kind, names), coordinates in lines.items()]
        return found + self._too_wide() + self._too_many() + self._unlooked()

    def _opened(self, prime: int, lines: Lines) -> bool:
        """Add to ``lines`` what the request opens modulo one prime; False if it says nothing new."""
        before, after = self._known(prime)
        if all(row in before.spanned for row in self.after.rows(multiplied=self.multiplied)):
            return False
        steps = [(before.pooled, after.pooled), (after.linear_beside(before), after.spanned)]
        found = self._coordinates(before.pooled, after.pooled)
        opened = {self.reader.space.owner[c[0] + 1] for c in found.values()}
        for step in steps:
            found |= self._opened_products(*step)
            found |= self._protected(*step)
        found |= self._groups(before.pooled, after.pooled, opened)
        if len(after.linear) == len(self.reader.space.free) > len(before.linear):
            found["record", ()] = tuple(range(self.schema.n))
        for key, coordinates in found.items():
            lines.setdefault(key, coordinates)
        if not self.after.all_combined:
            self.unlooked.add("products among the combinations of several quadratic forms")
        if not after.squared and self.multiplied:
            self.unlooked.add(f"products of {len(after.linear)} known linear forms")
        return True

    def _known(self, prime: int) -> tuple[_Known, _Known]:
        """What is known modulo a prime before the request, and after."""
        before, after = (account.known(prime, multiplied=self.multiplied) for account in (self.before, self.after))
        return before, after

    def _coordinates(self, before: _Spanned, after: _Spanned) -> Lines:
        if not after.linear_forms():
            return {}
        units = {i: self.reader.row({i: 1}) for i in self.reader.space.private}
        new = [i - 1 for i, row in units.items() if row in after and row not in before]
        return {("coordinate", (self.schema.coordinate_names[i],)): (i,) for i in new}

    def _opened_products(self, before: _Spanned, after: _Spanned) -> Lines:
        old = set(before.open())
        new = [c for c in after.open() if c not in old and not isinstance(c, _Unit) and 0 < c[0] < c[1]]
        names = self.reader.space.names
        return {("product", (names[i], names[j])): (i - 1, j - 1) for i, j in new}

    def _protected(self, before: _Spanned, after: _Spanned) -> Lines:
        lines: Lines = {}
        for label, rows in self.schema.protected_groups():
            if self._says_more(label, rows[0].tolist(), before, after):
                lines["protected", (label,)] = tuple(np.flatnonzero(rows.any(axis=0)).tolist())
        return lines

    def _says_more(self, label: str, form: list[int], before: _Spanned, after: _Spanned) -> bool:
        if label in self.schema.columns:
            block = self.names.index(label)
            return self._about(after, block) > self._about(before, block)
        linear = self.reader.private(self.reader.space.linear({i + 1: v for i, v in enumerate(form) if v}))
        row, square = self.reader.row(linear), _row(self.reader.space.product(linear, linear))
        return any(r in after and r not in before for r in (row, square) if r)

    def _about(self, spanned: _Spanned, block: int) -> int:
        """Dimension of the forms in the span whose monomials all have a factor in the column."""
        return spanned.span.living_on([i for i, c in enumerate(spanned.columns) if self.reader.touches(c, block)])

    def _groups(self, before: _Spanned, after: _Spanned, opened: set[int | None]) -> Lines:
        lines: Lines = {}
        found = self._small_supports(after)
        old = self._small_supports(before) if found else {}
        for group, count in found.items():
            if count > old.get(group, 0) and not group <= opened:
                blocks = sorted(group)
                kind = "variable" if len(blocks) == 1 else "group"
                lines[kind, tuple(self.names[b] for b in blocks)] = tuple(c for b in blocks for c in self.blocks[b])
        return lines

    def _small_supports(self, spanned: _Spanned) -> dict[frozenset[int], int]:
        size = self.size
        while size and spanned.span.rank**size > _MOST_BRANCHES:
            self.unlooked.add(f"forms on {size} columns, with so many keys")
            size -= 1
        if not size:
            return {}
        owners = {i: self.reader.owners(column) for i, column in enumerate(spanned.columns)}
        return supports(spanned.span, owners, size)

    def _too_wide(self) -> list[Finding]:
        """Linear content beyond the weights of a linear function, on columns that no product hides."""
        if not self.multiplied:
            return []
        wide = _LinearContent(self.schema, self.reader).wide(self.before.rows(multiplied=True), self._rows)
        if not wide:
            return []
        names, coordinates = tuple(self.names[b] for b in wide), tuple(c for b in wide for c in self.blocks[b])
        note = f"{max(wide.values())} bits where a linear function may have {LINEAR_WEIGHT_BITS}"
        return [Finding("weights", names, coordinates, issued=self.issued, note=note)]

    def _too_many(self) -> list[Finding]:
        """The rule on the number of forms; as for the others, only what the request adds."""
        allowed = most_forms(self.schema)
        if len(self.after.rows(multiplied=self.multiplied)) <= allowed:
            return []  # their rank is no larger, and ranks of wide forms take long
        ranks = [[known.quadratic_rank() for known in self._known(prime)] for prime in PAIRING_PRIMES]
        before, after = (max(pair) for pair in zip(*ranks, strict=True))
        if not after > max(before, allowed):
            return []
        columns = _private_columns(self.schema)
        note = f"{after} independent ones where the rule allows {allowed} for {columns} private column(s)"
        return [Finding("keys", (), (), issued=self.issued, note=note)]

    def _unlooked(self) -> list[Finding]:
        if not self.multiplied:
            self.unlooked.add(
                "sums of units in which monomials cancel, since the units are too wide to be multiplied out"
            )
        note = f"not looked for: {'; '.join(sorted(self.unlooked))}"
        return [Finding("checked in part", (), (), issued=self.issued, note=note)] if self.unlooked else []

    # -- explanations --

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return self.after.rows(multiplied=self.multiplied)

    @cached_property
    def _plain(self) -> _Spanned:
        """The span of the forms themselves, modulo the order of the groups."""
        return _Spanned(self._rows, self.reader.space.free, PAIRING_ORDER, traced=True)

    def _explain(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> Finding:
        """The finding with a combination of the forms themselves that shows it, where a short one exists."""
        finding = Finding(kind, names, coordinates, issued=self.issued)
        if kind == "record" or not self.multiplied:
            return finding
        witness = self._witness(self._plain, self._rows, finding)
        short = None if witness is None else integer_combination(witness, PAIRING_ORDER)
        if short is None:
            return replace(finding, note=_INDIRECTLY)
        values, divisor = short
        combination = [0] * self.after.outputs
        for row, value in values.items():
            combination[self.after.positions[row]] = value
        return replace(finding, combination=tuple(combination), divisor=divisor)

    def _witness(self, spanned: _Spanned, rows: Sequence[Row], finding: Finding) -> dict[int, int] | None:
        if finding.kind == "coordinate":
            return _witness(spanned, self.reader.row({finding.coordinates[0] + 1: 1}))
        if finding.kind == "product":
            i, j = finding.coordinates
            return _witness(spanned, {(i + 1, j + 1): 1})
        if finding.kind == "protected" and finding.names[0] in self.schema.columns:
            block = self.names.index(finding.names[0])
            return _vanishing(spanned, rows, lambda column: not self.reader.touches(column, block))
        if finding.kind == "protected":
            form = dict(self.schema.protected_groups())[finding.names[0]][0].tolist()
            return _witness(spanned, self.reader.row({i + 1: v for i, v in enumerate(form) if v}))
        blocks = {self.names.index(name) for name in finding.names}
        return _vanishing(spanned, rows, lambda column: not self.reader.owners(column) <= blocks)


def _witness(spanned: _Spanned, row: Row) -> dict[int, int] | None:
    return spanned.span.witness(spanned.dense(row)) if row in spanned else None


def _vanishing(spanned: _Spanned, rows: Sequence[Row], outside: Callable[[Column], bool]) -> dict[int, int] | None:
    """A combination of the rows that is not zero, and vanishes on the columns outside."""
    kept = [i for i, column in enumerate(spanned.columns) if outside(column)]
    span, prime = Span(prime=spanned.span.prime), spanned.span.prime
    dense = [spanned.dense(row) for row in rows]
    for index, row in enumerate(dense):
        _, used = span.reduce([row[i] for i in kept])
        combination = {index: 1} | {j: -c % prime for j, c in used.items()}
        if span.add([row[i] for i in kept]):
            continue
        if any(sum(c * dense[j][i] for j, c in combination.items()) % prime for i in range(len(row))):
            return combination
    return None


class _LinearContent:
    """How wide the weights of single columns are, beyond what the products with these columns account for.

    Of ``(x - m)^T A (x - m)``, m in the range of x, the weight of x_i is at most what its products can vary by. What a
    form has besides is the share of a linear function, and may be as wide. The values of public columns are known:
    products with them are part of a weight.
    """

    def __init__(self, schema: Schema, reader: _Reader) -> None:
        self._reader = reader
        self._reach = [1, *np.maximum(np.abs(schema.lo), np.abs(schema.hi)).tolist()]
        self._columns = list(schema.columns.values())

    def wide(self, before: Sequence[Row], after: Sequence[Row]) -> dict[int, int]:
        """Columns with too wide weights, and their bits: in the rows after, combinations of two, and in what
        combinations without any product with the column have; less what the rows before, the first of them, have."""
        found: dict[int, int] = {}
        for row in _with_pairs(after, len(before)):
            for block, bits in self._bits(row).items():
                if bits > LINEAR_WEIGHT_BITS:
                    found[block] = max(bits, found.get(block, 0))
        kernels = _Kernels(after, self._reader), _Kernels(before, self._reader)
        blocks = {self._reader.space.block(i) for i in self._reader.space.free} - {*found}
        for block in blocks:
            new, old = (kernel.dimension(block) for kernel in kernels)
            if new > old and (bits := self._bits_without_products(block, new, after, kernels[0])) > LINEAR_WEIGHT_BITS:
                found[block] = bits
        return dict(sorted(found.items()))

    def _bits_without_products(self, block: int, dimension: int, rows: Sequence[Row], kernels: _Kernels) -> int:
        """0 if the forms without a product with the column have a basis of rows given within the bound; else the bits
        of their reduced basis."""
        listed = [row for row in rows if all(_is_linear(c) or block not in self._reader.owners(c) for c in row)]
        narrow = [row for row in listed if self._bits(row).get(block, 0) <= LINEAR_WEIGHT_BITS]
        if kernels.rank(narrow) == dimension:
            return 0
        return max(self._bits(row).get(block, 0) for row in kernels.basis(block))

    def _bits(self, row: Row) -> dict[int, int]:
        """For each column, the bits, with sign, of the weights that products do not account for; the form taken
        primitive. Of a category, which has no zero of its own, the least weights that say the same."""
        space, content = self._reader.space, math.gcd(*row.values()) or 1
        weights: dict[int, int] = {}
        varied: dict[int, int] = {}
        for (i, j), value in _polynomial(row).items():
            for own, other in {(i, j), (j, i)}:
                if space.owner[own] is None:
                    continue
                size = abs(value) // content * self._reach[other]
                if other == 0:
                    weights[own] = weights.get(own, 0) + value // content
                elif space.owner[other] is None:
                    weights[own] = weights.get(own, 0) + (size if weights.get(own, 0) >= 0 else -size)
                else:
                    varied[own] = varied.get(own, 0) + size * (2 if own == other else 1)
        blocks: dict[int, list[int]] = {}
        for own in {*weights, *varied}:
            blocks.setdefault(space.block(own), []).append(own)
        return {block: self._column_bits(block, own, weights, varied) for block, own in blocks.items()}

    def _column_bits(
        self, block: int, own: Sequence[int], weights: Mapping[int, int], varied: Mapping[int, int]
    ) -> int:
        column = self._columns[block]
        if column.one_hot:
            listed = [0, *(weights.get(i, 0) for i in own)]
            beyond = (max(listed) - min(listed) + 1) // 2 - max(varied.get(i, 0) for i in own)
        else:
            beyond = max(abs(weights.get(i, 0)) - varied.get(i, 0) for i in own)
        return max(beyond, 0).bit_length() + 1


def _with_pairs(rows: Sequence[Row], first: int) -> Iterator[Row]:
    """The rows from ``first`` on; and, of the first few quadratic ones, combinations of two with one of these: sums,
    differences, and those without some product that both have."""
    yield from rows[first:]
    products = [i for i, row in enumerate(rows) if not all(map(_is_linear, row))][:_MOST_COMBINED]
    for i, j in combinations(products, 2):
        if j < first:
            continue
        left, right = rows[i], rows[j]
        common = sorted(column for column in left if column in right and not _is_linear(column))
        dropped = {common[at] for at in (0, len(common) // 2, -1)} if common else set()
        for pair in {(1, 1), (1, -1), *((right[column], -left[column]) for column in dropped)}:
            yield _combined(pair, (left, right))


class _Kernels:
    """Of the forms in a span, those without a product with a column: no product hides its share of their values."""

    def __init__(self, rows: Sequence[Row], reader: _Reader) -> None:
        self._spanned = _Spanned(rows, reader.space.free, PAIRING_ORDER)
        self._touching: dict[int, list[int]] = {}
        for position, column in enumerate(self._spanned.columns[: self._spanned.products]):
            for block in reader.owners(column):
                self._touching.setdefault(block, []).append(position)

    def rank(self, rows: Sequence[Row]) -> int:
        """Of some of the rows."""
        return Span((self._spanned.dense(row) for row in rows), prime=PAIRING_ORDER, traced=False).rank

    def dimension(self, block: int) -> int:
        """How many independent ones there are."""
        rows = self._spanned.span.rows()
        touching = self._touching.get(block, [])
        return len(rows) - Span(([row[i] for i in touching] for row in rows), prime=PAIRING_ORDER, traced=False).rank

    def basis(self, block: int) -> list[Row]:
        """The reduced basis, in integers."""
        rows, prime = self._spanned.span.rows(), PAIRING_ORDER
        touching = self._touching.get(block, [])
        span, kernel = Span(prime=prime), Span(prime=prime, traced=False)
        for index, row in enumerate(rows):
            _, used = span.reduce([row[i] for i in touching])
            if not span.add([row[i] for i in touching]):
                combination = {index: 1} | {j: -c for j, c in used.items()}
                kernel.add([sum(c * rows[j][i] for j, c in combination.items()) % prime for i in range(len(row))])
        return [
            {column: v for column, v in zip(self._spanned.columns, _integers(row, prime), strict=True) if v}
            for row in kernel.rows()
        ]


def _integers(row: Sequence[int], prime: int) -> list[int]:
    """The primitive integer multiple of a row modulo the prime; the residues themselves where there is no short one."""
    short = integer_combination({i: v for i, v in enumerate(row) if v}, prime)
    return list(row) if short is None else [short[0].get(i, 0) for i in range(len(row))]
