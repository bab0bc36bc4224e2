"""A passphrase as a sealing key: scrypt (RFC 7914), and ChaCha20-Poly1305 (RFC 8439) under what it gives."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import Any, NoReturn

from pyfe._core import SecretBytes
from pyfe.errors import DecodeError, ParameterError
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret

__all__ = [
    "LOG_COST",
    "MAX_LOG_COST",
    "MIN_LOG_COST",
    "NONCE_SIZE",
    "SALT_SIZE",
    "TAG_SIZE",
    "SealingKey",
    "salt_and_cost",
]

LOG_COST = 17
"""scrypt N = 2^17, r = 8, p = 1: 128 MB and about a third of a second per guess of the passphrase."""

MIN_PASSPHRASE = 8
"""Shortest passphrase that seals something new, in characters."""

_BLOCK, _LANES = 8, 1
MIN_LOG_COST, MAX_LOG_COST = 10, LOG_COST  # a hostile file asks for no more memory than our own
SALT_SIZE, NONCE_SIZE, TAG_SIZE, _KEY_SIZE = 16, 12, 16, 32
_ALGORITHMS = {"aead": "chacha20-poly1305", "kdf": "scrypt"}


@dataclass(frozen=True, repr=False, eq=False)
class SealingKey(Secret):
    """The key that a passphrase gives with one salt. Secret; lives as long as what it seals is open, in memory of the
    core, which is wiped."""

    salt: bytes
    log_cost: int
    key: SecretBytes

    @classmethod
    def derive(cls, passphrase: str | bytes, salt: bytes, log_cost: int) -> SealingKey:
        """scrypt of the passphrase (text is NFC-normalised UTF-8). Cost: 2^log_cost KB of memory."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        key = SecretBytes(_KEY_SIZE)
        kdf = Scrypt(salt=salt, length=_KEY_SIZE, n=2**log_cost, r=_BLOCK, p=_LANES)
        kdf.derive_into(_as_bytes(passphrase), key.view())
        return cls(salt, log_cost, key)

    @classmethod
    def fresh(cls, passphrase: str | bytes) -> SealingKey:
        """The key of a passphrase with a new salt. ParameterError for a passphrase that is too short."""
        _as_bytes(passphrase)
        if len(passphrase) < MIN_PASSPHRASE:
            raise ParameterError(f"a passphrase needs at least {MIN_PASSPHRASE} characters")
        return cls.derive(passphrase, os.urandom(SALT_SIZE), LOG_COST)

    @property
    def description(self) -> dict[str, Any]:
        """How the key is had from its passphrase, and what it is used with: the fields of a sealed file."""
        return {**_ALGORITHMS, "log_cost": self.log_cost, "salt": self.salt}

    def encrypt(self, nonce: bytes, data: bytes | memoryview, header: bytes) -> bytes:
        """ChaCha20-Poly1305 under this key; the cipher's own copy of it goes with the call."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        return ChaCha20Poly1305(self.key.view()).encrypt(nonce, data, header)

    def decrypt(self, nonce: bytes, data: bytes, header: bytes) -> SecretBytes:
        """The inverse of :meth:`encrypt`, straight into memory of the core. InvalidTag for changed bytes."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        if len(data) <= TAG_SIZE:
            raise InvalidTag
        opened = SecretBytes(len(data) - TAG_SIZE)
        ChaCha20Poly1305(self.key.view()).decrypt_into(nonce, data, header, opened.view())
        return opened

    def __repr__(self) -> str:
        return "SealingKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealing key is never pickled")


def salt_and_cost(fields: Fields) -> tuple[bytes, int]:
    """What :attr:`SealingKey.description` says in a sealed file. DecodeError for other algorithms, or a cost that no
    file of ours has."""
    stated = {name: fields.take(name, str) for name in _ALGORITHMS}
    if stated != _ALGORITHMS:
        raise DecodeError(f"unknown algorithms {', '.join(stated.values())}")
    log_cost = fields.integer("log_cost", MIN_LOG_COST, MAX_LOG_COST)
    return fields.octets("salt", SALT_SIZE), log_cost


def _as_bytes(passphrase: str | bytes) -> bytes:
    if isinstance(passphrase, bytes):
        return passphrase
    if isinstance(passphrase, str):
        try:
            return unicodedata.normalize("NFC", passphrase).encode()
        except UnicodeEncodeError:
            raise ParameterError("the passphrase holds half of a surrogate pair, which UTF-8 cannot encode") from None
    raise ParameterError(f"a passphrase is text or bytes, not {type(passphrase).__name__}")
