"""Hashes that are told apart by a tag, and how people compare them."""

from __future__ import annotations

import hashlib

__all__ = ["HASH_SIZE", "fingerprint_of", "is_fingerprint_of", "public_key_digest", "tagged_hash"]

HASH_SIZE = 32

_DIGITS = 2 * HASH_SIZE
_PUBLIC_KEY_TAG = b"PYFE-V1-public-key-fingerprint"


def tagged_hash(tag: bytes, *parts: bytes) -> bytes:
    """SHA-256 of the tag's length (u32), the tag, then the parts; only one part may be of no fixed length."""
    return hashlib.sha256(b"".join((len(tag).to_bytes(4, "little"), tag, *parts))).digest()


def public_key_digest(public_key_id: bytes, verification_key: bytes) -> bytes:
    """What the fingerprint of a public key shows: of the master public key's id and of who signs."""
    return tagged_hash(_PUBLIC_KEY_TAG, public_key_id, verification_key)


def fingerprint_of(digest: bytes) -> str:
    """64 hexadecimal digits in groups of four, to be read over the telephone."""
    digits = digest.hex()
    return "-".join(digits[i : i + 4] for i in range(0, _DIGITS, 4))


def is_fingerprint_of(text: str, digest: bytes) -> bool:
    """Whether the text is the digest's fingerprint; dashes, colons, blanks and case do not count."""
    return "".join(c for c in text.lower() if c not in "- :\t\n") == digest.hex()
