"""
ristretto255 (RFC 9496) on arrays of wire-form points.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
__all__: list[str] = ['add', 'from_uniform_bytes', 'hash_to_group', 'is_valid', 'msm_vartime', 'mul', 'mul_base', 'scalar_add', 'scalar_invert', 'scalar_mul', 'scalar_reduce', 'sub']
def add(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    a_j + b_j.
    """
def from_uniform_bytes(data: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    The one-way map of RFC 9496, 4.3.4, from 64 bytes a row.
    """
def hash_to_group(messages: collections.abc.Sequence[bytes], dst: bytes) -> numpy.typing.NDArray[numpy.uint8]:
    """
    RFC 9380 suite ristretto255_XMD:SHA-512_R255MAP_RO_.
    """
def is_valid(points: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.bool]:
    """
    Which rows are canonical encodings.
    """
def msm_vartime(points: numpy.typing.NDArray[numpy.uint8], scalars: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    sum_j k_j P_j for public scalars; vartime.
    """
def mul(points: numpy.typing.NDArray[numpy.uint8], scalars: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    k_j P_j for each row; constant-time in the scalars.
    """
def mul_base(scalars: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    k_j G for each row; constant-time.
    """
def scalar_add(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    a + b mod l.
    """
def scalar_invert(a: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    1/a mod l; 0 for 0.
    """
def scalar_mul(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    a b mod l.
    """
def scalar_reduce(data: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    64 little-endian bytes a row, modulo l.
    """
def sub(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    a_j - b_j.
    """
