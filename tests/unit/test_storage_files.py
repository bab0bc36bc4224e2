"""A log in one file: links, modes, locks, forks, Ctrl-C, what is put in its place, no room, and damage."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from pyfe import AuthorityError, ParameterError
from pyfe.authority.storage import (
    Recorded,
    Storage,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageGone,
    StorageReplaced,
    Stored,
    create_storage,
    forks,
    migrate_storage,
    migrating,
    open_storage,
    sql,
    sqlite,
    tables,
    waiting,
)
from pyfe.authority.storage.kept import commit
from tests.unit.storage_conformance import AUTHORITY, ended, entries, head, in_child, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder / "authority.db"


def created(path: Path, count: int = 0) -> Storage:
    return create_storage(path, AUTHORITY, entries(*range(count)), head(count) if count else b"")


def whole(storage: Storage, count: int) -> bool:
    return storage.read() == Stored(entries(*range(count)), head(count) if count else b"")


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """The database by other means, while nothing here has it open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        yield connection
    finally:
        connection.close()


# -- names and modes --


@pytest.mark.parametrize("kind", ["file", "chain", "folder"])
def test_every_symbolic_link_leads_to_one_log(path: Path, tmp_path: Path, kind: str) -> None:
    real, link = created(path), tmp_path / "link.db"
    if kind == "folder":
        (tmp_path / "folder").symlink_to(path.parent)
        link = tmp_path / "folder" / path.name
    else:
        (tmp_path / "first.db").symlink_to(path)
        link.symlink_to(tmp_path / "first.db" if kind == "chain" else path)
    put(open_storage(link), *entries(0))
    assert whole(real, 1) and sorted(tmp_path.rglob("*-wal")) == [path.with_name(path.name + "-wal")]


def test_a_link_turned_elsewhere_does_not_move_the_log(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    through = created(link)  # a link to nothing yet: the file is made where it points
    link.unlink()
    put(through, *entries(0))
    assert whole(open_storage(path), 1) and not link.exists()


def test_hard_links_are_refused(path: Path, tmp_path: Path) -> None:
    storage = created(path)
    os.link(path, tmp_path / "second.db")
    for ask in (lambda: open_storage(path), storage.read, lambda: put(storage, *entries(0))):
        with pytest.raises(StorageGone, match="2 names"):
            ask()
    (tmp_path / "second.db").unlink()
    assert put(storage, *entries(0)) == 1 and whole(open_storage(path), 1)


@pytest.mark.parametrize("what", ["folder", "pipe", "nothing", "nothing above"])
def test_what_is_no_file_is_refused(path: Path, what: str) -> None:
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    place = path / "deeper" if what == "nothing above" else path
    with pytest.raises(StorageGone, match=r"is not a file|No such file"):
        open_storage(place)
    if what != "nothing":
        with pytest.raises(StorageGone):
            created(place)
    assert not path.exists() or what in ("folder", "pipe")


@pytest.mark.parametrize("place", ["a\0b", "\ud800", 5, None, 1.5, "/", "mysql://host/x", "postgresql//x://", "a://"])
def test_places_that_are_none(place: Any) -> None:
    with pytest.raises((ParameterError, StorageGone)):
        open_storage(place)


@pytest.mark.parametrize("name", ["a b.db", "a?mode=memory", "a%20b", "a#b", "ключ.db", "file:x", ":memory:"])
def test_names_are_names(path: Path, name: str) -> None:
    place = path.with_name(name)
    put(created(place), *entries(0))
    assert whole(open_storage(place), 1) and place.exists()


def test_files_are_for_their_owner_alone(path: Path) -> None:
    previous = os.umask(0)
    try:
        storage = created(path)
        put(storage, *entries(0))
    finally:
        os.umask(previous)
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert found == dict.fromkeys(["authority.db", "authority.db-wal", "authority.db-shm"], 0o600)
    storage.close()


def test_one_file_is_left_by_the_last_to_close(path: Path) -> None:
    one = created(path)
    other = open_storage(path)
    put(one, *entries(0))
    one.close()
    assert len(list(path.parent.iterdir())) == 3
    put(other, *entries(1))
    other.close()
    assert [each.name for each in path.parent.iterdir()] == [path.name] and whole(open_storage(path), 2)


def test_what_is_forgotten_is_closed(path: Path) -> None:
    put(created(path), *entries(0))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


# -- creation --


def test_an_unfinished_creation_is_finished_by_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    for where, what in ((migrating, "to_newest"), (sql, "_commit"), (sqlite.SqliteFile, "connect")):
        with monkeypatch.context() as patch:
            patch.setattr(where, what, fails)
            with pytest.raises(MemoryError):
                created(path, 2)
        with pytest.raises(StorageDamaged, match="its creation did not finish"):
            open_storage(path)
    assert whole(created(path, 2), 2)


def test_creators_at_once_make_one_log(path: Path) -> None:
    def work(number: int) -> Callable[[int], None]:
        def create(_: int) -> None:
            try:
                create_storage(path, b"%d" % number, [b"%d" % number], b"head")
            except StorageError as error:
                assert "exists already" in str(error)
                os._exit(7)

        return create

    codes = [ended(child) for child in [in_child(work(number)) for number in range(5)]]
    assert sorted(codes) == [0, 7, 7, 7, 7]
    storage = open_storage(path)
    assert storage.read().entries == (b"%d" % codes.index(0),) == (storage.authority,)


def test_nothing_of_others_is_overwritten(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("CREATE TABLE patients (name)")
    with pytest.raises(StorageError, match="exists already, and holds the table 'patients'"):
        created(path)
    for text in (b"\0" * 10_000, b"some letter", b"SQLite format 3\0" + b"x" * 5000):
        path.write_bytes(text)
        for ask in (lambda: created(path), lambda: open_storage(path)):
            with pytest.raises(StorageDamaged):
                ask()
        assert path.read_bytes() == text


def test_a_creation_that_is_killed_leaves_room_for_the_next(path: Path, seed: int) -> None:
    """Either the log is there, whole, or the next creation makes it."""
    draw, found = random.Random(seed), set()
    for _ in range(12):
        pid, reader = in_child(lambda _: created(path, 2).close())
        time.sleep(draw.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)
        try:
            assert whole(open_storage(path), 2)
            found.add("there")
        except (StorageDamaged, StorageGone):
            assert whole(created(path, 2), 2)
            found.add("made")
        for each in path.parent.iterdir():
            each.unlink()
    assert found


# -- what changes under our feet --


def copy_of(path: Path) -> Path:
    """The log as it is now, in a folder of its own."""
    folder = path.parent.with_name(f"copy{len(list(path.parent.parent.iterdir()))}")
    return Path(shutil.copytree(path.parent, folder)) / path.name


def _file_replaced(path: Path) -> None:
    copy_of(path).rename(path)


def _folder_replaced(path: Path) -> None:
    copy = copy_of(path)
    path.parent.rename(path.parent.with_name("old"))
    copy.parent.rename(path.parent)


def _wal_removed(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def _shm_replaced(path: Path) -> None:
    shm = path.with_name(path.name + "-shm")
    shutil.copy(shm, shm.with_name("other"))
    shm.with_name("other").rename(shm)


def _file_linked(path: Path) -> None:
    os.link(path, path.with_name("second"))


def _folder_removed(path: Path) -> None:
    shutil.rmtree(path.parent)


CHANGES = [_file_replaced, _folder_replaced, _wal_removed, _shm_replaced, _file_linked, _folder_removed]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_written_where_something_was_replaced(path: Path, change: Callable[[Path], None]) -> None:
    storage = created(path)
    put(storage, *entries(0))
    with pytest.raises(StorageReplaced, match="nothing was appended"), storage.writing() as transaction:
        transaction.append(entries(1), head(2))
        change(path)
    for each in path.parent.parent.rglob(path.name):
        if each.stat().st_nlink == 1:
            assert len(open_storage(each).read().entries) <= 1


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_replaced_in_the_commit_may_be_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    storage = created(path)
    put(storage, *entries(0))
    commit = sql._commit
    with monkeypatch.context() as patch, pytest.raises(Recorded):
        patch.setattr(sql, "_commit", lambda connection: (commit(connection), change(path)))
        put(storage, *entries(1))


def test_a_log_that_was_moved_away_and_back_goes_on(path: Path) -> None:
    storage = created(path, 1)
    path.parent.rename(path.parent.with_name("elsewhere"))
    for ask in (storage.read, lambda: put(storage, *entries(7))):
        with pytest.raises(StorageGone, match="No such file"):
            ask()
    path.parent.with_name("elsewhere").rename(path.parent)
    assert put(storage, *entries(1)) == 2 and whole(open_storage(path), 2)


def test_a_newer_copy_in_its_place_is_used(path: Path) -> None:
    storage = created(path, 1)
    copy = copy_of(path)
    put(open_storage(copy), *entries(1))
    path.parent.rename(path.parent.with_name("old"))
    copy.parent.rename(path.parent)
    assert put(storage, *entries(2)) == 3 and whole(open_storage(path), 3)


def test_another_authority_in_its_place_is_refused(path: Path) -> None:
    storage, other = created(path, 1), path.parent.with_name("other")
    other.mkdir()
    create_storage(other / path.name, b"another", entries(0, 1, 2), head(3)).close()
    shutil.rmtree(path.parent)
    other.rename(path.parent)
    for ask in (storage.read, lambda: put(storage, *entries(1))):
        with pytest.raises(StorageReplaced, match="the log of another authority"):
            ask()
    assert whole(open_storage(path), 3)


def test_an_older_copy_written_over_the_file_is_noticed(path: Path) -> None:
    """The same file, so nobody is told: only that nothing is kept in memory shows it."""
    storage = created(path, 1)
    storage.close()
    older = path.read_bytes()
    first, second = open_storage(path), open_storage(path)
    put(first, *entries(1))
    put(second, *entries(2))
    subprocess.run(
        [sys.executable, "-c", f"import sqlite3; sqlite3.connect({str(path)!r}).execute('PRAGMA wal_checkpoint')"],
        check=True,
    )
    subprocess.run(["cp", "/dev/stdin", str(path)], input=older, check=True)  # another process: see module sqlite
    for ask in (first.read, lambda: put(first, *entries(3)), second.read, lambda: put(second, *entries(3))):
        with pytest.raises(StorageReplaced, match="entries and has 1"):
            ask()


def test_whoever_closes_a_file_that_was_replaced_leaves_the_new_one_alone(path: Path) -> None:
    """The last connection removes the write-ahead log, by its name."""
    storage = created(path, 1)
    _folder_replaced(path)
    new = open_storage(path)
    put(new, *entries(1))
    storage.close()
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    assert put(new, *entries(2)) == 3 and whole(open_storage(path), 3)


# -- locks --


@pytest.mark.parametrize("where", ["process", "thread"])
def test_a_holder_without_progress_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(waiting, "LOCK_SECONDS", 0.4)
    storage, inside, go = created(path), threading.Event(), threading.Event()
    holder = open_storage(path) if where == "process" else storage

    def hold() -> None:
        with holder.writing():
            inside.set()
            go.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    with pytest.raises(StorageBusy, match="no progress for 0.4 s"):
        put(storage, *entries(0))
    go.set()
    thread.join()
    assert put(storage, *entries(0)) == 1


def test_a_queue_that_moves_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others hold the right one after the other, each shorter than the patience, all of them longer. None of them
    leaves a moment in which it is free."""
    monkeypatch.setattr(waiting, "LOCK_SECONDS", 0.8)
    storage, sizes = created(path), iter(range(1, 9))
    begin, turns = sqlite.SqliteFile.begin, []

    def taken(self: Any, connection: Any) -> None:
        time.sleep(0.2)
        size = next(sizes, None)
        if size is None:
            return begin(self, connection)
        turns.append(size)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("INSERT INTO entries VALUES (?, 'x')", (size - 1,))
            other.execute("UPDATE head SET size = ?, note = 'x'", (size,))
        raise sql.DBAPIError("BEGIN", {}, busy)

    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    monkeypatch.setattr(sqlite.SqliteFile, "begin", taken)
    with pytest.raises(StorageDamaged, match="of the right types"):  # what the others wrote is text
        put(storage, *entries(0))
    assert len(turns) == 8


def test_a_killed_holder_keeps_nobody_out(path: Path) -> None:
    storage = created(path)

    def work(writer: int) -> None:
        with storage.writing() as transaction:
            transaction.append(entries(7), head(1))
            os.write(writer, b"x")
            time.sleep(60)

    pid, reader = in_child(work)
    os.read(reader, 1)
    os.kill(pid, signal.SIGKILL)
    ended((pid, reader))
    assert put(storage, *entries(0)) == 1 and whole(open_storage(path), 1)


# -- forks and threads --


def test_a_fork_waits_for_the_transaction_of_a_thread(path: Path) -> None:
    storage, inside = created(path), threading.Event()

    def work() -> None:
        with storage.writing() as transaction:
            inside.set()
            time.sleep(0.3)
            transaction.append(entries(0), head(1))

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    assert ended(in_child(lambda _: None if put(storage, *entries(1)) == 2 else os._exit(3))) == 0
    thread.join()
    assert whole(storage, 2)


def test_a_child_of_a_process_that_does_not_end_its_transaction_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's locks are the parent's: the child may not even open the file anew. Its end closes nothing either."""
    monkeypatch.setattr(forks, "FORK_SECONDS", 0.1)
    storage, inside, go = created(path), threading.Event(), threading.Event()

    def hold() -> None:
        with storage.writing() as transaction:
            transaction.append(entries(0), head(1))
            inside.set()
            go.wait(20)

    def work(_: int) -> None:
        for ask in (storage.read, lambda: put(storage, *entries(7)), lambda: open_storage(path)):
            with pytest.raises(StorageError, match="forked inside a transaction"):
                ask()
        storage.close()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    assert ended(in_child(work)) == 0
    go.set()
    thread.join()
    assert whole(storage, 1) and put(storage, *entries(1)) == 2


def test_no_connection_is_carried_across_a_fork(path: Path) -> None:
    storage = created(path, 1)

    def work(_: int) -> None:
        names = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
        assert not [name for name in names if name.startswith(str(path))]
        assert whole(storage, 1)

    assert ended(in_child(work)) == 0 and whole(storage, 1)


def test_a_storage_used_from_many_forks_and_threads_is_whole(path: Path) -> None:
    storage, each = created(path), 5

    def forking(number: int) -> None:
        for _ in range(3):
            assert ended(in_child(lambda _: [put(storage, b"c%d" % number) for _ in range(each)] and None)) == 0

    def appending(number: int) -> None:
        for _ in range(15):
            put(storage, b"t%d" % number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2) for work in (forking, appending)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = storage.read()
    assert len(found.entries) == 2 * 3 * each + 2 * 15 and found.head == head(len(found.entries))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it fell into a callback of C code
def test_ctrl_c_at_any_instant_leaves_a_log_and_no_lock(path: Path) -> None:
    """A real signal after 0, 1, 2 .. steps of time through one transaction; then another process gets the lock."""
    storage = created(path)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    put(storage, *entries(0))
    start = time.monotonic()
    put(storage, *entries(1))
    took, acknowledged, interrupted = max(time.monotonic() - start, 0.002), 2, 0
    try:
        for step in range(50):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + took * step / 40)
                put(storage, b"step %d" % step)
                signal.setitimer(signal.ITIMER_REAL, 0)
                acknowledged += 1
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            with raw(path) as other:
                other.execute("BEGIN IMMEDIATE")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    found = storage.read()
    assert interrupted > 0 and len(found.entries) >= acknowledged and found.head == head(len(found.entries))
    assert put(storage, *entries(9)) == len(found.entries) + 1


def test_ctrl_c_inside_a_commit_is_ctrl_c() -> None:
    class Interrupted:
        """Commits as SQLAlchemy does where Ctrl-C falls between its steps."""

        def __init__(self, first: BaseException) -> None:
            self.first = first

        def commit(self) -> None:
            try:
                raise self.first
            finally:
                raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        commit(Interrupted(KeyboardInterrupt()))  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        commit(Interrupted(ValueError()))  # type: ignore[arg-type]


# -- no room, no right --


def test_no_room_for_pages(path: Path) -> None:
    """``max_page_count``: the database itself says that it is full, as on a quota of its own."""
    storage = created(path, 1)
    assert isinstance(storage, sql.SqlStorage)
    storage.read()
    connection = storage._kept.connection
    assert connection is not None
    [pages] = connection.exec_driver_sql("PRAGMA page_count").one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    connection.rollback()
    with pytest.raises(StorageFull, match="has no room.*nothing was appended"):
        put(storage, b"x" * 100_000)
    assert whole(open_storage(path), 1) and put(storage, *entries(1)) == 2


def test_an_error_inside_a_block_that_is_swallowed_commits_nothing(path: Path) -> None:
    storage = created(path, 1)
    assert isinstance(storage, sql.SqlStorage)
    with pytest.raises(StorageError, match="has ended"), storage.writing() as transaction:
        transaction.append(entries(1), head(2))
        assert storage._kept.connection is not None
        [pages] = storage._kept.connection.exec_driver_sql("PRAGMA page_count").one()
        storage._kept.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StorageFull):
            transaction.append([b"x" * 100_000], head(3))
    assert whole(storage, 1) and put(storage, *entries(1)) == 2


def test_no_room_on_the_disk(path: Path) -> None:
    """``RLIMIT_FSIZE``, byte by byte from what there is: in every file, at every place."""
    created(path, 1).close()

    def work(writer: int) -> None:
        said: list[str] = []
        size = path.stat().st_size
        for limit in [*range(0, 3 * size, 1499), 2**30]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            count = 0
            with contextlib.suppress(StorageError):
                storage = open_storage(path)
                count = len(storage.read().entries)
                put(storage, b"x" * 3000)
                count += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            found = open_storage(path).read()
            assert len(found.entries) >= max(count, 1) and found.head == head(len(found.entries))
            said.append("+" if count else "-")
        os.write(writer, "".join(said).encode())

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    pid, reader = in_child(work)
    with open(reader) as file:
        text = file.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert text.startswith("-") and text.endswith("+")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_a_place_that_is_for_reading_only(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        place = folder / "authority.db"
        created(place, 1).close()
        os.chown(place, 65534, 65534)
        if what != "folder":
            place.chmod(0o400)
        if what != "file":
            folder.chmod(0o555)

        def work(_: int) -> None:
            os.setuid(65534)
            with pytest.raises(StorageGone, match="nothing was appended"):
                put(open_storage(place), *entries(1))

        assert ended(in_child(work)) == 0
        folder.chmod(0o777)
        place.chmod(0o600)
        assert put(open_storage(place), *entries(1)) == 2


# -- damage --


def test_a_log_cut_anywhere_is_a_prefix(path: Path, seed: int) -> None:
    """The write-ahead log as a crash may leave it: whole transactions up to some point."""
    storage, draw, found = created(path), random.Random(seed), set()
    for number in range(12):
        put(storage, *entries(2 * number, 2 * number + 1))
    copy = copy_of(path)
    wal = copy.with_name(copy.name + "-wal").read_bytes()
    storage.close()
    for cut in [0, 31, 32, len(wal), *(draw.randrange(len(wal)) for _ in range(60))]:
        for each in path.parent.iterdir():
            each.unlink()
        shutil.copy(copy, path)
        path.with_name(path.name + "-wal").write_bytes(wal[:cut])
        try:
            cut_log = open_storage(path)
        except StorageDamaged:  # cut in the creation itself
            continue
        size = len(cut_log.read().entries)
        assert whole(cut_log, size) and size % 2 == 0
        found.add(size)
        cut_log.close()
    assert max(found) == 24 and len(found) > 3


def test_flips_in_the_file_are_named_or_change_nothing_else(path: Path, seed: int) -> None:
    """Every answer is whole entries or a named error. That an entry was altered, the signed head shows to others."""
    put(created(path), b"first" * 200, b"second", b"third" * 900)
    data, draw, named = path.read_bytes(), random.Random(seed), 0
    for _ in range(250):
        bit = draw.randrange(8 * len(data))
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        for each in path.parent.iterdir():
            each.unlink()
        path.write_bytes(flipped)
        try:
            with contextlib.closing(open_storage(path)) as storage:
                found = storage.read()
                assert len(found.entries) <= 3 and all(type(each) is bytes for each in found.entries)
        except AuthorityError:
            named += 1
    assert named > 0


@pytest.mark.parametrize(
    ("statement", "kind", "match"),
    [
        ("DELETE FROM entries WHERE position = 1", StorageDamaged, "entry 1 is missing"),
        ("DELETE FROM entries WHERE position = 2", StorageDamaged, "entry 2 is missing"),
        ("UPDATE entries SET position = 9 WHERE position = 0", StorageDamaged, "entry 0 is missing"),
        ("UPDATE entries SET entry = 'text' WHERE position = 1", StorageDamaged, "entry 1 is no bytes"),
        ("UPDATE entries SET entry = 10000000000000 WHERE position = 1", StorageDamaged, "entry 1 is no bytes"),
        ("UPDATE head SET size = 'many'", StorageDamaged, "right types"),
        ("UPDATE head SET size = -1", StorageDamaged, "right types"),
        ("UPDATE head SET note = 5", StorageDamaged, "right types"),
        ("DELETE FROM head", StorageDamaged, "holds no authority"),
        ("DELETE FROM about", StorageDamaged, "holds no authority"),
        ("DROP TABLE head", StorageDamaged, "not that of an authority"),
        ("DROP TABLE entries", StorageDamaged, "not that of an authority"),
        ("UPDATE about SET format = 2", StorageDamaged, "written by a newer pyfe: it has format 2"),
        ("UPDATE about SET format = NULL", None, ""),
        ("UPDATE about SET format = 'x'", StorageDamaged, "no format"),
        ("UPDATE about SET authority = x'00'", StorageReplaced, "another authority"),
    ],
)
def test_what_is_no_whole_log_is_named(path: Path, statement: str, kind: type[StorageError], match: str) -> None:
    created(path, 3).close()
    with raw(path) as connection:
        if kind is None:
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)
            return
        connection.execute(statement)
    with pytest.raises(kind, match=match), contextlib.closing(open_storage(path, AUTHORITY)) as storage:
        storage.read()


def test_a_name_that_is_damaged_is_named(path: Path) -> None:
    """SQLite's own message holds bytes then that the driver cannot read."""
    created(path, 1).close()
    data = path.read_bytes()
    assert data.count(b"CREATE TABLE head") == 1
    path.write_bytes(data.replace(b"CREATE TABLE head", b"CREATE\xbdTABLE head"))
    with pytest.raises(StorageDamaged, match="is damaged"):
        open_storage(path)


def test_an_entry_beyond_the_head_is_not_overwritten(path: Path) -> None:
    created(path, 1).close()
    with raw(path) as connection:
        connection.execute("INSERT INTO entries VALUES (1, x'00')")
    with contextlib.closing(open_storage(path)) as storage:
        assert whole(storage, 1)
        with pytest.raises(StorageDamaged, match="is not whole"):
            put(storage, *entries(1))


# -- formats --


def test_the_migrations_make_the_tables_that_are_asked(path: Path) -> None:
    created(path).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []


NEXT = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "2", "1"
def upgrade():
    op.add_column("about", sa.Column("more", sa.Integer))
    if {fails}:
        raise MemoryError
"""


@pytest.mark.parametrize("fails", [True, False])
def test_an_older_log_is_migrated_in_one_transaction_or_not(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    created(path, 2).close()
    folder = shutil.copytree(migrating.MIGRATIONS, tmp_path / "migrations %")
    (folder / "versions" / "v2.py").write_text(NEXT.format(fails=fails))
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    for module in (tables, migrating):
        monkeypatch.setattr(module, "FORMAT", 2)
    with pytest.raises(StorageDamaged, match="older format 1: run pyfe authority migrate"):
        open_storage(path)
    if fails:
        with pytest.raises(MemoryError):
            migrate_storage(path)
        with pytest.raises(StorageDamaged, match="older format 1"):
            open_storage(path)
        with raw(path) as connection:
            assert len(connection.execute("PRAGMA table_info(about)").fetchall()) == 3
        return
    assert migrate_storage(path) == (1, 2) and migrate_storage(path) == (2, 2)
    with contextlib.closing(open_storage(path)) as storage:
        assert whole(storage, 2) and put(storage, *entries(2)) == 3


def test_there_is_nothing_to_migrate(path: Path) -> None:
    created(path, 2).close()
    assert migrate_storage(path) == (tables.FORMAT, tables.FORMAT)
    with raw(path) as connection:
        connection.execute("UPDATE about SET format = 9")
    with pytest.raises(StorageDamaged, match="newer pyfe"):
        migrate_storage(path)
