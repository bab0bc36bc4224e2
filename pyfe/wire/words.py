"""Reading the words of a file that people write from plain types, and saying where a fault stands.

The same reader serves such a file (:mod:`pyfe.wire.yaml`) and the canonical map of plain types that a log keeps of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from pyfe.errors import ParameterError
from pyfe.wire.texts import require_text

__all__ = ["Fault", "Node", "Path", "nearest"]

Path: TypeAlias = tuple[str | int, ...]
"""Names and positions from the top of a file down to a value."""

_SHOWN = 60
MOST_ITEMS = 10_000
"""Most items of a list, or names of a map, where nothing else is said."""


class Fault(Exception):
    """What is wrong in a file, and the path to it; readers make a DecodeError of it."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path, self.message = path, message


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word nearest to one that is not, as the end of a sentence; or all of them, where they are few."""
    words = sorted(known)
    close = difflib.get_close_matches(str(word)[:_SHOWN], words[:MOST_ITEMS], n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0][:_SHOWN]!r}?"
    return f"; known are {', '.join(words)}" if 0 < len(words) <= 8 else ""


@dataclass(frozen=True)
class Node:
    """A value of a file and where it stands. Every reader of it raises :class:`Fault`."""

    value: Any
    path: Path = ()
    most: int = MOST_ITEMS
    """Most items of a list, or names of a map, here and below."""

    def fail(self, message: str, at: Path | None = None) -> NoReturn:
        """Raise the fault, here or elsewhere in the file."""
        raise Fault(self.path if at is None else at, message)

    @property
    def name(self) -> str:
        """How people call the place."""
        return ".".join(str(part)[:_SHOWN] for part in self.path) or "the file"

    def entries(self) -> dict[str, Node]:
        """The values of a map by names that the writer chose."""
        if type(self.value) is not dict or len(self.value) > self.most:
            self.fail(f"{self.name} must be a map of names to values")
        for key in self.value:
            if type(key) is not str:
                self.fail(f"{self.name} has a name that is no text")
        return {key: self._below(key, value) for key, value in self.value.items()}

    def words(self, required: Sequence[str], optional: Sequence[str]) -> dict[str, Node]:
        """The values of a map by words that are known; a fault for another word, or a required one that is missing."""
        found = self.entries()
        known = [*required, *optional]
        for word, node in found.items():
            if word not in known:
                self.fail(f"{word[:_SHOWN]!r} is no word of {self.name}{nearest(word, known)}", node.path)
        for word in required:
            if word not in found:
                self.fail(f"{self.name} must say {word!r}")
        return found

    def items(self) -> list[Node]:
        """The values of a list."""
        if type(self.value) is not list or len(self.value) > self.most:
            self.fail(f"{self.name} must be a list, such as [a, b]")
        return [self._below(at, value) for at, value in enumerate(self.value)]

    def _below(self, place: str | int, value: Any) -> Node:
        return Node(value, (*self.path, place), self.most)

    def text(self) -> str:
        """A text as a ledger can hold it."""
        try:
            return require_text(self.name, self.value)
        except ParameterError as error:
            self.fail(str(error))

    def texts(self) -> tuple[str, ...]:
        """A list of texts, none of them twice, in order of their letters."""
        seen: set[str] = set()
        for node in self.items():
            text = node.text()
            if text in seen:
                node.fail(f"{text[:_SHOWN]!r} stands twice in {self.name}")
            seen.add(text)
        return tuple(sorted(seen))

    def chosen(self, known: Iterable[str], what: str) -> tuple[str, ...]:
        """A list of texts of which each is one of those known; ``what`` names them."""
        words = set(known)
        for node in self.items():
            if node.text() not in words:
                node.fail(f"{node.text()[:_SHOWN]!r} is no {what}{nearest(node.value, words)}")
        return self.texts()

    def count(self, lowest: int, highest: int) -> int:
        """A whole number within bounds (both included), written in plain digits."""
        value = self.value
        if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 12:
            value = int(value)
        if type(value) is not int or not lowest <= value <= highest:
            self.fail(f"{self.name} must be a whole number from {lowest} to {highest}")
        return value

    def octets(self, size: int) -> bytes:
        """Bytes, written as hexadecimal digits."""
        if type(self.value) is not str or not re.fullmatch(f"[0-9a-fA-F]{{{2 * size}}}", self.value):
            self.fail(f"{self.name} must be {2 * size} hexadecimal digits")
        return bytes.fromhex(self.value)
