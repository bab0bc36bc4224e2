"""How long does a transform of a lattice ring take, beside the multiply-adds that it needs, done in registers?

The peer is a loop that reads and writes no memory: what the multiplier of this CPU leaves at best.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.madd_loop import NAME, multiply_adds
from bench.measure import Measurement, Settings, Task, against, interleaved, portable, require, threads
from pyfe import _core

N, LOG_N = 8192, 13
Q = 562949952847873
"""The largest prime below 2^49 that is 1 modulo 2N."""
ROUNDS = 200
REPEAT, PORTABLE = 64, 8
NEEDED = 3 * (N // 2) * LOG_N // 8 + 2 * N // 8
"""Of eight lanes: three a butterfly, and two to reduce each word at the end."""


def run(settings: Settings) -> Iterator[Measurement]:
    """The forward transform on both backends, and the register loop in the same turns."""
    a = np.random.default_rng(5).integers(0, Q, (1, N))
    with threads(1):
        check(a)
        loop = multiply_adds(REPEAT * NEEDED)
        tasks = [Task(partial(forward, a, REPEAT)), Task(portable(partial(forward, a, PORTABLE)))]
        wide, plain, *floor = interleaved([*tasks, *([Task(loop)] if loop else [])], settings.rounds(ROUNDS))
    us, name = 1e6 / REPEAT, NAME if floor else None
    best = us * floor[0] if floor else 0.0
    yield against("ring.ntt.8192", us * wide, name, best)
    yield against("ring.ntt.8192.portable", 1e6 / PORTABLE * plain, name, best)
    yield Measurement("ring.register_multiply_adds", REPEAT * NEEDED / floor[0] if floor else 0.0)


def forward(a: NDArray[np.int64], repeat: int) -> NDArray[np.int64]:
    """Values of values of values: checking and copying is done once."""
    return _core.ring_transform(Q, a, repeat=repeat)


def check(a: NDArray[np.int64]) -> None:
    """X times a is a, turned by one place; and both backends say the same."""
    x = np.zeros((1, N), np.int64)
    x[0, 1] = 1
    values = [[int(v) for v in _core.ring_transform(Q, one)[0]] for one in (x, a)]
    product = np.array([[u * v % Q for u, v in zip(*values, strict=True)]])
    turned = np.concatenate((-a[:, -1:] % Q, a[:, :-1]), axis=1)
    require(np.array_equal(_core.ring_transform(Q, product, inverse=True), turned), "ring.ntt: a wrong product")
    both = [forward(a, 2), portable(partial(forward, a, 2))()]
    require(np.array_equal(*both), "ring.ntt: the backends disagree")
