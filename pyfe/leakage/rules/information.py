"""How many bits of a row the answers say, from above: the smallest of three bounds, exact for a single score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from pyfe.leakage.counts import Score
from pyfe.leakage.lattice import Free
from pyfe.leakage.prior import Prior
from pyfe.leakage.rules.covariance import SCALE, covariance_of
from pyfe.leakage.rules.tables import private_shares

__all__ = ["Information", "information", "information_behind_noise"]


@dataclass(frozen=True)
class Information:
    """``bits`` that the answers say at most; ``bound``: "exact", "sum", "gaussian", "width" or "noise"."""

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
    score that is too fine to count (:class:`pyfe.leakage.counts.Score`) counts by its width.
    """
    if len(rows) == 1 and (score := _score(rows[0], free, prior)).countable:
        return Information(score.bits, "exact")
    some = [_score(row, free, prior, least=True) for row in rows]
    bounds = {"width": sum(score.width_bits for score in some), "gaussian": _gaussian(rows, prior)}
    if sum(score.bits for score in some) < min(bounds.values()):
        bounds["sum"] = sum(_score(row, free, prior).bits for row in rows)
    bound = min(bounds, key=lambda name: bounds[name])
    return Information(bounds[bound], bound)


def information_behind_noise(rows: Sequence[Sequence[int]], sd: int, prior: Prior) -> Information:
    """I, the bits that scores say of a row which each have noise of standard deviation ``sd`` of their own.

    rows: the scores as they were asked for, over the free coordinates, each once. From above, by

        I(x; Y x + eta) <= 1/2 log2 det(1 + Y S Y' / sd^2),

    the capacity of a Gaussian channel (Cover and Thomas, 2006, section 9.4), since of all answers with that covariance
    Gaussian ones have the largest entropy. Of one score of standard deviation 16 sd these are 4.0 bits.
    """
    scaled = covariance_of(prior).gram(rows)
    unit = sd * sd << SCALE
    for i in range(len(rows)):
        scaled[i, i] += unit
    return Information((math.log2(int(scaled.det())) - len(rows) * math.log2(unit)) / 2, "noise")


_SOME_COLUMNS = 64
"""Most of the widest columns of a score, an eighth of them, whose sum is counted first: it has less entropy."""


@dataclass(frozen=True)
class _Score:
    """Bits of its width; of its distribution, or where it is not ``counted`` what these are at least, or where it is
    not ``countable`` those of the width."""

    width_bits: float
    bits: float
    counted: bool = True
    countable: bool = True


_counted: WeakKeyDictionary[Prior, dict[tuple[int, ...], _Score]] = WeakKeyDictionary()
"""Scores counted before: most rows of Z stay when a key is added."""

_MOST_KEPT = 1024


def _score(row: Sequence[int], free: Free, prior: Prior, least: bool = False) -> _Score:
    """A score; ``least``: what its distribution has at least will do."""
    kept = _counted.setdefault(prior, {})
    key = max(tuple(row), tuple(-v for v in row))
    score = kept.pop(key, None)
    if score is None or not (score.counted or least):
        score = _counted_now(row, free, prior, least)
    kept[key] = score
    for oldest in list(kept)[:-_MOST_KEPT]:
        kept.pop(oldest, None)
    return score


def _counted_now(row: Sequence[int], free: Free, prior: Prior, least: bool) -> _Score:
    shares = private_shares(prior.blocks, free, row)
    score = Score(list(shares.values()), [prior.marginals[b] for b in shares])
    width_bits = math.log2(score.width + 1)
    if not score.countable:
        return _Score(width_bits, width_bits, countable=False)
    if not least:
        return _Score(width_bits, score.entropy_bits)
    most = min(_SOME_COLUMNS, math.ceil(len(shares) / 8))  # H(a + b) >= H(a)
    widest = sorted(shares, key=lambda block: -int(np.ptp(shares[block])))[:most]
    some = Score([shares[b] for b in widest], [prior.marginals[b] for b in widest])
    return _Score(width_bits, some.entropy_bits, counted=False)


def _gaussian(rows: Sequence[Sequence[int]], prior: Prior) -> float:
    gram = 12 * covariance_of(prior).gram(rows)
    for i in range(len(rows)):
        gram[i, i] += 1 << SCALE
    determinant = int(gram.det())  # positive: a covariance, and 1/12 in every direction
    return (len(rows) * (math.log2(2 * math.pi * math.e / 12) - SCALE) + math.log2(determinant)) / 2
