"""How many bits of a row the answers say, from above: the smallest of three bounds, exact for a single score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

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
    score = Score(list(shares.values()), [prior.marginals[b] for b in shares])
    return _Score(math.log2(score.width + 1), score.entropy_bits if score.countable else None)


def _gaussian(rows: Sequence[Sequence[int]], prior: Prior) -> float:
    gram = 12 * covariance_of(prior).gram(rows)
    for i in range(len(rows)):
        gram[i, i] += 1 << SCALE
    determinant = int(gram.det())  # positive: a covariance, and 1/12 in every direction
    return (len(rows) * (math.log2(2 * math.pi * math.e / 12) - SCALE) + math.log2(determinant)) / 2
