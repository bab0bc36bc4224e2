"""What an authority asks of the place where its log is kept: a protocol of four questions, and the errors of each.

A storage knows positions and bytes; what its entries and its head say is for others. So whoever keeps the log (memory,
a file of SQLite, a server of PostgreSQL) decides nothing, and whoever decides keeps nothing. An implementation is one
that passes ``tests/unit/storage_conformance.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pyfe.errors import AuthorityError, ParameterError

__all__ = [
    "Known",
    "Recorded",
    "Storage",
    "StorageBusy",
    "StorageDamaged",
    "StorageError",
    "StorageFull",
    "StorageGone",
    "StorageReplaced",
    "Stored",
    "Transaction",
    "require_authority",
    "require_entries",
    "require_since",
]

MAX_ENTRY_SIZE = 2**24
"""Most bytes of one entry."""

MAX_HEAD_SIZE = 2**16
"""Most bytes of a head: a signed note has some hundreds."""


class StorageError(AuthorityError):
    """An authority's storage did not do what it was asked. Nothing was appended, unless it is :class:`Recorded`."""


class StorageBusy(StorageError):
    """Another process or thread holds the right to write, and makes no progress."""


class StorageFull(StorageError):
    """There is no room for the entries."""


class StorageGone(StorageError):
    """The storage is not there, cannot be reached, cannot be written, or failed to read or write."""


class StorageDamaged(StorageError):
    """What is there is no log of an authority that this version reads, or is not whole."""


class StorageReplaced(StorageError):
    """What is there is not what was there before: another authority's log, an older copy, or another history."""


class Recorded(StorageError):
    """The entries were written, but whether they stay is not known. Read the log again to see what it holds."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Entries from some position to the newest, and the head that covers them and all before."""

    entries: tuple[bytes, ...]
    head: bytes


class Transaction(Protocol):
    """The only right to write, of one thread, until its block ends."""

    @property
    def size(self) -> int:
        """How many entries the log has, those appended here included."""
        ...

    def read(self, since: int = 0) -> Stored:
        """The entries from position ``since`` to the newest, those appended here included."""
        ...

    def append(self, entries: Sequence[bytes], head: bytes) -> None:
        """Append at least one entry, with the head of the log that then is. ParameterError for what is no entry."""
        ...


class Storage(Protocol):
    """An append-only log of one authority: entries numbered from 0 without a gap, and one head.

    All threads of a process may use one storage; where it is durable, any number of processes may have it open.
    """

    @property
    def place(self) -> str:
        """Where it is kept, for people; no password is in it."""
        ...

    @property
    def authority(self) -> bytes:
        """The verification key of the authority whose log this is."""
        ...

    def read(self, since: int = 0) -> Stored:
        """The entries from position ``since`` to the newest that any process appended, and the head, all durable.

        StorageReplaced where the log lost, or holds otherwise, what this storage saw before: fewer entries, another
        head over as many, or another entry in the newest place that was seen (what lies before it, the head covers).
        ParameterError where there are fewer than ``since`` entries. Cost: that of the entries that are new.
        """
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """Hold the only right to write, among all threads and processes.

        What the block appended is durable, all of it, when it ends without an exception, and not there when it ends
        with one. StorageError otherwise: nothing was appended, but for :class:`Recorded`. StorageBusy where the one
        that holds the right makes no progress: a queue that moves is waited for. Whoever is inside asks the
        transaction; asking the storage itself is an error.
        """
        ...

    def close(self) -> None:
        """Let go of what the storage holds open, once and for all: whoever asks it anything else after that gets an
        AuthorityError. Closing again does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What a storage saw last: enough to notice, at the cost of one entry, that it is not the same log any more."""

    size: int = 0
    head: bytes = b""
    newest: bytes = b""
    """SHA-256 of entry ``size - 1``."""

    @classmethod
    def of(cls, size: int, head: bytes, entry: bytes) -> Known:
        """After a look at a log and at its newest entry."""
        return cls(size, head, hashlib.sha256(entry).digest())

    def require_kept(self, size: int, head: bytes) -> None:
        """StorageReplaced where the log is shorter, or as long under another head."""
        if size < self.size:
            raise StorageReplaced(
                f"the log had {self.size} entries and has {size}, as when an older copy is put in its place; nothing "
                "was appended. Find the newest one"
            )
        if size == self.size and head != self.head:
            raise StorageReplaced(
                f"the log has {size} entries, as before, under another head: it has another history; nothing was "
                "appended. Find the one that was there before"
            )

    def require_entry(self, entry: bytes) -> None:
        """StorageReplaced where the newest entry that was seen is another one now."""
        if hashlib.sha256(entry).digest() != self.newest:
            raise StorageReplaced(
                f"entry {self.size - 1} of the log is not what it was: it has another history; nothing was appended. "
                "Find the one that was there before"
            )


def require_authority(authority: object) -> None:
    """ParameterError for what is no verification key."""
    if not _are_bytes(authority, MAX_HEAD_SIZE):
        raise ParameterError(f"an authority is named by its verification key, in bytes, not by {_said(authority)}")


def require_entries(entries: Sequence[bytes], head: bytes) -> tuple[bytes, ...]:
    """The entries, looked at once. ParameterError for what is none, or no head."""
    given = tuple(entries)
    if not given:
        raise ParameterError("at least one entry is appended at a time")
    for at, entry in enumerate(given):
        if not _are_bytes(entry, MAX_ENTRY_SIZE):
            raise ParameterError(f"entry {at} of {len(given)} is not 1 to {MAX_ENTRY_SIZE} bytes: {_said(entry)}")
    if not _are_bytes(head, MAX_HEAD_SIZE):
        raise ParameterError(f"a head is 1 to {MAX_HEAD_SIZE} bytes, not {_said(head)}")
    return given


def require_since(since: object, size: int) -> None:
    """ParameterError unless there are so many entries."""
    if not isinstance(since, int) or not 0 <= since <= size:
        raise ParameterError(f"the log has {size} entries, and was asked for those after the first {since!r}")


def _are_bytes(value: object, most: int) -> bool:
    return isinstance(value, bytes) and 0 < len(value) <= most


def _said(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__
