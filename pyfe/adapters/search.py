"""The search that ends a decryption, where a scheme has one: what it needs, and getting it ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from pyfe import _core

__all__ = ["LogarithmSearch", "Search", "SearchPlan", "SearchTable"]


@dataclass(frozen=True)
class SearchPlan:
    """What a search needs. ``path``: the file of its table, None in memory; ``ready``: whether that file is there."""

    table_bytes: int
    steps_worst: int
    path: str | None
    ready: bool


@dataclass(frozen=True)
class SearchTable:
    """A table at hand: the seconds it took, whether it was built, and the file it is kept in, if it is."""

    seconds: float
    built: bool
    path: str | None


class Search(Protocol):
    """How a scheme finds a result in an interval of ``width = high - low``."""

    @property
    def name(self) -> str:
        """Where it searches, for people; equal names share their tables."""

    def plan(self, width: int) -> SearchPlan:
        """What the search needs; builds nothing. OutOfRangeError for a width beyond the scheme's."""

    def prepare(self, width: int) -> SearchTable:
        """Build or read its table now; likewise."""


@dataclass(frozen=True)
class LogarithmSearch:
    """Discrete logarithms of one group of :mod:`pyfe._core.dlog`, baby steps from a table.

    ``widest``: the widest interval, ``high - low``; kMaxWidth in csrc/dlog/include/pyfe/dlog/dlog.hpp.
    """

    name: str
    widest: ClassVar[int] = 2**44

    def plan(self, width: int) -> SearchPlan:
        """What the search needs; builds nothing. OutOfRangeError above 2^44."""
        plan = _core.dlog.plan(width, self.name)
        return SearchPlan(plan["table_bytes"], plan["steps_worst"], plan["path"], plan["ready"])

    def prepare(self, width: int) -> SearchTable:
        """Build or read its table now. OutOfRangeError above 2^44."""
        return SearchTable(**_core.dlog.prepare(width, self.name))
