"""A public key as bytes.

The native payload is the scheme's master public key, whose parameters contain the schema id. The metadata is the
schema, the weight width and the authority's Ed25519 verification key, by which the whole is signed.
"""

from __future__ import annotations

import numpy as np

from pyfe.errors import DecodeError, KeyMismatchError
from pyfe.keys import SCHEME, PublicKey
from pyfe.schema import Schema
from pyfe.schemes import ipfe_ddh
from pyfe.wire.envelope import Envelope, Kind, pack, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.signature import KEY_SIZE, SigningKey, require_valid

__all__ = ["MAX_WEIGHT_BITS", "decode", "encode", "sign", "weight_bound"]

MAX_WEIGHT_BITS = 32
"""Widest function weights an authority can allow."""

_NAME = "public key"


def weight_bound(weight_bits: int) -> int:
    """Largest absolute value of a signed weight of so many bits: 127 for 8."""
    return (1 << (weight_bits - 1)) - 1


def encode(key: PublicKey) -> bytes:
    """The canonical encoding of a public key."""
    return pack(_envelope(key.native, key.schema, key.weight_bits, key.verification_key, key.signature))


def sign(native: ipfe_ddh.MasterPublicKey, schema: Schema, weight_bits: int, signing_key: SigningKey) -> PublicKey:
    """The public key of an authority, signed by it."""
    unsigned = pack(_envelope(native, schema, weight_bits, signing_key.public, bytes(64)))
    signature = signing_key.sign(signed_part(unsigned))
    return PublicKey(native, schema, weight_bits, signing_key.public, signature)


def decode(data: bytes) -> PublicKey:
    """The public key that ``data`` encodes; SignatureError unless it is signed by the key it contains."""
    envelope = unpack(data, Kind.PUBLIC_KEY)
    if envelope.scheme != SCHEME or not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed and belong to the scheme {SCHEME}")
    fields = Fields(envelope.metadata, _NAME)
    schema = Schema.from_dict(fields.plain("schema"))
    weight_bits = fields.integer("weight_bits", 2, MAX_WEIGHT_BITS)
    verification_key = fields.octets("verification_key", KEY_SIZE)
    fields.finish()
    require_valid(verification_key, envelope.signature, signed_part(data), _NAME)
    native = ipfe_ddh.MasterPublicKey.from_bytes(envelope.payload)
    if (envelope.parameter_hash, envelope.public_key_id) != (native.parameters.id, native.id):
        raise DecodeError(f"{_NAME}: the ids of the header are not those of the key")
    _require_schema(native, schema, weight_bits)
    return PublicKey(native, schema, weight_bits, verification_key, envelope.signature)


def _envelope(
    native: ipfe_ddh.MasterPublicKey, schema: Schema, weight_bits: int, verification_key: bytes, signature: bytes
) -> Envelope:
    metadata = {"schema": schema.to_dict(), "verification_key": verification_key, "weight_bits": weight_bits}
    ids = native.parameters.id, native.id
    return Envelope(Kind.PUBLIC_KEY, SCHEME, *ids, native.to_bytes(), metadata, signature)


def _require_schema(native: ipfe_ddh.MasterPublicKey, schema: Schema, weight_bits: int) -> None:
    parameters = native.parameters
    same_bounds = np.array_equal(parameters.x_lo, schema.lo) and np.array_equal(parameters.x_hi, schema.hi)
    if parameters.context != schema.id or not same_bounds or parameters.y_bound != weight_bound(weight_bits):
        raise KeyMismatchError(f"{_NAME}: the scheme's parameters are not those of the schema it contains")
