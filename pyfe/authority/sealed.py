"""An authority under a passphrase: key from scrypt (RFC 7914), contents under ChaCha20-Poly1305 (RFC 8439).

The file is one envelope. Its payload has two parts, sealed one by one under the same key: the secrets, sealed once when
the authority is created and carried along as they are, and the ledger, sealed anew with every key. So a ledger is read
and written without opening the secrets. Each part is authenticated with its header, the ledger with the sealed secrets
too: a change of any byte is found when the file is opened. The ids in the header are public.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from pyfe._core import SecretBytes
from pyfe.adapters import adapter
from pyfe.authority import contents as plain
from pyfe.authority.contents import Contents, Ledger
from pyfe.errors import AuthorityError, DecodeError, ParameterError
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret

__all__ = [
    "LOG_COST",
    "SealedFile",
    "SealingKey",
    "open_contents",
    "open_ledger",
    "open_sealed",
    "seal",
    "seal_secrets",
]

LOG_COST = 17
"""scrypt N = 2^17, r = 8, p = 1: 128 MB and about a third of a second per guess of the passphrase."""

MIN_PASSPHRASE = 8
"""Shortest passphrase a new authority accepts, in characters."""

_BLOCK, _LANES = 8, 1
_MIN_LOG_COST, _MAX_LOG_COST = 10, LOG_COST  # a hostile file asks for no more memory than our own
_SALT_SIZE, _NONCE_SIZE, _TAG_SIZE, _KEY_SIZE = 16, 12, 16, 32
_NAME = "sealed authority"

Random = Callable[[int], bytes]


@dataclass(frozen=True, repr=False, eq=False)
class SealingKey(Secret):
    """The key that a passphrase gives with one salt. Secret; lives as long as the authority is open, in memory of the
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
    def fresh(cls, passphrase: str | bytes, *, random: Random = os.urandom) -> SealingKey:
        """The key of a passphrase with a new salt. ParameterError for a passphrase that is too short."""
        _as_bytes(passphrase)
        if len(passphrase) < MIN_PASSPHRASE:
            raise ParameterError(f"a passphrase needs at least {MIN_PASSPHRASE} characters")
        return cls.derive(passphrase, random(_SALT_SIZE), LOG_COST)

    def encrypt(self, nonce: bytes, data: bytes | memoryview, header: bytes) -> bytes:
        """ChaCha20-Poly1305 under this key; the cipher's own copy of it goes with the call."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        return ChaCha20Poly1305(self.key.view()).encrypt(nonce, data, header)

    def decrypt(self, nonce: bytes, data: bytes, header: bytes) -> SecretBytes:
        """The inverse of :meth:`encrypt`, straight into memory of the core. InvalidTag for changed bytes."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        if len(data) <= _TAG_SIZE:
            raise InvalidTag
        opened = SecretBytes(len(data) - _TAG_SIZE)
        ChaCha20Poly1305(self.key.view()).decrypt_into(nonce, data, header, opened.view())
        return opened

    def __repr__(self) -> str:
        return "SealingKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealing key is never pickled")


@dataclass(frozen=True, eq=False)
class SealedFile:
    """The parts of a sealed file, still closed. ``secrets`` is nonce and ciphertext; empty in files of 0.1.0, which
    sealed secrets and ledger as one."""

    header: Envelope
    salt: bytes
    log_cost: int
    nonce: bytes
    secrets: bytes
    ledger: bytes

    @classmethod
    def parse(cls, data: bytes) -> SealedFile:
        """The parts of ``data``. AuthorityError unless it is an authority file; nothing is authenticated yet."""
        try:
            envelope = unpack(data, Kind.SEALED_AUTHORITY)
            fields = Fields(envelope.metadata, _NAME)
            algorithms = fields.take("kdf", str), fields.take("aead", str)
            log_cost = fields.integer("log_cost", _MIN_LOG_COST, _MAX_LOG_COST)
            salt, nonce = fields.octets("salt", _SALT_SIZE), fields.octets("nonce", _NONCE_SIZE)
            size = 0
            if fields.has("secrets"):
                size = fields.integer("secrets", _NONCE_SIZE + _TAG_SIZE, len(envelope.payload))
            fields.finish()
        except DecodeError as error:
            raise AuthorityError(f"not an authority file: {error}") from error
        if algorithms != ("scrypt", "chacha20-poly1305") or envelope.signature:
            raise AuthorityError(f"not an authority file: unknown algorithms {', '.join(algorithms)}")
        parts = envelope.payload[:size], envelope.payload[size:]
        return cls(replace(envelope, payload=b""), salt, log_cost, nonce, *parts)


def seal_secrets(contents: Contents, key: SealingKey, *, random: Random = os.urandom) -> bytes:
    """The part of the file that never changes: nonce, and signing seed and master secret key under it."""
    nonce = random(_NONCE_SIZE)
    return nonce + key.encrypt(nonce, plain.encode_secrets(contents).view(), pack(_header(contents, key)))


def seal(contents: Contents, key: SealingKey, secrets: bytes | None = None, *, random: Random = os.urandom) -> bytes:
    """The sealed file of an authority; a fresh nonce for the ledger every time.

    ``secrets`` is what :func:`seal_secrets` made of the same contents; made here when it is not given.
    """
    secrets = seal_secrets(contents, key, random=random) if secrets is None else secrets
    nonce = random(_NONCE_SIZE)
    header = replace(_header(contents, key, nonce=nonce, secrets=len(secrets)), payload=secrets)
    ledger = key.encrypt(nonce, plain.encode_ledger(contents.state, contents.public), pack(header))
    return pack(replace(header, payload=secrets + ledger))


def open_ledger(file: SealedFile, key: SealingKey, before: Ledger | None = None) -> Ledger:
    """The ledger of a file. Secrets stay closed; a file of 0.1.0 opens as a whole, in memory that is wiped.

    Raises AuthorityError when the file is damaged or the key is wrong: the two cannot be told apart.
    """
    with _opening():
        return plain.decode_ledger(_ledger_bytes(file, key)[0], before)


def open_contents(file: SealedFile, key: SealingKey) -> tuple[Contents, Ledger]:
    """Everything in a file, for an authority that is being opened. Errors: those of :func:`open_ledger`."""
    with _opening():
        data, seed, master = _ledger_bytes(file, key)
        if file.secrets:
            nonce, sealed = file.secrets[:_NONCE_SIZE], file.secrets[_NONCE_SIZE:]
            secrets = key.decrypt(nonce, sealed, pack(_stable(file.header))).view()
            seed, master = secrets[: plain.SEED_SIZE], secrets[plain.SEED_SIZE :]
        ledger = plain.decode_ledger(data)
        return plain.assemble(ledger, seed, master), ledger


def open_sealed(data: bytes, key_for: Callable[[bytes, int], SealingKey]) -> tuple[Contents, SealingKey]:
    """Contents and sealing key of a file; ``key_for(salt, log_cost)`` derives, or remembers, the key.

    Raises AuthorityError when the file is damaged or the passphrase is wrong: the two cannot be told apart.
    """
    file = SealedFile.parse(data)
    key = key_for(file.salt, file.log_cost)
    return open_contents(file, key)[0], key


def _ledger_bytes(file: SealedFile, key: SealingKey) -> tuple[bytes, memoryview, memoryview]:
    """The encoded ledger; and seed and master key of a file of 0.1.0, both empty otherwise."""
    header = pack(replace(file.header, payload=file.secrets))
    opened = key.decrypt(file.nonce, file.ledger, header).view()
    nothing = memoryview(b"")
    return (bytes(opened), nothing, nothing) if file.secrets else plain.decode_first_layout(opened)


@contextlib.contextmanager
def _opening() -> Iterator[None]:
    from cryptography.exceptions import InvalidTag

    try:
        yield
    except InvalidTag as error:
        raise AuthorityError("the passphrase is wrong, or the authority file is damaged") from error
    except DecodeError as error:
        raise AuthorityError(f"the authority file opens, but does not hold an authority: {error}") from error


def _header(contents: Contents, key: SealingKey, **more: Any) -> Envelope:
    metadata: dict[str, Any] = {
        "aead": "chacha20-poly1305",
        "kdf": "scrypt",
        "log_cost": key.log_cost,
        "salt": key.salt,
        **more,
    }
    ids = contents.public.parameters.id, contents.public.id
    return Envelope(Kind.SEALED_AUTHORITY, adapter(contents.state.scheme).number, *ids, b"", metadata)


def _stable(header: Envelope) -> Envelope:
    """The header that the secrets were sealed with: without what changes with the ledger."""
    metadata = {name: value for name, value in header.metadata.items() if name not in ("nonce", "secrets")}
    return replace(header, metadata=metadata)


def _as_bytes(passphrase: str | bytes) -> bytes:
    if isinstance(passphrase, bytes):
        return passphrase
    if isinstance(passphrase, str):
        try:
            return unicodedata.normalize("NFC", passphrase).encode()
        except UnicodeEncodeError:
            raise ParameterError("the passphrase holds half of a surrogate pair, which UTF-8 cannot encode") from None
    raise ParameterError(f"a passphrase is text or bytes, not {type(passphrase).__name__}")
