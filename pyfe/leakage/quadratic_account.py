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
from collections.abc import Iterable, Iterator
from copy import copy

from pyfe.errors import ParameterError
from pyfe.forms import LIMIT, FactoredForms, Forms, MatrixForms
from pyfe.leakage import limits
from pyfe.leakage.factors import factors, product_candidates
from pyfe.leakage.findings import Finding, group_size
from pyfe.leakage.implied import Implied, Spanned
from pyfe.leakage.linear_account import LinearAccount
from pyfe.leakage.monomials import Linear, Monomials, Polynomial
from pyfe.leakage.quadratic_rules import Opened
from pyfe.leakage.rows import (
    Reader,
    Row,
    RowColumn,
    combination_of,
    monomials_of,
    outputs_of,
    plain_row,
    polynomial_of,
    terms_of,
)
from pyfe.leakage.slots import NoisyRow, Slot, noise_of_form
from pyfe.leakage.span import CHECK_PRIME, PAIRING_ORDER
from pyfe.schema import Schema

__all__ = ["QuadraticAccount"]


class _Independent:
    """Rows that do not depend on those before, modulo any of the primes; unchangeable."""

    def __init__(self, primes: tuple[int, ...]) -> None:
        self.rows: tuple[Row, ...] = ()
        self._primes = primes
        self._basis: dict[int, tuple[tuple[RowColumn, Row], ...]] = dict.fromkeys(primes, ())

    def with_row(self, row: Row) -> _Independent:
        """With one more row; itself where the row depends on the others. Cost: O(rank D)."""
        rests = {prime: self._rest(row, prime) for prime in self._primes}
        if not any(rests.values()):
            return self
        twin = _Independent(self._primes)
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


def _echelon(rest: Row, prime: int) -> list[tuple[RowColumn, Row]]:
    if not rest:
        return []
    pivot = next(iter(rest))
    inverse = pow(rest[pivot], -1, prime)
    return [(pivot, {column: value * inverse % prime for column, value in rest.items()})]


class QuadraticAccount:
    """The forms of all keys issued so far, without those that depend on others; unchangeable, to be kept and extended.

    Rows are kept over units and, while these are affordable, over monomials.

    modulus: the prime modulo which keys of the scheme can be combined; the order of BLS12-381 unless stated.
    ``linear`` is the account of all outputs as linear keys, while every one of them is linear in the private columns
    whatever the public ones are; then None. ``noisy`` are all outputs over monomials with their noise, where the schema
    has noise slots; what a slot counts in is nowhere else.
    """

    def __init__(self, schema: Schema, modulus: int = PAIRING_ORDER) -> None:
        if not isinstance(schema, Schema):
            raise ParameterError(f"what keys say is judged under a pyfe.Schema, not a {type(schema).__name__}")
        self.schema = schema
        self.modulus = modulus
        self.primes: tuple[int, ...] = (modulus, CHECK_PRIME)
        self.reader = Reader(schema)
        self.outputs = 0
        self._positions: tuple[int, ...] = ()
        self._over_units = _Independent(self.primes)
        self._over_monomials = _Independent(self.primes)
        self._everything = Monomials(schema, whole=True)
        self._whole = _Independent(self.primes)
        self.noisy: tuple[NoisyRow, ...] = ()
        self.linear: LinearAccount | None = LinearAccount(schema, modulus)
        self._terms = 0
        self.too_large = 0
        self.independent: tuple[Forms, ...] = ()
        self._products: frozenset[tuple[tuple[int, int], ...]] = frozenset()
        self._known: dict[tuple[int, bool], Implied] = {}
        self._factors: dict[bool, list[Linear]] = {}
        self.all_combined = True

    def with_forms(self, forms: Forms) -> QuadraticAccount:
        """The account with the outputs of one more key. Cost: O(rank D) for each output."""
        given: object = forms
        if not isinstance(given, MatrixForms | FactoredForms):
            raise ParameterError(f"forms are MatrixForms or FactoredForms, not {type(given).__name__}")
        if (forms.n, forms.m) != (self.schema.n + 1, self.schema.n + 1):
            raise ParameterError(f"forms have {self.schema.n + 1} coordinates (1, x), not {forms.n} and {forms.m}")
        twin = copy(self)
        twin._known, twin._factors = {}, {}
        twin.all_combined = True
        twin.outputs = self.outputs + forms.k
        if not isinstance(forms, FactoredForms) and terms_of(forms) > limits.MOST_ENTRIES:
            twin.too_large += forms.k
            twin.linear = None
            return twin
        given = self.reader.unit_rows(forms)
        kept = [i for i, row in enumerate(given) if twin._adds_unit_row(row)]
        if twin.too_large > self.too_large:
            twin.linear = None
            return twin
        selected = [outputs_of(forms, kept)] if kept else []
        twin.independent = (*self.independent, *selected)
        twin._terms = max([self._terms, *map(terms_of, selected)])
        rows: Iterable[tuple[int, Row]]
        if isinstance(forms, FactoredForms):
            rows = zip(
                kept, (row for part in selected if twin.multiplied for row in self.reader.rows(part)), strict=False
            )
        else:
            rows = enumerate(given)
        for i, row in rows:
            twin._add(row, self.outputs + i)
        twin._add_whole(forms)
        return twin

    def _add_whole(self, forms: Forms) -> None:
        """What the outputs say with the public columns in them."""
        if not self.multiplied:
            self.linear = None
            return
        parts = [noise_of_form(form, self.schema) for form in monomials_of(forms)]
        if self.schema.noise is not None:
            self.noisy = (*self.noisy, *(self._noisy_row(data, slot) for data, _, slot in parts))
        polynomials = [self._everything.polynomial(data) for data, _, _ in parts]
        for polynomial in polynomials:
            self._whole = self._whole.with_row(plain_row(polynomial))
        rows = [self._linear_row(p, noise) for p, (_, noise, _) in zip(polynomials, parts, strict=True)]
        kept = [row for row in rows if row is not None]
        self.linear = self.linear.with_rows(kept) if self.linear is not None and len(kept) == len(rows) else None

    def _noisy_row(self, data: Polynomial, slot: Slot | None) -> NoisyRow:
        """An output over the monomials that say something of a record."""
        space = self.reader.space
        return NoisyRow(
            0, slot, {" ".join(space.names[i] for i in pair): v for pair, v in space.polynomial(data).items()}
        )

    def _linear_row(self, polynomial: Polynomial, noise: Polynomial) -> list[int] | None:
        """The weights of a form that is linear in the private columns, whatever the public ones are, and in the slots;
        else None."""
        owner = self.reader.space.owner
        if any(i and (owner[i] is not None or owner[j] is not None) for i, j in polynomial) or any(i for i, _ in noise):
            return None
        row = [0] * self.schema.n
        for (i, j), value in (*polynomial.items(), *noise.items()):
            if not i:
                row[j - 1] = value
        return row if max(map(abs, row), default=0) < LIMIT else None

    def _adds_unit_row(self, row: Row) -> bool:
        count = len(self._over_units.rows) + 1
        if count**2 * len(row) > limits.MOST_REDUCED or count * len(row) > limits.MOST_ENTRIES:
            self.too_large += 1
            return False
        before, self._over_units = self._over_units, self._over_units.with_row(row)
        return self._over_units is not before

    def _add(self, row: Row, position: int) -> None:
        before, self._over_monomials = self._over_monomials, self._over_monomials.with_row(row)
        if self._over_monomials is not before:
            self._positions = (*self._positions, position)
            return
        found = factors(polynomial_of(row), self.reader.space, modulus=self.modulus)
        self._products |= {tuple(sorted(part.items())) for part in found or ()}

    @property
    def multiplied(self) -> bool:
        """Whether units can be multiplied out."""
        rows = len(self._over_units.rows)
        return rows**2 * self._terms <= limits.MOST_CELLS and rows * self._terms <= limits.MOST_ENTRIES

    def rows(self, *, multiplied: bool) -> tuple[Row, ...]:
        """Independent rows over monomials, or over units."""
        return self._over_monomials.rows if multiplied else self._over_units.rows

    @property
    def whole(self) -> tuple[Polynomial, ...]:
        """Independent forms with the public columns in them, in normal form but for constants. None is missing while
        forms are :attr:`multiplied`."""
        return tuple(polynomial_of(row) for row in self._whole.rows)

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the rows over monomials, the number of the output."""
        return self._positions

    def canonical(self) -> bytes:
        """SHA-512 of the span: the same for every basis and order of the same forms, however they are written (where
        units are not multiplied out, over the same units)."""
        digest = hashlib.sha512(self.schema.id)
        spanned = Spanned(self.rows(multiplied=self.multiplied), self.reader.space.free, self.modulus)
        for _, row in sorted(zip(spanned.span.pivots, spanned.span.rows(), strict=True)):
            entries = [(column, v) for column, v in zip(spanned.columns, row, strict=True) if v]
            digest.update(repr(entries).encode())
        return digest.digest()

    def known(self, prime: int, *, multiplied: bool) -> Implied:
        """What the forms determine modulo a prime."""
        key = (prime, multiplied)
        if key not in self._known:
            self._known[key] = Implied(self, prime, multiplied=multiplied)
        return self._known[key]

    def factors(self, *, multiplied: bool) -> list[Linear]:
        """The linear forms that forms, and combinations of two, count as, because they are their product."""
        if multiplied not in self._factors:
            found = [dict(part) for part in self._products]
            found += [part for pair in self._factored() for part in pair] if multiplied else []
            self._factors[multiplied] = [private for part in found if (private := self.reader.private(part))]
        return self._factors[multiplied]

    def _factored(self) -> Iterator[tuple[Linear, Linear]]:
        rows = [polynomial_of(row) for row in self._over_monomials.rows]
        beside = [{j: v for (_, j), v in row.items()} for row in rows if not any(i for i, _ in row)]
        forms = [row for row in rows if any(i for i, _ in row)]
        yield from (
            found for form in forms if (found := factors(form, self.reader.space, beside, modulus=self.modulus))
        )
        candidates, self.all_combined = product_candidates(forms[: limits.MOST_COMBINED], self.reader.space)
        self.all_combined &= len(forms) <= limits.MOST_COMBINED
        for weights in candidates[len(forms) :]:
            combined = polynomial_of(
                combination_of(weights, [plain_row(form) for form in forms[: limits.MOST_COMBINED]])
            )
            if found := factors(combined, self.reader.space, beside, modulus=self.modulus):
                yield found

    def findings(self, before: QuadraticAccount, max_blocks: int | None = None) -> list[Finding]:
        """What the forms open for certain that those of ``before``, the first of them, do not; () for nothing.

        Those of the linear rules, products that come open, "weights" for linear content that a linear function could
        not have, and "keys" for more than :func:`most_forms` independent quadratic forms. Linear algebra modulo the
        order of the groups and modulo 2^61 - 1; a finding modulo either counts. Factors are looked for in every form
        given, every unit, and all combinations of independent forms. Where factored forms are too wide to be multiplied
        out, each unit is one unknown; a finding "checked in part" then says what was not looked for, and refuses.

        max_blocks: as for :meth:`pyfe.leakage.LinearAccount.findings`. The product of a public and a private column
        counts as a monomial of its own: the keys are *not* looked at for every single value of the public columns.
        Cost: O(r^2 D) per elimination for r independent forms with D different monomials (64 dense columns: seconds),
        and O(r D) for every output besides.
        """
        return Opened(before, self, group_size(self.schema, max_blocks)).findings()
