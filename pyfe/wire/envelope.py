"""The envelope around every object, framed by the core: one header for Python, C and everybody else."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Any

from pyfe import _core
from pyfe.adapters import Adapter, adapter
from pyfe.errors import DecodeError
from pyfe.schemes import SCHEMES
from pyfe.wire import cbor

__all__ = [
    "HEADER_SIZE",
    "NO_ID",
    "SCHEME_NUMBERS",
    "Envelope",
    "Frame",
    "Header",
    "Kind",
    "adapter_for",
    "pack",
    "signed_part",
    "unframed",
    "unpack",
]

NO_ID = bytes(32)
"""Stands in the header where an object has no parameters or no public key."""

SCHEME_NUMBERS = {"none": 0} | {scheme.id: scheme.number for scheme in SCHEMES.values()}
"""Scheme id -> its number in the header."""


class Kind(enum.IntEnum):
    """What an envelope holds."""

    SCHEMA = 1
    FUNCTION = 2
    PUBLIC_KEY = 3
    FUNCTION_KEY = 4
    CIPHERTEXT_BATCH = 5
    SEALED_AUTHORITY = 6

    @property
    def text(self) -> str:
        """The name people use: ``function key``."""
        return self.name.lower().replace("_", " ")


_HEADER = struct.Struct("<4sHBBHH32s32sQI")  # as csrc/codec/include/pyfe/codec/envelope.hpp
_SIGNATURE_SIZE = 64

HEADER_SIZE = _HEADER.size
"""Bytes before the payload."""


@dataclass(frozen=True)
class Header:
    """What the first :data:`HEADER_SIZE` bytes of a file say it is. A claim: nothing else of the file was looked at.

    ``size``: bytes of the whole object.
    """

    kind: Kind
    public_key_id: bytes
    size: int

    @classmethod
    def read(cls, start: bytes) -> Header | None:
        """The header of a file that starts so, of whatever version; None where it is none."""
        if len(start) < HEADER_SIZE:
            start = start.ljust(HEADER_SIZE, b"\0")  # a cut file still is what it was
        magic, _, kind, signed, _, _, _, public_key_id, payload, metadata = _HEADER.unpack(start[:HEADER_SIZE])
        if magic != b"PYFE" or kind not in iter(Kind):
            return None
        return cls(Kind(kind), public_key_id, HEADER_SIZE + payload + metadata + (_SIGNATURE_SIZE if signed else 0))


@dataclass(frozen=True)
class Frame:
    """The parts of an object as they stand there, nothing of them decoded yet."""

    kind: Kind
    scheme: str
    parameter_hash: bytes
    public_key_id: bytes
    payload: bytes
    metadata: bytes
    signature: bytes


@dataclass(frozen=True)
class Envelope:
    """The parts of an object. ``metadata`` is the decoded CBOR map; ``signature`` is empty or 64 bytes."""

    kind: Kind
    scheme: str
    parameter_hash: bytes
    public_key_id: bytes
    payload: bytes
    metadata: dict[str, Any]
    signature: bytes = b""


def pack(envelope: Envelope) -> bytes:
    """The bytes of an envelope."""
    return _core.pack_envelope(
        int(envelope.kind),
        SCHEME_NUMBERS[envelope.scheme],
        envelope.parameter_hash,
        envelope.public_key_id,
        envelope.payload,
        cbor.dumps(envelope.metadata),
        envelope.signature,
    )


def unframed(data: bytes, kind: Kind | None = None) -> Frame:
    """The parts of the envelope ``data``, of the wanted kind if one is given. DecodeError for anything else."""
    number, scheme_number, *rest = _core.unpack_envelope(_as_bytes(data))
    found = Kind(number)
    if kind is not None and found is not kind:
        raise DecodeError(f"these bytes are a {found.text}, not a {kind.text}")
    scheme = next((name for name, known in SCHEME_NUMBERS.items() if known == scheme_number), None)
    if scheme is None:
        raise DecodeError(f"{found.text}: it is of scheme number {scheme_number}, which this release does not know")
    return Frame(found, scheme, *rest)


def unpack(data: bytes, kind: Kind | None = None) -> Envelope:
    """The envelope that ``data`` encodes, of the wanted kind if one is given. DecodeError for anything else."""
    frame = unframed(data, kind)
    metadata = cbor.loads(frame.metadata, frame.kind.text, most_items=cbor.MAX_ITEMS)
    if not isinstance(metadata, dict):
        raise DecodeError(f"{frame.kind.text}: metadata is not a map")
    ids = frame.parameter_hash, frame.public_key_id
    return Envelope(frame.kind, frame.scheme, *ids, frame.payload, metadata, frame.signature)


def adapter_for(envelope: Envelope) -> Adapter:
    """The adapter of the scheme in an envelope's header. DecodeError where the header names no scheme."""
    if envelope.scheme not in SCHEMES:
        raise DecodeError(f"{envelope.kind.text}: it must belong to a scheme, not to {envelope.scheme!r}")
    return adapter(envelope.scheme)


def signed_part(data: bytes) -> bytes:
    """The bytes that the signature of a signed envelope covers: all before it."""
    return _core.signed_part(_as_bytes(data))


def _as_bytes(data: object) -> bytes:
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise DecodeError(f"expected bytes, not {type(data).__name__}")
