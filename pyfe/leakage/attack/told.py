"""What an attacker has: keys, answers, public columns, and what is known of the population."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpz_mat

from pyfe.arrays import AnyArray, IntArray, integer_array, integer_rows
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.lattice import Free, Lattice, integers, pivots, quotient
from pyfe.leakage.prior import Prior, require_prior
from pyfe.schema import Schema

__all__ = ["Told", "require_told"]


@dataclass(frozen=True, eq=False)
class Told:
    """Answers of linear keys.

    prior: what is known of the population. rows: int64 ``[k, n]``, the keys'. answers: int64 ``[m, k]``, of m records,
    ``<x, y>`` without an intercept. public: levels int64 ``[m, public]`` of the public columns, in their order.
    ParameterError for other shapes, and for no record at all; OutOfRangeError for keys whose answers do not fit into 62
    bits.
    """

    prior: Prior
    rows: IntArray
    answers: IntArray
    public: IntArray

    def __post_init__(self) -> None:
        require_prior(self.prior)
        schema, count = self.prior.blocks.schema, int(self.prior.blocks.public.sum())
        object.__setattr__(self, "rows", _weights(self.rows, schema))
        for name in ("answers", "public"):
            object.__setattr__(self, name, integer_array(getattr(self, name), name))
        if not self.answers.size or not len(self.rows):
            raise ParameterError("an attack needs the answers of a record or more to a key or more")
        if self.answers.shape != (len(self.answers), len(self.rows)):
            raise ParameterError(f"answers to {len(self.rows)} keys have as many columns, not {self.answers.shape}")
        if self.public.shape != (len(self.answers), count):
            raise ParameterError(f"{count} public columns are known of {len(self.answers)} records")

    @classmethod
    def of(cls, prior: Prior, rows: Any, levels: npt.NDArray[np.integer]) -> Told:
        """What is told of records whose levels ``[m, nb]`` are known: for trying an attack."""
        require_prior(prior)
        blocks = prior.blocks
        weights, given = _weights(rows, blocks.schema), blocks.checked(levels)
        return cls(prior, weights, np.asarray(blocks.rows(given) @ weights.T), given[:, blocks.public])

    def __len__(self) -> int:
        """Number of records."""
        return len(self.answers)

    @cached_property
    def free(self) -> Free:
        """The free coordinates of a record."""
        return Free(self.prior.blocks.schema)

    @cached_property
    def known(self) -> IntArray:
        """The records with their public columns, and each private one at its first level: int64 ``[m, n]``."""
        levels = np.zeros((len(self), len(self.prior.blocks)), dtype=np.int64)
        levels[:, self.prior.blocks.public] = self.public
        return self.prior.blocks.rows(levels)

    @cached_property
    def over_levels(self) -> IntArray:
        """What the private columns add to the answers, beyond their first levels: int64 ``[m, k]``."""
        return np.asarray(self.answers - self.known @ self.rows.T)

    @cached_property
    def basis(self) -> list[list[int]]:
        """Z, the reduced basis of all integer forms whose values the answers tell, over the free coordinates."""
        return Lattice.empty(len(self.free)).with_rows(self.free.rows(self.rows)).reduced

    @cached_property
    def values(self) -> AnyArray:
        """The values of Z, integers ``[m, r]``. ParameterError for answers that no record can have."""
        free, schema = self.free, self.prior.blocks.schema
        origin = schema.lo.copy()
        for part, column in ((part, column) for _, part, column in schema.parts if column.private and column.in_table):
            origin[part] = 0
            if column.one_hot:
                origin[part.start] = 1
        publicly = np.where(np.isin(np.arange(schema.n), _public_places(self.prior)), self.known, origin)
        over_free = (self.answers - publicly @ self.rows.T).T.tolist()
        return _solved(fmpz_mat(self.basis), fmpz_mat(free.rows(self.rows)), fmpz_mat(over_free))


def require_told(told: object) -> None:
    """ParameterError for what is no :class:`Told`."""
    if not isinstance(told, Told):
        raise ParameterError(f"an attack is given attack.Told, not a {type(told).__name__}")


def _weights(rows: Any, schema: Schema) -> IntArray:
    """The keys' rows int64 ``[k, n]``, whose answers are integers of 62 bits."""
    weights = integer_rows(rows, schema.n)
    most = [max(abs(low), abs(high)) for low, high in zip(schema.lo.tolist(), schema.hi.tolist(), strict=True)]
    for key, row in enumerate(weights.tolist()):
        if sum(abs(weight) * value for weight, value in zip(row, most, strict=True)) >= 2**62:
            raise OutOfRangeError(f"the answers of key {key} do not fit into 62 bits")
    return weights


def _public_places(prior: Prior) -> IntArray:
    blocks = prior.blocks
    parts = [np.arange(blocks.slices[b].start, blocks.slices[b].stop) for b in np.flatnonzero(blocks.public)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _solved(basis: fmpz_mat, rows: fmpz_mat, answers: fmpz_mat) -> AnyArray:
    """z ``[m, r]`` with ``T z = answers`` for the T with ``T basis = rows``."""
    columns = pivots(basis)
    square, wanted = (fmpz_mat([[row[j] for j in columns] for row in m.tolist()]) for m in (basis, rows))
    turn = quotient(square.transpose(), wanted.transpose()).transpose()
    chosen = pivots(turn.transpose())
    try:
        found = quotient(*(fmpz_mat([m.tolist()[i] for i in chosen]) for m in (turn, answers)))
    except ArithmeticError as error:
        raise ParameterError("no record has these answers") from error
    if turn * found != answers:
        raise ParameterError("no record has these answers: keys contradict each other")
    values: AnyArray = np.array(integers(found.transpose()), dtype=object)
    return values
