"""A schema as bytes: metadata only."""

from __future__ import annotations

from pyfe.errors import DecodeError
from pyfe.schema import Schema
from pyfe.wire.envelope import NO_ID, Envelope, Kind, pack, unpack
from pyfe.wire.fields import require_json

__all__ = ["decode", "encode", "require_plain"]


def encode(schema: Schema) -> bytes:
    """The canonical encoding of a schema."""
    return pack(Envelope(Kind.SCHEMA, "none", NO_ID, NO_ID, b"", schema.to_dict()))


def decode(data: bytes) -> Schema:
    """The schema that ``data`` encodes."""
    envelope = unpack(data, Kind.SCHEMA)
    require_plain(envelope)
    return Schema.from_dict(require_json(envelope.metadata, envelope.kind.text))


def require_plain(envelope: Envelope) -> None:
    """DecodeError unless header and payload are those of an object that is metadata only."""
    empty = (envelope.scheme, envelope.parameter_hash, envelope.public_key_id) == ("none", NO_ID, NO_ID)
    if not empty or envelope.payload or envelope.signature:
        raise DecodeError(f"{envelope.kind.text}: it has no scheme, ids, payload or signature, yet some are present")
