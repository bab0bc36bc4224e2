"""How many bits of a record the values of quadratic forms leave unknown: an estimate, exact for small tables.

Definition as in :mod:`pyfe.leakage.residual_of_rows`: columns uniform and independent, public columns known. Z are the
values of all forms, and ``residual = H(X) - H(Z)``, where H(Z) is taken

- *exactly*, by counting all records where there are at most 2^18 of them;
- else from 4096 random records, as the entropy of a normal distribution with the covariance C of r independent forms,
  on the lattice L of the differences that the values have: ``1/2 log2((2 pi e)^r det C) - log2 det L``. A value that
  varies by less than a step of L, given those before it, adds what an integer can have at most, never negative bits.
  For a single form at most ``log2(width / divisor + 1)``, a bound.

Determinants are exact (integers throughout): whoever chooses the forms chooses how badly floating-point ones would be
off. The figure depends on the span of the forms alone, not on a basis or an order: so do the records. They are drawn
by ``PRF(seed, span, version)``, and who asks again in other words gets the same answer. No decision depends on it.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pyfe.arrays import IntArray
from pyfe.errors import ParameterError
from pyfe.forms import Forms
from pyfe.leakage.quadratic_account import QuadraticAccount
from pyfe.leakage.residual_of_rows import Residual, averaged, private_columns
from pyfe.leakage.slots import bits_behind_noise
from pyfe.leakage.span import CHECK_PRIME, Span
from pyfe.schema import Schema

__all__ = ["residual_account", "residual_forms"]


_VERSION = b"pyfe budget 2"
"""Which rule the records are drawn for."""

_COUNTED = 2**18
"""Most records that are counted one by one."""

_RECORDS = 4096
_PUBLIC = 4
"""Random records, and random values of the public columns to average over."""

_CHUNK = 2**14

_LEAST_SEED = 16

_LATTICE_ROWS = 64
"""Differences of values that span their lattice, besides four for each form."""


def residual_forms(pool: Sequence[Forms], schema: Schema, *, seed: bytes) -> Residual:
    """Residual uncertainty after the values of all forms, on average over records.

    Parameters
    ----------
    pool: forms over the augmented coordinates ``(1, x)``: all that were issued under one public key.
    seed: 16 bytes or more that whoever chooses the forms does not know; an authority uses a secret of its own.

    Below zero bits the values could single out a record. Raises OutOfRangeError for values beyond 62 bits.
    Cost: the values of 4096 records, or of 2^18; up to a few seconds.
    """
    return residual_account(_account(pool, schema), seed)


def _account(pool: Sequence[Forms], schema: Schema) -> QuadraticAccount:
    account = QuadraticAccount(schema)
    for forms in pool:
        account = account.with_forms(forms)
    return account


def residual_account(account: QuadraticAccount, seed: object) -> Residual:
    """As :func:`residual_forms`, for forms that are reduced already. Where each has noise of its own
    (:func:`pyfe.noise`), the bits are at least those that Gaussian channels of the same power leave."""
    if not isinstance(seed, bytes) or len(seed) < _LEAST_SEED:
        raise ParameterError(f"a seed has {_LEAST_SEED} bytes or more")
    pool, schema = account.independent, account.schema
    digest = hmac.digest(seed, _VERSION + account.canonical(), "sha512")
    rng = np.random.default_rng(int.from_bytes(digest))
    sizes = [column.size for _, column in private_columns(schema)]
    total = sum(math.log2(size) for size in sizes)
    hidden = any(public for _, _, public in schema.blocks)
    public = schema.sample(rng, _PUBLIC if hidden else 1)
    if schema.noise is not None and all(row.slot is not None for row in account.noisy):
        rows, sd = schema.sample(rng, _RECORDS), schema.noise.sd
        behind = [
            bits_behind_noise(_values_at(pool, schema, rows, record).T.astype(np.float64), sd) for record in public
        ]
        return Residual(total - _mean(behind), total, "bound")
    if math.prod(sizes) > _COUNTED:
        rows = schema.sample(rng, _RECORDS)
        return Residual(total - _mean([_sampled(pool, schema, rows, record) for record in public]), total, "sampled")
    parts = [_counted(pool, schema, record, total) for record in public]
    bits, unique, small = (
        _mean([getattr(p, name) for p in parts]) for name in ("bits", "unique_fraction", "small_fraction")
    )
    return Residual(bits, total, "sampled" if hidden else "exact", unique, small)


def _counted(pool: Sequence[Forms], schema: Schema, record: IntArray, total: float) -> Residual:
    """The residual where the public columns have the values they have in ``record``, by counting."""
    values = np.concatenate([_values(pool, rows) for rows in _every(schema, record)])
    counts = np.unique(values, axis=0, return_counts=True)[1].astype(np.float64)
    return averaged(np.log2(counts), counts, total, "exact")


def _sampled(pool: Sequence[Forms], schema: Schema, rows: IntArray, record: IntArray) -> float:
    """Bits of the values on random rows with the public columns of ``record``."""
    return _entropy(_values_at(pool, schema, rows, record))


def _values_at(pool: Sequence[Forms], schema: Schema, rows: IntArray, record: IntArray) -> IntArray:
    for _, part, public in schema.blocks:
        if public:
            rows[:, part] = record[part]
    return _values(pool, rows)


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
    """Bits that the values ``[records, k]`` have: of a normal distribution with their covariance, on their lattice."""
    offsets = (values - values[0]).astype(object)
    scaled, count = _covariance(offsets), len(values)
    span = Span(prime=CHECK_PRIME, traced=False)
    fresh = [j for j, row in enumerate(scaled) if span.add(row)]
    if not fresh:
        return 0.0
    minors = _leading_minors([[scaled[i][j] for j in fresh] for i in fresh])
    steps = _lattice_steps(offsets[: _LATTICE_ROWS + 4 * len(fresh), fresh].tolist())
    r = len(fresh)
    normal = 0.5 * (_log2(minors[-1]) + r * math.log2(2 * math.pi * math.e / count**2)) - _log2(math.prod(steps))
    normal += sum(
        _beyond_normal(minor, before * (count * step) ** 2)
        for minor, before, step in zip(minors, [1, *minors], steps, strict=False)
    )
    if r == 1:
        normal = min(normal, math.log2(int(np.ptp(values[:, fresh[0]])) // steps[0] + 1))
    return max(0.0, normal)


def _beyond_normal(above: int, below: int) -> float:
    """What a value may have beyond the bits of a normal density, if its variance, ``above / below`` in steps and given
    those before, is less than one: such a density has negative bits, which would pay for those of others. Of an
    integer, ``1/2 log2(2 pi e (variance + 1/12))`` is a bound always."""
    return 0.5 * (_log2(12 * above + below) - _log2(12 * above)) if above < below else 0.0


def _lattice_steps(rows: list[list[int]]) -> list[int]:
    """Of the lattice that integer rows span, the step of each coordinate where those before are given: the diagonal of
    Hermite's form, one row after the other. Ones where these few rows have not full rank."""
    size = len(rows[0])
    basis: list[list[int] | None] = [None] * size
    for row in rows:
        rest = list(row)
        for k in range(size):
            own = basis[k]
            if own is None:
                if rest[k]:
                    basis[k] = rest
                    break
                continue
            while rest[k]:
                quotient = own[k] // rest[k]
                own, rest = rest, [a - quotient * b for a, b in zip(own, rest, strict=True)]
            basis[k] = own
    steps = [abs(own[k]) for k, own in enumerate(basis) if own is not None]
    return steps if len(steps) == size else [1] * size


def _covariance(values: npt.NDArray[np.object_]) -> list[list[int]]:
    """``N^2`` times the covariance matrix of N rows, exact."""
    sums = values.sum(axis=0)
    matrix: list[list[int]] = (len(values) * (values.T @ values) - np.outer(sums, sums)).tolist()
    return matrix


def _leading_minors(matrix: list[list[int]]) -> list[int]:
    """Leading minors of a positive definite integer matrix, the determinant last: Bareiss' elimination, whose every
    division is exact."""
    rows, previous = [list(row) for row in matrix], 1
    for k in range(len(rows) - 1):
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // previous
        previous = rows[k][k]
    return [row[k] for k, row in enumerate(rows)]


def _log2(value: int) -> float:
    """log2 of a positive integer of any size."""
    shift = max(0, value.bit_length() - 64)
    return shift + math.log2(value >> shift)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
