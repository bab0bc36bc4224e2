"""Rows of a population that is not stored, by the tree of classes. Seeded in words."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from tests.reference.leakage.prior import Prior
from tests.reference.leakage.schema import Floats, Ints

LevelsOf = dict[int, int]
"""Public column -> the level that is known."""


def generator(seed: str) -> np.random.Generator:
    """Philox, its key the hash of the words."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(sha256(seed.encode()).digest()[:16], "big")))


def draw(shares: Floats, rng: np.random.Generator, count: int) -> Ints:
    """Independent draws from one distribution."""
    found = np.searchsorted(np.cumsum(shares), rng.random(count) * shares.sum(), "right")
    return np.asarray(np.minimum(found, len(shares) - 1), dtype=np.int64)


def tree_rows(prior: Prior, count: int, seed: str, known: LevelsOf | None = None) -> Ints:
    """Levels [count, columns] from the tree, given the public levels that are known: messages up, draws down.
    Inside its class a level is drawn by its marginal. Blind: independent columns."""
    known = known or {}
    rng = generator(seed)
    rows = np.zeros((count, len(prior.schema.columns)), dtype=np.int64)
    if prior.blind:
        for block in prior.blocks:
            rows[:, block] = draw(prior.marginals[block], rng, count)
    else:
        _draw_tree(prior, rows, rng, known)
    for block, level in known.items():
        rows[:, block] = level
    return rows


def _draw_tree(prior: Prior, rows: Ints, rng: np.random.Generator, known: LevelsOf) -> None:
    order, parents = _rooted(prior)
    upward = {block: _evidence(prior, block, known) for block in order}
    for block in reversed(order[1:]):
        upward[parents[block]] *= _given(prior, parents[block], block) @ upward[block]
    root = order[0]
    rows[:, root] = draw(_on_levels(prior, root, prior.class_shares(root) * upward[root]), rng, len(rows))
    for block in order[1:]:
        parent = parents[block]
        shares = _given(prior, parent, block) * upward[block]
        classes = prior.classes[parent][rows[:, parent]]
        for one in np.unique(classes):
            chosen = np.flatnonzero(classes == one)
            rows[chosen, block] = draw(_on_levels(prior, block, shares[one]), rng, len(chosen))


def _on_levels(prior: Prior, block: int, shares: Floats) -> Floats:
    """Weights of classes -> weights of levels, by the marginal inside each class."""
    classes, whole = prior.classes[block], prior.class_shares(block)
    return prior.marginals[block] * (shares / np.where(whole > 0, whole, 1.0))[classes]


def _evidence(prior: Prior, block: int, known: LevelsOf) -> Floats:
    """1 on the classes that a column may be in."""
    found = np.ones(len(prior.class_shares(block)))
    if block in known:
        found[:] = 0.0
        found[prior.classes[block][known[block]]] = 1.0
    return found


def _given(prior: Prior, parent: int, child: int) -> Floats:
    """P(class of the child | class of the parent); a class without rows gets the child's own shares."""
    joint = prior.joint(parent, child)
    sums = joint.sum(axis=1, keepdims=True)
    return np.where(sums > 0, joint / np.where(sums > 0, sums, 1.0), prior.class_shares(child)[None, :])


def _rooted(prior: Prior) -> tuple[list[int], dict[int, int]]:
    """Columns from the root outwards, and the parent of each."""
    order, parents = [prior.blocks[0]], {}
    for block in order:
        for a, b, _ in prior.tree:
            other = b if a == block else a if b == block else None
            if other is not None and other not in order:
                order.append(other)
                parents[other] = block
    return order, parents


def public_vectors(prior: Prior, count: int, seed: str) -> list[LevelsOf]:
    """Public levels of drawn rows; one empty vector where no column is public."""
    if not prior.schema.public:
        return [{}]
    rows = tree_rows(prior, count, seed)
    return [{block: int(row[block]) for block in prior.schema.public} for row in rows]


def extremes(prior: Prior, like: LevelsOf) -> list[LevelsOf]:
    """The least and the greatest level of every public column, the others as in `like`."""
    ends = [(block, end) for block in prior.schema.public for end in (0, prior.schema.columns[block].size - 1)]
    return [like | {block: end} for block, end in ends]
