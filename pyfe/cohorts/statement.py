"""What the owner of rows signs of a chunk: everything that a reader of it uses, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.columns import PublicColumn
from pyfe.cohorts.place import Place
from pyfe.wire import cbor

__all__ = ["statement"]

_TAG = b"PYFE-V1-chunk"


def statement(
    place: Place,
    batch: CiphertextBatch,
    public: Mapping[str, PublicColumn],
    signer: bytes,
    *,
    payload: bytes | None = None,
) -> bytes:
    """What is signed: u32 length of the tag ``PYFE-V1-chunk``, the tag, and deterministic CBOR of a map.

    It holds the scheme's number, parameter hash, ids of public key and schema; the place; the number of rows; how ids
    travel and the SHA-256 of all of them in order (as in a batch's metadata, in UTF-8); name, kind and SHA-256 of every
    public column in order; what was clipped; the SHA-256 of the native payload, which is all that is encrypted; and who
    signs. Cost: one SHA-256 of the rows; none where that of the ``payload`` is given, by whoever decoded these bytes to
    this batch: there is one encoding.
    """
    said: dict[str, Any] = {
        "columns": [[name, column.kind, _sha256(column.octets())] for name, column in public.items()],
        "encrypted_rows": batch.encrypted_rows,
        "ids": _ids(batch),
        "parameter_hash": batch.parameter_hash,
        "payload": _sha256(*batch.adapter.pieces(batch.native)) if payload is None else payload,
        "place": place.to_dict(),
        "public_key_id": batch.public_key_id,
        "rows": len(batch),
        "saturated": batch.saturated,
        "schema_id": batch.schema_id,
        "scheme": batch.adapter.number,
        "signer": signer,
    }
    return len(_TAG).to_bytes(4, "little") + _TAG + cbor.dumps(said)


def _ids(batch: CiphertextBatch) -> list[Any] | None:
    if batch.ids is None:
        return None
    field = batch.ids.to_field()
    return [batch.ids.carriage, _sha256(field.encode() if isinstance(field, str) else field)]


def _sha256(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()
