"""Quadratic forms over the integer-valued monomials of the free coordinates, public columns substituted.

A form that takes integer values on all records need not have integer coefficients over ``x^2``: ``(x^2 + x) / 2`` is
one, so ``x^2 + x`` is even and hides no parity. Over ``{u_k, C(u_k, 2), u_k u_m}`` its coefficients are integers, and
remainders of these are what shows (Polya, "Uber ganzwertige ganze Funktionen", Rend. Palermo 40, 1915).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from pyfe.leakage.lattice import Free
from pyfe.leakage.monomials import Polynomial
from pyfe.schema import Schema

__all__ = ["Basis", "Combination", "Term"]

Term: TypeAlias = tuple[int, int, int]
"""Over the free coordinates: ``(0, -1, k)`` is u_k, ``(1, k, k)`` is C(u_k, 2), ``(2, k, m)`` with k < m is u_k u_m."""

Combination: TypeAlias = "dict[Term, int]"

_Affine: TypeAlias = tuple[int, dict[int, int]]
"""A constant, and weights of free coordinates."""


class Basis:
    """The monomials of a schema. They are independent as functions of the private columns, and a form with integer
    coefficients has integer ones over them.

    free: the free coordinates u.
    """

    def __init__(self, schema: Schema) -> None:
        self.free = Free(schema)
        table = zip(self.free.positions.tolist(), self.free.base.tolist(), strict=True)
        self._private: dict[int, _Affine] = {0: (1, {})}
        for k, (position, base) in enumerate(table):
            self._private[position + 1] = (0, {k: 1})
            if base >= 0:
                self._private.setdefault(base + 1, (1, {}))[1][k] = -1

    def substituted(self, polynomial: Polynomial, public: Mapping[int, int]) -> Combination:
        """A form where the public columns have known values, without its constant.

        polynomial: in the normal form of :class:`pyfe.leakage.monomials.Monomials`, of the whole.
        public: values of the public coordinates, counted from 1.
        """
        total: Combination = {}
        for (a, b), value in polynomial.items():
            (fixed, left), (known, right) = (self._affine(i, public) for i in (a, b))
            _add(total, (((0, -1, k), value * w * known) for k, w in left.items()))
            _add(total, (((0, -1, k), value * w * fixed) for k, w in right.items()))
            for k, w in left.items():
                for m, v in right.items():
                    _add(total, _product(k, m, value * w * v))
        return {term: value for term, value in total.items() if value}

    def _affine(self, i: int, public: Mapping[int, int]) -> _Affine:
        return (public[i], {}) if i in public else self._private[i]

    def owners(self, term: Term) -> frozenset[int]:
        """The private blocks that a monomial depends on."""
        owner = self.free.owner
        return frozenset(int(owner[k]) for k in term[1:] if k >= 0)

    def polynomial(self, terms: Sequence[Term], row: Sequence[int]) -> dict[tuple[int, int], float]:
        """A row over monomials as a polynomial in the coordinates of the schema, which count from 1; 0 is the
        constant."""
        total: dict[tuple[int, int], float] = {}
        for (degree, k, m), value in zip(terms, row, strict=True):
            second = int(self.free.positions[m]) + 1
            first = int(self.free.positions[k]) + 1 if degree else 0
            if degree == 1:
                total[0, second] = total.get((0, second), 0.0) - value / 2
            total[first, second] = total.get((first, second), 0.0) + (value / 2 if degree == 1 else value)
        return total


def _product(k: int, m: int, value: int) -> list[tuple[Term, int]]:
    """``value u_k u_m`` for coordinates of different columns, or one of a number: u^2 = u + 2 C(u, 2)."""
    if k == m:
        return [((0, -1, k), value), ((1, k, k), 2 * value)]
    return [((2, min(k, m), max(k, m)), value)]


def _add(total: Combination, terms: Iterable[tuple[Term, int]]) -> None:
    for term, value in terms:
        total[term] = total.get(term, 0) + value
