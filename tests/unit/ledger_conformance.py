"""What every ledger must do, whatever keeps it: the promises of :class:`pyfe.authority.ledger.Ledger`, one check each.

An implementation of the protocol passes all of ``CHECKS``; ``test_ledger_protocol.py`` runs them, and shows by ledgers
that break a promise that the checks notice. A new implementation is a new entry there, and no new test.
"""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import pytest

from pyfe import AuthorityError, KeyAuthority, ParameterError, Policy
from pyfe.authority.ledger import Ledger, LedgerMoved, Recorded
from pyfe.authority.records import Terms, encode_row, terms_to_map
from pyfe.authority.secrets import Secrets
from pyfe.wire import cbor
from tests.unit import objects


class Implementation(Protocol):
    """One way to keep a ledger."""

    durable: bool
    """Whether it outlives its process, and other processes can open it."""

    def create(self, folder: Path, terms: Terms, secrets: Secrets) -> Ledger:
        """A new ledger in an empty folder; the secrets for one that keeps them beside its rows."""
        ...

    def open(self, folder: Path) -> Ledger:
        """The ledger of a folder once more, as another process would open it. Durable ones only."""
        ...

    def failing(self, moment: str) -> contextlib.AbstractContextManager[None]:
        """Let the next append fail "before" its rows are kept, or "after". Durable ones only."""
        ...

    def saved(self, folder: Path) -> Callable[[], None]:
        """What puts the folder back as it is now, as a careless restore does. Durable ones only."""
        ...


Check: TypeAlias = Callable[[Implementation, Path], None]
CHECKS: dict[str, Check] = {}
SECONDS = 20.0
"""Longest that a check waits for another thread or process."""


def check(function: Check) -> Check:
    """Enter a check by its name."""
    CHECKS[function.__name__] = function
    return function


def row(number: int, writer: int = 0) -> bytes:
    """A row that says who wrote it, and which of theirs it is."""
    return cbor.dumps({"number": number, "writer": writer})


def rows(*numbers: int) -> list[bytes]:
    """Some rows of one writer."""
    return [row(number) for number in numbers]


def made(implementation: Implementation, folder: Path) -> Ledger:
    """A new ledger."""
    authority = objects.authority(objects.small_schema())
    return implementation.create(folder, authority._ledger.terms, authority._secrets)


def appended(ledger: Ledger, row: bytes) -> None:
    """Append a row as who comes next, however often the ledger moves meanwhile."""
    end = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(LedgerMoved):
            return ledger.append([row], position=len(ledger.read()))
        assert time.monotonic() < end, "the ledger moves for ever"


# -- one after the other --


@check
def rows_stand_in_the_order_of_their_appends(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    assert ledger.read() == ()
    for position, group in ((0, rows(0)), (1, rows(1, 2, 3)), (4, []), (4, rows(4))):
        ledger.append(group, position=position)
    for since in range(6):
        assert ledger.read(since) == tuple(rows(*range(since, 5)))
    for beyond in (6, 100, -1):
        with pytest.raises(AuthorityError):
            ledger.read(beyond)


@check
def every_row_comes_back_byte_for_byte(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    free = Policy.unrestricted(reason="a test")
    linear, quadratic = objects.authority(), KeyAuthority.create(objects.schema(), scheme="qfe-ggm", policy=free)
    linear.issue(objects.several(), purpose="慈恵 \U00010348", recipient="r" * 500)
    quadratic.issue(objects.quadratic(), purpose="forms")
    values = [
        None,
        True,
        0,
        -(2**63),
        2**64 - 1,
        "",
        "\U00010348",
        b"",
        bytes(range(256)),
        [],
        {},
        [[1], {"a": [None]}],
    ]
    given = [cbor.dumps(value) for value in values]
    given += [encode_row(issued) for each in (linear, quadratic) for issued in each.issued]
    given += [given[-1]]  # the same row again is another row
    ledger.append(given, position=0)
    assert ledger.read() == tuple(given)
    if implementation.durable:
        assert implementation.open(folder).read() == tuple(given)


@check
def what_is_no_row_is_refused_with_its_group(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    for wrong in (b"", b"\x01\x01", b"\x18\x01", b"\xa1\x01\x01", b"\xf9\x3c\x00", b"\x82\x01", "text", None):
        with pytest.raises(ParameterError):
            ledger.append([row(0), wrong, row(1)], position=0)  # type: ignore[list-item]
        assert ledger.read() == ()
    for levels, taken in ((14, True), (15, False)):
        deep = b"\x81" * levels + b"\x01"
        before = ledger.read()
        with contextlib.nullcontext() if taken else pytest.raises(ParameterError, match="levels"):
            ledger.append([deep], position=0)
        assert ledger.read() == ((deep,) if taken else before)


@check
def rows_that_can_be_walked_through_once_are_all_kept(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    ledger.append(iter(rows(0, 1)), position=0)  # type: ignore[arg-type]
    assert ledger.read() == tuple(rows(0, 1))
    if implementation.durable:
        assert implementation.open(folder).read() == tuple(rows(0, 1))


@check
def a_position_that_is_not_the_newest_is_refused(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    ledger.append(rows(0, 1), position=0)
    for position in (0, 1, 3, -1):
        for given in (rows(7), rows(7, 8), []):
            with pytest.raises(LedgerMoved, match="moved"):
                ledger.append(given, position=position)
    assert ledger.read() == tuple(rows(0, 1))


@check
def terms_never_change(implementation: Implementation, folder: Path) -> None:
    authority = objects.authority(objects.small_schema())
    ledger = implementation.create(folder, authority._ledger.terms, authority._secrets)
    said = terms_to_map(authority._ledger.terms)
    ledger.append(rows(0), position=0)
    assert terms_to_map(ledger.terms) == said
    with pytest.raises(AttributeError):
        ledger.terms = authority._ledger.terms  # type: ignore[misc]
    if implementation.durable:
        assert terms_to_map(implementation.open(folder).terms) == said


@check
def rows_that_were_read_stay_what_they_were(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    ledger.append(rows(0, 1), position=0)
    before = ledger.read()
    ledger.append(rows(2), position=2)
    assert before == tuple(rows(0, 1)) and ledger.read()[:2] == before
    assert isinstance(before, tuple)


@check
def a_closed_ledger_answers_nothing(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    ledger.append(rows(0), position=0)
    other = implementation.open(folder) if implementation.durable else None
    ledger.close()
    ledger.close()
    asked: list[Callable[[], object]] = [
        ledger.read,
        lambda: ledger.append(rows(1), position=1),
        lambda: ledger.exclusive().__enter__(),
        lambda: ledger.terms,
    ]
    for ask in asked:
        with pytest.raises(AuthorityError, match="closed"):
            ask()
    if other is not None:
        other.append(rows(1), position=1)
        assert other.read() == tuple(rows(0, 1))


@check
def a_ledger_is_never_copied(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            copied(ledger)


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


def require_whole(found: tuple[bytes, ...], writers: int, each: int) -> None:
    """Every row of every writer once, each writer's in its order."""
    values = [cbor.loads(data, "row") for data in found]
    for writer in range(writers):
        assert [value["number"] for value in values if value["writer"] == writer] == list(range(each))
    assert len(values) == writers * each


@check
def one_of_many_threads_gets_a_position(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    for turn in range(6):
        won: list[int] = []

        def attempt(writer: int, turn: int = turn, won: list[int] = won) -> None:
            with contextlib.suppress(LedgerMoved):
                ledger.append([row(turn, writer)], position=turn)
                won.append(writer)

        in_threads(attempt, 5)
        assert len(won) == 1 and ledger.read() == (*ledger.read()[:turn], row(turn, won[0]))


@check
def threads_append_without_gap_and_readers_see_prefixes(implementation: Implementation, folder: Path) -> None:
    ledger, writers, each = made(implementation, folder), 4, 8
    looks: list[tuple[bytes, ...]] = []

    def work(number: int) -> None:
        if number == writers:
            while len(ledger.read()) < writers * each:
                looks.append(ledger.read())
                time.sleep(0.001)
            return
        for index in range(each):
            appended(ledger, row(index, number))

    in_threads(work, writers + 1)
    require_whole(ledger.read(), writers, each)
    lengths = [len(look) for look in looks]
    assert lengths == sorted(lengths) and all(look == ledger.read()[: len(look)] for look in looks)


@check
def who_holds_the_right_to_append_holds_it_alone(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    other = implementation.open(folder) if implementation.durable else ledger
    outcome: list[str] = []

    def second() -> None:
        try:
            other.append(rows(1), position=0)
        except AuthorityError as error:
            outcome.append(type(error).__name__)

    with ledger.exclusive():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        assert outcome == [] and thread.is_alive()
        with ledger.exclusive():  # once more in the same thread
            ledger.append(rows(0), position=0)
        assert ledger.read() == tuple(rows(0))
    thread.join(SECONDS)
    assert outcome == ["LedgerMoved"] and other.read() == tuple(rows(0))
    with pytest.raises(ZeroDivisionError), ledger.exclusive():
        raise ZeroDivisionError
    other.append(rows(1), position=1)


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


def said(reader: int) -> list[bytes]:
    """The whole lines that a process wrote before its end."""
    with open(reader, "rb") as file:
        return [line[:-1] for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]


@check
def processes_append_without_gap(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    if not implementation.durable:
        return
    writers, each = 3, 6

    def work(writer: int) -> Callable[[int], None]:
        def append_all(_: int) -> None:
            mine = implementation.open(folder)
            for index in range(each):
                appended(mine, row(index, writer))

        return append_all

    children = [in_child(work(writer)) for writer in range(writers)]
    for pid, reader in children:
        os.close(reader)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    require_whole(ledger.read(), writers, each)


@check
def a_ledger_that_ends_with_its_process_is_not_forked_into_two(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    ledger.append(rows(0), position=0)

    def work(_: int) -> None:
        if implementation.durable:
            ledger.append(rows(1), position=1)
            return
        with pytest.raises(AuthorityError):
            ledger.append(rows(1), position=1)

    pid, reader = in_child(work)
    os.close(reader)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    count = 2 if implementation.durable else 1
    assert ledger.read() == tuple(rows(0, 1)[:count])
    ledger.append(rows(2), position=count)


@check
def what_was_acknowledged_survives_a_kill(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    if not implementation.durable:
        return
    draw = np.random.default_rng(int(os.environ["PYFE_TEST_SEED"]))

    def work(writer: int) -> None:
        mine = implementation.open(folder)
        for start in range(len(mine.read()), 10**6, 3):
            mine.append(rows(start, start + 1, start + 2), position=start)
            os.write(writer, b"%d\n" % (start + 3))

    for _ in range(4):
        pid, reader = in_child(work)
        time.sleep(float(draw.uniform(0.0, 0.1)))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        acknowledged = max(map(int, said(reader)), default=0)
        found = implementation.open(folder).read()
        assert found == tuple(rows(*range(len(found)))) == ledger.read()
        assert len(found) >= acknowledged and len(found) % 3 == 0, "a group of rows is whole or not there"


# -- failures --


@check
def a_ledger_is_opened_as_it_was_left(implementation: Implementation, folder: Path) -> None:
    first = made(implementation, folder)
    if not implementation.durable:
        return
    first.append(rows(0, 1), position=0)
    second = implementation.open(folder)
    assert second.read() == tuple(rows(0, 1)) and second.place == first.place
    second.append(rows(2), position=2)
    assert first.read(2) == tuple(rows(2))
    with pytest.raises(LedgerMoved):
        first.append(rows(3), position=2)


@check
def a_failure_before_the_rows_are_kept_keeps_none(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    if not implementation.durable:
        return
    ledger.append(rows(0), position=0)
    with implementation.failing("before"), pytest.raises(AuthorityError) as caught:
        ledger.append(rows(1, 2), position=1)
    assert not isinstance(caught.value, Recorded | LedgerMoved)
    assert ledger.read() == implementation.open(folder).read() == tuple(rows(0))
    ledger.append(rows(1), position=1)


@check
def a_failure_after_the_rows_are_kept_says_so(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    if not implementation.durable:
        return
    with implementation.failing("after"), pytest.raises(Recorded):
        ledger.append(rows(0, 1), position=0)
    assert ledger.read() == implementation.open(folder).read() == tuple(rows(0, 1))
    ledger.append(rows(2), position=2)


@check
def an_older_ledger_in_its_place_is_noticed(implementation: Implementation, folder: Path) -> None:
    ledger = made(implementation, folder)
    if not implementation.durable:
        return
    ledger.append(rows(0), position=0)
    put_back = implementation.saved(folder)
    ledger.append(rows(1), position=1)
    assert len(ledger.read()) == 2
    put_back()
    for ask in (ledger.read, lambda: ledger.append(rows(7), position=1), lambda: ledger.append(rows(7), position=2)):
        with pytest.raises(AuthorityError):
            ask()
    another = implementation.open(folder)
    assert another.read() == tuple(rows(0))
    another.append(rows(8, 9), position=1)  # as long as before, and longer: still not what was read
    with pytest.raises(AuthorityError):
        ledger.read()
