"""Values of the public columns, which an attacker knows: what is asked for, and their extremes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyfe.arrays import IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks

__all__ = ["at_extremes", "public_levels"]


def public_levels(blocks: Blocks, levels: Sequence[int] | IntArray) -> IntArray:
    """Levels of the public blocks, in their order, int64; ParameterError unless each is one."""
    array = np.asarray(levels, dtype=np.int64)
    sizes = np.array(blocks.sizes)[blocks.public]
    if array.shape != sizes.shape or (array < 0).any() or (array >= sizes).any():
        raise ParameterError(f"public values are one level for each of {len(sizes)} public columns")
    return array


def at_extremes(blocks: Blocks, vectors: Sequence[IntArray]) -> list[IntArray]:
    """The first vector with each public column in turn at its least and at its greatest level; none without vectors.

    A level that has no place in the order of the values, such as "is missing", is no end.
    """
    found = []
    for place, block in enumerate(np.flatnonzero(blocks.public)):
        last = (blocks.ordered[block] or blocks.sizes[block]) - 1
        for level in (0, last):
            for vector in vectors[:1]:
                changed = vector.copy()
                changed[place] = level
                found.append(changed)
    return found
