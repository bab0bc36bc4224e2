"""The one secret of a data owner, from which everything else that it keeps secret is derived by a label.

The root is 32 bytes of the operating system's randomness; what is derived is HKDF-Expand (RFC 5869) with SHA-256 of the
root, ``PYFE-V1-owner`` and a label as its info: so no derived secret says anything of another, or of the root. All of
them lie in memory of the core, which is wiped, but for what OpenSSL holds of the signing key.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NoReturn, Self

from pyfe._core import SecretBytes
from pyfe.errors import DecodeError, OwnerError
from pyfe.owner.ids import canonical_ids
from pyfe.row_ids import PSEUDONYM_SIZE, called_rows
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import fingerprint_of, tagged_hash
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import NONCE_SIZE, SealingKey, salt_and_cost
from pyfe.wire.signature import KEY_SIZE, SigningKey
from pyfe.wire.texts import require_text

__all__ = ["RECORD_SIZE", "OwnerSecret", "sealed_owner"]

RECORD_SIZE = 16
"""Bytes of the keyed hash of a record's id: two of 2^40 ids have the same one with a probability of 2^-49."""

_NAME = "sealed owner"
_LABEL = b"PYFE-V1-owner "
_ID_TAG = b"PYFE-V1-owner-id"
_PSEUDONYM_SIZE = 15


class OwnerSecret(Secret):
    """What a data owner keeps: made once by :meth:`generate`, sealed under a passphrase, the same for all its rows and
    for good. Its ``repr`` shows the public half only; it refuses to be pickled and copied."""

    def __init__(self, root: SecretBytes) -> None:
        """Not for direct use."""
        self._root = root

    @classmethod
    def generate(cls) -> Self:
        """A new secret from the operating system's randomness. RandomnessError where there is none."""
        return cls(SecretBytes.random(KEY_SIZE))

    # -- what is derived --

    def _derived(self, label: bytes) -> SecretBytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

        key = SecretBytes(KEY_SIZE)
        HKDFExpand(SHA256(), KEY_SIZE, _LABEL + label).derive_into(self._root.view(), key.view())
        return key

    @cached_property
    def _record_key(self) -> SecretBytes:
        return self._derived(b"record ids")

    @cached_property
    def _pseudonym_key(self) -> SecretBytes:
        return self._derived(b"pseudonyms")

    @cached_property
    def _row_pseudonym_key(self) -> SecretBytes:
        return self._derived(b"row pseudonyms")

    @cached_property
    def noise(self) -> SecretBytes:
        """The 32 bytes that the noise of a row is drawn from: what ``encrypt`` takes as ``owner_secret``."""
        return self._derived(b"noise")

    @cached_property
    def samples(self) -> SecretBytes:
        """The 32 bytes that rows are drawn with where the count over epochs draws any."""
        return self._derived(b"samples")

    @cached_property
    def signing_key(self) -> SigningKey:
        """The owner's Ed25519 key."""
        return SigningKey(self._derived(b"signing key"))

    @property
    def verification_key(self) -> bytes:
        """The public half (32 bytes) of the signing key, by which the owner is known."""
        return self.signing_key.public

    @property
    def id(self) -> bytes:
        """Hash (32 bytes) of the verification key."""
        return owner_id(self.verification_key)

    def records(self, ids: Iterable[Any], *, called: Callable[[Sequence[int]], str] = called_rows) -> list[bytes]:
        """The keyed hash (16 bytes, HMAC-SHA256 cut) of each record id. OwnerError naming the rows of what is no id, as
        they are ``called``. Cost: 3 microseconds an id."""
        key, digest = self._record_key.view(), hmac.digest
        return [digest(key, text, "sha256")[:RECORD_SIZE] for text in canonical_ids(ids, called)]

    def pseudonyms(self, ids: Iterable[Any], *, study: str) -> list[str]:
        """A name of 24 letters and digits for each record id, another one in every study: the owner alone, who has the
        secret, can tell that two of them are one patient. OwnerError as of :meth:`records`."""
        key, prefix = self._pseudonym_key.view(), require_text("a study", study).encode()
        begin = len(prefix).to_bytes(4, "little") + prefix
        found = (hmac.digest(key, begin + text, "sha256")[:_PSEUDONYM_SIZE] for text in canonical_ids(ids))
        return [base64.b32encode(digest).decode() for digest in found]

    def row_pseudonyms(self, ids: Iterable[bytes]) -> Iterator[bytes]:
        """The pseudonym (16 bytes, HMAC-SHA256 cut) under which each id of a row travels beside its ciphertext, always
        the same one; ``ids`` in UTF-8 in their canonical form. Cost: 3 microseconds an id."""
        key, digest = self._row_pseudonym_key.view(), hmac.digest
        return (digest(key, text, "sha256")[:PSEUDONYM_SIZE] for text in ids)

    # -- the file --

    def sealed(self, passphrase: str | bytes) -> bytes:
        """The secret as a file under a passphrase (8 characters or more). Cost: one scrypt."""
        return _seal(self, SealingKey.fresh(passphrase))

    @classmethod
    def unsealed(cls, data: bytes, passphrase: str | bytes) -> Self:
        """The inverse of :meth:`sealed`. DecodeError for bytes that are no sealed owner; OwnerError for a wrong
        passphrase or changed bytes, which cannot be told apart."""
        envelope, salt, log_cost, _ = _parsed(as_bytes(data))
        return cls(_opened(envelope, SealingKey.derive(passphrase, salt, log_cost)))

    def __repr__(self) -> str:
        return f"OwnerSecret({self.id.hex()[:12]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an owner's secret is never pickled and never copied: seal it, and open it there")


def owner_id(verification_key: bytes) -> bytes:
    """The id of an owner, from its verification key."""
    return tagged_hash(_ID_TAG, verification_key)


def sealed_owner(data: bytes) -> dict[str, Any]:
    """What a sealed file says of itself, in plain types; its own claim until it is opened."""
    _, _, log_cost, verification_key = _parsed(as_bytes(data))
    return {
        "object": _NAME,
        "verification_key": verification_key.hex(),
        "id": fingerprint_of(owner_id(verification_key)),
        "kdf": f"scrypt, N = 2^{log_cost}",
        "bytes": len(data),
    }


def _seal(secret: OwnerSecret, key: SealingKey) -> bytes:
    """The file: in the payload a nonce and, under it, the root; header and metadata are authenticated with it."""
    metadata = {**key.description, "verification_key": secret.verification_key}
    nonce = os.urandom(NONCE_SIZE)
    header = pack(_envelope(metadata, b""))
    return pack(_envelope(metadata, nonce + key.encrypt(nonce, secret._root.view(), header)))


def _envelope(metadata: dict[str, Any], payload: bytes) -> Envelope:
    return Envelope(Kind.SEALED_OWNER, NO_SCHEME, NO_ID, NO_ID, payload, metadata)


def _parsed(data: bytes) -> tuple[Envelope, bytes, int, bytes]:
    """The file's parts, salt, cost and verification key. DecodeError; nothing of it is authenticated yet."""
    envelope = unpack(data, Kind.SEALED_OWNER)
    fields = Fields(envelope.metadata, _NAME)
    salt, log_cost = salt_and_cost(fields)
    verification_key = fields.octets("verification_key", KEY_SIZE)
    fields.finish()
    if pack(_envelope(envelope.metadata, bytes(envelope.payload))) != data:
        raise DecodeError(f"{_NAME}: it has no scheme, ids or signature, yet some are present")
    return envelope, salt, log_cost, verification_key


def _opened(envelope: Envelope, key: SealingKey) -> SecretBytes:
    from cryptography.exceptions import InvalidTag

    payload, header = bytes(envelope.payload), pack(_envelope(envelope.metadata, b""))
    try:
        root = key.decrypt(payload[:NONCE_SIZE], payload[NONCE_SIZE:], header)
    except (InvalidTag, ValueError) as error:  # ValueError: a nonce that is cut
        raise OwnerError("the passphrase is wrong, or the owner's secret is damaged", kind="sealed") from error
    stated = envelope.metadata["verification_key"]
    if len(root.view()) != KEY_SIZE or OwnerSecret(root).verification_key != stated:
        raise OwnerError("the owner's file opens, but does not hold the owner's secret", kind="sealed")
    return root
