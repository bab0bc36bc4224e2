"""Arguments of the verbs: integers, bounds and boxes, checked alike in every scheme."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.arrays import IntArray, integer_array
from pyfe.errors import ParameterError

__all__ = ["MAX_BOUND", "Client", "Label", "bound", "box", "context_bytes", "count", "integers", "require_no_client"]


Client: TypeAlias = int
"""Which of the clients of a multi-client scheme encrypts, counted from 0."""

Label: TypeAlias = str | bytes
"""What ciphertexts of a labelled scheme are bound to: only those of one label are combined."""

MAX_BOUND = 2**62
"""No bound may exceed this: sums of two stay within int64."""


def box(
    name: str, n: int, limit: int | None, lo: npt.ArrayLike | None, hi: npt.ArrayLike | None
) -> tuple[IntArray, IntArray]:
    """Bounds int64 ``[n]`` of a vector called ``name``: from one bound of its magnitude, or from both ends."""
    if (limit is None) == (lo is None and hi is None) or (lo is None) != (hi is None):
        raise ParameterError(f"give either {name}_bound, or both {name}_lo and {name}_hi")
    if limit is not None:
        top = np.full(n, bound(f"{name}_bound", limit), dtype=np.int64)
        return -top, top
    low, high = integers(f"{name}_lo", lo, 1), integers(f"{name}_hi", hi, 1)
    if low.shape != (n,) or high.shape != (n,):
        shapes = f"({n},), not {low.shape} and {high.shape}"
        raise ParameterError(f"{name}_lo and {name}_hi must have shape {shapes}")
    return low, high


def count(name: str, n: object) -> int:
    """A positive integer. ParameterError otherwise."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ParameterError(f"{name} must be a positive integer, not {n!r}")
    return int(n)


def bound(name: str, value: object) -> int:
    """An integer from 1 to 2^62. ParameterError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= MAX_BOUND:
        raise ParameterError(f"{name} must be an integer from 1 to 2^62, not {value!r}")
    return int(value)


def require_no_client(scheme: str, client: Client | None, label: Label | None) -> None:
    """ParameterError for a client or a label, in a scheme that has neither."""
    if client is not None:
        raise ParameterError(f"{scheme} takes no client: whoever encrypts does so under the one public key")
    if label is not None:
        raise ParameterError(f"{scheme} takes no label: all ciphertexts of one public key go with all of its keys")


def context_bytes(context: object) -> bytes:
    """The context's bytes. ParameterError for anything else: of an integer, ``bytes()`` would make zeros."""
    if not isinstance(context, bytes | bytearray):
        raise ParameterError(f"context must be 32 bytes, not {type(context).__name__}")
    return bytes(context)


def integers(name: str, values: Any, dimensions: int) -> IntArray:
    """``values`` as a contiguous int64 array; a single row becomes a batch of one. ParameterError, OutOfRangeError."""
    array = integer_array(values, name, hint="; encode reals with a schema first")
    if array.ndim == dimensions - 1:
        array = array[None, ...]
    if array.ndim != dimensions:
        raise ParameterError(f"{name} must have {dimensions} dimension(s), not {array.ndim}")
    return np.ascontiguousarray(array)
