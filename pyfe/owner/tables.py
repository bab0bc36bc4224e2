"""The tables of an owner's ledger, and what is asked of them."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    update,
)

from pyfe.authority.storage.tables import Bytes

__all__ = ["ABOUT", "ASKED", "COUNT", "FORMAT", "MASTERS", "METADATA", "PATIENTS", "RECORD", "SETS", "TABLES", "TURN"]

FORMAT = 1
"""The version of the tables that this code reads and writes."""

METADATA = MetaData()

ABOUT = Table(
    "about",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("owner", Bytes, nullable=False),
    Column("turn", Integer, nullable=False),
)
TABLES = Table(
    "tables",
    METADATA,
    Column("authority", Bytes, primary_key=True),
    Column("signed", Bytes, nullable=False),
)
"""Of each authority, the newest table of its epochs that the owner saw."""

MASTERS = Table(
    "masters",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("authority", Bytes, nullable=False),
    Column("public_key_id", Bytes, nullable=False),
    UniqueConstraint("authority", "public_key_id"),
)
"""The master keys under which somebody was encrypted."""

SETS = Table(
    "sets",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("masters", Text, nullable=False, unique=True),
)
"""Sets of master keys, as their numbers in order: ``1 2 5``."""

PATIENTS = Table(
    "patients",
    METADATA,
    Column("record", Bytes, primary_key=True),
    Column("met", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Keyed hash of a record id -> the set of master keys that it met."""

ASKED = Table(
    "asked",
    MetaData(),
    Column("record", Bytes, primary_key=True),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
"""The records of one question, in memory."""

TURN = update(ABOUT).values(turn=ABOUT.c.turn + 1)

_BESIDE = ASKED.join(PATIENTS, ASKED.c.record == PATIENTS.c.record, isouter=True)

COUNT = select(PATIENTS.c.met, func.count()).select_from(_BESIDE).group_by(PATIENTS.c.met)
"""How many of the records asked for met which set; None: they are new."""

RECORD = (
    insert(PATIENTS)
    .prefix_with("OR REPLACE")
    .from_select(
        ["record", "met"],
        select(ASKED.c.record, bindparam("now", type_=Integer))
        .select_from(_BESIDE)
        .where(PATIENTS.c.met.is_not_distinct_from(bindparam("before", type_=Integer))),
    )
)
"""Those of the records asked for that met one set meet another now."""
