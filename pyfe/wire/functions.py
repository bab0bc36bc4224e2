"""A function as bytes: metadata only."""

from __future__ import annotations

from pyfe.function import Function
from pyfe.wire.envelope import NO_ID, Envelope, Kind, pack, unpack
from pyfe.wire.fields import require_json
from pyfe.wire.schemas import require_plain

__all__ = ["decode", "encode"]


def encode(function: Function) -> bytes:
    """The canonical encoding of a function."""
    return pack(Envelope(Kind.FUNCTION, "none", NO_ID, NO_ID, b"", function.to_dict()))


def decode(data: bytes) -> Function:
    """The function that ``data`` encodes."""
    envelope = unpack(data, Kind.FUNCTION)
    require_plain(envelope)
    return Function.from_dict(require_json(envelope.metadata, envelope.kind.text))
