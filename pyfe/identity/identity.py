"""Identities: who somebody is, as a set of public keys of named kinds; and their bytes.

An identity is one envelope without a payload, signed by its own Ed25519 key, which stands for the person: so nobody
adds an X25519 key to somebody else's, and whoever pins the Ed25519 key has pinned all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pyfe.arguments import listed, require_a
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.text import printable
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import fingerprint_of, is_fingerprint_of, tagged_hash
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, SigningKey, require_key, require_valid
from pyfe.wire.texts import require_text

__all__ = ["ED25519", "X25519", "Identity"]

ED25519, X25519 = "ed25519", "x25519"

MOST_KEYS = 16
MOST_KEY_BYTES = 4096

_NAME = "identity"
_TAG = b"PYFE-V1-identity"
_KIND = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, repr=False)
class Identity(PickledAsBytes):
    """A person's or a service's name and public keys: pairs of kind and key, in order.

    "ed25519" (exactly one: it signs), "x25519" (at most one: function keys are sealed for it); other kinds are kept,
    and nothing here reads them. Made by :class:`IdentitySecret`, or read from its bytes, which anybody may have; what
    an identity may do is said by a policy, which names its Ed25519 key.
    """

    name: str
    keys: tuple[tuple[str, bytes], ...]
    signature: bytes

    @classmethod
    def signed(cls, name: str, keys: Iterable[tuple[str, bytes]], signing_key: SigningKey) -> Identity:
        """The identity of a signing key with some further public keys. ParameterError for keys that make none."""
        require_a(signing_key, SigningKey, "the signing key of an identity")
        pairs = listed(keys, "further keys")
        for pair in pairs:
            _require_pair(pair)
        both = sorted([(ED25519, signing_key.public), *pairs])
        _require_keys(both)
        unsigned = cls(require_text("the name of an identity", name), tuple(both), bytes(SIGNATURE_SIZE))
        return replace(unsigned, signature=signing_key.sign(signed_part(unsigned.to_bytes())))

    def to_bytes(self) -> bytes:
        """The canonical encoding: name and keys in the metadata, and the signature."""
        metadata = {"keys": [list(pair) for pair in self.keys], "name": self.name}
        return pack(Envelope(Kind.IDENTITY, NO_SCHEME, NO_ID, NO_ID, b"", metadata, self.signature))

    @classmethod
    def from_bytes(cls, data: bytes, *, fingerprint: str | None = None) -> Identity:
        """The identity that ``data`` encodes, its signature checked.

        With ``fingerprint``, KeyMismatchError unless it is that identity. DecodeError for bytes that are not the
        canonical encoding of an identity, SignatureError for a wrong signature.
        """
        identity = _decode(as_bytes(data))
        if fingerprint is not None:
            require_a(fingerprint, str, "a fingerprint")
        if fingerprint is not None and not is_fingerprint_of(fingerprint, identity.id):
            raise KeyMismatchError(f"the identity's fingerprint is {identity.fingerprint}, not the one that was pinned")
        return identity

    @property
    def id(self) -> bytes:
        """Hash (32 bytes) of name and keys; another one as soon as a key is added."""
        return tagged_hash(_TAG, signed_part(self.to_bytes()))

    @property
    def fingerprint(self) -> str:
        """The id as 64 hexadecimal digits in groups of four."""
        return fingerprint_of(self.id)

    @property
    def ed25519(self) -> bytes:
        """The verification key (32 bytes) of what the identity signs."""
        return dict(self.keys)[ED25519]

    @property
    def x25519(self) -> bytes | None:
        """The key (32 bytes) that function keys are sealed for; None where it takes none."""
        return dict(self.keys).get(X25519)

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types."""
        keys = [f"{kind}: {key.hex()}" for kind, key in self.keys]
        return {"object": _NAME, "name": self.name, "fingerprint": self.fingerprint, "keys": keys}

    def __repr__(self) -> str:
        return (
            f"Identity({printable(self.name)}, {', '.join(kind for kind, _ in self.keys)}, {self.fingerprint[:9]}...)"
        )


def _require_pair(pair: object) -> None:
    """ParameterError for what is no pair of a kind and a key."""
    if not isinstance(pair, tuple) or list(map(type, pair)) != [str, bytes]:
        raise ParameterError("a public key is a pair of its kind, a text, and its bytes")


def _require_keys(keys: list[tuple[str, bytes]]) -> None:
    """ParameterError unless pairs of kind and key, in order, can be those of an identity."""
    if not 1 <= len(keys) <= MOST_KEYS or len(set(keys)) != len(keys):
        raise ParameterError(f"an identity has 1 to {MOST_KEYS} public keys, none of them twice")
    for kind, key in keys:
        if not _KIND.fullmatch(kind) or not 1 <= len(key) <= MOST_KEY_BYTES:
            raise ParameterError(
                f"a public key has a kind (1 to 32 small letters, digits and '-'), and 1 to {MOST_KEY_BYTES} bytes"
            )
    known = {kind: [key for k, key in keys if k == kind] for kind in (ED25519, X25519)}
    if len(known[ED25519]) != 1 or len(known[X25519]) > 1:
        raise ParameterError("an identity has one Ed25519 key, and at most one X25519 key")
    require_key(known[ED25519][0], "an identity's Ed25519 key")
    if any(len(key) != KEY_SIZE for key in known[X25519]):
        raise ParameterError(f"an X25519 key has {KEY_SIZE} bytes")


def _decode(data: bytes) -> Identity:
    envelope = unpack(data, Kind.IDENTITY)
    fields = Fields(envelope.metadata, _NAME)
    name, pairs = fields.take("name", str), fields.take("keys", list)
    fields.finish()
    if not all(type(pair) is list and list(map(type, pair)) == [str, bytes] for pair in pairs):
        raise DecodeError(f"{_NAME}: its keys are pairs of kind and bytes")
    keys = [(kind, key) for kind, key in pairs]
    try:
        _require_keys(keys)
        identity = Identity(require_text("the name", name), tuple(keys), envelope.signature)
    except ParameterError as error:
        raise DecodeError(f"{_NAME}: {error}") from error
    if keys != sorted(keys) or not envelope.signature or identity.to_bytes() != data:
        raise DecodeError(f"{_NAME}: it is not the one encoding of what it says, or not signed")
    require_valid(identity.ed25519, identity.signature, signed_part(data), _NAME)
    return identity
