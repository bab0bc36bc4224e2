"""Processes that append against a count, workers kept alive between rounds: none over, none lost; and what it costs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyfe.authority.storage import MemoryStorage, Storage, create_storage, open_storage, sqlite
from tests.unit import postgres_cluster
from tests.unit.storage_conformance import AUTHORITY, head

PROCESSES = 8


@pytest.fixture(scope="module", autouse=True)
def no_server_left() -> Iterator[None]:
    yield
    postgres_cluster.remove_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a new log."""
    if request.param == "postgresql":
        return postgres_cluster.cluster().empty()
    return str(tmp_path / "authority.db")


def asked(storage: Storage, prefix: bytes, count: int) -> bool:
    """An entry of this round more, if there are not so many yet."""
    with storage.writing() as transaction:
        issued = sum(entry.startswith(prefix) for entry in transaction.read().entries)
        if issued >= count:
            return False
        transaction.append([prefix], head(transaction.size + 1))
    return True


def check_then_act(storage: Storage, prefix: bytes, count: int) -> bool:
    """The planted bug: looks outside of the transaction."""
    if sum(entry.startswith(prefix) for entry in storage.read().entries) >= count:
        return False
    with storage.writing() as transaction:
        transaction.append([prefix], head(transaction.size + 1))
    return True


Ask = Callable[[Storage, bytes, int], bool]


class Worker:
    """A process that asks, round after round, until it is refused, and says how often it was granted."""

    def __init__(self, place: str, ask: Ask) -> None:
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.ours.close()
                work(place, ask, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def start(self, number: int, count: int) -> None:
        self.ours.sendall(b"%d %d\n" % (number, count))

    def granted(self) -> int:
        return int(self.ours.recv(100))

    def end(self) -> None:
        self.ours.shutdown(socket.SHUT_RDWR)  # to close it would not do: later workers have copies
        self.ours.close()
        os.waitpid(self.pid, 0)


def work(place: str, ask: Ask, orders: socket.socket) -> None:
    storage = open_storage(place)
    while order := orders.recv(100):
        number, count = map(int, order.split())
        granted = 0
        while ask(storage, b"round %d:" % number, count):
            granted += 1
        orders.sendall(b"%d" % granted)


def over_and_lost(place: str, ask: Ask, rounds: int) -> tuple[int, int]:
    """How many entries were granted beyond the counts 1, 8 and 64 in turn, and how many of those granted are gone."""
    storage = create_storage(place, AUTHORITY)
    workers = [Worker(place, ask) for _ in range(PROCESSES)]
    over = lost = 0
    for number in range(rounds):
        count = (1, 8, 64)[number % 3] if number % 9 < 6 else 8
        for worker in workers:
            worker.start(number, count)
        granted = sum(worker.granted() for worker in workers)
        found = sum(entry.startswith(b"round %d:" % number) for entry in storage.read().entries)
        over, lost = over + max(0, found - count), lost + abs(granted - found) + max(0, count - found)
    for worker in workers:
        worker.end()
    found_all = storage.read()
    assert found_all.head == head(len(found_all.entries))
    return over, lost


def test_nothing_is_granted_beyond_a_count(place: str) -> None:
    assert over_and_lost(place, asked, 4) == (0, 0)


@pytest.mark.slow
def test_nothing_is_granted_beyond_a_count_in_a_hundred_rounds(place: str) -> None:
    assert over_and_lost(place, asked, 100) == (0, 0)


def test_looking_before_the_transaction_is_noticed(place: str) -> None:
    over, _ = over_and_lost(place, check_then_act, 10)
    assert over > 0


# -- cost --


def cost(storage: Storage) -> float:
    """Processor time of a transaction of one entry, in milliseconds, over ten."""
    start = time.process_time()
    for _ in range(10):
        with storage.writing() as transaction:
            transaction.append([b"x" * 500], b"y" * 250)
    return (time.process_time() - start) / 10 * 1000


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_a_transaction_costs_the_same_at_any_length(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 0.5 ms of processor time beside the sync, which is left out: who was put to sleep by it finds cold caches
    on a loaded machine, and pays for them. Only a gross breach fails; the least of some turns, one after the other."""
    monkeypatch.setitem(sqlite.SETTINGS, "synchronous", "OFF")

    def made(count: int) -> Storage:
        first = [b"x" * 500] * count
        if kind == "memory":
            return MemoryStorage(AUTHORITY, first, b"y")
        if kind == "postgresql":
            return create_storage(postgres_cluster.cluster().empty(), AUTHORITY, first, b"y")
        return create_storage(tmp_path / f"{count}.db", AUTHORITY, first, b"y")

    with contextlib.closing(made(10)) as short, contextlib.closing(made(10_000)) as long:
        turns = [(cost(short), cost(long)) for _ in range(12)]
    at_10, at_10_000 = (min(turn[which] for turn in turns[2:]) for which in (0, 1))
    with capsys.disabled():
        print(f"\n  {kind}: {at_10:.3f} ms a transaction at 10 entries, {at_10_000:.3f} ms at 10,000 (promise: 0.5 ms)")
    assert at_10 < 5.0 and at_10_000 < 2 * at_10 + 0.1


# -- what is imported --

HEAVY = ["sqlalchemy", "alembic", "psycopg", "sqlite3"]


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import pyfe", []),
        ("import pyfe.authority.storage as s; s.MemoryStorage(b'k').read()", []),
        ("import pyfe; pyfe.KeyAuthority", []),
        ("import pyfe.authority.storage as s; s.open_storage(place)", ["sqlalchemy", "sqlite3"]),
    ],
)
def test_databases_are_imported_when_one_is_opened(tmp_path: Path, code: str, loaded: list[str]) -> None:
    place = str(tmp_path / "authority.db")
    create_storage(place, AUTHORITY).close()
    program = f"import sys; place = {place!r}\n{code}\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(loaded)
