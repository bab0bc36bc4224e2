"""A column whose entries may be absent: another column, and a bit that says "is missing"."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import plain, require_cells
from pyfe.schema.columns.base import NO_BIT, Code, Codes, Column, Encoder, Products, is_column

__all__ = ["Optional", "made", "optional", "with_missing"]


@dataclass(frozen=True, kw_only=True)
class Optional(Column):
    """A column whose entries may be absent: the coordinates of ``column``, then one bit that says "is missing".

    Where the entry is absent the bit is 1 and the coordinates of the value are all 0; where it is there, the bit is 0.
    So a model may do for an absent entry what it likes: its weight of the bit says by how much an absent entry differs
    from a value with code 0 (the lower end of a number, the first of two levels, below every cut). The levels of a
    category of three or more and the bit sum to 1. An absent entry decodes to NaN. Made by ``missing="bit"``.
    """

    column: Column

    kind = "optional"
    noun = "a column that may be missing"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.missing is not None or not is_column(self.column):
            raise ParameterError(NO_BIT)
        self.column.require_optional()
        if self.column.public or self.column.protected:
            raise ParameterError("the marks public and protected belong to the whole column")

    @property
    def width(self) -> int:
        return self.column.width + 1

    @property
    def size(self) -> int:
        return self.column.size + 1

    @property
    def ordered(self) -> int:
        return self.column.ordered

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        low, high = self.column.bounds
        return [*low, 0], [*high, 1]

    @property
    def range_text(self) -> str:
        return self.column.range_text

    def coordinate_names(self, name: str) -> list[str]:
        return [*self.column.coordinate_names(name), f"{name} is missing"]

    def affine(self) -> tuple[FloatArray, FloatArray]:
        offset, step = self.column.affine()
        return np.append(offset, 0.0), np.append(step, 1.0)

    @property
    def one_hot(self) -> bool:
        return self.column.one_hot

    @property
    def products(self) -> tuple[Products, ...]:
        return *self.column.products, Products.MISSING

    @property
    def hides_curvature(self) -> bool:
        return self.column.hides_curvature

    @property
    def cell_type(self) -> type[float] | type[int] | type[bool] | type[str]:
        return self.column.cell_type

    def as_decoded(self, values: AnyArray) -> AnyArray:
        decoded = self.column.as_decoded(values)
        return decoded if decoded.dtype.kind == "O" else decoded.astype(np.float64)

    def numbers_held(self, values: FloatArray) -> tuple[BoolArray, BoolArray]:
        return self.column.numbers_held(values)

    def cut_points(self) -> tuple[float, ...]:
        return self.column.cut_points()

    def require_optional(self) -> None:
        raise ParameterError(NO_BIT)  # it has one

    def encode(self, values: AnyArray) -> Code:
        require_cells(values)
        return self.encoder([self])([values]).single

    @property
    def together(self) -> Hashable:
        return type(self), self.column.together

    @classmethod
    def encoder(cls, columns: Sequence[Self]) -> Encoder:
        return _WithBits(columns)

    def with_steps(self, most: int) -> Optional:
        return replace(self, column=self.column.with_steps(most))

    def decode(self, x: IntArray) -> AnyArray:
        missing = x[:, -1] == 1
        if x[missing, :-1].any():
            raise ParameterError("an entry that is missing has a value besides")
        values = self.column.decode(np.where(missing[:, None], self.column.probes()[:1], x[:, :-1]))
        decoded: AnyArray = values.astype(object if values.dtype.kind == "O" else np.float64)
        decoded[missing] = math.nan
        return decoded

    def require_codes_come_back(self) -> None:
        self.column.require_codes_come_back()

    def _with_bit(self, codes: IntArray) -> IntArray:
        """Codes of the value, then the one code of an absent entry."""
        present = np.concatenate([codes, np.zeros((len(codes), 1), dtype=np.int64)], axis=1)
        return np.concatenate([present, np.eye(1, self.width, self.width - 1, dtype=np.int64)])

    def probes(self) -> IntArray:
        return self._with_bit(self.column.probes())

    def codes(self) -> IntArray:
        return self._with_bit(self.column.codes())

    def scale(self) -> tuple[str, float, float] | None:
        return self.column.scale()

    def raw_value(self) -> None:
        return None

    def symbol(self, name: str) -> tuple[float, FloatArray, str]:
        raise ParameterError(
            f"the symbol {name!r} is a column that may be missing, where it has no value; compile a model or a callable"
        )

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if weight == 0.0:
            return np.zeros(self.width)
        raise ParameterError(
            f"{what}: the column may be missing, and a weight by name does not say what an absent entry counts; give "
            "the column a value instead (missing=, --missing COLUMN=VALUE), or the weights as an array, in the order "
            "of schema.coordinate_names (in Python)"
        )

    def slopes(self, scores: FloatArray) -> FloatArray:
        bit = np.asarray(scores[-1] - scores[0])[:, None]
        return np.concatenate([self.column.slopes(scores[:-1]), bit], axis=1)

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        low, high = self.column.extent(weights[:, :-1])
        return np.minimum(low, weights[:, -1]), np.maximum(high, weights[:, -1])

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        x = np.concatenate([self.column.sample(rng, count, ends=ends), np.zeros((count, 1), dtype=np.int64)], axis=1)
        x[rng.integers(0, len(self.probes()) if ends else self.size, size=count) == 0] = self.probes()[-1]
        return x

    def to_dict(self) -> dict[str, Any]:
        return {**self.column.to_dict(), **self._marks(), "missing_bit": True}

    def to_words(self) -> dict[str, Any]:
        marks = {mark: True for mark in ("public", "protected") if getattr(self, mark)}
        return {**self.column.to_words(), "missing_bit": True, **marks}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> NoReturn:
        raise NotImplementedError("the entry is that of its column, and a mark (pyfe.schema.columns.kinds)")

    def __str__(self) -> str:
        return f"{self.column}, or missing"


class _WithBits(Encoder):
    """Columns that may be missing: the codes of their values, all 0 where there is none, and the bits."""

    def __init__(self, columns: Sequence[Optional]) -> None:
        self._values = type(columns[0].column).encoder([column.column for column in columns])
        self._widths = [column.column.width for column in columns]
        ends = np.cumsum([column.width for column in columns])
        self._bits = ends - 1
        self._coordinates = np.delete(np.arange(ends[-1]), self._bits)

    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        codes = self._values(values)
        missing = codes.refused["missing"]
        refused = {reason: mask for reason, mask in codes.refused.items() if reason != "missing"}
        x, real = self._with_bits(codes.x, missing), self._with_bits(codes.real, missing)
        return Codes(x, refused, codes.beyond, codes.replaced, real)

    def _with_bits(self, of_values: Any, missing: BoolArray) -> Any:
        out = np.zeros((len(self._widths) + len(of_values), missing.shape[1]), dtype=of_values.dtype)
        out[self._coordinates] = np.where(np.repeat(missing, self._widths, axis=0), 0, of_values)
        out[self._bits] = missing
        return out


def optional(column: Column) -> Optional:
    """The column with a bit for absent entries; its marks stay, a value it states for them does not. ParameterError."""
    if isinstance(column, Optional):
        return column
    bare = replace(column, missing=None, public=False, protected=False)
    return Optional(column=bare, public=column.public, protected=column.protected)


def with_missing(column: Column, missing: Any) -> Column:
    """The column with what ``missing`` says of absent entries: a value, "raise" or "bit". ParameterError."""
    missing = plain(missing)
    instruction = isinstance(missing, str) and not column.calls_a_level(missing)
    if instruction and missing == "bit":
        return optional(column)
    inner = column
    if isinstance(column, Optional):
        inner = replace(column.column, public=column.public, protected=column.protected)
    if missing is None or (instruction and missing == "raise"):
        return replace(inner, missing=None)
    return replace(inner, missing=inner.stated(missing))


def made(column: Column, missing: Any, **marks: bool) -> Column:
    """A column with its marks and what ``missing`` says: what the makers give. ParameterError."""
    return with_missing(replace(column, **marks), missing)
