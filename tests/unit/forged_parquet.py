"""Parquet files of one column that are made by hand, so that they can say what no writer says."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
Field = tuple[int, int, bytes]

INT32, INT64, BYTE_ARRAY, FIXED = 1, 2, 6, 7
NONE, ZSTD = 0, 6
PLAIN, RLE_DICTIONARY, DELTA_LENGTH = 0, 8, 6


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def i32(number: int, value: int) -> Field:
    return number, _I32, zigzag(value)


def i64(number: int, value: int) -> Field:
    return number, _I64, zigzag(value)


def binary(number: int, value: bytes) -> Field:
    return number, _BINARY, varint(len(value)) + value


def listed(number: int, kind: int, values: Sequence[bytes], *, count: int | None = None) -> Field:
    return number, _LIST, bytes([0xF0 | kind]) + varint(len(values) if count is None else count) + b"".join(values)


def nested(number: int, *fields: Field) -> Field:
    return number, _STRUCT, structure(*fields)


def structure(*fields: Field) -> bytes:
    out, before = b"", 0
    for number, kind, value in fields:
        out += bytes([(number - before) << 4 | kind]) + value
        before = number
    return out + b"\0"


def page(data: bytes, values: int, *, encoding: int = PLAIN, unpacked: int | None = None) -> bytes:
    """A page of data of the first version, of a column whose rows all have a cell."""
    sizes = i32(2, len(data) if unpacked is None else unpacked), i32(3, len(data))
    header = nested(5, i32(1, values), i32(2, encoding), i32(3, 3), i32(4, 3))
    return structure(i32(1, 0), *sizes, header) + data


def dictionary(data: bytes, values: int, *, unpacked: int | None = None) -> bytes:
    sizes = i32(2, len(data) if unpacked is None else unpacked), i32(3, len(data))
    return structure(i32(1, 2), *sizes, nested(7, i32(1, values), i32(2, PLAIN))) + data


def footer(
    element: Sequence[Field],
    start: int,
    size: int,
    rows: int,
    *,
    codec: int = NONE,
    data: int = 0,
    said: int | None = None,
) -> bytes:
    """The footer of one row group; ``data``: where its first page of data is, after a dictionary."""
    root, leaf = structure(binary(4, b"schema"), i32(5, 1)), structure(*element)
    places = [i64(9, start + data)] + ([i64(11, start)] if data else [])
    names = listed(3, _BINARY, [varint(1) + b"a"])
    own = (i32(1, dict_type(element)), listed(2, _I32, [zigzag(0)]), names, i32(4, codec), i64(5, rows), i64(6, size))
    column = structure(i64(2, 0), nested(3, *own, i64(7, size), *places))
    group = structure(listed(1, _STRUCT, [column]), i64(2, size), i64(3, rows))
    return structure(
        i32(1, 2), listed(2, _STRUCT, [root, leaf]), i64(3, rows if said is None else said), listed(4, _STRUCT, [group])
    )


def dict_type(element: Sequence[Field]) -> int:
    return element[0][2][0] >> 1


def whole(pages: bytes, foot: bytes) -> bytes:
    return b"PAR1" + pages + foot + struct.pack("<I", len(foot)) + b"PAR1"


def forged(
    element: Sequence[Field],
    pages: Sequence[bytes],
    rows: int,
    *,
    codec: int = NONE,
    data: int = 0,
    said: int | None = None,
) -> bytes:
    """A file of one column; ``element``: what the schema says of it, its type first; ``said``: rows of the footer."""
    body = b"".join(pages)
    return whole(body, footer(element, 4, len(body), rows, codec=codec, data=data, said=said))


def column(of: int, *, width: int = 0, converted: int | None = None) -> list[Field]:
    """An element of the schema: a required column ``a``."""
    return [
        i32(1, of),
        *([i32(2, width)] if width else []),
        i32(3, 0),
        binary(4, b"a"),
        *([] if converted is None else [i32(6, converted)]),
    ]
