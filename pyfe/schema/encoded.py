"""Rows that a schema encoded: the integers, and what was clipped or replaced on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pyfe.arrays import IntArray
from pyfe.errors import KeyMismatchError, ParameterError
from pyfe.schema.canonical import CanonicalRows
from pyfe.schema.cells import is_integer, shown

__all__ = ["Encoded", "Overflow"]

Overflow: TypeAlias = Literal["raise", "clip"]


@dataclass(frozen=True, eq=False, repr=False)
class Encoded:
    """What :meth:`Schema.encode` returns: ``x`` int64 ``[batch, n]`` and, per column, how many values were clipped
    (``saturated``) and how many absent ones took the schema's missing value (``replaced``).

    ``schema_id`` (32 bytes) says which schema the rows were encoded under; keys and functions of another schema refuse
    them. A part (``encoded[a:b]``, a mask, positions) and a copy keep it; a part has no counts, which belong to the
    whole. ``Encoded(x)`` made by hand has none: for engineers who bring integers of their own. Such rows are held
    against the bounds of the schema they meet, and nothing can tell whether they mean the same columns.

    ``canonical``: the raw values, where the schema has noise, which is drawn for them when they are encrypted.
    """

    x: IntArray
    saturated: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    schema_id: bytes | None = None
    canonical: CanonicalRows | None = None

    def __post_init__(self) -> None:
        given: object = self.schema_id
        if given is not None and not (isinstance(given, bytes) and len(given) == 32):
            raise ParameterError(f"a schema id is 32 bytes, not {shown(given)}")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Any) -> Encoded:
        """Rows by slice, mask or positions; one position gives one row, IndexError past the end. ParameterError."""
        if isinstance(rows, tuple) or rows is None or rows is Ellipsis:
            raise ParameterError("rows are taken by a slice, a mask or positions")
        try:
            part = self.x[rows]
        except (IndexError, TypeError, ValueError) as error:
            if is_integer(rows):  # what ends a loop over the rows
                raise
            raise ParameterError(f"no such rows among {len(self.x)}: {error}") from error
        canonical = None if self.canonical is None else self.canonical[rows]
        return Encoded(part if part.ndim == 2 else part[None, :], schema_id=self.schema_id, canonical=canonical)

    def require_schema(self, schema_id: bytes) -> None:
        """KeyMismatchError if the rows are known to be encoded under another schema."""
        if self.schema_id is not None and self.schema_id != schema_id:
            raise KeyMismatchError(
                f"these rows were encoded under the schema {self.schema_id.hex()[:12]}, not under "
                f"{schema_id.hex()[:12]}; encode the table again, with this one"
            )

    def __repr__(self) -> str:
        origin = "of no stated schema" if self.schema_id is None else f"schema {self.schema_id.hex()[:12]}"
        return f"Encoded({len(self.x)} rows, {origin})"
