"""Public columns: what is carried in the clear beside encrypted rows, such as a ward or a date as text."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias, get_args

import numpy as np

from pyfe.errors import ParameterError
from pyfe.row_ids import cells_of
from pyfe.schema.cells import MOST_NAME_CHARACTERS, is_absent, is_text, plain

__all__ = ["RESERVED", "ColumnKind", "PublicColumn", "require_names"]

ColumnKind: TypeAlias = Literal["bool", "int64", "float64", "text"]
"""What the cells of a public column are."""

RESERVED = ("ct", "head", "chunk", "row", "id")
"""Names of the columns that every cohort has, or may have."""

MOST_COLUMNS = 64
MOST_TEXT_BYTES = 4096
"""Bytes of a cell of text in UTF-8."""

_TYPES: dict[ColumnKind, type] = {"bool": bool, "int64": int, "float64": float, "text": str}
_PLAIN = frozenset((*_TYPES.values(), type(None)))
_PACKED: dict[ColumnKind, str] = {"bool": "u1", "int64": "<i8", "float64": "<f8"}


@dataclass(frozen=True)
class PublicColumn:
    """One column: of which kind its ``cells`` are, and the cells, None where there is none.

    Truth values, integers of 64 bits, floats or text, all of one kind; a NaN and the empty text are no cells.
    ParameterError for others.
    """

    kind: ColumnKind
    cells: tuple[Any, ...]

    def __post_init__(self) -> None:
        if self.kind not in get_args(ColumnKind):
            raise ParameterError(f"a public column is of the kind {', '.join(get_args(ColumnKind))}, not {self.kind!r}")
        if not _all_fit(self.cells, self.kind):
            row = next(row for row, cell in enumerate(self.cells) if not _all_fit((cell,), self.kind))
            raise ParameterError(f"row {row}: a cell that is no {self.kind} (64 bits, or text of 1 to 4,096 bytes)")

    @classmethod
    def of(cls, values: Any, kind: ColumnKind | None = None) -> Self:
        """A column of any library's values; ``kind``: of which kind, by default that of the values, text where there
        are none. Integers are taken for floats where some cells are floats. ParameterError for what is neither truth
        values, numbers nor text."""
        cells = _plain(cells_of(values))
        chosen = _kind_of(cells) if kind is None else kind
        if chosen == "float64":
            cells = [float(cell) if type(cell) is int else cell for cell in cells]
        return cls(chosen, tuple(cells))

    def octets(self) -> bytes:
        """The one encoding that is signed: a bit a row whether there is a cell (the first row's is the lowest of the
        first byte), then the cells, nothing where there is none as zeros: u8, i64, f64, or u32 length and UTF-8."""
        there = np.packbits([cell is not None for cell in self.cells], bitorder="little").tobytes()
        if self.kind == "text":
            texts = [(cell or "").encode() for cell in self.cells]
            return there + b"".join(struct.pack("<I", len(text)) + text for text in texts)
        return (
            there + np.array([0 if cell is None else cell for cell in self.cells], dtype=_PACKED[self.kind]).tobytes()
        )

    def __len__(self) -> int:
        return len(self.cells)


def require_names(columns: Mapping[str, PublicColumn]) -> None:
    """ParameterError for names that no public column may have."""
    if len(columns) > MOST_COLUMNS:
        raise ParameterError(f"{len(columns)} public columns, at most {MOST_COLUMNS}")
    taken = set(RESERVED)
    for name in columns:
        if type(name) is not str or not is_text(name):
            raise ParameterError(f"a public column's name is a text of 1 to {MOST_NAME_CHARACTERS} characters")
        if name.casefold() in taken:  # databases do not tell Ward from ward
            raise ParameterError(
                f"a public column cannot be called {name!r}: another is called so, or it is one that every cohort has "
                f"({', '.join(RESERVED)}); rename it"
            )
        taken.add(name.casefold())


def _plain(cells: list[Any]) -> list[Any]:
    """Cells as Python's own values, None where there is none."""
    if _PLAIN.issuperset(map(type, cells)):
        return [None if cell == "" or cell != cell else cell for cell in cells]
    return [None if is_absent(cell) else plain(cell) for cell in cells]


def _kind_of(cells: list[Any]) -> ColumnKind:
    kinds = {type(cell) for cell in cells if cell is not None} or {str}
    if kinds == {int, float}:
        return "float64"
    found = next((kind for kind, of in _TYPES.items() if kinds == {of}), None)
    if found is None:
        raise ParameterError(
            "a public column holds truth values, numbers or text, and one of them only; write dates as text"
        )
    return found


def _all_fit(cells: tuple[Any, ...], kind: ColumnKind) -> bool:
    """Whether all cells are of a kind, or none; at once, since there are millions."""
    there = [cell for cell in cells if cell is not None]
    if not {_TYPES[kind]}.issuperset(map(type, there)):
        return False
    if not there or kind == "bool":
        return True
    if kind == "float64":
        return not any(map(math.isnan, there))
    if kind == "int64":
        return bool(min(there) >= -(2**63) and max(there) < 2**63)
    try:
        sizes = [len(text.encode()) for text in there]
    except UnicodeEncodeError:  # half of a pair
        return False
    return min(sizes) >= 1 and max(sizes) <= MOST_TEXT_BYTES
