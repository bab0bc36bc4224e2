"""Universal binary JSON, read strictly, as far as XGBoost writes it: https://ubjson.org, with numbers of any size."""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["ubjson"]

_NUMBERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_INTEGERS = frozenset("iUIlL")
_CONSTANTS = {"T": True, "F": False, "Z": None, "N": None}
_DEEPEST = 64


def ubjson(data: bytes) -> Any:
    """What the bytes hold. ValueError for what no writer writes: bytes that are missing or left over, a name that is
    twice in an object, a count beyond the bytes, values within values without end. Cost: the bytes."""
    reader = _Reader(data)
    try:
        found = reader.value(reader.mark(), 0)
    except (struct.error, IndexError) as error:
        raise ValueError("it ends within a value") from error
    if reader.at != len(data):
        raise ValueError("bytes are left over")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def mark(self) -> str:
        """The next byte, which says what follows."""
        self.at += 1
        return chr(self._data[self.at - 1])

    def value(self, mark: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("values within values, without end")
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark in _NUMBERS:
            return self._numbers(_NUMBERS[mark], 1)[0]
        if mark == "S":
            return self._text()
        if mark == "[":
            return self._list(depth + 1)
        if mark == "{":
            return self._object(depth + 1)
        raise ValueError(f"an unknown mark {mark!r}")

    def _numbers(self, form: str, count: int) -> list[Any]:
        size = count * struct.calcsize(form)
        if size > len(self._data) - self.at:
            raise ValueError("more numbers than there are bytes")
        self.at += size
        return [number for (number,) in struct.iter_unpack(form, self._data[self.at - size : self.at])]

    def _count(self) -> int:
        mark = self.mark()
        if mark not in _INTEGERS:
            raise ValueError("a count that is no integer")
        count: int = self._numbers(_NUMBERS[mark], 1)[0]
        if not 0 <= count <= len(self._data) - self.at:
            raise ValueError("a count beyond the bytes")
        return count

    def _text(self) -> str:
        size = self._count()
        self.at += size
        return self._data[self.at - size : self.at].decode()

    def _peek(self) -> str:
        return chr(self._data[self.at])

    def _list(self, depth: int) -> list[Any]:
        if self._peek() == "$":
            self.at += 1
            form = _NUMBERS.get(self.mark())
            if form is None or self.mark() != "#":
                raise ValueError("a list of no type")
            return self._numbers(form, self._count())
        if self._peek() == "#":
            self.at += 1
            return [self.value(self.mark(), depth) for _ in range(self._count())]
        found = []
        while (mark := self.mark()) != "]":
            found.append(self.value(mark, depth))
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._text()
            if name in found:
                raise ValueError(f"an object has the name {name[:60]!r} twice")
            found[name] = self.value(self.mark(), depth)
        self.at += 1
        return found
