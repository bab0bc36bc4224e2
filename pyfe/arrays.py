"""Arrays: one name for each of their types, and the integers in one that somebody gave."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import OutOfRangeError, ParameterError

__all__ = ["AnyArray", "BoolArray", "ByteArray", "FloatArray", "IntArray", "as_array", "integer_array", "integer_rows"]

AnyArray: TypeAlias = npt.NDArray[Any]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


def as_array(values: Any, what: str) -> AnyArray:
    """Numbers as an array of numpy's own type. ParameterError for rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"{what} is no array: {error}") from error


def integer_array(values: Any, what: str, *, bits: int = 63) -> IntArray:
    """Integers of any shape as int64. ParameterError for others (an empty array of any type is none),
    OutOfRangeError where one reaches ``2^bits`` in absolute value."""
    array = as_array(values, what)
    if array.dtype.kind not in "iu" and array.size:
        raise ParameterError(f"{what} must be integers, not {array.dtype}")
    if array.size and (int(array.max()) >= 2**bits or int(array.min()) <= -(2**bits)):
        raise OutOfRangeError(f"{what}: an entry reaches 2^{bits} in absolute value")
    return array.astype(np.int64)


def integer_rows(values: Any, n: int) -> IntArray:
    """Integer rows as int64 ``[k, n]``; one row ``[n]`` counts as ``[1, n]``, nothing as ``[0, n]``. ParameterError."""
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros((0, n), dtype=np.int64)
    array = array[None, :] if array.ndim == 1 else array
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != n:
        raise ParameterError(f"rows are integers [k, {n}], not {array.dtype} {array.shape}")
    return integer_array(array, "rows")
