"""How fast can one core read memory? A loop of eight-lane loads over more than any cache holds; and beside it numpy's
sum of the same bytes, where the loop cannot be compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bench.madd_loop import reader

BYTES = 512 << 20


def reading(size: int) -> Callable[[], object]:
    """A call that reads ``size`` bytes once."""
    data = np.ones(size // 8, dtype=np.uint64)
    loop = reader()
    return data.sum if loop is None else partial(loop, data)
