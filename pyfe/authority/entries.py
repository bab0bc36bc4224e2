"""What an authority's log says: one kind of entry for everything that it does, as values and as bytes.

An entry is one map of deterministic CBOR: its ``kind``, the second ``at`` which it was made, and its fields. What is
accepted is written again byte for byte. The ledger is what the entries of kind ``issued`` say, so the two cannot
disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeAlias

from pyfe.authority.records import (
    Issued,
    Terms,
    map_from_fields,
    map_to_fields,
    row_from_map,
    row_to_map,
    terms_from_map,
    terms_to_map,
)
from pyfe.errors import DecodeError
from pyfe.function import IntegerMap
from pyfe.wire import cbor
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import HASH_SIZE
from pyfe.wire.signature import KEY_SIZE

__all__ = [
    "KINDS",
    "Approved",
    "Asked",
    "ChangeRefused",
    "Created",
    "Entry",
    "EpochOpened",
    "EpochRetired",
    "KeyIssued",
    "KeysRevoked",
    "Migrated",
    "PolicySet",
    "Refused",
    "RequestWithdrawn",
    "Requested",
    "Restored",
    "Scope",
    "decode_entry",
    "encode_entry",
]

_NAME = "log entry"
LAST_SECOND = 2**32
MOST_NUMBER = 2**53 - 1

Asked: TypeAlias = Literal["issue", "check"]
_ASKED: tuple[Asked, ...] = ("issue", "check")

Scope: TypeAlias = Literal["request", "function", "row space"]
_CHANGES = ("epoch", "policy", "revocation")
_SCOPES: tuple[Scope, ...] = ("request", "function", "row space")


@dataclass(frozen=True, kw_only=True)
class _Base:
    kind: ClassVar[str]
    at: int


@dataclass(frozen=True, kw_only=True)
class Created(_Base):
    """The first entry: the authority, by the key that verifies whatever it signs."""

    kind = "created"
    verification_key: bytes

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"verification_key": self.verification_key}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(at=at, verification_key=fields.octets("verification_key", KEY_SIZE))


@dataclass(frozen=True, kw_only=True)
class EpochOpened(_Base):
    """A new master key, its schema and its terms."""

    kind = "epoch opened"
    epoch: int
    terms: Terms
    reason: str = ""

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"epoch": self.epoch, "reason": self.reason, "terms": terms_to_map(self.terms)}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        terms = terms_from_map(fields.take("terms", dict))
        return cls(at=at, epoch=_epoch(fields), terms=terms, reason=fields.take("reason", str))


@dataclass(frozen=True, kw_only=True)
class EpochRetired(_Base):
    """No new key of this epoch any more."""

    kind = "epoch retired"
    epoch: int
    reason: str

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"epoch": self.epoch, "reason": self.reason}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(at=at, epoch=_epoch(fields), reason=fields.take("reason", str))


@dataclass(frozen=True, kw_only=True)
class PolicySet(_Base):
    """A policy file from now on: its canonical map, and who set it."""

    kind = "policy set"
    policy: dict[str, Any]
    digest: bytes
    by: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"by": list(self.by), "digest": self.digest, "policy": self.policy}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`. Whether the digest is that of the map says whoever reads the policy."""
        digest = fields.octets("digest", HASH_SIZE)
        return cls(at=at, policy=fields.take("policy", dict), digest=digest, by=_texts(fields, "by"))


@dataclass(frozen=True, kw_only=True)
class _OfRequest(_Base):
    """What entries about a request have in common. ``request_id``: of the signed request, else of what was asked."""

    epoch: int
    request_id: bytes
    function_id: bytes
    purpose: str
    recipient: str | None
    asked: Asked

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {
            "asked": self.asked,
            "epoch": self.epoch,
            "function_id": self.function_id,
            "purpose": self.purpose,
            "recipient": self.recipient,
            "request_id": self.request_id,
        }


def _of_request(at: int, fields: Fields) -> dict[str, Any]:
    asked = fields.take("asked", str)
    if asked not in _ASKED:
        raise DecodeError(f"{_NAME}: nothing is asked by {asked[:60]!r}")
    return {
        "at": at,
        "asked": asked,
        "epoch": _epoch(fields),
        "request_id": fields.octets("request_id", HASH_SIZE),
        "function_id": fields.octets("function_id", HASH_SIZE),
        "purpose": fields.take("purpose", str),
        "recipient": fields.optional("recipient", str),
    }


@dataclass(frozen=True, kw_only=True)
class Requested(_OfRequest):
    """A request that waits for approvals, or a check that found nothing; ``signed``: the file, if there is one."""

    kind = "requested"
    signed: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {**super().fields(), "signed": self.signed}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(**_of_request(at, fields), signed=fields.optional("signed", bytes))


@dataclass(frozen=True, kw_only=True)
class Refused(_OfRequest):
    """A request that was refused, whether it was for a key or a check: by which rule, with which figures (as texts),
    and against which keys. ``says`` is all of it, for auditors; ``told`` is what was said to who asked. ``scope``:
    whether it holds for this request alone, for the function whoever asks, or for all functions of its row space;
    ``signed``: the file that asked, if there is one.
    """

    kind = "refused"
    map: IntegerMap
    rule: str
    figure: str | None
    limit: str | None
    span: bytes
    row_space: bytes
    policy_digest: bytes
    scope: Scope
    says: str
    told: str
    signed: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        own = ("rule", "figure", "limit", "span", "row_space", "policy_digest", "scope", "says", "told", "signed")
        return {**super().fields(), **map_to_fields(self.map), **{name: getattr(self, name) for name in own}}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        scope = fields.take("scope", str)
        if scope not in _SCOPES:
            raise DecodeError(f"{_NAME}: no refusal holds for a {scope[:60]!r}")
        return cls(
            **_of_request(at, fields),
            map=map_from_fields(fields),
            rule=fields.take("rule", str),
            figure=fields.optional("figure", str),
            limit=fields.optional("limit", str),
            span=fields.octets("span", HASH_SIZE),
            row_space=fields.octets("row_space", HASH_SIZE),
            policy_digest=fields.octets("policy_digest", HASH_SIZE),
            scope=scope,
            says=fields.take("says", str),
            told=fields.take("told", str),
            signed=fields.optional("signed", bytes),
        )


@dataclass(frozen=True, kw_only=True)
class Approved(_Base):
    """An approval that was given: the signed file."""

    kind = "approved"
    epoch: int
    request_id: bytes
    signed: bytes

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"epoch": self.epoch, "request_id": self.request_id, "signed": self.signed}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        request_id = fields.octets("request_id", HASH_SIZE)
        return cls(at=at, epoch=_epoch(fields), request_id=request_id, signed=fields.take("signed", bytes))


@dataclass(frozen=True, kw_only=True)
class KeyIssued(_Base):
    """A key, recorded before it is released: the row of the ledger, and what it was granted by.

    ``says_something``: whether it said anything beyond what the keys before it say; those that did are what rules
    count. ``decision``: digest of the figures of every rule, and of the keys they were counted with. ``not_after``: the
    last second of the key, None where it has none. ``approvals``: their ids.
    """

    kind = "issued"
    epoch: int
    row: Issued
    request_id: bytes
    policy_digest: bytes
    decision: bytes
    says_something: bool
    not_after: int | None = None
    approvals: tuple[bytes, ...] = ()

    @property
    def adopted(self) -> bool:
        """Whether it was issued before there was a log, and taken over: then nobody decided on it here."""
        return self.decision == bytes(HASH_SIZE)

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {
            "approvals": list(self.approvals),
            "decision": self.decision,
            "epoch": self.epoch,
            "not_after": self.not_after,
            "policy_digest": self.policy_digest,
            "request_id": self.request_id,
            "row": row_to_map(self.row),
            "says_something": self.says_something,
        }

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        row = row_from_map(fields.take("row", dict))
        if row.issued_at > at:
            raise DecodeError(f"{_NAME}: a key was issued later than it was recorded")
        approvals = fields.take("approvals", list)
        if not all(type(each) is bytes and len(each) == HASH_SIZE for each in approvals):
            raise DecodeError(f"{_NAME}: an approval is named by its id, {HASH_SIZE} bytes")
        not_after = fields.optional("not_after", int)
        if not_after is not None and not 0 <= not_after <= LAST_SECOND:
            raise DecodeError(f"{_NAME}: the last second of a key is {not_after}")
        return cls(
            at=at,
            epoch=_epoch(fields),
            row=row,
            request_id=fields.octets("request_id", HASH_SIZE),
            policy_digest=fields.octets("policy_digest", HASH_SIZE),
            decision=fields.octets("decision", HASH_SIZE),
            says_something=fields.take("says_something", bool),
            not_after=not_after,
            approvals=tuple(approvals),
        )


@dataclass(frozen=True, kw_only=True)
class KeysRevoked(_Base):
    """Keys that honest evaluators use no more; they count as before. ``signed``: the file, if there is one."""

    kind = "revoked"
    keys: tuple[int, ...]
    reason: str
    by: str | None = None
    signed: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"by": self.by, "keys": list(self.keys), "reason": self.reason, "signed": self.signed}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        keys = tuple(fields.take("keys", list))
        if not {int}.issuperset(map(type, keys)) or not keys or list(keys) != sorted(set(keys)) or keys[0] < 1:
            raise DecodeError(f"{_NAME}: revoked keys are their numbers, ascending")
        by, signed = fields.optional("by", str), fields.optional("signed", bytes)
        return cls(at=at, keys=keys, reason=fields.take("reason", str), by=by, signed=signed)


@dataclass(frozen=True, kw_only=True)
class RequestWithdrawn(_Base):
    """A request that is to get no key, whoever agreed; ``signed``: the file that says so."""

    kind = "withdrawn"
    request_id: bytes
    reason: str
    by: str | None
    signed: bytes

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"by": self.by, "reason": self.reason, "request_id": self.request_id, "signed": self.signed}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        by, reason = fields.optional("by", str), fields.take("reason", str)
        request_id, signed = fields.octets("request_id", HASH_SIZE), fields.take("signed", bytes)
        return cls(at=at, request_id=request_id, reason=reason, by=by, signed=signed)


@dataclass(frozen=True, kw_only=True)
class ChangeRefused(_Base):
    """A change that somebody asked for and was not allowed. ``what``: an epoch, a policy or a revocation; ``subject``:
    id of the schema or of the revocation, or digest of the policy; ``says``: everything that speaks against it."""

    kind = "change refused"
    what: str
    subject: bytes
    says: str

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"says": self.says, "subject": self.subject, "what": self.what}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        what = fields.take("what", str)
        if what not in _CHANGES:
            raise DecodeError(f"{_NAME}: a change is one of {', '.join(_CHANGES)}")
        return cls(at=at, what=what, subject=fields.octets("subject", HASH_SIZE), says=fields.take("says", str))


@dataclass(frozen=True, kw_only=True)
class Migrated(_Base):
    """The keys that a sealed file of before had issued follow; ``digest``: SHA-256 of that file."""

    kind = "migrated"
    digest: bytes
    keys: int

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"digest": self.digest, "keys": self.keys}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(at=at, digest=fields.octets("digest", HASH_SIZE), keys=fields.integer("keys", 0, MOST_NUMBER))


@dataclass(frozen=True, kw_only=True)
class Restored(_Base):
    """The log goes on from a backup. ``head``: the newest head that was known elsewhere, as a text. ``whole``: whether
    nothing followed the backup; else there may be keys that are not in the log, and its epochs say so from then on."""

    kind = "restored"
    head: str
    reason: str
    whole: bool

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"head": self.head, "reason": self.reason, "whole": self.whole}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        head, reason = fields.take("head", str), fields.take("reason", str)
        return cls(at=at, head=head, reason=reason, whole=fields.take("whole", bool))


Entry: TypeAlias = (
    Created
    | EpochOpened
    | EpochRetired
    | PolicySet
    | Requested
    | Refused
    | Approved
    | KeyIssued
    | KeysRevoked
    | RequestWithdrawn
    | ChangeRefused
    | Migrated
    | Restored
)

KINDS: dict[str, type[Entry]] = {
    each.kind: each
    for each in (
        Created,
        EpochOpened,
        EpochRetired,
        PolicySet,
        Requested,
        Refused,
        Approved,
        KeyIssued,
        KeysRevoked,
        RequestWithdrawn,
        ChangeRefused,
        Migrated,
        Restored,
    )
}


def encode_entry(entry: Entry) -> bytes:
    """The entry in deterministic CBOR."""
    return cbor.dumps({"at": entry.at, "kind": entry.kind, **entry.fields()})


def decode_entry(data: bytes) -> Entry:
    """The inverse of :func:`encode_entry`; DecodeError for anything else."""
    fields = Fields(cbor.loads(data, _NAME), _NAME)
    kind = fields.take("kind", str)
    if kind not in KINDS:
        raise DecodeError(f"{_NAME}: unknown kind {kind[:60]!r}")
    entry = KINDS[kind].read(fields.integer("at", 0, LAST_SECOND), fields)
    fields.finish()
    if encode_entry(entry) != data:
        raise DecodeError(f"{_NAME}: it is not written as this version writes it")
    return entry


def _epoch(fields: Fields) -> int:
    return fields.integer("epoch", 1, MOST_NUMBER)


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    values = fields.take(key, list)
    if not {str}.issuperset(map(type, values)):
        raise DecodeError(f"{_NAME}: field {key!r} is not a list of texts")
    return tuple(values)
