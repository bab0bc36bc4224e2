"""A schema as people read and write it: YAML, from which the same schema comes back, bit for bit.

::

    version: 1
    columns:
      age: {kind: number, lo: 0, hi: 120, steps: 120, public: true}
      stage: {kind: category, levels: [I, II, III], missing_bit: true}
    protected_forms:
      gap:
        age: 1
        stage=II: -3

The columns stand in the order of the coordinates; the words of one are those of its kind. A value in quotes is a text.
Without quotes ``true`` and ``false`` are truth values, plain decimal numbers are numbers, and all else is a text: also
``no``, and what other readers of YAML take for a date. What looks like nothing or like no number is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pyfe.errors import DecodeError, ParameterError
from pyfe.schema.cells import parse_number, same_name, shown
from pyfe.schema.columns import KINDS, Column, optional
from pyfe.schema.population import Population
from pyfe.strict import reading, require_same
from pyfe.wire.words import Fault, Node, nearest
from pyfe.wire.yaml import File, parse

__all__ = ["MOST_BYTES", "MOST_PARTS", "flow", "parts_of", "read", "value_of", "written"]

Made = TypeVar("Made")

MOST_BYTES = 2**22
"""Largest file of a schema."""

MOST_PARTS = 2**18
"""Most names and values of such a file: some 25,000 number columns."""

_VERSION = 1
_LARGEST_WEIGHT = 2**31 - 1
_SHOWN = 60


# ---------------------------------------------------------------------------------------------------------------
# Values

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,19})", re.ASCII)
_NO_VALUES = frozenset({"~", "null", "nan", "inf", "infinity"})
_TRUTH = {"true": True, "false": False}


def value_of(text: str, quoted: bool) -> str | int | float | bool:
    """What a value of a file stands for. ParameterError for what other readers take for nothing, or for no number."""
    if quoted:
        return text
    if text in _TRUTH:
        return _TRUTH[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    number = parse_number(text)
    if math.isinf(number):
        raise ParameterError(f"{text[:_SHOWN]} is beyond the doubles")
    if not math.isnan(number):
        return number
    if text.lower() in _TRUTH:
        raise ParameterError(f"{text} is written {text.lower()}; in quotes it is a text")
    if text.lower().lstrip("+-.") in _NO_VALUES:
        raise ParameterError(f"{text} is no value; in quotes it is a text")
    return text


_FILE = File("schema file", MOST_BYTES, MOST_PARTS, value_of)


# ---------------------------------------------------------------------------------------------------------------
# Reading


def read(data: bytes | str, make: Callable[..., Made]) -> Made:
    """What ``make`` (of columns, protected_forms, population, sum_w) makes of a file. DecodeError, naming the line."""
    parsed = parse(data, _FILE)
    try:
        return _read(Node(parsed.value, most=MOST_PARTS), make)
    except Fault as fault:
        _FILE.refuse(parsed.line_of(fault.path), fault.message)


def _read(file: Node, make: Callable[..., Made]) -> Made:
    parts = file.words(("version", "columns"), ("protected_forms", "population", "sum_w"))
    version = parts["version"].value
    if type(version) is not int or version != _VERSION:
        parts["version"].fail(f"version {shown(version)} of schema files is not known; this is version {_VERSION}")
    columns = {name: _column(node) for name, node in parts["columns"].entries().items()}
    with _fault_at(parts["columns"]):
        made = make(columns)
    rest: dict[str, Any] = {}
    if "protected_forms" in parts:
        rest["protected_forms"] = _forms(parts["protected_forms"], columns)
        with _fault_at(parts["protected_forms"]):
            made = make(columns, **rest)
    if "population" in parts:
        rest["population"] = _population(parts["population"])
        with _fault_at(parts["population"]):
            made = make(columns, **rest)
    if "sum_w" in parts:
        made = make(columns, **rest, sum_w=parts["sum_w"].count(1, _LARGEST_WEIGHT))
    return made


@contextmanager
def _fault_at(node: Node) -> Iterator[None]:
    """A ParameterError or DecodeError is a fault of this place."""
    try:
        yield
    except (ParameterError, DecodeError) as error:
        node.fail(str(error))


def _column(node: Node) -> Column:
    given = node.entries()
    if "kind" not in given:
        node.fail(f"{node.name} must say 'kind', one of {', '.join(KINDS)}")
    said = given["kind"].value
    kind = KINDS.get(said) if isinstance(said, str) else None
    if kind is None:
        given["kind"].fail(f"{shown(said)} is no kind of column{nearest(said, KINDS)}")
    needed, more = kind.words()
    words = {name: word.value for name, word in node.words(("kind", *needed), (*more, "missing_bit")).items()}
    del words["kind"]
    bit = words.pop("missing_bit", False)
    if type(bit) is not bool or (bit and "missing" in words):
        given["missing_bit"].fail("missing_bit is true or false, and true only where there is no 'missing'")
    with _naming_column(node):
        column = kind.from_words(words)
        column = optional(column) if bit else column
        column.require_codes_come_back()
    return column


@contextmanager
def _naming_column(node: Node) -> Iterator[None]:
    try:
        yield
    except ParameterError as error:
        cure = " (missing_bit: true gives an absent entry a coordinate of its own)" if "missing" in str(error) else ""
        node.fail(f"{node.name}: {error}{cure}")


def _forms(node: Node, columns: Mapping[str, Column]) -> dict[str, dict[str, int]]:
    known = {same_name(made) for name, column in columns.items() for made in column.coordinate_names(name)}
    forms: dict[str, dict[str, int]] = {}
    for name, form in node.entries().items():
        weights = form.entries()
        unknown = next((coordinate for coordinate in weights if same_name(coordinate) not in known), None)
        if unknown is not None:
            weights[unknown].fail(f"{unknown[:_SHOWN]!r} is no coordinate{nearest(unknown, known)}")
        forms[name] = {c: weight.count(-_LARGEST_WEIGHT, _LARGEST_WEIGHT) for c, weight in weights.items()}
    return forms


def _population(node: Node) -> Population:
    with _fault_at(node), reading("a population"):
        population = Population.from_dict(node.value)
        require_same(population.to_dict(), node.value, "a population")
    return population


# ---------------------------------------------------------------------------------------------------------------
# Writing

_LINE = 110
_LONGEST_NAME = 200
"""Longest name before a colon on its line: readers of YAML look no further than 1,024 characters."""

_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z_]([ ./+-]?[A-Za-z0-9_])*", re.ASCII)
_OTHERS_READ = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", *_NO_VALUES})
"""Texts that a reader of YAML takes for something else."""


def written(parts: Mapping[str, Any]) -> str:
    """The file of a schema's :func:`parts_of`. ParameterError where it would be longer than what :func:`read` reads."""
    text = "".join(f"{line}\n" for name, part in parts.items() for line in _entry("", name, part, opened=True))
    if _count(parts) > MOST_PARTS or len(text.encode()) > MOST_BYTES:
        raise ParameterError(
            f"as YAML the schema has {_count(parts)} names and values in {len(text.encode())} bytes, and at most "
            f"{MOST_PARTS} in {MOST_BYTES} are read; its bytes (to_bytes) have no such limit"
        )
    return text


def parts_of(
    columns: Mapping[str, Column], forms: Mapping[str, Mapping[str, int]], population: Population | None, sum_w: int
) -> dict[str, Any]:
    """What the file of a schema says, in plain types."""
    parts: dict[str, Any] = {"version": _VERSION, "columns": {name: c.to_words() for name, c in columns.items()}}
    if forms:
        parts["protected_forms"] = {name: dict(sorted(form.items())) for name, form in forms.items()}
    if population is not None:
        parts["population"] = population.to_dict()
    if sum_w != 1:
        parts["sum_w"] = sum_w
    return parts


def _count(value: Any) -> int:
    """Names and values, as the reader counts them."""
    if isinstance(value, dict):
        return 1 + sum(1 + _count(item) for item in value.values())
    return 1 + sum(map(_count, value)) if isinstance(value, list | tuple) else 1


def _entry(indent: str, name: str, value: Any, *, opened: bool = False) -> Iterator[str]:
    """The lines of a name and its value: one where it is short, and what is ``opened`` or long a line an item."""
    key, line = _text(name), flow(value)
    if len(key) > _LONGEST_NAME:
        yield f"{indent}? {key}"
        yield f"{indent}: {line}"
    elif isinstance(value, dict) and value and (opened or len(indent) + len(key) + len(line) > _LINE):
        yield f"{indent}{key}:"
        for one, item in value.items():
            yield from _entry(f"{indent}  ", one, item)
    elif isinstance(value, list | tuple):
        yield from _filled(f"{indent}{key}: [", [flow(item) for item in value], f"{indent}  ")
    else:
        yield f"{indent}{key}: {line}"


def _filled(start: str, items: list[str], indent: str) -> Iterator[str]:
    """A list that begins with ``start``, as many items a line as it takes."""
    line = start
    for place, item in enumerate(items):
        piece = item + (", " if place + 1 < len(items) else "")
        if len(line) + len(piece) > _LINE and line.strip():
            yield line.rstrip()
            line = indent
        line += piece
    yield f"{line}]"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow_name(_text(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if repr(value) == "-0.0" else repr(value).removesuffix(".0")
    return _text(value) if isinstance(value, str) else str(value)


def _flow_name(key: str) -> str:
    """A name before the colon, marked as one where it is long."""
    return key if len(key) <= _LONGEST_NAME else f"? {key} "


def _text(text: str) -> str:
    """A text in ASCII as it is where every reader of YAML reads it so, else in quotes."""
    if _NEEDS_NO_QUOTES.fullmatch(text) and text.lower() not in _OTHERS_READ:
        return text
    return '"' + "".join(map(_in_quotes, text)) + '"'


def _in_quotes(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    number = ord(sign)
    return f"\\x{number:02x}" if number < 2**8 else f"\\u{number:04x}" if number < 2**16 else f"\\U{number:08x}"
