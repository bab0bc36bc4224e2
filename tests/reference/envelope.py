"""The envelope around every object that travels: a fixed header of 88 bytes, payload, metadata, signature.

    magic "PYFE" | u16 version = 1 | u8 kind | u8 flags (bit 0: signed) | u16 scheme | u16 reserved = 0
    | parameter hash [32] | public key id [32] | u64 payload length | u32 metadata length
    | payload | metadata | signature [64] if signed

All integers are little endian. Kinds: 1 schema, 2 function, 3 public key, 4 function key, 5 ciphertext batch,
6 the sealed authority, 7 audit log, 8 to 13 files of people (identity, request, approval, revocation, sealed key,
sealed identity), 14 epoch table, 15 revocation list, 16 the sealed owner. Schemes: 0 none,
1 ipfe-ddh-ristretto255, 2 qfe-ggm-bls12381, 3 qfe-sxdh-bls12381.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.reference.codec import Reader

MAGIC = b"PYFE"
VERSION = 1
SIGNED = 1
KINDS = range(1, 18)
SCHEMES = range(4)
SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Envelope:
    """What an envelope says. ``signature`` is empty or 64 bytes."""

    kind: int
    scheme: int
    parameter_hash: bytes
    public_key_id: bytes
    payload: bytes
    metadata: bytes = b""
    signature: bytes = b""


def pack(e: Envelope) -> bytes:
    """The bytes of an envelope; ValueError when a field has no place in it."""
    if e.kind not in KINDS or e.scheme not in SCHEMES:
        raise ValueError(f"kind {e.kind}, scheme {e.scheme}")
    if len(e.parameter_hash) != 32 or len(e.public_key_id) != 32:
        raise ValueError("an id has 32 bytes")
    if len(e.signature) not in (0, SIGNATURE_BYTES):
        raise ValueError("a signature has 64 bytes")
    header = MAGIC + struct.pack("<HBBHH", VERSION, e.kind, SIGNED if e.signature else 0, e.scheme, 0)
    lengths = struct.pack("<QI", len(e.payload), len(e.metadata))
    return header + e.parameter_hash + e.public_key_id + lengths + e.payload + e.metadata + e.signature


def unpack(data: bytes) -> Envelope:
    """The envelope in these bytes; ValueError unless ``pack`` would give exactly them."""
    reader = Reader(data)
    if reader.take(4) != MAGIC:
        raise ValueError("not an envelope")
    version, kind, flags = reader.unsigned(2), reader.unsigned(1), reader.unsigned(1)
    scheme, reserved = reader.unsigned(2), reader.unsigned(2)
    if version != VERSION or kind not in KINDS or flags & ~SIGNED or scheme not in SCHEMES or reserved:
        raise ValueError(f"version {version}, kind {kind}, flags {flags}, scheme {scheme}, reserved {reserved}")
    parameter_hash, public_key_id = reader.take(32), reader.take(32)
    payload_length, metadata_length = reader.unsigned(8), reader.unsigned(4)
    payload, metadata = reader.take(payload_length), reader.take(metadata_length)
    signature = reader.take(SIGNATURE_BYTES if flags & SIGNED else 0)
    reader.finish()
    return Envelope(kind, scheme, parameter_hash, public_key_id, payload, metadata, signature)


def signed_part(data: bytes) -> bytes:
    """The message under the signature of a signed envelope: everything before the signature."""
    if not unpack(data).signature:
        raise ValueError("the envelope is not signed")
    return data[:-SIGNATURE_BYTES]
