"""The sealed file of an authority: its secrets and its ledger under one passphrase, as bytes.

The file is one envelope. Its payload has two parts, sealed one by one under the same key: the secrets, sealed once when
the authority is created and carried along as they are, and the ledger, sealed anew with every row. So a ledger is read
and written without opening the secrets. Each part is authenticated with its header, the ledger with the sealed secrets
too: a change of any byte is found when the file is opened. The ids in the header are public.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyfe.adapters import adapter
from pyfe.authority.records import Terms, terms_from_map, terms_to_map
from pyfe.authority.secrets import SEED_SIZE, Secrets
from pyfe.errors import AuthorityError, DecodeError
from pyfe.wire import cbor
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.sealing import NONCE_SIZE, TAG_SIZE, SealingKey, salt_and_cost

__all__ = [
    "LedgerPart",
    "Opened",
    "SealedFile",
    "SealedSecrets",
    "open_all",
    "open_ledger",
    "open_sealed",
    "parts_of_first_layout",
    "seal",
    "seal_secrets",
]

_NAME = "sealed authority"
_INSIDE = "authority"
_VERSION = 2  # 1 held the secrets too
_SECRET_FIELDS = frozenset(("master_secret_key", "signing_key"))


@dataclass(frozen=True, eq=False)
class LedgerPart:
    """The plaintext of the ledger's part: the terms as a map (:func:`pyfe.authority.records.terms_to_map`), and the
    rows, each what its CBOR says."""

    terms: dict[str, Any]
    rows: list[Any]

    @classmethod
    def of(cls, terms: Terms) -> LedgerPart:
        """A ledger without rows."""
        return cls(terms_to_map(terms), [])

    @classmethod
    def decode(cls, data: bytes) -> LedgerPart:
        """The inverse of :meth:`encode`; DecodeError for anything else. Terms and rows are not looked into."""
        values = cbor.loads(data, _INSIDE)
        fields = Fields(values, _INSIDE)
        fields.integer("version", 1, _VERSION)
        rows = fields.take("ledger", list)
        return cls({name: value for name, value in values.items() if name not in ("version", "ledger")}, rows)

    def encode(self) -> bytes:
        """One map of deterministic CBOR."""
        return cbor.dumps({**self.terms, "ledger": self.rows, "version": _VERSION})

    def followed_by(self, rows: Sequence[Any]) -> LedgerPart:
        """The ledger with these rows at its end."""
        return replace(self, rows=[*self.rows, *rows])


@dataclass(frozen=True, eq=False)
class SealedSecrets:
    """The part of a file that never changes: nonce and ciphertext, and how many of the bytes in it, the last ones, are
    the authority's reference (0: it has none, as all of earlier versions)."""

    data: bytes
    reference_size: int = 0


@dataclass(frozen=True, eq=False)
class SealedFile:
    """The parts of a sealed file, still closed. ``secrets`` are empty in files of 0.1.0, which sealed secrets and
    ledger as one."""

    header: Envelope
    salt: bytes
    log_cost: int
    nonce: bytes
    secrets: SealedSecrets
    ledger: bytes

    @classmethod
    def parse(cls, data: bytes) -> SealedFile:
        """The parts of ``data``. AuthorityError unless it is an authority file; nothing is authenticated yet."""
        try:
            envelope = unpack(data, Kind.SEALED_AUTHORITY)
            fields = Fields(envelope.metadata, _NAME)
            salt, log_cost = salt_and_cost(fields)
            nonce = fields.octets("nonce", NONCE_SIZE)
            size = reference = 0
            if fields.has("secrets"):
                size = fields.integer("secrets", NONCE_SIZE + TAG_SIZE, len(envelope.payload))
            if fields.has("reference"):
                reference = fields.integer("reference", 1, size - NONCE_SIZE - TAG_SIZE - SEED_SIZE)
            fields.finish()
        except DecodeError as error:
            raise AuthorityError(f"not an authority file: {error}") from error
        if envelope.signature:
            raise AuthorityError("not an authority file: it is signed")
        secrets = SealedSecrets(bytes(envelope.payload[:size]), reference)
        return cls(replace(envelope, payload=b""), salt, log_cost, nonce, secrets, bytes(envelope.payload[size:]))


@dataclass(frozen=True, eq=False)
class Opened:
    """What a sealed file holds. ``sealed_secrets`` is the part that every later file of this authority carries on."""

    terms: Terms
    ledger: LedgerPart
    secrets: Secrets
    sealed_secrets: SealedSecrets


def seal_secrets(terms: Terms, secrets: Secrets, key: SealingKey) -> SealedSecrets:
    """The part of the file that never changes: nonce, and signing seed, master secret key and reference under it."""
    nonce = os.urandom(NONCE_SIZE)
    size = len(secrets.reference_bytes)
    return SealedSecrets(nonce + key.encrypt(nonce, secrets.encoded().view(), pack(_header(terms, key, size))), size)


def seal(terms: Terms, ledger: LedgerPart, key: SealingKey, sealed_secrets: SealedSecrets) -> bytes:
    """The sealed file of an authority; a fresh nonce for the ledger every time.

    ``sealed_secrets`` is what :func:`seal_secrets` made for the same terms and key.
    """
    nonce = os.urandom(NONCE_SIZE)
    data = sealed_secrets.data
    stable = _header(terms, key, sealed_secrets.reference_size)
    header = replace(stable, payload=data, metadata={**stable.metadata, "nonce": nonce, "secrets": len(data)})
    return pack(replace(header, payload=data + key.encrypt(nonce, ledger.encode(), pack(header))))


def open_ledger(file: SealedFile, key: SealingKey) -> LedgerPart:
    """The ledger of a file. Secrets stay closed; a file of 0.1.0 opens as a whole, in memory that is wiped.

    Raises AuthorityError when the file is damaged or the key is wrong: the two cannot be told apart.
    """
    with _opening():
        return LedgerPart.decode(_ledger_bytes(file, key)[0])


def open_all(file: SealedFile, key: SealingKey) -> Opened:
    """Everything in a file, for an authority that is being opened. Errors: those of :func:`open_ledger`."""
    with _opening():
        data, *own = _ledger_bytes(file, key)
        sealed = file.secrets.data
        if sealed:
            opened = key.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], pack(_stable(file.header))).view()
            end = len(opened) - file.secrets.reference_size
            own = [opened[:SEED_SIZE], opened[SEED_SIZE:end], opened[end:]]
        ledger = LedgerPart.decode(data)
        terms = terms_from_map(ledger.terms)
        secrets = Secrets.read(own[0], own[1], own[2], terms)
    return Opened(terms, ledger, secrets, file.secrets if sealed else seal_secrets(terms, secrets, key))


def open_sealed(data: bytes, key_for: Callable[[bytes, int], SealingKey]) -> tuple[Opened, SealingKey]:
    """What a file holds, and its sealing key; ``key_for(salt, log_cost)`` derives, or remembers, the key.

    Raises AuthorityError when the file is damaged or the passphrase is wrong: the two cannot be told apart.
    """
    file = SealedFile.parse(data)
    key = key_for(file.salt, file.log_cost)
    return open_all(file, key), key


def _ledger_bytes(file: SealedFile, key: SealingKey) -> tuple[bytes, memoryview, memoryview, memoryview]:
    """The encoded ledger; and seed, master key and reference (none) of a file of 0.1.0, all empty otherwise."""
    header = pack(replace(file.header, payload=file.secrets.data))
    opened = key.decrypt(file.nonce, file.ledger, header).view()
    nothing = memoryview(b"")
    if file.secrets.data:
        return bytes(opened), nothing, nothing, nothing
    return *parts_of_first_layout(opened), nothing


def parts_of_first_layout(plain: memoryview) -> tuple[bytes, memoryview, memoryview]:
    """What 0.1.0 sealed as one map: the ledger's bytes, and views of signing seed and master secret key. DecodeError
    for anything else."""
    ledger, secrets = cbor.cut(plain, _SECRET_FIELDS, _INSIDE)
    if secrets.keys() != _SECRET_FIELDS or len(secrets["signing_key"]) != SEED_SIZE:
        raise DecodeError(f"{_INSIDE}: a secret is missing")
    return ledger, secrets["signing_key"], secrets["master_secret_key"]


@contextlib.contextmanager
def _opening() -> Iterator[None]:
    from cryptography.exceptions import InvalidTag

    try:
        yield
    except InvalidTag as error:
        raise AuthorityError("the passphrase is wrong, or the authority file is damaged") from error
    except DecodeError as error:
        raise AuthorityError(f"the authority file opens, but does not hold an authority: {error}") from error


def _header(terms: Terms, key: SealingKey, reference_size: int) -> Envelope:
    """The header that the secrets are sealed with."""
    metadata = key.description
    if reference_size:
        metadata["reference"] = reference_size
    ids = terms.public.parameters.id, terms.public.id
    return Envelope(Kind.SEALED_AUTHORITY, adapter(terms.scheme).number, *ids, b"", metadata)


def _stable(header: Envelope) -> Envelope:
    """The header that the secrets were sealed with: without what changes with the ledger."""
    metadata = {name: value for name, value in header.metadata.items() if name not in ("nonce", "secrets")}
    return replace(header, metadata=metadata)
