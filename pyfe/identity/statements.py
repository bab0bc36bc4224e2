"""What people sign: requests, approvals and revocations, each one signed file.

Each is an envelope signed by the Ed25519 key that it names as its signer; the signature covers every other byte, the
kind among them. Who that signer is, and whether it may, is said by a policy file
(:mod:`pyfe.authority.approving`); times are whole seconds since 1970.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NoReturn, Self

from pyfe.arguments import require_a
from pyfe.audit.checkpoint import AUTHORITY_ID_SIZE
from pyfe.errors import DecodeError, ParameterError, SignatureError
from pyfe.identity.sealed_key import MOST_NUMBER
from pyfe.identity.secret import IdentitySecret
from pyfe.strict import reading
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, signed_part, unpack
from pyfe.wire.hashing import HASH_SIZE, tagged_hash
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, require_key, require_valid
from pyfe.wire.texts import require_text

__all__ = ["Approval", "Request", "Revocation", "Statement", "fresh_nonce"]

NONCE_SIZE = 16
MOST_CONDITIONS = 16
MOST_REVOKED = 4096
LAST_SECOND = 2**32
"""A clock that says a year after 2106 is broken, as for an authority's ledger."""


def fresh_nonce() -> bytes:
    """16 bytes of the operating system's randomness: no two statements are the same."""
    return os.urandom(NONCE_SIZE)


@dataclass(frozen=True, repr=False, kw_only=True)
class Statement(PickledAsBytes):
    """What requests, approvals and revocations have in common. ParameterError for values that none may hold.

    ``authority``: id (16 bytes) of the authority it is for; ``signer``: the Ed25519 key of who says it;
    ``signature``: zeros until it is signed (:meth:`signed_by`).
    """

    kind: ClassVar[Kind]
    payload: ClassVar[str | None] = None
    """The field that stands in the payload; all others stand in the metadata."""

    authority: bytes
    signer: bytes = bytes(KEY_SIZE)
    signature: bytes = bytes(SIGNATURE_SIZE)

    def __post_init__(self) -> None:
        self._require("authority", AUTHORITY_ID_SIZE)
        self._require("signer", KEY_SIZE)
        self._require("signature", SIGNATURE_SIZE)

    def signed_by(self, secret: IdentitySecret) -> Self:
        """The same statement, made by an identity."""
        require_a(secret, IdentitySecret, "who signs")
        unsigned = replace(self, signer=secret.identity.ed25519)
        return replace(unsigned, signature=secret.sign(signed_part(unsigned.to_bytes())))

    def require_signed(self) -> None:
        """SignatureError unless what it says now is what its signer signed."""
        try:
            require_key(self.signer, "the signer")
        except ParameterError as error:
            raise SignatureError(f"{self.kind.text}: {error}") from error
        require_valid(self.signer, self.signature, signed_part(self.to_bytes()), self.kind.text)

    def to_bytes(self) -> bytes:
        """The canonical encoding: one signed envelope."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("signature", self.payload)}
        metadata = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        payload = b"" if self.payload is None else getattr(self, self.payload)
        return pack(Envelope(self.kind, NO_SCHEME, NO_ID, NO_ID, payload, metadata, self.signature))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The statement that ``data`` encodes, its signature checked. DecodeError for anything but one canonical
        encoding, SignatureError for a wrong signature."""
        data = as_bytes(data)
        envelope = unpack(data, cls.kind)
        values: dict[str, Any] = {k: tuple(v) if type(v) is list else v for k, v in envelope.metadata.items()}
        if cls.payload is not None:
            values[cls.payload] = bytes(envelope.payload)
        known = {f.name for f in fields(cls)}
        if values.keys() != known - {"signature"} or not envelope.signature:
            raise DecodeError(f"{cls.kind.text}: it is not signed, or its fields are not {', '.join(sorted(known))}")
        with reading(f"of the kind {cls.kind.text!r}"):
            statement = cls(**{**values, "signature": envelope.signature})
        if statement.to_bytes() != data:
            raise DecodeError(f"{cls.kind.text}: it is not the one encoding of what it says")
        statement.require_signed()
        return statement

    @property
    def id(self) -> bytes:
        """Hash (32 bytes) of all that is signed; the signature is none of it."""
        return tagged_hash(b"PYFE-V1-" + self.kind.name.lower().encode(), signed_part(self.to_bytes()))

    def info(self) -> dict[str, Any]:
        """What it says, in plain types."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("signature", self.payload)}
        plain = {k: v.hex() if type(v) is bytes else list(v) if type(v) is tuple else v for k, v in values.items()}
        return {"object": self.kind.text, "id": self.id.hex(), **plain}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id.hex()[:12]}, by {self.signer.hex()[:12]})"

    def _require(self, name: str, size: int) -> None:
        value = getattr(self, name)
        if type(value) is not bytes or len(value) != size:
            self._refuse(name, f"{size} bytes")

    def _require_count(self, name: str, lowest: int, highest: int) -> None:
        value = getattr(self, name)
        if type(value) is not int or not lowest <= value <= highest:
            self._refuse(name, f"an integer from {lowest} to {highest}")

    def _require_conditions(self, conditions: Any) -> None:
        if not isinstance(conditions, tuple) or len(conditions) > MOST_CONDITIONS:
            self._refuse("conditions", f"a tuple of at most {MOST_CONDITIONS} texts")
        for text in conditions:
            require_text("a condition", text)

    def _refuse(self, name: str, wanted: str) -> NoReturn:
        raise ParameterError(f"{self.kind.text}: {name} must be {wanted}")


@dataclass(frozen=True, repr=False, kw_only=True)
class Request(Statement):
    """A key that somebody asks for.

    ``public_key``: id (32 bytes) of the public key whose rows it is to open, which is that of ``epoch``;
    ``function``: the bytes of the function (:meth:`pyfe.Function.to_bytes`); ``recipient``: who the key is for, None
    where that is the signer; ``conditions``: what is promised beside the purpose, which every approval repeats;
    ``expires``: when the key shall end, None for the longest that the policy allows; ``not_after``: until when the
    request stands.
    """

    kind = Kind.REQUEST
    payload = "function"

    public_key: bytes
    epoch: int
    function: bytes
    purpose: str
    recipient: str | None = None
    conditions: tuple[str, ...] = ()
    expires: int | None = None
    not_after: int
    nonce: bytes = field(default_factory=fresh_nonce)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("public_key", HASH_SIZE)
        self._require_count("epoch", 1, MOST_NUMBER)
        self._require_count("not_after", 0, LAST_SECOND)
        self._require("nonce", NONCE_SIZE)
        require_text("the purpose", self.purpose)
        self._require_conditions(self.conditions)
        if self.recipient is not None:
            require_text("the recipient", self.recipient)
        if self.expires is not None:
            self._require_count("expires", 0, LAST_SECOND)
        if type(self.function) is not bytes or not self.function:
            self._refuse("function", "the bytes of a function")


@dataclass(frozen=True, repr=False, kw_only=True)
class Approval(Statement):
    """One person's consent to one decision about one request, used once.

    ``request``: the request's id; ``decision``: digest of what was decided, with every rule's figures; ``policy``:
    digest of the policy file by which it was; ``conditions``: those of the request; ``not_after``: until when it may
    be used. Its signer is the approver.
    """

    kind = Kind.APPROVAL

    epoch: int
    request: bytes
    decision: bytes
    policy: bytes
    conditions: tuple[str, ...] = ()
    not_after: int
    nonce: bytes = field(default_factory=fresh_nonce)

    @classmethod
    def of(cls, request: Request, *, decision: bytes, policy: bytes, not_after: int) -> Self:
        """An approval of a request under its conditions, to be signed."""
        require_a(request, Request, "what is approved")
        stands = {"authority": request.authority, "epoch": request.epoch, "conditions": request.conditions}
        return cls(**stands, request=request.id, decision=decision, policy=policy, not_after=not_after)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_count("epoch", 1, MOST_NUMBER)
        self._require_count("not_after", 0, LAST_SECOND)
        for name in ("request", "decision", "policy"):
            self._require(name, HASH_SIZE)
        self._require("nonce", NONCE_SIZE)
        self._require_conditions(self.conditions)


@dataclass(frozen=True, repr=False, kw_only=True)
class Revocation(Statement):
    """What shall not be used any more: some keys by their numbers, an epoch with all its keys, keys of a retired epoch
    that the log does not know (both), or a request that has no key yet; one person's word is enough.

    ``at``: when it was said. Saying it again changes nothing, so it has no nonce.
    """

    kind = Kind.REVOCATION

    keys: tuple[int, ...] = ()
    epoch: int | None = None
    request: bytes | None = None
    reason: str
    at: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_count("at", 0, LAST_SECOND)
        require_text("the reason", self.reason)
        if type(self.keys) is not tuple or len(self.keys) > MOST_REVOKED or tuple(sorted(set(self.keys))) != self.keys:
            self._refuse("keys", f"a tuple of at most {MOST_REVOKED} numbers, ascending")
        if not all(type(number) is int and 1 <= number <= MOST_NUMBER for number in self.keys):
            self._refuse("keys", "numbers of keys")
        if self.epoch is not None:
            self._require_count("epoch", 1, MOST_NUMBER)
        if self.request is not None:
            self._require("request", HASH_SIZE)
        if (self.request is None) == (self.keys == () and self.epoch is None):
            self._refuse("what is revoked", "keys, an epoch, keys of one, or a request")
