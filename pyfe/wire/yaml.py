"""YAML that people write as plain maps, lists and scalars, and the line of every value.

A small part of YAML 1.1 is read, in which there is one way to read a file: maps, lists and texts. ``no`` is the text
"no", ``5`` the text "5", unless the kind of file says what else a value without quotes is (:class:`File`). Anchors,
aliases, merges, tags, directives, further documents and names that stand twice are errors. PyYAML finds the parts;
nothing is composed or constructed by it, so a file costs no more than its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pyfe.errors import DecodeError, ParameterError
from pyfe.wire.words import Path

__all__ = ["MOST_DEPTH", "File", "Parsed", "parse"]

MOST_DEPTH = 6
"""Deepest nesting of maps and lists: a policy needs four, a schema six."""

_SHOWN = 60


def _as_text(text: str, quoted: bool) -> Any:
    return text


@dataclass(frozen=True)
class File:
    """A kind of file: what messages call it, the most bytes, the most names and values, and what a scalar stands for.

    ``scalar`` takes the text of a value and whether it stands in quotes; what it raises as ParameterError is refused
    with the line. By default a value is its text. Names are texts always.
    """

    name: str
    most_bytes: int
    most_parts: int
    scalar: Callable[[str, bool], Any] = _as_text

    def refuse(self, line: int, message: str) -> NoReturn:
        """DecodeError that names the line."""
        raise DecodeError(f"{self.name}, line {line}: {message}")


@dataclass
class Parsed:
    """What a file says, in texts, and the lines (counted from 1) on which the values of paths stand."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a value, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass
class _Open:
    """A map or list that is being read."""

    into: dict[str, Any] | list[Any]
    path: Path
    name: str | None = None
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str | int:
        """Where the next value goes."""
        return len(self.into) if self.name is None else self.name

    def put(self, value: Any, line: int) -> int:
        """Put a value in its place; the line of its name, or of itself in a list."""
        if isinstance(self.into, list):
            self.into.append(value)
        elif self.name is not None:
            self.into[self.name], line, self.name = value, self.lines[self.name], None
        return line


def parse(data: bytes | str, file: File) -> Parsed:
    """The parts of a file. DecodeError, which names the line, for anything outside the part of YAML above."""
    text = _text(data, file)
    builder = _Builder(file)
    for line, event in _events(text, file):
        builder.take(line, event)
    if builder.documents != 1:
        file.refuse(1, "it says nothing")
    return builder.parsed


def _text(data: bytes | str, file: File) -> str:
    if not isinstance(data, bytes | str):
        raise DecodeError(f"a {file.name} is text or its bytes, not {type(data).__name__}")
    if len(data) > file.most_bytes:
        raise DecodeError(f"{file.name}: {len(data)} bytes, at most {file.most_bytes} are allowed")
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        file.refuse(1 + data.count(b"\n", 0, error.start), "it is not UTF-8 text")


def _events(text: str, file: File) -> Iterator[tuple[int, Any]]:
    """Line and event of every part that PyYAML finds."""
    import yaml

    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            yield event.start_mark.line + 1, event
    except yaml.MarkedYAMLError as error:
        mark, start = error.problem_mark or error.context_mark, error.context_mark
        line = 1 if mark is None else mark.line + 1
        begun = "" if start is None or start.line + 1 == line else f" ({error.context}, begun on line {start.line + 1})"
        file.refuse(line, f"not YAML: {error.problem or error.context}{begun}")
    except yaml.reader.ReaderError as error:
        file.refuse(1 + text.count("\n", 0, max(0, error.position)), "it holds a character that does not print")
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # such as an escape beyond Unicode
        file.refuse(1, f"not YAML: {str(error)[:_SHOWN]}")


class _Builder:
    """Puts events together. Its stack is a list: no nesting of a file is one of the interpreter's."""

    def __init__(self, file: File) -> None:
        self._file = file
        self.parsed = Parsed()
        self.documents = self._parts = 0
        self._open: list[_Open] = []

    def take(self, line: int, event: Any) -> None:
        """One more event."""
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._start(line, event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"):
            self._require_plain(line, event, kind)
            self._add(line, event, kind)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()

    def _start(self, line: int, event: Any) -> None:
        self.documents += 1
        if event.version or event.tags:
            self._file.refuse(line, "directives (%YAML, %TAG) are not read")
        if self.documents > 1:
            self._file.refuse(line, "a second document begins; a file is one")

    def _require_plain(self, line: int, event: Any, kind: str) -> None:
        self._parts += 1
        if event.anchor is not None:
            self._file.refuse(line, "anchors and aliases (& and *) are not read; write the value again")
        if event.tag is not None:
            self._file.refuse(line, "tags (!) are not read")
        if self._parts > self._file.most_parts:
            self._file.refuse(line, f"more than {self._file.most_parts} names and values")
        if kind != "ScalarEvent" and len(self._open) >= MOST_DEPTH:
            self._file.refuse(line, f"more than {MOST_DEPTH} levels of maps and lists")

    def _add(self, line: int, event: Any, kind: str) -> None:
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.into, dict) and above.name is None:
            above.name = self._name(line, event, kind, above)
            return
        path: Path = () if above is None else (*above.path, above.place)
        value: Any = (
            {} if kind == "MappingStartEvent" else [] if kind == "SequenceStartEvent" else self._value(line, event)
        )
        if above is None:
            self.parsed.value, self.parsed.lines[path] = value, line
        else:
            self.parsed.lines[path] = above.put(value, line)
        if kind != "ScalarEvent":
            self._open.append(_Open(value, path))

    def _name(self, line: int, event: Any, kind: str, above: _Open) -> str:
        if kind != "ScalarEvent":
            self._file.refuse(line, "a name is a text, not a map or list")
        name = self._scalar(line, event)
        if name in above.lines:
            self._file.refuse(line, f"{name[:_SHOWN]!r} stands twice, first on line {above.lines[name]}")
        above.lines[name] = line
        return name

    def _scalar(self, line: int, event: Any) -> str:
        value = str(event.value)
        if not value and event.implicit[0]:
            self._file.refuse(line, "a name or value is missing")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            self._file.refuse(line, "it holds half of a surrogate pair")
        return value

    def _value(self, line: int, event: Any) -> Any:
        text = self._scalar(line, event)
        try:
            return self._file.scalar(text, not event.implicit[0])
        except ParameterError as error:
            self._file.refuse(line, str(error))
