"""Public integers as arguments of the groups."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pyfe.errors import OutOfRangeError, ParameterError

__all__ = ["integer", "int64", "packed"]


def integer(name: str, value: object) -> int:
    """An integer as Python's. ParameterError for everything else, a float with an integer's value included."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise ParameterError(f"{name} must be an integer, not {type(value).__name__}") from error


def int64(name: str, value: object) -> int:
    """An integer of 64 bits. ParameterError where it is none, OutOfRangeError beyond."""
    if -(2**63) <= (number := integer(name, value)) < 2**63:
        return number
    raise OutOfRangeError(f"{name} exceeds 64 bits")


def packed(values: Iterable[int], order: int) -> npt.NDArray[np.uint8]:
    """Integers, reduced modulo ``order``, as little-endian rows ``uint8[N, 32]``. ParameterError for anything else."""
    if not isinstance(values, Iterable):
        raise ParameterError(f"scalars must be a sequence of integers, not {type(values).__name__}")
    rows = [(integer("a scalar", value) % order).to_bytes(32, "little") for value in values]
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), 32).copy()
