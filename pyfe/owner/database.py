"""The file of an owner's ledger: one connection of a process, transactions that are durable when they end, errors with
names. It stands on what an authority's log in a file stands on (:mod:`pyfe.authority.storage.sqlite`)."""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable, Iterator
from typing import NoReturn

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from pyfe.authority.storage import (
    Recorded,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageReplaced,
    forks,
)
from pyfe.authority.storage.kept import Kept, commit
from pyfe.authority.storage.mutex import Mutex
from pyfe.authority.storage.sqlite import SqliteFile
from pyfe.authority.storage.waiting import Patience
from pyfe.errors import OwnerError
from pyfe.errors import OwnerKind as Kind
from pyfe.owner import tables
from pyfe.wire.pickling import Secret

__all__ = ["LedgerFile"]


class LedgerFile(Secret):
    """A ledger of one owner in a file of SQLite. All threads of a process may use one."""

    def __init__(self, path: str | os.PathLike[str], owner: bytes) -> None:
        """``owner``: the verification key of the owner whose ledger it is. Nothing is opened yet."""
        self._owner = owner
        self._file = SqliteFile(path)
        self._kept = Kept(self._file)
        self._mutex = Mutex(self._file.place)
        self._at_end = weakref.finalize(self, self._kept.drop)
        forks.on_fork(self)

    @property
    def place(self) -> str:
        """The path of the file."""
        return self._file.place

    def make(self) -> None:
        """An empty ledger: all of it is durable, or there is none. OwnerError where there is a file with tables."""
        with self._named():
            self._file.make()
            with self._alone(self._begin_making) as connection:
                if inspect(connection).get_table_names():
                    raise OwnerError(f"{self.place} exists already, and is never overwritten", kind="replaced")
                tables.METADATA.create_all(connection)
                about = {"one": 1, "format": tables.FORMAT, "owner": self._owner, "turn": 0}
                connection.execute(insert(tables.ABOUT).values(**about))
                self._commit(connection)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the ledger."""
        with self._named(), self._alone(self._begin_reading) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only right to write. What was written is durable when the block ends, and nothing of it is there when it
        ends with an exception, but for an OwnerError of kind "unknown"."""
        with self._named(), self._alone(self._begin_writing) as connection:
            yield connection
            connection.execute(tables.TURN)
            self._commit(connection)

    def close(self) -> None:
        """Let go of the connection; the second time it does nothing."""
        self._mutex.close(self._kept.drop)

    # -- one transaction --

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """What storages raise, as what it means for an owner."""
        try:
            yield
        except StorageError as error:
            kind, what = next((named for of, named in _KINDS if isinstance(error, of)), _GONE)
            raise OwnerError(f"{what} ({error})", kind=kind) from error

    @contextlib.contextmanager
    def _alone(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        """Be the only thread, on a connection with a transaction; what is not committed inside is undone."""
        with self._mutex.held():
            try:
                connection, _ = self._kept.connected()
                begin(connection)
                yield connection
            except DBAPIError as error:
                self._kept.failed = True
                raise self._file.named(error, committing=False) from error
            except (StorageError, OwnerError, KeyboardInterrupt):
                self._kept.failed = True
                raise
            finally:
                try:
                    self._kept.undo()  # the first call: Ctrl-C falls between calls
                except Exception:
                    self._kept.failed = True
                finally:
                    self._kept.finish()

    def _begin_making(self, connection: Connection) -> None:
        self._wait(connection)

    def _begin_reading(self, connection: Connection) -> None:
        self._file.begin_reading(connection)
        self._look(connection)

    def _begin_writing(self, connection: Connection) -> None:
        self._wait(connection)
        self._look(connection)

    def _wait(self, connection: Connection) -> None:
        """Become the one writer, as long as whoever is in the way makes progress."""
        patience = Patience(self.place)
        while True:
            try:
                return self._file.begin(connection)
            except DBAPIError as error:
                if not isinstance(self._file.named(error, committing=False), StorageBusy):
                    raise
                connection.rollback()
            patience.ask(_turn(connection))
            connection.rollback()

    def _look(self, connection: Connection) -> None:
        """See whose ledger it is."""
        columns = select(tables.ABOUT.c.format, tables.ABOUT.c.owner)
        row = connection.execute(columns).one_or_none()
        if row is None or not isinstance(row.format, int) or row.format < 1 or not isinstance(row.owner, bytes):
            raise OwnerError(f"{self.place} is damaged: it does not say what it is", kind="damaged")
        if row.format > tables.FORMAT:
            raise OwnerError(f"{self.place} was written by a newer pyfe: update pyfe", kind="damaged")
        if row.owner != self._owner:
            raise OwnerError(f"{self.place} is the ledger of another owner's secret", kind="replaced")

    def _commit(self, connection: Connection) -> None:
        """Make it durable, where what was opened is still there before and after."""
        if not self._file.in_place():
            raise StorageReplaced(f"{self.place} was removed or replaced in the meantime")
        try:
            _commit(connection)
        except DBAPIError as error:
            self._kept.drop()
            raise self._file.named(error, committing=True) from error
        if not self._file.in_place():
            raise Recorded(f"{self.place} was removed or replaced during the commit")
        self._file.tidy(connection)

    # -- forks --

    def before_fork(self) -> bool:
        """Let go of the connection, unless a transaction is under way."""
        if not self._mutex.acquire_idle(forks.FORK_SECONDS):
            return False
        self._kept.drop()
        return True

    def after_fork_in_parent(self) -> None:
        """Let others in again."""
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        """A mutex that no thread of the parent holds, and no connection."""
        self._mutex.renew()
        self._kept.inherited()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ledger is never pickled: a copy of it is a second ledger")


_GONE: tuple[Kind, str] = ("gone", "the owner's ledger cannot be reached; nothing was recorded, nothing encrypted")
_KINDS: list[tuple[type[StorageError], tuple[Kind, str]]] = [
    (StorageBusy, ("busy", "somebody else writes the owner's ledger; nothing was recorded, nothing encrypted")),
    (StorageFull, ("full", "the disk has no room for the owner's ledger; nothing was recorded, nothing encrypted")),
    (StorageDamaged, ("damaged", "this is no whole ledger of an owner; nothing was recorded, nothing encrypted")),
    (StorageReplaced, ("replaced", "the owner's ledger was replaced; nothing was recorded, nothing encrypted")),
    (Recorded, ("unknown", "the patients may have been recorded or not, and nothing was encrypted: ask again")),
]


def _turn(connection: Connection) -> int:
    """A figure that moves with every transaction, for who waits."""
    try:
        return int(connection.execute(select(tables.ABOUT.c.turn)).scalar_one_or_none() or 0)
    except DBAPIError:
        return 0


def _commit(connection: Connection) -> None:
    """In a place of its own, where tests let it fail."""
    commit(connection)
