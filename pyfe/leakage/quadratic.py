"""The exact rules for quadratic forms: what a request would open, together with every key issued before.

Forms are linearised: a key for F gives one linear combination of the monomials x_i x_j, and pooled keys give the span
of theirs, modulo the group order. On top of the span, two things count as known that no elimination sees:

- *factors*: a form u(x) w(x) counts as the two linear forms u and w, a square <P, x>^2 as P (its sign is lost). So does
  every unit of factored keys that the keys single out: all units of a network, once it has as many independent
  scores as units.
- *products*: linear forms that are known have known products.

Monomials are not independent, however: they all come from n coordinates, and n quadratic equations usually have one
solution. No span shows that; the rule on the number of forms stands for it (:func:`most_forms`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TypeAlias

import numpy as np

from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms
from pyfe.leakage.factors import factors, primitive
from pyfe.leakage.findings import Finding, Lines, group_size
from pyfe.leakage.monomials import Linear, Monomial, Monomials, Polynomial
from pyfe.leakage.span import PAIRING_ORDER, PAIRING_PRIMES, Span, integer_combination, small_supports
from pyfe.schema import Schema

__all__ = ["check_quadratic", "most_forms"]

_MOST_CELLS = 3 * 10**7
"""Multiplications that one elimination may take (a few seconds); beyond, units are not multiplied out."""

_MOST_PRODUCTS = 10
"""Most known linear forms whose products are formed, two by two."""

_MOST_BRANCHES = 5 * 10**7
"""Multiplications that the search for forms on few columns may take."""

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

    Returns findings that ``issued`` alone does not have: those of the linear rules, products that come open, and "keys"
    for more than :func:`most_forms` independent quadratic forms. Linear algebra modulo the order of BLS12-381 and
    modulo 2^61 - 1; a finding modulo either counts. Factors are looked for in every form given and every unit, not in
    combinations of them. Where factored forms are too wide to be multiplied out, each unit is one unknown; a finding
    "checked in part" then says what was not looked for.
    Cost: O(k^2 D) per elimination for k forms with D different monomials (64 dense columns: seconds); for wide factored
    forms O(k^2 (units + n)).
    """
    pool = [*issued, request]
    for forms in pool:
        if (forms.n, forms.m) != (schema.n + 1, schema.n + 1):
            raise ParameterError(f"forms have {schema.n + 1} coordinates (1, x), not {forms.n} and {forms.m}")
    return _Question(schema, pool, group_size(schema, max_blocks)).findings()


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
    """Forms as rows: over monomials if that is affordable for the whole pool, else over units."""

    def __init__(self, schema: Schema, pool: Sequence[Forms]) -> None:
        self.space = Monomials(schema)
        self.multiplied = sum(forms.k for forms in pool) ** 2 * max(_terms(forms) for forms in pool) <= _MOST_CELLS
        self._kept: dict[int, tuple[list[Row], list[Row], list[Linear]]] = {}

    def rows(self, forms: Forms) -> list[Row]:
        """One row a form."""
        return self._read(forms)[0]

    def unit_rows(self, forms: Forms) -> list[Row]:
        """One row a form over units, whatever else."""
        return self._read(forms)[1]

    def factors(self, forms: Forms) -> list[Linear]:
        """The linear forms that single forms count as, because they are their product."""
        return self._read(forms)[2]

    def _read(self, forms: Forms) -> tuple[list[Row], list[Row], list[Linear]]:
        if id(forms) not in self._kept:
            self._kept[id(forms)] = self._factored(forms) if isinstance(forms, FactoredForms) else self._listed(forms)
        return self._kept[id(forms)]

    def _listed(self, forms: Forms) -> tuple[list[Row], list[Row], list[Linear]]:
        listed = _monomials(forms)
        rows = [_row(self.space.polynomial(form)) for form in listed]
        found = [self.private(self.space.linear(part)) for form in listed for part in factors(form) or ()]
        return rows, rows, found

    def _factored(self, forms: FactoredForms) -> tuple[list[Row], list[Row], list[Linear]]:
        units = [self._unit(u, v) for u, v in zip(forms.U.tolist(), forms.V.tolist(), strict=True)]
        over_units = [_combined(line, units) for line in forms.Q.tolist()]
        if not self.multiplied:
            return over_units, over_units, []
        return [_row(self.space.polynomial(form)) for form in _monomials(forms)], over_units, []

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
        return len(forms.value)
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

    def __init__(self, rows: Sequence[Row], linear: Sequence[int], prime: int) -> None:
        products = {column for row in rows for column in row if not _is_linear(column)}
        self.columns: list[Column] = sorted(products, key=lambda c: (isinstance(c, _Unit), c))
        self.products = len(self.columns)
        self.columns += [(0, i) for i in linear]
        self._index = {column: position for position, column in enumerate(self.columns)}
        self.span = Span((self.dense(row) for row in rows), prime=prime)

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

    def __init__(self, reader: _Reader, pool: Sequence[Forms], prime: int) -> None:
        self._reader = reader
        self._prime = prime
        self._rows = [row for forms in pool for row in reader.rows(forms)]
        self.squared = True
        singled = _Spanned([row for forms in pool for row in reader.unit_rows(forms)], reader.space.free, prime)
        counted = [part for forms in pool for part in reader.factors(forms)]
        counted += [part for column in singled.open() for part in reader.counts_as(column)]
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
        listed = [*rows, *(self._reader.row(form) for form in linear), *products]
        return _Spanned(listed, self._reader.space.free, self._prime)

    def _products(self) -> list[Row]:
        self.squared = self._reader.multiplied and len(self.linear) <= _MOST_PRODUCTS
        pairs = combinations_with_replacement(self.linear, 2) if self.squared else ()
        return [_row(self._reader.space.product(u, w)) for u, w in pairs]

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
# The rules


class _Question:
    """A pool of forms, the last of which are requested, and the tests on them."""

    def __init__(self, schema: Schema, pool: Sequence[Forms], size: int) -> None:
        self.schema = schema
        self.pool = pool
        self.size = size
        self.issued = sum(forms.k for forms in pool[:-1])
        self.reader = _Reader(schema, pool)
        self.names = [name for name, _, _ in schema.blocks]
        self.blocks = [tuple(range(part.start, part.stop)) for _, part, _ in schema.blocks]
        self.unlooked: set[str] = set()
        self._judged: dict[int, tuple[_Known, _Known]] = {}

    def findings(self) -> list[Finding]:
        """All findings; what was not looked for at the end."""
        lines: Lines = {}
        new = [self._opened(prime, lines) for prime in PAIRING_PRIMES]
        if not any(new):
            return [Finding("nothing new", (), (), issued=self.issued)]
        found = [self._explain(kind, names, coordinates) for (kind, names), coordinates in lines.items()]
        return found + self._too_many() + self._unlooked()

    def _opened(self, prime: int, lines: Lines) -> bool:
        """Add to ``lines`` what the request opens modulo one prime; False if it says nothing new."""
        before, after = self._known(prime)
        if all(row in before.spanned for row in self.reader.rows(self.pool[-1])):
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
        if not after.squared and self.reader.multiplied:
            self.unlooked.add(f"products of more than {_MOST_PRODUCTS} known linear forms")
        return True

    def _known(self, prime: int) -> tuple[_Known, _Known]:
        """What is known modulo a prime before the request, and after."""
        if prime not in self._judged:
            before, after = (_Known(self.reader, pool, prime) for pool in (self.pool[:-1], self.pool))
            self._judged[prime] = before, after
        return self._judged[prime]

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
        kept = [i for i, column in enumerate(spanned.columns) if not self.reader.touches(column, block)]
        rows = spanned.span.rows()
        return len(rows) - Span(([row[i] for i in kept] for row in rows), prime=spanned.span.prime).rank

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
        while size and spanned.span.rank ** (size + 3) > _MOST_BRANCHES:
            self.unlooked.add(f"forms on {size} columns, with so many keys")
            size -= 1
        if not size:
            return {}
        owners = {i: self.reader.owners(column) for i, column in enumerate(spanned.columns)}
        return small_supports(spanned.span.rows(), owners, size, prime=spanned.span.prime)

    def _too_many(self) -> list[Finding]:
        """The rule on the number of forms; as for the others, only what the request adds."""
        if sum(forms.k for forms in self.pool) <= most_forms(self.schema):
            return []  # their rank is no larger, and ranks of wide forms take long
        ranks = [[known.quadratic_rank() for known in self._known(prime)] for prime in PAIRING_PRIMES]
        before, after = (max(pair) for pair in zip(*ranks, strict=True))
        allowed = most_forms(self.schema)
        if not after > max(before, allowed):
            return []
        columns = _private_columns(self.schema)
        note = f"{after} independent ones where the rule allows {allowed} for {columns} private column(s)"
        return [Finding("keys", (), (), issued=self.issued, note=note)]

    def _unlooked(self) -> list[Finding]:
        if not self.reader.multiplied:
            self.unlooked.add(
                "sums of units in which monomials cancel, since the units are too wide to be multiplied out"
            )
        note = f"not looked for: {'; '.join(sorted(self.unlooked))}"
        return [Finding("checked in part", (), (), issued=self.issued, note=note)] if self.unlooked else []

    # -- explanations --

    @cached_property
    def _rows(self) -> list[Row]:
        return [row for forms in self.pool for row in self.reader.rows(forms)]

    @cached_property
    def _plain(self) -> _Spanned:
        """The span of the forms themselves, modulo the order of the groups."""
        return _Spanned(self._rows, self.reader.space.free, PAIRING_ORDER)

    def _explain(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> Finding:
        """The finding with a combination of the forms themselves that shows it, where a short one exists."""
        finding = Finding(kind, names, coordinates, issued=self.issued)
        if kind == "record":
            return finding
        witness = self._witness(self._plain, self._rows, finding)
        short = None if witness is None else integer_combination(witness, PAIRING_ORDER)
        if short is None:
            return replace(finding, note=_INDIRECTLY)
        values, divisor = short
        return replace(finding, combination=tuple(values.get(i, 0) for i in range(len(self._rows))), divisor=divisor)

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
