"""A request beside what was issued: its lattice Z, and the single values that can be computed from the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from math import gcd
from typing import NamedTuple

from flint import fmpq_mat, fmpz_mat

from tests.reference.leakage.lattice import Matrix, canonical, pairs, rank
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.schema import Row, Schema

PASSES, REFUSES, OUTSIDE = "passes", "refuses", "outside"
"""OUTSIDE: the rule has a range, and this question lies beyond it."""


@dataclass(frozen=True)
class Verdict:
    """What one rule says. Every figure with a limit refuses above it."""

    rule: str
    figures: dict[str, float]
    limits: dict[str, float] = field(default_factory=dict)
    inside: bool = True
    names: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        if not self.inside:
            return OUTSIDE
        return REFUSES if any(self.figures[name] > limit for name, limit in self.limits.items()) else PASSES


def primitive(y: Sequence[int]) -> Row:
    """Divided by the common divisor of all its weights."""
    common = gcd(*map(int, y)) or 1
    return [int(value) // common for value in y]


class Secret(NamedTuple):
    """Words that draws depend on besides, so that the same question can be drawn again: rows of the population, and
    values of the public columns."""

    rows: str = ""
    public: str = ""


FIRST = Secret()
"""What is drawn with unless it is drawn again."""


@dataclass(frozen=True, eq=False)
class Question:
    """All keys that one patient can meet, the requested ones last; each a row of the schema."""

    prior: Prior
    issued: tuple[Row, ...]
    requested: tuple[Row, ...]
    secret: Secret = FIRST

    @property
    def schema(self) -> Schema:
        return self.prior.schema

    @cached_property
    def rows(self) -> Matrix:
        return [primitive(y) for y in (*self.issued, *self.requested)]

    @cached_property
    def projected(self) -> Matrix:
        return [self.schema.project(y) for y in self.rows]

    @cached_property
    def Z(self) -> Matrix:
        return canonical(self.projected)

    @cached_property
    def rank(self) -> int:
        return len(self.Z)

    @cached_property
    def combinations(self) -> Matrix:
        """The rows of Z, and Z_i +- Z_j while r <= 4."""
        return self.Z + (pairs(self.Z) if self.rank <= 4 else [])

    @cached_property
    def nothing_new(self) -> bool:
        """The requested rows lie in the span of what was issued."""
        old = self.projected[: len(self.issued)]
        return rank(old) == self.rank

    @cached_property
    def lifted(self) -> list[list[Fraction]]:
        """Per row of Z the weights [n] of the value that the holder computes: public columns as the keys have them.
        Keys that say the same about private columns differ by a form that everybody knows; the reduced echelon form of
        all keys, private columns first, leaves one choice, whatever their basis and order."""
        if not self.rank:
            return []
        public = [at for block in self.schema.public for at in range(self.schema.n)[self.schema.place(block)]]
        keys = zip(self.projected, self.rows, strict=True)
        echelon, _ = fmpq_mat(fmpz_mat([[*private, *(y[at] for at in public)] for private, y in keys])).rref()
        reduced = [[Fraction(int(v.p), int(v.q)) for v in row] for row in echelon.tolist()[: self.rank]]
        pivots = [next(at for at, value in enumerate(row) if value) for row in reduced]
        found = []
        for z in self.Z:
            whole = [Fraction(weight) for weight in self.schema.lift(z)]
            for place, at in enumerate(public, len(z)):
                whole[at] = sum((z[pivot] * row[place] for pivot, row in zip(pivots, reduced, strict=True)), Fraction())
            found.append(whole)
        return found

    def seed(self, label: str) -> str:
        """Words for what is drawn for this question: the same in any basis and order."""
        return self.kept_seed(self._seed(label))

    def kept_seed(self, label: str) -> str:
        """Words for what is drawn for all questions of one authority."""
        return f"{label}{self.secret.rows}"

    @property
    def public_seed(self) -> str:
        """Words for the public values that are looked at."""
        return self._seed("public values") + self.secret.public

    def _seed(self, label: str) -> str:
        return f"{label} {sha256(repr(self.Z).encode()).hexdigest()}"

    def names(self, blocks: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.schema.columns[block].name for block in blocks)


def largest(figures: Sequence[float]) -> float:
    return max(figures, default=0.0)
