"""What is read from the tables, and written to them, inside a transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from pyfe.authority.storage import tables
from pyfe.authority.storage.kept import Database
from pyfe.authority.storage.mutex import Ongoing
from pyfe.authority.storage.protocol import (
    Known,
    StorageDamaged,
    StorageError,
    Stored,
    require_entries,
    require_since,
)

__all__ = ["SqlTransaction", "entry", "look", "make_tables", "read", "size", "upgrade"]


class SqlTransaction(Ongoing):
    """Entries that are in the database, and not committed."""

    def __init__(self, connection: Connection, known: Known, database: Database) -> None:
        super().__init__()
        self._connection = connection
        self._database = database
        self.known = known

    @property
    def size(self) -> int:
        """How many entries there are, those appended here included."""
        return self.known.size

    def read(self, since: int = 0) -> Stored:
        """The entries from position ``since`` on, those appended here included."""
        with self._going_on():
            return read(self._connection, self.known, since, self._database.place)

    def append(self, entries: Sequence[bytes], head: bytes) -> None:
        """Append entries. A transaction in which that fails has ended, whatever becomes of the error."""
        given = require_entries(entries, head)
        with self._going_on():
            at = self.known.size
            self._connection.execute(
                tables.APPEND, [{"position": at + n, "entry": given[n]} for n in range(len(given))]
            )
            done = self._connection.execute(tables.ADVANCE, {"size": at + len(given), "note": head})
            if done.rowcount != 1:
                raise StorageDamaged(f"{self._database.place} has no head; nothing was appended")
            self.known = Known.of(at + len(given), head, given[-1])

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        self.require_going_on()
        try:
            yield
        except (DBAPIError, StorageError, KeyboardInterrupt) as error:
            self.ended = True
            if isinstance(error, DBAPIError):
                raise self._database.named(error, committing=False) from error
            raise


def look(connection: Connection, statement: Select[Any], place: str) -> tuple[bytes, int, bytes]:
    """Authority, size and head. StorageDamaged for what is none, or of another format."""
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise StorageDamaged(f"{place} holds no authority; nothing was appended")
    written, authority, size, head = row
    _require_format(written, place, oldest=tables.FORMAT)
    if not (isinstance(authority, bytes) and isinstance(size, int) and size >= 0 and isinstance(head, bytes)):
        raise StorageDamaged(f"{place} is damaged: what it says of itself is not of the right types")
    return authority, size, head


def entry(connection: Connection, at: int, place: str) -> bytes:
    """The entry at a position. StorageDamaged where it is missing."""
    return _bytes(connection.execute(tables.ENTRY, {"at": at}).scalar_one_or_none(), at, place)


def read(connection: Connection, known: Known, since: int, place: str) -> Stored:
    """The entries from a position on, of a log that was looked at. StorageDamaged where one is missing."""
    require_since(since, known.size)
    found = connection.execute(tables.SINCE, {"since": since, "size": known.size}).all() if since < known.size else []
    for at, (position, _) in enumerate(found, since):
        if position != at:
            raise StorageDamaged(f"{place} is damaged: entry {at} is missing")
    if len(found) != known.size - since:
        raise StorageDamaged(f"{place} is damaged: entry {since + len(found)} is missing")
    return Stored(tuple(_bytes(data, at, place) for at, data in found), known.head)


def size(connection: Connection) -> int:
    """How long the log is, for who waits; 0 where there is none yet."""
    try:
        return int(connection.execute(select(tables.HEAD.c.size)).scalar_one_or_none() or 0)
    except DBAPIError:
        return 0


def make_tables(connection: Connection, authority: bytes, place: str) -> None:
    """The tables of a log without entries. StorageError where there are any tables."""
    found = inspect(connection).get_table_names()
    if found:
        what = "an authority, which is never overwritten" if "about" in found else f"the table {sorted(found)[0]!r}"
        raise StorageError(f"{place} exists already, and holds {what}; nothing was made")
    _migrate(connection)
    connection.execute(insert(tables.ABOUT).values(one=1, format=tables.FORMAT, authority=authority))
    connection.execute(insert(tables.HEAD).values(one=1, size=0, note=b""))


def upgrade(connection: Connection, place: str) -> int:
    """Bring the tables to the newest format; the one before."""
    written = connection.execute(select(tables.ABOUT.c.format)).scalar_one_or_none()
    before = _require_format(written, place, oldest=1)
    if before != tables.FORMAT:
        _migrate(connection)
    return before


def _migrate(connection: Connection) -> None:
    from pyfe.authority.storage import migrating  # here: alembic is of no use to who opens a log

    migrating.to_newest(connection)


def _require_format(written: object, place: str, oldest: int) -> int:
    """The format. StorageDamaged unless this version reads it."""
    if not isinstance(written, int) or written < 1:
        raise StorageDamaged(f"{place} is damaged: it has no format")
    if written > tables.FORMAT:
        raise StorageDamaged(
            f"{place} was written by a newer pyfe: it has format {written}, and this version reads {tables.FORMAT}. "
            "Update pyfe"
        )
    if written < oldest:
        raise StorageDamaged(f"{place} has the older format {written}: run pyfe authority migrate")
    return written


def _bytes(value: object, at: int, place: str) -> bytes:
    if not isinstance(value, bytes):
        raise StorageDamaged(f"{place} is damaged: entry {at} is {'missing' if value is None else 'no bytes'}")
    return value
