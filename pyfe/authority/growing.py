"""Lists and maps that only grow, and of which every earlier value stays what it was.

A state of an authority is the fold of its log, one more for every entry. Copying its lists would cost the whole log
each time; changing them would change states that others still look at. So the values of one line of history share their
storage, and each sees the part that was there when it was made. Two lines that part from one value part their storage.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, TypeVar, overload

__all__ = ["Growing", "GrowingMap"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Growing(Sequence[V]):
    """A list; :meth:`plus` gives another with one more, at the cost of one."""

    __slots__ = ("_lock", "_shared", "_size")

    def __init__(self) -> None:
        self._shared: list[V] = []
        self._size = 0
        self._lock = threading.Lock()

    def plus(self, value: V) -> Growing[V]:
        """The list with one more at its end."""
        longer: Growing[V] = Growing()
        with self._lock:
            if len(self._shared) == self._size:
                longer._shared, longer._lock = self._shared, self._lock
            else:  # another value follows this one already
                longer._shared = self._shared[: self._size]
            longer._shared.append(value)
        longer._size = self._size + 1
        return longer

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[V]:
        return iter(self._shared[: self._size])

    @overload
    def __getitem__(self, at: int) -> V: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[V]: ...
    def __getitem__(self, at: int | slice) -> V | Sequence[V]:
        if isinstance(at, slice):
            return self._shared[: self._size][at]
        if not -self._size <= at < self._size:
            raise IndexError(at)
        return self._shared[at + self._size if at < 0 else at]


class GrowingMap(Generic[K, V]):
    """A map; :meth:`plus` gives another in which a key has another value, at the cost of one."""

    __slots__ = ("_changes", "_places")

    def __init__(self) -> None:
        self._changes: Growing[tuple[K, V]] = Growing()
        self._places: dict[K, list[int]] = {}  # of every change of a key, ascending

    def plus(self, key: K, value: V) -> GrowingMap[K, V]:
        """The map with this value under the key."""
        changed: GrowingMap[K, V] = GrowingMap()
        changed._changes = self._changes.plus((key, value))
        if changed._changes._shared is self._changes._shared:
            changed._places = self._places
        else:
            for at, (each, _) in enumerate(self._changes):
                changed._places.setdefault(each, []).append(at)
        changed._places.setdefault(key, []).append(len(self._changes))
        return changed

    def get(self, key: K) -> V | None:
        """The value under a key; None where there is none."""
        for at in reversed(self._places.get(key, ())):
            if at < len(self._changes):
                return self._changes[at][1]
        return None
