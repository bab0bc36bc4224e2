"""The exact rules for linear functions: what a request would open, together with every key issued before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import integer_rows
from pyfe.errors import ParameterError
from pyfe.leakage.findings import Finding, Lines, group_size
from pyfe.leakage.monomials import Monomials
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span, integer_combination, supports
from pyfe.schema import Schema

__all__ = ["LinearAccount", "check_linear"]

Rows: TypeAlias = list[list[int]]


def check_linear(issued: Any, request: Any, schema: Schema, max_blocks: int | None = None) -> list[Finding]:
    """What ``request`` opens together with ``issued`` and what everybody knows; an empty list means nothing exact.

    Parameters
    ----------
    issued, request: int64 ``[k, n]`` (or ``[n]``) rows; ``issued`` may be empty.
    schema: its relations (one-hot sums, constants) and public columns count as known to everybody.
    max_blocks: a form supported on at most so many columns is a finding; default 2, or 1 for schemas with fewer than
        6 columns that are neither public nor constant. 0 looks for single coordinates only.

    Returns findings that ``issued`` alone does not have, coordinates first. Linear algebra modulo the group order and
    modulo 2^61 - 1; a finding modulo either counts. Cost: O(rank n) a row, and O(rank^max_blocks) small eliminations
    for the groups; :class:`LinearAccount` keeps what was issued reduced. An empty list is no promise: bounded integers
    leak below the span (:func:`residual_bits`).
    """
    before = LinearAccount(schema).with_rows(issued)
    return before.with_rows(request).findings(before, max_blocks)


class _Shape:
    """What the rows of one schema have in common: the free coordinates, and whose they are."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.space = Monomials(schema)
        self.free = {i: position for position, i in enumerate(self.space.free)}
        self.owners = {position: frozenset({self.space.block(i)}) for i, position in self.free.items()}
        self.blocks = [(name, range(part.start, part.stop)) for name, part, _ in schema.blocks]
        self.groups = schema.protected_groups()

    def dense(self, form: Mapping[int, int]) -> list[int]:
        """A linear form of augmented coordinates over the free ones."""
        row = [0] * len(self.free)
        for i, value in self.space.linear(form).items():
            if i in self.free:
                row[self.free[i]] = value
        return row

    def inside(self, coordinates: Iterable[int]) -> list[int]:
        """The positions of those coordinates that are free."""
        return [self.free[i + 1] for i in coordinates if i + 1 in self.free]


class LinearAccount:
    """The rows of all keys issued so far, reduced; unchangeable, so that it can be kept and extended.

    What everybody knows is taken out of every row first: public coordinates, constants, and the last level of a
    category, which is 1 minus the others.

    modulus: the prime modulo which keys of the scheme can be combined; the order of ristretto255 unless stated.
    """

    def __init__(self, schema: Schema, modulus: int = GROUP_ORDER) -> None:
        self._shape = _Shape(schema)
        self._modulus = modulus
        self._rows: Rows = []
        self._spans = {prime: Span(prime=prime, traced=False) for prime in (modulus, CHECK_PRIME)}
        self._opened: dict[int, set[int]] = {}

    def with_rows(self, rows: Any) -> LinearAccount:
        """The account with more rows. Cost: O(rank n) each."""
        shape = self._shape
        fresh = [
            shape.dense({i: v for i, v in enumerate(row, start=1) if v})
            for row in integer_rows(rows, shape.schema.n).tolist()
        ]
        twin = copy(self)
        twin._rows = [*self._rows, *fresh]
        twin._spans = {prime: span.copy() for prime, span in self._spans.items()}
        twin._opened = {}
        for span in twin._spans.values():
            for row in fresh:
                span.add(row)
        return twin

    def findings(self, before: LinearAccount, max_blocks: int | None = None) -> list[Finding]:
        """As :func:`check_linear`, with the rows of ``before`` as those issued, and the others as requested."""
        issued = len(before._rows)
        if len(self._rows) == issued:
            raise ParameterError("a request has at least one row")
        lines: Lines = {}
        for prime in self._spans:
            for key, coordinates in self._new_lines(before, prime, group_size(self._shape.schema, max_blocks)).items():
                lines.setdefault(key, coordinates)
        findings = [self._explain(kind, names, coordinates, issued) for (kind, names), coordinates in lines.items()]
        if not findings and all(span.rank == before._spans[prime].rank for prime, span in self._spans.items()):
            return [Finding("nothing new", (), (), issued=issued)]
        return findings

    # -- the rules --

    def _new_lines(self, before: LinearAccount, prime: int, size: int) -> Lines:
        opened = [i for i in sorted(self._open(prime)) if i not in before._open(prime)]
        lines: Lines = {("coordinate", (self._shape.schema.coordinate_names[i - 1],)): (i - 1,) for i in opened}
        lines |= self._protected(before, prime)
        lines |= self._small_groups(before, prime, size, {self._shape.space.block(i) for i in opened})
        if self._spans[prime].rank == len(self._shape.free) > before._spans[prime].rank:
            lines["record", ()] = tuple(range(self._shape.schema.n))
        return lines

    def _open(self, prime: int) -> set[int]:
        """The private coordinates that are determined; the last level of a category is the sum of the others."""
        if prime not in self._opened:
            span, free = self._spans[prime], self._shape.space.free
            opened = {free[position] for position in span.open_coordinates()}
            owning = {self._shape.space.block(free[position]) for position in span.pivots}
            last = (
                i
                for i in self._shape.space.private
                if i not in self._shape.free and self._shape.space.block(i) in owning
            )
            self._opened[prime] = opened | {i for i in last if self._shape.dense({i: 1}) in span}
        return self._opened[prime]

    def _protected(self, before: LinearAccount, prime: int) -> Lines:
        after, old = self._spans[prime], before._spans[prime]
        lines: Lines = {}
        for label, rows in self._shape.groups:
            coordinates = np.flatnonzero(rows.any(axis=0)).tolist()
            if label in self._shape.schema.columns:
                inside = self._shape.inside(coordinates)
                found = after.living_on(inside) > old.living_on(inside)
            else:
                form = self._shape.dense({i + 1: int(rows[0, i]) for i in coordinates})
                found = any(form) and form in after and form not in old
            if found:
                lines["protected", (label,)] = tuple(coordinates)
        return lines

    def _small_groups(self, before: LinearAccount, prime: int, size: int, opened: set[int]) -> Lines:
        found = supports(self._spans[prime], self._shape.owners, size) if size else {}
        old = supports(before._spans[prime], self._shape.owners, size) if found else {}
        lines: Lines = {}
        for group, count in found.items():
            if count > old.get(group, 0) and not group <= opened:
                blocks = [self._shape.blocks[b] for b in sorted(group)]
                kind = "variable" if len(blocks) == 1 else "group"
                lines[kind, tuple(name for name, _ in blocks)] = tuple(c for _, part in blocks for c in part)
        return lines

    # -- explanations --

    def _explain(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...], issued: int) -> Finding:
        """The finding with a combination of rows that shows it, where a short one exists."""
        witness = self._witness(kind, names, coordinates)
        short = None if witness is None else integer_combination(witness, self._modulus)
        if short is None:
            return Finding(kind, names, coordinates, issued=issued)
        values, divisor = short
        combination = tuple(values.get(row, 0) for row in range(len(self._rows)))
        return Finding(kind, names, coordinates, combination, divisor, issued)

    def _witness(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> dict[int, int] | None:
        if kind == "coordinate":
            return Span(self._rows, prime=self._modulus).witness(self._shape.dense({coordinates[0] + 1: 1}))
        if kind == "record":
            return None
        if kind == "protected" and names[0] not in self._shape.schema.columns:
            form = dict(self._shape.groups)[names[0]][0].tolist()
            return Span(self._rows, prime=self._modulus).witness(
                self._shape.dense({i + 1: v for i, v in enumerate(form) if v})
            )
        return self._vanishing_outside(set(self._shape.inside(coordinates)))

    def _vanishing_outside(self, inside: set[int]) -> dict[int, int] | None:
        """A combination that says something, and about these coordinates alone."""
        outside = [i for i in range(len(self._shape.free)) if i not in inside]
        span = Span(prime=self._modulus)
        for index, row in enumerate(self._rows):
            _, used = span.reduce([row[i] for i in outside])
            combination = {index: 1} | {j: -c % self._modulus for j, c in used.items()}
            if not span.add([row[i] for i in outside]) and any(
                sum(c * self._rows[j][i] for j, c in combination.items()) % self._modulus for i in inside
            ):
                return combination
        return None
