"""Objects of any kind from their bytes: what a command needs that is given a file and asked what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyfe.audit import AuditLog
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.schema import Schema
from pyfe.wire import Kind, kind_of

__all__ = ["Readable", "decode"]

Readable: TypeAlias = Schema | Function | PublicKey | FunctionKey | CiphertextBatch | AuditLog
"""What bytes are read as without a passphrase."""

_DECODERS: dict[Kind, Callable[[bytes], Readable]] = {
    Kind.SCHEMA: Schema.from_bytes,
    Kind.FUNCTION: Function.from_bytes,
    Kind.PUBLIC_KEY: PublicKey.from_bytes,
    Kind.FUNCTION_KEY: FunctionKey.from_bytes,
    Kind.CIPHERTEXT_BATCH: CiphertextBatch.from_bytes,
    Kind.AUDIT_LOG: AuditLog.from_bytes,
}


def decode(data: bytes) -> Readable:
    """The object that ``data`` encodes, by its strict decoder. DecodeError for a sealed authority, for the files of
    people, and for anything that is not exactly one canonical encoding."""
    kind = kind_of(data)
    if kind is Kind.SEALED_AUTHORITY:
        raise DecodeError(f"a {kind.text} is opened with its passphrase, by KeyAuthority.open")
    if kind not in _DECODERS:
        raise DecodeError(f"a file of the kind {kind.text!r} is read by whoever it is for, not by pyfe.objects")
    return _DECODERS[kind](data)
