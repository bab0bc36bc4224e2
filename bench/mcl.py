"""How fast is BLS12-381 beside mcl? Its Python package, one call an item: about a microsecond of each is Python's.

Answers are compared before anything is timed, by bilinearity on each side and by the encodings of the same multiples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench import peers
from bench.measure import Measurement, Settings, Task, against, interleaved, require, threads
from pyfe import groups
from pyfe.groups import G1Array, G2Array, bls12_381

BATCH, PEER_BATCH = 256, 16
ROUNDS = 7
SEED = 12381


def run(settings: Settings) -> Iterator[Measurement]:
    """Multiplication in both groups, and pairings."""
    batch = settings.batch(BATCH)
    random = np.random.default_rng(SEED)
    integers = [int.from_bytes(random.bytes(32), "little") % bls12_381.ORDER for _ in range(batch)]
    k = bls12_381.scalars(integers)
    p, q = G1Array.generator(batch) * k, G2Array.generator(batch) * k
    peer = peers.find("pymcl", "mcl (pymcl)")
    theirs = None if peer is None else Theirs(peer.module, integers[:PEER_BATCH])
    with threads(1):
        for name, ours in (
            ("g1_mul", lambda: p * k),
            ("g2_mul", lambda: q * k),
            ("pairing", lambda: groups.pair(p, q)),
        ):
            ours()
            tasks = [Task(ours)]
            if theirs is not None:
                tasks.append(Task(getattr(theirs, name)))
            times = interleaved(tasks, settings.rounds(ROUNDS))
            each = 0.0 if theirs is None else 1e6 * times[1] / len(theirs.k)
            yield against(f"mcl.{name}", 1e6 * times[0] / batch, None if peer is None else peer.name, each)


class Theirs:
    """The same multiples of generators in mcl."""

    def __init__(self, module: Any, integers: list[int]) -> None:
        self.module, self.k = module, [module.Fr(str(k), 10) for k in integers]
        self.p, self.q = [module.g1 * k for k in self.k], [module.g2 * k for k in self.k]
        two = module.Fr("2", 10)
        once = module.pairing(self.p[0], self.q[0])
        require(module.pairing(self.p[0] * two, self.q[0]) == once * once, "pymcl: not bilinear")
        require(self.p[0] * two == self.p[0] + self.p[0], "pymcl: not a group")

    def g1_mul(self) -> list[Any]:
        return [p * k for p, k in zip(self.p, self.k, strict=True)]

    def g2_mul(self) -> list[Any]:
        return [q * k for q, k in zip(self.q, self.k, strict=True)]

    def pairing(self) -> list[Any]:
        return [self.module.pairing(p, q) for p, q in zip(self.p, self.q, strict=True)]
