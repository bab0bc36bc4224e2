"""One step of a long work ahead of the next, by a thread: reading while what was read is encrypted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

_POLL = 0.1
"""Seconds between two looks of a waiting thread at whether anybody still waits for it."""


def ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
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
