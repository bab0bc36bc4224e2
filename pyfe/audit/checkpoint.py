"""Checkpoints: the signed heads of a log (c2sp.org/tlog-checkpoint).

A head is three lines, size and root under the name of the log, and the authority's signature. Whoever keeps one that
the log cannot reach holds the log to every entry before it. The key that signs it signs envelopes too: these begin with
other letters, so neither signature can stand for the other.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from pyfe.arguments import require_a
from pyfe.audit.merkle import HASH_SIZE
from pyfe.audit.note import opened_note, parts_of_note, signed_note
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.wire.signature import KEY_SIZE, SigningKey

__all__ = ["AUTHORITY_ID_SIZE", "MAX_LOG_SIZE", "ORIGIN_PREFIX", "Checkpoint", "authority_id", "origin_of"]

MAX_LOG_SIZE = 2**48
"""Most entries of a log that a head can speak of; no file holds as many."""

AUTHORITY_ID_SIZE = 16

ORIGIN_PREFIX = "pyfe/authority/"
"""Without a space: a key's name in a signed note must have none, and should be the log's."""

_NAME = "checkpoint"
_ORIGIN = re.compile(re.escape(ORIGIN_PREFIX) + r"[0-9a-f]{32}")
_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n")


def authority_id(verification_key: bytes) -> bytes:
    """The 16 bytes that an authority goes by in its log: the start of the SHA-256 of its verification key.
    ParameterError for what is no key."""
    if type(verification_key) is not bytes or len(verification_key) != KEY_SIZE:
        raise ParameterError(f"a verification key is {KEY_SIZE} bytes")
    return hashlib.sha256(verification_key).digest()[:AUTHORITY_ID_SIZE]


def origin_of(verification_key: bytes) -> str:
    """The name of an authority's log, the first line of its heads."""
    return ORIGIN_PREFIX + authority_id(verification_key).hex()


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its name, how many entries it has, and the root over them. Signed, it is a text.

    >>> from pyfe.audit import Checkpoint
    >>> from pyfe.wire.signature import SigningKey
    >>> key = SigningKey.generate()
    >>> text = Checkpoint.of(key.public, 3, bytes(32)).signed(key)
    >>> Checkpoint.opened(text, key.public).size
    3
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        require_a(self.origin, str, "a log's name")
        if not _ORIGIN.fullmatch(self.origin):
            raise ParameterError(f"a log's name is {ORIGIN_PREFIX} and 32 hex digits, not {self.origin[:60]!r}")
        if type(self.size) is not int or not 0 <= self.size <= MAX_LOG_SIZE:
            raise ParameterError(f"a log has 0 to {MAX_LOG_SIZE} entries, not {self.size!r}")
        require_a(self.root, bytes, "a log's root")
        if len(self.root) != HASH_SIZE:
            raise ParameterError(f"a log's root has {HASH_SIZE} bytes, not {len(self.root)}")

    @classmethod
    def of(cls, verification_key: bytes, size: int, root: bytes) -> Checkpoint:
        """The head of an authority's log."""
        return cls(origin_of(verification_key), size, root)

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, signing_key: SigningKey) -> str:
        """The head as a note, signed by the authority whose log it is. ParameterError for another's key."""
        require_a(signing_key, SigningKey, "the signing key of a head")
        if self.origin != origin_of(signing_key.public):
            raise ParameterError(f"the head of {self.origin} is not signed by {origin_of(signing_key.public)}")
        return signed_note(self.text, self.origin, signing_key)

    @classmethod
    def opened(cls, text: str | bytes, verification_key: bytes) -> Checkpoint:
        """The head that an authority signed. DecodeError unless ``text`` is what :meth:`signed` writes, to the last
        character; KeyMismatchError where it is another authority's, SignatureError where the signature is wrong."""
        head, origin = cls.stated(text), origin_of(verification_key)
        if head.origin != origin:
            raise KeyMismatchError(f"{_NAME}: it is of {head.origin}, not of {origin}")
        opened_note(text, origin, verification_key, _NAME)
        return head

    @classmethod
    def stated(cls, text: str | bytes) -> Checkpoint:
        """The head that a text says it is. A claim: the signature is not looked at. DecodeError as :meth:`opened`."""
        body, signer, _ = parts_of_note(text, _NAME)
        found = _TEXT.fullmatch(body)
        if found is None or found[1] != signer or not _ORIGIN.fullmatch(signer):
            raise DecodeError(
                f"{_NAME}: not the three lines of a head: {ORIGIN_PREFIX}..., a size, and a root in base64"
            )
        size, root = int(found[2]), base64.b64decode(found[3])
        if size > MAX_LOG_SIZE:
            raise DecodeError(f"{_NAME}: {size} entries, at most {MAX_LOG_SIZE} are allowed")
        head = cls(signer, size, root)
        if head.text != body:
            raise DecodeError(f"{_NAME}: its root is not in the one form that base64 has")
        return head
