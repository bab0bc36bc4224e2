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

__all__ = ["MAX_ITEMS", "dumps", "loads"]

MAX_DEPTH = 16
"""Deepest nesting of maps and lists, as in the core: the objects of pyfe need five."""

MAX_ITEMS = 2**22
"""Most items of an object's metadata, a map or list counting 16: 16 MB of one-byte items would become 600 MB of Python
objects, and the largest functions that authorities sign have some million weights."""

_CONTAINER_COST = 16

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


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
