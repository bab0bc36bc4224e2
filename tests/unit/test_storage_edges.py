"""Storages in the places where a fork, a damaged table or a failing system call leads: one at a time, in this process.

Real forks, kills and full disks are in test_storage_files.py and test_storage_protocol.py.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from pyfe.authority.storage import (
    MemoryStorage,
    StorageDamaged,
    StorageError,
    StorageGone,
    StorageReplaced,
    Stored,
    create_storage,
    forks,
    open_storage,
    rows,
    sqlite,
)
from pyfe.authority.storage.kept import Kept, nothing
from pyfe.authority.storage.mutex import Mutex, Ongoing
from tests.unit.storage_conformance import AUTHORITY, entries, head, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "authority.db"


def created(path: Path, count: int = 0) -> Any:
    return create_storage(path, AUTHORITY, entries(*range(count)), head(count) if count else b"")


@contextlib.contextmanager
def in_another_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever asks for the process is told another one, as in a forked child."""
    own = os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_inherited", set())
        patch.setattr(os, "getpid", lambda: own + 1)
        yield


# -- what is told of a fork --


class Told:
    """Writes down what it is told."""

    def __init__(self, ready: bool, fails: bool = False) -> None:
        self.ready, self.fails, self.heard = ready, fails, list[str]()

    def before_fork(self) -> bool:
        self.heard.append("before")
        if self.fails:
            raise StorageError("it cannot")
        return self.ready

    def after_fork_in_parent(self) -> None:
        self.heard.append("parent")

    def after_fork_in_child(self) -> None:
        self.heard.append("child")


def test_every_storage_is_told_and_the_parent_gives_back_what_was_got_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ready, inside, failing = Told(True), Told(False), Told(True, fails=True)
    monkeypatch.setattr(forks, "_storages", weakref.WeakSet())
    monkeypatch.setattr(forks, "_ready", {})
    for each in told:
        forks.on_fork(each)
    forks._before()
    assert [each.heard for each in told] == [["before"]] * 3
    forks._in_parent()
    forks._in_parent()  # of another thread's fork: nothing is ready
    assert (ready.heard, inside.heard, failing.heard) == (["before", "parent"], ["before"], ["before"])
    forks._before()
    assert forks._ready == {threading.get_ident(): [ready]}
    forks._in_child()
    assert [each.heard[-1] for each in told] == ["child"] * 3 and forks._ready == {}


def test_a_log_in_memory_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage(AUTHORITY, entries(0), head(1))
    assert storage.before_fork() is False
    storage.after_fork_in_parent()
    with in_another_process(monkeypatch):
        storage.after_fork_in_child()
        assert storage.read() == Stored(entries(0), head(1))
        with pytest.raises(StorageError, match="lives in the memory of the process that made it; a forked child"):
            put(storage, *entries(1))
    assert put(storage, *entries(1)) == 2


def test_a_child_of_a_process_inside_a_transaction_is_outside() -> None:
    storage = MemoryStorage(AUTHORITY)
    with storage.writing():
        storage.after_fork_in_child()
        assert put(storage, *entries(0)) == 1
    storage.close()
    with pytest.raises(StorageError, match="this storage of an authority is closed"):
        storage.read()
    assert storage._entries == [] and storage._shown == (0, b"")


def test_a_mutex_is_taken_for_a_fork_where_nobody_is_inside() -> None:
    mutex, outcome = Mutex("a place"), list[bool]()

    def elsewhere() -> None:
        outcome.append(mutex.acquire_idle(0.01))

    def asked() -> bool:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return outcome.pop()

    assert mutex.acquire_idle(0.01) is True
    assert asked() is False
    mutex.release()
    with mutex.held():
        assert mutex.acquire_idle(0.01) is False and asked() is False
        with pytest.raises(StorageError, match="inside a transaction"), mutex.held():
            pass
        mutex.renew()
        with mutex.held():
            pass
    assert asked() is True  # and a thread that ended keeps it
    assert mutex.acquire_idle(0.01) is False
    mutex.renew()
    assert mutex.acquire_idle(0.01) is True


def test_a_transaction_goes_on_in_its_process_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ongoing = Ongoing()
    ongoing.require_going_on()
    with in_another_process(monkeypatch), pytest.raises(StorageError, match="forked inside a transaction, which is"):
        ongoing.require_going_on()
    ongoing.ended = True
    with pytest.raises(StorageError, match="has ended; nothing of it is appended"):
        ongoing.require_going_on()


def test_a_child_connects_anew_where_nothing_was_carried(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = created(path, 1)
    assert storage.before_fork() is True and storage._kept.connection is None
    storage.after_fork_in_parent()
    assert put(storage, *entries(1)) == 2
    with storage.writing():
        assert storage.before_fork() is False and storage._kept.connection is not None
    assert storage.before_fork() is True
    with in_another_process(monkeypatch):
        storage.after_fork_in_child()
        assert put(storage, *entries(2)) == 3
        storage.close()
    assert open_storage(path).read() == Stored(entries(0, 1, 2), head(3))


def test_a_child_that_inherits_a_connection_may_not_use_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, other = created(path, 1), path.with_name("other.db")
    created(other, 1).close()
    storage.read()
    kept = storage._kept.connection
    with in_another_process(monkeypatch):
        storage.after_fork_in_child()
        assert storage._kept.connection is None and not kept.closed, "it is the parent's"
        for ask in (storage.read, lambda: open_storage(path)):
            with pytest.raises(StorageError, match=f"forked inside a transaction of {path}, and cannot use it"):
                ask()
        assert open_storage(other).read() == Stored(entries(0), head(1))
    assert storage.read() == Stored(entries(0), head(1))


# -- the one connection of a process --


class Connected:
    """A connection that notes what is asked of it."""

    def __init__(self, failing: str = "") -> None:
        self.failing, self.calls = failing, list[str]()
        self.connection = SimpleNamespace(dbapi_connection=object())

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name == self.failing:
            raise OperationalError(name, {}, Exception("lost"))

    def rollback(self) -> None:
        self._called("rollback")

    def close(self) -> None:
        self._called("close")


class Base:
    """A kind of database that gives one connection after another."""

    def __init__(self, *connections: Connected) -> None:
        self.given, self.there, self.whole, self.told = list(connections), True, True, 0

    def connect(self) -> Connected:
        return self.given.pop(0)

    def undoing(self, connection: Connected) -> Any:
        return connection.rollback

    def in_place(self) -> bool:
        return self.there

    def closable(self) -> bool:
        return self.whole

    def inherited(self) -> None:
        self.told += 1


def kept(*connections: Connected) -> tuple[Kept, Base]:
    database = Base(*connections)
    return Kept(database), database  # type: ignore[arg-type]


def test_a_connection_is_kept_from_one_transaction_to_the_next() -> None:
    one = Connected()
    keeping, _ = kept(one)
    keeping.finish()
    keeping.drop()
    assert keeping.connected() == (one, True) and keeping.undo == one.rollback
    keeping.finish()
    assert keeping.connected() == (one, False)
    keeping.finish()
    assert one.calls == ["rollback", "rollback"]
    keeping.drop()
    assert one.calls[-1] == "close" and keeping.connection is None and keeping.undo is nothing


@pytest.mark.parametrize("why", ["cut short", "replaced", "failed", "cannot be rolled back"])
def test_of_such_a_connection_nothing_is_expected(why: str) -> None:
    one, two = Connected("rollback" if why == "cannot be rolled back" else ""), Connected()
    keeping, database = kept(one, two)
    keeping.connected()
    keeping.failed = why == "failed"
    if why != "cut short":
        keeping.finish()
    database.there = why != "replaced"
    assert keeping.connected() == (two, True) and one.calls[-1] == "close"
    assert keeping.failed is False


def test_a_connection_that_cannot_be_closed_is_forgotten() -> None:
    one, two, three = Connected("close"), Connected(), Connected()
    keeping, database = kept(one, two, three)
    keeping.connected()
    keeping.drop()
    assert one.calls == ["close"] and keeping.connected() == (two, True)
    database.whole = False  # its names are another file's: closing it would remove that one's log
    keeping.drop()
    assert two.calls == [] and keeping.connected() == (three, True)


def test_the_connection_of_a_parent_is_neither_used_nor_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Connected(), Connected()
    keeping, database = kept(one, two)
    keeping.connected()
    keeping.finish()
    with in_another_process(monkeypatch):
        assert keeping.connected() == (two, True)
        assert database.told == 1 and one.calls == ["rollback"]
        keeping.finish()
        keeping.drop()
        assert two.calls == ["rollback", "close"]
        keeping.inherited()
        assert database.told == 1, "nothing was inherited"


# -- tables that are not whole --


def test_a_head_that_is_gone_ends_the_transaction(path: Path) -> None:
    storage = created(path, 1)
    with storage.writing() as transaction:
        transaction._connection.exec_driver_sql("DELETE FROM head")
        with pytest.raises(StorageDamaged, match="has no head; nothing was appended"):
            transaction.append(entries(1), head(2))
        for ask in (transaction.read, lambda: transaction.append(entries(1), head(2))):
            with pytest.raises(StorageError, match="has ended"):
                ask()
        with pytest.raises(StorageError, match="has ended"):
            transaction.require_going_on()
        transaction.ended = False  # as if it went on: nothing is committed that was not appended
    assert storage.read() == Stored(entries(0), head(1)) == open_storage(path).read()


@pytest.mark.parametrize(("gone", "named"), [(0, 0), (1, 1), (2, 2)])
def test_an_entry_that_goes_while_a_log_is_open_is_named(path: Path, gone: int, named: int) -> None:
    storage = created(path, 3)
    storage.read()
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM entries WHERE position = ?", (gone,))
    with pytest.raises(StorageDamaged, match=f"is damaged: entry {named} is missing"):
        storage.read()
    later = gone + 1
    assert storage.read(later) == Stored(entries(*range(later, 3)), head(3))
    assert storage.read(3) == Stored((), head(3))


def test_the_size_of_what_is_no_log_is_none() -> None:
    engine = create_engine("sqlite+pysqlite://")
    with engine.connect() as connection:
        assert rows.size(connection) == 0
        connection.exec_driver_sql("CREATE TABLE head (one INTEGER, size INTEGER, note BLOB)")
        assert rows.size(connection) == 0
        connection.exec_driver_sql("INSERT INTO head VALUES (1, 7, x'00')")
        assert rows.size(connection) == 7


# -- files that cannot be opened safely --


def test_a_file_that_is_replaced_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    created(path, 1).close()
    shutil.copy(path, path.with_name("copy"))
    settle = sqlite.SqliteFile._settle

    def replaced(self: Any, connection: Any) -> None:
        settle(self, connection)
        os.replace(path.with_name("copy"), path)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite.SqliteFile, "_settle", replaced)
        with pytest.raises(StorageReplaced, match="was replaced while it was opened; nothing was appended"):
            open_storage(path)


def test_a_place_without_a_write_ahead_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    created(path).close()
    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda _, **rest: connect("file::memory:", **rest))
        with pytest.raises(StorageGone, match="can keep no write-ahead log here, only: memory"):
            open_storage(path)
    assert open_storage(path).read() == Stored((), b"")


@pytest.mark.parametrize("step", ["fsync", "sync_folder"])
def test_a_disk_that_does_not_sync_what_is_read(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    created(path, 1).close()

    def fails(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else sqlite, step, fails)
        with pytest.raises(StorageGone, match=f"cannot sync the database {path}: Input/output error"):
            open_storage(path)
    assert open_storage(path).read() == Stored(entries(0), head(1))
