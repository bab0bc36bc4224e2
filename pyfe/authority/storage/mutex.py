"""Who may use a storage in a process: one thread at a time, none after it was closed, and none from inside its own
transaction."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

from pyfe.authority.storage import waiting
from pyfe.authority.storage.protocol import StorageError
from pyfe.authority.storage.waiting import Patience

__all__ = ["Mutex", "Ongoing"]


class Mutex:
    """A lock that knows whether its thread is inside already, and waits as long as there is progress."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._turns = 0
        self._lock = threading.RLock()
        self._inside = False
        self._closed = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be alone. StorageBusy where one other thread stays inside; StorageError from inside."""
        self.require_open()
        patience, lock = Patience(self._place), self._lock
        while not lock.acquire(timeout=waiting.SLICE_SECONDS):
            patience.ask(self._turns)
        try:
            if self._inside:
                raise StorageError("this thread is inside a transaction of the storage: ask the transaction")
            self.require_open()
            self._inside = True
            self._turns += 1
            try:
                yield
            finally:
                self._inside = False
        finally:
            lock.release()

    def require_open(self) -> None:
        """StorageError after :meth:`close`."""
        if self._closed:
            raise StorageError("this storage of an authority is closed")

    def close(self, let_go: Callable[[], None]) -> None:
        """Let nobody in any more. StorageError from inside; the second time it does nothing."""
        if not self._closed:
            with self.held():
                self._closed = True
                let_go()

    def acquire_idle(self, seconds: float) -> bool:
        """Take the lock if nobody is inside for so long, this thread included; whether it was taken."""
        if not self._lock.acquire(timeout=seconds):
            return False
        if self._inside:
            self._lock.release()
            return False
        return True

    def release(self) -> None:
        """Give back what :meth:`acquire_idle` took."""
        self._lock.release()

    def renew(self) -> None:
        """In a forked child, where no other thread lives. A thread that forked inside a transaction is inside no
        more, and releases the lock that it took, not this one."""
        self._lock = threading.RLock()
        self._inside = False


class Ongoing:
    """What a transaction has until its end, in the process that began it."""

    def __init__(self) -> None:
        self.ended = False
        self._process = os.getpid()

    def require_going_on(self) -> None:
        """StorageError after the end, after an error that ended it, and in a forked child."""
        if os.getpid() != self._process:
            raise StorageError("this process was forked inside a transaction, which is its parent's")
        if self.ended:
            raise StorageError("this transaction has ended; nothing of it is appended")
