"""A public key as bytes.

The native payload is the scheme's master public key, whose parameters contain the schema id. The metadata is the
schema, the weight width and the authority's Ed25519 verification key, by which the whole is signed.
"""

from __future__ import annotations

from pyfe.adapters import Adapter, NativePublicKey, adapter_of
from pyfe.errors import DecodeError, KeyMismatchError
from pyfe.keys import PublicKey
from pyfe.schema import Schema
from pyfe.wire.envelope import Envelope, Kind, adapter_for, pack, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.signature import KEY_SIZE, SigningKey, require_valid

__all__ = ["MAX_WEIGHT_BITS", "decode", "encode", "sign"]

MAX_WEIGHT_BITS = 32
"""Widest function weights an authority can allow."""

_NAME = "public key"


def encode(key: PublicKey) -> bytes:
    """The canonical encoding of a public key."""
    return pack(_envelope(key.native, key.schema, key.weight_bits, key.verification_key, key.signature))


def sign(native: NativePublicKey, schema: Schema, weight_bits: int, signing_key: SigningKey) -> PublicKey:
    """The public key of an authority, signed by it."""
    unsigned = pack(_envelope(native, schema, weight_bits, signing_key.public, bytes(64)))
    signature = signing_key.sign(signed_part(unsigned))
    return PublicKey(native, schema, weight_bits, signing_key.public, signature)


def decode(data: bytes) -> PublicKey:
    """The public key that ``data`` encodes; SignatureError unless it is signed by the key it contains.

    The signature is checked before the schema is made, and the schema before a point of the payload is read.
    """
    envelope = unpack(data, Kind.PUBLIC_KEY)
    adapter = adapter_for(envelope)
    if not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    fields = Fields(envelope.metadata, _NAME)
    verification_key = fields.octets("verification_key", KEY_SIZE)
    require_valid(verification_key, envelope.signature, signed_part(data), _NAME)
    weight_bits = fields.integer("weight_bits", 2, MAX_WEIGHT_BITS)
    schema = Schema.from_dict(fields.plain("schema"))
    fields.finish()
    _require_schema(adapter, envelope.parameter_hash, schema, weight_bits)
    native = adapter.require_own(adapter.read_public_key(envelope.payload))
    if (envelope.parameter_hash, envelope.public_key_id) != (native.parameters.id, native.id):
        raise DecodeError(f"{_NAME}: the ids of the header are not those of the key")
    return PublicKey(native, schema, weight_bits, verification_key, envelope.signature)


def _envelope(
    native: NativePublicKey, schema: Schema, weight_bits: int, verification_key: bytes, signature: bytes
) -> Envelope:
    metadata = {"schema": schema.to_dict(), "verification_key": verification_key, "weight_bits": weight_bits}
    ids = native.parameters.id, native.id
    return Envelope(Kind.PUBLIC_KEY, adapter_of(native).scheme.id, *ids, native.to_bytes(), metadata, signature)


def _require_schema(adapter: Adapter, parameter_hash: bytes, schema: Schema, weight_bits: int) -> None:
    if parameter_hash != adapter.parameters(schema, weight_bits).id:
        raise KeyMismatchError(f"{_NAME}: the scheme's parameters are not those of the schema it contains")
