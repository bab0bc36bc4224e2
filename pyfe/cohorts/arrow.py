"""Chunks as Arrow tables and back. Imports pyarrow, an optional package: itself imported where a file is at hand."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyfe._core import joined
from pyfe.adapters import adapter_numbered
from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import MOST_TEXT_BYTES, ColumnKind, PublicColumn
from pyfe.cohorts.head import VERSION, CohortFacts, Head
from pyfe.errors import DecodeError, ParameterError
from pyfe.row_ids import PSEUDONYM_SIZE, RowIds

__all__ = ["CiphertextType", "cells_of_column", "ids_of_column", "integers_of_column", "rows_of_column", "table_of"]

EXTENSION = "pyfe.ciphertext"


class CiphertextType(pa.ExtensionType):  # type: ignore[misc]
    """Encrypted rows: ``pyfe.ciphertext`` over fixed_size_binary(w), or over whatever a program made of that."""

    def __init__(self, storage: Any) -> None:
        super().__init__(storage, EXTENSION)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> CiphertextType:
        return cls(storage)


with contextlib.suppress(pa.ArrowKeyError):  # another copy of this module did
    pa.register_extension_type(CiphertextType(pa.binary(1)))

_OF_KIND: dict[ColumnKind, Any] = {
    "bool": pa.bool_(), "int64": pa.int64(), "float64": pa.float64(), "text": pa.string(),
}  # fmt: skip

_OF_VALUES = (
    pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_boolean, pa.types.is_integer,
    pa.types.is_floating, pa.types.is_null,
)  # fmt: skip


def schema_of(facts: CohortFacts, fingerprint: str | None) -> Any:
    """The Arrow schema of a cohort's files. Its metadata are for people: what is true is said in the heads."""
    said = {
        "pyfe.format": f"cohort {VERSION}",
        "pyfe.scheme": adapter_numbered(facts.scheme, "cohort").id,
        "pyfe.public_key_id": facts.public_key_id.hex(),
        "pyfe.schema_id": facts.schema_id.hex(),
        "pyfe.cohort": facts.cohort.hex(),
        "pyfe.chunks": str(facts.chunks),
        "pyfe.rows": str(facts.rows),
    }
    if fingerprint is not None:
        said["pyfe.public_key_fingerprint"] = fingerprint
    fields = [
        pa.field("ct", CiphertextType(pa.binary(facts.width)), nullable=False),
        pa.field("head", pa.binary()),
        pa.field("chunk", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
    ]
    if facts.ids is not None:
        of_ids = pa.string() if facts.ids == "clear" else pa.binary(PSEUDONYM_SIZE)
        fields.append(pa.field("id", of_ids, nullable=False))
    fields += [pa.field(name, _OF_KIND[kind]) for name, kind in facts.columns]
    return pa.schema(fields, metadata=said)


def table_of(chunk: Chunk, head: Head, schema: Any, body: list[Any]) -> Any:
    """A chunk as an Arrow table, one row a patient; ``body``: the rows' bytes in pieces."""
    rows, place, width = len(chunk), chunk.place, head.facts.width
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, [None, pa.py_buffer(joined(body))])
    columns = [
        schema.field("ct").type.wrap_array(storage),
        _in_first_row(head.to_bytes(), rows),
        _integers(np.full(rows, place.number, np.int32), pa.int32()),
        _integers(np.arange(place.first_row, place.first_row + rows, dtype=np.int64), pa.int64()),
    ]
    if chunk.batch.ids is not None:
        columns.append(_ids_column(chunk.batch.ids))
    columns += [pa.array(column.cells, _OF_KIND[column.kind]) for column in chunk.public.values()]
    return pa.Table.from_arrays(columns, schema=schema)


def _in_first_row(head: bytes, rows: int) -> Any:
    """A column of bytes whose first cell alone is there. By its buffers: pa.array imports pandas, for half a second."""
    there, ends = np.zeros(-(-rows // 8), np.uint8), np.full(rows + 1, len(head), np.int32)
    there[0], ends[0] = 1, 0
    return pa.Array.from_buffers(pa.binary(), rows, [pa.py_buffer(there), pa.py_buffer(ends), pa.py_buffer(head)])


def _integers(values: Any, kind: Any) -> Any:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _ids_column(ids: RowIds) -> Any:
    if ids.carriage == "clear":
        return pa.array(str(ids.to_field()).split("\n")[:-1], pa.string())
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(PSEUDONYM_SIZE), len(ids), [None, pa.py_buffer(ids.to_field())]
    )


# -- and back: whatever type a program made of a column --


def integers_of_column(column: Any, name: str) -> Any:
    """Whole numbers int64, every row one. DecodeError for anything else."""
    column = _plain(column)
    if column.null_count or not pa.types.is_integer(column.type):
        raise DecodeError(f"column {name!r} is {column.type} with {column.null_count} cells missing, not whole numbers")
    return _as_numpy(column.cast(pa.int64()), np.dtype(np.int64))


def rows_of_column(column: Any, width: int, name: str) -> memoryview:
    """The cells of ``width`` bytes each, one after another, where they lie. DecodeError for anything else."""
    wrong = f"column {name!r}: the cells should be of {width} bytes each, and are not"
    try:
        column = _plain(column, width)
    except DecodeError as error:
        raise DecodeError(wrong) from error
    if column.null_count:
        raise DecodeError(f"column {name!r}: {column.null_count} cells are missing")
    if pa.types.is_fixed_size_binary(column.type):
        start, size, data = column.offset, column.type.byte_width, column.buffers()[1]
        begin, same = start * size, size == width
    elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        offsets = _offsets(column)
        begin, data = int(offsets[0]) if len(column) else 0, column.buffers()[2]
        same = bool((np.diff(offsets) == width).all())
    else:
        raise DecodeError(f"column {name!r} is {column.type}, not bytes")
    if not same:
        raise DecodeError(wrong)
    view = memoryview(b"") if data is None else memoryview(data).cast("B")
    return view[begin : begin + width * len(column)]


def ids_of_column(column: Any, carriage: str) -> RowIds:
    """The ids of rows. DecodeError for what are none."""
    if carriage == "pseudonym":
        return RowIds.from_field(bytes(rows_of_column(column, PSEUDONYM_SIZE, "id")), len(column), "column 'id'")
    try:
        texts = _values(column, "id")
    except UnicodeError as error:
        raise DecodeError("column 'id': it is no text") from error
    if None in texts:
        raise DecodeError("column 'id': cells are missing")
    if not {str}.issuperset(map(type, texts)):
        raise DecodeError(f"column 'id' is {column.type}, not text")
    return RowIds.from_field("\n".join([*texts, ""]), len(texts), "column 'id'")


def cells_of_column(column: Any, kind: ColumnKind, name: str) -> PublicColumn:
    """A public column of a kind. DecodeError for cells that are of none, or cannot have been of that one."""
    try:
        cells = _values(column, name)
        if kind == "int64":  # pandas makes floats of integers where one is missing
            cells = [int(cell) if _is_whole(cell) else cell for cell in cells]
        return PublicColumn.of(cells, kind)
    except UnicodeDecodeError:
        raise DecodeError(f"column {name!r}: text that is not UTF-8") from None
    except ParameterError as error:
        raise DecodeError(f"column {name!r}: {error}") from error


def heads_of_column(column: Any) -> Mapping[int, Any]:
    """Row -> head, for the rows that have one, as Arrow's scalars. DecodeError for what is no column of bytes."""
    of = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(of):
        return {}
    if not (pa.types.is_binary(of) or pa.types.is_large_binary(of) or pa.types.is_binary_view(of)):
        raise DecodeError(f"column 'head' is {of}, not bytes")
    there = _as_numpy(pc.indices_nonzero(column.is_valid()), np.dtype(np.uint64))
    return {row: column[row] for row in there.tolist()}


def _as_numpy(column: Any, dtype: np.dtype[Any]) -> Any:
    """Numbers where they lie, all there. pyarrow's own way imports pandas first, for half a second."""
    if not len(column):
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(column.buffers()[1], dtype=dtype, count=len(column), offset=column.offset * dtype.itemsize)


def _values(column: Any, name: str) -> list[Any]:
    """The cells as Python's values. DecodeError for a type that no ids and public columns have: Python has no value for
    some dates and times."""
    of = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    of = getattr(of, "storage_type", of)
    if not any(fits(of) for fits in _OF_VALUES):
        raise DecodeError(f"column {name!r} is {str(of)[:60]}, neither text, numbers nor truth values")
    values: list[Any] = _plain(column, MOST_TEXT_BYTES).to_pylist()
    return values


def _plain(column: Any, most: int = 0) -> Any:
    """The column below an extension type, a dictionary or a view. DecodeError for cells of a dictionary that have more
    than ``most`` bytes."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        longest = 0 if _is_fixed(column.type.value_type) else pc.max(pc.binary_length(column.dictionary)).as_py() or 0
        if longest > most:
            raise DecodeError(f"a cell has {longest} bytes, at most {most}")
        column = column.dictionary_decode()
    if pa.types.is_binary_view(column.type):
        column = column.cast(pa.large_binary())
    return column


def _is_fixed(of: Any) -> bool:
    """Whether cells of a type have one width, so that none is larger than its column says."""
    return bool(pa.types.is_primitive(of) or pa.types.is_fixed_size_binary(of))


def _offsets(column: Any) -> Any:
    of = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    data = column.buffers()[1]
    if data is None:
        return np.zeros(1, of)
    return np.frombuffer(data, of)[column.offset : column.offset + len(column) + 1].astype(np.int64)


def _is_whole(cell: Any) -> bool:
    return isinstance(cell, float) and abs(cell) <= 2**53 and cell.is_integer()
