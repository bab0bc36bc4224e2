"""The one connection to a database that a process keeps, and what storages ask of a kind of database."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pyfe.authority.storage.protocol import StorageError

__all__ = ["Database", "Kept", "nothing"]


class Database(Protocol):
    """A kind of database. Errors of drivers come through as they are, and are named by :meth:`named`."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def connect(self) -> Connection:
        """A new connection, through which nothing is seen that a crash of the machine could take back."""
        ...

    def begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that only reads."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin one that writes; where the kind has one writer, wait a slice of time to be it."""
        ...

    def begin_creation(self, connection: Connection) -> None:
        """Begin a transaction that keeps every other creation out."""
        ...

    def undoing(self, connection: Connection) -> Callable[[], object]:
        """What rolls back at once, for kinds whose lock would stay if Ctrl-C came before; for others, nothing."""
        ...

    def in_place(self) -> bool:
        """Whether what was connected to is still what has the name."""
        ...

    def closable(self) -> bool:
        """Whether closing a connection removes nothing that is another's by now."""
        ...

    def tidy(self, connection: Connection) -> None:
        """What may be done after a commit. Fails in silence."""
        ...

    def named(self, error: DBAPIError, committing: bool) -> StorageError:
        """An error of the driver by its name; Recorded where it came of a commit that may have been made."""
        ...

    def inherited(self) -> None:
        """This process is a fork of one that is connected."""
        ...


class Kept:
    """A connection that is made when it is asked for, and a way to roll back that Ctrl-C cannot come before.

    ``failed`` is for its user to set: then it ends with the transaction.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection: Connection | None = None
        self.undo: Callable[[], object] = nothing
        self._raw: object = None
        self.failed = False
        self._going_on = False
        self._process = os.getpid()

    def connected(self) -> tuple[Connection, bool]:
        """The connection, and whether it is new. Connects anew after an end that was cut short, and where the database
        was replaced."""
        if self._process != os.getpid():
            self.inherited()
        if self.connection is not None and (self._going_on or not self.database.in_place()):
            self.drop()
        new = self.connection is None
        if self.connection is None:
            self.connection = self.database.connect()
            self._raw = self.connection.connection.dbapi_connection
            self.undo = self.database.undoing(self.connection)
        self._going_on, self.failed = True, False
        return self.connection, new

    def finish(self) -> None:
        """End the transaction as far as SQLAlchemy, too, knows of one. Of a connection on which something failed, or
        for which that fails, nothing is expected any more: the next transaction has a new one."""
        if self.connection is None:
            return
        try:
            self.connection.rollback()
        except SQLAlchemyError:
            self.failed = True
        if self.failed:
            self.drop()
        self._going_on = False

    def drop(self) -> None:
        """Close the connection, and forget it.

        A connection to a file of SQLite that was replaced is not closed, not even at the end of the process: the last
        one to close removes the write-ahead log by its name, and that is another database's by now.
        """
        connection, raw = self.connection, self._raw
        self.connection, self._raw, self.undo = None, None, nothing
        if connection is None:
            return
        if self._process == os.getpid() and self.database.closable():
            with contextlib.suppress(SQLAlchemyError):
                connection.close()
        else:
            for each in (connection, raw):  # one reference too many: nothing closes it
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(each))

    def inherited(self) -> None:
        """In a forked child: never use, and never close, the connection of the parent."""
        if self.connection is not None:
            self.database.inherited()
            self.drop()
        self._process = os.getpid()


def commit(connection: Connection) -> None:
    """Make it durable. Ctrl-C that falls between SQLAlchemy's steps comes out of it as an assertion of its own: it is
    Ctrl-C all the same."""
    try:
        connection.commit()
    except AssertionError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise


def nothing() -> None:
    """Where there is nothing to undo."""
