"""What stands behind the rows of a batch of ciphertexts, and whose signature follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyfe.errors import DecodeError
from pyfe.row_ids import RowIds
from pyfe.wire.envelope import Envelope
from pyfe.wire.signature import KEY_SIZE, Signature

__all__ = ["batch_metadata", "signature_of"]

_NAME = "ciphertext batch"


def batch_metadata(
    encrypted_rows: int, saturated: Mapping[str, int], schema_id: bytes, ids: RowIds | None, signer: bytes | None
) -> dict[str, Any]:
    """What stands behind the rows of a batch."""
    metadata: dict[str, Any] = {
        "encrypted_rows": encrypted_rows,
        "saturated": {name: int(count) for name, count in sorted(saturated.items()) if count},
        "schema_id": schema_id,
    }
    if ids is not None:  # batches of earlier versions have none
        metadata["ids"] = ids.to_field()
    if signer is not None:
        metadata["signer"] = signer
    return metadata


def signature_of(envelope: Envelope) -> Signature | None:
    """Whose an envelope's signature is, by its metadata. DecodeError for one without the other."""
    signer = envelope.metadata.get("signer")
    if (signer is None) != (not envelope.signature) or (signer is None and "signer" in envelope.metadata):
        raise DecodeError(f"{_NAME}: a signature without a signer, or a signer without a signature")
    if signer is None:
        return None
    if type(signer) is not bytes or len(signer) != KEY_SIZE:
        raise DecodeError(f"{_NAME}: field 'signer' is not {KEY_SIZE} bytes")
    return Signature(signer, envelope.signature)
