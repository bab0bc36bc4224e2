"""A ledger that lasts as long as the process: for demos, tests and notebooks."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn

from pyfe.authority.ledger.lock_file import on_fork
from pyfe.authority.ledger.protocol import LedgerMoved, require_rows, rows_since
from pyfe.authority.records import Terms
from pyfe.errors import AuthorityError
from pyfe.wire.pickling import Secret

__all__ = ["MemoryLedger"]


class MemoryLedger(Secret):
    """Rows in the memory of one process; in a forked child they can be read, and nothing can be appended."""

    place = "memory"

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._rows: tuple[bytes, ...] = ()
        self._closed = False
        self._mutex = threading.RLock()
        self._owner = os.getpid()
        on_fork(self)

    @property
    def terms(self) -> Terms:
        """What was fixed when the ledger was made."""
        self._require_open()
        return self._terms

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of this process. AuthorityError in a forked child: its ledger is a copy, a second ledger."""
        self._require_open()
        with self._mutex:
            if os.getpid() != self._owner:
                raise AuthorityError(
                    "this authority lives in the memory of the process that made it; a forked child has a copy of its "
                    "ledger and issues nothing. Issue before the fork, or give the authority a path and open it there"
                )
            yield

    def read(self, since: int = 0) -> tuple[bytes, ...]:
        """The rows from position ``since`` on; AuthorityError where there are not so many."""
        self._require_open()
        return rows_since(self._rows, since)

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        """Append rows after the first ``position`` ones; LedgerMoved unless there are so many."""
        given = tuple(rows)
        require_rows(given)
        with self.exclusive():
            if len(self._rows) != position:
                raise LedgerMoved
            self._rows += given

    def close(self) -> None:
        """Forget the rows."""
        self._closed, self._rows = True, ()

    def after_fork(self) -> None:
        """A mutex that no thread of the parent holds."""
        self._mutex = threading.RLock()

    def _require_open(self) -> None:
        if self._closed:
            raise AuthorityError("this authority is closed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ledger is never pickled: a copy would be a second ledger")
