"""The secret half of an identity: made once, sealed under a passphrase, used to sign and to open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NoReturn, Self

from pyfe._core import SecretBytes
from pyfe.arguments import listed, require_a
from pyfe.errors import DecodeError, IdentityError
from pyfe.identity.identity import X25519, Identity
from pyfe.identity.sealed_key import SealedKey
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import NONCE_SIZE, SealingKey, salt_and_cost
from pyfe.wire.signature import KEY_SIZE, SigningKey

__all__ = ["IdentitySecret", "sealed_identity"]

_NAME = "sealed identity"


class IdentitySecret(Secret):
    """Signs for an :class:`Identity`, and opens what is sealed for it. Made by :meth:`generate` or :meth:`unsealed`.

    Both secrets lie in memory of the core, which is wiped, and in OpenSSL's. Its ``repr`` shows the public half only;
    it refuses to be pickled and copied.
    """

    __slots__ = ("_box", "_box_key", "_signing_key", "identity")

    def __init__(self, signing_key: SigningKey, box: SecretBytes | None, identity: Identity) -> None:
        """Not for direct use. IdentityError unless the secrets are those of the identity."""
        self.identity = identity
        self._signing_key, self._box = signing_key, box
        self._box_key = None if box is None else _x25519(box)
        public = None if self._box_key is None else self._box_key.public_key().public_bytes_raw()
        if (signing_key.public, public) != (identity.ed25519, identity.x25519):
            raise IdentityError(f"the secrets are not those of the identity {identity.name!r}")

    @classmethod
    def generate(cls, name: str, *, receives: bool = True, others: Iterable[tuple[str, bytes]] = ()) -> Self:
        """A new identity from the operating system's randomness.

        receives: with an X25519 key too, for function keys that are sealed for it; others: further public keys, as
        pairs of kind and key, which it states and nothing here uses. ParameterError for a name that cannot be one.
        """
        require_a(receives, bool, "receives")
        signing_key, box = SigningKey.generate(), SecretBytes.random(KEY_SIZE) if receives else None
        own = [] if box is None else [(X25519, _x25519(box).public_key().public_bytes_raw())]
        return cls(signing_key, box, Identity.signed(name, [*own, *listed(others, "further keys")], signing_key))

    def sign(self, message: bytes | memoryview) -> bytes:
        """The Ed25519 signature (64 bytes) of a message."""
        require_a(message, (bytes, bytearray, memoryview), "a message")
        return self._signing_key.sign(message)

    def open(self, sealed: SealedKey | bytes) -> bytes:
        """The bytes of the function key that was sealed for this identity; verify it with the public key.

        IdentityError where it was sealed for somebody else, or changed; DecodeError for bytes that are no sealed key.
        """
        item = sealed if isinstance(sealed, SealedKey) else SealedKey.from_bytes(sealed)
        if self._box_key is None:
            raise IdentityError(f"the identity {self.identity.name!r} has no X25519 key: nothing is sealed for it")
        return item.opened_by(self._box_key)

    def sealed(self, passphrase: str | bytes) -> bytes:
        """Identity and secrets as one file under a passphrase (8 characters or more). Cost: one scrypt."""
        return _seal(self, SealingKey.fresh(passphrase))

    @classmethod
    def unsealed(cls, data: bytes, passphrase: str | bytes) -> Self:
        """The inverse of :meth:`sealed`. DecodeError for bytes that are no sealed identity; IdentityError for a wrong
        passphrase or changed bytes, which cannot be told apart."""
        envelope, salt, log_cost, identity = _parsed(as_bytes(data))
        return cls(*_opened(envelope, SealingKey.derive(passphrase, salt, log_cost), identity), identity)

    def __repr__(self) -> str:
        return f"IdentitySecret({self.identity!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an identity's secret is never pickled and never copied: seal it, and open it there")


def sealed_identity(data: bytes) -> Identity:
    """Whose secrets a sealed file holds, without opening it; the file's own claim until it is opened."""
    return _parsed(as_bytes(data))[3]


def _x25519(secret: SecretBytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(secret.view())


def _seal(secret: IdentitySecret, key: SealingKey) -> bytes:
    """The file: in the payload a nonce and, under it, the seed of the signing key, then the X25519 key if there is one;
    header and metadata are authenticated with them."""
    parts = [secret._signing_key.secret, *([] if secret._box is None else [secret._box])]
    plain = SecretBytes(KEY_SIZE * len(parts))
    for at, part in enumerate(parts):
        plain.view()[KEY_SIZE * at : KEY_SIZE * (at + 1)] = part.view()
    metadata = {**key.description, "identity": secret.identity.to_bytes()}
    nonce = os.urandom(NONCE_SIZE)
    return pack(_envelope(metadata, nonce + key.encrypt(nonce, plain.view(), pack(_envelope(metadata, b"")))))


def _envelope(metadata: dict[str, Any], payload: bytes) -> Envelope:
    return Envelope(Kind.SEALED_IDENTITY, NO_SCHEME, NO_ID, NO_ID, payload, metadata)


def _parsed(data: bytes) -> tuple[Envelope, bytes, int, Identity]:
    """The file's parts, salt, cost and identity. DecodeError; nothing of it is authenticated yet."""
    envelope = unpack(data, Kind.SEALED_IDENTITY)
    fields = Fields(envelope.metadata, _NAME)
    salt, log_cost = salt_and_cost(fields)
    identity = Identity.from_bytes(fields.take("identity", bytes))
    fields.finish()
    if pack(_envelope(envelope.metadata, bytes(envelope.payload))) != data:
        raise DecodeError(f"{_NAME}: it has no scheme, ids or signature, yet some are present")
    return envelope, salt, log_cost, identity


def _opened(envelope: Envelope, key: SealingKey, identity: Identity) -> tuple[SigningKey, SecretBytes | None]:
    from cryptography.exceptions import InvalidTag

    payload = bytes(envelope.payload)
    header = pack(_envelope(envelope.metadata, b""))
    try:
        plain = key.decrypt(payload[:NONCE_SIZE], payload[NONCE_SIZE:], header).view()
    except (InvalidTag, ValueError) as error:  # ValueError: a nonce that is cut
        raise IdentityError("the passphrase is wrong, or the identity's file is damaged") from error
    if len(plain) != KEY_SIZE * (1 if identity.x25519 is None else 2):
        raise IdentityError("the identity's file opens, but does not hold the secrets of its identity")
    box = None
    if identity.x25519 is not None:
        box = SecretBytes(KEY_SIZE)
        box.view()[:] = plain[KEY_SIZE:]
    return SigningKey.from_seed(plain[:KEY_SIZE]), box
