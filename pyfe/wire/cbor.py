"""Deterministic CBOR (RFC 8949, section 4.2) of the few types that metadata may hold.

Allowed: maps with text keys, lists, text, byte strings, integers of 64 bits, booleans and null. No floats (they are
written as ``float.hex`` texts, where nothing is rounded), no tags, no indefinite lengths, no duplicate keys.
With text keys only, the length-first order of RFC 7049 and the bytewise order of RFC 8949 are the same order.
"""

from __future__ import annotations

from typing import Any

import cbor2

from pyfe import _core
from pyfe.errors import DecodeError, ParameterError

__all__ = ["MAX_ITEMS", "cut", "dumps", "loads"]

MAX_DEPTH = 16
"""Deepest nesting of maps and lists, as in the core: the objects of pyfe need five."""

MAX_ITEMS = 2**22
"""Most items of an object's metadata, a map or list counting 16: 16 MB of one-byte items would become 600 MB of Python
objects, and the largest functions that authorities sign have some million weights."""

_CONTAINER_COST = 16

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_BYTES, _TEXT, _LIST, _MAP = 2, 3, 4, 5


def dumps(value: Any) -> bytes:
    """The one encoding of ``value``. ParameterError for a type or an integer outside the allowed ones."""
    fault = _fault(value, MAX_DEPTH)
    if fault:
        raise ParameterError(f"metadata cannot hold {fault}")
    try:
        encoded: bytes = cbor2.dumps(value, canonical=True)
    except UnicodeEncodeError as error:
        raise ParameterError("metadata cannot hold text with lone surrogates: it has no UTF-8 form") from error
    return encoded


def loads(data: bytes, name: str, *, most_items: int | None = None) -> Any:
    """The value that ``data`` encodes; ``name`` names the object in errors.

    DecodeError unless ``data`` is exactly what :func:`dumps` writes for an allowed value, of ``most_items`` at most
    (a map or list counting 16; by default as many as there are). The core checks all of it before a Python object is
    made. Cost: linear.
    """
    _core.require_cbor(data, name, _CONTAINER_COST * len(data) if most_items is None else most_items)
    try:
        return cbor2.loads(data)
    except cbor2.CBORDecodeError as error:
        raise DecodeError(f"{name}: metadata is not CBOR: {error}") from error


def cut(data: memoryview, keys: frozenset[str], name: str) -> tuple[bytes, dict[str, memoryview]]:
    """A map's encoding without the entries of ``keys``, and these entries' byte strings as views into ``data``.

    For secrets among public fields: no byte under ``keys`` is copied. DecodeError unless ``data`` is a map whose keys
    are text and whose cut entries are byte strings. Cost: linear.
    """
    rest, views, kept, position = bytearray(), {}, 0, 0
    try:
        major, count, position = _head(data, 0)
        if major != _MAP:
            raise DecodeError(f"{name}: expected a map")
        for _ in range(count):
            start, (major, size, at) = position, _head(data, position)
            key, position = str(data[at : at + size], "utf-8"), _end(data, at + size)
            if major != _TEXT or position > len(data):
                raise DecodeError(f"{name}: a key is not text, or its value is cut off")
            if key not in keys:
                kept += 1
                rest += data[start:position]
                continue
            major, size, inside = _head(data, at + size)
            if major != _BYTES:
                raise DecodeError(f"{name}: field {key!r} is not a byte string")
            views[key] = data[inside : inside + size]
    except (IndexError, UnicodeDecodeError) as error:
        raise DecodeError(f"{name}: the map is cut off") from error
    if kept > 23:
        raise DecodeError(f"{name}: {kept} fields, at most 23 are known")
    return bytes([_MAP << 5 | kept]) + bytes(rest), views


def _head(data: memoryview, position: int) -> tuple[int, int, int]:
    """Major type and argument of the item at ``position``, and where what follows its head begins."""
    major, short = data[position] >> 5, data[position] & 31
    size = 0 if short < 24 else 1 << (short - 24)
    after = position + 1 + size
    if short > 27 or after > len(data):
        raise IndexError
    return major, short if size == 0 else int.from_bytes(data[position + 1 : after], "big"), after


def _end(data: memoryview, position: int) -> int:
    """Where the item at ``position`` ends."""
    items = 1
    while items:
        major, argument, position = _head(data, position)
        items += {_LIST: argument, _MAP: 2 * argument}.get(major, 0) - 1
        position += argument if major in (_BYTES, _TEXT) else 0
    return position


def _fault(value: Any, depth: int) -> str | None:
    """What is not allowed in ``value``, or None."""
    kind = type(value)
    if value is None or kind in (bool, str, bytes):
        return None
    if kind is int:
        return None if _SMALLEST <= value <= _LARGEST else "an integer beyond 64 bits"
    if kind not in (dict, list):
        return f"a {kind.__name__}"
    if depth == 0:
        return f"more than {MAX_DEPTH} levels"
    if kind is dict and any(type(key) is not str for key in value):
        return "a map with a key that is not text"
    parts = value.values() if kind is dict else value
    return next(filter(None, (_fault(part, depth - 1) for part in parts)), None)
