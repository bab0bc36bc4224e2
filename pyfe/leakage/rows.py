"""Quadratic forms as rows: over monomials, or over units where they are factored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage.factors import primitive
from pyfe.leakage.monomials import Linear, Monomial, Monomials, Polynomial
from pyfe.schema import Schema

__all__ = [
    "Reader",
    "Row",
    "RowColumn",
    "Unit",
    "combination_of",
    "is_linear",
    "monomials_of",
    "plain_row",
    "polynomial_of",
    "outputs_of",
    "terms_of",
]


@dataclass(frozen=True, order=True)
class Unit:
    """The product of two linear forms, kept as one unknown; each a sorted list of (coordinate, coefficient)."""

    left: tuple[tuple[int, int], ...]
    right: tuple[tuple[int, int], ...]


RowColumn: TypeAlias = Monomial | Unit
Row: TypeAlias = "dict[RowColumn, int]"


def plain_row(polynomial: Polynomial) -> Row:
    """A polynomial as a row over monomials."""
    return {monomial: value for monomial, value in polynomial.items()}  # noqa: C416  a dict of another type


def is_linear(column: RowColumn) -> bool:
    """Whether a column of a row is a coordinate, and no product."""
    return not isinstance(column, Unit) and column[0] == 0


class Reader:
    """Forms as rows over units, and over monomials."""

    def __init__(self, schema: Schema) -> None:
        self.space = Monomials(schema)

    def unit_rows(self, forms: Forms) -> list[Row]:
        """One row a form: over units where the forms are factored, else over monomials."""
        if not isinstance(forms, FactoredForms):
            return self.rows(forms)
        units = [self._unit(u, v) for u, v in zip(forms.U.tolist(), forms.V.tolist(), strict=True)]
        return [combination_of(line, units) for line in forms.Q.tolist()]

    def rows(self, forms: Forms) -> list[Row]:
        """One row a form, over monomials."""
        return [plain_row(self.space.polynomial(form)) for form in monomials_of(forms)]

    def _unit(self, u: list[int], v: list[int]) -> Row:
        """``<u, z> <v, z>`` as a multiple of one unit; as monomials where everybody knows one of the factors."""
        left, right = (self.space.linear({i: x for i, x in enumerate(part) if x}) for part in (u, v))
        if not (self.private(left) and self.private(right)):
            return plain_row(self.space.product(left, right))
        (a, x), (b, y) = primitive(left), primitive(right)
        return {Unit(*sorted((tuple(sorted(a.items())), tuple(sorted(b.items()))))): x * y}

    def private(self, form: Mapping[int, int]) -> Linear:
        """A linear form without what everybody knows."""
        return {i: v for i, v in form.items() if self.space.owner[i] is not None}

    def counts_as(self, column: RowColumn) -> list[Linear]:
        """The linear forms that a product is counted as once it is open."""
        if isinstance(column, Unit):
            return [self.private(dict(column.left)), self.private(dict(column.right))]
        return [{i: 1} for i in column if self.space.owner[i] is not None]

    def owners(self, column: RowColumn) -> frozenset[int]:
        """The private columns of the schema that a monomial or unit says something about."""
        if isinstance(column, Unit):
            return frozenset().union(*(self.space.owners((0, i)) for i, _ in (*column.left, *column.right)))
        return self.space.owners(column)

    def touches(self, column: RowColumn, block: int) -> bool:
        """Whether every monomial of it has a factor in this column of the schema."""
        if isinstance(column, Unit):
            sides = ({self.space.owner[i] for i, _ in part} for part in (column.left, column.right))
            return any(side == {block} for side in sides)
        return block in self.space.owners(column)

    def row(self, form: Mapping[int, int]) -> Row:
        """A linear form as a row."""
        return plain_row(self.space.polynomial({(0, i): v for i, v in form.items()}))


def terms_of(forms: Forms) -> int:
    """Most monomials a form may have, multiplied out."""
    if not isinstance(forms, FactoredForms):
        return int(np.bincount(forms.output, minlength=1).max())
    used = int((np.abs(forms.U).any(axis=0) | np.abs(forms.V).any(axis=0)).sum())
    return used * (used + 1) // 2


def monomials_of(forms: Forms) -> list[dict[Monomial, int]]:
    """Per form, the coefficient of ``z_i z_j``, i <= j."""
    listed = []
    for row, column, value in forms.terms():
        form: dict[Monomial, int] = {}
        for i, j, v in zip(row.tolist(), column.tolist(), value.tolist(), strict=True):
            monomial = (min(i, j), max(i, j))
            form[monomial] = form.get(monomial, 0) + v
        listed.append({monomial: v for monomial, v in form.items() if v})
    return listed


def combination_of(weights: Sequence[int], rows: Sequence[Row]) -> Row:
    """``sum_i weights_i rows_i``."""
    total: Row = {}
    for weight, row in zip(weights, rows, strict=True):
        for column, value in row.items():
            total[column] = total.get(column, 0) + weight * value
    return {column: value for column, value in total.items() if value}


def outputs_of(forms: Forms, outputs: Sequence[int]) -> Forms:
    """Some of the outputs."""
    if isinstance(forms, FactoredForms):
        return FactoredForms(forms.U, forms.V, forms.Q[list(outputs)])
    parts = [part for i, part in enumerate(forms.terms()) if i in set(outputs)]
    output = np.repeat(np.arange(len(parts)), [len(value) for *_, value in parts])
    row, column, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return MatrixForms((len(parts), forms.n, forms.m), output, row, column, value)


def polynomial_of(row: Row) -> Polynomial:
    """The monomials of a row."""
    return {column: value for column, value in row.items() if not isinstance(column, Unit)}
