"""Reading plain types strictly: what comes from outside is what would have been written, or a DecodeError."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import numpy as np

from pyfe.arrays import IntArray
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError

__all__ = ["distinct", "integers_of", "json_object", "reading", "require_fields", "require_same"]


Name = TypeVar("Name")
Value = TypeVar("Value")


def distinct(pairs: Iterable[tuple[Name, Value]], what: str) -> dict[Name, Value]:
    """Pairs of name and value as a mapping; ParameterError where a name stands twice, never the last of its values."""
    found: dict[Name, Value] = {}
    for name, value in pairs:
        if name in found:
            raise ParameterError(f"{what} has the name {str(name)[:60]!r} twice")
        found[name] = value
    return found


def json_object(text: object) -> Any:
    """What a text of JSON holds. DecodeError for what is no JSON text, and for a name that is twice in an object."""
    if not isinstance(text, str | bytes | bytearray):
        raise DecodeError(f"JSON is read from text, not from a {type(text).__name__}")
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: distinct(pairs, "an object"))
    except (ValueError, RecursionError) as error:  # what distinct raises is a ValueError too
        raise DecodeError(f"not JSON: {error}") from error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Whatever is raised where ``what`` is read from plain types becomes a DecodeError that names it."""
    try:
        yield
    except (
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
        OutOfRangeError,
    ) as error:
        raise DecodeError(f"not {what}: {error}") from error


def require_same(written: Any, given: Any, what: str) -> None:
    """DecodeError unless ``given`` is what would be written, True told from 1 and 1 from 1.0, unlike by ``==``."""
    if json.dumps(written, sort_keys=True) != json.dumps(given, sort_keys=True):
        raise DecodeError(f"not {what}: fields are missing, unknown or not in canonical form")


def require_fields(given: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    """DecodeError unless these are the fields."""
    if set(given) != set(names):
        raise DecodeError(f"not {what}: fields are missing or unknown")


def integers_of(values: Any, dimensions: Literal[1, 2], what: str) -> IntArray:
    """Integers read from plain types: a list, or a list of lists of one length, as int64 of so many dimensions.

    DecodeError for anything else: a boolean, a float and text are no integers, and 64 bits must hold them. Cost: linear
    in what is there.
    """
    rows = values if dimensions == 2 else [values]
    if type(rows) is not list or not all(type(row) is list for row in rows):
        raise DecodeError(f"{what} must be a list{' of lists' if dimensions == 2 else ''} of integers")
    if len({len(row) for row in rows}) > 1:
        raise DecodeError(f"the rows of {what} differ in length")
    if not all({int}.issuperset(map(type, row)) for row in rows):
        raise DecodeError(f"{what} holds something that is no integer")
    try:
        array = np.array(values, dtype=np.int64)
    except OverflowError as error:
        raise DecodeError(f"{what} holds an integer beyond 64 bits") from error
    return array if array.ndim == dimensions else array.reshape((0,) * dimensions)
