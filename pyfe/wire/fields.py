"""Reading the fields of a metadata map: each once, each of its type, none left over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pyfe.errors import DecodeError

__all__ = ["Fields", "require_json"]

T = TypeVar("T")

_NESTING = frozenset((bytes, dict, list))

_LONGEST_SHOWN = 60
"""Characters of a text from outside that a message repeats."""


class Fields:
    """A metadata map being read; ``name`` names the object in errors. End with :meth:`finish`."""

    def __init__(self, values: Any, name: str) -> None:
        if not isinstance(values, dict):
            raise DecodeError(f"{name}: expected a map")
        self._values = dict(values)
        self._name = name

    def take(self, key: str, of_type: type[T]) -> T:
        """The value of ``key``, which must be there and exactly of the type."""
        value = self._pop(key)
        if type(value) is not of_type:
            raise DecodeError(f"{self._name}: field {key!r} is not a {of_type.__name__}")
        return value

    def optional(self, key: str, of_type: type[T]) -> T | None:
        """The value of ``key``, which must be there, of the type or null."""
        if self._values.get(key, ...) is None:
            del self._values[key]
            return None
        return self.take(key, of_type)

    def has(self, key: str) -> bool:
        """Whether there is a value of ``key`` that was not taken yet."""
        return key in self._values

    def drop(self, keys: Iterable[str]) -> None:
        """Take fields whose values are known already."""
        for key in keys:
            self._values.pop(key, None)

    def integer(self, key: str, lowest: int, highest: int) -> int:
        """An integer within bounds (both included)."""
        value = self.take(key, int)
        if not lowest <= value <= highest:
            raise DecodeError(f"{self._name}: field {key[:_LONGEST_SHOWN]!r} is {value}, must be {lowest} to {highest}")
        return value

    def octets(self, key: str, size: int) -> bytes:
        """A byte string of exactly ``size`` bytes."""
        value = self.take(key, bytes)
        if len(value) != size:
            raise DecodeError(f"{self._name}: field {key!r} has {len(value)} bytes, must have {size}")
        return value

    def plain(self, key: str) -> dict[str, Any]:
        """A map of plain JSON types: no byte strings anywhere in it."""
        values: dict[str, Any] = self.take(key, dict)
        require_json(values, self._name)
        return values

    def finish(self) -> None:
        """DecodeError for fields nobody asked for."""
        if self._values:
            raise DecodeError(f"{self._name}: unknown field {sorted(self._values)[0][:_LONGEST_SHOWN]!r}")

    def _pop(self, key: str) -> Any:
        if key not in self._values:
            raise DecodeError(f"{self._name}: field {key!r} is missing")
        return self._values.pop(key)


def require_json(value: Any, name: str) -> Any:
    """``value`` unless a byte string is in it: then DecodeError, since JSON has none."""
    if isinstance(value, bytes):
        raise DecodeError(f"{name}: a byte string stands where text or a number belongs")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not _NESTING.isdisjoint(map(type, parts)):  # a list of a million integers is passed over at once
        for part in parts:
            require_json(part, name)
    return value
