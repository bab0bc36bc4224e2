"""Polynomials of degree at most 2 on the records that a schema can hold, each in one normal form.

A form over the augmented coordinates z = (1, x_1, .., x_n) is a combination of the monomials x_i x_j, i <= j, where
x_0 = 1. Two forms that agree on every record must not count as two: so what everybody knows is taken out first. ::

    one-hot          x_i x_j = 0,  x_i^2 = x_i,  the last level is 1 minus the others
    two levels       x^2 = x                                     also a number of two values
    thresholds       x_i^2 = x_i,  x_i x_j = the one with the greater cut
    may be missing   x_i m = 0,  m^2 = m  of a value x_i and its bit m; the levels and m sum to 1
    constant         x = c
    public columns   a monomial of public columns alone is known

Columns are independent of each other, hence no other relation of degree 2 holds on all records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from pyfe.schema import Products, Schema

__all__ = ["Linear", "Monomial", "Monomials", "Polynomial"]

Monomial: TypeAlias = tuple[int, int]
Polynomial: TypeAlias = "dict[Monomial, int]"
Linear: TypeAlias = "dict[int, int]"
"""Augmented coordinate -> coefficient; 0 is the constant."""


class Monomials:
    """The normal forms of one schema.

    whole: whether public columns count like all others, so that a form is kept whole.
    ``owner[i]`` is the column of the augmented coordinate i, None for the constant one and for what is known.
    """

    def __init__(self, schema: Schema, *, whole: bool = False) -> None:
        self.names = ("1", *schema.coordinate_names)
        self.owner: list[int | None] = [None]
        self._column = [-1]
        self._rule = [Products.OWN]
        self._part = [range(1)]
        self._inserted: list[Linear] = [{0: 1}]
        for index, (_, part, column) in enumerate(schema.parts):
            coordinates = range(part.start + 1, part.stop + 1)
            unknown = column.in_table if whole else column.private
            self.owner += [index if unknown else None] * column.width
            self._column += [index] * column.width
            self._rule += column.products
            self._part += [coordinates] * column.width
            self._inserted += [{i: 1} for i in coordinates]
            for position, (constant, others) in column.determined().items():
                form = {0: constant} | {coordinates[other]: factor for other, factor in others.items()}
                self._inserted[coordinates[position]] = form

    @property
    def private(self) -> list[int]:
        """Augmented coordinates that are neither public nor constant."""
        return [i for i, owner in enumerate(self.owner) if owner is not None]

    @property
    def free(self) -> list[int]:
        """The private coordinates of the normal form: their values say everything about a record."""
        return [i for i in self.private if self._inserted[i] == {i: 1}]

    def block(self, i: int) -> int:
        """The column of a coordinate; -1 for the constant one and for all public ones together."""
        owner = self.owner[i]
        return -1 if owner is None else owner

    def squares(self, i: int) -> bool:
        """Whether the square of a coordinate is a monomial of its own: for private numbers of three values and more."""
        return self.owner[i] is not None and self._rule[i] == Products.OWN

    def block_levels(self, i: int) -> list[int]:
        """The coordinates of the normal form in the block of a private coordinate, or all public ones."""
        if self.owner[i] is None:
            return [j for j, owner in enumerate(self.owner) if owner is None and j]
        return list(self._part[i])

    def to_levels(self, form: Mapping[int, int]) -> Linear:
        """A linear form by the levels of its columns: of thresholds, bit j becomes "exactly j + 1 are reached"."""
        total = {i: v for i, v in form.items() if self._rule[i] != Products.ORDERED}
        for part in {self._part[i] for i in form if self._rule[i] == Products.ORDERED}:
            reached = 0
            for i in (i for i in part if self._rule[i] == Products.ORDERED):
                reached += form.get(i, 0)
                total[i] = reached
        return {i: v for i, v in total.items() if v}

    def from_levels(self, form: Mapping[int, int]) -> Linear:
        """The inverse of :meth:`to_levels`."""
        total = {i: v for i, v in form.items() if self._rule[i] != Products.ORDERED}
        for part in {self._part[i] for i in form if self._rule[i] == Products.ORDERED}:
            for i in (i for i in part if self._rule[i] == Products.ORDERED):
                total[i] = form.get(i, 0) - (form.get(i - 1, 0) if i - 1 in part else 0)
        return {i: v for i, v in total.items() if v}

    def owners(self, monomial: Monomial) -> frozenset[int]:
        """The columns a monomial says something about."""
        return frozenset(owner for i in monomial if (owner := self.owner[i]) is not None)

    def linear(self, form: Mapping[int, int]) -> Linear:
        """A linear form in normal form, its constant included, public coordinates too."""
        total: Linear = {}
        for i, value in form.items():
            for a, factor in self._inserted[i].items():
                total[a] = total.get(a, 0) + value * factor
        return {a: value for a, value in total.items() if value}

    def polynomial(self, form: Mapping[Monomial, int]) -> Polynomial:
        """A form in normal form, without its constant and without what public columns alone say."""
        terms = (
            (a, b, value * left * right)
            for (i, j), value in form.items()
            for a, left in self._inserted[i].items()
            for b, right in self._inserted[j].items()
        )
        return self._collected(terms)

    def product(self, left: Mapping[int, int], right: Mapping[int, int]) -> Polynomial:
        """The product of two linear forms that are in normal form. Cost: the product of their lengths."""
        return self._collected((a, b, x * y) for a, x in left.items() for b, y in right.items())

    def _collected(self, terms: Iterable[tuple[int, int, int]]) -> Polynomial:
        total: Polynomial = {}
        for a, b, value in terms:
            monomial = self._monomial(min(a, b), max(a, b))
            if monomial is not None and (self.owner[a] is not None or self.owner[b] is not None):
                total[monomial] = total.get(monomial, 0) + value
        return {monomial: value for monomial, value in total.items() if value}

    def _monomial(self, a: int, b: int) -> Monomial | None:
        """What ``x_a x_b`` is, a <= b, for coordinates of the normal form; None if it is zero."""
        if a == 0 or self._column[a] != self._column[b]:
            return (a, b)
        if self._rule[b] == Products.MISSING:
            return (0, b) if a == b else None
        if self._rule[a] == Products.OWN:
            return (a, b)
        if self._rule[a] == Products.ORDERED or a == b:
            return (0, b)
        return None
