"""What an authority's log says: one kind of entry for everything that it does, as values and as bytes.

An entry is one map of deterministic CBOR: its ``kind``, the second ``at`` which it was made, and its fields. What is
accepted is written again byte for byte. The ledger is what the entries of kind ``issued`` say, so the two cannot
disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

from pyfe.authority.entry_parts import (
    LAST_SECOND,
    MOST_NUMBER,
    NAME,
    Asked,
    Base,
    OfRequest,
    epoch_in,
    numbers_in,
    of_request,
    texts_in,
)
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
    "ClockWasWrong",
    "Created",
    "Dismissed",
    "Entry",
    "EpochOpened",
    "EpochRetired",
    "EpochRevoked",
    "KeyIssued",
    "KeyReleased",
    "KeysRevoked",
    "Migrated",
    "PassphraseChanged",
    "PolicySet",
    "Refused",
    "RequestWithdrawn",
    "Requested",
    "Restored",
    "Scope",
    "decode_entry",
    "encode_entry",
]

Scope: TypeAlias = Literal["request", "function", "row space"]
_CHANGES = ("clock", "epoch", "policy", "revocation")
_SCOPES: tuple[Scope, ...] = ("request", "function", "row space")


@dataclass(frozen=True, kw_only=True)
class Created(Base):
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
class EpochOpened(Base):
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
        return cls(at=at, epoch=epoch_in(fields), terms=terms, reason=fields.take("reason", str))


@dataclass(frozen=True, kw_only=True)
class EpochRetired(Base):
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
        return cls(at=at, epoch=epoch_in(fields), reason=fields.take("reason", str))


@dataclass(frozen=True, kw_only=True)
class PolicySet(Base):
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
        return cls(at=at, policy=fields.take("policy", dict), digest=digest, by=texts_in(fields, "by"))


@dataclass(frozen=True, kw_only=True)
class Requested(OfRequest):
    """A request that waits for approvals, or a check that found nothing; ``signed``: the file, if there is one."""

    kind = "requested"
    signed: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {**super().fields(), "signed": self.signed}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(**of_request(at, fields), signed=fields.optional("signed", bytes))


@dataclass(frozen=True, kw_only=True)
class Refused(OfRequest):
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
            raise DecodeError(f"{NAME}: no refusal holds for a {scope[:60]!r}")
        return cls(
            **of_request(at, fields),
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
class Dismissed(OfRequest):
    """A request that was refused before anything was decided, as it does not fit the authority at all. What it asked
    for is named by its id and not kept. ``error``: the class of the error, ``says``: its words; ``signer``: the key of
    whoever signed the request, if somebody did."""

    kind = "dismissed"
    error: str
    says: str
    signer: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {**super().fields(), "error": self.error, "says": self.says, "signer": self.signer}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        error, says, signer = fields.take("error", str), fields.take("says", str), fields.optional("signer", bytes)
        return cls(**of_request(at, fields), error=error, says=says, signer=signer)


@dataclass(frozen=True, kw_only=True)
class Approved(Base):
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
        return cls(at=at, epoch=epoch_in(fields), request_id=request_id, signed=fields.take("signed", bytes))


@dataclass(frozen=True, kw_only=True)
class KeyIssued(Base):
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
            raise DecodeError(f"{NAME}: a key was issued later than it was recorded")
        approvals = fields.take("approvals", list)
        if not all(type(each) is bytes and len(each) == HASH_SIZE for each in approvals):
            raise DecodeError(f"{NAME}: an approval is named by its id, {HASH_SIZE} bytes")
        not_after = fields.optional("not_after", int)
        if not_after is not None and not 0 <= not_after <= LAST_SECOND:
            raise DecodeError(f"{NAME}: the last second of a key is {not_after}")
        return cls(
            at=at,
            epoch=epoch_in(fields),
            row=row,
            request_id=fields.octets("request_id", HASH_SIZE),
            policy_digest=fields.octets("policy_digest", HASH_SIZE),
            decision=fields.octets("decision", HASH_SIZE),
            says_something=fields.take("says_something", bool),
            not_after=not_after,
            approvals=tuple(approvals),
        )


@dataclass(frozen=True, kw_only=True)
class KeyReleased(Base):
    """A key that the log has was handed out again, to whoever asked by the same request; or sealed, for the identity
    whose Ed25519 key ``sealed_for`` is."""

    kind = "released"
    key: int
    request_id: bytes
    recipient: str | None
    sealed_for: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {name: getattr(self, name) for name in ("key", "recipient", "request_id", "sealed_for")}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        number, request_id = fields.integer("key", 1, MOST_NUMBER), fields.octets("request_id", HASH_SIZE)
        recipient, sealed_for = fields.optional("recipient", str), fields.optional("sealed_for", bytes)
        return cls(at=at, key=number, request_id=request_id, recipient=recipient, sealed_for=sealed_for)


@dataclass(frozen=True, kw_only=True)
class KeysRevoked(Base):
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
        keys = numbers_in(fields)
        if not keys:
            raise DecodeError(f"{NAME}: it revokes no key")
        by, signed = fields.optional("by", str), fields.optional("signed", bytes)
        return cls(at=at, keys=keys, reason=fields.take("reason", str), by=by, signed=signed)


@dataclass(frozen=True, kw_only=True)
class EpochRevoked(Base):
    """Keys of a retired epoch that the log may not know, as after a restore: those of these numbers, or, where there
    are none, every key that the epoch ever had. ``signed``: the file, if there is one."""

    kind = "epoch revoked"
    epoch: int
    keys: tuple[int, ...]
    reason: str
    by: str | None = None
    signed: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        own = {"by": self.by, "epoch": self.epoch, "reason": self.reason, "signed": self.signed}
        return {**own, "keys": list(self.keys)}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        by, signed = fields.optional("by", str), fields.optional("signed", bytes)
        reason, keys = fields.take("reason", str), numbers_in(fields)
        return cls(at=at, epoch=epoch_in(fields), keys=keys, reason=reason, by=by, signed=signed)


@dataclass(frozen=True, kw_only=True)
class RequestWithdrawn(Base):
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
class ChangeRefused(Base):
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
            raise DecodeError(f"{NAME}: a change is one of {', '.join(_CHANGES)}")
        return cls(at=at, what=what, subject=fields.octets("subject", HASH_SIZE), says=fields.take("says", str))


@dataclass(frozen=True, kw_only=True)
class Migrated(Base):
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
class Restored(Base):
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


@dataclass(frozen=True, kw_only=True)
class ClockWasWrong(Base):
    """The newest entry before this one is of a second that had not come: the clock was ahead. From here on time goes on
    from ``at``. ``newest``: that second; ``by``: who agreed, where a policy file wants people's words."""

    kind = "clock was wrong"
    newest: int
    reason: str
    by: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {"by": list(self.by), "newest": self.newest, "reason": self.reason}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        newest = fields.integer("newest", 0, LAST_SECOND)
        return cls(at=at, newest=newest, reason=fields.take("reason", str), by=texts_in(fields, "by"))


@dataclass(frozen=True, kw_only=True)
class PassphraseChanged(Base):
    """The secrets are sealed under another passphrase from here on. The entry is made first: where sealing them failed
    afterwards, they are under the one of before."""

    kind = "passphrase changed"

    def fields(self) -> dict[str, Any]:
        """None."""
        return {}

    @classmethod
    def read(cls, at: int, fields: Fields) -> Self:
        """The inverse of :meth:`fields`."""
        return cls(at=at)


Entry: TypeAlias = (
    Created
    | EpochOpened
    | EpochRetired
    | PolicySet
    | Requested
    | Refused
    | Dismissed
    | Approved
    | KeyIssued
    | KeyReleased
    | KeysRevoked
    | EpochRevoked
    | RequestWithdrawn
    | ChangeRefused
    | Migrated
    | Restored
    | ClockWasWrong
    | PassphraseChanged
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
        Dismissed,
        Approved,
        KeyIssued,
        KeyReleased,
        KeysRevoked,
        EpochRevoked,
        RequestWithdrawn,
        ChangeRefused,
        Migrated,
        Restored,
        ClockWasWrong,
        PassphraseChanged,
    )
}


def encode_entry(entry: Entry) -> bytes:
    """The entry in deterministic CBOR."""
    return cbor.dumps({"at": entry.at, "kind": entry.kind, **entry.fields()})


def decode_entry(data: bytes) -> Entry:
    """The inverse of :func:`encode_entry`; DecodeError for anything else."""
    fields = Fields(cbor.loads(data, NAME), NAME)
    kind = fields.take("kind", str)
    if kind not in KINDS:
        raise DecodeError(f"{NAME}: unknown kind {kind[:60]!r}")
    entry = KINDS[kind].read(fields.integer("at", 0, LAST_SECOND), fields)
    fields.finish()
    if encode_entry(entry) != data:
        raise DecodeError(f"{NAME}: it is not written as this version writes it")
    return entry
