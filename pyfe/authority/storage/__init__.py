"""Where an authority keeps its log: append-only entries and a signed head, behind one protocol.

================  ======================================================================================
``protocol``      :class:`Storage` and :class:`Transaction`, their errors, and what a storage remembers
``memory``        entries that last as long as the process
``sql``           entries in a database; ``rows`` and ``tables`` are what is asked of it
``sqlite``        a file; ``postgres`` a server; ``kept`` the one connection of a process to either
``migrating``     runs ``migrations``, which make the tables and bring older ones up to date
``mutex``         one thread at a time; ``waiting`` for how long, ``forks`` what a fork does to all of them
================  ======================================================================================

SQLAlchemy is imported when a database is opened, and alembic when one is made: by the functions here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from pyfe.authority.storage.memory import MemoryStorage
from pyfe.authority.storage.protocol import (
    Recorded,
    Storage,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageGone,
    StorageReplaced,
    Stored,
    Transaction,
)

__all__ = [
    "MemoryStorage",
    "Recorded",
    "Storage",
    "StorageBusy",
    "StorageDamaged",
    "StorageError",
    "StorageFull",
    "StorageGone",
    "StorageReplaced",
    "Stored",
    "Transaction",
    "create_storage",
    "migrate_storage",
    "open_storage",
    "require_plain_url",
]


def create_storage(
    place: str | os.PathLike[str], authority: bytes, entries: Sequence[bytes] = (), head: bytes = b""
) -> Storage:
    """A new log of the authority with this verification key, in a file or at ``postgresql://host/database``.

    With its first entries, if there are any: all of it is durable, or nothing is there that a next creation would not
    take. StorageError where there is one already, or anything else.
    """
    from pyfe.authority.storage.sql import SqlStorage

    return SqlStorage.create(place, authority, entries, head)


def open_storage(place: str | os.PathLike[str], authority: bytes | None = None) -> Storage:
    """The log that is there. StorageReplaced where it is another authority's than the one that is asked for."""
    from pyfe.authority.storage.sql import SqlStorage

    return SqlStorage.open(place, authority)


def require_plain_url(url: str) -> None:
    """ParameterError for what is no URL of a server, for one that holds a password, and for words that may hold one or
    that this does not know."""
    from pyfe.authority.storage.postgres import require_plain

    require_plain(url)


def migrate_storage(place: str | os.PathLike[str]) -> tuple[int, int]:
    """Bring a log that an older version wrote to the format of this one, in one transaction. The formats before and
    after, which are equal where there was nothing to do."""
    from pyfe.authority.storage.sql import SqlStorage

    return SqlStorage.migrate(place)
