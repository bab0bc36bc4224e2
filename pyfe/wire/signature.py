"""Ed25519 (RFC 8032) signatures of envelopes and chunks, from the ``cryptography`` package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from pyfe._core import SecretBytes
from pyfe.errors import ParameterError, SignatureError
from pyfe.wire.pickling import Secret

__all__ = ["KEY_SIZE", "SIGNATURE_SIZE", "Signature", "SigningKey", "require_key", "require_valid"]

KEY_SIZE = 32
SIGNATURE_SIZE = 64

_PRIME = 2**255 - 19
_OF_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = frozenset((0, 1, _PRIME - 1, _OF_ORDER_8, _PRIME - _OF_ORDER_8))
"""The y of the eight points of edwards25519 whose order divides 8: under such a key anybody signs anything."""


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

    def sign(self, message: bytes | memoryview) -> bytes:
        """The 64-byte signature of ``message``; the same message always gives the same signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()[:16]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is never pickled and never copied: it stays with its authority, sealed")


def require_key(key: bytes, what: str) -> None:
    """Raise ParameterError unless ``key`` has the form of a verification key, of one encoding and not of small order.

    RFC 8032 lets verifiers pass over both; where keys stand for people, neither may be had twice or by everybody.
    Whether a point belongs to it is seen when a signature is verified.
    """
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if len(key) != KEY_SIZE or y >= _PRIME or y in _SMALL_ORDER:
        raise ParameterError(f"{what} is no Ed25519 verification key: {KEY_SIZE} bytes, canonical, not of small order")


def require_valid(verification_key: bytes, signature: bytes, message: bytes | memoryview, what: str) -> None:
    """Raise SignatureError unless ``signature`` is the key's signature of ``message``. Cost: about 0.1 ms."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(verification_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError(
            f"{what}: the signature is not valid: something in it is not as it was signed, or another key signed it"
        ) from error


@dataclass(frozen=True)
class Signature:
    """A signature with whose it is: ``signer``, an Ed25519 key (32 bytes), which stands for a person; ``value``, 64
    bytes. ParameterError for other lengths."""

    signer: bytes
    value: bytes

    def __post_init__(self) -> None:
        for part, size in ((self.signer, KEY_SIZE), (self.value, SIGNATURE_SIZE)):
            if type(part) is not bytes or len(part) != size:
                raise ParameterError(f"a signature is a key of {KEY_SIZE} bytes and {SIGNATURE_SIZE} bytes")

    def require_valid(self, message: bytes | memoryview, what: str) -> None:
        """SignatureError unless the signer signed the message. Whoever that is: see :meth:`require_of`."""
        try:
            require_key(self.signer, "the signer")
        except ParameterError as error:
            raise SignatureError(f"{what}: {error}") from error
        require_valid(self.signer, self.value, message, what)

    def require_of(self, key: bytes, name: str, what: str) -> None:
        """SignatureError unless the signer is the one with this key, whom people call ``name``."""
        if self.signer != key:
            raise SignatureError(
                f"{what} is signed by the key {self.signer.hex()[:12]}, not by {name!r} ({key.hex()[:12]})"
            )
