"""Columns, plainly: levels, their coordinates, public and protected; and the free coordinates of the private ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Row = list[int]


@dataclass(frozen=True)
class Column:
    """One variable. A number has one coordinate, its level; a category of two levels one bit, of more a bit a level."""

    name: str
    size: int
    category: bool = False
    public: bool = False
    protected: bool = False
    low: float = 0.0
    step: float = 1.0
    values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.size if self.category and self.size > 2 else 1

    @property
    def codes(self) -> Ints:
        """Coordinates of every level, [size, width]."""
        if self.width > 1:
            return np.eye(self.size, dtype=np.int64)
        return np.arange(self.size, dtype=np.int64)[:, None]

    def levels(self, raw: Sequence[Any]) -> Ints:
        """Raw cells -> levels; a number beyond the ends stands at the end."""
        if self.category:
            return np.array([self.values.index(cell) for cell in raw], dtype=np.int64)
        steps = np.rint((np.asarray(raw, dtype=np.float64) - self.low) / self.step)
        return np.clip(steps, 0, self.size - 1).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": self.name, "kind": "category" if self.category else "number"}
        if self.category:
            entry["values"] = list(self.values)
        else:
            entry |= {"low": self.low, "step": self.step, "levels": self.size}
        return entry | {"public": self.public, "protected": self.protected}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Column:
        marks = {"public": entry["public"], "protected": entry["protected"]}
        if entry["kind"] == "category":
            values = tuple(entry["values"])
            return cls(entry["name"], len(values), True, **marks, values=values)
        return cls(entry["name"], entry["levels"], **marks, low=entry["low"], step=entry["step"])


@dataclass(frozen=True)
class Free:
    """One free coordinate: it stands at `position`; the bit at `base` of its category is left out (-1: none)."""

    block: int
    position: int
    base: int


@dataclass(frozen=True)
class Schema:
    """Columns in order; the coordinates of one follow those of the one before."""

    columns: tuple[Column, ...]

    @cached_property
    def starts(self) -> list[int]:
        widths = [column.width for column in self.columns]
        return [sum(widths[:at]) for at in range(len(widths))]

    @cached_property
    def n(self) -> int:
        return sum(column.width for column in self.columns)

    @cached_property
    def private(self) -> list[int]:
        """Not public, not constant."""
        return [at for at, column in enumerate(self.columns) if not column.public and column.size > 1]

    @cached_property
    def public(self) -> list[int]:
        return [at for at, column in enumerate(self.columns) if column.public and column.size > 1]

    @cached_property
    def protected(self) -> list[int]:
        return [at for at in self.private if self.columns[at].protected]

    def place(self, block: int) -> slice:
        return slice(self.starts[block], self.starts[block] + self.columns[block].width)

    def free_of(self, blocks: Sequence[int]) -> list[Free]:
        found = []
        for block in blocks:
            start, width = self.starts[block], self.columns[block].width
            base = start if width > 1 else -1
            found += [Free(block, start + at, base) for at in range(width) if start + at != base]
        return found

    @cached_property
    def free(self) -> list[Free]:
        return self.free_of(self.private)

    def owners(self) -> list[int]:
        """The block of every free coordinate."""
        return [one.block for one in self.free]

    def project(self, y: Sequence[int]) -> Row:
        """The weights on the free coordinates: public and constant columns drop out, a one-hot block loses its sum."""
        return [int(y[one.position]) - (int(y[one.base]) if one.base >= 0 else 0) for one in self.free]

    def lift(self, z: Sequence[int]) -> Row:
        """A row of the schema that says z: the left-out bits get no weight."""
        y = [0] * self.n
        for one, weight in zip(self.free, z, strict=True):
            y[one.position] = int(weight)
        return y

    def shares(self, block: int, y: Sequence[int]) -> list[int]:
        """What each level of the block adds to <x, y>."""
        weights = list(y[self.place(block)])
        return [sum(int(c) * int(w) for c, w in zip(code, weights, strict=True)) for code in self.columns[block].codes]

    def free_codes(self, block: int) -> list[Row]:
        """Free coordinates of every level of a private block, relative to its first level."""
        codes = self.columns[block].codes
        kept = [one.position - self.starts[block] for one in self.free_of([block])]
        return [[int(code[at]) for at in kept] for code in codes]

    def columns_of(self, block: int) -> list[int]:
        """Which free coordinates belong to the block."""
        return [at for at, one in enumerate(self.free) if one.block == block]

    def coordinates(self, levels: Ints) -> Ints:
        """Levels [rows, columns] -> coordinates [rows, n]."""
        parts = [column.codes[levels[:, at]] for at, column in enumerate(self.columns)]
        return np.concatenate(parts, axis=1)

    def bounds(self, y: Sequence[int]) -> tuple[int, int]:
        """The least and the greatest <x, y>."""
        parts = [self.shares(block, y) for block in range(len(self.columns))]
        return sum(map(min, parts)), sum(map(max, parts))
