"""A log in a file of SQLite: one name, mode 0600, a write-ahead log that is synced with every commit.

The file itself must never be opened by other means in a process that has it open here: closing a descriptor of it gives
up the locks of SQLite (``os.stat`` is harmless; ``fsync`` of the write-ahead log, on which no lock lies, too).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from pyfe.arguments import path_of
from pyfe.authority.storage import waiting
from pyfe.authority.storage.protocol import (
    Recorded,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageGone,
    StorageReplaced,
)
from pyfe.durable import sync_folder
from pyfe.errors import ParameterError

__all__ = ["SqliteFile"]

CONNECT_SECONDS = 10.0
"""How long to wait for a process that recovers the file, or is the last to close it."""

CHECKPOINT_SIZE = 2**22
"""Size of the write-ahead log, in bytes, from which on its pages are moved to the file after a commit."""

SETTINGS = {
    "synchronous": "FULL",  # a commit is durable when it returns; NORMAL and OFF lose the newest ones
    "wal_autocheckpoint": "0",  # it would run inside COMMIT, whose error then said nothing about the commit
    "cell_size_check": "ON",
    "trusted_schema": "OFF",
    "temp_store": "MEMORY",
}

_inherited: set[tuple[int, ...]] = set()
"""Files that this process inherited a connection to: what SQLite knows of their locks is the parent's."""


class _Connection(sqlite3.Connection):
    """Gives its locks back when it is closed. SQLite keeps a closed connection, and its locks, as long as a statement
    of it lives; SQLAlchemy closes one at once after Ctrl-C, while the traceback still holds the statement."""

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.rollback()
        super().close()


class SqliteFile:
    """A kind of database: see :class:`pyfe.authority.storage.kept.Database`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """ParameterError for what is no path. Symbolic links are followed here, once."""
        self.path = _resolved(path)
        self.place = str(self.path)
        self._names = [str(self.path) + ending for ending in ("", "-wal", "-shm")]
        self._seen: list[tuple[int, ...] | None] = []
        self._engine = create_engine("sqlite+pysqlite://", creator=self._driver, poolclass=NullPool)

    def make(self) -> None:
        """An empty file, if there is none: readable by its owner alone, its name durable."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, flags, 0o600))
                sync_folder(self.path.parent)
        except OSError as error:
            raise StorageGone(f"cannot make the database {self.place}: {error.strerror}") from error

    def connect(self) -> Connection:
        """A new connection, with everything that it can see on the disk."""
        before = self._require_plain()
        if (before.st_dev, before.st_ino) in _inherited:
            raise StorageError(
                f"this process was forked inside a transaction of {self.place}, and cannot use it: SQLite allows no "
                "connection across a fork. Open it in a process that was started before or after, or anew"
            )
        connection = self._engine.connect()
        try:
            self._settle(connection)
            self._seen = self._identities()
            if self._seen[0] != _identity(before):
                raise StorageReplaced(f"{self.place} was replaced while it was opened; nothing was appended")
        except BaseException:
            connection.close()
            raise
        return connection

    def begin_reading(self, connection: Connection) -> None:
        """Read one state. Pages in memory are forgotten first: the file may have been copied over."""
        connection.exec_driver_sql("PRAGMA shrink_memory")
        connection.exec_driver_sql("BEGIN")

    def begin(self, connection: Connection) -> None:
        """Become the one writer."""
        connection.exec_driver_sql("PRAGMA shrink_memory")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    begin_creation = begin

    def undoing(self, connection: Connection) -> Callable[[], object]:
        """The driver's own call, which is one step for the interpreter."""
        raw = connection.connection.dbapi_connection
        assert raw is not None
        return raw.rollback

    def in_place(self) -> bool:
        """Whether file, write-ahead log and shared memory are still the ones that were opened, each with one name."""
        return self._identities() == self._seen

    def closable(self) -> bool:
        """Whether none of the names is another file's. Where they are gone, closing saves what can be saved."""
        now = self._identities()
        return all(
            one is None or (seen is not None and one[:2] == seen[:2]) for one, seen in zip(now, self._seen, strict=True)
        )

    def tidy(self, connection: Connection) -> None:
        """Move pages from the write-ahead log to the file when they have become many."""
        with contextlib.suppress(OSError, DBAPIError):
            if os.lstat(self._names[1]).st_size > CHECKPOINT_SIZE:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").close()

    def named(self, error: DBAPIError, committing: bool) -> StorageError:
        """By SQLite's code. What failed while frames were written was not committed: the last frame commits."""
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        written = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
        if committing and not written:
            return Recorded(
                f"the database {self.place} failed in the commit: {error.orig}; the entries may be in the log. Read it"
            )
        kind, what = _KINDS.get(code & 0xFF, (StorageGone, "failed"))
        return kind(f"the database {self.place} {what}: {error.orig}; nothing was appended")

    def inherited(self) -> None:
        """Refuse the file from now on, in this process."""
        _inherited.update(seen[:2] for seen in self._seen[:1] if seen is not None)

    def _driver(self) -> sqlite3.Connection:
        uri = f"file:{quote(self.place)}?mode=rw"  # rw: a file that is gone is not made anew
        made = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=CONNECT_SECONDS, factory=_Connection
        )
        try:
            for name, value in SETTINGS.items():
                made.execute(f"PRAGMA {name}={value}").close()
            [mode] = made.execute("PRAGMA journal_mode=WAL").fetchone()
            if mode != "wal":
                raise StorageGone(f"the database {self.place} can keep no write-ahead log here, only: {mode}")
            made.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            made.close()
            raise
        return made

    def _settle(self, connection: Connection) -> None:
        """Put on the disk what can be read: a process that was killed between write and fsync may have left commits
        that are in the memory of the kernel only. Where nobody else has the file open, the write-ahead log is emptied:
        after an fsync that failed, syncing it again would prove nothing, but its pages are written anew. Its name is
        made durable here: SQLite does so too, but ignores a failure."""
        connection.exec_driver_sql("PRAGMA busy_timeout=0").close()
        with contextlib.suppress(DBAPIError):
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(waiting.SLICE_SECONDS * 1000)}").close()
        try:
            descriptor = os.open(self._names[1], os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self.path.parent)
        except OSError as error:
            raise StorageGone(f"cannot sync the database {self.place}: {error.strerror}") from error

    def _require_plain(self) -> os.stat_result:
        """StorageGone unless the file is one, under one name."""
        try:
            status = os.lstat(self.path)
        except OSError as error:
            raise StorageGone(f"cannot open the database {self.place}: {error.strerror}") from error
        if not stat.S_ISREG(status.st_mode):
            raise StorageGone(f"cannot open the database {self.place}: it is not a file")
        if status.st_nlink != 1:
            raise StorageGone(
                f"the database {self.place} has {status.st_nlink} names (hard links); each would have a write-ahead "
                "log of its own. Remove the others"
            )
        return status

    def _identities(self) -> list[tuple[int, ...] | None]:
        found: list[tuple[int, ...] | None] = []
        for name in self._names:
            try:
                found.append(_identity(os.lstat(name)))
            except OSError:
                found.append(None)
        return found


_KINDS: dict[int, tuple[type[StorageError], str]] = {
    sqlite3.SQLITE_BUSY: (StorageBusy, "is locked"),
    sqlite3.SQLITE_LOCKED: (StorageBusy, "is locked"),
    sqlite3.SQLITE_FULL: (StorageFull, "has no room"),
    sqlite3.SQLITE_CORRUPT: (StorageDamaged, "is damaged"),
    sqlite3.SQLITE_NOTADB: (StorageDamaged, "is none"),
    sqlite3.SQLITE_ERROR: (StorageDamaged, "is not that of an authority, or its creation did not finish"),
    sqlite3.SQLITE_CONSTRAINT: (StorageDamaged, "is not whole"),
    sqlite3.SQLITE_MISMATCH: (StorageDamaged, "is not whole"),
    sqlite3.SQLITE_READONLY: (StorageGone, "cannot be written"),
}
"""By SQLite's primary code; all others are StorageGone."""


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_nlink


def _resolved(path: str | os.PathLike[str]) -> Path:
    """The path without symbolic links, so that every name of a file leads to one write-ahead log."""
    resolved = Path(os.path.realpath(path_of(path, "the path of an authority")))
    if not resolved.name:
        raise ParameterError(f"the path of an authority names a file, and {resolved} is a folder")
    return resolved
