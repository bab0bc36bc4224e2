"""Objects that travel: they become bytes, and are read back from bytes; and secrets, which do so on purpose only.

The byte formats live in :mod:`pyfe.wire`, above every class that travels. The classes reach it by name, when they
are asked to, so that the arrow between the rooms keeps pointing one way and ``import pyfe`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import Any, NoReturn, TypeVar

T = TypeVar("T", bound="Travels")
Same = TypeVar("Same")


def codec() -> Any:
    """The module :mod:`pyfe.wire`, loaded on first use."""
    return importlib.import_module("pyfe.wire")


class Travels:
    """Gives a class ``to_bytes`` and ``from_bytes`` in the one canonical encoding of :mod:`pyfe.wire`."""

    __slots__ = ()

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope. Cost: linear in the size of the object."""
        encoded: bytes = codec().encode(self)
        return encoded

    @classmethod
    def from_bytes(cls: type[T], data: bytes) -> T:
        """The object that ``data`` encodes. DecodeError unless ``data`` is exactly one canonical encoding of one."""
        decoded = codec().decode(data, expect=cls)
        assert isinstance(decoded, cls)
        return decoded


class Copied:
    """Pickles a public, immutable object that travels as its bytes, strictly decoded again; a copy is the object."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return read, (type(self), self.to_bytes())  # type: ignore[attr-defined]

    def __copy__(self: Same) -> Same:
        return self

    def __deepcopy__(self: Same, memo: dict[int, Any]) -> Same:
        return self


def read(of_class: type[T], data: bytes) -> T:
    """``of_class.from_bytes(data)``: what a pickle calls."""
    return of_class.from_bytes(data)


class Secret:
    """Refuses to be pickled and copied, by any protocol: a secret moves on purpose, and there is one of it.

    A class says in its own ``__reduce__`` what it is, and what to do instead.
    """

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled and never copied")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__reduce__()

    def __getstate__(self) -> NoReturn:  # asked by copyreg, which goes around __reduce__
        self.__reduce__()

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()
