"""What a rule looks at: all keys that were issued, with those requested, against what is known of the population."""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pyfe.arrays import AnyArray, IntArray
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.lattice import Free, integers
from pyfe.leakage.linear_account import LinearAccount
from pyfe.leakage.prior import Prior
from pyfe.leakage.rules.information import Information, information, information_behind_noise
from pyfe.leakage.rules.limits import VERSION, Limits
from pyfe.leakage.rules.residues import Residue
from pyfe.leakage.rules.shared_divisors import hidden, on_few_for_certain
from pyfe.leakage.rules.singled_out import best_shares, singled_out, small_combinations
from pyfe.leakage.slots import NoisyRow
from pyfe.schema import Schema

__all__ = ["MOST_PAIRED", "Asked", "Question", "combined"]

MOST_PAIRED = 4
"""Highest rank at which sums and differences of two rows of Z are counted besides (rules 2m, 5 and 5t)."""

Row = list[int]


class Asked(ABC):
    """What questions about linear keys and about quadratic ones have in common.

    given: what is known of the population; None where the schema is too fine for a prior, which the rules before
        ``countable`` do not ask for.
    limits: the thresholds.
    secret: what samples are drawn with; whoever asks must not know it.
    """

    given: Prior | None
    limits: Limits
    secret: bytes

    @property
    @abstractmethod
    def free(self) -> Free:
        """The coordinates whose values say everything that is private about a record."""

    @property
    @abstractmethod
    def information(self) -> Information:
        """How many bits of a row the answers say."""

    @abstractmethod
    def span(self) -> str:
        """What the keys determine, in words that are the same for every basis and order of them."""

    @property
    def prior(self) -> Prior:
        """What is known of the population."""
        if self.given is None:
            raise LookupError("a schema that is too fine has no prior")
        return self.given

    @property
    def schema(self) -> Schema:
        """What the keys speak of."""
        return self.free.schema

    @property
    def blocks(self) -> Blocks:
        """The columns of the schema that are not constant."""
        return self.prior.blocks

    @property
    def private(self) -> tuple[int, ...]:
        """The private blocks; their number is the n_b of the rules."""
        return tuple(self.free.places)

    def names(self, blocks: Sequence[int]) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(self.blocks.names[block] for block in blocks)

    def seed(self, label: str) -> bytes:
        """32 bytes for what is drawn for this question: the same in every basis and order of the keys."""
        return _derived(self.secret, f"{label}\n{self.schema.id.hex()}\n{self.span()}")

    @property
    def kept_seed(self) -> bytes:
        """32 bytes for the sample that is kept, the same for all questions to one authority."""
        return _derived(self.secret, "the kept sample")


@dataclass(frozen=True, eq=False)
class Question(Asked):
    """A request, beside everything issued before.

    before, after: the rows of the keys issued, and these with the requested ones.
    requested: the requested rows, int64 ``[k, n]``.
    elsewhere: scores that the same patients can meet under other master keys.
    """

    before: LinearAccount
    after: LinearAccount
    requested: IntArray
    given: Prior | None
    limits: Limits = field(default_factory=Limits)
    secret: bytes = bytes(32)
    elsewhere: tuple[NoisyRow, ...] = ()
    _shares: dict[tuple[int, ...], list[IntArray]] = field(default_factory=dict, init=False, repr=False)

    @property
    def free(self) -> Free:
        """The coordinates over which Z lies."""
        return self.after.free

    @property
    def Z(self) -> list[Row]:
        """The reduced basis of all that the keys determine: integers ``[r][f]``."""
        return self.after.lattice.reduced

    @property
    def issued(self) -> int:
        """Number of rows issued before."""
        return self.before.count

    @property
    def rank(self) -> int:
        """Number of independent scores."""
        return self.after.lattice.rank

    @cached_property
    def information(self) -> Information:
        """How many bits of a row the scores say."""
        noise = self.after.schema.noise
        if noise is None:
            return information(self.Z, self.free, self.prior)
        return information_behind_noise(self.noisy_scores, noise.sd, self.prior)

    @cached_property
    def noisy_scores(self) -> list[Row]:
        """The scores behind noise as they were asked for, over the free coordinates. Each stands there once: what
        public columns add makes another key of it, and no other noise."""
        return [list(row) for row in sorted(set(map(tuple, self.free.rows(self.after.given))))]

    def combined(self, most: int | None = None) -> list[Row]:
        """The rows of Z and, while there are at most so many (or always), sums and differences of two."""
        return combined(self.Z, most)

    @cached_property
    def hidden(self) -> list[Residue]:
        """Remainders of any combination of several scores, beside those that rows of Z, sums and differences have."""
        if self.rank < 2:
            return []
        return list(hidden(self.Z, self.free.owner, self.limits.few_blocks, self.seed("minors")))

    @cached_property
    def singled_out(self) -> list[Row]:
        """Of several scores, the combinations that live on few columns, vary least or are nearly a function of one, and
        no row of Z, sum or difference of two: over the free coordinates. Behind noise there are none: it grows with
        coefficients."""
        if not self._mixes:
            return []
        few = on_few_for_certain(self.Z, self.free.owner, self.limits.few_blocks, self.seed("minors"))
        return self._beside([*singled_out(self.Z, self.prior, self.free, self.limits.certain), *few])

    @cached_property
    def small(self) -> list[Row]:
        """Of two or three scores, other combinations with small coefficients."""
        return self._beside(small_combinations(self.Z), self.singled_out) if self._mixes else []

    def _beside(self, rows: list[Row], others: list[Row] | None = None) -> list[Row]:
        """Those that are no row of Z, no sum or difference of two, and not among others."""
        known = set(map(tuple, (*self.combined(), *(others or ())))) if rows else set()
        both = ((row, tuple(-value for value in row)) for row in dict.fromkeys(map(tuple, rows)))
        return [list(row) for row, negative in both if row not in known and negative not in known]

    @cached_property
    def best_shares(self) -> dict[int, float]:
        """Of several scores, for each private block the largest share of the variance of a combination, whatever its
        coefficients, that it explains."""
        return best_shares(self.Z, self.prior, self.free) if self._mixes else {}

    @property
    def _mixes(self) -> bool:
        """Whether combinations of scores are as exact as these."""
        return self.rank > 1 and self.schema.noise is None

    @cached_property
    def counted(self) -> list[Row]:
        """The scores that are counted in drawn rows, over the free coordinates: rows of Z, up to rank 4 sums and
        differences of two, and combinations that are singled out."""
        return [*self.combined(MOST_PAIRED), *self.singled_out]

    @cached_property
    def combinations(self) -> list[Row]:
        """The scores that are counted one by one, as rows ``[n]`` of the schema: these and other small combinations."""
        return [self.free.lift(row) for row in (*self.counted, *self.small)]

    def shares(self, row: Row) -> list[IntArray]:
        """What each level of each block adds to a score, a row ``[n]`` of the schema; several rules ask for the same.
        Not to be written to."""
        key = tuple(row)
        if key not in self._shares:
            self._shares[key] = self.blocks.shares(row)
        return self._shares[key]

    def span(self) -> str:
        """The Hermite normal form of all keys."""
        return str(integers(self.after.lattice.hermite))


def combined(rows: list[Row], most: int | None = None) -> list[Row]:
    """Rows and, while there are at most so many (or always), sums and differences of two."""
    if most is not None and len(rows) > most:
        return rows
    if len(rows) < 2:
        return rows
    wide: AnyArray = np.array(rows, dtype=object)  # a sum may not fit into 64 bits
    first, second = np.triu_indices(len(rows), 1)
    pairs = np.stack([wide[first] + wide[second], wide[first] - wide[second]], axis=1)
    return [*rows, *pairs.reshape(-1, wide.shape[1]).tolist()]


def _derived(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, f"pyfe: leakage rules {VERSION}\n{text}".encode(), hashlib.sha256)
