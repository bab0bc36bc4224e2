"""A log in a database of PostgreSQL of its own.

One writer at a time: it has the row of the head FOR UPDATE. So READ COMMITTED is the right level: every statement after
the lock sees what the holder before committed. At SERIALIZABLE or REPEATABLE READ the snapshot would be older than the
lock, and whoever waited would fail and begin again.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from pyfe.authority.storage import waiting
from pyfe.authority.storage.kept import nothing
from pyfe.authority.storage.protocol import (
    Recorded,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageGone,
)
from pyfe.errors import ParameterError

__all__ = ["PostgresServer", "require_plain"]

_CREATION = 0x70796665  # "pyfe": the number of the lock that keeps creations apart


_PLAIN = frozenset(
    ("application_name", "connect_timeout", "host", "options", "port", "sslmode", "sslrootcert", "target_session_attrs")
)
"""What a URL may say of the connection: no secret among it."""


def require_plain(url: str) -> None:
    """ParameterError for a URL with a password, or with words that are not known."""
    parsed = _parsed(url)
    if parsed.password is not None:
        raise ParameterError("the URL of a log holds no password: put it into ~/.pgpass")
    unknown = sorted(set(parsed.query) - _PLAIN)
    if unknown:
        raise ParameterError(f"the URL of a log says {unknown[0][:40]!r}, and may say {', '.join(sorted(_PLAIN))}")


class PostgresServer:
    """A kind of database: see :class:`pyfe.authority.storage.kept.Database`."""

    def __init__(self, url: str) -> None:
        """ParameterError for what is no URL of PostgreSQL; StorageError without the package psycopg."""
        parsed = _parsed(url)
        self.place = parsed.render_as_string(hide_password=True)
        try:
            self._engine = create_engine(parsed, poolclass=NullPool, isolation_level="READ COMMITTED")
        except ImportError as error:
            raise StorageError("PostgreSQL needs psycopg: pip install 'pyfe-crypto[postgres]'") from error

    def make(self) -> None:
        """The database must be there: who may make one is not for us to say."""

    def connect(self) -> Connection:
        """A new connection. StorageGone where the server's settings let it lose what it committed."""
        connection = self._engine.connect()
        try:
            if _setting(connection, "fsync") != "on":
                raise StorageGone(f"{self.place} runs with fsync = off: what it commits does not survive a crash")
            if _setting(connection, "synchronous_commit") in ("off", "local"):
                connection.exec_driver_sql("SET SESSION synchronous_commit = on")
            connection.exec_driver_sql(f"SET SESSION lock_timeout = {int(waiting.SLICE_SECONDS * 1000)}")
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    def begin_reading(self, connection: Connection) -> None:
        """The driver begins by itself. What is asked first is the head: no entry of it can be missing later."""

    def begin(self, connection: Connection) -> None:
        """The driver begins by itself; what is asked first takes the lock."""

    def begin_creation(self, connection: Connection) -> None:
        """Wait for other creations in this database."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION})").close()

    def undoing(self, connection: Connection) -> Callable[[], object]:
        """Nothing: a connection whose transaction did not end is closed before it is used again."""
        return nothing

    def in_place(self) -> bool:
        """A server is where its address is."""
        return True

    def closable(self) -> bool:
        """Nothing is removed."""
        return True

    def tidy(self, connection: Connection) -> None:
        """The server tidies up itself."""

    def named(self, error: DBAPIError, committing: bool) -> StorageError:
        """By the state that the server says; where it says none, the connection is lost."""
        state = getattr(error.orig, "sqlstate", None) or ""
        lost = not state or state.startswith(("08", "57P", "XX000"))
        if committing and lost:
            return Recorded(
                f"{self.place} was lost in the commit: {error.orig}; the entries may be in the log. Read it"
            )
        kind, what = next(
            (found for start, found in _KINDS.items() if state.startswith(start)), (StorageGone, "failed")
        )
        return kind(f"{self.place} {what}: {str(error.orig).strip()}; nothing was appended")

    def inherited(self) -> None:
        """A child connects anew; the connection of its parent is not closed, which the server would hear."""


_KINDS: dict[str, tuple[type[StorageError], str]] = {
    "55P03": (StorageBusy, "is locked"),
    "40": (StorageBusy, "is locked"),
    "53": (StorageFull, "has no room"),
    "XX001": (StorageDamaged, "is damaged"),
    "XX002": (StorageDamaged, "is damaged"),
    "42P01": (StorageDamaged, "holds no authority"),
    "42703": (StorageDamaged, "holds no authority"),
    "23": (StorageDamaged, "is not whole"),
    "25006": (StorageGone, "cannot be written"),
}
"""By the beginning of the state (PostgreSQL's manual, appendix A); all others are StorageGone."""


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise ArgumentError("not of PostgreSQL")
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ParameterError(
            "the place of an authority is the path of a file or a URL postgresql://host/database"
        ) from error
    return parsed.set(drivername="postgresql+psycopg")


def _setting(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
