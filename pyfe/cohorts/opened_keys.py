"""Keys that travel as bytes to whoever scores, and are opened there once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pyfe.keys import FunctionKey, PublicKey

__all__ = ["KeyBytes", "opened_key", "opened_public_key"]


@dataclass(frozen=True, repr=False)
class KeyBytes:
    """A function key, and the public key that it is checked against, None where it is not. Its repr shows neither: what
    distributes work prints what it distributes."""

    function_key: bytes
    public_key: bytes | None = None


@lru_cache(maxsize=4)
def opened_key(keys: KeyBytes) -> FunctionKey:
    """The function key, with the table of its search at hand. Errors as of :meth:`pyfe.FunctionKey.from_bytes`. Cost:
    of the first call in a process that check and that table, of the others none."""
    public = None if keys.public_key is None else opened_public_key(keys.public_key)
    key = FunctionKey.from_bytes(keys.function_key, public_key=public)
    if key.adapter.search is not None:
        key.adapter.search.prepare(int((key.interval[:, 1] - key.interval[:, 0]).max()))
    return key


@lru_cache(maxsize=4)
def opened_public_key(data: bytes) -> PublicKey:
    """The public key; likewise."""
    return PublicKey.from_bytes(data)
