"""Objects of any kind from their bytes: what a command needs that is given a file and asked what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyfe.audit import AuditLog
from pyfe.ciphertext import CiphertextBatch
from pyfe.epochs import EpochTable
from pyfe.errors import DecodeError
from pyfe.function import Function
from pyfe.identity import Approval, Identity, Request, Revocation, SealedKey
from pyfe.keys import FunctionKey, PublicKey, RevocationList, ScoreProof
from pyfe.schema import Schema
from pyfe.wire import Kind, kind_of

__all__ = ["OfPeople", "Readable", "decode"]

OfPeople: TypeAlias = Identity | Request | Approval | Revocation | SealedKey
"""What people make, and what is made for one of them."""

Readable: TypeAlias = (
    Schema
    | Function
    | PublicKey
    | FunctionKey
    | RevocationList
    | CiphertextBatch
    | ScoreProof
    | AuditLog
    | EpochTable
    | OfPeople
)
"""What bytes are read as without a passphrase."""

_DECODERS: dict[Kind, Callable[[bytes], Readable]] = {
    Kind.SCHEMA: Schema.from_bytes,
    Kind.FUNCTION: Function.from_bytes,
    Kind.PUBLIC_KEY: PublicKey.from_bytes,
    Kind.FUNCTION_KEY: FunctionKey.from_bytes,
    Kind.CIPHERTEXT_BATCH: CiphertextBatch.from_bytes,
    Kind.AUDIT_LOG: AuditLog.from_bytes,
    Kind.IDENTITY: Identity.from_bytes,
    Kind.REQUEST: Request.from_bytes,
    Kind.APPROVAL: Approval.from_bytes,
    Kind.REVOCATION: Revocation.from_bytes,
    Kind.SEALED_KEY: SealedKey.from_bytes,
    Kind.REVOCATION_LIST: RevocationList.from_bytes,
    Kind.EPOCH_TABLE: EpochTable.from_bytes,
    Kind.SCORE_PROOF: ScoreProof.from_bytes,
}

_ELSEWHERE = {
    Kind.SEALED_AUTHORITY: "is opened with its passphrase, by KeyAuthority.open",
    Kind.SEALED_IDENTITY: "is opened with its passphrase, by IdentitySecret.unsealed",
    Kind.SEALED_OWNER: "is opened with its passphrase, by OwnerSecret.unsealed",
}


def decode(data: bytes) -> Readable:
    """The object that ``data`` encodes, by its strict decoder. DecodeError for what is sealed under a passphrase,
    and for anything that is not exactly one canonical encoding."""
    kind = kind_of(data)
    if kind not in _DECODERS:
        raise DecodeError(f"a {kind.text} {_ELSEWHERE.get(kind, 'is read by a reader of its own')}")
    return _DECODERS[kind](data)
