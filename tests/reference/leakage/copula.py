"""Rows of a population that is not stored, by a Gaussian copula on its marginals: a normal number for every column, cut
into levels, with the correlation that the numbers must have had for the sample's levels."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from tests.reference.leakage.prior import Prior
from tests.reference.leakage.sampler import draw, generator
from tests.reference.leakage.schema import Floats, Ints

TAIL = 1e-4
"""No score lies beyond the normal quantiles of this share and of what it lacks to 1."""

LEAST_SPREAD, MOST_CORRELATION, LEAST_EIGENVALUE, INDEPENDENCE = 0.3, 0.995, 1e-3, 0.02


def copula_rows(prior: Prior, count: int, seed: str) -> Ints:
    """Levels [count, columns]; blind: independent columns."""
    rng = generator(seed)
    rows = np.zeros((count, len(prior.schema.columns)), dtype=np.int64)
    if prior.levels is None:
        for block in prior.blocks:
            rows[:, block] = draw(prior.marginals[block], rng, count)
        return rows
    orders = [order_of(prior, block) for block in prior.blocks]
    values, vectors = np.linalg.eigh(correlation(prior, orders))
    normal = rng.standard_normal((count, len(orders))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    for at, (block, order) in enumerate(zip(prior.blocks, orders, strict=True)):
        cuts = ndtri(np.cumsum(prior.marginals[block][order])[:-1])
        rows[:, block] = order[np.searchsorted(cuts, normal[:, at], "right")]
    return rows


def order_of(prior: Prior, block: int) -> Ints:
    """The levels of a column from the lowest score up. Those of a category of three values or more stand by the mean of
    the first principal component; a level that nobody has by 0."""
    assert prior.levels is not None
    size = prior.schema.columns[block].size
    if is_ordered(prior, block):
        return np.arange(size)
    component, levels = principal_component(prior), prior.levels[:, block]
    means = [component[levels == level].mean() if (levels == level).any() else 0.0 for level in range(size)]
    return np.argsort(means, kind="stable")


def is_ordered(prior: Prior, block: int) -> bool:
    column = prior.schema.columns[block]
    return not column.category or column.size == 2


def principal_component(prior: Prior) -> Floats:
    """Of the sample's rows, over the columns whose levels have an order, each in standard deviations; its sign is
    free. 0 where no such column varies."""
    assert prior.levels is not None
    levels = prior.levels[:, [block for block in prior.blocks if is_ordered(prior, block)]].astype(np.float64)
    varying = levels[:, levels.std(axis=0) > 0]
    if not varying.size:
        return np.zeros(len(levels))
    standardised = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    u, s, _ = np.linalg.svd(standardised, full_matrices=False)
    return np.asarray(u[:, 0] * s[0])


def correlation(prior: Prior, orders: list[Ints]) -> Floats:
    """Of the normal numbers behind the columns. Scores of levels spread less than what was cut into them: the
    correlation of scores is divided by both spreads. Then the nearest matrix that is one, and a little independence."""
    scores = np.stack([scores_of(prior, *each) for each in zip(prior.blocks, orders, strict=True)])
    spread = scores.std(axis=1)
    scale = np.where(spread > 0, spread, 1.0)
    centred = (scores - scores.mean(axis=1, keepdims=True)) / scale[:, None]
    short = np.minimum(spread, 1.0)
    found = centred @ centred.T / scores.shape[1] / np.maximum(np.outer(short, short), LEAST_SPREAD)
    found = np.clip(found, -MOST_CORRELATION, MOST_CORRELATION)
    np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    positive = vectors @ np.diag(np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    sizes = np.sqrt(np.diag(positive))
    return (1 - INDEPENDENCE) * positive / np.outer(sizes, sizes) + INDEPENDENCE * np.eye(len(sizes))


def scores_of(prior: Prior, block: int, order: Ints) -> Floats:
    """The normal score of every row of the sample: that of the middle of its level."""
    assert prior.levels is not None
    shares = prior.marginals[block][order]
    middles = np.empty(len(order))
    middles[order] = np.cumsum(shares) - shares / 2
    return np.asarray(ndtri(np.clip(middles, TAIL, 1 - TAIL))[prior.levels[:, block]])
