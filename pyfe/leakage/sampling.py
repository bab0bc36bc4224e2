"""How many bits of a record the values of quadratic forms leave unknown: an estimate, exact for small tables.

Definition as in :mod:`pyfe.leakage.uncertainty`: columns uniform and independent, public columns known. Z are the
values of all forms, and ``residual = H(X) - H(Z)``, where H(Z) is taken

- *exactly*, by counting all records where there are at most 2^18 of them;
- else as the smaller of two figures for independent forms on 4096 random records: ``sum_j log2(width_j + 1)``, a bound,
  and ``1/2 log2((2 pi e)^r det C)``, the entropy of a normal distribution with their covariance C.

The determinant is exact (fraction-free elimination over the integers): whoever chooses the forms chooses how badly a
floating-point one would be off. Common divisors of a form's values are taken out first. The second figure can only
say too much is known where forms have further divisors in common, and too little only by lattice effects of a few bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.forms import Forms
from pyfe.leakage.findings import Finding
from pyfe.leakage.span import CHECK_PRIME, Span
from pyfe.leakage.uncertainty import Residual, averaged, private_columns
from pyfe.schema import Schema

__all__ = ["check_budget", "residual_forms"]

IntArray: TypeAlias = npt.NDArray[np.int64]

_COUNTED = 2**18
"""Most records that are counted one by one."""

_RECORDS = 4096
_PUBLIC = 4
"""Random records, and random values of the public columns to average over."""

_CHUNK = 2**14

_WIDE_RECORD, _LEFT_OF_A_WIDE_RECORD = 80, 40
"""Of a record of so many bits, so many must stay unknown, whatever half of it is."""


def check_budget(pool: Sequence[Forms], schema: Schema) -> list[Finding]:
    """A finding "budget" when the values of all forms would leave less than half of a record's bits unknown, or of a
    record of 80 bits and more less than 40: by the estimate of :func:`residual_forms`, so that uniform and independent
    columns are assumed. Real ones hold fewer bits; half is the margin for that."""
    left = residual_forms(pool, schema)
    wanted = left.total_bits / 2
    if left.total_bits >= _WIDE_RECORD:
        wanted = max(wanted, _LEFT_OF_A_WIDE_RECORD)
    if left.bits >= wanted:
        return []
    note = f"{left.bits:.1f} of {left.total_bits:.1f} bits, estimated; {wanted:.1f} must stay"
    return [Finding("budget", (), (), note=note)]


def residual_forms(pool: Sequence[Forms], schema: Schema) -> Residual:
    """Residual uncertainty after the values of all forms, on average over records.

    Parameters
    ----------
    pool: forms over the augmented coordinates ``(1, x)``: all that were issued under one public key.

    Below zero bits the values could single out a record. Raises OutOfRangeError for values beyond 62 bits.
    Cost: the values of 4096 records, or of 2^18; up to a few seconds.
    """
    rng = np.random.default_rng(20)
    sizes = [column.size for _, column in private_columns(schema)]
    total = sum(math.log2(size) for size in sizes)
    hidden = any(public for _, _, public in schema.blocks)
    counted = math.prod(sizes) <= _COUNTED
    parts = [_residual(pool, schema, record, total, counted) for record in schema.sample(rng, _PUBLIC if hidden else 1)]
    method = "exact" if counted and not hidden else "sampled"
    if not counted:
        return Residual(_mean([part.bits for part in parts]), total, method)
    unique, small = (_mean([getattr(p, name) for p in parts]) for name in ("unique_fraction", "small_fraction"))
    return Residual(_mean([part.bits for part in parts]), total, method, unique, small)


def _residual(pool: Sequence[Forms], schema: Schema, record: IntArray, total: float, counted: bool) -> Residual:
    """The residual where the public columns have the values they have in ``record``."""
    if counted:
        values = np.concatenate([_values(pool, rows) for rows in _every(schema, record)])
        counts = np.unique(values, axis=0, return_counts=True)[1].astype(np.float64)
        return averaged(np.log2(counts), counts, total, "exact")
    rows = schema.sample(np.random.default_rng(21), _RECORDS)
    for _, part, public in schema.blocks:
        if public:
            rows[:, part] = record[part]
    return Residual(total - _entropy(_values(pool, rows)), total, "sampled")


def _every(schema: Schema, record: IntArray) -> Iterator[IntArray]:
    """All records with the public columns of ``record``, in chunks."""
    columns = [(part, column.codes()) for part, column in private_columns(schema)]
    count = math.prod(len(codes) for _, codes in columns)
    for start in range(0, count, _CHUNK):
        index = np.arange(start, min(start + _CHUNK, count))
        rows = np.tile(record, (len(index), 1))
        for part, codes in columns:
            index, code = np.divmod(index, len(codes))
            rows[:, part] = codes[code]
        yield rows


def _values(pool: Sequence[Forms], rows: IntArray) -> IntArray:
    augmented = np.concatenate([np.ones((len(rows), 1), dtype=np.int64), rows], axis=1)
    parts = [np.zeros((len(rows), 0), dtype=np.int64), *(forms.evaluate(augmented) for forms in pool)]
    return np.concatenate(parts, axis=1)


def _entropy(values: IntArray) -> float:
    """Bits that the values ``[records, k]`` have, by their widths or by their covariance."""
    offsets = values - values[0]
    divisors = np.gcd.reduce(offsets, axis=0)
    offsets = offsets[:, divisors > 0] // divisors[divisors > 0]
    scaled, count = _covariance(offsets), len(values)
    span = Span(prime=CHECK_PRIME)
    fresh = [j for j, row in enumerate(scaled) if span.add(row)]
    if not fresh:
        return 0.0
    widths = sum(math.log2(int(np.ptp(offsets[:, j])) + 1) for j in fresh)
    determinant = _determinant([[scaled[i][j] for j in fresh] for i in fresh])
    normal = 0.5 * (_log2(determinant) + len(fresh) * math.log2(2 * math.pi * math.e / count**2))
    return max(0.0, min(widths, normal))


def _covariance(values: IntArray) -> list[list[int]]:
    """``N^2`` times the covariance matrix of N rows, exact."""
    wide = values.astype(object)
    sums = wide.sum(axis=0)
    matrix: list[list[int]] = (len(values) * (wide.T @ wide) - np.outer(sums, sums)).tolist()
    return matrix


def _determinant(matrix: list[list[int]]) -> int:
    """Determinant of a positive definite integer matrix: Bareiss' elimination, whose every division is exact."""
    rows, previous = [list(row) for row in matrix], 1
    for k in range(len(rows) - 1):
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // previous
        previous = rows[k][k]
    return rows[-1][-1]


def _log2(value: int) -> float:
    """log2 of a positive integer of any size."""
    shift = max(0, value.bit_length() - 64)
    return shift + math.log2(value >> shift)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
