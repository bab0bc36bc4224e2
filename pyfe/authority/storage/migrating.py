"""The tables of a database made, or brought to the newest format, inside a transaction of the caller's."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, update

from pyfe.authority.storage.tables import ABOUT, FORMAT

__all__ = ["to_newest"]

MIGRATIONS = Path(__file__).with_name("migrations")


def to_newest(connection: Connection) -> None:
    """Run the migrations that the database lacks. Whoever calls has the right to write, and commits."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.execute(update(ABOUT).values(format=FORMAT))
