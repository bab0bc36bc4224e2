"""What linear keys determine by linear algebra alone, and the lattice of all integer forms that they determine."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import IntArray, integer_rows
from pyfe.leakage.findings import Finding, Lines, group_size
from pyfe.leakage.lattice import Free, Lattice
from pyfe.leakage.slots import meets, noisy_rows
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span, integer_combination, supports
from pyfe.schema import Schema

__all__ = ["LinearAccount"]

Rows: TypeAlias = list[list[int]]


class _Shape:
    """What the rows of one schema have in common: the free coordinates, and whose they are."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.free = Free(schema)
        self.place = {position: i for i, position in enumerate(self.free.positions.tolist())}
        self.owners = {i: frozenset({block}) for i, block in enumerate(self.free.owner.tolist())}
        self.blocks = [(name, range(part.start, part.stop)) for name, part, column in schema.parts if column.in_table]
        self.groups = schema.protected_groups()

    def dense(self, coordinate: int) -> list[int]:
        """One coordinate over the free ones."""
        return self.free.rows(np.eye(1, self.schema.n, coordinate, dtype=np.int64))[0]

    def inside(self, coordinates: Iterable[int]) -> list[int]:
        """The places of those coordinates that are free."""
        return [self.place[i] for i in coordinates if i in self.place]


class LinearAccount:
    """The rows of all keys issued so far, reduced; unchangeable, so that it can be kept and extended.

    What everybody knows is taken out of every row first: public coordinates, constants, and the first level of a
    category, which is 1 minus the others (:class:`pyfe.leakage.lattice.Free`).

    modulus: the prime modulo which keys of the scheme can be combined; the order of ristretto255 unless stated.
    """

    def __init__(self, schema: Schema, modulus: int = GROUP_ORDER) -> None:
        self._shape = _Shape(schema)
        self._modulus = modulus
        self._rows: Rows = []
        self._given = np.zeros((0, schema.n), dtype=np.int64)
        self._spans = {prime: Span(prime=prime, traced=False) for prime in (modulus, CHECK_PRIME)}
        self._opened: dict[int, set[int]] = {}
        self._saturated: tuple[Lattice, Rows] = Lattice.empty(len(self._shape.free)), []

    @property
    def schema(self) -> Schema:
        """What the rows speak of."""
        return self._shape.schema

    @property
    def free(self) -> Free:
        """The coordinates over which the lattice lies."""
        return self._shape.free

    @property
    def count(self) -> int:
        """Number of rows, independent or not."""
        return len(self._rows)

    @property
    def given(self) -> IntArray:
        """All rows as they were given, int64 ``[k, n]``."""
        return self._given

    @property
    def rank(self) -> int:
        """Number of independent rows: the larger of the ranks modulo both primes."""
        return max(span.rank for span in self._spans.values())

    @property
    def lattice(self) -> Lattice:
        """The saturated lattice of all rows. Cost: O(rank^2 n) for each independent row since it was last asked for."""
        known, since = self._saturated
        if since:
            known = known.with_rows(since)
            self._saturated = known, []
        return known

    def with_rows(self, rows: Any) -> LinearAccount:
        """The account with more rows. Cost: O(rank n) each."""
        given = integer_rows(rows, self.schema.n)
        fresh = self.free.rows(given)
        twin = copy(self)
        twin.__dict__.pop("noise_alone", None)
        twin._given = np.concatenate([self._given, given])
        twin._rows = [*self._rows, *fresh]
        twin._spans = {prime: span.copy() for prime, span in self._spans.items()}
        twin._opened = {}
        known, since = self._saturated
        grew = [[span.add(row) for row in fresh] for span in twin._spans.values()]
        twin._saturated = known, [*since, *(row for row, *new in zip(fresh, *grew, strict=True) if any(new))]
        return twin

    def findings(self, before: LinearAccount, max_blocks: int | None = None) -> list[Finding]:
        """What the rows open, by linear algebra alone, that those of ``before``, the first of them, do not.

        max_blocks: a form supported on at most so many columns is a finding; default 2, or 1 for schemas with fewer
            than 6 columns that are neither public nor constant. 0 looks for single coordinates only.

        Coordinates first. Modulo the group order and modulo 2^61 - 1; a finding modulo either counts. Cost:
        O(rank^max_blocks) small eliminations.
        """
        lines: Lines = {}
        for prime in self._spans:
            for key, coordinates in self._new_lines(before, prime, group_size(self._shape.schema, max_blocks)).items():
                lines.setdefault(key, coordinates)
        return [self._explain(kind, names, where, before.count) for (kind, names), where in lines.items()]

    def says_nothing_beyond(self, before: LinearAccount) -> bool:
        """Whether all rows lie in the span of those before, their noise included."""
        same = all(span.rank == before._spans[prime].rank for prime, span in self._spans.items())
        return same and (self.schema.noise is None or self.noise_alone == before.noise_alone)

    @cached_property
    def noise_alone(self) -> int:
        """Dimension of the combinations of rows that are noise and say nothing of a record."""
        return meets(noisy_rows(self._given, self.schema)).noise

    # -- the rules --

    def _new_lines(self, before: LinearAccount, prime: int, size: int) -> Lines:
        opened = [i for i in sorted(self._open(prime)) if i not in before._open(prime)]
        lines: Lines = {("coordinate", (self._shape.schema.coordinate_names[i],)): (i,) for i in opened}
        lines |= self._protected(before, prime)
        owning = {b for b, (_, part) in enumerate(self._shape.blocks) if any(i in part for i in opened)}
        lines |= self._small_groups(before, prime, size, owning)
        if self._spans[prime].rank == len(self._shape.free) > before._spans[prime].rank:
            lines["record", ()] = tuple(range(self._shape.schema.n))
        return lines

    def _open(self, prime: int) -> set[int]:
        """The private coordinates that are determined; the first level of a category is 1 minus the others."""
        if prime not in self._opened:
            span, free = self._spans[prime], self._shape.free
            opened = {int(free.positions[place]) for place in span.open_coordinates()}
            left_out = {int(free.base[place]) for place in span.pivots} - {-1}
            self._opened[prime] = opened | {i for i in left_out if self._shape.dense(i) in span}
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
                (form,) = self._shape.free.rows(rows)
                found = any(form) and form in after and form not in old
            if found:
                lines["protected", (label,)] = tuple(coordinates)
        return lines or self._on_protected_alone(after, old)

    def _on_protected_alone(self, after: Span, old: Span) -> Lines:
        """A combination that tells of several protected columns, and of nothing else."""
        columns = self._shape.schema.columns
        marked = [(label, rows) for label, rows in self._shape.groups if label in columns]
        coordinates = [i for _, rows in marked for i in np.flatnonzero(rows.any(axis=0)).tolist()]
        inside = self._shape.inside(coordinates)
        if len(marked) < 2 or after.living_on(inside) <= old.living_on(inside):
            return {}
        return {("protected", tuple(label for label, _ in marked)): tuple(coordinates)}

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
            return Span(self._rows, prime=self._modulus).witness(self._shape.dense(coordinates[0]))
        if kind == "record":
            return None
        if kind == "protected" and names[0] not in self._shape.schema.columns:
            (form,) = self._shape.free.rows(dict(self._shape.groups)[names[0]])
            return Span(self._rows, prime=self._modulus).witness(form)
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
