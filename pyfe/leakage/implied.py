"""What some quadratic forms determine modulo a prime: their span, the factors and the products that follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations_with_replacement
from typing import Protocol

from pyfe.leakage import limits
from pyfe.leakage.monomials import Linear
from pyfe.leakage.rows import Reader, Row, RowColumn, Unit, is_linear, plain_row
from pyfe.leakage.span import Span

__all__ = ["Implied", "PooledForms", "Spanned"]


class Spanned:
    """A span with named columns, products first: so basis rows with a linear pivot are the linear forms in it."""

    def __init__(
        self,
        rows: Sequence[Row],
        linear: Sequence[int],
        prime: int,
        *,
        first: Collection[RowColumn] = (),
        traced: bool = False,
    ) -> None:
        products = {column for row in rows for column in row if not is_linear(column)}
        self.columns: list[RowColumn] = sorted(products, key=lambda c: (c not in first, isinstance(c, Unit), c))
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

    def open(self) -> list[RowColumn]:
        """The columns whose value is determined."""
        return [self.columns[i] for i in self.span.open_coordinates()]


class PooledForms(Protocol):
    """The independent forms of some keys, as an account keeps them."""

    @property
    def reader(self) -> Reader:
        """How forms become rows."""

    def rows(self, *, multiplied: bool) -> tuple[Row, ...]:
        """Over monomials, or over units."""

    def factors(self, *, multiplied: bool) -> list[Linear]:
        """The linear forms that they count as."""


class Implied:
    """What some forms determine modulo a prime: ``pooled`` counts factors, ``spanned`` also the products of ``linear``.

    ``linear`` is a basis of all linear forms that are known. What follows from linear forms alone says no more than
    they do; so they are judged by ``pooled``, and ``spanned`` is compared with :meth:`linear_beside`.
    """

    def __init__(self, forms: PooledForms, prime: int, *, multiplied: bool) -> None:
        self._reader = forms.reader
        self._prime = prime
        self._multiplied = multiplied
        self._rows = forms.rows(multiplied=multiplied)
        self._plain = all(is_linear(column) for row in self._rows for column in row)
        self.squared = True
        self._multiplied_out: tuple[list[Linear] | None, list[Row]] = (None, [])
        singled = Spanned(forms.rows(multiplied=False), self._reader.space.free, prime)
        counted = [*forms.factors(multiplied=multiplied)]
        counted += [part for column in singled.open() for part in self._reader.counts_as(column)]
        self.linear = self._independent(counted)
        self.spanned = self._closed()
        self.pooled = self._with(self.linear) if self.linear else self.spanned

    def _closed(self) -> Spanned:
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

    def _with(self, linear: Sequence[Linear], products: Sequence[Row] = ()) -> Spanned:
        return self._spanned(self._rows, linear, products)

    def _spanned(self, rows: Sequence[Row], linear: Sequence[Linear], products: Sequence[Row]) -> Spanned:
        # products of a reduced basis are one already, if the products of its pivots come first
        pivots = [next(iter(form)) for form in linear] if products else []
        first: set[RowColumn] = {(min(pair), max(pair)) for pair in combinations_with_replacement(pivots, 2)}
        listed = [*products, *(self._reader.row(form) for form in linear), *rows]
        return Spanned(listed, self._reader.space.free, self._prime, first=first)

    def _products(self) -> list[Row]:
        count, used = len(self.linear), {column for form in self.linear for column in form}
        rank, monomials = len(self._rows) + count * (count + 1) // 2, len(used) * (len(used) + 1) // 2
        most = limits.MOST_CELLS // 10 if self._plain else limits.MOST_CELLS
        affordable = self._multiplied and rank**2 * monomials <= most
        self.squared = affordable or self._plain  # linear forms alone are judged by what they say themselves
        pairs = combinations_with_replacement(self.linear, 2) if affordable else ()
        if self._multiplied_out[0] is not self.linear:
            products = [plain_row(self._reader.space.product(u, w)) for u, w in pairs]
            self._multiplied_out = (self.linear, products)
        return self._multiplied_out[1]

    def _independent(self, forms: Iterable[Linear]) -> list[Linear]:
        rows = [self._reader.row(form) for form in forms]
        return Spanned(rows, self._reader.space.free, self._prime).linear_forms()

    def linear_beside(self, other: Implied) -> Spanned:
        """The span of another's forms with all linear forms known here, and their products."""
        return self._spanned(other._rows, self.linear, self._products())

    def rank(self) -> int:
        """Independent things that are known: linear forms, hidden units among them, and forms that are no products of
        theirs."""
        by_products = self._spanned((), self.linear, self._products()).span.rank
        return len(self.linear) + self.spanned.span.rank - by_products

    def quadratic_rank(self) -> int:
        """Independent forms that are not linear, among the forms alone."""
        spanned = self._with(())
        return sum(pivot < spanned.products for pivot in spanned.span.pivots)
