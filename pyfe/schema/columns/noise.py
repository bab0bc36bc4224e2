"""Noise slots: coordinates that no table has, and into which the data owner draws noise when a row is encrypted."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_integer, shown
from pyfe.schema.columns.base import Code, Column, Products, Slots, items

__all__ = ["LOUDNESS", "Noise", "noise"]

LOUDNESS = 16
"""Standard deviation of a score behind noise, in those of the noise: 1/2 log2(1 + 16^2) = 4 bits an answer."""

_LEAST, _MOST = 2**4, 2**16
_MOST_SLOTS = 1024
_LARGEST_ID = 2**31


@dataclass(frozen=True, kw_only=True)
class Noise(Column):
    """Q coordinates, one a slot: a discrete Gaussian of standard deviation ``sd``, within 12 of it, drawn by the owner
    of a row when it is encrypted. A key has the weight 1 on one slot, and so opens its score with that noise.

    Neither public nor private: nobody knows it, and it says nothing of a patient. Rows as they are encoded have zeros
    there. ``slots`` are ids: what is drawn depends on the id, whichever schema it stands in.
    """

    sd: int = 128
    slots: tuple[int, ...] = (0,)

    kind = "noise"
    noun = "noise"
    in_table = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_integer(self.sd) or not _LEAST <= self.sd <= _MOST or self.sd & (self.sd - 1):
            raise ParameterError(
                f"the standard deviation of noise is a power of two from {_LEAST} to {_MOST}, not {shown(self.sd)}"
            )
        given: object = self.slots
        if not (isinstance(given, tuple) and 1 <= len(given) <= _MOST_SLOTS):
            raise ParameterError(f"noise has 1 to {_MOST_SLOTS} slots")
        ids = self.slots
        if not all(is_integer(slot) and 0 <= slot < _LARGEST_ID for slot in ids) or sorted(set(ids)) != list(ids):
            raise ParameterError(f"slots are ids, integers from 0 to {_LARGEST_ID - 1}, ascending, each once")
        if self.missing is not None or self.public or self.protected:
            raise ParameterError("noise is never missing, and neither public nor protected")

    @property
    def width(self) -> int:
        return len(self.slots)

    @property
    def size(self) -> int:
        return 1

    @property
    def noise(self) -> Slots:
        return Slots(self.sd, self.slots)

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [-self.noise.reach] * self.width, [self.noise.reach] * self.width

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.OWN,) * self.width

    def coordinate_names(self, name: str) -> list[str]:
        return [f"{name}[{slot}]" for slot in self.slots]

    def _zeros(self, count: int) -> IntArray:
        return np.zeros((count, self.width), dtype=np.int64)

    def encode(self, values: AnyArray) -> Code:
        return Code(self._zeros(len(values)), {}, np.zeros(len(values), dtype=np.bool_))

    def decode(self, x: IntArray) -> AnyArray:
        return np.zeros(len(x))

    def probes(self) -> IntArray:
        return self._zeros(1)

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.zeros((scores.shape[1], self.width))

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        far = np.abs(weights).sum(axis=1) * self.noise.reach
        return -far, far

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return self._zeros(count)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "sd": self.sd, "slots": list(self.slots), **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Noise:
        return cls(sd=entry["sd"], slots=tuple(entry["slots"]), **cls._marks_of(entry, number=False))

    def __str__(self) -> str:
        ids = ", ".join(map(str, self.slots[:8])) + (", ..." if self.width > 8 else "")
        return f"noise of standard deviation {self.sd} in {self.width} slot(s): {ids}"


def noise(sd: int = 128, slots: int | Sequence[int] = 1) -> Noise:
    """Noise slots for a schema: every key opens its score with noise from one of them, and no score exactly.

    sd: standard deviation of the noise in steps of the result, a power of two from 16 to 65536;
        :func:`pyfe.prepare` and :func:`pyfe.compile` scale a score to 16 times as much.
    slots: how many, with the ids 0, 1, ..., or the ids. One for each output of each key: a slot belongs to one
        direction for the life of an authority, its later epochs included. Each costs one coordinate.
    """
    if is_integer(slots):
        count: Any = slots
        return Noise(sd=sd, slots=tuple(range(min(int(count), _MOST_SLOTS + 1))))
    return Noise(sd=sd, slots=tuple(items(slots, "slots")))
