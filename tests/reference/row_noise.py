"""The noise of a row by its definition (docs/math/discrete-gaussian.md): HMAC-SHA-512, ChaCha20, exact Gaussian. Slow.

It reads tables of its own: a row is a mapping of a column's name to a number, a text or None.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import unicodedata
from collections.abc import Mapping, Sequence

from tests.reference import discrete_gaussian

Cell = float | str | None

TAG = b"PYFE-V1-noise-of-a-row"


def normal(text: str) -> bytes:
    return unicodedata.normalize("NFC", text).encode()


def cell(value: Cell) -> bytes:
    """24 bytes: kind, then a double or half of a digest."""
    if value is None or value != value:
        return bytes(24)
    if isinstance(value, str):
        return struct.pack("<Q", 2) + hashlib.sha256(normal(value)).digest()[:16]
    return struct.pack("<Qd", 1, value + 0.0) + bytes(8)


def numbers(*values: int) -> bytes:
    return b"".join(struct.pack("<Q", value) for value in values)


def seed(secret: bytes, row: Mapping[str, Cell], slot: int, sd: int) -> bytes:
    """What the noise of one row and slot is drawn from."""
    named = sorted((normal(name), value) for name, value in row.items())
    context = b"".join(numbers(len(name)) + name for name, _ in named)
    message = TAG + numbers(256 * sd, len(context)) + context + b"".join(cell(value) for _, value in named)
    return hmac.digest(secret, message + numbers(slot), "sha512")[:32]


def noise(secret: bytes, row: Mapping[str, Cell], slots: Sequence[int], sd: int = 128) -> list[int]:
    """One draw a slot."""
    return [next(discrete_gaussian.stream(seed(secret, row, slot, sd), 256 * sd)) for slot in slots]
