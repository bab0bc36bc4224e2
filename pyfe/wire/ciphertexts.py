"""A ciphertext batch as bytes: the rows in the native payload; schema id and saturated counts in the metadata."""

from __future__ import annotations

from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError
from pyfe.wire.envelope import Envelope, Kind, adapter_for, pack, unpack
from pyfe.wire.fields import Fields

__all__ = ["decode", "encode"]

_NAME = "ciphertext batch"
_MOST = 2**48
"""Most rows that a batch can say it counts: sums of such numbers stay integers of 64 bits."""


def encode(batch: CiphertextBatch) -> bytes:
    """The canonical encoding of a batch."""
    metadata = {
        "encrypted_rows": batch.encrypted_rows,
        "saturated": batch.saturated,
        "schema_id": batch.schema_id,
    }
    ids = batch.parameter_hash, batch.public_key_id
    return pack(Envelope(Kind.CIPHERTEXT_BATCH, batch.scheme, *ids, batch.native.to_bytes(), metadata))


def decode(data: bytes) -> CiphertextBatch:
    """The batch that ``data`` encodes; every point is checked to be the canonical encoding of a group element."""
    envelope = unpack(data, Kind.CIPHERTEXT_BATCH)
    adapter = adapter_for(envelope)
    if envelope.signature:
        raise DecodeError(f"{_NAME}: it must be unsigned")
    fields = Fields(envelope.metadata, _NAME)
    encrypted_rows = fields.integer("encrypted_rows", 0, _MOST)
    schema_id = fields.octets("schema_id", 32)
    counts = Fields(counted := fields.take("saturated", dict), _NAME)
    saturated = {name: counts.integer(name, 1, _MOST) for name in counted}
    fields.finish()
    native = adapter.require_own(adapter.read_batch(envelope.payload))
    if envelope.public_key_id != native.public_key_id:
        raise DecodeError(f"{_NAME}: the public key id of the header is not that of the rows")
    return CiphertextBatch(
        native,
        parameter_hash=envelope.parameter_hash,
        schema_id=schema_id,
        saturated=saturated,
        encrypted_rows=encrypted_rows,
    )
