"""A record as levels: every column that is not constant is one variable, a block, however it is coded.

The rules that count ask what each level of each block adds to a result (:meth:`Blocks.shares`) and how likely the
levels are (:mod:`pyfe.leakage.prior`); both are tables over all levels, and a block has at most :data:`MOST_LEVELS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyfe.arrays import BoolArray, IntArray, integer_array, integer_rows
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.lattice import Free
from pyfe.schema import Schema

__all__ = ["MOST_LEVELS", "Blocks", "too_fine"]

MOST_LEVELS = 2**15
"""Most levels of a block that are counted one by one: a level is an int16, and no score needs finer columns."""

_MOST_CELLS = 2**24
"""Most entries of the tables of codes: a category of 4,096 levels has that many."""

_MULTIPLIER = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio: its powers spread codes over 64 bits."""


def too_fine(schema: Schema) -> tuple[str, ...]:
    """Names of the columns that have too many levels, or bits, for tables over all of them; () where Blocks exist."""
    cells, names = 0, []
    for name, _, column in schema.parts:
        cells += column.size * column.width
        if column.size > MOST_LEVELS or cells > _MOST_CELLS:
            names.append(name)
    return tuple(names)


class Blocks:
    """The blocks of a schema, in the order of its columns; constants are none.

    Attributes
    ----------
    names: of the columns, ``[nb]``.
    sizes: number of levels of each block.
    public, protected: marks of the columns, bool ``[nb]``.
    private: indexes of the blocks whose value only the owner of a record knows.
    slices: where each block's coordinates lie in a row of the schema.
    codes: for each block, the coordinates of its levels, int64 ``[levels, width]``, read-only.
    ordered: for each block, how many of its first levels stand in the order of a value.
    free: coordinates int64 ``[f]`` whose values say everything about the private blocks: those of private blocks,
        without the first one of bits that sum to 1. ``free_block`` int64 ``[f]`` is the block of each.

    ParameterError for a schema with columns that are :func:`too_fine`. Cost: the size of the codes.
    """

    def __init__(self, schema: Schema) -> None:
        if not isinstance(schema, Schema):
            raise ParameterError(f"levels are those of a Schema, not of {type(schema).__name__}")
        refused = too_fine(schema)
        if refused:
            raise ParameterError(
                f"the levels of column {refused[0]!r} cannot be counted one by one: at most {MOST_LEVELS} levels of a "
                "column are; take coarser steps"
            )
        self.schema = schema
        parts = [(name, part, column) for name, part, column in schema.parts if column.in_table]
        columns = [column for _, _, column in parts]
        self.names = tuple(name for name, _, _ in parts)
        self.slices = tuple(part for _, part, _ in parts)
        self.sizes = tuple(column.size for column in columns)
        self.ordered = tuple(column.ordered for column in columns)
        self.codes = tuple(_frozen(column.codes()) for column in columns)
        self.public: BoolArray = np.array([column.public for column in columns], dtype=np.bool_)
        self.protected: BoolArray = np.array([column.protected for column in columns], dtype=np.bool_)
        self.private = tuple(np.flatnonzero(~self.public).tolist())
        self._known = np.concatenate([column.middle() for column in schema.columns.values()])
        free = Free(schema)
        self.free, self.free_block = free.positions, free.owner

    def __len__(self) -> int:
        """Number of blocks, the public ones included."""
        return len(self.names)

    def levels(self, x: IntArray) -> IntArray:
        """Level of every block, int64 ``[rows, nb]``, of coordinates int64 ``[rows, n]``.

        ParameterError for coordinates that no record has. Cost: O(rows n).
        """
        x = integer_rows(x, self.schema.n)
        found = np.zeros((len(x), len(self)), dtype=np.int64)
        for index, (part, codes) in enumerate(zip(self.slices, self.codes, strict=True)):
            found[:, index] = _levels_of(x[:, part], codes, self.names[index])
        return found

    def checked(self, levels: Any) -> IntArray:
        """Levels of every block int64 ``[rows, nb]`` as somebody gave them. ParameterError for what are none."""
        array = integer_array(levels, "levels")
        if array.ndim != 2 or array.shape[1] != len(self):
            raise ParameterError(f"levels of records are integers [records, {len(self)}], not of shape {array.shape}")
        for name, size, column in zip(self.names, self.sizes, array.T, strict=True):
            if len(column) and not 0 <= column.min() <= column.max() < size:
                raise ParameterError(f"column {name!r} has the levels 0 to {size - 1}")
        return array

    def rows(self, levels: npt.NDArray[np.integer]) -> IntArray:
        """Coordinates int64 ``[rows, n]`` of levels ``[rows, nb]``; constants have their value, noise is 0. The inverse
        of :meth:`levels`."""
        x = np.repeat(self._known[None, :], len(levels), axis=0)
        for index, (part, codes) in enumerate(zip(self.slices, self.codes, strict=True)):
            x[:, part] = codes[levels[:, index]]
        return x

    def shares(self, y: Sequence[int] | IntArray) -> list[IntArray]:
        """What each level of each block adds to ``<x, y>``, int64 ``[levels]`` a block; y are integers ``[n]``, of any
        size. Constants add the same to every record, and are left out.

        ParameterError for a wrong length, OutOfRangeError where a share does not fit into 62 bits. Cost: the codes.
        """
        weights = [int(value) for value in y]
        if len(weights) != self.schema.n:
            raise ParameterError(f"a row has {self.schema.n} weights, not {len(weights)}")
        return [self._share(index, weights[part]) for index, part in enumerate(self.slices)]

    def _share(self, index: int, weights: list[int]) -> IntArray:
        top = self.schema.hi[self.slices[index]].tolist()
        low = self.schema.lo[self.slices[index]].tolist()
        most = sum(abs(w) * max(abs(a), abs(b)) for w, a, b in zip(weights, low, top, strict=True))
        if most >= 2**62:
            raise OutOfRangeError(f"what column {self.names[index]!r} adds to the result does not fit into 62 bits")
        return np.asarray(self.codes[index] @ np.array(weights, dtype=np.int64))


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _frozen(codes: IntArray) -> IntArray:
    array = np.array(codes, dtype=np.int64)
    array.setflags(write=False)
    return array


def _levels_of(x: IntArray, codes: IntArray, name: str) -> IntArray:
    """Positions ``[rows]`` of coordinates ``[rows, width]`` among the codes, by a hash that tells codes apart."""
    factors = _factors(codes.shape[1])
    keys = _hashed(codes, factors)
    order = np.argsort(keys)
    place = np.searchsorted(keys[order], _hashed(x, factors))
    found: IntArray = order[np.minimum(place, len(codes) - 1)]
    if not np.array_equal(codes[found], x):
        raise ParameterError(f"coordinates of column {name!r} are those of none of its levels")
    return found


def _factors(width: int) -> npt.NDArray[np.uint64]:
    """Powers of one odd number: sums of few of them differ, for the codes of every kind of column."""
    return np.array([pow(_MULTIPLIER, i + 1, 2**64) for i in range(width)], dtype=np.uint64)


def _hashed(x: IntArray, factors: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return np.asarray(x.astype(np.uint64) @ factors)
