"""The exact rules: what a request would open, together with every key issued before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.errors import ParameterError
from pyfe.leakage.span import GROUP_ORDER, PRIMES, Span, integer_combination, small_groups
from pyfe.schema import Constant, Schema

__all__ = ["Finding", "Lines", "check_linear", "group_size"]

Rows: TypeAlias = list[list[int]]
Lines: TypeAlias = "dict[tuple[str, tuple[str, ...]], tuple[int, ...]]"


@dataclass(frozen=True)
class Finding:
    """One thing that the keys, pooled, determine.

    ``kind``: "coordinate" (one coordinate's value), "product" (of two coordinates), "variable" (a form on a single
    column), "group" (a form on very few columns), "protected" (a form on a protected column, or a protected form),
    "record" (every coordinate), "keys" (more quadratic forms than the rule allows), "budget" (too few bits of a record
    stay unknown, by the estimate of :func:`pyfe.leakage.check_budget`); or, not refusing, "nothing new"
    (the request lies in the span of what is known and issued) and "checked in part" (``note`` says what was not).
    ``names`` are the columns, coordinates or forms concerned, ``coordinates`` their positions.
    ``combination``: integer coefficients of the rows, issued first, whose sum is ``divisor`` times the form opened,
    up to what everybody knows; empty where only coefficients modulo the group order exist.
    """

    kind: str
    names: tuple[str, ...]
    coordinates: tuple[int, ...]
    combination: tuple[int, ...] = ()
    divisor: int = 1
    issued: int = 0
    note: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the default rules refuse a key for this."""
        return self.kind not in ("nothing new", "checked in part")

    def __str__(self) -> str:
        sentence = _SENTENCES[self.kind].format(", ".join(repr(name) for name in self.names))
        return sentence + (f" ({self.note})" if self.note else "") + self._explanation()

    def _explanation(self) -> str:
        terms = [
            f"{value:+d} * {'issued' if row < self.issued else 'requested'} row "
            f"{row if row < self.issued else row - self.issued}"
            for row, value in enumerate(self.combination)
            if value
        ]
        if not terms:
            return ""
        more = f" and {len(terms) - 6} more" if len(terms) > 6 else ""
        over = f" (divided by {self.divisor})" if self.divisor != 1 else ""
        return f": {' '.join(terms[:6])}{more}{over}"


_SENTENCES = {
    "coordinate": "opens the coordinate {0}",
    "variable": "opens a form on the single column {0}",
    "group": "opens a form on the columns {0} alone",
    "protected": "says something about the protected {0} alone",
    "record": "opens the whole record",
    "nothing new": "says nothing that the keys issued before do not say",
    "product": "opens the product of {0}",
    "keys": "would be one quadratic form too many",
    "budget": "would leave too little of a record unknown",
    "checked in part": "was not checked for everything",
}


def check_linear(issued: Any, request: Any, schema: Schema, max_blocks: int | None = None) -> list[Finding]:
    """What ``request`` opens together with ``issued`` and what everybody knows; an empty list means nothing exact.

    Parameters
    ----------
    issued, request: int64 ``[k, n]`` (or ``[n]``) rows; ``issued`` may be empty.
    schema: its relations (one-hot sums, constants) and public columns count as known to everybody.
    max_blocks: a form supported on at most so many columns is a finding; default 2, or 1 for schemas with fewer than
        6 columns that are neither public nor constant. 0 looks for single coordinates only.

    Returns findings that ``issued`` alone does not have, coordinates first. Linear algebra modulo the group order and
    modulo 2^61 - 1; a finding modulo either counts. Cost: O((k + relations)^2 n), and O(rank^max_blocks) eliminations
    for the groups. An empty list is no promise: bounded integers leak below the span (:func:`residual_bits`).
    """
    before, wanted = _rows(issued, schema), _rows(request, schema)
    if not wanted:
        raise ParameterError("a request has at least one row")
    state = _State(schema, before, wanted, group_size(schema, max_blocks))
    lines: Lines = {}
    for prime in PRIMES:
        for key, coordinates in state.opened(prime).items():
            lines.setdefault(key, coordinates)
    findings = [state.explain(kind, names, coordinates) for (kind, names), coordinates in lines.items()]
    if not findings and state.nothing_new():
        return [state.explain("nothing new", (), ())]
    return findings


def _rows(values: Any, schema: Schema) -> Rows:
    array = np.asarray(values)
    if array.size == 0:
        return []
    array = array[None, :] if array.ndim == 1 else array
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != schema.n:
        raise ParameterError(f"rows are integers [k, {schema.n}], not {array.dtype} {array.shape}")
    rows: Rows = array.tolist()
    return rows


def group_size(schema: Schema, max_blocks: int | None) -> int:
    """On how few columns a form is a finding: ``max_blocks``, or its default."""
    if max_blocks is not None:
        return max_blocks
    private = [c for c in schema.columns.values() if not c.public and not isinstance(c, Constant)]
    return 2 if len(private) >= 6 else 1


class _State:
    """The rows of one question, and the tests on them."""

    def __init__(self, schema: Schema, issued: Rows, request: Rows, group_size: int) -> None:
        self.schema = schema
        self.issued = issued
        self.request = request
        self.group_size = group_size
        self.known: Rows = schema.known_rows().tolist()
        self.blocks = [list(range(part.start, part.stop)) for _, part, _ in schema.blocks]
        self.names = [name for name, _, _ in schema.blocks]

    def opened(self, prime: int) -> Lines:
        """Everything opened by the request modulo one prime, as ``(kind, names) -> coordinates``."""
        known = Span(self.known, prime=prime)
        before = Span(self.known + self.issued, prime=prime)
        after = Span(self.known + self.issued + self.request, prime=prime)
        lines = self._coordinates(known, before, after)
        lines |= self._protected(known, before, after)
        lines |= self._groups(known, {self._block_of(c[0]) for (k, _), c in lines.items() if k == "coordinate"})
        if after.rank == self.schema.n > before.rank:
            lines["record", ()] = tuple(range(self.schema.n))
        return lines

    def nothing_new(self) -> bool:
        """Whether the request lies in the span of the rest, modulo both primes."""
        return all(
            Span(self.known + self.issued, prime=p).rank == Span(self.known + self.issued + self.request, prime=p).rank
            for p in PRIMES
        )

    def _block_of(self, coordinate: int) -> int:
        return next(b for b, columns in enumerate(self.blocks) if coordinate in columns)

    def _coordinates(self, known: Span, before: Span, after: Span) -> Lines:
        old = {*known.open_coordinates(), *before.open_coordinates()}
        new = [i for i in after.open_coordinates() if i not in old]
        return {("coordinate", (self.schema.coordinate_names[i],)): (i,) for i in new}

    def _protected(self, known: Span, before: Span, after: Span) -> Lines:
        lines: Lines = {}
        for label, rows in self.schema.protected_groups():
            group: Rows = rows.tolist()
            if _meets(after, group, known) > _meets(before, group, known):
                lines["protected", (label,)] = tuple(np.flatnonzero(rows.any(axis=0)).tolist())
        return lines

    def _groups(self, known: Span, opened: set[int]) -> Lines:
        if self.group_size < 1:
            return {}
        before = self._small_groups(self.issued, known)
        lines: Lines = {}
        for group, count in self._small_groups(self.issued + self.request, known).items():
            if count > before.get(group, 0) and not group <= opened:
                blocks = sorted(group)
                kind = "variable" if len(blocks) == 1 else "group"
                coordinates = tuple(c for b in blocks for c in self.blocks[b])
                lines[kind, tuple(self.names[b] for b in blocks)] = coordinates
        return lines

    def _small_groups(self, rows: Rows, known: Span) -> dict[frozenset[int], int]:
        # known rows lie within one block each, so reducing by them moves no form to another block
        reduced = [known.reduce(row)[0] for row in rows]
        return small_groups(reduced, self.blocks, self.group_size, prime=known.prime)

    # -- explanations --

    def explain(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> Finding:
        """The finding with a combination of rows that shows it, where a short one exists."""
        witness = self._witness(kind, names, coordinates)
        short = None if witness is None else integer_combination(witness, GROUP_ORDER)
        if short is None:
            return Finding(kind, names, coordinates, issued=len(self.issued))
        values, divisor = short
        first, count = len(self.known), len(self.issued) + len(self.request)
        combination = tuple(values.get(first + row, 0) for row in range(count))
        return Finding(kind, names, coordinates, combination, divisor, len(self.issued))

    def _witness(self, kind: str, names: tuple[str, ...], coordinates: tuple[int, ...]) -> dict[int, int] | None:
        rows = self.known + self.issued + self.request
        if kind == "coordinate":
            unit = [int(i == coordinates[0]) for i in range(self.schema.n)]
            return Span(rows).witness(unit)
        if kind in ("variable", "group"):
            return self._living_on(rows, coordinates)
        if kind == "protected" and names[0] in self.schema.columns:
            return self._living_on(rows, coordinates)
        if kind == "protected":
            form: Rows = dict(self.schema.protected_groups())[names[0]].tolist()
            return Span(rows).witness(form[0])
        return None

    def _living_on(self, rows: Rows, coordinates: Sequence[int]) -> dict[int, int] | None:
        """A combination that vanishes outside ``coordinates`` and says more than is known."""
        outside = [i for i in range(self.schema.n) if i not in set(coordinates)]
        span, known = Span(), Span(self.known)
        for index, row in enumerate(rows):
            rest, used = span.reduce([row[i] for i in outside])
            if any(rest):
                span.add([row[i] for i in outside])
                continue
            span.count += 1
            combination = {index: 1} | {j: -c % GROUP_ORDER for j, c in used.items()}
            if _combine(rows, combination) not in known:
                return combination
        return None


def _combine(rows: Rows, combination: dict[int, int]) -> list[int]:
    columns = range(len(rows[0]))
    return [sum(c * rows[j][i] for j, c in combination.items()) % GROUP_ORDER for i in columns]


def _meets(span: Span, group: Rows, known: Span) -> int:
    """Dimension of what the span says about the group alone, beyond what is known."""
    with_known = Span(known.rows() + group, prime=span.prime)
    together = Span(span.rows() + group, prime=span.prime)
    return span.rank + with_known.rank - together.rank - known.rank
