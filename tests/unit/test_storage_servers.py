"""A log on a server: its settings, its restarts and crashes, lost connections, and what else is there."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pyfe import ParameterError
from pyfe.authority.storage import (
    Recorded,
    Storage,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageGone,
    StorageReplaced,
    Stored,
    create_storage,
    migrate_storage,
    open_storage,
    sql,
    waiting,
)
from pyfe.authority.storage.postgres import PostgresServer
from tests.unit import postgres_cluster
from tests.unit.postgres_cluster import Cluster
from tests.unit.storage_conformance import AUTHORITY, entries, head, in_child, put, said


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield postgres_cluster.cluster()
    postgres_cluster.remove_all()


@pytest.fixture
def url(cluster: Cluster) -> str:
    """An empty schema."""
    return cluster.empty()


def created(url: str, count: int = 1) -> Storage:
    return create_storage(url, AUTHORITY, entries(*range(count)), head(count))


def whole(storage: Storage, count: int) -> bool:
    return storage.read() == Stored(entries(*range(count)), head(count))


def lost(cluster: Cluster) -> None:
    """End every other session, as an administrator or a network does."""
    cluster.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_a_server_that_may_lose_what_it_committed_is_refused(cluster: Cluster, url: str) -> None:
    created(url).close()
    cluster.stop("fast")
    cluster.start("-F")
    with pytest.raises(StorageGone, match="fsync = off"):
        open_storage(url)
    cluster.stop("fast")
    cluster.start("-c synchronous_commit=off")
    storage = open_storage(url)
    assert isinstance(storage, sql.SqlStorage) and put(storage, *entries(1)) == 2
    assert storage._kept.connection is not None
    assert storage._kept.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    cluster.stop("fast")
    cluster.start()
    assert whole(storage, 2)


def test_a_server_that_was_started_anew_is_used_again(cluster: Cluster, url: str) -> None:
    storage = created(url)
    cluster.stop()
    for ask in (storage.read, lambda: put(storage, *entries(1)), lambda: open_storage(url)):
        with pytest.raises(StorageGone, match="nothing was appended"):
            ask()
    cluster.start()
    assert put(storage, *entries(1)) == 2
    cluster.stop()
    cluster.start()
    assert put(storage, *entries(2)) == 3 and whole(open_storage(url), 3)


def test_a_connection_that_is_lost_inside_a_transaction_appends_nothing(cluster: Cluster, url: str) -> None:
    storage = created(url)
    with pytest.raises(StorageGone, match="nothing was appended"), storage.writing() as transaction:
        transaction.append(entries(1), head(2))
        lost(cluster)
        transaction.append(entries(2), head(3))
    assert whole(storage, 1)
    with pytest.raises(Recorded, match="may be in the log"), storage.writing() as transaction:
        transaction.append(entries(1), head(2))
        lost(cluster)
    assert whole(storage, 1) and put(storage, *entries(1)) == 2


@pytest.mark.slow
def test_acknowledged_entries_survive_crashes_of_the_server(cluster: Cluster, url: str, seed: int) -> None:
    storage, draw = created(url), random.Random(seed)

    def work(writer: int) -> None:
        mine = open_storage(url)
        for number in range(len(mine.read().entries), 10**6):
            put(mine, *entries(number))
            os.write(writer, b"%d\n" % (number + 1))

    for _ in range(10):
        pid, reader = in_child(work)
        time.sleep(draw.uniform(0.1, 0.5))
        cluster.stop()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        acknowledged = max(map(int, said(reader)), default=0)
        cluster.start()
        size = len(storage.read().entries)
        assert size >= acknowledged and whole(storage, size)


def test_a_holder_without_progress_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOCK_SECONDS", 0.4)
    holder, storage = created(url), open_storage(url)
    with holder.writing() as transaction:
        with pytest.raises(StorageBusy, match="no progress for 0.4 s"):
            put(storage, *entries(1))
        transaction.append(entries(1), head(2))
    assert put(storage, *entries(2)) == 3


def test_a_trigger_that_fails_one_insert(cluster: Cluster, url: str) -> None:
    storage = created(url)
    cluster.ask(
        "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE disk_full; END$$;"
        "CREATE TRIGGER once BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION fails()",
        url,
    )
    with pytest.raises(StorageError, match="has no room.*nothing was appended"):
        put(storage, *entries(1))
    cluster.ask("DROP TRIGGER once ON entries", url)
    assert put(storage, *entries(1)) == 2


@pytest.mark.parametrize(
    ("statement", "kind", "match"),
    [
        ("DELETE FROM entries WHERE position = 0", StorageDamaged, "entry 0 is missing"),
        ("DELETE FROM head", StorageDamaged, "holds no authority"),
        ("DROP TABLE about", StorageDamaged, "holds no authority"),
        ("ALTER TABLE head DROP note", StorageDamaged, "holds no authority"),
        ("UPDATE about SET format = 2", StorageDamaged, "written by a newer pyfe"),
        ("UPDATE about SET authority = '\\x00'", StorageReplaced, "another authority"),
    ],
)
def test_what_is_no_whole_log_is_named(
    cluster: Cluster, url: str, statement: str, kind: type[StorageError], match: str
) -> None:
    created(url, 3).close()
    cluster.ask(statement, url)
    with pytest.raises(kind, match=match), contextlib.closing(open_storage(url, AUTHORITY)) as storage:
        storage.read()


def test_a_database_for_reading_only(cluster: Cluster, url: str) -> None:
    storage = created(url)
    reading = url.replace("options=", "options=-cdefault_transaction_read_only%3Don%20")
    other = open_storage(reading)
    assert whole(other, 1)
    with pytest.raises(StorageGone, match="cannot be written.*nothing was appended"):
        put(other, *entries(1))
    assert put(storage, *entries(1)) == 2


def test_nothing_of_others_is_overwritten(cluster: Cluster, url: str) -> None:
    cluster.ask("CREATE TABLE patients (name text)", url)
    with pytest.raises(StorageError, match="holds the table 'patients'"):
        created(url)
    with pytest.raises(StorageDamaged, match="holds no authority"):
        open_storage(url)


def test_there_is_nothing_to_migrate(url: str) -> None:
    created(url).close()
    assert migrate_storage(url) == (1, 1) and whole(open_storage(url), 1)


def test_no_password_is_shown() -> None:
    place = "postgresql://officer:s3cret@localhost:1/log"
    assert PostgresServer(place).place == "postgresql+psycopg://officer:***@localhost:1/log"
    with pytest.raises(StorageGone) as caught:
        open_storage(place)
    assert "s3cret" not in str(caught.value)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r"pyfe-crypto\[postgres\]"):
        open_storage("postgresql://localhost/log")


@pytest.mark.parametrize("place", ["mysql://h/d", "://", "x://y", "postgresql://h:port/d", "sqlite:///file"])
def test_addresses_that_are_none(place: Any) -> None:
    with pytest.raises(ParameterError, match="postgresql://host/database"):
        open_storage(place)
