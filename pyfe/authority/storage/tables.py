"""The tables of a log and what is asked of them, in words that SQLite and PostgreSQL share.

``migrations`` makes the tables; a test holds both against each other.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    TypeDecorator,
    bindparam,
    insert,
    select,
    update,
)

__all__ = ["ABOUT", "ADVANCE", "APPEND", "ENTRY", "FORMAT", "HEAD", "LOCK", "LOOK", "METADATA", "SINCE"]

FORMAT = 1
"""The version of the tables that this code reads and writes: that of the newest migration."""

METADATA = MetaData()


class Bytes(TypeDecorator[bytes]):
    """A column of bytes whose values come as the driver gives them: a damaged file may hold a number there, of which
    ``bytes()`` would make so many zeros."""

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        """None: no processor."""


ENTRIES = Table(
    "entries",
    METADATA,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("entry", Bytes, nullable=False),
)
HEAD = Table(
    "head",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("note", Bytes, nullable=False),
)
ABOUT = Table(
    "about",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("authority", Bytes, nullable=False),
)

LOOK = select(ABOUT.c.format, ABOUT.c.authority, HEAD.c.size, HEAD.c.note).join_from(
    ABOUT, HEAD, ABOUT.c.one == HEAD.c.one
)
"""One row: what the log is, and how long."""

LOCK = LOOK.with_for_update(of=HEAD)
"""The same, and nobody else may have it so until the transaction ends (SQLite has one writer at a time anyway)."""

ENTRY = select(ENTRIES.c.entry).where(ENTRIES.c.position == bindparam("at"))
SINCE = (
    select(ENTRIES.c.position, ENTRIES.c.entry)
    .where(ENTRIES.c.position >= bindparam("since"), ENTRIES.c.position < bindparam("size"))
    .order_by(ENTRIES.c.position)
)
APPEND = insert(ENTRIES)
ADVANCE = update(HEAD).where(HEAD.c.one == 1)
