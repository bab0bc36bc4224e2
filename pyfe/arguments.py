"""Arguments that people give: of the right class, whole numbers, lists, paths; else a named error."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pyfe.errors import ParameterError

__all__ = ["listed", "path_of", "require_a", "require_count"]

T = TypeVar("T")


def require_a(value: object, kind: type | tuple[type, ...], what: str) -> None:
    """ParameterError, which calls the argument ``what``, for a value that is no instance of ``kind``."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        named = " or ".join(each.__name__ for each in kinds)
        raise ParameterError(f"{what} must be {named}, not {type(value).__name__}")


def require_count(value: object, lowest: int, highest: int, what: str) -> None:
    """ParameterError for what is no integer from ``lowest`` to ``highest``; a truth value is none."""
    if type(value) is not int or not lowest <= value <= highest:
        raise ParameterError(f"{what} must be an integer from {lowest} to {highest}")


def listed(values: Iterable[T], what: str) -> list[T]:
    """The values of a list, a tuple, or whatever else gives them one by one. ParameterError for what does not, and for
    text, bytes and mappings, whose parts are not what was meant."""
    given: Any = values
    if not isinstance(given, str | bytes | bytearray | memoryview | dict):
        try:
            return list(given)
        except TypeError:
            pass
    raise ParameterError(f"{what} must be a list, also where there is one, not {type(given).__name__}")


def path_of(path: object, what: str) -> Path:
    """A path, given as text, bytes or a path. ParameterError for anything else, and for what no file can be called by:
    a NUL, or half of a surrogate pair that stands for no byte."""
    try:
        text = os.fsdecode(path)  # type: ignore[arg-type]
        if "\0" in text:
            raise ValueError("it holds a NUL")
        os.fsencode(text)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{what} must be a text or a path: {error}") from error
    return Path(text)
