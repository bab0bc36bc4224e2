"""How many bits of a row the answers say, from above: the smallest of three bounds, exact for a single score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.lattice import Free
from pyfe.leakage.prior import Prior
from pyfe.leakage.rules.covariance import SCALE, covariance_of
from pyfe.leakage.rules.tables import private_shares

__all__ = ["Information", "MOST_WORK", "information", "score_distribution"]

MOST_WORK = 3e10
"""Width of a score times the levels of its columns, beyond which it is not counted."""

_CELLS = 2**16
"""Numbers that are transformed at once."""


@dataclass(frozen=True)
class Information:
    """``bits`` that the answers say at most; ``bound``: "exact", "sum", "gaussian" or "width"."""

    bits: float
    bound: str


def information(rows: Sequence[Sequence[int]], free: Free, prior: Prior) -> Information:
    """I, the bits that scores say of a row under the prior.

    rows: Z, over the free coordinates. One score: the entropy of its distribution, private columns independent with the
    prior's marginals. Several: the least of the sum of these; of

        1/2 log2((2 pi e)^r det(Z S Z' + 1/12)),

    since no distribution of that covariance has a larger differential entropy (Cover and Thomas, *Elements of
    Information Theory*, 2006, theorem 8.6.5), and integers that are moved within their unit cube have that of the
    integers; S is the covariance given the public columns, the determinant exact; and of ``sum_j log2(width_j + 1)``. A
    score that is not counted (:data:`MOST_WORK`) counts by its width.
    """
    scores = [_score(row, free, prior) for row in rows]
    if len(scores) == 1 and scores[0].entropy is not None:
        return Information(scores[0].entropy, "exact")
    bounds = {
        "width": sum(score.width_bits for score in scores),
        "sum": sum(score.width_bits if score.entropy is None else score.entropy for score in scores),
        "gaussian": _gaussian(rows, prior),
    }
    bound = min(bounds, key=lambda name: bounds[name])
    return Information(bounds[bound], bound)


@dataclass(frozen=True)
class _Score:
    width_bits: float
    entropy: float | None


_counted: WeakKeyDictionary[Prior, dict[tuple[int, ...], _Score]] = WeakKeyDictionary()
"""Scores counted before: most rows of Z stay when a key is added."""

_MOST_KEPT = 1024


def _score(row: Sequence[int], free: Free, prior: Prior) -> _Score:
    kept = _counted.setdefault(prior, {})
    key = max(tuple(row), tuple(-v for v in row))
    score = kept.pop(key, None) or _counted_now(row, free, prior)
    kept[key] = score
    for oldest in list(kept)[:-_MOST_KEPT]:
        kept.pop(oldest, None)
    return score


def _counted_now(row: Sequence[int], free: Free, prior: Prior) -> _Score:
    shares = private_shares(prior.blocks, free, row)
    width = sum(int(share.max()) - int(share.min()) for share in shares.values())
    mass = score_distribution(list(shares.values()), [prior.marginals[b] for b in shares])
    if mass is None:
        return _Score(math.log2(width + 1), None)
    mass = mass[mass > 0]
    return _Score(math.log2(width + 1), float(-(mass * np.log2(mass)).sum()))


def _gaussian(rows: Sequence[Sequence[int]], prior: Prior) -> float:
    gram = 12 * covariance_of(prior).gram(rows)
    for i in range(len(rows)):
        gram[i, i] += 1 << SCALE
    determinant = int(gram.det())  # positive: a covariance, and 1/12 in every direction
    return (len(rows) * (math.log2(2 * math.pi * math.e / 12) - SCALE) + math.log2(determinant)) / 2


def score_distribution(shares: Sequence[IntArray], marginals: Sequence[FloatArray]) -> FloatArray | None:
    """The distribution of a sum of independent variables, float64 ``[W + 1]`` from its least value on, in steps of the
    common divisor; None where it is not counted (:data:`MOST_WORK`).

    shares: what the levels of each variable add, int64; marginals: their probabilities.
    A product of polynomials, the shortest first, by Fourier transforms: cells are right to about 1e-16 absolutely.
    """
    moved = [share - share.min() for share in shares]
    divisor = math.gcd(*(int(np.gcd.reduce(share)) for share in moved)) or 1
    width = sum(int(share.max()) for share in moved) // divisor
    if width * sum(len(share) for share in moved) > MOST_WORK:
        return None
    parts = [_mass(share // divisor, mass) for share, mass in zip(moved, marginals, strict=True)] or [np.ones(1)]
    while len(parts) > 1:
        parts.sort(key=len)
        parts = [product for group in _groups(parts) for product in _products(group)]
    return parts[0]


def _mass(share: IntArray, mass: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(share, weights=mass), dtype=np.float64)


def _groups(parts: Sequence[FloatArray]) -> Iterator[Sequence[FloatArray]]:
    """Pairs of distributions, so many at a time that their transforms lie in the cache."""
    start = 0
    while start < len(parts):
        pairs = max(1, _CELLS // (4 * len(parts[start])))
        yield parts[start : start + 2 * pairs]
        start += 2 * pairs


def _products(parts: Sequence[FloatArray]) -> list[FloatArray]:
    """The distributions of sums of two, the first with the second and so on; of an odd number the last is left."""
    pairs = len(parts) // 2
    lengths = [len(a) + len(b) - 1 for a, b in zip(parts[0::2], parts[1::2], strict=False)]
    size = 1 << max(0, *(length - 1 for length in lengths), 0).bit_length()
    padded = np.zeros((2 * pairs, size))
    for row, part in zip(padded, parts, strict=False):
        row[: len(part)] = part
    spectra = np.fft.rfft(padded)
    products = np.maximum(np.fft.irfft(spectra[0::2] * spectra[1::2], size), 0.0)
    return [*(row[:length] for row, length in zip(products, lengths, strict=True)), *parts[2 * pairs :]]
