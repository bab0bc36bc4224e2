"""What a fork does to storages: connections to a database end before it, mutexes are new after it.

SQLite forbids to carry a connection across a fork, even one that is only closed in the child: its locks belong to the
process, and what the library knows of them would be wrong in the child ("How To Corrupt An SQLite Database File", 2.6).
So none is carried: every storage lets go of its connection before a fork, and takes a new one when it is asked next.
One that is inside a transaction then is waited for, FORK_SECONDS at most; after that, and where the forking thread
itself is inside, the child does without that file.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import Protocol

__all__ = ["FORK_SECONDS", "Forking", "on_fork"]

FORK_SECONDS = 5.0
"""How long a fork waits for a transaction of another thread."""


class Forking(Protocol):
    """What has something to do around a fork."""

    def before_fork(self) -> bool:
        """Get ready; whether :meth:`after_fork_in_parent` is to be called."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> None:
        """Renew what is of no use in a child."""
        ...


_storages: weakref.WeakSet[Forking] = weakref.WeakSet()
_ready: dict[int, list[Forking]] = {}  # by forking thread


def on_fork(storage: Forking) -> None:
    """Have a storage told of every fork, as long as it lives."""
    _storages.add(storage)


def _before() -> None:
    mine = _ready[threading.get_ident()] = []
    for storage in list(_storages):
        with contextlib.suppress(Exception):  # a fork cannot be refused
            if storage.before_fork():
                mine.append(storage)


def _in_parent() -> None:
    for storage in _ready.pop(threading.get_ident(), []):
        storage.after_fork_in_parent()


def _in_child() -> None:
    _ready.clear()
    for storage in list(_storages):
        storage.after_fork_in_child()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
