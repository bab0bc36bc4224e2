"""The rules for quadratic forms: what a request opens that what was issued does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np

from pyfe.leakage import limits
from pyfe.leakage.findings import Finding, Lines
from pyfe.leakage.implied import Implied, PooledForms, Spanned
from pyfe.leakage.linear_content import LinearContent
from pyfe.leakage.monomials import Monomials
from pyfe.leakage.rows import Row, RowColumn, Unit, plain_row
from pyfe.leakage.span import Span, integer_combination, supports
from pyfe.schema import Schema

__all__ = ["Opened", "most_forms"]

_INDIRECTLY = "counting the factors and products of what is open"


def most_forms(schema: Schema) -> int:
    """Most independent quadratic forms by the default rule: ``max(1, floor(n_b / 8))`` for n_b private columns."""
    return max(1, _private_columns(schema) // 8)


def _private_columns(schema: Schema) -> int:
    space = Monomials(schema)
    return len({space.owner[i] for i in space.private})


class Account(PooledForms, Protocol):
    """The forms of all keys up to a moment, and what they determine."""

    modulus: int
    primes: tuple[int, ...]
    outputs: int
    too_large: int
    all_combined: bool

    @property
    def schema(self) -> Schema:
        """What the forms speak of."""

    @property
    def multiplied(self) -> bool:
        """Whether units can be multiplied out."""

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the rows over monomials, the number of the output."""

    def known(self, prime: int, *, multiplied: bool) -> Implied:
        """What the forms determine modulo a prime."""


class Opened:
    """What was issued before a request and after, and the tests on it."""

    def __init__(self, before: Account, after: Account, size: int) -> None:
        self.schema = after.schema
        self.before = before
        self.after = after
        self.size = size
        self.issued = before.outputs
        self.multiplied = after.multiplied
        self.reader = after.reader
        self.names = [name for name, _, _ in self.schema.blocks]
        self.blocks = [tuple(range(part.start, part.stop)) for _, part, _ in self.schema.blocks]
        self.unchecked: set[str] = set()

    def findings(self) -> list[Finding]:
        """All findings; what was not looked for at the end."""
        if self.after.too_large:
            note = f"not looked at: {self.after.too_large} output(s), since the independent ones have too many terms"
            return [Finding("checked in part", (), (), issued=self.issued, note=note)]
        lines: Lines = {}
        new = [self._opened(prime, lines) for prime in self.after.primes]
        if not any(new):
            return [Finding("nothing new", (), (), issued=self.issued)]
        found = [self._explain(kind, names, coordinates) for (kind, names), coordinates in lines.items()]
        return found + self._too_wide() + self._too_many() + self._unchecked()

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
            self.unchecked.add("products among the combinations of several quadratic forms")
        if not after.squared and self.multiplied:
            self.unchecked.add(f"products of {len(after.linear)} known linear forms")
        return True

    def _known(self, prime: int) -> tuple[Implied, Implied]:
        """What is known modulo a prime before the request, and after."""
        before, after = (account.known(prime, multiplied=self.multiplied) for account in (self.before, self.after))
        return before, after

    def _coordinates(self, before: Spanned, after: Spanned) -> Lines:
        if not after.linear_forms():
            return {}
        units = {i: self.reader.row({i: 1}) for i in self.reader.space.private}
        new = [i - 1 for i, row in units.items() if row in after and row not in before]
        return {("coordinate", (self.schema.coordinate_names[i],)): (i,) for i in new}

    def _opened_products(self, before: Spanned, after: Spanned) -> Lines:
        old = set(before.open())
        new = [c for c in after.open() if c not in old and not isinstance(c, Unit) and 0 < c[0] < c[1]]
        names = self.reader.space.names
        return {("product", (names[i], names[j])): (i - 1, j - 1) for i, j in new}

    def _protected(self, before: Spanned, after: Spanned) -> Lines:
        lines: Lines = {}
        for label, rows in self.schema.protected_groups():
            if self._says_more(label, rows[0].tolist(), before, after):
                lines["protected", (label,)] = tuple(np.flatnonzero(rows.any(axis=0)).tolist())
        return lines or self._protected_together(before, after)

    def _protected_together(self, before: Spanned, after: Spanned) -> Lines:
        """Forms of which every monomial has a factor in one or another of several protected columns."""
        marked = [b for b, name in enumerate(self.names) if self.schema.columns[name].protected]
        if len(marked) < 2 or self._about(after, *marked) <= self._about(before, *marked):
            return {}
        return {("protected", tuple(self.names[b] for b in marked)): tuple(c for b in marked for c in self.blocks[b])}

    def _says_more(self, label: str, form: list[int], before: Spanned, after: Spanned) -> bool:
        if label in self.schema.columns:
            block = self.names.index(label)
            return self._about(after, block) > self._about(before, block)
        linear = self.reader.private(self.reader.space.linear({i + 1: v for i, v in enumerate(form) if v}))
        row, square = self.reader.row(linear), plain_row(self.reader.space.product(linear, linear))
        return any(r in after and r not in before for r in (row, square) if r)

    def _about(self, spanned: Spanned, *blocks: int) -> int:
        """Dimension of the forms in the span whose monomials all have a factor in one of the columns."""
        return spanned.span.living_on([i for i, c in enumerate(spanned.columns) if self._touches(c, blocks)])

    def _touches(self, column: RowColumn, blocks: Iterable[int]) -> bool:
        return any(self.reader.touches(column, block) for block in blocks)

    def _groups(self, before: Spanned, after: Spanned, opened: set[int | None]) -> Lines:
        lines: Lines = {}
        found = self._small_supports(after)
        old = self._small_supports(before) if found else {}
        for group, count in found.items():
            if count > old.get(group, 0) and not group <= opened:
                blocks = sorted(group)
                kind = "variable" if len(blocks) == 1 else "group"
                lines[kind, tuple(self.names[b] for b in blocks)] = tuple(c for b in blocks for c in self.blocks[b])
        return lines

    def _small_supports(self, spanned: Spanned) -> dict[frozenset[int], int]:
        size = self.size
        while size and spanned.span.rank**size > limits.MOST_BRANCHES:
            self.unchecked.add(f"forms on {size} columns, with so many keys")
            size -= 1
        if not size:
            return {}
        owners = {i: self.reader.owners(column) for i, column in enumerate(spanned.columns)}
        return supports(spanned.span, owners, size)

    def _too_wide(self) -> list[Finding]:
        """Linear content beyond the weights of a linear function, on columns that no product hides."""
        if not self.multiplied:
            return []
        wide = LinearContent(self.schema, self.reader, self.after.modulus).wide(
            self.before.rows(multiplied=True), self._rows
        )
        if not wide:
            return []
        names, coordinates = tuple(self.names[b] for b in wide), tuple(c for b in wide for c in self.blocks[b])
        note = f"{max(wide.values())} bits where a linear function may have {limits.LINEAR_WEIGHT_BITS}"
        return [Finding("weights", names, coordinates, issued=self.issued, note=note)]

    def _too_many(self) -> list[Finding]:
        """The rule on the number of forms; as for the others, only what the request adds."""
        allowed = most_forms(self.schema)
        if len(self.after.rows(multiplied=self.multiplied)) <= allowed:
            return []  # their rank is no larger, and ranks of wide forms take long
        ranks = [[known.quadratic_rank() for known in self._known(prime)] for prime in self.after.primes]
        before, after = (max(pair) for pair in zip(*ranks, strict=True))
        if not after > max(before, allowed):
            return []
        columns = _private_columns(self.schema)
        note = f"{after} independent ones where the rule allows {allowed} for {columns} private column(s)"
        return [Finding("keys", (), (), issued=self.issued, note=note)]

    def _unchecked(self) -> list[Finding]:
        if not self.multiplied:
            self.unchecked.add(
                "sums of units in which monomials cancel, since the units are too wide to be multiplied out"
            )
        note = f"not looked for: {'; '.join(sorted(self.unchecked))}"
        return [Finding("checked in part", (), (), issued=self.issued, note=note)] if self.unchecked else []

    # -- explanations --

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return self.after.rows(multiplied=self.multiplied)

    @cached_property
    def _plain(self) -> Spanned:
        """The span of the forms themselves, modulo the order of the groups."""
        return Spanned(self._rows, self.reader.space.free, self.after.modulus, traced=True)

    def _explain(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> Finding:
        """The finding with a combination of the forms themselves that shows it, where a short one exists."""
        finding = Finding(kind, names, coordinates, issued=self.issued)
        if kind == "record" or not self.multiplied:
            return finding
        witness = self._witness(self._plain, self._rows, finding)
        short = None if witness is None else integer_combination(witness, self.after.modulus)
        if short is None:
            return replace(finding, note=_INDIRECTLY)
        values, divisor = short
        combination = [0] * self.after.outputs
        for row, value in values.items():
            combination[self.after.positions[row]] = value
        return replace(finding, combination=tuple(combination), divisor=divisor)

    def _witness(self, spanned: Spanned, rows: Sequence[Row], finding: Finding) -> dict[int, int] | None:
        if finding.kind == "coordinate":
            return _witness(spanned, self.reader.row({finding.coordinates[0] + 1: 1}))
        if finding.kind == "product":
            i, j = finding.coordinates
            return _witness(spanned, {(i + 1, j + 1): 1})
        if finding.kind == "protected" and finding.names[0] in self.schema.columns:
            marked = [self.names.index(name) for name in finding.names]
            return _vanishing(spanned, rows, lambda column: not self._touches(column, marked))
        if finding.kind == "protected":
            form = dict(self.schema.protected_groups())[finding.names[0]][0].tolist()
            return _witness(spanned, self.reader.row({i + 1: v for i, v in enumerate(form) if v}))
        blocks = {self.names.index(name) for name in finding.names}
        return _vanishing(spanned, rows, lambda column: not self.reader.owners(column) <= blocks)


def _witness(spanned: Spanned, row: Row) -> dict[int, int] | None:
    return spanned.span.witness(spanned.dense(row)) if row in spanned else None


def _vanishing(spanned: Spanned, rows: Sequence[Row], outside: Callable[[RowColumn], bool]) -> dict[int, int] | None:
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
