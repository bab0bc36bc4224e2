"""Objects that travel: they become bytes, and are read back from bytes.

The byte formats live in :mod:`pyfe.wire`, above every class that travels. The classes reach it by name, when they
are asked to, so that the arrow between the rooms keeps pointing one way and ``import pyfe`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import Any, TypeVar

T = TypeVar("T", bound="Travels")


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
