"""BLS12-381: batches of points of G1 and G2, elements of GT, and the pairing. Low-level.

The groups have the prime order ``r = x^4 - x^2 + 1`` with ``x = -0xd201000000010000``; all three are written
additively, GT as well: ``+`` is the group law and ``k * a`` the multiple. Arrays are immutable, live in the core's own
form and are converted only by ``from_bytes`` and ``to_bytes``. Scalars are ``uint8[N, 32]`` little-endian integers
below r (:func:`scalars` makes them of integers), or integers of Python or int64 arrays for public ones.

Every operation is a batch. What has no ``_vartime`` in its name takes a time that does not depend on the values.
Security by current estimates: about 2^126 operations, and the pairing makes that of GT the bound of all three groups
(docs: The math, BLS12-381). Nothing here counts what is revealed: for functional encryption use
:class:`pyfe.KeyAuthority`.

>>> from pyfe.groups import G1Array, G2Array, pair
>>> p, q = G1Array.generator(3), G2Array.generator(3)
>>> bool((pair([1, 2, 3] * p, q) == [1, 2, 3] * pair(p, q)).all())
True
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe import _core
from pyfe.arrays import BoolArray, ByteArray, IntArray, as_array
from pyfe.errors import ParameterError
from pyfe.groups.arguments import int64, packed

__all__ = [
    "ORDER",
    "G1Array",
    "G2Array",
    "GTArray",
    "PreparedG2",
    "integers",
    "multi_pair",
    "pair",
    "pairing_product",
    "scalar_add",
    "scalar_invert",
    "scalar_mul",
    "scalar_reduce",
    "scalars",
]

Scalars: TypeAlias = ByteArray | IntArray | Sequence[int] | int
"""Rows of bytes, one a point, taken as secret; or public integers, one a point or one for all."""

_native = _core.bls12_381
_pairing = _core.pairing

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The order r of the groups, 255 bits."""


def scalars(values: Iterable[int]) -> ByteArray:
    """Public integers, reduced modulo r, as scalars ``uint8[N, 32]``. Not for secrets: they become Python integers.

    ParameterError for what is no integer.
    """
    return packed(values, ORDER)


def integers(s: ByteArray) -> list[int]:
    """Public scalars ``uint8[N, 32]`` as Python integers."""
    return [int.from_bytes(row.tobytes(), "little") for row in _rows("s", s, 32)]


def scalar_reduce(data: ByteArray) -> ByteArray:
    """64 bytes a row, little endian, modulo r: a uniform scalar of 64 uniform bytes."""
    return _native.scalar_reduce(_rows("data", data, 64))


def scalar_add(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] + b[i]`` modulo r."""
    return _native.scalar_add(_rows("a", a, 32), _rows("b", b, 32))


def scalar_mul(a: ByteArray, b: ByteArray) -> ByteArray:
    """``a[i] * b[i]`` modulo r."""
    return _native.scalar_mul(_rows("a", a, 32), _rows("b", b, 32))


def scalar_invert(a: ByteArray) -> ByteArray:
    """``1 / a[i]`` modulo r; 0 for 0."""
    return _native.scalar_invert(_rows("a", a, 32))


class _Batch:
    """What the arrays of G1, G2 and GT share. ``_kind`` is the core's class, ``_batch`` its object."""

    _kind: Any
    _width: int
    _batch: Any

    __slots__ = ("_batch",)
    __array_ufunc__ = None  # numpy leaves ``array * points`` to us

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} is made by from_bytes, generator or identity")

    @classmethod
    def _of(cls, batch: Any) -> Self:
        out = cls.__new__(cls)
        object.__setattr__(out, "_batch", batch)
        return out

    @classmethod
    def from_bytes(cls, data: ByteArray | bytes) -> Self:
        """Decode rows of canonical encodings, strictly. DecodeError names the first bad one and what is wrong.

        Points are compressed (48 bytes in G1, 96 in G2, ZCash's flags), elements of GT twelve big-endian integers (576
        bytes). Each must be in the subgroup of order r.
        """
        if isinstance(data, bytes | bytearray):
            if len(data) % cls._width:
                raise ParameterError(f"data: {len(data)} bytes are not a multiple of {cls._width}")
            data = np.frombuffer(bytes(data), dtype=np.uint8).reshape(-1, cls._width)
        return cls._of(cls._kind.from_bytes(_rows("data", data, cls._width)))

    def to_bytes(self) -> ByteArray:
        """The canonical encodings, ``uint8[N, width]``."""
        encoded: ByteArray = self._batch.to_bytes()
        return encoded

    @classmethod
    def generator(cls, count: int = 1) -> Self:
        """The group's standard generator, ``count`` times."""
        return cls._of(cls._kind.generator(_count(count)))

    def __len__(self) -> int:
        return len(self._batch)

    def __getitem__(self, index: int | slice) -> Self:
        """Some of the items, as a batch; one item is a batch of one."""
        if not isinstance(index, slice):
            at = range(len(self))[index]
            index = slice(at, at + 1)
        return self._of(self._batch.slice(index))

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> BoolArray:  # type: ignore[override]
        """Which items are equal, item by item."""
        if type(other) is not type(self):
            return NotImplemented
        if len(other) != len(self):
            raise ParameterError(f"batches of {len(self)} and {len(other)} do not match")
        same: BoolArray = (self.to_bytes() == other.to_bytes()).all(axis=1)
        return same

    def __ne__(self, other: object) -> BoolArray:  # type: ignore[override]
        """Which items differ, item by item."""
        same = self.__eq__(other)
        return NotImplemented if same is NotImplemented else ~same

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """By its bytes, which are decoded strictly again."""
        return type(self).from_bytes, (self.to_bytes(),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __mul__(self, k: Scalars) -> Self:
        """``k[i] a[i]``, constant time in both."""
        return self._multiple(_scalars(k, len(self)))

    __rmul__ = __mul__

    def _multiple(self, k: ByteArray) -> Self:
        raise NotImplementedError


class _Points(_Batch):
    """What the arrays of G1 and G2 share."""

    __slots__ = ()

    @classmethod
    def identity(cls, count: int = 1) -> Self:
        """The point at infinity, ``count`` times."""
        return cls._of(cls._kind.identity(_count(count)))

    @classmethod
    def hash_to_curve(cls, messages: Sequence[bytes], dst: bytes) -> Self:
        """Points whose discrete logarithms nobody knows, one a message (RFC 9380, suites XMD:SHA-256_SSWU_RO).

        ``dst`` separates uses of the hash and must not be empty. ParameterError otherwise.
        """
        given: object = messages  # one bytes object is a sequence too, of integers
        if not isinstance(given, list | tuple) or not all(isinstance(m, bytes | bytearray) for m in given):
            raise ParameterError("messages must be a list of bytes; for one message: [message]")
        tag: object = dst
        if not isinstance(tag, bytes | bytearray):
            raise ParameterError(f"dst must be bytes, not {type(tag).__name__}")
        return cls._of(cls._kind.hash_to_curve([bytes(m) for m in given], bytes(tag)))

    @classmethod
    def multiples(cls, k: ByteArray) -> Self:
        """``k[i] G`` for the generator G, constant time, from a fixed table."""
        return cls._of(cls._kind.multiply_generator(_rows("scalars", k, 32)))

    def msm_vartime(self, k: ByteArray | npt.ArrayLike) -> Self:
        """``sum_i k[i] a[i]``, for public scalars: rows of 32 bytes, or int64, for which short ones cost less.

        One sum of ``k[N]`` (a batch of one), or one a row of an int64 matrix ``k[rows, N]``. Buckets, Pippenger; full
        scalars are cut along the endomorphism.
        """
        if isinstance(k, np.ndarray) and k.dtype == np.uint8:
            return self._of(self._batch.msm_full_vartime(_rows("scalars", k, 32)))
        return self._of(self._batch.msm_vartime(_int64("scalars", k)))

    def msm_cohort_vartime(self, k: ByteArray | npt.ArrayLike, cohort: int) -> Self:
        """``sum_j k[j] a[j * cohort + c]`` for every c below ``cohort``: the same public scalars for each of them."""
        if isinstance(k, np.ndarray) and k.dtype == np.uint8:
            return self._of(self._batch.msm_cohort_full_vartime(_rows("scalars", k, 32), _count(cohort)))
        return self._of(self._batch.msm_cohort_vartime(_int64("scalars", k), _count(cohort)))

    def __add__(self, other: Self) -> Self:
        return self._of(self._batch.add(_same(self, other)))

    def __neg__(self) -> Self:
        return self._of(self._batch.negate())

    def __sub__(self, other: Self) -> Self:
        return self + -other

    def _multiple(self, k: ByteArray) -> Self:
        return self._of(self._batch.multiply(k))


class G1Array(_Points):
    """Points of G1: 48 bytes each, on ``y^2 = x^3 + 4`` over Fp."""

    _kind, _width = _native.G1Points, 48
    __slots__ = ()

    def small_log_vartime(self, lo: int, hi: int) -> IntArray:
        """``z`` with ``a[i] = z[i] G``, ``lo <= z[i] <= hi``, G the generator; at most 2^44 values. Public items only.

        The search is complete: OutOfRangeError names the first item whose logarithm is not in the interval. A table is
        built when it is first needed and kept in the cache folder.
        """
        z: IntArray = _core.dlog.solve(self._batch, int64("lo", lo), int64("hi", hi))
        return z


class G2Array(_Points):
    """Points of G2: 96 bytes each, on ``y^2 = x^3 + 4 (1 + u)`` over Fp2."""

    _kind, _width = _native.G2Points, 96
    __slots__ = ()


class GTArray(_Batch):
    """Elements of GT, the subgroup of order r of Fp12, written additively: 576 bytes each."""

    _kind, _width = _pairing.GTElements, 576
    __slots__ = ()

    @classmethod
    def generator(cls, count: int = 1) -> Self:
        """e(G, H) for the generators G of G1 and H of G2, ``count`` times."""
        return cls._of(
            _pairing.pair(_native.G1Points.generator(_count(count)), _native.G2Points.generator(_count(count)))
        )

    @classmethod
    def identity(cls, count: int = 1) -> Self:
        """The neutral element, the field's 1, ``count`` times."""
        return cls._of(cls._kind.one(_count(count)))

    def __add__(self, other: Self) -> Self:
        return self._of(self._batch.mul(_same(self, other)))

    def __neg__(self) -> Self:
        return self._of(self._batch.invert())

    def __sub__(self, other: Self) -> Self:
        return self + -other

    def sum(self) -> Self:
        """The sum of all items: a batch of one."""
        return self._of(self._batch.product())

    def small_log_vartime(self, lo: int, hi: int) -> IntArray:
        """``z`` with ``a[i] = z[i] G``, ``lo <= z[i] <= hi``, G the generator; at most 2^44 values. Public items only.

        The search is complete: OutOfRangeError names the first item whose logarithm is not in the interval. A table is
        built when it is first needed and kept in the cache folder.
        """
        z: IntArray = _core.dlog.solve(self._batch, int64("lo", lo), int64("hi", hi))
        return z

    def _multiple(self, k: ByteArray) -> Self:
        return self._of(self._batch.exponentiate(k))

    @staticmethod
    def combine_vartime(items: Sequence[GTArray], weights: npt.ArrayLike) -> list[GTArray]:
        """For every row of ``weights``, int64 ``[rows, len(items)]``, the batch ``sum_j weights[row, j] items[j]``.

        The doublings are shared by the items, the multiples of the items by the rows. For public weights only.
        """
        rows = np.atleast_2d(_int64("weights", weights))
        sums = _pairing.multi_exponentiate_vartime([_checked(GTArray, item)._batch for item in items], rows)
        return [GTArray._of(batch) for batch in sums]


class PreparedG2:
    """Points of G2 with the lines of their Miller loops, 30 KB each: for a point that meets many of G1.

    Belongs to the backend that made it. Whether a point is the identity shows in the time.
    """

    __slots__ = ("_lines",)

    def __init__(self, points: G2Array) -> None:
        self._lines = _pairing.PreparedG2(_checked(G2Array, points)._batch)

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """One of the points, as :func:`multi_pair` takes it."""
        return self._lines, range(len(self))[index]

    def __reduce__(self) -> NoReturn:
        raise TypeError("prepared points are not pickled: pickle the G2Array, and prepare it again where it arrives")


def pair(p: G1Array, q: G2Array) -> GTArray:
    """``e(p[i], q[i])``: the optimal ate pairing, to the power 3 as most implementations have it.

    About one Miller loop and one final exponentiation each, eight at a time.
    """
    return GTArray._of(_pairing.pair(_checked(G1Array, p)._batch, _checked(G2Array, q)._batch))


def multi_pair(factors: Iterable[tuple[G1Array, G2Array | tuple[Any, int]]]) -> GTArray:
    """``sum_j e(p_j[i], q_j[i])`` for factors (p_j, q_j), all of one length; one final exponentiation for each i.

    A q_j may be one prepared point, ``prepared[k]`` of a :class:`PreparedG2`, which then meets every ``p_j[i]``.
    """
    return GTArray._of(_pairing.multi_pair([(_checked(G1Array, p)._batch, _second(q)) for p, q in factors]))


def pairing_product(p: G1Array, q: G2Array) -> GTArray:
    """``sum_i e(p[i], q[i])``: a batch of one, one final exponentiation."""
    return GTArray._of(_pairing.pairing_product(_checked(G1Array, p)._batch, _checked(G2Array, q)._batch))


def __dir__() -> list[str]:
    return list(__all__)


def _second(q: G2Array | tuple[Any, int]) -> Any:
    return q if isinstance(q, tuple) else _checked(G2Array, q)._batch


def _checked(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ParameterError(f"must be a {kind.__name__}, not {type(value).__name__}")
    return value


def _same(a: _Batch, b: object) -> Any:
    return _checked(type(a), b)._batch


def _count(count: int) -> int:
    if (value := int64("count", count)) < 0:
        raise ParameterError(f"count must not be negative, and is {value}")
    return value


def _scalars(k: Scalars, count: int) -> ByteArray:
    if isinstance(k, np.ndarray) and k.dtype == np.uint8:
        rows = _rows("scalars", k, 32)
    elif isinstance(k, int | np.integer):
        rows = np.repeat(scalars([int(k)]), count, axis=0)
    else:
        rows = scalars(k)
    if len(rows) != count:
        raise ParameterError(f"{len(rows)} scalars for {count} items")
    return rows


def _int64(name: str, values: npt.ArrayLike) -> IntArray:
    array = as_array(values, name)
    if array.dtype != np.int64:
        raise ParameterError(f"{name} must be int64, not {array.dtype}")
    return np.ascontiguousarray(array)


def _rows(name: str, values: Any, width: int) -> ByteArray:
    array = as_array(values, name)
    if array.dtype != np.uint8:
        raise ParameterError(f"{name} must be uint8, not {array.dtype}")
    if array.ndim != 2 or array.shape[1] != width:
        raise ParameterError(f"{name} must have shape [N, {width}], not {list(array.shape)}")
    return np.ascontiguousarray(array)
