"""Every ledger keeps the promises of the protocol, and a ledger that breaks one is noticed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pyfe import AuthorityError, Function, KeyAuthority, Policy, Schema
from pyfe.authority.ledger import FileLedger, Ledger, LedgerMoved, MemoryLedger, locked_file
from pyfe.authority.records import Terms
from pyfe.authority.secrets import Secrets
from pyfe.wire import cbor, sealing
from pyfe.wire.sealing import SealingKey
from tests.unit.ledger_conformance import CHECKS, Implementation
from tests.unit.objects import PASSPHRASE

FREE = Policy.unrestricted(reason="a test")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


class InMemory:
    """Ends with its process."""

    durable = False
    made: type[MemoryLedger] = MemoryLedger

    def create(self, folder: Path, terms: Terms, secrets: Secrets) -> Ledger:
        return self.made(terms)

    def open(self, folder: Path) -> Ledger:
        raise NotImplementedError

    def failing(self, moment: str) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError

    def saved(self, folder: Path) -> Callable[[], None]:
        raise NotImplementedError


class InAFile:
    """The sealed file."""

    durable = True
    made: type[FileLedger] = FileLedger

    def create(self, folder: Path, terms: Terms, secrets: Secrets) -> Ledger:
        return self.made.create(folder / "authority.pyfe", SealingKey.fresh(PASSPHRASE), terms, secrets)

    def open(self, folder: Path) -> Ledger:
        return self.made.open(folder / "authority.pyfe", PASSPHRASE)[0]

    @contextlib.contextmanager
    def failing(self, moment: str) -> Iterator[None]:
        def fails(*_: object) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(locked_file, {"before": "_write_durably", "after": "sync_folder"}[moment], fails)
            yield

    def saved(self, folder: Path) -> Callable[[], None]:
        place, copy = folder / "authority.pyfe", folder / "copy"
        shutil.copy(place, copy)
        return lambda: os.replace(copy, place)


IMPLEMENTATIONS: dict[str, Implementation] = {"memory": InMemory(), "file": InAFile()}


@pytest.mark.parametrize("promise", CHECKS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_ledger_keeps_its_promises(implementation: str, promise: str, tmp_path: Path) -> None:
    CHECKS[promise](IMPLEMENTATIONS[implementation], tmp_path)


# -- ledgers that break one --


class CheckThenAct(MemoryLedger):
    """Looks at the position, and appends a moment later: two threads get the same one."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        if len(self._rows) != position:
            raise LedgerMoved
        time.sleep(0.002)
        self._rows += tuple(rows)


class Trusting(MemoryLedger):
    """Appends wherever the ledger stands."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        super().append(rows, position=len(self._rows))


class OneByOne(MemoryLedger):
    """Keeps the first rows of a group whose last is none."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        for at, row in enumerate(rows):
            super().append([row], position=position + at)


class Reversing(MemoryLedger):
    """Gives the newest row out first."""

    def read(self, since: int = 0) -> tuple[bytes, ...]:
        return self._rows[since:][::-1]


class Distinct(MemoryLedger):
    """Keeps a row once."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        super().append(list(dict.fromkeys(rows)), position=position)


class Forked(MemoryLedger):
    """Lives on in a forked child, as a second ledger."""

    def after_fork(self) -> None:
        super().after_fork()
        self._owner = os.getpid()


class Lockless(FileLedger):
    """Gives the right to append to everybody."""

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class Promising(FileLedger):
    """Acknowledges rows that it has not written."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        newest = self._newest()
        if len(newest.rows) != position:
            raise LedgerMoved
        part = newest.part.followed_by([cbor.loads(row, "row") for row in rows])
        self._reading = type(newest)(newest.data, newest.status, part, (*newest.rows, *rows))


class Forgetting(FileLedger):
    """Believes the file, whatever it read there before."""

    def _newest(self):  # type: ignore[no-untyped-def]
        self._reading = type(self._reading)(b"", None, type(self._reading.part)(self._reading.part.terms, []), ())
        return super()._newest()


BROKEN: dict[type[MemoryLedger | FileLedger], str] = {
    CheckThenAct: "one_of_many_threads_gets_a_position",
    Trusting: "a_position_that_is_not_the_newest_is_refused",
    OneByOne: "what_is_no_row_is_refused_with_its_group",
    Reversing: "rows_stand_in_the_order_of_their_appends",
    Distinct: "every_row_comes_back_byte_for_byte",
    Forked: "a_ledger_that_ends_with_its_process_is_not_forked_into_two",
    Lockless: "who_holds_the_right_to_append_holds_it_alone",
    Promising: "a_ledger_is_opened_as_it_was_left",
    Forgetting: "an_older_ledger_in_its_place_is_noticed",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_ledger_that_breaks_a_promise_is_noticed(broken: type[MemoryLedger | FileLedger], tmp_path: Path) -> None:
    implementation = InMemory() if issubclass(broken, MemoryLedger) else InAFile()
    implementation.made = broken  # type: ignore[assignment]
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        CHECKS[BROKEN[broken]](implementation, tmp_path)


# -- ledgers that an authority does not believe --


SCHEMA = Schema.from_ranges({name: (0, 15) for name in "abcdef"}, bits=4)


def functions() -> list[Function]:
    """Four that the default policy grants one after the other."""
    rows = [[1, 2, 3, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 0, 1, 2, 3, 0], [0, 0, 0, 1, 2, 3]]
    return [Function.from_integers(SCHEMA, row) for row in rows]


@pytest.mark.parametrize("kept", [(0, 2), (1, 2), (2, 1, 0), (0, 0, 1)], ids=["middle", "first", "reversed", "doubled"])
def test_rows_that_are_not_numbered_through_are_refused(kept: tuple[int, ...]) -> None:
    whole = KeyAuthority.create(SCHEMA, policy=FREE)
    for function in functions()[:3]:
        whole.issue(function, purpose="test")
    rows = whole._ledger.read()
    ledger = MemoryLedger(whole._terms)
    ledger.append([rows[i] for i in kept], position=0)
    with pytest.raises(AuthorityError, match=r"row \d of the ledger says that it is key #\d: rows are missing"):
        KeyAuthority(ledger, whole._secrets, time.time)


def test_the_ledger_of_another_authority_is_refused() -> None:
    one, other = KeyAuthority.create(SCHEMA, policy=FREE), KeyAuthority.create(SCHEMA, policy=FREE)
    with pytest.raises(AuthorityError, match="that of another authority"):
        KeyAuthority(MemoryLedger(other._terms), one._secrets, time.time)


class Uncommitted(MemoryLedger):
    """Says nothing, and keeps nothing."""

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        pass


def test_no_key_leaves_before_the_ledger_shows_its_row() -> None:
    made = KeyAuthority.create(SCHEMA, policy=FREE)
    authority = KeyAuthority(Uncommitted(made._terms), made._secrets, time.time)
    with pytest.raises(AuthorityError, match="took the row of key #1 and does not show it"):
        authority.issue(functions()[0], purpose="test")


@pytest.mark.parametrize("kind", [memoryview, bytearray])
def test_rows_in_a_buffer_of_a_driver_are_rows(kind: Callable[[bytes], object]) -> None:
    made, ledger = whole_and_empty(kind)
    assert [row.sequence for row in KeyAuthority(ledger, made._secrets, time.time).issued] == [1]


@pytest.mark.parametrize("kind", [list, str, lambda row: None], ids=["list", "text", "nothing"])
def test_rows_that_are_no_bytes_are_an_error_of_the_ledger(kind: Callable[[bytes], object]) -> None:
    made, ledger = whole_and_empty(kind)
    with pytest.raises(AuthorityError, match="holds a row that is none"):
        KeyAuthority(ledger, made._secrets, time.time)


def whole_and_empty(kind: Callable[[bytes], object]) -> tuple[KeyAuthority, MemoryLedger]:
    """An authority that issued a key, and a ledger with its rows that gives them out as something else."""

    class Driver(MemoryLedger):
        def read(self, since: int = 0) -> tuple[bytes, ...]:
            return tuple(kind(row) for row in super().read(since))  # type: ignore[misc]

    made = KeyAuthority.create(SCHEMA, policy=FREE)
    made.issue(functions()[0], purpose="test")
    ledger = Driver(made._terms)
    ledger.append(made._ledger.read(), position=0)
    return made, ledger


class Unreadable(MemoryLedger):
    """Keeps a row, and fails when it is asked for it."""

    failure: BaseException = AuthorityError("the disk is gone")

    def read(self, since: int = 0) -> tuple[bytes, ...]:
        if self._rows:
            raise self.failure
        return super().read(since)


@pytest.mark.parametrize("failure", [AuthorityError("the disk is gone"), OSError("gone"), KeyboardInterrupt()])
def test_a_failure_to_read_the_row_again_says_that_the_key_counts(failure: BaseException) -> None:
    made = KeyAuthority.create(SCHEMA, policy=FREE)
    ledger = Unreadable(made._terms)
    ledger.failure = failure
    authority = KeyAuthority(ledger, made._secrets, time.time)
    with pytest.raises((AuthorityError, KeyboardInterrupt)) as caught:
        authority.issue(functions()[0], purpose="test")
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "key #1 is in the ledger and counts" in said
