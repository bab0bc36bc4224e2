"""The secrets of an authority: signing seed, master secret key, and what is drawn from them; and its reference. They
never change.

They are made once and sealed (:mod:`pyfe.authority.vault`), apart from the log, which grows. The keys never become
Python bytes: they go from the core's memory to the cipher and back. The reference
(:class:`pyfe.leakage.Reference`) opens nothing, but tells more of the population than a public key should.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import NoReturn

from pyfe.adapters import NativeSecretKey, adapter
from pyfe.authority.records import Terms
from pyfe.errors import DecodeError
from pyfe.leakage.prior import Reference
from pyfe.wire.pickling import Secret
from pyfe.wire.signature import KEY_SIZE, SigningKey

__all__ = ["SEED_SIZE", "Secrets"]

SEED_SIZE = KEY_SIZE

_DECISIONS = b"pyfe: the secret behind an authority's decisions, 1"
"""Signed once more than is said: no envelope begins like this."""


@dataclass(frozen=True, repr=False, eq=False)
class Secrets(Secret):
    """Master secret key, signing key, and the reference if there is one. Shows nothing in its ``repr``; refuses to be
    pickled."""

    master: NativeSecretKey
    signing_key: SigningKey
    reference: Reference | None = None

    @classmethod
    def read(cls, seed: memoryview, master: memoryview, reference: memoryview, terms: Terms) -> Secrets:
        """The secrets that lie there, the keys read in place; an empty reference is none. DecodeError unless they are
        those of the terms' public key, and the reference is of their schema."""
        secret = adapter(terms.scheme).read_secret_key(master)
        if secret.public_key_id != terms.public.id:
            raise DecodeError("authority: its keys do not belong together")
        known = Reference.from_bytes(bytes(reference), terms.schema) if len(reference) else None
        return cls(secret, SigningKey.from_seed(seed), known)

    def decision_secret(self) -> bytes:
        """What the records behind estimates are drawn with, 64 bytes; the same for the life of the authority.

        A signature that is never given away: nobody else can make it, and no key leaves its place for it.
        """
        return hmac.digest(self.signing_key.sign(_DECISIONS), _DECISIONS, "sha512")

    def __repr__(self) -> str:
        return "Secrets(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")
