"""What is drawn from a seed: the same numbers for the same seed and label, on every machine and for ever.

Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) keyed by SHA-256 of seed and label. Only
its words are used: numpy keeps the stream of a bit generator, and may change what its generators make of one.
"""

from __future__ import annotations

import hashlib

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.errors import ParameterError

__all__ = ["SEED_SIZE", "normals", "uniforms"]

SEED_SIZE = 32


def uniforms(seed: bytes, label: str, *shape: int) -> FloatArray:
    """Numbers uniform over the multiples of 2^-53 in [0, 1), float64 of a shape. ParameterError unless the seed has 32
    bytes. Cost: 4 ns a number."""
    if len(seed) != SEED_SIZE:
        raise ParameterError(f"a seed is {SEED_SIZE} bytes")
    digest = hashlib.sha256(b"pyfe: draws, 1\0" + seed + label.encode()).digest()
    words = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(int(np.prod(shape)))
    return np.asarray((words >> np.uint64(11)).reshape(shape) * 2.0**-53)


def normals(seed: bytes, label: str, *shape: int) -> FloatArray:
    """Standard normal numbers, float64 of a shape, by Box and Muller (Ann. Math. Stat. 29, 1958)."""
    size = int(np.prod(shape))
    half = (size + 1) // 2
    first, second = uniforms(seed, label, 2, half)
    radius, angle = np.sqrt(-2.0 * np.log1p(-first)), 2.0 * np.pi * second
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size].reshape(shape)
