"""The envelope around every object, framed by the core: one header for Python, C and everybody else."""

from __future__ import annotations

import contextlib
import enum
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from pyfe import _core
from pyfe.errors import DecodeError
from pyfe.wire import cbor
from pyfe.wire.fields import require_json
from pyfe.wire.signature import SIGNATURE_SIZE

__all__ = [
    "HEADER_SIZE",
    "NO_ID",
    "NO_SCHEME",
    "Envelope",
    "Frame",
    "Header",
    "Kind",
    "Octets",
    "Outline",
    "around",
    "as_bytes",
    "given_back",
    "kind_of",
    "lent",
    "opened",
    "outline",
    "pack",
    "pack_metadata",
    "pieces",
    "signed_part",
    "unframed",
    "unpack",
    "unpack_metadata",
    "without_payload",
]

Octets: TypeAlias = bytes | memoryview
"""Bytes, or a view of some."""

NO_ID = bytes(32)
"""Stands in the header where an object has no parameters or no public key."""

NO_SCHEME = 0
"""Stands in the header where an object belongs to no scheme. Which scheme has which number is not known here."""


class Kind(enum.IntEnum):
    """What an envelope holds."""

    SCHEMA = 1
    FUNCTION = 2
    PUBLIC_KEY = 3
    FUNCTION_KEY = 4
    CIPHERTEXT_BATCH = 5
    SEALED_AUTHORITY = 6
    AUDIT_LOG = 7
    IDENTITY = 8
    REQUEST = 9
    APPROVAL = 10
    REVOCATION = 11
    SEALED_KEY = 12
    SEALED_IDENTITY = 13
    EPOCH_TABLE = 14
    REVOCATION_LIST = 15
    SEALED_OWNER = 16
    SCORE_PROOF = 17

    @property
    def text(self) -> str:
        """The name people use: ``function key``."""
        return self.name.lower().replace("_", " ")


_HEADER = struct.Struct("<4sHBBHH32s32sQI")  # as csrc/codec/include/pyfe/codec/envelope.hpp

HEADER_SIZE = _HEADER.size
"""Bytes before the payload."""

_PAYLOAD = slice(HEADER_SIZE - 12, HEADER_SIZE - 4)
"""Where the header says how many bytes the payload has."""


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
        return cls(Kind(kind), public_key_id, HEADER_SIZE + payload + metadata + (SIGNATURE_SIZE if signed else 0))


_MOST_BEHIND = 16_777_216 + SIGNATURE_SIZE
"""Bytes behind a payload: as many metadata as the core takes, and a signature."""


@dataclass(frozen=True)
class Frame:
    """The parts of an object as they stand there, nothing of them decoded yet; the payload as a view."""

    kind: Kind
    scheme: int
    parameter_hash: bytes
    public_key_id: bytes
    payload: memoryview
    metadata: bytes
    signature: bytes


@dataclass(frozen=True)
class Envelope:
    """The parts of an object. ``metadata`` is the decoded CBOR map; ``signature`` is empty or 64 bytes.

    What :func:`unpack` gives has a view of the bytes it was given as ``payload``: a batch is not copied to be read.
    """

    kind: Kind
    scheme: int
    parameter_hash: bytes
    public_key_id: bytes
    payload: bytes | memoryview
    metadata: dict[str, Any]
    signature: bytes = b""


def pack(envelope: Envelope) -> bytes:
    """The bytes of an envelope."""
    return _core.pack_envelope(
        int(envelope.kind),
        envelope.scheme,
        envelope.parameter_hash,
        envelope.public_key_id,
        envelope.payload,
        cbor.dumps(envelope.metadata),
        envelope.signature,
    )


def pieces(envelope: Envelope, payload: Sequence[Octets]) -> list[Octets]:
    """The bytes of an envelope in pieces, ``payload`` in place of the envelope's own: nothing large is copied."""
    header, *rest = around(envelope, sum(map(len, payload)))
    return [header, *payload, *rest]


def around(envelope: Envelope, payload: int) -> tuple[bytes, bytes, bytes]:
    """What an envelope has before and behind a payload of so many bytes: header; metadata, signature."""
    metadata, signature = cbor.dumps(envelope.metadata), envelope.signature
    header = _core.envelope_header(
        int(envelope.kind),
        envelope.scheme,
        envelope.parameter_hash,
        envelope.public_key_id,
        payload,
        len(metadata),
        len(signature),
    )
    return header, metadata, signature


def unframed(data: bytes, kind: Kind | None = None) -> Frame:
    """The parts of the envelope ``data``, of the wanted kind if one is given. DecodeError for anything else."""
    number, *rest = _core.unpack_envelope(as_bytes(data))
    found = Kind(number)
    if kind is not None and found is not kind:
        raise DecodeError(f"these bytes are a {found.text}, not a {kind.text}")
    return Frame(found, *rest)


def kind_of(data: bytes) -> Kind:
    """Which kind of object ``data`` says it is; nothing beyond the frame is decoded."""
    return unframed(data).kind


def unpack(data: bytes, kind: Kind | None = None) -> Envelope:
    """The envelope that ``data`` encodes, of the wanted kind if one is given. DecodeError for anything else."""
    frame = unframed(data, kind)
    metadata = cbor.loads(frame.metadata, frame.kind.text, most_items=cbor.MAX_ITEMS)
    if not isinstance(metadata, dict):
        raise DecodeError(f"{frame.kind.text}: metadata is not a map")
    ids = frame.parameter_hash, frame.public_key_id
    return Envelope(frame.kind, frame.scheme, *ids, frame.payload, metadata, frame.signature)


@dataclass(frozen=True)
class Outline:
    """An object whose payload is too large to be looked at with the rest: ``envelope`` has none, ``payload`` is how
    many bytes it has, from :data:`HEADER_SIZE` on; ``around``: header and metadata as they stand there."""

    envelope: Envelope
    payload: int
    around: bytes


@contextlib.contextmanager
def opened(path: str | os.PathLike[str], kind: Kind) -> Iterator[int]:
    """A regular file to read. OSError; DecodeError for a pipe or a device, which is waited for or has no end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DecodeError(f"{kind.text}: {os.fspath(path)} is no regular file; read it, and decode its bytes")
        yield descriptor
    finally:
        os.close(descriptor)


def outline(descriptor: int, kind: Kind) -> Outline:
    """Of the object that is all of a file. DecodeError for anything else."""
    header, size = os.pread(descriptor, HEADER_SIZE, 0), os.fstat(descriptor).st_size
    known = Header.read(header)
    if known is None or known.size != size:
        there = "no header of an object" if known is None else f"a header that tells of {known.size} bytes, not {size}"
        raise DecodeError(f"{kind.text}: the file has {there}")
    payload = int.from_bytes(header[_PAYLOAD], "little")
    if size - HEADER_SIZE - payload > _MOST_BEHIND:  # a sparse file costs its sender nothing
        raise DecodeError(f"{kind.text}: the header tells of more than {_MOST_BEHIND} bytes behind the payload")
    tail = os.pread(descriptor, size - HEADER_SIZE - payload, HEADER_SIZE + payload)
    return without_payload(header, tail, kind)


def given_back(data: Octets) -> contextlib.AbstractContextManager[object]:
    """While the block lasts, what is read of the bytes of a file takes no memory that stays."""
    owner: object = data.obj if isinstance(data, memoryview) else None
    return owner.given_back() if isinstance(owner, _core.SharedBytes) else contextlib.nullcontext()


def lent(path: str | os.PathLike[str], kind: Kind) -> tuple[Envelope, memoryview] | None:
    """The envelope that is all of a file, and all of its bytes, where they lie. None for a file that others than this
    user and root may write to, who could change it once it is checked. OSError; DecodeError for anything else."""
    with opened(path, kind) as descriptor:
        found = os.fstat(descriptor)
        if found.st_uid not in (os.geteuid(), 0) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        known = outline(descriptor, kind)
        view = _core.SharedBytes.mapped(descriptor, found.st_size).view()
    return replace(known.envelope, payload=view[HEADER_SIZE : HEADER_SIZE + known.payload]), view


def without_payload(header: bytes, tail: bytes, kind: Kind) -> Outline:
    """The same, of an object's first :data:`HEADER_SIZE` bytes and of those behind its payload."""
    payload = int.from_bytes(header[_PAYLOAD], "little")
    found = unpack(header[: _PAYLOAD.start] + bytes(8) + header[_PAYLOAD.stop :] + tail, kind)
    return Outline(found, payload, header + tail[: len(tail) - len(found.signature)])


def pack_metadata(kind: Kind, metadata: dict[str, Any]) -> bytes:
    """The bytes of an object that is metadata only: it has no scheme, no ids, no payload and no signature."""
    return pack(Envelope(kind, NO_SCHEME, NO_ID, NO_ID, b"", metadata))


def unpack_metadata(data: bytes, kind: Kind) -> dict[str, Any]:
    """The metadata, in plain JSON types, of an object that is nothing else. DecodeError for anything else."""
    envelope = unpack(data, kind)
    empty = (envelope.scheme, envelope.parameter_hash, envelope.public_key_id) == (NO_SCHEME, NO_ID, NO_ID)
    if not empty or envelope.payload or envelope.signature:
        raise DecodeError(f"{kind.text}: it has no scheme, ids, payload or signature, yet some are present")
    require_json(envelope.metadata, kind.text)
    return envelope.metadata


def signed_part(data: bytes) -> bytes:
    """The bytes that the signature of a signed envelope covers: all before it."""
    return _core.signed_part(as_bytes(data))


def as_bytes(data: object) -> bytes:
    """``data`` as bytes that nobody can change: what is checked first is then what is decoded. DecodeError for what is
    no buffer of bytes. Cost: a copy of any other buffer than ``bytes``."""
    if type(data) is bytes:
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise DecodeError(f"expected bytes, not {type(data).__name__}")
