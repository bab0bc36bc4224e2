"""What a rule for forms looks at: all keys, for every value of the public columns that is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.leakage.form_rules.basis import Basis, Combination, Term
from pyfe.leakage.form_rules.values import Polynomials, numbered
from pyfe.leakage.lattice import Free, Lattice, integers
from pyfe.leakage.monomials import Polynomial
from pyfe.leakage.prior import Prior
from pyfe.leakage.quadratic_account import QuadraticAccount
from pyfe.leakage.rules.information import Information
from pyfe.leakage.rules.kept_rows import KeptRows, form_rows
from pyfe.leakage.rules.limits import Limits
from pyfe.leakage.rules.question import Asked
from pyfe.leakage.slots import NoisyRow, bits_behind_noise
from pyfe.schema import Products

__all__ = ["MOST_GATES", "VECTORS", "AtPublic", "FormQuestion", "Lifted", "Name", "Substituted"]

VECTORS = 12
"""Values of the public columns that are drawn."""

MOST_GATES = 32
"""Most values of the public columns that are looked at besides, because a level of a public category is a gate."""

Row = list[int]

Name = tuple[int, ...]
"""Which combination of the rows of Z: ``(i,)``, ``(i, j, sign)``, or ``()`` for all of them together."""


@dataclass(frozen=True)
class Lifted:
    """The combination of whole forms, with ``weights`` over ``account.whole``, that is ``scale`` times a combination of
    Z and what public columns add to it."""

    weights: tuple[int, ...]
    scale: int


@dataclass(frozen=True, eq=False)
class Substituted:
    """The forms over monomials of private columns, where the public ones have known values.

    earlier, rows: of the keys issued before, and of all.
    """

    basis: Basis
    earlier: Sequence[Combination]
    rows: Sequence[Combination]
    whole: Sequence[Polynomial]

    @cached_property
    def terms(self) -> list[Term]:
        """The monomials that occur, in their order."""
        return sorted({term for row in self.rows for term in row}, key=lambda term: (term[0], term[2], term[1]))

    def dense(self, row: Combination) -> Row:
        """A row over :attr:`terms`."""
        return [row.get(term, 0) for term in self.terms]

    @cached_property
    def lattice(self) -> Lattice:
        """The saturated lattice of all rows."""
        return Lattice.empty(len(self.terms)).with_rows(self.dense(row) for row in self.rows)

    @property
    def Z(self) -> list[Row]:
        """Its reduced basis over :attr:`terms`: the same for every basis and order of the keys."""
        return self.lattice.reduced

    @cached_property
    def owners(self) -> list[frozenset[int]]:
        """The blocks that each monomial depends on."""
        return [self.basis.owners(term) for term in self.terms]

    @cached_property
    def touching(self) -> BoolArray:
        """Whether a monomial depends on a block, bool ``[terms, blocks]``."""
        found = np.zeros((len(self.terms), 1 + max(self.basis.free.places, default=0)), dtype=np.bool_)
        for at, blocks in enumerate(self.owners):
            found[at, list(blocks)] = True
        return found

    def combined(self, most: int | None = None) -> dict[Name, Row]:
        """The rows of Z and, while there are at most so many (or always), sums and differences of two."""
        found: dict[Name, Row] = {(i,): row for i, row in enumerate(self.Z)}
        if most is not None and len(found) > most:
            return found
        for (i, a), (j, b) in combinations(enumerate(self.Z), 2):
            for sign in (1, -1):
                found[i, j, sign] = [x + sign * y for x, y in zip(a, b, strict=True)]
        return found

    def lifted(self, row: Row) -> Lifted:
        """What a combination of Z is in whole forms: the same function for every basis of these.

        Keys that say the same of the private columns differ by what everybody knows: the reduced echelon form of all
        whole forms, the monomials of private columns first, leaves one choice.
        """
        pivots, divisor = self._echelon
        total = [sum(row[at] * weights[k] for at, weights in pivots.items()) for k in range(len(self.whole))]
        common = math.gcd(divisor, *total)
        return Lifted(tuple(value // common for value in total), divisor // common)

    @cached_property
    def _echelon(self) -> tuple[dict[int, Row], int]:
        """Of each pivot among the monomials, ``divisor`` times the combination of whole forms that is 1 there."""
        known = sorted({pair for form in self.whole for pair in form})
        count, width = len(self.whole), len(self.terms)
        joined = [
            [*self.dense(row), *(form.get(pair, 0) for pair in known), *(int(i == k) for i in range(count))]
            for k, (row, form) in enumerate(zip(self.rows, self.whole, strict=True))
        ]
        echelon, divisor, _ = fmpz_mat(joined).rref()
        pivots: dict[int, Row] = {}
        for row in integers(echelon):
            pivot = next(at for at, value in enumerate(row) if value)
            if pivot < width:
                pivots[pivot] = row[-count:]
        sign = 1 if divisor > 0 else -1
        return {pivot: [sign * value for value in row] for pivot, row in pivots.items()}, sign * int(divisor)


@dataclass(frozen=True, eq=False)
class AtPublic:
    """One value of the public columns (None where there are none), ``drawn`` or with a column at an end; and rows."""

    asked: FormQuestion
    public: IntArray | None
    drawn: bool
    keys: Substituted

    @property
    def rows(self) -> KeptRows:
        """Rows along the prior's tree with these public values."""
        return form_rows(self.asked, self.public)

    @cached_property
    def values(self) -> Polynomials:
        """The rows of Z as polynomials."""
        basis, terms = self.keys.basis, self.keys.terms
        return Polynomials(self.asked.blocks, [basis.polynomial(terms, row) for row in self.keys.Z])

    @cached_property
    def answers(self) -> IntArray:
        """What the rows of Z are, int64 ``[r, rows]``."""
        return np.rint(self.values.at(self.rows.levels)).astype(np.int64)

    def combined(self, name: Name) -> IntArray:
        """The answers to a combination of Z."""
        first: IntArray = self.answers[name[0]]
        return first if len(name) == 1 else first + name[2] * self.answers[name[1]]


@dataclass(frozen=True, eq=False)
class FormQuestion(Asked):
    """A request for quadratic functions, beside everything issued before, linear keys too.

    before, after: the forms of the keys issued, and these with the requested ones.
    elsewhere: scores behind noise that the same patients can meet under other master keys.
    """

    before: QuadraticAccount
    after: QuadraticAccount
    given: Prior | None
    limits: Limits = field(default_factory=Limits)
    secret: bytes = bytes(32)
    elsewhere: tuple[NoisyRow, ...] = ()

    @cached_property
    def basis(self) -> Basis:
        """The monomials of the schema."""
        return Basis(self.after.schema)

    @property
    def free(self) -> Free:
        """The coordinates that the monomials are of."""
        return self.basis.free

    def span(self) -> str:
        """A digest of the span of all forms."""
        return self.after.canonical().hex()

    @cached_property
    def gated(self) -> bool:
        """Whether some form has a product of a public and a private column: then it is another for each public
        value."""
        return bool(self._gating)

    @cached_property
    def everywhere(self) -> list[AtPublic]:
        """The drawn public values, then those with one column at its least or greatest level, or at a gate."""
        seed = self.kept_seed
        vectors = self.prior.public_vectors(VECTORS, seed)
        drawn: list[IntArray | None] = [*vectors] or [None]
        looked_at = [*self.prior.extremes(seed), *self._gates(vectors)]
        listed = [(public, True) for public in drawn] + [(public, False) for public in looked_at]
        kept: dict[object, Substituted] = {}
        found = list[AtPublic]()
        for public, is_drawn in listed:
            if self.gated or not found:
                rows = self._rows(public)
                key = tuple(tuple(sorted(row.items())) for row in rows)
                before = rows[: len(self.before.whole)]
                keys = kept.setdefault(key, Substituted(self.basis, before, rows, self.after.whole))
            found.append(AtPublic(self, public, is_drawn, keys))
        return found

    def _gates(self, vectors: Sequence[IntArray]) -> list[IntArray]:
        """The first vector with each public column in turn at each of its levels that a bit stands for, where a form
        has a product with the column: what is left there may be another form than at all other levels. The most
        frequent levels first, :data:`MOST_GATES` at most; none that is looked at already."""
        known = {tuple(one.tolist()) for one in [*vectors, *self.prior.extremes(self.kept_seed)]}
        found: list[tuple[float, IntArray]] = []
        for place, block in enumerate(np.flatnonzero(self.blocks.public).tolist()):
            for level in self._levels_with_a_bit(block) if block in self._gating else ():
                changed = vectors[0].copy()
                changed[place] = level
                if tuple(changed.tolist()) not in known:
                    found.append((float(self.prior.marginals[block][level]), changed))
        return [one for _, one in sorted(found, key=lambda pair: -pair[0])[:MOST_GATES]]

    def _levels_with_a_bit(self, block: int) -> Sequence[int]:
        """Of a category and thresholds all levels; of a number that may be missing the one that says so."""
        size, ordered = self.blocks.sizes[block], self.blocks.ordered[block]
        bits = Products.ORDERED in self.schema.columns[self.blocks.names[block]].products
        return range(0 if bits else ordered, size)

    @cached_property
    def _gating(self) -> set[int]:
        """The public blocks of which some form has a product with a private column."""
        owner = self.after.reader.space.owner
        pairs = ((i, j) for form in self.after.whole for i, j in form if i > 0)
        public = {
            known
            for i, j in pairs
            for known, other in ((i, j), (j, i))
            if owner[known] is None and owner[other] is not None
        }
        return {
            block
            for block, part in enumerate(self.blocks.slices)
            if public.intersection(range(part.start + 1, part.stop + 1))
        }

    @property
    def most_keys(self) -> int:
        """How many keys are independent for the public values where most are."""
        return max(keys.lattice.rank for keys in self.distinct)

    @cached_property
    def distinct(self) -> list[Substituted]:
        """The forms for these values, each once."""
        return list({id(one.keys): one.keys for one in self.everywhere}.values())

    def _rows(self, public: IntArray | None) -> list[Combination]:
        values = self._public_coordinates(public)
        return [self.basis.substituted(form, values) for form in self.after.whole]

    def _public_coordinates(self, public: IntArray | None) -> dict[int, int]:
        """Of each public coordinate, counted from 1, its value."""
        blocks, found = self.blocks, dict[int, int]()
        for block, level in zip(np.flatnonzero(blocks.public), [] if public is None else public, strict=True):
            code = blocks.codes[block][level].tolist()
            found |= dict(enumerate(code, start=blocks.slices[block].start + 1))
        return found

    @cached_property
    def information(self) -> Information:
        """The entropy of the joint answers on drawn rows, the mean over the drawn public values; behind noise what
        Gaussian channels of the same power can carry (:func:`pyfe.leakage.slots.bits_behind_noise`)."""
        drawn, noise = [one for one in self.everywhere if one.drawn], self.after.schema.noise
        if noise is None:
            return Information(float(np.mean([_entropy(one.answers) for one in drawn])), "sampled")
        return Information(float(np.mean([bits_behind_noise(self.asked(one), noise.sd) for one in drawn])), "noise")

    # -- whole forms, public columns drawn --

    @property
    def kept(self) -> KeptRows:
        """Rows along the prior's tree, public columns drawn with the others."""
        return form_rows(self)

    @cached_property
    def _wholes(self) -> Polynomials:
        return Polynomials(self.blocks, self.after.whole)

    @cached_property
    def _kept_values(self) -> FloatArray:
        return self._wholes.at(self.kept.levels)

    @cached_property
    def _cuts(self) -> dict[tuple[int, ...], FloatArray]:
        return {}

    def asked(self, one: AtPublic) -> FloatArray:
        """The forms as they were asked for, each direction once, on the rows with one public value: ``[k, rows]``."""
        return self._wholes.at(one.rows.levels)

    def cuts(self, lifted: Lifted) -> FloatArray:
        """Between the tenths of a whole combination on the kept rows, float64 [9]."""
        if lifted.weights not in self._cuts:
            whole = np.array(lifted.weights, dtype=np.float64) @ self._kept_values
            self._cuts[lifted.weights] = np.quantile(whole, np.arange(1, 10) / 10)
        return self._cuts[lifted.weights]

    def whole(self, one: AtPublic, name: Name, lifted: Lifted) -> FloatArray:
        """The whole of a combination on the rows with one public value, float64 ``[rows]``."""
        answers = one.combined(name)
        first = np.array(lifted.weights, dtype=np.float64) @ self._wholes.at(one.rows.levels[:1])
        return np.asarray(lifted.scale * (answers - answers[0]) + first[0])


def _entropy(answers: IntArray) -> float:
    """Bits of joint answers ``[r, rows]``, as often as they occur; of none, none."""
    if not len(answers):
        return 0.0
    share = np.bincount(numbered(answers)) / answers.shape[1]
    return float(-(share * np.log2(share)).sum())
