"""Ciphertexts of the lattice scheme that nobody encrypted: a constant in the shared component, words as one likes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pyfe.arrays import IntArray
from pyfe.schemes import ipfe_rlwe

TILE = ipfe_rlwe.TILE_ROWS
RING = ipfe_rlwe.BLOCK_ROWS


def packed(values: Sequence[int], bits: int) -> bytes:
    """Each in so many bits, the lowest first."""
    number = 0
    for value in reversed(values):
        number = number << bits | value
    return number.to_bytes(-(-bits * len(values) // 8), "little")


def head(p: Any, public_key_id: bytes, count: int) -> bytes:
    """What stands before the one ciphertext of a batch."""
    primes = b"".join(struct.pack("<Q", q) for q in p.primes)
    shape = struct.pack("<IBBB", p.n, 13, p.b, len(p.primes)) + primes + struct.pack("<QB", p.sum_w, 0)
    return (
        public_key_id + shape + struct.pack("<II", 1, 1) + struct.pack("<I", count) + struct.pack("<III", 0, 0, count)
    )


def of_constant(p: Any, c: int) -> bytes:
    """The polynomial c, whose values are all c."""
    return b"".join(packed([c % q] * 8, q.bit_length()) * (RING // 8) for q in p.primes)


def one_tile(p: Any, public_key_id: bytes, c: int, words: Sequence[Sequence[int]], count: int = TILE) -> bytes:
    """The payload of a batch of one tile: ``ct_0 = c``, and of every column its 64 words modulo 2^b."""
    mask = (1 << p.b) - 1
    tile = b"".join(packed([int(word) & mask for word in column], p.b) for column in words)
    return head(p, public_key_id, count) + of_constant(p, c) + tile


def secret_of(sk: Any) -> IntArray:
    """int64 ``[functions, 8192]``: sk_y of every function, from a key's bytes."""
    return np.array([values for _, values in secrets_of(sk)])


def secrets_of(sk: Any) -> list[tuple[int, IntArray]]:
    """Of every function ||E||^2 and sk_y, from the end of a key's bytes."""
    data, end, found = sk.to_bytes(), None, []
    for y in sk.y[::-1]:
        end = len(data) if end is None else end
        width, values = next(_of_widths(data[:end], sk.parameters.sigma_256[0] / 256 * float(np.linalg.norm(y))))
        end -= RING * width // 8 + 17  # ||E||^2, and the width
        found.append((int.from_bytes(data[end : end + 16], "little"), values))
    return found[::-1]


def _of_widths(data: bytes, sigma: float) -> Iterator[tuple[int, IntArray]]:
    """The values that end the data, of whatever width stands before them, if they are as large as they have to be."""
    for width in range(1, 58):
        start = len(data) - RING * width // 8
        if data[start - 1] == width:
            bits = np.unpackbits(np.frombuffer(data[start:], dtype=np.uint8), bitorder="little")
            values = bits.reshape(RING, width).astype(np.int64) @ (1 << np.arange(width)) - (1 << width - 1)
            if 0.9 < np.std(values) / sigma < 1.1:
                yield width, values
