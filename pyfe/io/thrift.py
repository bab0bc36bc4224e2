"""Thrift's compact protocol, read strictly and a value at a time: Parquet's footer and page headers are written in it.

Nothing is kept, and a list is read element by element: a count that bytes claim takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["BINARY", "LIST", "MALFORMED", "STRUCT", "Compact"]

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, BINARY, LIST, _SET, _MAP, STRUCT = range(1, 13)
_INTEGERS = _I16, _I32, _I64
_DEEPEST = 32

MALFORMED = (IndexError, ValueError)
"""What reading raises: IndexError at the end of the bytes, ValueError for what no writer writes."""


class Compact:
    """Values of the compact protocol in some bytes, from one place on: ``at``, the next of them."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a struct; the value is to be read before the next. Numbers ascend."""
        number, data = 0, self._data
        while (byte := data[self.at]) != 0:
            self.at += 1
            before = number
            number = before + (byte >> 4) if byte >> 4 else self._signed()
            if number <= before:
                raise ValueError("fields of a struct do not ascend")
            yield number, byte & 15
        self.at += 1

    def integer(self, kind: int, bits: int) -> int:
        """A value that has to be an integer of 32 or 64 bits: a reader takes no other, and cuts what is longer."""
        if kind != (_I32 if bits == 32 else _I64):
            raise ValueError("another type than this number has")
        value = self._signed()
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise ValueError("a number beyond its type")
        return value

    def elements(self, kind: int, of: int) -> Iterator[int]:
        """The places of a list of values of one type, each to be read before the next."""
        if kind != LIST:
            raise ValueError("not a list")
        found, count = self.list()
        if count and found != of:
            raise ValueError("a list of something else")
        yield from range(count)

    def text(self, kind: int) -> str:
        """A value that has to be a text."""
        self.require(kind, BINARY)
        return bytes(self.octets()).decode("utf-8", "replace")

    def octets(self) -> memoryview:
        """Bytes, where they lie."""
        size = self._varint()
        start = self.at
        if size > len(self._data) - start:
            raise IndexError("it ends within a value")
        self.at += size
        return memoryview(self._data)[start : self.at]

    def skip_few(self, kind: int, most: int) -> None:
        """Pass over a list of so many elements at most."""
        self.require(kind, LIST)
        inner, count = self.list()
        if count > most:
            raise ValueError("a list of more elements than there can be")
        for _ in range(count):
            self.skip(inner)

    def require(self, kind: int, of: int) -> None:
        """ValueError for a value of another type."""
        if kind != of:
            raise ValueError("a value of another type")

    def skip(self, kind: int) -> None:
        """Pass over a value that is not looked at."""
        self.at = _after(self._data, self.at, kind, 0)

    def list(self) -> tuple[int, int]:
        """Type and number of the elements of a list, which follow."""
        byte = self._byte()
        count = byte >> 4 if byte >> 4 != 15 else self._varint()
        if count > len(self._data) - self.at:
            raise IndexError("a list of more elements than there are bytes")
        return byte & 15, count

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte

    def _varint(self) -> int:
        value, self.at = _varint(self._data, self.at)
        return value

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An integer of 7 bits a byte, and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("an integer of more than 64 bits")


def _after(data: bytes, at: int, kind: int, depth: int) -> int:
    """The place after a value. One function, since a footer has a hundred thousand of them."""
    if kind in _INTEGERS:
        while data[at] > 127:
            at += 1
        return at + 1
    if kind == STRUCT:
        while (byte := data[at]) != 0:
            at = at + 1 if byte >> 4 else _after(data, at + 1, _I16, depth)
            at = _after(data, at, byte & 15, _deeper(depth))
        return at + 1
    if kind in (_TRUE, _FALSE):
        return at
    if kind in (_BYTE, _DOUBLE):
        return at + (1 if kind == _BYTE else 8)
    if kind == BINARY:
        size, at = _varint(data, at)
        if size > len(data) - at:
            raise IndexError("it ends within a value")
        return at + size
    counted = Compact(data, at)
    if kind not in (LIST, _SET):  # maps, which Parquet has none of
        raise ValueError("an unknown type")
    inner, count = counted.list()
    at = counted.at
    if inner in (_TRUE, _FALSE):
        return at + count
    for _ in range(count):
        at = _after(data, at, inner, _deeper(depth))
    return at


def _deeper(depth: int) -> int:
    if depth >= _DEEPEST:
        raise ValueError("values within values, without end")
    return depth + 1
