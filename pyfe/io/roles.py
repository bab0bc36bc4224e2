"""What an output is for, and what its place holds: which file may be replaced by which."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from pyfe.audit import AuditLog, verify
from pyfe.errors import PyfeError
from pyfe.folder_names import MASTER, files_in
from pyfe.io.scores import is_scores
from pyfe.keys import FunctionKey
from pyfe.wire.envelope import HEADER_SIZE, Header, Kind

__all__ = [
    "ANYTHING",
    "APPROVAL",
    "DECISION",
    "EPOCHS",
    "FUNCTION",
    "IDENTITY",
    "NEW_IDENTITY",
    "PICTURE",
    "PSEUDONYMS",
    "REPORT",
    "REQUEST",
    "REVOCATION",
    "REVOKED",
    "SCHEMA",
    "SCORES",
    "SCORE_PROOF",
    "SEALED_KEY",
    "Role",
    "ciphertexts",
    "export_of",
    "function_key",
    "head_of",
    "is_of_authority",
    "new_public_key",
    "public_key",
]

_PNG_START = b"\x89PNG\r\n\x1a\n"
_REPORT_START = b"<!DOCTYPE html><!-- pyfe report -->"


@dataclass(frozen=True)
class Role:
    """What an output is for: ``fits`` says of an existing file whether it is for the same, and may be replaced.

    ``private``: only its owner may read it.
    """

    name: str
    fits: Callable[[Path], bool]
    private: bool = False


def _of_kind(kind: Kind, public_key_id: bytes | None = None) -> Callable[[Path], bool]:
    def fits(path: Path) -> bool:
        header = Header.read(_start(path))
        return header is not None and header.kind is kind and public_key_id in (None, header.public_key_id)

    return fits


def _starting(start: bytes) -> Callable[[Path], bool]:
    return lambda path: _start(path).startswith(start)


ANYTHING = Role("file", lambda _: True)
SCHEMA = Role("schema", _of_kind(Kind.SCHEMA))
FUNCTION = Role("function", _of_kind(Kind.FUNCTION))
SCORES = Role("table of scores", is_scores, private=True)
SCORE_PROOF = Role("proof of scores", _of_kind(Kind.SCORE_PROOF), private=True)
EPOCHS = Role("table of epochs", _of_kind(Kind.EPOCH_TABLE), private=True)
REVOKED = Role("list of revoked keys", _of_kind(Kind.REVOCATION_LIST))
NEW_IDENTITY = Role("identity's secret", lambda _: False, private=True)
IDENTITY = Role("identity", _of_kind(Kind.IDENTITY))
REQUEST = Role("request", _of_kind(Kind.REQUEST), private=True)
DECISION = Role("decision to be approved", _starting(b'{"pyfe": "decision"'), private=True)
APPROVAL = Role("approval", _of_kind(Kind.APPROVAL), private=True)
REVOCATION = Role("revocation", _of_kind(Kind.REVOCATION))
SEALED_KEY = Role("sealed key", lambda _: False)
PSEUDONYMS = Role("table of pseudonyms", lambda _: False, private=True)
PICTURE = Role("picture", _starting(_PNG_START), private=True)
REPORT = Role("report", _starting(_REPORT_START), private=True)


def head_of(log: AuditLog) -> Role:
    """The head of a log. It replaces an earlier one of the same history only: a kept head is evidence."""
    return Role("earlier head of this log", lambda path: _is_earlier(log, path.read_bytes()))


def export_of(log: AuditLog) -> Role:
    """A log as a file; likewise."""

    def fits(path: Path) -> bool:
        try:
            return _is_earlier(log, AuditLog.from_bytes(path.read_bytes()))
        except PyfeError:
            return False

    return Role("earlier export of this log", fits, private=True)


def _is_earlier(log: AuditLog, kept: bytes | AuditLog) -> bool:
    try:
        verify(log, saved=[kept])
    except PyfeError:
        return False
    return True


def public_key(public_key_id: bytes) -> Role:
    """The public key of the id."""
    return Role("public key of this authority", _of_kind(Kind.PUBLIC_KEY, public_key_id))


def new_public_key() -> Role:
    """The public key of an authority to be made: no file holds it yet."""
    return Role("public key of this authority", lambda _: False)


def ciphertexts(public_key_id: bytes) -> Role:
    """Ciphertexts under the public key of the id."""
    return Role("batch of ciphertexts under this public key", _of_kind(Kind.CIPHERTEXT_BATCH, public_key_id))


def function_key(public_key_ids: Collection[bytes], function_id: bytes) -> Role:
    """A key for the function of an id, from the authority of these public keys' ids."""

    def fits(path: Path) -> bool:
        header = Header.read(_start(path))
        if header is None or header.kind is not Kind.FUNCTION_KEY or header.public_key_id not in public_key_ids:
            return False
        try:
            return FunctionKey.from_bytes(path.read_bytes()).function.id == function_id
        except PyfeError:
            return False

    return Role("key for this function from this authority", fits, private=True)


def is_of_authority(path: Path) -> bool:
    """Whether a file is one of an authority's folder, or the sealed file of an earlier version, damaged or not. OSError
    where that cannot be known."""
    return _is_sealed(path) or (path in files_in(path.parent) and _is_sealed(path.parent / MASTER))


def _is_sealed(path: Path) -> bool:
    """Whether a file starts as sealed master keys do."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    header = Header.read(_start(path)) if stat.S_ISREG(found.st_mode) else None
    return header is not None and header.kind is Kind.SEALED_AUTHORITY


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_SIZE)
