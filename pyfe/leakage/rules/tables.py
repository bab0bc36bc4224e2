"""What each level of a column is over the free coordinates, and what it adds to a score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.lattice import Free

__all__ = ["free_codes", "private_shares"]


def free_codes(blocks: Blocks, free: Free, block: int) -> IntArray:
    """The levels of a private block over its free coordinates, int64 ``[levels, width]``: a level that is left out is
    the origin."""
    places = free.places[block]
    return blocks.codes[block][:, -(places.stop - places.start) :]


def private_shares(blocks: Blocks, free: Free, row: Sequence[int]) -> dict[int, IntArray]:
    """Of every private block on which a row over the free coordinates has a weight, what its levels add to the score,
    int64 ``[levels]``."""
    weights = np.array(row, dtype=np.int64)
    return {
        block: free_codes(blocks, free, block) @ weights[places]
        for block, places in free.places.items()
        if weights[places].any()
    }
