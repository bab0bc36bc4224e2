"""The exact distribution of a score under independent columns, and of every column beside it, by adding up columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from tests.reference.leakage.prior import Prior, entropy, quantile_parts
from tests.reference.leakage.schema import Floats, Ints

MOST_WORK = 3e10
"""Beyond it a score cannot be counted; the unit is one score value times one level."""


@dataclass(frozen=True)
class Part:
    """What one private column adds to a score: `shares` >= 0 of its levels, the least of them 0."""

    block: int
    shares: Ints
    weights: Floats


def parts_of(prior: Prior, z: Sequence[int]) -> list[Part]:
    """The columns on which the row of free coordinates has a weight."""
    schema, y = prior.schema, prior.schema.lift(z)
    found = []
    for block in schema.private:
        shares = schema.shares(block, y)
        if max(shares) > min(shares):
            least = min(shares)
            found.append(Part(block, np.array([s - least for s in shares]), prior.marginals[block]))
    return found


def width(parts: Sequence[Part]) -> int:
    return sum(int(part.shares.max()) for part in parts)


def work(parts: Sequence[Part]) -> float:
    """Score values times levels."""
    return (width(parts) + 1.0) * sum(len(part.shares) for part in parts)


def added(distribution: Floats, part: Part) -> Floats:
    """The distribution of the sum with one more independent column."""
    found = np.zeros(len(distribution) + int(part.shares.max()))
    for share, weight in zip(part.shares, part.weights, strict=True):
        found[share : share + len(distribution)] += weight * distribution
    return found


def distribution(parts: Sequence[Part]) -> Floats:
    found = np.ones(1)
    for part in parts:
        found = added(found, part)
    return found


def without_each(parts: Sequence[Part], rest: Floats | None = None) -> Iterator[tuple[Part, Floats]]:
    """Every column with the distribution of the sum of all others: halves, each added to the other's rest."""
    rest = np.ones(1) if rest is None else rest
    if len(parts) == 1:
        yield parts[0], rest
        return
    half = len(parts) // 2
    for mine, others in ((parts[:half], parts[half:]), (parts[half:], parts[:half])):
        wider = rest
        for part in others:
            wider = added(wider, part)
        yield from without_each(mine, wider)


def beside(prior: Prior, part: Part, rest: Floats, length: int) -> Floats:
    """P(class of the column, score), [classes, length]."""
    classes = prior.classes[part.block]
    found = np.zeros((int(classes.max()) + 1, length))
    for kind, share, weight in zip(classes, part.shares, part.weights, strict=True):
        found[kind, share : share + len(rest)] += weight * rest
    return found


def deciles(shares: Floats) -> Ints:
    """The bin of every score: in which tenth of all rows the middle of its own rows lies (as classes are cut)."""
    return quantile_parts(shares, 10)


def sample_deciles(kept: Ints, values: Ints) -> Ints:
    """The bins of values by a sample of them: how many of the nine quantiles of the sample a value reaches."""
    cuts = np.quantile(kept.astype(np.float64), np.arange(1, 10) / 10)
    return np.searchsorted(cuts, values.astype(np.float64), "right").astype(np.int64)


def entropy_of(parts: Sequence[Part]) -> float:
    """Exact bits of a score; of one that is too wide to count the log of its width (an upper bound)."""
    if work(parts) > MOST_WORK:
        return log2(width(parts) + 1)
    return entropy(distribution(parts))
