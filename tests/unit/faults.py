"""Tables of faults in files that people write, and what has to be said of each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import pytest

from pyfe import DecodeError

__all__ = ["Fault", "require_little_cost", "require_said"]

Fault: TypeAlias = tuple[str, str, int, str]
"""A text that stands once in a good file, what stands there instead, the line of the fault, and what is said of it."""

_MOST_CHARACTERS = 400


def require_said(read: Callable[[str], object], name: str, text: str, fault: Fault) -> None:
    """A good ``text`` with a fault in it is a DecodeError that names the file and the line, says what is wrong, and is
    short, whatever the file holds."""
    old, new, line, said = fault
    assert text.count(old) == 1, old
    with pytest.raises(DecodeError, match=said) as caught:
        read(text.replace(old, new))
    assert str(caught.value).startswith(f"{name}, line {line}:"), caught.value
    assert len(str(caught.value)) < _MOST_CHARACTERS


def require_little_cost(read: Callable[[str], object], text: str, seconds: float) -> None:
    """A hostile ``text`` is a DecodeError within so much processor time."""
    start = time.process_time()
    with pytest.raises(DecodeError):
        read(text)
    assert time.process_time() - start < seconds
