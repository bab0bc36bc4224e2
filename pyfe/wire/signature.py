"""Ed25519 (RFC 8032) signatures of envelopes, from the ``cryptography`` package."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pyfe._travel import Secret
from pyfe.errors import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["KEY_SIZE", "SIGNATURE_SIZE", "SigningKey", "require_valid"]

KEY_SIZE = 32
SIGNATURE_SIZE = 64


class SigningKey(Secret):
    """The authority's signing key. Its ``repr`` shows the public half only; it refuses to be pickled and copied."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of a 32-byte seed. For the sealed authority file."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def seed(self) -> bytes:
        """The 32-byte seed: secret. For the sealed authority file."""
        return self._key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of ``message``; the same message always gives the same signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()[:16]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is never pickled and never copied: it stays with its authority, sealed")


def require_valid(verification_key: bytes, signature: bytes, message: bytes, what: str) -> None:
    """Raise SignatureError unless ``signature`` is the key's signature of ``message``. Cost: about 0.1 ms."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(verification_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError(f"{what}: the signature is not valid") from error
