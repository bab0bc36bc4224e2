"""One step of a long work ahead of the next, or behind it, by a thread: reading and writing while the core works."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TypeVar

__all__ = ["ahead", "behind", "beside"]

T = TypeVar("T")

_POLL = 0.1
"""Seconds between two looks of a waiting thread at whether anybody still waits for it."""


def ahead(items: Iterable[T], depth: int = 2) -> Generator[T, None, None]:
    """The same items in the same order, at most ``depth`` of them made before they are asked for.

    What making them raises is raised here. Whoever stops asking (closes the iterator, or an error ends the loop) ends
    the thread.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=_POLL)
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put((item, None, False))
                if stopped.is_set():
                    return
            put((None, None, True))
        except BaseException as error:
            put((None, error, True))

    thread = threading.Thread(target=make, name="pyfe-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = ready.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]  # only the last entry has no item
    finally:
        stopped.set()
        thread.join()


@contextmanager
def behind(
    work: Callable[[Iterator[T]], object], depth: int = 1, *, unblock: Callable[[], object] = lambda: None
) -> Iterator[Callable[[T], None]]:
    """A function that hands items over to ``work``, which takes them from an iterator in a thread of its own; it waits
    while ``depth`` of them are not taken yet.

    The end of the block is the end of the items; it waits until ``work`` is done. What ``work`` raises is raised here,
    where the next item is handed over or at the end. An error that ends the block is raised in the iterator too, so
    that ``work`` leaves nothing half done; ``unblock`` ends what it may wait for besides.
    """
    given: queue.Queue[tuple[T] | None] = queue.Queue(depth)
    failed, done = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def items() -> Iterator[T]:
        while True:
            try:
                entry = given.get(timeout=_POLL)
            except queue.Empty:
                if failed.is_set():
                    raise _Failed from None
                continue
            if entry is None:
                return
            yield entry[0]

    def run() -> None:
        try:
            work(items())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    def put(entry: tuple[T] | None) -> None:
        while not done.is_set():
            try:
                given.put(entry, timeout=_POLL)
                return
            except queue.Full:
                continue
        if errors:
            raise errors[0]

    thread = threading.Thread(target=run, name="pyfe-behind", daemon=True)
    thread.start()
    try:
        yield lambda item: put((item,))
        put(None)
    except BaseException:
        failed.set()
        unblock()
        raise
    finally:
        thread.join()
    if errors:
        raise errors[0]


def beside(work: Callable[[], T]) -> Future[T]:
    """What ``work`` returns or raises, in a thread of its own, which nobody waits for who does not ask. To cancel it
    ends the waiting, not the work."""
    future: Future[T] = Future()

    def run() -> None:
        with suppress(InvalidStateError):  # nobody asks any more
            try:
                result = work()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

    threading.Thread(target=run, name="pyfe-beside", daemon=True).start()
    return future


class _Failed(Exception):
    """The items end here because their maker failed."""
