"""What the searches for small logarithms are given: batches near either end, uniform ones, and absent ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe import _core, groups
from pyfe.errors import OutOfRangeError

BATCH = 64
SEED = 1978


class Targets:
    """Three batches over an interval of the given width, centred on zero."""

    def __init__(self, bits: int, batch: int = BATCH, seed: int = SEED) -> None:
        random = np.random.default_rng([seed, bits])
        self.lo, self.hi = -(2 ** (bits - 1)), 2 ** (bits - 1)
        self.uniform = random.integers(self.lo, self.hi, batch, endpoint=True)
        edge = random.integers(0, 256, batch)
        self.lowest, self.highest = self.lo + edge, self.hi - edge
        self.absent_points = groups.from_uniform_bytes(random.integers(0, 256, (batch, 64), dtype=np.uint8))

    def search(self, points: Any) -> Any:
        """The logarithms of a batch."""
        return _core.dlog.solve(points, self.lo, self.hi)

    def search_absent(self) -> bool:
        """Whether the search proves that the absent batch is absent."""
        try:
            self.search(self.absent_points)
        except OutOfRangeError:
            return True
        return False


class GtTargets:
    """The same in GT of BLS12-381, as decoded elements; absent are uniform powers of the base."""

    group = "bls12_381_gt"

    def __init__(self, bits: int, batch: int = BATCH, seed: int = SEED) -> None:
        random = np.random.default_rng([seed, bits])
        self.lo, self.hi = -(2 ** (bits - 1)), 2 ** (bits - 1)
        self.uniform = random.integers(self.lo, self.hi, batch, endpoint=True)
        edge = random.integers(0, 256, batch)
        self.lowest, self.highest = self.lo + edge, self.hi - edge
        self.absent = self.powers([int.from_bytes(random.bytes(31), "little") for _ in range(batch)])

    def powers(self, exponents: list[int]) -> Any:
        """e(G1, G2)^z for each z."""
        count = len(exponents)
        curves = _core.bls12_381
        base = _core.pairing.pair(curves.G1Points.generator(count), curves.G2Points.generator(count))
        rows = b"".join((z % groups.bls12_381.ORDER).to_bytes(32, "little") for z in exponents)
        return base.exponentiate(np.frombuffer(rows, np.uint8).reshape(count, 32))

    def search(self, elements: Any) -> Any:
        """The logarithms of a batch."""
        return _core.dlog.solve(elements, self.lo, self.hi)

    def search_absent(self) -> bool:
        """Whether the search proves that the absent batch is absent."""
        try:
            self.search(self.absent)
        except OutOfRangeError:
            return True
        return False


def points_of(logs: Any) -> Any:
    """z G for each z."""
    return groups.mul_base(groups.scalars(logs.tolist()))
