"""What every storage must do, whatever keeps it: the promises of :class:`pyfe.authority.storage.Storage`, one check
each.

An implementation of the protocol passes all of ``CHECKS``; ``test_storage_protocol.py`` runs them, and shows by
storages that break a promise that the checks notice. A new implementation is a new entry there, and no new test.
"""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest

from pyfe import AuthorityError, ParameterError
from pyfe.authority.storage import Recorded, Storage, StorageError, StorageReplaced, Stored
from pyfe.authority.storage.protocol import MAX_ENTRY_SIZE, MAX_HEAD_SIZE

AUTHORITY = bytes(range(32))
SECONDS = 20.0
"""Longest that a check waits for another thread or process."""


class Implementation(Protocol):
    """One way to keep a log."""

    durable: bool
    """Whether it outlives its process, and other processes can open it."""

    def create(self, folder: Path, authority: bytes, entries: Sequence[bytes] = (), head: bytes = b"") -> Storage:
        """A new storage for an empty folder."""
        ...

    def open(self, folder: Path, authority: bytes | None = None) -> Storage:
        """The storage of a folder once more, as another process would open it. Durable ones only."""
        ...

    def failing(self, moment: str) -> contextlib.AbstractContextManager[None]:
        """Let the next commit fail "before" its entries are kept, or "after". Durable ones only."""
        ...

    def saved(self, folder: Path) -> Callable[[], None]:
        """What puts the log back as it is now, as a careless restore does. Durable ones only."""
        ...


Check: TypeAlias = Callable[[Implementation, Path], None]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Enter a check by its name."""
    CHECKS[function.__name__] = function
    return function


def entry(number: int, writer: int = 0) -> bytes:
    """An entry that says who wrote it, and which of theirs it is."""
    return b"%d of %d" % (number, writer)


def entries(*numbers: int) -> tuple[bytes, ...]:
    """Some entries of one writer."""
    return tuple(entry(number) for number in numbers)


def head(size: int) -> bytes:
    """The head over so many entries."""
    return b"head of %d" % size


def put(storage: Storage, *given: bytes) -> int:
    """Append entries in a transaction of their own; how long the log is then."""
    with storage.writing() as transaction:
        size = transaction.size + len(given)
        transaction.append(given, head(size))
    return size


# -- one after the other --


@check
def entries_stand_in_the_order_of_their_appends(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    assert storage.read() == Stored((), b"")
    for group in (entries(0), entries(1, 2, 3), entries(4)):
        put(storage, *group)
    for since in range(6):
        assert storage.read(since) == Stored(entries(*range(since, 5)), head(5))
    for beyond in (6, 100, -1, "1", None):
        with pytest.raises(ParameterError, match="has 5 entries"):
            storage.read(beyond)  # type: ignore[arg-type]
    assert storage.authority == AUTHORITY and storage.place


@check
def a_transaction_sees_what_it_appended_and_nobody_else_does(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    put(storage, *entries(0, 1))
    seen: list[Stored] = []

    def look() -> None:
        seen.append((implementation.open(folder) if implementation.durable else storage).read())

    with storage.writing() as transaction:
        assert transaction.size == 2 and transaction.read(1) == Stored(entries(1), head(2))
        transaction.append(entries(2), head(3))
        transaction.append(entries(3, 4), head(5))
        assert transaction.size == 5 and transaction.read(1) == Stored(entries(1, 2, 3, 4), head(5))
        assert transaction.read(4) == Stored(entries(4), head(5))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(SECONDS)
    assert seen == [Stored(entries(0, 1), head(2))]
    assert storage.read() == Stored(entries(0, 1, 2, 3, 4), head(5))


@check
def what_a_block_appended_goes_with_its_exception(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    put(storage, *entries(0))
    for problem in (ZeroDivisionError, AuthorityError, StorageError, KeyboardInterrupt, SystemExit):
        with pytest.raises(problem), storage.writing() as transaction:
            transaction.append(entries(1, 2), head(3))
            raise problem
        assert storage.read() == Stored(entries(0), head(1))
    with storage.writing():
        pass
    assert storage.read() == Stored(entries(0), head(1)) and put(storage, *entries(1)) == 2


@check
def every_entry_comes_back_byte_for_byte(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    given = [b"\0", bytes(range(256)), b"'; DROP TABLE entries; --", "慈恵 \U00010348".encode(), b"\xff" * 100_000]
    given += [given[0], b"7", b"7.0", b"null", os.urandom(2**20)]  # the same entry again is another entry
    for at, each in enumerate(given):
        with storage.writing() as transaction:
            transaction.append([each], each[:MAX_HEAD_SIZE])
        assert storage.read(at) == Stored((each,), each[:MAX_HEAD_SIZE])
    assert storage.read().entries == tuple(given)
    if implementation.durable:
        assert implementation.open(folder).read() == storage.read()


@check
def what_is_no_entry_is_refused_with_its_group(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    big = bytes(MAX_ENTRY_SIZE + 1)
    groups = [[], [b""], [b"a", b""], [b"a", "text"], [None], [bytearray(b"a")], [memoryview(b"a")], [5], [big]]
    for given, over in [*((group, b"head") for group in groups), ([b"a"], b""), ([b"a"], "head"), ([b"a"], big)]:
        with storage.writing() as transaction, pytest.raises(ParameterError):
            transaction.append(given, over)  # type: ignore[arg-type]
        assert storage.read() == Stored((), b"")
    with storage.writing() as transaction:
        transaction.append([big[:-1]], bytes(MAX_HEAD_SIZE))
    assert storage.read() == Stored((big[:-1],), bytes(MAX_HEAD_SIZE))


@check
def entries_that_can_be_walked_through_once_are_all_kept(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    with storage.writing() as transaction:
        transaction.append(iter(entries(0, 1)), head(2))  # type: ignore[arg-type]
    assert storage.read() == Stored(entries(0, 1), head(2))


@check
def a_transaction_ends_with_its_block(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    with storage.writing() as transaction:
        transaction.append(entries(0), head(1))
    for ask in (transaction.read, lambda: transaction.append(entries(1), head(2))):
        with pytest.raises(StorageError, match="ended"):
            ask()
    with pytest.raises(ZeroDivisionError), storage.writing() as transaction:
        raise ZeroDivisionError
    with pytest.raises(StorageError, match="ended"):
        transaction.append(entries(1), head(2))
    assert storage.read() == Stored(entries(0), head(1))


@check
def whoever_is_inside_asks_the_transaction(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    with storage.writing() as transaction:
        with pytest.raises(StorageError, match="inside"), storage.writing():
            raise AssertionError("two transactions of one thread")
        with pytest.raises(StorageError, match="inside"):
            storage.close()
        transaction.append(entries(0), head(1))
    assert storage.read() == Stored(entries(0), head(1))


@check
def the_first_entries_come_with_the_log(implementation: Implementation, folder: Path) -> None:
    for key in (b"", "text", None, bytearray(b"key")):
        with pytest.raises(ParameterError, match="verification key"):
            implementation.create(folder, key)  # type: ignore[arg-type]
    for given, over in (([b""], b"head"), (["x"], b"head"), ([b"a"], b"")):
        with pytest.raises(ParameterError):
            implementation.create(folder, AUTHORITY, given, over)  # type: ignore[arg-type]
    storage = implementation.create(folder, AUTHORITY, entries(0, 1), head(2))
    assert storage.read() == Stored(entries(0, 1), head(2)) and put(storage, *entries(2)) == 3


@check
def a_closed_storage_answers_nothing(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    put(storage, *entries(0))
    other = implementation.open(folder) if implementation.durable else None
    storage.close()
    storage.close()
    for ask in (storage.read, lambda: storage.writing().__enter__(), lambda: storage.authority):
        with pytest.raises(AuthorityError, match="closed"):
            ask()
    if other is not None:
        put(other, *entries(1))
        assert other.read() == Stored(entries(0, 1), head(2))


@check
def a_storage_is_never_copied(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            copied(storage)


# -- threads --


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Run ``work(0)`` .. ``work(count - 1)`` at once; the first error of any."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def guarded(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def require_whole(found: Stored, writers: int, each: int) -> None:
    """Every entry of every writer once, each writer's in its order, under the head of so many."""
    said = [[int(part) for part in data.split(b" of ")] for data in found.entries]
    for writer in range(writers):
        assert [number for number, who in said if who == writer] == list(range(each))
    assert len(said) == writers * each and found.head == head(writers * each)


@check
def threads_append_without_gap_and_readers_see_prefixes(implementation: Implementation, folder: Path) -> None:
    storage, writers, each = implementation.create(folder, AUTHORITY), 4, 8
    looks: list[Stored] = []

    def work(number: int) -> None:
        if number == writers:
            while len(looks) < 2 or len(looks[-1].entries) < writers * each:
                looks.append(storage.read())
                time.sleep(0.001)
            return
        for index in range(each):
            put(storage, entry(index, number))

    in_threads(work, writers + 1)
    found = storage.read()
    require_whole(found, writers, each)
    sizes = [len(look.entries) for look in looks]
    assert sizes == sorted(sizes) and all(look.entries == found.entries[: len(look.entries)] for look in looks)
    assert all(look.head == (head(size) if size else b"") for look, size in zip(looks, sizes, strict=True))


@check
def threads_never_append_beyond_a_count(implementation: Implementation, folder: Path) -> None:
    storage, granted = implementation.create(folder, AUTHORITY), []

    def work(number: int) -> None:
        for _ in range(3):
            with storage.writing() as transaction:
                if len(transaction.read().entries) < 7:
                    transaction.append([entry(0, number)], head(transaction.size + 1))
                    granted.append(number)

    in_threads(work, 6)
    assert len(granted) == len(storage.read().entries) == 7


@check
def who_holds_the_right_to_write_holds_it_alone(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    other = implementation.open(folder) if implementation.durable else storage
    outcome: list[int] = []
    thread = threading.Thread(target=lambda: outcome.append(put(other, *entries(1))))
    with storage.writing() as transaction:
        thread.start()
        time.sleep(0.3)
        assert outcome == [] and thread.is_alive()
        transaction.append(entries(0), head(1))
    thread.join(SECONDS)
    assert outcome == [2] and storage.read() == Stored(entries(0, 1), head(2))


# -- processes --


def in_child(work: Callable[[int], None]) -> tuple[int, int]:
    """A forked process that runs ``work(descriptor)``; its id, and where what it writes there can be read."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            work(writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    return pid, reader


def ended(child: tuple[int, int]) -> int:
    """The code with which a child ends."""
    os.close(child[1])
    return os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1])


def said(reader: int) -> list[bytes]:
    """The whole lines that a process wrote before its end."""
    with open(reader, "rb") as file:
        return [line[:-1] for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]


@check
def processes_append_without_gap(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    if not implementation.durable:
        return
    writers, each = 3, 6

    def work(writer: int) -> Callable[[int], None]:
        def append_all(_: int) -> None:
            mine = implementation.open(folder) if writer else storage  # opened there, or inherited
            for index in range(each):
                put(mine, entry(index, writer))

        return append_all

    assert [ended(child) for child in [in_child(work(writer)) for writer in range(writers)]] == [0] * writers
    require_whole(storage.read(), writers, each)


@check
def a_storage_that_ends_with_its_process_is_not_forked_into_two(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    put(storage, *entries(0))

    def work(_: int) -> None:
        assert storage.read() == Stored(entries(0), head(1))
        if implementation.durable:
            put(storage, *entries(1))
            return
        with pytest.raises(StorageError, match="forked"):
            put(storage, *entries(1))

    assert ended(in_child(work)) == 0
    count = 2 if implementation.durable else 1
    assert storage.read().entries == entries(0, 1)[:count]
    assert put(storage, *entries(2)) == count + 1


@check
def a_child_forked_inside_a_transaction_appends_nothing(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    with storage.writing() as transaction:
        transaction.append(entries(0), head(1))

        def work(_: int) -> None:
            for ask in (transaction.read, lambda: transaction.append(entries(7), head(2))):
                with pytest.raises(StorageError, match="forked"):
                    ask()

        assert ended(in_child(work)) == 0
    assert storage.read() == Stored(entries(0), head(1)) and put(storage, *entries(1)) == 2


@check
def a_child_that_leaves_the_block_of_its_parent_commits_nothing(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    parent, code = os.getpid(), 1
    try:
        with storage.writing() as transaction:
            transaction.append(entries(0), head(1))
            child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    except StorageError:
        code = 7
    finally:
        if os.getpid() != parent:
            os._exit(code)
    assert storage.read() == Stored(entries(0), head(1)) and put(storage, *entries(1)) == 2


@check
def what_was_acknowledged_survives_a_kill(implementation: Implementation, folder: Path) -> None:
    survives_kills(implementation, folder, 4)


def survives_kills(implementation: Implementation, folder: Path, rounds: int) -> None:
    """Writers killed at random instants."""
    if not implementation.durable:
        return
    storage = implementation.create(folder, AUTHORITY)
    draw = random.Random(int(os.environ["PYFE_TEST_SEED"]))

    def work(writer: int) -> None:
        mine = implementation.open(folder)
        for start in range(len(mine.read().entries), 10**6, 3):
            put(mine, *entries(start, start + 1, start + 2))
            os.write(writer, b"%d\n" % (start + 3))

    for _ in range(rounds):
        pid, reader = in_child(work)
        time.sleep(draw.uniform(0.0, 0.15))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        acknowledged = max(map(int, said(reader)), default=0)
        found = implementation.open(folder).read()
        size = len(found.entries)
        assert found == Stored(entries(*range(size)), head(size) if size else b"") == storage.read()
        assert size >= acknowledged and size % 3 == 0, "a group of entries is whole or not there"


# -- failures --


@check
def a_log_is_made_once(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY, entries(0), head(1))
    if not implementation.durable:
        return
    for key in (AUTHORITY, b"other"):
        with pytest.raises(StorageError, match="exists already"):
            implementation.create(folder, key)
    assert storage.read() == implementation.open(folder).read() == Stored(entries(0), head(1))
    assert implementation.open(folder, AUTHORITY).authority == AUTHORITY
    with pytest.raises(StorageReplaced, match="another authority"):
        implementation.open(folder, b"other")


@check
def a_storage_is_opened_as_it_was_left(implementation: Implementation, folder: Path) -> None:
    first = implementation.create(folder, AUTHORITY)
    if not implementation.durable:
        return
    put(first, *entries(0, 1))
    second = implementation.open(folder)
    assert second.read() == Stored(entries(0, 1), head(2)) and second.place == first.place
    put(second, *entries(2))
    assert first.read(2) == Stored(entries(2), head(3))
    with first.writing() as transaction:
        assert transaction.size == 3


@check
def a_failure_before_the_entries_are_kept_keeps_none(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    if not implementation.durable:
        return
    put(storage, *entries(0))
    with implementation.failing("before"), pytest.raises(StorageError) as caught:
        put(storage, *entries(1, 2))
    assert not isinstance(caught.value, Recorded) and "nothing was appended" in str(caught.value)
    assert storage.read() == implementation.open(folder).read() == Stored(entries(0), head(1))
    assert put(storage, *entries(1)) == 2


@check
def a_failure_after_the_entries_are_kept_says_so(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    if not implementation.durable:
        return
    with implementation.failing("after"), pytest.raises(Recorded) as caught:
        put(storage, *entries(0, 1))
    assert "nothing was appended" not in str(caught.value)
    assert storage.read() == implementation.open(folder).read() == Stored(entries(0, 1), head(2))
    assert put(storage, *entries(2)) == 3


@check
def an_older_log_in_its_place_is_noticed(implementation: Implementation, folder: Path) -> None:
    storage = implementation.create(folder, AUTHORITY)
    if not implementation.durable:
        return
    put(storage, *entries(0))
    put_back = implementation.saved(folder)
    put(storage, *entries(1))
    assert len(storage.read().entries) == 2
    put_back()
    for ask in (storage.read, lambda: put(storage, *entries(7))):
        with pytest.raises(StorageReplaced, match="had 2 entries and has 1"):
            ask()
    another = implementation.open(folder)
    assert another.read() == Stored(entries(0), head(1))
    with another.writing() as transaction:  # as long as before, and longer: still not what was read
        transaction.append(entries(8), b"another head")
    with pytest.raises(StorageReplaced, match="another history"):
        storage.read()
    put(another, *entries(9))
    for ask in (storage.read, lambda: put(storage, *entries(7))):
        with pytest.raises(StorageReplaced, match="another history"):
            ask()
    assert another.read().entries == entries(0, 8, 9)
