"""Authorities over storages for tests: small schemas, functions, a clock that is set, storages that fail on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pyfe import Function, Policy, Schema
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.storage import MemoryStorage, Recorded, Storage, StorageGone, Stored, Transaction
from pyfe.authority.vault import Vault

NOW = 1_700_000_000
FREE = Policy.unrestricted(reason="a test")


class Clock:
    """Says what it is set to."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def schema(n: int = 24) -> Schema:
    """Columns of 8 bits."""
    return Schema.from_ranges({f"x{i}": (0, 255) for i in range(n)})


def dense(s: Schema, change: int = 0, factor: int = 1) -> Function:
    """A function that the default rules grant; two of them that differ in ``change`` open the first column."""
    weights = np.arange(3, 3 + s.n) * np.where(np.arange(s.n) % 2, -1, 1)
    weights[0] += change
    return Function.from_integers(s, weights * factor)


def unit(s: Schema, at: int) -> Function:
    """One column, which an unrestricted policy alone grants."""
    return Function.from_integers(s, np.eye(1, s.n, at, dtype=np.int64)[0])


def create(plan: Plan | None = None, clock: Clock | None = None, vault: Vault | None = None) -> Engine:
    """An authority in memory."""
    return Engine.create(MemoryStorage, vault or Vault.fresh(), clock or Clock(), plan or Plan(schema()))


class Stopped(BaseException):
    """The process ends here."""


class Faulty:
    """A storage over another one that fails at the call of a number, before or after it was done.

    ``error``: what it raises. ``steps``: how many calls there were.
    """

    def __init__(self, inner: Storage) -> None:
        self.inner = inner
        self.steps = 0
        self.fail_at: int | None = None
        self.after = False
        self.error: Callable[[], BaseException] = lambda: StorageGone("the disk is gone; nothing was appended")
        self.before_writing: Callable[[], None] | None = None

    place = "a faulty place"

    @property
    def authority(self) -> bytes:
        return self.inner.authority

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """One call."""
        at, self.steps = self.steps, self.steps + 1
        if at == self.fail_at and not self.after:
            raise self.error()
        yield
        if at == self.fail_at:
            raise self.error()

    def read(self, since: int = 0) -> Stored:
        with self.step():
            return self.inner.read(since)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        if self.before_writing is not None:
            self.before_writing()
        before = len(self.inner.read().entries)
        try:
            with self.step(), self.inner.writing() as transaction:
                yield _Faulty(self, transaction)
        except StorageGone as error:
            if len(self.inner.read().entries) > before:  # what the protocol wants of a failure after a commit
                raise Recorded("the commit failed") from error
            raise

    def close(self) -> None:
        self.inner.close()


class _Faulty:
    """Its transactions."""

    def __init__(self, storage: Faulty, inner: Transaction) -> None:
        self._storage, self._inner = storage, inner

    @property
    def size(self) -> int:
        return self._inner.size

    def read(self, since: int = 0) -> Stored:
        with self._storage.step():
            return self._inner.read(since)

    def append(self, entries: Sequence[bytes], head: bytes) -> None:
        with self._storage.step():
            self._inner.append(entries, head)


def faulty(plan: Plan | None = None, clock: Clock | None = None) -> tuple[Engine, Faulty, Vault]:
    """An authority over a storage that fails on demand."""
    made: list[Faulty] = []

    def make(*given: Any) -> Storage:
        made.append(Faulty(MemoryStorage(*given)))
        return made[0]

    vault = Vault.fresh()
    return Engine.create(make, vault, clock or Clock(), plan or Plan(schema())), made[0], vault
