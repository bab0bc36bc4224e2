"""A storage that lasts as long as the process: for demos, tests and notebooks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import NoReturn

from pyfe.authority.storage.forks import on_fork
from pyfe.authority.storage.mutex import Mutex, Ongoing
from pyfe.authority.storage.protocol import StorageError, Stored, require_authority, require_entries, require_since
from pyfe.wire.pickling import Secret

__all__ = ["MemoryStorage"]


class MemoryStorage(Secret):
    """Entries in the memory of one process; in a forked child they can be read, and nothing can be appended."""

    place = "memory"

    def __init__(self, authority: bytes, entries: Sequence[bytes] = (), head: bytes = b"") -> None:
        """The log of an authority, with its first entries if there are any."""
        require_authority(authority)
        self._authority = authority
        self._entries = list(require_entries(entries, head)) if entries else []
        self._shown = (len(self._entries), head if entries else b"")  # replaced at once, so that readers need no lock
        self._mutex = Mutex(self.place)
        self._owner = os.getpid()
        on_fork(self)

    @property
    def authority(self) -> bytes:
        """The verification key of the authority whose log this is."""
        self._mutex.require_open()
        return self._authority

    def read(self, since: int = 0) -> Stored:
        """The entries from position ``since`` on, and the head."""
        self._mutex.require_open()
        size, head = self._shown
        require_since(since, size)
        return Stored(tuple(self._entries[since:size]), head)

    @contextlib.contextmanager
    def writing(self) -> Iterator[_Transaction]:
        """Hold the lock of this process. StorageError in a forked child: its log is a copy, a second one."""
        with self._mutex.held():
            self._require_owner()
            transaction = _Transaction(self._entries, self._shown[1])
            try:
                yield transaction
                transaction.require_going_on()
                self._entries += transaction.appended
                self._shown = (len(self._entries), transaction.head)
            finally:
                transaction.ended = True
                del self._entries[self._shown[0] :]  # what Ctrl-C left between the two lines

    def close(self) -> None:
        """Forget the entries."""
        self._mutex.close(self._forget)

    def before_fork(self) -> bool:
        """Nothing is carried that could be of harm."""
        return False

    def after_fork_in_parent(self) -> None:
        """Nothing to do."""

    def after_fork_in_child(self) -> None:
        """A mutex that no thread of the parent holds."""
        self._mutex.renew()

    def _forget(self) -> None:
        self._entries, self._shown = [], (0, b"")

    def _require_owner(self) -> None:
        if os.getpid() != self._owner:
            raise StorageError(
                "this authority lives in the memory of the process that made it; a forked child has a copy of its log "
                "and appends nothing. Issue before the fork, or give the authority a path and open it there"
            )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a storage is never pickled: a copy would be a second log")


class _Transaction(Ongoing):
    """What is going to be appended."""

    def __init__(self, before: list[bytes], head: bytes) -> None:
        super().__init__()
        self._before = before
        self.appended: list[bytes] = []
        self.head = head

    @property
    def size(self) -> int:
        return len(self._before) + len(self.appended)

    def read(self, since: int = 0) -> Stored:
        self.require_going_on()
        require_since(since, self.size)
        known = len(self._before)
        return Stored((*self._before[since:], *self.appended[max(0, since - known) :]), self.head)

    def append(self, entries: Sequence[bytes], head: bytes) -> None:
        self.require_going_on()
        self.appended += require_entries(entries, head)
        self.head = head
