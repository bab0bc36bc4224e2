"""A function key as bytes.

The native payload holds the weights or forms, the intervals and the scheme's key; the metadata is the rest of the
function and what the authority says about the key. The authority's signature covers header, payload and metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.adapters import NativeFunctionKey, adapter_of
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.schema import MAX_BITS
from pyfe.wire.envelope import Envelope, Kind, adapter_for, pack, signed_part, unframed, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.signature import SigningKey, require_valid

__all__ = ["Grant", "decode", "encode", "require_encodable", "require_signed", "sign"]

MAX_TIME = 2**40
"""Seconds since 1970 that still make a calendar date."""

_NAME = "function key"
_IN_THE_PAYLOAD = ("weights", "forms")


@dataclass(frozen=True)
class Grant:
    """What the authority says about a key it issues."""

    purpose: str
    issued_at: int
    sequence: int
    policy: str
    recipient: str | None


def encode(key: FunctionKey) -> bytes:
    """The canonical encoding of a function key. It is a bearer secret."""
    grant = Grant(key.purpose, key.issued_at, key.sequence, key.policy, key.recipient)
    return pack(_envelope(key.native, key.function, key.parameter_hash, grant, key.signature))


def sign(
    native: NativeFunctionKey, function: Function, parameter_hash: bytes, grant: Grant, signing_key: SigningKey
) -> FunctionKey:
    """A function key signed by the authority; not yet verified."""
    unsigned = pack(_envelope(native, function, parameter_hash, grant, bytes(64)))
    signature = signing_key.sign(signed_part(unsigned))
    return _key(native, function, parameter_hash, grant, signature)


def decode(data: bytes, public_key: PublicKey | None = None) -> FunctionKey:
    """The function key that ``data`` encodes, consistent in itself.

    With ``public_key``, ids and signature are checked before anything is decoded: what follows was written by the
    authority. Without, the signature is not checked.
    """
    if public_key is not None:
        require_signed(data, public_key)
    envelope = unpack(data, Kind.FUNCTION_KEY)
    adapter = adapter_for(envelope)
    if not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    native = adapter.require_own(adapter.read_function_key(envelope.payload))
    if envelope.public_key_id != native.public_key_id:
        raise DecodeError(f"{_NAME}: the public key id of the header is not that of the key")
    fields = Fields(envelope.metadata, _NAME)
    function = _with_map(fields.plain("function"), native)
    grant = Grant(
        purpose=fields.take("purpose", str),
        issued_at=fields.integer("issued_at", 0, MAX_TIME),
        sequence=fields.integer("sequence", 1, 2**63 - 1),
        policy=fields.take("policy", str),
        recipient=fields.optional("recipient", str),
    )
    fields.finish()
    return _key(native, function, envelope.parameter_hash, grant, envelope.signature)


def require_signed(data: bytes, public_key: PublicKey) -> None:
    """KeyMismatchError unless header and signature of an encoded function key are those of this authority
    (SignatureError, if it is the signature). Nothing but the frame is decoded. Cost: one signature."""
    frame = unframed(data, Kind.FUNCTION_KEY)
    if frame.public_key_id != public_key.id:
        ids = f"{frame.public_key_id.hex()[:12]}, not {public_key.id.hex()[:12]}"
        raise KeyMismatchError(f"the {_NAME} belongs to the public key {ids}")
    if frame.parameter_hash != public_key.parameter_hash:
        raise KeyMismatchError(f"the {_NAME} belongs to another schema")
    if not frame.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    require_valid(public_key.verification_key, frame.signature, signed_part(data), _NAME)


def _key(
    native: NativeFunctionKey, function: Function, parameter_hash: bytes, grant: Grant, signature: bytes
) -> FunctionKey:
    return FunctionKey(
        native=native,
        function=function,
        parameter_hash=parameter_hash,
        purpose=grant.purpose,
        issued_at=grant.issued_at,
        sequence=grant.sequence,
        policy=grant.policy,
        recipient=grant.recipient,
        signature=signature,
    )


def require_encodable(public: PublicKey, function: Function, grant: Grant) -> None:
    """ParameterError where the key of the function could not become bytes, before there is one."""
    ids = public.parameter_hash, public.id
    pack(Envelope(Kind.FUNCTION_KEY, public.scheme, *ids, b"", _metadata(function, grant), bytes(64)))


def _envelope(
    native: NativeFunctionKey, function: Function, parameter_hash: bytes, grant: Grant, signature: bytes
) -> Envelope:
    ids = parameter_hash, native.public_key_id
    metadata = _metadata(function, grant)
    return Envelope(Kind.FUNCTION_KEY, adapter_of(native).scheme.id, *ids, native.to_bytes(), metadata, signature)


def _metadata(function: Function, grant: Grant) -> dict[str, Any]:
    return {
        "function": {key: value for key, value in function.to_dict().items() if key not in _IN_THE_PAYLOAD},
        "issued_at": grant.issued_at,
        "policy": grant.policy,
        "purpose": grant.purpose,
        "recipient": grant.recipient,
        "sequence": grant.sequence,
    }


def _with_map(rest: Mapping[str, Any], native: NativeFunctionKey) -> Function:
    """The function of the metadata with the map of the payload; both must tell the same intervals."""
    misplaced = [key for key in _IN_THE_PAYLOAD if key in rest]
    if misplaced:
        raise DecodeError(f"{_NAME}: {misplaced[0]} belong to the payload, not to the metadata")
    try:
        terms = adapter_of(native).map_of(native, str(rest.get("kind")))
    except (ParameterError, OutOfRangeError) as error:
        raise DecodeError(f"{_NAME}: {error}") from error
    function = Function.from_dict(rest, terms=terms)
    if not np.array_equal(function.interval, native.intervals):
        raise KeyMismatchError(f"{_NAME}: the intervals of the key are not those of its function")
    # A key's searches are as wide as it says. No schema has coordinates of 2^32, whatever the schema of this one is.
    reach = terms.reach(2.0**MAX_BITS) * (1 + 1e-9)
    if (np.abs(function.interval).max(axis=1) > reach).any():
        raise DecodeError(f"{_NAME}: its intervals are wider than its function has results under any schema")
    return function
