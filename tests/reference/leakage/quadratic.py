"""A request to a quadratic authority: all keys that one patient can meet, for every public value that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from math import gcd, lcm

import numpy as np
from flint import fmpq_mat, fmpz_mat

from tests.reference.leakage.forms import Form
from tests.reference.leakage.lattice import Matrix, canonical, pairs, rank
from tests.reference.leakage.polynomials import Normal
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import Question
from tests.reference.leakage.sampler import LevelsOf, extremes, public_vectors, tree_rows
from tests.reference.leakage.schema import Ints, Row, Schema

DRAWN, ROWS = 12, 200_000


def primitive(form: Form) -> Form:
    """Divided by the common divisor of all its weights."""
    common = gcd(*form.weights, *(weight for _, _, weight in form.products)) or 1
    products = tuple((i, j, weight // common) for i, j, weight in form.products)
    return Form(tuple(weight // common for weight in form.weights), products)


@dataclass(frozen=True, eq=False)
class AtPublic:
    """The keys, public levels known: their rows over the monomials, and the lattice Z of these."""

    rows: Matrix
    public: LevelsOf

    @cached_property
    def Z(self) -> Matrix:
        return canonical(self.rows)

    @cached_property
    def lifted(self) -> list[list[Fraction]]:
        """Z as combinations of the keys; of dependent keys the first ones count."""
        chosen: list[int] = []
        for at in range(len(self.rows)):
            if rank([self.rows[one] for one in (*chosen, at)]) > len(chosen):
                chosen.append(at)
        if not chosen:
            return []
        basis = fmpq_mat(fmpz_mat([self.rows[one] for one in chosen]))
        factors = fmpq_mat(fmpz_mat(self.Z)) * basis.transpose() * (basis * basis.transpose()).inv()
        found = [[Fraction(0)] * len(self.rows) for _ in self.Z]
        for row, values in zip(found, factors.tolist(), strict=True):
            for at, value in zip(chosen, values, strict=True):
                row[at] = Fraction(int(value.p), int(value.q))
        return found

    @cached_property
    def factors(self) -> Ints:
        """The combinations of rule 5 in the keys, each over its common denominator, [combinations, keys]."""
        rows = self.lifted
        both = [(rows[i], rows[j], sign) for j in range(len(rows)) for i in range(j) for sign in (1, -1)]
        summed = [[a + sign * b for a, b in zip(one, two, strict=True)] for one, two, sign in both]
        return np.array([_whole(row) for row in rows + summed], dtype=np.int64).reshape(-1, len(self.rows))

    @cached_property
    def combinations(self) -> Matrix:
        """Z and all Z_i +- Z_j, in the order of `factors`."""
        return self.Z + pairs(self.Z)

    def combine(self, values: Ints) -> Ints:
        """Values [rows, keys] of the keys -> those of the combinations [rows, combinations]."""
        size = int(np.abs(values).max()) * int(np.abs(self.factors).sum(axis=1).max(initial=0))
        if size >= 1 << 62:
            raise OverflowError("a combination of the keys is too large")
        return values @ self.factors.T

    @property
    def counted(self) -> int:
        """How many of the combinations are counted one by one: pairs while r <= 4."""
        return len(self.combinations) if len(self.Z) <= 4 else len(self.Z)


def _whole(row: list[Fraction]) -> list[int]:
    common = lcm(*(value.denominator for value in row))
    return [int(value * common) for value in row]


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The question; forms over the coordinates of the schema, linear keys among them."""

    prior: Prior
    issued: tuple[Form, ...]
    requested: tuple[Form, ...]

    @property
    def schema(self) -> Schema:
        return self.prior.schema

    @cached_property
    def normal(self) -> Normal:
        return Normal(self.schema)

    @cached_property
    def forms(self) -> list[Form]:
        return [primitive(form) for form in (*self.issued, *self.requested)]

    @cached_property
    def drawn(self) -> list[LevelsOf]:
        """Public levels of drawn rows."""
        return public_vectors(self.prior, DRAWN, self.seed("public values"))

    @cached_property
    def ends(self) -> list[LevelsOf]:
        return extremes(self.prior, self.drawn[0])

    def at(self, public: LevelsOf) -> AtPublic:
        return AtPublic([self.normal.row(form, public) for form in self.forms], public)

    @cached_property
    def everywhere(self) -> list[AtPublic]:
        """The drawn public values, then the extreme ones."""
        return [self.at(public) for public in self.drawn + self.ends]

    @cached_property
    def distinct(self) -> list[AtPublic]:
        """One for each different Z: the same where no product holds a public column."""
        return list({repr(one.Z): one for one in reversed(self.everywhere)}.values())

    @cached_property
    def symbolic(self) -> Matrix:
        """Rows over private monomials, public columns at 0, then what a step of each public coordinate adds."""
        none: LevelsOf = dict.fromkeys(self.schema.public, 0)
        steps = [none]
        for block in self.schema.public:
            steps += [none | {block: level} for level in range(1, min(3, self.schema.columns[block].size))]
            if self.schema.columns[block].width > 1:
                steps += [none | {block: level} for level in range(3, self.schema.columns[block].size)]
        return [[value for public in steps for value in self.normal.row(form, public)] for form in self.forms]

    @cached_property
    def nothing_new(self) -> bool:
        old = self.symbolic[: len(self.issued)]
        return bool(old) and rank(old) == rank(self.symbolic)

    @cached_property
    def linear(self) -> Question | None:
        """The same keys as rows, where none has a product of private columns and no public column changes a weight."""
        size = len(self.normal.monomials)
        first = [row[:size] for row in self.symbolic]
        parts = [row[at : at + size] for row in self.symbolic for at in range(0, len(row), size)]
        same = all(part == first[at // (len(parts) // len(first))] for at, part in enumerate(parts))
        if not same or any(row[at] for row in first for at in self.normal.quadratic):
            return None
        rows = [self._as_row(form, row) for form, row in zip(self.forms, first, strict=True)]
        return Question(self.prior, tuple(rows[: len(self.issued)]), tuple(rows[len(self.issued) :]))

    def _as_row(self, form: Form, row: Row) -> Row:
        """Private weights from the normal form, public ones as they stand."""
        found = self.schema.lift(row[: len(self.schema.free)])
        for block in self.schema.public:
            found[self.schema.place(block)] = form.weights[self.schema.place(block)]
        return found

    def seed(self, label: str) -> str:
        """Words for what is drawn: by the span, so that a basis or an order changes nothing."""
        return f"{label} {sha256(repr(canonical(self.symbolic)).encode()).hexdigest()}"

    @cached_property
    def _samples(self) -> dict[str, tuple[Ints, Ints]]:
        return {}

    def sample(self, public: LevelsOf) -> tuple[Ints, Ints]:
        """Rows with these public levels, the same for every question: their levels, and the values of all keys."""
        words = f"rows {sorted(public.items())}"
        if words not in self._samples:
            levels = tree_rows(self.prior, ROWS, words, public)
            self._samples[words] = levels.astype(np.int16), self.values(levels)
        levels, values = self._samples[words]
        return levels.astype(np.int64), values

    def values(self, levels: Ints) -> Ints:
        """Values of all keys, whole, [rows, keys]."""
        x = self.schema.coordinates(levels)
        return np.stack([form.at(x) for form in self.forms], axis=1)

    def names(self, blocks: set[int]) -> tuple[str, ...]:
        return tuple(self.schema.columns[block].name for block in sorted(blocks))
