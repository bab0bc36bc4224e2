"""A log as one file: its entries, its head, and the key that verifies it. It needs no secret and no database."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pyfe.audit.checkpoint import Checkpoint, authority_id
from pyfe.errors import DecodeError, ParameterError
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE

__all__ = ["AuditLog"]

_NAME = "audit log"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, repr=False)
class AuditLog(PickledAsBytes):
    """All that an authority recorded, in order, under the signed head that came with it. Nothing of it is verified
    until :func:`pyfe.audit.verify` is asked.

    It pickles as its bytes, and a copy is the log itself.
    """

    entries: tuple[bytes, ...]
    checkpoint: str
    verification_key: bytes

    def __post_init__(self) -> None:
        authority_id(self.verification_key)
        if type(self.entries) is not tuple or not {bytes}.issuperset(map(type, self.entries)):
            raise ParameterError("the entries of a log are a tuple of bytes")
        if not isinstance(self.checkpoint, str):
            raise ParameterError("the head of a log is the text of a checkpoint")
        try:
            Checkpoint.stated(self.checkpoint)
        except DecodeError as error:
            raise ParameterError(f"the head of a log is the text of a checkpoint: {error}") from error

    @property
    def authority(self) -> bytes:
        """The 16 bytes that the authority goes by, from the key that is in the log."""
        return authority_id(self.verification_key)

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope, the entries in its payload. Cost: linear."""
        payload = b"".join(part for entry in self.entries for part in (_LENGTH.pack(len(entry)), entry))
        metadata = {"checkpoint": self.checkpoint, "verification_key": self.verification_key}
        return pack(Envelope(Kind.AUDIT_LOG, NO_SCHEME, NO_ID, NO_ID, payload, metadata))

    @classmethod
    def from_bytes(cls, data: bytes) -> AuditLog:
        """The log that ``data`` encodes. DecodeError unless ``data`` is exactly one canonical encoding of one; whether
        the entries are under the head, and who signed it, is not looked at."""
        envelope = unpack(as_bytes(data), Kind.AUDIT_LOG)
        unused = envelope.scheme, envelope.parameter_hash, envelope.public_key_id, envelope.signature
        if unused != (NO_SCHEME, NO_ID, NO_ID, b""):
            raise DecodeError(f"{_NAME}: it has no scheme, ids or signature, yet some are present")
        fields = Fields(envelope.metadata, _NAME)
        checkpoint = fields.take("checkpoint", str)
        verification_key = fields.octets("verification_key", KEY_SIZE)
        fields.finish()
        Checkpoint.stated(checkpoint)
        return cls(tuple(_entries(bytes(envelope.payload))), checkpoint, verification_key)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"AuditLog({len(self.entries)} entries of authority {self.authority.hex()})"


def _entries(payload: bytes) -> Iterator[bytes]:
    """What the payload holds: each entry after its length."""
    at, end = 0, len(payload)
    while at < end:
        start = at + _LENGTH.size
        if start > end:
            raise DecodeError(f"{_NAME}: entry at byte {at}: its length is cut off")
        (size,) = _LENGTH.unpack_from(payload, at)
        if size > end - start:
            raise DecodeError(f"{_NAME}: entry at byte {at}: needs {size} bytes, {end - start} remain")
        yield payload[start : start + size]
        at = start + size
