"""What keys, ciphertexts and the authority need of a scheme's native objects, whatever the scheme.

A native object is what the core (or, for a toy, a Python file) computes with. It writes and reads its own payload; all
else about it is asked from the :class:`~pyfe.adapters.Adapter` of its scheme.
"""

from __future__ import annotations

from typing import Protocol, Self

from pyfe._core import SecretBytes
from pyfe._core import schemes as core
from pyfe.arrays import IntArray

__all__ = [
    "IntArray",
    "NativeBatch",
    "NativeFunctionKey",
    "NativeParameters",
    "NativePublicKey",
    "NativeScoreProof",
    "NativeSecretKey",
    "PlainRows",
]


class NativeParameters(Protocol):
    """The public agreement every key and ciphertext is bound to."""

    @property
    def id(self) -> bytes:
        """The parameter hash, 32 bytes."""

    @property
    def context(self) -> bytes:
        """32 bytes bound into every id: the schema id."""


class NativePublicKey(Protocol):
    """A master public key."""

    @property
    def id(self) -> bytes:
        """Its hash, 32 bytes."""

    @property
    def parameters(self) -> NativeParameters:
        """What it was made for."""

    def to_bytes(self) -> bytes:
        """Its payload."""


class NativeSecretKey(Protocol):
    """A master secret key; wiped when it is dropped."""

    @property
    def public_key_id(self) -> bytes:
        """Id of the public key it belongs to."""

    def to_secret(self) -> SecretBytes:
        """Its payload, in memory that wipes itself."""


class NativeFunctionKey(Protocol):
    """The key of one map of k outputs, with the map and the intervals of its results."""

    @property
    def public_key_id(self) -> bytes:
        """Id of the public key whose ciphertexts it opens."""

    @property
    def intervals(self) -> IntArray:
        """int64 ``[k, 2]``: least and greatest result."""

    @property
    def readout(self) -> core.Readout | None:
        """How its results are read, if it says so."""

    def with_readout(self, readout: core.Readout) -> Self:
        """The same key, which says how its results are read. ParameterError where that does not fit its intervals."""

    def to_bytes(self) -> bytes:
        """Its payload."""


class NativeScoreProof(Protocol):
    """A proof that scores are what a key gives on a batch."""

    @property
    def public_key_id(self) -> bytes:
        """Id of the public key that batch and key are of."""

    @property
    def rows(self) -> int:
        """Of how many rows it is."""

    @property
    def functions(self) -> int:
        """Of how many outputs it is."""

    def to_bytes(self) -> bytes:
        """Its payload."""


class NativeBatch(Protocol):
    """Encrypted rows. Of a packed scheme, a slice keeps the blocks its rows lie in, and which rows of them it is."""

    @property
    def public_key_id(self) -> bytes:
        """Id of the public key they were encrypted under."""

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""

    def __len__(self) -> int: ...

    def slice(self, start: int, stop: int) -> Self:
        """Rows ``start`` to ``stop``, exactly."""

    def to_bytes(self) -> bytes:
        """Its payload."""


class PlainRows(Protocol):
    """Rows of one ciphertext that are to be encrypted; wiped when they are dropped."""

    def append(self, x: IntArray) -> None:
        """Add int64 ``[rows, n]``. ParameterError for more rows than a ciphertext holds."""

    def __len__(self) -> int:
        """How many there are."""
