"""A storage in a database, through SQLAlchemy: SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from sqlalchemy import Connection, Select
from sqlalchemy.exc import DBAPIError

from pyfe.authority.storage import forks, rows, tables
from pyfe.authority.storage.kept import Database, Kept, commit
from pyfe.authority.storage.mutex import Mutex
from pyfe.authority.storage.postgres import PostgresServer
from pyfe.authority.storage.protocol import (
    Known,
    Recorded,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageGone,
    StorageReplaced,
    Stored,
    require_authority,
    require_entries,
)
from pyfe.authority.storage.rows import SqlTransaction
from pyfe.authority.storage.sqlite import SqliteFile
from pyfe.authority.storage.waiting import Patience
from pyfe.wire.pickling import Secret

__all__ = ["SqlStorage"]


class SqlStorage(Secret):
    """The log of one authority in one database. A process keeps one connection, which no fork and no error outlives.

    Cost of a transaction: that of its entries and of one sync of the disk, whatever the size of the log.
    """

    def __init__(self, database: Database, authority: bytes | None) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._database = database
        self._authority = authority
        self._known = Known()
        self._kept = Kept(database)
        self._mutex = Mutex(database.place)
        self._at_end = weakref.finalize(self, self._kept.drop)
        forks.on_fork(self)

    @classmethod
    def create(
        cls, place: str | os.PathLike[str], authority: bytes, entries: Sequence[bytes] = (), head: bytes = b""
    ) -> SqlStorage:
        """A new log, with its first entries if there are any: all of it or nothing.

        StorageError where there is one already (an authority is never overwritten), or anything else.
        """
        given = require_entries(entries, head) if entries else ()
        require_authority(authority)
        database = _database(place)
        database.make()
        storage = cls(database, authority)
        try:
            with storage._alone(storage._begin_creation) as connection:
                rows.make_tables(connection, authority, storage.place)
                transaction = SqlTransaction(connection, Known(), database)
                if given:
                    transaction.append(given, head)
                storage._commit(connection, transaction)
        except BaseException:
            storage.close()
            raise
        return storage

    @classmethod
    def open(cls, place: str | os.PathLike[str], authority: bytes | None = None) -> SqlStorage:
        """The log that is there. StorageReplaced where it is another authority's than the one that is asked for."""
        storage = cls(_database(place), authority)
        try:
            with storage._alone(storage._begin_reading):
                pass
        except BaseException:
            storage.close()
            raise
        return storage

    @classmethod
    def migrate(cls, place: str | os.PathLike[str]) -> tuple[int, int]:
        """Bring the tables of an older version to this one's, in one transaction. The formats before and after."""
        storage = cls(_database(place), None)
        try:
            with storage._alone(storage._begin_creation) as connection:
                before = rows.upgrade(connection, storage.place)
                storage._commit(connection, SqlTransaction(connection, Known(), storage._database))
            return before, tables.FORMAT
        finally:
            storage.close()

    @property
    def place(self) -> str:
        """The path of the file, or the URL without its password."""
        return self._database.place

    @property
    def authority(self) -> bytes:
        """The verification key of the authority whose log this is."""
        self._mutex.require_open()
        assert self._authority is not None
        return self._authority

    def read(self, since: int = 0) -> Stored:
        """The entries from position ``since`` to the newest that any process appended, and the head."""
        with self._alone(self._begin_reading) as connection:
            return rows.read(connection, self._known, since, self.place)

    @contextlib.contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """Hold the only right to write, among all threads and processes."""
        with self._alone(self._begin_writing) as connection:
            transaction = SqlTransaction(connection, self._known, self._database)
            try:
                yield transaction
                transaction.require_going_on()
                if transaction.known.size > self._known.size:
                    self._commit(connection, transaction)
            finally:
                transaction.ended = True

    def close(self) -> None:
        """Let go of the connection."""
        self._mutex.close(self._kept.drop)

    # -- one transaction --

    @contextlib.contextmanager
    def _alone(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        """Be the only thread, on a connection with a transaction; what is not committed inside is undone."""
        with self._mutex.held():
            try:
                yield self._begun(begin)
            except DBAPIError as error:
                self._kept.drop()
                raise self._database.named(error, committing=False) from error
            except (StorageError, KeyboardInterrupt):
                self._kept.failed = True
                raise
            finally:
                try:
                    self._kept.undo()  # the first call: Ctrl-C falls between calls
                except Exception:
                    self._kept.failed = True  # SQLAlchemy has closed it already, as it does after Ctrl-C
                finally:
                    self._kept.finish()

    def _begun(self, begin: Callable[[Connection], None]) -> Connection:
        """A connection that has begun. One that was lost since it was used last is made again, once."""
        try:
            connection, new = self._kept.connected()
            try:
                begin(connection)
            except DBAPIError as error:
                if new or not self._is(StorageGone, error):
                    raise
                self._kept.drop()
                connection, _ = self._kept.connected()
                begin(connection)
            return connection
        except UnicodeError as error:  # the driver cannot say what SQLite says of names that are damaged
            raise StorageDamaged(f"{self.place} is damaged: {error}; nothing was appended") from error

    def _begin_reading(self, connection: Connection) -> None:
        self._database.begin_reading(connection)
        self._look(connection, tables.LOOK)

    def _begin_writing(self, connection: Connection) -> None:
        """Wait for the right to write, and look at what there is now."""

        def attempt() -> None:
            self._database.begin(connection)
            self._look(connection, tables.LOCK)

        self._wait(connection, attempt)

    def _begin_creation(self, connection: Connection) -> None:
        self._wait(connection, lambda: self._database.begin_creation(connection))

    def _wait(self, connection: Connection, attempt: Callable[[], None]) -> None:
        """Try until it succeeds, as long as whoever is in the way makes progress."""
        patience = Patience(self.place)
        while True:
            try:
                return attempt()
            except DBAPIError as error:
                if not self._is(StorageBusy, error):
                    raise
                connection.rollback()
            patience.ask(rows.size(connection))
            connection.rollback()

    def _look(self, connection: Connection, statement: Select[tuple[int, bytes, int, bytes]]) -> None:
        """See what log this is, and how long: AuthorityError unless it is the one of before, grown or not."""
        authority, size, head = rows.look(connection, statement, self.place)
        if self._authority is None:
            self._authority = authority
        if authority != self._authority:
            raise StorageReplaced(f"{self.place} holds the log of another authority; nothing was appended")
        self._known.require_kept(size, head)
        if size > self._known.size:
            if self._known.size:
                self._known.require_entry(rows.entry(connection, self._known.size - 1, self.place))
            self._known = Known.of(size, head, rows.entry(connection, size - 1, self.place))

    def _commit(self, connection: Connection, transaction: SqlTransaction) -> None:
        """Make it durable, where what was opened is still there before and after."""
        if not self._database.in_place():
            raise StorageReplaced(f"{self.place} was removed or replaced in the meantime; nothing was appended")
        try:
            _commit(connection)
        except DBAPIError as error:
            self._kept.drop()
            raise self._database.named(error, committing=True) from error
        self._known = transaction.known
        if not self._database.in_place():
            raise Recorded(f"{self.place} was removed or replaced during the commit; the entries may be lost")
        self._database.tidy(connection)

    def _is(self, kind: type[StorageError], error: DBAPIError) -> bool:
        return isinstance(self._database.named(error, committing=False), kind)

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
        raise TypeError("a storage is never pickled: open it again by its place")


def _database(place: str | os.PathLike[str]) -> SqliteFile | PostgresServer:
    return PostgresServer(place) if isinstance(place, str) and "://" in place else SqliteFile(place)


def _commit(connection: Connection) -> None:
    """In a place of its own, where tests let it fail."""
    commit(connection)
