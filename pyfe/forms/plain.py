"""Reading integers and fields from plain types, strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from pyfe.arrays import IntArray
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError

__all__ = ["as_decode_error", "integers_of", "require_fields"]


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


def require_fields(data: Mapping[str, Any], *names: str) -> None:
    """DecodeError unless these are the fields, beside the kind of forms."""
    if set(data) != {"form", *names}:
        raise DecodeError("not forms: fields are missing or unknown")


@contextmanager
def as_decode_error() -> Iterator[None]:
    """What a constructor refuses came from outside: DecodeError."""
    try:
        yield
    except (ParameterError, OutOfRangeError) as error:
        raise DecodeError(f"not forms: {error}") from error
