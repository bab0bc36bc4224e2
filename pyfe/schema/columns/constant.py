"""A constant: a coordinate that is the same for every patient."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_integer, is_number, shown
from pyfe.schema.columns.base import MAX_BITS, Code, Column, Products

__all__ = ["Constant", "constant"]


@dataclass(frozen=True, kw_only=True)
class Constant(Column):
    """A coordinate that is ``value`` for every patient; it has no column in the table."""

    value: int = 1

    kind = "constant"
    noun = "a constant"
    in_table = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_integer(self.value) and 0 < abs(self.value) < 2**MAX_BITS):
            raise ParameterError(
                f"a constant is a non-zero integer below 2^{MAX_BITS} in size, not {shown(self.value)}"
            )
        if self.missing is not None:
            raise ParameterError("a constant is never missing")

    @property
    def width(self) -> int:
        return 1

    @property
    def size(self) -> int:
        return 1

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [self.value], [self.value]

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.OWN,)  # never asked for: the coordinate is determined

    def coordinate_names(self, name: str) -> list[str]:
        return [name]

    def relations(self) -> IntArray:
        return np.ones((1, 1), dtype=np.int64)

    def determined(self) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        return {0: (self.value, {})}

    def encode(self, values: AnyArray) -> Code:
        x = np.full((len(values), 1), self.value, dtype=np.int64)
        return Code(x, {}, np.zeros(len(values), dtype=np.bool_))

    def decode(self, x: IntArray) -> AnyArray:
        return x[:, 0].astype(np.float64)

    def probes(self) -> IntArray:
        return np.array([[self.value]], dtype=np.int64)

    def origin(self) -> IntArray:
        return np.array([self.value], dtype=np.int64)

    def symbol(self, name: str) -> tuple[float, FloatArray, str]:
        return 0.0, np.ones(1), "identity"

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if isinstance(weight, dict | list):
            raise ParameterError(f"{what}: {self.noun} takes one number")
        return np.array([weight])

    def centred(self, weights: FloatArray, *, several: bool) -> tuple[FloatArray, FloatArray]:
        return np.zeros(weights.shape), weights[:, 0] * self.value

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.zeros((scores.shape[1], 1))

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        return weights[:, 0] * self.value, weights[:, 0] * self.value

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return np.full((count, 1), self.value, dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "value": self.value, **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Constant:
        return cls(value=entry["value"], **cls._marks_of(entry, number=False))

    @property
    def range_text(self) -> str:
        return str(self.value)

    def __str__(self) -> str:
        return f"constant {self.value}"


def constant(value: int = 1) -> Constant:
    """A coordinate that equals ``value`` for every patient. Intercepts need none: they are added after decryption."""
    if not (is_number(value) and value == value and abs(value) < 2**MAX_BITS and int(value) == value):
        raise ParameterError(f"a constant is a non-zero integer below 2^{MAX_BITS} in size, not {shown(value)}")
    return Constant(value=int(value))
