"""Work that is done ahead: one thread makes what another takes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

_LOOKS = 0.1
"""Seconds between two looks of a thread that waits at whether it is still wanted."""


class _Made(Generic[T]):
    """What a thread hands over: an item, the end, or what went wrong."""

    def __init__(self, item: T | None = None, error: BaseException | None = None, *, end: bool = False) -> None:
        self.item, self.error, self.end = item, error, end


@contextmanager
def ahead(items: Iterable[T], *, most: int = 1) -> Iterator[Iterator[T]]:
    """The items in order, made in a thread of their own, ``most`` of them and one in the making before they are asked
    for. What is raised there is raised here, in its turn. The thread has ended when the block has.
    """
    made: queue.Queue[_Made[T]] = queue.Queue(most)
    over = threading.Event()

    def hand_over(one: _Made[T]) -> None:
        while not over.is_set():
            try:
                made.put(one, timeout=_LOOKS)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                hand_over(_Made(item))
                if over.is_set():
                    return
            hand_over(_Made(end=True))
        except BaseException as error:
            hand_over(_Made(error=error))

    def taken() -> Iterator[T]:
        while not (one := made.get()).end:
            if one.error is not None:
                raise one.error
            yield one.item  # type: ignore[misc]

    thread = threading.Thread(target=work, name="pyfe-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        over.set()
        thread.join()
