"""The sealed file of an authority of earlier versions, which :meth:`pyfe.KeyAuthority.migrate` reads: secrets and
ledger under one passphrase.

The file is one envelope. Its payload has two parts, sealed one by one under the same key: the secrets (signing seed,
master secret key, reference), sealed once, and the ledger, sealed anew with every row. Each part is authenticated with
its header, the ledger with the sealed secrets too: a change of any byte is found when the file is opened. Files of
0.1.0 have one part, a map of both. The ids in the header are public.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pyfe.authority.records import Issued, Terms, row_from_map, terms_from_map
from pyfe.authority.secrets import SEED_SIZE, Secrets
from pyfe.errors import AuthorityError, DecodeError
from pyfe.wire import cbor
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.sealing import NONCE_SIZE, TAG_SIZE, SealingKey, salt_and_cost

__all__ = ["Opened", "SealedFile", "open_all", "read_ledger"]

_NAME = "sealed authority"
_INSIDE = "authority"
_VERSION = 2  # 1 held the secrets too
_SECRET_FIELDS = frozenset(("master_secret_key", "signing_key"))


@dataclass(frozen=True, eq=False)
class SealedFile:
    """The parts of a sealed file, still closed. ``secrets``: nonce and ciphertext, of which the last
    ``reference_size`` bytes are the reference; empty in files of 0.1.0, which sealed secrets and ledger as one."""

    header: Envelope
    salt: bytes
    log_cost: int
    nonce: bytes
    secrets: bytes
    reference_size: int
    ledger: bytes

    @classmethod
    def parse(cls, data: bytes) -> SealedFile:
        """The parts of ``data``. AuthorityError unless it is an authority file; nothing is authenticated yet."""
        try:
            envelope = unpack(data, Kind.SEALED_AUTHORITY)
            fields = Fields(envelope.metadata, _NAME)
            if fields.has("epochs"):
                raise DecodeError(f"{_NAME}: it is master.sealed of an authority's folder, which needs no migration")
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
        secrets, ledger = bytes(envelope.payload[:size]), bytes(envelope.payload[size:])
        return cls(replace(envelope, payload=b""), salt, log_cost, nonce, secrets, reference, ledger)


@dataclass(frozen=True, eq=False)
class Opened:
    """What a sealed file holds."""

    terms: Terms
    rows: tuple[Issued, ...]
    secrets: Secrets


def open_all(file: SealedFile, key: SealingKey) -> Opened:
    """Everything in a file.

    Raises AuthorityError when the file is damaged or the key is wrong: the two cannot be told apart.
    """
    with _opening():
        opened = key.decrypt(file.nonce, file.ledger, pack(replace(file.header, payload=file.secrets))).view()
        if file.secrets:
            data = bytes(opened)
            own = key.decrypt(file.secrets[:NONCE_SIZE], file.secrets[NONCE_SIZE:], pack(_stable(file.header))).view()
            end = len(own) - file.reference_size
            seed, master, reference = own[:SEED_SIZE], own[SEED_SIZE:end], own[end:]
        else:
            data, seed, master = _parts_of_first_layout(opened)
            reference = memoryview(b"")
        terms, rows = read_ledger(data)
        return Opened(terms, rows, Secrets.read(seed, master, reference, terms))


def read_ledger(data: bytes) -> tuple[Terms, tuple[Issued, ...]]:
    """Terms and rows of the ledger's part, one map of deterministic CBOR. DecodeError for anything else."""
    values = cbor.loads(data, _INSIDE)
    fields = Fields(values, _INSIDE)
    fields.integer("version", 1, _VERSION)
    rows = fields.take("ledger", list)
    terms = terms_from_map({name: value for name, value in values.items() if name not in ("version", "ledger")})
    return terms, tuple(row_from_map(row, terms.schema.n) for row in rows)


def _parts_of_first_layout(plain: memoryview) -> tuple[bytes, memoryview, memoryview]:
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


def _stable(header: Envelope) -> Envelope:
    """The header that the secrets were sealed with: without what changes with the ledger."""
    metadata = {name: value for name, value in header.metadata.items() if name not in ("nonce", "secrets")}
    return replace(header, metadata=metadata)
