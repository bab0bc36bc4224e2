"""Arrays: one name for each of their types, and the integers in one that somebody gave."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import OutOfRangeError, ParameterError, PyfeError

__all__ = [
    "AnyArray",
    "BoolArray",
    "ByteArray",
    "FloatArray",
    "IntArray",
    "as_array",
    "exact_array",
    "integer_array",
    "integer_rows",
]

AnyArray: TypeAlias = npt.NDArray[Any]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


_DEEPEST = 64
"""Most dimensions that numpy's arrays have."""


def as_array(values: Any, what: str) -> AnyArray:
    """Numbers as an array of numpy's own type, never those behind a mask. ParameterError for rows of different lengths,
    and for masked entries."""
    _require_unmasked(values, what)
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{what} is no array: {error}") from error


def _require_unmasked(values: Any, what: str, depth: int = 0) -> None:
    """ParameterError for entries that a mask hides, in lists of arrays too: numpy would take what lies behind it."""
    if isinstance(values, list | tuple):
        for part in values if depth < _DEEPEST else ():
            if isinstance(part, list | tuple | np.ma.MaskedArray):
                _require_unmasked(part, what, depth + 1)
    elif np.ma.is_masked(values):
        raise ParameterError(f"{what} has masked entries; fill them first")


def integer_array(values: Any, what: str, *, bits: int | None = None, hint: str = "") -> IntArray:
    """Integers of any shape as a new int64 array; nothing, of whatever type, is an array of them.

    Raises ParameterError for other types, booleans and Python integers in an object array among them, OutOfRangeError
    for an integer beyond int64 or, with ``bits``, for one that reaches ``2^bits`` in absolute value.
    ``hint`` ends the message for a wrong type.
    """
    array = as_array(values, what)
    if array.dtype.kind not in "iu" and array.size:
        raise _not_integers(array, what, hint)
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise _out_of_range(array >= np.uint64(2**63), what, "is beyond int64")
    if bits is not None and array.size and (int(array.max()) >= 2**bits or int(array.min()) <= -(2**bits)):
        raise _out_of_range((array >= 2**bits) | (array <= -(2**bits)), what, f"reaches 2^{bits} in absolute value")
    return array.astype(np.int64)


def _out_of_range(wrong: BoolArray, what: str, bound: str) -> OutOfRangeError:
    """Of the first entry that is wrong."""
    place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return OutOfRangeError(f"{what}: entry {tuple(int(i) for i in place)} {bound}")


def _not_integers(array: AnyArray, what: str, hint: str) -> PyfeError:
    if array.dtype == object and all(type(value) is int for value in array.flat):
        beyond = np.array([not -(2**63) <= value < 2**63 for value in array.flat]).reshape(array.shape)
        if beyond.any():
            return _out_of_range(beyond, what, "is beyond int64")
        return ParameterError(f"{what} must be integers of a numpy type, not object; convert with astype(np.int64)")
    return ParameterError(f"{what} must be integers, not {array.dtype}{hint}")


def integer_rows(values: Any, n: int) -> IntArray:
    """Integer rows as int64 ``[k, n]``; one row ``[n]`` counts as ``[1, n]``, nothing as ``[0, n]``. ParameterError."""
    array = as_array(values, "rows")
    if array.size == 0:
        return np.zeros((0, n), dtype=np.int64)
    array = array[None, :] if array.ndim == 1 else array
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != n:
        raise ParameterError(f"rows are integers [k, {n}], not {array.dtype} {array.shape}")
    return integer_array(array, "rows")


def exact_array(values: Any) -> AnyArray:
    """Python's integers, or an array of integers, as int64 where all are at most 2^61 in absolute value, so that sums
    and differences of two are as well; else as Python's integers."""
    try:
        narrow = np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)
    fits = not narrow.size or (int(narrow.max()) <= 2**61 and int(narrow.min()) >= -(2**61))
    return narrow if fits else np.array(values, dtype=object)
