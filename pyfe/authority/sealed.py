"""An authority under a passphrase: key from scrypt (RFC 7914), contents under ChaCha20-Poly1305 (RFC 8439).

The file is one envelope. Its metadata states salt, scrypt cost and nonce; header and metadata are authenticated with
the contents, so a change of any byte is found when the file is opened. The ids in the header are public.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from pyfe._travel import Secret
from pyfe.authority.contents import Contents
from pyfe.authority.contents import decode as decode_contents
from pyfe.authority.contents import encode as encode_contents
from pyfe.errors import AuthorityError, DecodeError, ParameterError
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from pyfe.wire.fields import Fields

__all__ = ["LOG_COST", "SealingKey", "open_sealed", "seal"]

LOG_COST = 17
"""scrypt N = 2^17, r = 8, p = 1: 128 MB and about a third of a second per guess of the passphrase."""

MIN_PASSPHRASE = 8
"""Shortest passphrase a new authority accepts, in characters."""

_BLOCK, _LANES = 8, 1
_MIN_LOG_COST, _MAX_LOG_COST = 10, LOG_COST  # a hostile file asks for no more memory than our own
_SALT_SIZE, _NONCE_SIZE, _KEY_SIZE = 16, 12, 32
_NAME = "sealed authority"

Random = Callable[[int], bytes]


@dataclass(frozen=True, repr=False)
class SealingKey(Secret):
    """The key that a passphrase gives with one salt. Secret; lives as long as the authority is open."""

    salt: bytes
    log_cost: int
    key: bytes

    @classmethod
    def derive(cls, passphrase: str | bytes, salt: bytes, log_cost: int) -> SealingKey:
        """scrypt of the passphrase (text is NFC-normalised UTF-8). Cost: 2^log_cost KB of memory."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        kdf = Scrypt(salt=salt, length=_KEY_SIZE, n=2**log_cost, r=_BLOCK, p=_LANES)
        return cls(salt, log_cost, kdf.derive(_as_bytes(passphrase)))

    @classmethod
    def fresh(cls, passphrase: str | bytes, *, random: Random = os.urandom) -> SealingKey:
        """The key of a passphrase with a new salt. ParameterError for a passphrase that is too short."""
        if len(passphrase) < MIN_PASSPHRASE:
            raise ParameterError(f"a passphrase needs at least {MIN_PASSPHRASE} characters")
        return cls.derive(passphrase, random(_SALT_SIZE), LOG_COST)

    def __repr__(self) -> str:
        return "SealingKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealing key is never pickled")


def seal(contents: Contents, key: SealingKey, *, random: Random = os.urandom) -> bytes:
    """The sealed file of an authority; a fresh nonce every time."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    header = _header(contents, key, random(_NONCE_SIZE))
    sealed = ChaCha20Poly1305(key.key).encrypt(header.metadata["nonce"], encode_contents(contents), pack(header))
    return pack(_with_payload(header, sealed))


def open_sealed(data: bytes, key_for: Callable[[bytes, int], SealingKey]) -> tuple[Contents, SealingKey]:
    """Contents and sealing key of a file; ``key_for(salt, log_cost)`` derives, or remembers, the key.

    Raises AuthorityError when the file is damaged or the passphrase is wrong: the two cannot be told apart.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    envelope, salt, log_cost, nonce = _read_header(data)
    key = key_for(salt, log_cost)
    header = pack(_with_payload(envelope, b""))
    try:
        plain = ChaCha20Poly1305(key.key).decrypt(nonce, envelope.payload, header)
        contents = decode_contents(plain)
    except InvalidTag as error:
        raise AuthorityError("the passphrase is wrong, or the authority file is damaged") from error
    except DecodeError as error:
        raise AuthorityError(f"the authority file opens, but does not hold an authority: {error}") from error
    return contents, key


def _header(contents: Contents, key: SealingKey, nonce: bytes) -> Envelope:
    metadata: dict[str, Any] = {
        "aead": "chacha20-poly1305",
        "kdf": "scrypt",
        "log_cost": key.log_cost,
        "nonce": nonce,
        "salt": key.salt,
    }
    ids = contents.public.parameters.id, contents.public.id
    return Envelope(Kind.SEALED_AUTHORITY, contents.state.scheme, *ids, b"", metadata)


def _with_payload(header: Envelope, payload: bytes) -> Envelope:
    ids = header.parameter_hash, header.public_key_id
    return Envelope(header.kind, header.scheme, *ids, payload, header.metadata)


def _read_header(data: bytes) -> tuple[Envelope, bytes, int, bytes]:
    try:
        envelope = unpack(data, Kind.SEALED_AUTHORITY)
        fields = Fields(envelope.metadata, _NAME)
        algorithms = fields.take("kdf", str), fields.take("aead", str)
        log_cost = fields.integer("log_cost", _MIN_LOG_COST, _MAX_LOG_COST)
        salt, nonce = fields.octets("salt", _SALT_SIZE), fields.octets("nonce", _NONCE_SIZE)
        fields.finish()
    except DecodeError as error:
        raise AuthorityError(f"not an authority file: {error}") from error
    if algorithms != ("scrypt", "chacha20-poly1305") or envelope.signature:
        raise AuthorityError(f"not an authority file: unknown algorithms {', '.join(algorithms)}")
    return envelope, salt, log_cost, nonce


def _as_bytes(passphrase: str | bytes) -> bytes:
    if isinstance(passphrase, bytes):
        return passphrase
    if isinstance(passphrase, str):
        return unicodedata.normalize("NFC", passphrase).encode()
    raise ParameterError(f"a passphrase is text or bytes, not {type(passphrase).__name__}")
