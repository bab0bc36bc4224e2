"""Little-endian integers and arrays to bytes and back. The reader refuses what is short and what is left over."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def u32(value: int) -> bytes:
    """Four bytes, unsigned."""
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    """Eight bytes, unsigned."""
    return struct.pack("<Q", value)


def i64s(values: Sequence[int]) -> bytes:
    """Eight bytes a value, two's complement."""
    return struct.pack(f"<{len(values)}q", *values)


class Reader:
    """A cursor over bytes; every failure is a ValueError with the offset."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        if length > len(self._data) - self._at:
            raise ValueError(f"offset {self._at}: {length} bytes wanted, {len(self._data) - self._at} left")
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]

    def unsigned(self, length: int) -> int:
        """The next ``length`` bytes as an unsigned integer."""
        return int.from_bytes(self.take(length), "little")

    def i64s(self, count: int) -> tuple[int, ...]:
        """The next ``count`` signed integers of eight bytes."""
        return struct.unpack(f"<{count}q", self.take(8 * count))

    def finish(self) -> None:
        """Refuse trailing bytes."""
        if self._at != len(self._data):
            raise ValueError(f"offset {self._at}: {len(self._data) - self._at} bytes too many")
