"""Signed notes (c2sp.org/signed-note): a text, an empty line, and the line of an Ed25519 signature over the text.

People can read one, mail it and print it; the tools of transparency logs can check it. A note here has one signature,
and there is one way to write it: what is opened is what would be signed, character for character.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from pyfe.errors import DecodeError, KeyMismatchError
from pyfe.wire.signature import SIGNATURE_SIZE, require_valid

if TYPE_CHECKING:
    from pyfe.wire.signature import SigningKey

__all__ = ["MAX_NOTE_SIZE", "opened_note", "parts_of_note", "signed_note"]

MAX_NOTE_SIZE = 4096
"""Bytes of a note: a checkpoint's has about 250."""

_ED25519 = b"\1"
_KEY_ID_SIZE = 4
_SIGNED_BYTES = _KEY_ID_SIZE + SIGNATURE_SIZE

# Lines without control characters; a name without spaces and plus; base64 of 68 bytes.
_NOTE = re.compile(r"((?:[^\0-\x1f]*\n)+)\n— ([^\s\0-\x1f+]+) ([A-Za-z0-9+/]{91}=)\n")


def signed_note(text: str, name: str, key: SigningKey) -> str:
    """The note of a text that ends in a newline, signed by the key that goes by ``name``."""
    return _written(text, name, _key_id(name, key.public) + key.sign(text.encode()))


def opened_note(note: str | bytes, name: str, verification_key: bytes, what: str) -> str:
    """The text of a note; ``what`` names it in errors.

    DecodeError unless it is written as :func:`signed_note` writes it; KeyMismatchError unless it is signed by the key
    of this name, and SignatureError unless the signature fits the text.
    """
    text, signer, signature = parts_of_note(note, what)
    if signer != name or signature[:_KEY_ID_SIZE] != _key_id(name, verification_key):
        raise KeyMismatchError(f"{what}: it is signed by {signer[:60]!r}, and this is the key of {name!r}")
    require_valid(verification_key, signature[_KEY_ID_SIZE:], text.encode(), what)
    return text


def parts_of_note(note: str | bytes, what: str) -> tuple[str, str, bytes]:
    """Text, name, and key id with signature, as they stand there; nothing is verified. DecodeError as above."""
    written = _as_text(note, what)
    found = _NOTE.fullmatch(written)
    if found is None:
        raise DecodeError(f"{what}: not a text, an empty line and one line with an Ed25519 signature, each ended by LF")
    text, name, encoded = found.groups()
    signature = base64.b64decode(encoded)
    if len(signature) != _SIGNED_BYTES or _written(text, name, signature) != written:
        raise DecodeError(f"{what}: its signature is not in the one form that base64 has")
    return text, name, signature


def _written(text: str, name: str, signature: bytes) -> str:
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def _key_id(name: str, verification_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + verification_key).digest()[:_KEY_ID_SIZE]


def _as_text(note: object, what: str) -> str:
    if not isinstance(note, str | bytes):
        raise DecodeError(f"{what}: expected text, not {type(note).__name__}")
    if len(note) > MAX_NOTE_SIZE:
        raise DecodeError(f"{what}: more than {MAX_NOTE_SIZE} characters")
    try:
        return note.decode() if isinstance(note, bytes) else note.encode().decode()
    except UnicodeError as error:
        raise DecodeError(f"{what}: not UTF-8") from error
