"""Function keys on their way to one recipient: sealed by HPKE for its X25519 key.

HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305, one message a key. Who
sealed it is not said by it, but by the function key inside, which its authority signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyfe.arguments import require_a
from pyfe.audit.checkpoint import AUTHORITY_ID_SIZE
from pyfe.errors import DecodeError, IdentityError, ParameterError
from pyfe.identity.identity import Identity
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.sealing import TAG_SIZE
from pyfe.wire.signature import KEY_SIZE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import Suite

__all__ = ["MOST_NUMBER", "SealedKey"]

MOST_NUMBER = 2**53 - 1
"""Highest number of a key or an epoch: more than any ledger has rows, and exact wherever it is read."""

_NAME = "sealed key"
_TAG = b"PYFE-V1-sealed-key"


@dataclass(frozen=True, repr=False)
class SealedKey(PickledAsBytes):
    """The bytes of a function key that one recipient opens (:meth:`IdentitySecret.open`).

    ``authority``: id (16 bytes) of who issued it; ``number``: that of the key in its ledger; ``recipient``: the X25519
    key it is sealed for; ``sealed``: HPKE's encapsulated key and ciphertext, which are bound to all three.
    """

    authority: bytes
    number: int
    recipient: bytes
    sealed: bytes

    @classmethod
    def of(cls, key: bytes, recipient: Identity, *, authority: bytes, number: int) -> SealedKey:
        """The bytes of a function key, sealed for an identity. ParameterError for one that has no X25519 key, or one
        for which nothing can be sealed; each call gives other bytes."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        require_a(recipient, Identity, "the recipient")
        require_a(key, bytes, "a function key that is sealed")
        require_a(authority, bytes, "the id of an authority")
        if recipient.x25519 is None:
            raise ParameterError(f"the identity {recipient.name!r} has no X25519 key that a key could be sealed for")
        unsealed = cls(authority, number, recipient.x25519, b"")
        if len(authority) != AUTHORITY_ID_SIZE or type(number) is not int or not 1 <= number <= MOST_NUMBER or not key:
            raise ParameterError("a sealed key says by whom (16 bytes) and under which number (1 on) it was issued")
        try:
            public = X25519PublicKey.from_public_bytes(recipient.x25519)
            sealed = _suite().encrypt(key, public, unsealed._context)
        except ValueError as error:  # a point of small order: the shared secret would be known to all
            raise ParameterError(f"the X25519 key of {recipient.name!r} is of small order") from error
        return cls(authority, number, recipient.x25519, sealed)

    def opened_by(self, key: X25519PrivateKey) -> bytes:
        """What was sealed. IdentityError where the key is not the recipient's, or a byte was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        require_a(key, X25519PrivateKey, "the key of a recipient")
        if key.public_key().public_bytes_raw() != self.recipient:
            raise IdentityError("this key was sealed for another recipient")
        try:
            return _suite().decrypt(self.sealed, key, self._context)
        except (InvalidTag, ValueError) as error:
            raise IdentityError("the sealed key was changed, or is not what was sealed") from error

    @property
    def _context(self) -> bytes:
        """HPKE's info: everything but the sealed bytes, as it stands in the file."""
        return _TAG + pack(self._envelope(b""))

    def _envelope(self, payload: bytes) -> Envelope:
        metadata = {"authority": self.authority, "number": self.number, "recipient": self.recipient}
        return Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, payload, metadata)

    def to_bytes(self) -> bytes:
        """The canonical encoding: what is sealed in the payload, the rest in the metadata."""
        return pack(self._envelope(self.sealed))

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedKey:
        """The sealed key that ``data`` encodes. DecodeError for anything else; whether it opens is not known yet."""
        data = as_bytes(data)
        envelope = unpack(data, Kind.SEALED_KEY)
        fields = Fields(envelope.metadata, _NAME)
        authority, number = fields.octets("authority", AUTHORITY_ID_SIZE), fields.integer("number", 1, MOST_NUMBER)
        recipient = fields.octets("recipient", KEY_SIZE)
        fields.finish()
        key = cls(authority, number, recipient, bytes(envelope.payload))
        if len(key.sealed) <= KEY_SIZE + TAG_SIZE or key.to_bytes() != data:
            raise DecodeError(f"{_NAME}: it is not the one encoding of what it says, or holds nothing")
        return key

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types."""
        ids = {"authority": self.authority.hex(), "number": self.number, "recipient": self.recipient.hex()}
        return {"object": _NAME, **ids, "bytes": len(self.sealed)}

    def __repr__(self) -> str:
        return f"SealedKey(#{self.number} of {self.authority.hex()[:12]}, for {self.recipient.hex()[:12]})"


def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
