"""One ciphertext of very wide rows as a file: rows are collected narrow, and encrypted feature by feature."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

import numpy as np

from pyfe._core import SharedBytes
from pyfe.adapters import AnyAdapter, NativePublicKey
from pyfe.batch_metadata import batch_metadata
from pyfe.errors import ParameterError
from pyfe.identity import IdentitySecret
from pyfe.keys.carried_ids import carried_ids, given_ids
from pyfe.keys.owner_noise import noise_part, require_owner_secret, with_noise
from pyfe.keys.patient_ledger import PatientLedger, require_ids, require_ledger
from pyfe.row_ids import Carriage, RowIds
from pyfe.schema import Encoded, Schema
from pyfe.wire.envelope import HEADER_SIZE, Envelope, Kind, around, given_back
from pyfe.wire.signature import SIGNATURE_SIZE

__all__ = ["Filled", "Owned", "encrypt_into", "fill"]

_COORDINATES = 2**21
"""Coordinates that are encoded together: 16 MB."""


class WideKey(Protocol):
    """What is needed of a public key."""

    @property
    def adapter(self) -> AnyAdapter:
        """What is particular to its scheme."""
        ...

    @property
    def native(self) -> NativePublicKey:
        """The core's key."""
        ...

    @property
    def schema(self) -> Schema:
        """What is encrypted."""
        ...

    @property
    def parameter_hash(self) -> bytes:
        """Of the scheme's parameters."""
        ...

    @property
    def id(self) -> bytes:
        """Of the master public key."""
        ...


class Owned(NamedTuple):
    """What a data owner says of rows, as of :meth:`pyfe.PublicKey.encrypt`."""

    secret: Any
    ids: Any
    ledger: PatientLedger | None
    carriage: Carriage | None
    duplicates_allowed: bool
    retired: bool


class Filled(NamedTuple):
    """What was encrypted: how many rows, and by column how many values were clipped."""

    rows: int
    saturated: dict[str, int]


def encrypt_into(
    key: WideKey,
    file: BinaryIO,
    X: Any,
    on_overflow: Literal["raise", "clip"],
    owned: Owned,
    signer: IdentitySecret | None,
) -> Filled:
    """Of :meth:`pyfe.PublicKey.encrypt_into`."""
    ledger, schema = owned.ledger, key.schema
    require_ledger(ledger, retired=owned.retired)
    noise = noise_part(schema, owned.secret, pseudonyms=owned.carriage == "pseudonym", ledger=ledger)
    require_owner_secret(schema, noise)
    ids = given_ids(owned.ids, X, owned.carriage, schema)

    def recorded(rows: int) -> RowIds | None:
        listed = require_ids(ids, rows, ledger, carried=owned.carriage is not None)
        secret = owned.secret if ledger is None else ledger.secret
        carried = carried_ids(listed, owned.carriage, secret, owned.duplicates_allowed)
        if ledger is not None:
            ledger.record(key, listed, **({"retired": True} if owned.retired else {}))
        return carried

    encoded = (
        piece if isinstance(piece, Encoded) else schema.encode(piece, on_overflow=on_overflow)
        for piece in _pieces(X, schema.n)
    )
    return fill(key, file, encoded, noise, recorded, signer)


def fill(
    key: WideKey,
    file: BinaryIO,
    encoded: Iterable[Encoded],
    noise: Any,
    named: Callable[[int], RowIds | None],
    signer: IdentitySecret | None = None,
) -> Filled:
    """The rows as one ciphertext in an empty file. ``noise``: what noise slots are drawn from; ``named``: what the ids
    of so many rows are, asked when all are there and none is encrypted."""
    rows, saturated = key.adapter.plain_rows(key.native), Counter[str]()
    for part in encoded:
        rows.append(with_noise(key.schema, part, key.schema.check(part), noise))
        saturated.update(part.saturated)
    if not len(rows):
        raise ParameterError("there are no rows to encrypt: a ciphertext of none does not exist")
    signed = None if signer is None else signer.identity.ed25519
    _write(key, file, rows, batch_metadata(len(rows), saturated, key.schema.id, named(len(rows)), signed), signer)
    return Filled(len(rows), dict(saturated))


def _write(key: WideKey, file: BinaryIO, rows: Any, metadata: dict[str, Any], signer: IdentitySecret | None) -> None:
    """The payload, what follows it, and last what makes a batch of them: the header, or the signature."""
    file.flush()
    descriptor = file.fileno()
    if os.fstat(descriptor).st_size:
        raise ParameterError("a ciphertext is written into an empty file, and this one holds something")
    size = key.adapter.encrypt_to(key.native, rows, descriptor, HEADER_SIZE)
    blank = b"" if signer is None else bytes(SIGNATURE_SIZE)
    kind, ids = Kind.CIPHERTEXT_BATCH, (key.parameter_hash, key.id)
    header, tail, _ = around(Envelope(kind, key.adapter.number, *ids, b"", metadata, blank), size)
    end = HEADER_SIZE + size
    os.pwrite(descriptor, tail, end)
    os.fsync(descriptor)
    os.pwrite(descriptor, header, 0)
    if signer is not None:  # until it stands there, the header tells of more bytes than there are
        with given_back(whole := _bytes_of(descriptor, end + len(tail))):
            signature = signer.sign(whole)
        os.pwrite(descriptor, signature, end + len(tail))


def _bytes_of(descriptor: int, size: int) -> memoryview:
    """The bytes of a file that is open to be written, where they lie."""
    again = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return SharedBytes.mapped(again, size).view()
    finally:
        os.close(again)


def _pieces(X: Any, n: int) -> Iterator[Any]:
    """A table some rows at a time."""
    step = max(1, _COORDINATES // n)
    rows = X.iloc if hasattr(X, "iloc") else X if isinstance(X, np.ndarray | Encoded) else None
    if rows is not None and (not isinstance(X, np.ndarray) or X.ndim == 2):
        yield from (rows[start : start + step] for start in range(0, len(X), step))
    elif isinstance(X, Iterator):
        for part in X:
            yield from _pieces(part, n)
    else:
        yield X
