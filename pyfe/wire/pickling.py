"""How objects are pickled and copied: public ones as their canonical bytes, secrets never."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NoReturn, Self, TypeVar

__all__ = ["PickledAsBytes", "Secret"]

Same = TypeVar("Same")


class PickledAsBytes(ABC):
    """A public, immutable object that pickles as its bytes, strictly decoded again; a copy is the object itself."""

    __slots__ = ()

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope. Cost: linear in the size of the object."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The object that ``data`` encodes. DecodeError unless ``data`` is exactly one canonical encoding of one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    def __copy__(self: Same) -> Same:
        return self

    def __deepcopy__(self: Same, memo: dict[int, Any]) -> Same:
        return self


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
