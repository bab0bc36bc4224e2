"""Arrays of ristretto255 points and scalars, for the cryptography engineer.

ristretto255 (RFC 9496) is a group of prime order ``l = 2^252 + 27742317777372353535851937790883648493``. Points are
``uint8[N, 32]`` canonical encodings, scalars are ``uint8[N, 32]`` little-endian integers below l; every function takes
and returns batches, and one item is a batch of one. Encodings are checked on the way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pyfe._core import ristretto255 as _native
from pyfe.arrays import BoolArray, ByteArray, as_array
from pyfe.errors import ParameterError
from pyfe.groups.arguments import packed

__all__ = [
    "ORDER",
    "add",
    "from_uniform_bytes",
    "hash_to_group",
    "integers",
    "is_valid",
    "msm_vartime",
    "mul",
    "mul_base",
    "scalar_add",
    "scalar_invert",
    "scalar_mul",
    "scalar_reduce",
    "scalars",
    "sub",
]


ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order l of the group (RFC 9496, section 4)."""


def scalars(values: Iterable[int]) -> ByteArray:
    """Public integers, reduced modulo l, as scalars ``uint8[N, 32]``. Not for secrets: they become Python integers.

    ParameterError for what is no integer.
    """
    return packed(values, ORDER)


def integers(s: ByteArray) -> list[int]:
    """Public scalars ``uint8[N, 32]`` as Python integers."""
    return [int.from_bytes(row.tobytes(), "little") for row in _rows("s", s, 32)]


def mul(points: ByteArray, s: ByteArray) -> ByteArray:
    """``s[i] * points[i]``, constant time. DecodeError for a bad encoding, ParameterError for unequal lengths."""
    points, s = _pair(points, s)
    return _native.mul(points, s)


def mul_base(s: ByteArray) -> ByteArray:
    """``s[i] * G`` for the generator G, constant time, from a fixed table."""
    return _native.mul_base(_rows("s", s, 32))


def add(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] + b[i]``."""
    a, b = _pair(a, b)
    return _native.add(a, b)


def sub(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] - b[i]``."""
    a, b = _pair(a, b)
    return _native.sub(a, b)


def is_valid(points: ByteArray) -> BoolArray:
    """Which rows are the canonical encoding of a point (the identity, all zeros, included)."""
    return _native.is_valid(_rows("points", points, 32))


def from_uniform_bytes(data: ByteArray) -> ByteArray:
    """The one-way map of RFC 9496, section 4.3.4: 64 uniform bytes a row -> a uniform point."""
    return _native.from_uniform_bytes(_rows("data", data, 64))


def hash_to_group(messages: Sequence[bytes], dst: bytes) -> ByteArray:
    """Hash messages to points whose discrete logarithm nobody knows (RFC 9380, ristretto255_XMD:SHA-512_R255MAP_RO_).

    ``messages`` is a list; ``dst`` separates uses of the hash and must not be empty. ParameterError otherwise.
    """
    given: object = messages  # one bytes object is a sequence too, of integers
    if not isinstance(given, list | tuple) or not all(isinstance(m, bytes | bytearray) for m in given):
        raise ParameterError("messages must be a list of bytes; for one message: [message]")
    tag: object = dst
    if not isinstance(tag, bytes | bytearray):
        raise ParameterError(f"dst must be bytes, not {type(tag).__name__}")
    return _native.hash_to_group([bytes(message) for message in messages], bytes(dst))


def msm_vartime(points: ByteArray, s: ByteArray) -> ByteArray:
    """``sum_i s[i] * points[i]``, one point of shape ``(32,)``, not a batch.

    Variable time: public scalars only. Straus or Pippenger.
    """
    points, s = _pair(points, s)
    return _native.msm_vartime(points, s)


def scalar_reduce(data: ByteArray) -> ByteArray:
    """64 bytes a row, little endian, modulo l."""
    return _native.scalar_reduce(_rows("data", data, 64))


def scalar_add(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] + b[i]`` modulo l."""
    a, b = _pair(a, b)
    return _native.scalar_add(a, b)


def scalar_mul(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] * b[i]`` modulo l."""
    a, b = _pair(a, b)
    return _native.scalar_mul(a, b)


def scalar_invert(a: ByteArray) -> ByteArray:
    """``1 / a[i]`` modulo l; 0 for 0."""
    return _native.scalar_invert(_rows("a", a, 32))


def __dir__() -> list[str]:
    return list(__all__)


def _rows(name: str, values: Any, width: int) -> ByteArray:
    array = as_array(values, name)
    if array.dtype != np.uint8:
        raise ParameterError(f"{name} must be uint8, not {array.dtype}")
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2 or array.shape[1] != width:
        raise ParameterError(f"{name} must have shape [N, {width}], not {list(array.shape)}")
    return np.ascontiguousarray(array)


def _pair(a: Any, b: Any) -> tuple[ByteArray, ByteArray]:
    first, second = _rows("the first argument", a, 32), _rows("the second argument", b, 32)
    if len(first) != len(second):
        raise ParameterError(f"the arguments have {len(first)} and {len(second)} rows; they must have equally many")
    return first, second
