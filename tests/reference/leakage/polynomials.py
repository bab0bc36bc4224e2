"""Quadratic keys in normal form: public columns substituted, squares as C(u, 2) = u (u - 1) / 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.reference.leakage.forms import Form
from tests.reference.leakage.sampler import LevelsOf
from tests.reference.leakage.schema import Row, Schema

Monomial = tuple[int, ...]
"""Of free private coordinates: (k,) is u_k, (k, k) is C(u_k, 2), (k, l) with k < l is u_k u_l."""

Affine = tuple[int, dict[int, int]]
"""A constant, and weights of free coordinates."""


@dataclass(frozen=True, eq=False)
class Normal:
    """The monomials of a schema that are no constants, and forms written in them."""

    schema: Schema

    @cached_property
    def monomials(self) -> list[Monomial]:
        """Integer-valued, and independent as functions of the private levels."""
        free, columns = self.schema.free, self.schema.columns
        count = range(len(free))
        single: list[Monomial] = [(k,) for k in count]
        squares: list[Monomial] = [
            (k, k) for k in count if columns[free[k].block].width == 1 and columns[free[k].block].size > 2
        ]
        return single + squares + [(k, m) for m in count for k in range(m) if free[k].block != free[m].block]

    @cached_property
    def index(self) -> dict[Monomial, int]:
        return {monomial: at for at, monomial in enumerate(self.monomials)}

    @cached_property
    def touched(self) -> list[frozenset[int]]:
        """The columns on which each monomial depends."""
        return [frozenset(self.schema.free[k].block for k in monomial) for monomial in self.monomials]

    @cached_property
    def quadratic(self) -> list[int]:
        """Which monomials are no single coordinates."""
        return [at for at, monomial in enumerate(self.monomials) if len(monomial) > 1]

    def coordinates(self, public: LevelsOf) -> list[Affine]:
        """Every coordinate of the schema in the free ones, public levels known (a constant column has level 0)."""
        found: list[Affine] = [(0, {})] * self.schema.n
        for block, column in enumerate(self.schema.columns):
            if block not in self.schema.private:
                place = range(*self.schema.place(block).indices(self.schema.n))
                for position, bit in zip(place, column.codes[public.get(block, 0)], strict=True):
                    found[position] = (int(bit), {})
            elif column.width > 1:
                found[self.schema.starts[block]] = (1, {k: -1 for k in self.schema.columns_of(block)})
        for k, one in enumerate(self.schema.free):
            found[one.position] = (0, {k: 1})
        return found

    def row(self, form: Form, public: LevelsOf) -> Row:
        """The weights of the monomials; the constant is left out."""
        x = self.coordinates(public)
        row = [0] * len(self.monomials)
        for position, weight in enumerate(form.weights):
            self._add(row, (int(weight), {}), x[position])
        for i, j, weight in form.products:
            constant, weights = x[i]
            self._add(row, (weight * constant, {k: weight * w for k, w in weights.items()}), x[j])
        return row

    def _add(self, row: Row, one: Affine, two: Affine) -> None:
        """Adds the product of two affine functions."""
        for k, weight in one[1].items():
            row[self.index[(k,)]] += weight * two[0]
        for m, weight in two[1].items():
            row[self.index[(m,)]] += weight * one[0]
        for k, a in one[1].items():
            for m, b in two[1].items():
                self._multiply(row, k, m, a * b)

    def _multiply(self, row: Row, k: int, m: int, weight: int) -> None:
        """Adds weight u_k u_m: u^2 = 2 C(u, 2) + u; two bits of one category exclude each other."""
        if k == m:
            row[self.index[(k,)]] += weight
            if (k, k) in self.index:
                row[self.index[(k, k)]] += 2 * weight
        elif self.schema.free[k].block != self.schema.free[m].block:
            row[self.index[(min(k, m), max(k, m))]] += weight

    def used(self, row: Sequence[int]) -> set[int]:
        return {block for weight, blocks in zip(row, self.touched, strict=True) if weight for block in blocks}
