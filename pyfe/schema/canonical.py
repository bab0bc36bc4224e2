"""The raw values of rows in one form, whatever table they came in: what the noise of a row is a function of.

A row becomes one cell of 24 bytes a column, columns in the order of their names in Unicode's normal form C: a kind (0
absent, 1 number, 2 text; 8 bytes, little-endian), then 16 bytes: a number as a double, -0 as 0; of a text the first 16
bytes of the SHA-256 of its normal form C in UTF-8. A truth value, and a level that is a number, is a number. The schema
has no part in it but for the names: other ranges, steps or order of the columns give the same bytes.

A number is the double that it was given as: 0.1 in single precision is another value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray
from pyfe.schema.cells import missing_mask, same_name

__all__ = ["CanonicalRows"]

_CELL = 24
_NUMBER, _TEXT = 1, 2


@dataclass(frozen=True, eq=False, repr=False)
class CanonicalRows:
    """``context``: the names of the columns, each after its length; ``cells`` uint8 ``[batch, 24 columns]``. Its
    ``repr`` shows no values."""

    context: bytes
    cells: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, columns: Mapping[str, AnyArray]) -> Self:
        """Of raw columns ``[batch]``, numbers as numbers and absent cells as NaN or None (Schema.as_decoded)."""
        named = dict(sorted((same_name(name).encode(), values) for name, values in columns.items()))
        context = b"".join(len(name).to_bytes(8, "little") + name for name in named)
        return cls(context, np.concatenate([_cells(values) for values in named.values()], axis=1))

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, rows: Any) -> CanonicalRows:
        """Rows by slice, mask or positions."""
        return CanonicalRows(self.context, np.ascontiguousarray(self.cells[rows].reshape(-1, self.cells.shape[1])))

    def __repr__(self) -> str:
        return f"CanonicalRows({len(self)} rows)"


def _cells(values: AnyArray) -> npt.NDArray[np.uint8]:
    words = np.zeros((len(values), _CELL // 8), dtype="<u8")
    if values.dtype.kind == "O":
        known: dict[Any, bytes] = {}
        absent = missing_mask(values)
        digests = [b"" if gone else _of_one(cell, known) for cell, gone in zip(values.tolist(), absent, strict=True)]
        return np.frombuffer(b"".join(d.ljust(_CELL, b"\0") for d in digests), np.uint8).reshape(-1, _CELL).copy()
    numbers = values.astype("<f8") + 0.0
    present = ~np.isnan(numbers)
    words[present, 0] = _NUMBER
    words[present, 1] = numbers[present].view("<u8")
    return words.view(np.uint8)


def _of_one(cell: object, known: dict[Any, bytes]) -> bytes:
    """The bytes of a cell that is there; texts and numbers come again and again."""
    if not isinstance(cell, str):
        return _cells(np.array([cell], dtype=np.float64)).tobytes()
    if cell not in known:
        digest = hashlib.sha256(same_name(cell).encode()).digest()
        known[cell] = _TEXT.to_bytes(8, "little") + digest[:16]
    return known[cell]
