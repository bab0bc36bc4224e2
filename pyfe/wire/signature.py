"""Ed25519 (RFC 8032) signatures of envelopes, from the ``cryptography`` package."""

from __future__ import annotations

from typing import NoReturn

from pyfe._core import SecretBytes
from pyfe.errors import SignatureError
from pyfe.wire.pickling import Secret

__all__ = ["KEY_SIZE", "SIGNATURE_SIZE", "SigningKey", "require_valid"]

KEY_SIZE = 32
SIGNATURE_SIZE = 64


class SigningKey(Secret):
    """The authority's signing key. Its ``repr`` shows the public half only; it refuses to be pickled and copied.

    The seed lies in memory of the core, which is wiped, and in OpenSSL's; never in Python's, unless :meth:`seed` is
    called.
    """

    __slots__ = ("_key", "_seed", "public")

    def __init__(self, seed: SecretBytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed.view())
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key from the operating system's randomness."""
        return cls(SecretBytes.random(KEY_SIZE))

    @classmethod
    def from_seed(cls, seed: bytes | memoryview) -> SigningKey:
        """The key of a 32-byte seed. For the sealed authority file."""
        kept = SecretBytes(KEY_SIZE)
        kept.view()[:] = memoryview(seed)
        return cls(kept)

    @property
    def secret(self) -> SecretBytes:
        """The 32-byte seed where it lies. For the sealed authority file."""
        return self._seed

    def seed(self) -> bytes:
        """A copy of the 32-byte seed as Python bytes, which nobody wipes."""
        return bytes(self._seed.view())

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
