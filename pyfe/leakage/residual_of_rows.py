"""How many bits of a record the answers leave unknown: an estimate, exact where a count is feasible.

**Definition** (our own, and an estimate: it assumes that every column is uniform over its codes and independent of
the others, which real patients are not). Let X be a record whose non-public columns are uniform and independent,
Z = Y X the scores of all rows issued, N(z) the number of records with the score z (public columns as in X)::

    total     H(X)      = sum over non-public columns of log2(number of codes)
    residual  H(X | Z)  = H(X) - H(Z) = mean of log2 N(Z)             (for one record x: log2 N(Y x))

A column is one variable however it is coded: a category of 10 levels counts log2(10) bits, not 10.

Methods, the first that is feasible: ``exact``, the distribution of Z by convolution over the columns (several rows
are packed into one integer by their widths) or by enumerating up to 2^22 records; ``sampled``, N(Z) exactly by
meeting in the middle, for 64 random records; ``bound``, ``H(X) - sum_j log2(width_j + 1)`` over independent rows,
which is never above the true value and below zero when the answers could single out a record. Correlated columns
make the true residual smaller than any of these: treat the figure as optimistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray, integer_rows
from pyfe.errors import OutOfRangeError
from pyfe.leakage.slots import all_noisy
from pyfe.leakage.span import CHECK_PRIME, Span
from pyfe.schema import Column, Schema

__all__ = ["Residual", "averaged", "private_columns", "residual", "residual_bits"]


_CONVOLUTION_WORK = 1.5e9
"""Array additions a convolution may take (a few seconds)."""

_CONVOLUTION_CELLS = 2**24
_ENUMERATED = 2**22
_HALF_ONE_RECORD = 2**20
_HALF_SAMPLED = 2**15
_SAMPLES = 64
_FEW = 5


@dataclass(frozen=True)
class Residual:
    """``bits`` left of ``total_bits``, by ``method`` ("exact", "sampled" or "bound").

    ``unique_fraction``: share of records that their answers single out; ``small_fraction``: share with fewer than 5
    records giving the same answers. None where the method does not tell, or for a single record.
    """

    bits: float
    total_bits: float
    method: str
    unique_fraction: float | None = None
    small_fraction: float | None = None

    def __str__(self) -> str:
        relation = {"exact": "", "sampled": "about ", "bound": "at least "}[self.method]
        return f"{relation}{self.bits:.1f} of {self.total_bits:.1f} bits stay unknown"


def residual_bits(rows: Any, schema: Schema, x: Any = None) -> float:
    """Bits of a record that all ``rows`` together leave unknown; :func:`residual` without the details."""
    return residual(rows, schema, x).bits


def residual(rows: Any, schema: Schema, x: Any = None) -> Residual:
    """Residual uncertainty after the scores of ``rows``, on average, or of one record.

    Parameters
    ----------
    rows: int64 ``[k, n]`` or ``[n]``: all weights issued under one public key.
    x: coordinates int64 ``[n]`` of one record; by default the average over all records.

    Of scores behind noise (:func:`pyfe.noise`) the bits are at least ``H(X) - 1/2 log2 det(1 + Y S Y' / sd^2)``, S the
    covariance of the columns: what a Gaussian channel lets through; on average, and not for one record. Where one of
    the rows has no slot of its own, all count as without noise.

    Definition, methods and limits are in the module's text. Cost: up to a few seconds and 256 MB.
    """
    if schema.noise is not None and all_noisy(integer_rows(rows, schema.n), schema):
        return _behind_noise(np.unique(integer_rows(rows, schema.n), axis=0), schema, schema.noise.sd)
    weights = _rows(rows, schema)
    record = None if x is None else schema.check(np.asarray(x)[None, :])[0]
    parts = [_Part(c, weights[:, p], None if record is None else record[p]) for p, c in private_columns(schema)]
    total = sum(math.log2(part.size) for part in parts)
    one, k = record is not None, len(weights)
    packed = _pack(parts, k)
    if packed is not None and _convolution_work(packed) <= _CONVOLUTION_WORK:
        return _by_convolution(packed, total, one=one)
    if total <= math.log2(_ENUMERATED):
        return _by_enumeration(parts, k, total, one=one)
    halves = None if packed is None else _halves(packed)
    if halves is not None and _largest(halves) <= (_HALF_ONE_RECORD if one else _HALF_SAMPLED):
        return _by_meeting(*halves, total, one=one)
    return Residual(total - sum(math.log2(_width(parts, row) + 1) for row in range(k)), total, "bound")


def private_columns(schema: Schema) -> list[tuple[slice, Column]]:
    """The columns that are neither public nor constant, with their coordinates."""
    return [(part, column) for _, part, column in schema.parts if column.private]


def _behind_noise(weights: IntArray, schema: Schema, sd: int) -> Residual:
    columns = private_columns(schema)
    total = sum(math.log2(column.size) for _, column in columns)
    gram = np.eye(len(weights))
    for part, column in columns:
        own = weights[:, part] / sd
        codes = None if column.interval else column.codes().astype(np.float64)
        spread = np.array([[(column.size**2 - 1) / 12]]) if codes is None else np.cov(codes.T, bias=True)
        gram += own @ spread.reshape(own.shape[1], own.shape[1]) @ own.T
    return Residual(total - float(np.linalg.slogdet(gram)[1]) / math.log(4), total, "bound")


def _rows(values: Any, schema: Schema) -> IntArray:
    """The rows that say something new, given what everybody knows."""
    array = integer_rows(values, schema.n)
    span = Span(schema.known_rows().tolist(), prime=CHECK_PRIME)
    fresh = [row for row in array if span.add(row.tolist())]
    rows = np.array(fresh, dtype=np.int64).reshape(len(fresh), schema.n)
    reach = np.abs(rows.astype(object)) @ np.maximum(np.abs(schema.lo), np.abs(schema.hi)).astype(object)
    if any(value >= 2**62 for value in reach):
        raise OutOfRangeError("scores of these rows do not fit 62 bits")
    return rows


class _Part:
    """What one column adds to each score, relative to its first code: a ramp ``slope * code`` or a list of values.

    Python integers throughout: rows get packed into numbers that may be long.
    """

    def __init__(self, column: Column, weights: IntArray, code: IntArray | None) -> None:
        self.size = column.size
        rows: list[list[int]] = weights.tolist()
        self.slopes: list[int] | None = None
        self.values: list[list[int]] = []
        if column.interval:
            self.slopes = [row[0] for row in rows]
            self.index = None if code is None else int(code[0])
            return
        codes = column.codes().tolist()
        scores = [[sum(w * c for w, c in zip(row, item, strict=True)) for item in codes] for row in rows]
        self.values = [[value - line[0] for value in line] for line in scores]
        self.index = None if code is None else codes.index(code.tolist())

    def span(self, row: int) -> int:
        """Largest minus least share in one row's score."""
        if self.slopes is not None:
            return abs(self.slopes[row]) * (self.size - 1)
        return max(self.values[row]) - min(self.values[row])

    def divisor(self, row: int) -> int:
        """Common divisor of all changes this column can make to one row's score."""
        return self.slopes[row] if self.slopes is not None else math.gcd(*self.values[row])

    def shares(self, row: int) -> IntArray:
        """Shares of all codes in one row's score."""
        if self.slopes is not None:
            return self.slopes[row] * np.arange(self.size, dtype=np.int64)
        return np.array(self.values[row], dtype=np.int64)


def _divisor(parts: list[_Part], row: int) -> int:
    return math.gcd(*(part.divisor(row) for part in parts)) or 1


def _width(parts: list[_Part], row: int) -> int:
    """Number of steps between the least and the greatest score of a row, common divisor taken out."""
    return sum(part.span(row) for part in parts) // _divisor(parts, row)


@dataclass(frozen=True)
class _Packed:
    """One column's share of the packed score, least share zero: a ramp ``step * 0..size-1``, or ``values``."""

    size: int
    step: int | None
    values: IntArray
    at: int | None

    @property
    def span(self) -> int:
        """Largest share."""
        return self.step * (self.size - 1) if self.step is not None else int(self.values.max())

    def shares(self) -> IntArray:
        """Shares of all codes, in some order."""
        return self.values if self.step is None else self.step * np.arange(self.size, dtype=np.int64)


def _pack(parts: list[_Part], k: int) -> list[_Packed] | None:
    """All rows as one, ``z_1 + (width_1 + 1)(z_2 + ...)``, which tells the rows apart. None beyond 62 bits.

    A number's packed share is linear in its code, hence a ramp again; shifting shares to start at zero moves the
    packed score by a constant only.
    """
    divisors, factors, factor = [_divisor(parts, row) for row in range(k)], [], 1
    for row in range(k):
        factors.append(factor)
        factor *= _width(parts, row) + 1
    if factor >= 2**62:
        return None
    return [_packed(part, factors, divisors) for part in parts]


def _packed(part: _Part, factors: list[int], divisors: list[int]) -> _Packed:
    def combine(entries: list[int]) -> int:
        return sum(e // d * f for e, d, f in zip(entries, divisors, factors, strict=True))

    if part.slopes is not None:
        slope = combine(part.slopes)
        at = part.index if part.index is None or slope >= 0 else part.size - 1 - part.index
        return _Packed(part.size, abs(slope), np.zeros(0, dtype=np.int64), None if at is None else abs(slope) * at)
    values = [combine([line[code] for line in part.values]) for code in range(part.size)]
    shifted = np.array([value - min(values) for value in values], dtype=np.int64)
    return _Packed(part.size, None, shifted, None if part.index is None else int(shifted[part.index]))


# ---------------------------------------------------------------------------------------------------------------
# Exact: convolution


def _convolution_work(packed: list[_Packed]) -> float:
    cells = sum(part.span for part in packed) + 1
    if cells > _CONVOLUTION_CELLS:
        return math.inf
    return float(cells) * sum(2 * part.size.bit_length() if part.step is not None else part.size for part in packed)


def _by_convolution(packed: list[_Packed], total: float, *, one: bool) -> Residual:
    """The distribution of the score; sums of non-negative terms only, so that the tails keep their digits."""
    mass = np.zeros(sum(part.span for part in packed) + 1)
    mass[0] = 1.0
    for part in packed:
        if part.step is not None:
            mass = mass if part.step == 0 else _ramp(mass, part.step, part.size) / part.size
        else:
            mass = sum((_shifted(mass, int(v)) for v in part.values), np.zeros(len(mass))) / part.size
    if one:
        probability = float(mass[sum(part.at or 0 for part in packed)])
        return Residual(total + math.log2(probability) if probability else 0.0, total, "exact")
    mass = mass[mass > 0]
    return averaged(np.maximum(np.log2(mass) + total, 0.0), mass, total, "exact")


def _shifted(values: FloatArray, by: int) -> FloatArray:
    moved = np.zeros_like(values)
    moved[by:] = values[: len(values) - by] if by else values
    return moved


def _ramp(values: FloatArray, step: int, count: int) -> FloatArray:
    """``sum_(j < count) values shifted by j * step``, by doubling: O(log count) passes."""
    result, power, offset, length = np.zeros_like(values), values, 0, 1
    while count:
        if count & 1:
            result += _shifted(power, min(offset, len(values)))
            offset += length * step
        count >>= 1
        if count:
            power = power + _shifted(power, min(length * step, len(values)))
            length *= 2
    return result


def averaged(logs: FloatArray, mass: FloatArray, total: float, method: str) -> Residual:
    """Mean of log2 N, and the shares of records with N = 1 and N < 5, from log2 N and the mass of each score."""
    weight = mass / mass.sum()
    unique = float(weight[logs < 0.5].sum())
    small = float(weight[logs < math.log2(_FEW - 0.5)].sum())
    return Residual(float(weight @ logs), total, method, unique, small)


# ---------------------------------------------------------------------------------------------------------------
# Exact: enumeration


def _by_enumeration(parts: list[_Part], k: int, total: float, *, one: bool) -> Residual:
    """All records: group them by their answers, one row after the other."""
    group = np.zeros(math.prod(part.size for part in parts), dtype=np.int64)
    for row in range(k):
        scores = np.zeros(1, dtype=np.int64)
        for part in parts:
            scores = (scores[:, None] + part.shares(row)).ravel()
        # both factors are below 2^22, so the pair fits one integer
        joint = group * _ENUMERATED + np.unique(scores, return_inverse=True)[1]
        group = np.unique(joint, return_inverse=True)[1].astype(np.int64)
    counts = np.bincount(group).astype(np.float64)
    if one:
        position = 0
        for part in parts:
            position = position * part.size + (part.index or 0)
        return Residual(math.log2(counts[group[position]]), total, "exact")
    return averaged(np.log2(counts), counts, total, "exact")


# ---------------------------------------------------------------------------------------------------------------
# Counting the records behind one score by meeting in the middle


def _halves(packed: list[_Packed]) -> tuple[list[_Packed], list[_Packed]]:
    """The columns in two lists with about equally many combined codes."""
    left: list[_Packed] = []
    right: list[_Packed] = []
    for part in sorted(packed, key=lambda p: -p.size):
        (left if _combined(left) <= _combined(right) else right).append(part)
    return left, right


def _combined(parts: list[_Packed]) -> int:
    return math.prod(part.size for part in parts)


def _largest(halves: tuple[list[_Packed], list[_Packed]]) -> int:
    return max(_combined(half) for half in halves)


def _by_meeting(left: list[_Packed], right: list[_Packed], total: float, *, one: bool) -> Residual:
    a, a_counts = _sums(left)
    b, b_counts = _sums(right)
    targets = [sum(part.at or 0 for part in left + right)] if one else _random_scores(left + right)
    logs = np.array([math.log2(_count(target, a, a_counts, b, b_counts)) for target in targets])
    if one:
        return Residual(float(logs[0]), total, "exact")
    return averaged(logs, np.ones(len(logs)), total, "sampled")


def _sums(parts: list[_Packed]) -> tuple[IntArray, IntArray]:
    """Distinct sums of one half with their multiplicities, ascending."""
    values, counts = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    for part in parts:
        own = part.shares()
        sums = (values[:, None] + own).ravel()
        values, inverse = np.unique(sums, return_inverse=True)
        counts = np.bincount(inverse, weights=np.repeat(counts, len(own))).astype(np.int64)
    return values, counts


def _count(target: int, a: IntArray, a_counts: IntArray, b: IntArray, b_counts: IntArray) -> int:
    wanted = target - a
    position = np.minimum(np.searchsorted(b, wanted), len(b) - 1)
    return int((a_counts * np.where(b[position] == wanted, b_counts[position], 0)).sum())


def _random_scores(parts: list[_Packed]) -> list[int]:
    rng = np.random.default_rng(20)
    return [sum(int(rng.choice(p.shares())) for p in parts) for _ in range(_SAMPLES)]
