"""What a work folder holds and whose work it is: the command, and every part of it that is finished.

JSON in one canonical form, with no secret and nothing random but a cohort's public id: an auditor may read it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias, cast, get_args

from pyfe.errors import DecodeError, ParameterError
from pyfe.strict import json_object, reading, require_fields

__all__ = ["MANIFEST", "Command", "Counts", "Manifest", "Part", "Product", "Span", "first_difference"]

Plain: TypeAlias = bool | int | str | list["Plain"] | dict[str, "Plain"] | None
Product: TypeAlias = Literal["ciphertexts", "scores"]
"""What a command makes."""

MANIFEST = "manifest.json"

_FORMAT, _VERSION = "pyfe manifest", 1
_MOST = 2**48
_SUFFIX = re.compile(r"\.[a-z]{1,10}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = "a manifest of pyfe"
_FIELDS = "format", "version", "product", "command", "chunks", "chunks_a_part", "suffix", "settled", "parts", "finished"


@dataclass(frozen=True)
class Span:
    """A part to be made: its number, its first chunk, and how many chunks it has."""

    number: int
    first_chunk: int
    chunks: int


@dataclass(frozen=True)
class Counts:
    """What a part holds: rows, and the values among them that were moved to an end, by column."""

    rows: int
    saturated: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Part(Span):
    """A part that is finished."""

    rows: int
    saturated: Mapping[str, int]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Command:
    """What is made and from what, and how it is cut: what has to be the same where an output is continued.

    product: ciphertexts or scores. says: plain values by name, of everything that the output follows from: ids of the
    public key, the schema, the function; sizes and SHA-256 of inputs; options that change the output. chunks: of the
    whole output; chunks_a_part: of each part but the last. suffix: how the parts' names end.
    """

    product: Product
    says: Mapping[str, Plain]
    chunks: int
    chunks_a_part: int = 16
    suffix: str = ".parquet"

    def __post_init__(self) -> None:
        if self.product not in get_args(Product):
            raise ParameterError(f"a command makes ciphertexts or scores, not {self.product!r}")
        for count, least in ((self.chunks, 0), (self.chunks_a_part, 1)):
            if type(count) is not int or not least <= count <= _MOST:
                raise ParameterError(f"chunks are counted by an integer from {least}, not by {count!r}")
        if not _SUFFIX.fullmatch(self.suffix):
            raise ParameterError(f"names of parts end with a dot and a few small letters, not with {self.suffix!r}")

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.chunks // self.chunks_a_part)

    def spans(self) -> Iterator[Span]:
        """All parts, in order; of no chunks none."""
        for number, first in enumerate(range(0, self.chunks, self.chunks_a_part)):
            yield Span(number, first, min(self.chunks_a_part, self.chunks - first))

    def name(self, number: int) -> str:
        """The name of a part."""
        return f"part-{number:06d}{self.suffix}"


@dataclass(frozen=True)
class Manifest:
    """What stands in ``manifest.json``.

    settled: what the first run of the command drew or found (a cohort's id), and later ones take over. parts: those
    that are finished, by number. finished: the second (since 1970) in which the last of them was, None until then.
    """

    command: Command
    settled: Mapping[str, Plain] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    finished: int | None = None

    @property
    def rows(self) -> int:
        """Rows of the parts that are finished."""
        return sum(part.rows for part in self.parts)

    @property
    def bytes(self) -> int:
        """Bytes of the parts that are finished."""
        return sum(part.bytes for part in self.parts)

    @property
    def saturated(self) -> dict[str, int]:
        """How many values of the parts that are finished were moved to an end, by column."""
        return dict(sum((Counter(part.saturated) for part in self.parts), Counter[str]()))

    @property
    def missing_parts(self) -> int:
        """How many parts are not finished: none is made up to be counted, since a manifest may tell of 2^48."""
        return self.command.parts - len(self.parts)

    def missing(self) -> list[Span]:
        """The parts that are not finished, in order."""
        done = {part.number for part in self.parts}
        return [span for span in self.command.spans() if span.number not in done]

    def with_part(self, part: Part) -> Manifest:
        """The manifest with one part more."""
        return replace(self, parts=tuple(sorted([*self.parts, part], key=lambda each: each.number)))

    def to_text(self) -> str:
        """The one form of it: JSON in ASCII, a line a part."""
        command = self.command
        head = {
            "format": _FORMAT,
            "version": _VERSION,
            "product": command.product,
            "command": dict(command.says),
            "chunks": command.chunks,
            "chunks_a_part": command.chunks_a_part,
            "suffix": command.suffix,
            "settled": dict(self.settled),
            "finished": self.finished,
        }
        lines = [f" {json.dumps(name)}: {json.dumps(value, sort_keys=True)}" for name, value in head.items()]
        parts = ",\n".join("  " + json.dumps(asdict(part), sort_keys=True) for part in self.parts)
        return "{\n" + ",\n".join([*lines, f' "parts": [{parts and chr(10)}{parts}]']) + "\n}\n"

    @classmethod
    def from_text(cls, text: str) -> Manifest:
        """The inverse of :meth:`to_text`. DecodeError for anything else, and for parts that do not fit together."""
        given = json_object(text)
        with reading(_NAME):
            require_fields(given, _FIELDS, _NAME)
            if (given["format"], given["version"]) != (_FORMAT, _VERSION):
                raise DecodeError(f"not {_NAME}: it is of another version, or none")
            cut = given["chunks"], given["chunks_a_part"], given["suffix"]
            manifest = cls(
                Command(cast(Product, given["product"]), dict(given["command"]), *cut),
                dict(given["settled"]),
                tuple(Part(**part) for part in given["parts"]),
                given["finished"],
            )
            manifest._require_consistent()
            if manifest.to_text() != text:
                raise DecodeError(f"not {_NAME}: not in canonical form")
        return manifest

    def _require_consistent(self) -> None:
        command, before = self.command, -1
        for part in self.parts:
            counts = part.number, part.first_chunk, part.chunks, part.rows, part.bytes, *part.saturated.values()
            for count in counts:
                if type(count) is not int or not 0 <= count <= _MOST:
                    raise DecodeError(f"not {_NAME}: a number of a part is none")
            first = part.number * command.chunks_a_part
            chunks = min(command.chunks_a_part, command.chunks - first)
            if part.number <= before or (part.first_chunk, part.chunks) != (first, chunks) or chunks < 1:
                raise DecodeError(f"not {_NAME}: its parts do not follow each other")
            if not _DIGEST.fullmatch(part.sha256):
                raise DecodeError(f"not {_NAME}: a SHA-256 is none")
            before = part.number
        whole = len(self.parts) == command.parts
        if self.finished is not None and not (type(self.finished) is int and 0 <= self.finished <= _MOST and whole):
            raise DecodeError(f"not {_NAME}: it says that it is finished, and parts are missing")


def first_difference(before: Command, now: Command) -> str | None:
    """What the first thing is that two commands differ in, in words; None where they are the same."""
    if before.product != now.product:
        return f"it makes {before.product}, not {now.product}"
    old = {**before.says, "chunks": before.chunks, "chunks a part": before.chunks_a_part, "suffix": before.suffix}
    new = {**now.says, "chunks": now.chunks, "chunks a part": now.chunks_a_part, "suffix": now.suffix}
    for place, was, given in _compared(old, new):
        return f"{place.replace('_', ' ')} was {_shown(was)}, and is {_shown(given)} now"
    return None


_ABSENT = object()


def _compared(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Places where two plain values differ, and what stands there."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in {**new, **old}:
            below = f"{place}.{name}" if place else str(name)
            yield from _compared(old.get(name, _ABSENT), new.get(name, _ABSENT), below)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (was, given) in enumerate(zip(old, new, strict=True)):
            yield from _compared(was, given, f"{place}[{at}]")
    elif type(old) is not type(new) or old != new:
        yield place, old, new


def _shown(value: Any) -> str:
    if value is _ABSENT or value is None:
        return "not given"
    text = str(value)
    return f"{text[:12]}..." if _DIGEST.fullmatch(text) else text[:60]
