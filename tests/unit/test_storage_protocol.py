"""Every storage keeps the promises of the protocol, and a storage that breaks one is noticed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from pyfe.authority.storage import MemoryStorage, Storage, Stored, create_storage, open_storage, sql
from pyfe.authority.storage.memory import _Transaction
from pyfe.authority.storage.protocol import Known
from tests.unit import postgres_cluster
from tests.unit.storage_conformance import CHECKS, Implementation, survives_kills


@pytest.fixture(scope="module", autouse=True)
def no_server_left() -> Iterator[None]:
    yield
    postgres_cluster.remove_all()


class InMemory:
    """Ends with its process."""

    durable = False
    made: type[MemoryStorage] = MemoryStorage

    def create(self, folder: Path, authority: bytes, entries: Sequence[bytes] = (), head: bytes = b"") -> Storage:
        return self.made(authority, entries, head)

    def open(self, folder: Path, authority: bytes | None = None) -> Storage:
        raise NotImplementedError

    def failing(self, moment: str) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError

    def saved(self, folder: Path) -> Callable[[], None]:
        raise NotImplementedError


class InADatabase:
    """What the databases share."""

    durable = True
    made: type[sql.SqlStorage] | None = None

    def place(self, folder: Path) -> str:
        raise NotImplementedError

    def create(self, folder: Path, authority: bytes, entries: Sequence[bytes] = (), head: bytes = b"") -> Storage:
        if self.made:
            return self.made.create(self.place(folder), authority, entries, head)
        return create_storage(self.place(folder), authority, entries, head)

    def open(self, folder: Path, authority: bytes | None = None) -> Storage:
        return open_storage(self.place(folder), authority)

    def error(self, moment: str) -> Exception:
        """What the driver raises where a commit is not made, or where nobody knows."""
        raise NotImplementedError

    @contextlib.contextmanager
    def failing(self, moment: str) -> Iterator[None]:
        def fails(connection: Any) -> None:
            if moment == "after":
                connection.commit()
            raise OperationalError("COMMIT", {}, self.error(moment))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sql, "_commit", fails)
            yield


class InAFile(InADatabase):
    """A file of SQLite."""

    def place(self, folder: Path) -> str:
        return str(folder / "authority.db")

    def error(self, moment: str) -> Exception:
        error = sqlite3.OperationalError("disk I/O error")
        codes = {"before": sqlite3.SQLITE_FULL, "after": sqlite3.SQLITE_IOERR_FSYNC}
        error.sqlite_errorcode = codes[moment]
        return error

    def saved(self, folder: Path) -> Callable[[], None]:
        copy = folder / "copy"
        copy.mkdir()
        for each in folder.glob("authority.db*"):
            shutil.copy(each, copy)

        def put_back() -> None:
            for each in list(folder.glob("authority.db*")):
                each.unlink()
            for each in copy.iterdir():
                shutil.copy(each, folder)

        return put_back


class InAServer(InADatabase):
    """A database of PostgreSQL."""

    def place(self, folder: Path) -> str:
        cluster, said = postgres_cluster.cluster(), folder / "url"
        if not said.exists():
            said.write_text(cluster.empty())
        return said.read_text()

    def error(self, moment: str) -> Exception:
        import psycopg

        kind = {"before": psycopg.errors.DiskFull, "after": psycopg.OperationalError}[moment]
        return kind("server closed the connection unexpectedly")

    def saved(self, folder: Path) -> Callable[[], None]:
        stored = open_storage(self.place(folder)).read()
        size = len(stored.entries)

        def put_back() -> None:
            postgres_cluster.cluster().ask(
                f"DELETE FROM entries WHERE position >= {size}; "
                f"UPDATE head SET size = {size}, note = '\\x{stored.head.hex()}'",
                self.place(folder),
            )

        return put_back


IMPLEMENTATIONS: dict[str, Implementation] = {"memory": InMemory(), "sqlite": InAFile(), "postgresql": InAServer()}


@pytest.mark.parametrize("promise", CHECKS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_storage_keeps_its_promises(implementation: str, promise: str, tmp_path: Path) -> None:
    if implementation == "postgresql":
        postgres_cluster.cluster()
    CHECKS[promise](IMPLEMENTATIONS[implementation], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["sqlite", "postgresql"])
def test_a_hundred_kills(implementation: str, tmp_path: Path) -> None:
    survives_kills(IMPLEMENTATIONS[implementation], tmp_path, 100)


# -- storages that break one --


class CheckThenAct(MemoryStorage):
    """Gives the right to write to everybody, a moment before it appends."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[_Transaction]:
        transaction = _Transaction(list(self._entries), self._shown[1])
        yield transaction
        time.sleep(0.002)
        self._entries += transaction.appended
        self._shown = (len(self._entries), transaction.head)


class Keeping(MemoryStorage):
    """Keeps what a block appended before it failed."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[_Transaction]:
        with super().writing() as transaction, contextlib.suppress(ZeroDivisionError):
            yield transaction
            return
        raise ZeroDivisionError


class Reversing(MemoryStorage):
    """Gives the newest entry out first."""

    def read(self, since: int = 0) -> Stored:
        found = super().read(since)
        return Stored(found.entries[::-1], found.head)


class Headless(MemoryStorage):
    """Shows entries before their head."""

    def read(self, since: int = 0) -> Stored:
        head = self._shown[1]
        time.sleep(0.002)
        return Stored(super().read(since).entries, head)


class Forked(MemoryStorage):
    """Lives on in a forked child, as a second log."""

    def _require_owner(self) -> None:
        pass


class Uncommitted(sql.SqlStorage):
    """Acknowledges entries that it has not written."""

    def _commit(self, connection: Any, transaction: Any) -> None:
        if transaction.known.size > 0:
            self._known = transaction.known
        else:
            super()._commit(connection, transaction)


class Forgetting(sql.SqlStorage):
    """Believes the database, whatever it read there before."""

    def _look(self, connection: Any, statement: Any) -> None:
        self._known = Known()
        super()._look(connection, statement)


class Halves(sql.SqlStorage):
    """Commits within its transactions."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[Any]:
        with super().writing() as transaction:
            append = transaction.append

            def hasty(entries: Sequence[bytes], head: bytes) -> None:
                append(entries, head)
                transaction._connection.commit()

            transaction.append = hasty  # type: ignore[method-assign]
            yield transaction


BROKEN: dict[type[MemoryStorage | sql.SqlStorage], str] = {
    CheckThenAct: "threads_never_append_beyond_a_count",
    Keeping: "what_a_block_appended_goes_with_its_exception",
    Reversing: "entries_stand_in_the_order_of_their_appends",
    Headless: "threads_append_without_gap_and_readers_see_prefixes",
    Forked: "a_storage_that_ends_with_its_process_is_not_forked_into_two",
    Uncommitted: "a_storage_is_opened_as_it_was_left",
    Forgetting: "an_older_log_in_its_place_is_noticed",
    Halves: "what_a_block_appended_goes_with_its_exception",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_storage_that_breaks_a_promise_is_noticed(
    broken: type[MemoryStorage | sql.SqlStorage], tmp_path: Path
) -> None:
    implementation = InMemory() if issubclass(broken, MemoryStorage) else InAFile()
    implementation.made = broken  # type: ignore[assignment]
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        CHECKS[BROKEN[broken]](implementation, tmp_path)
    assert not isinstance(caught.value, NotImplementedError | TypeError)
