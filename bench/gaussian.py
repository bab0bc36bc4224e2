"""How many draws from a discrete Gaussian a second, beside numpy's normal numbers rounded?

The peer is neither exact nor constant-time nor secret: it says what the cheapest thing costs that looks alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.measure import Measurement, Settings, Task, against, interleaved, portable, require, threads
from pyfe import _core

COUNT, ROWS = 2**20, 2**13
ROUNDS = 9
WIDTHS = {"sd128": 128, "sd2p34": 2**34, "sd2p48": 2**48}
PEER = "numpy: Generator.normal, rounded"


def run(settings: Settings) -> Iterator[Measurement]:
    """Many draws of one seed for three widths; then one draw a seed."""
    one, seeds = np.zeros((1, 32), np.uint8), seeds_of(settings.batch(ROWS))
    with threads(1):
        for name, sd in WIDTHS.items():
            count = settings.batch(COUNT)
            yield from measure(f"gaussian.{name}.draws", partial(draw, sd, one, count), sd, count, settings)
        yield from measure("gaussian.sd128.rows", partial(draw, 128, seeds, 1), 128, len(seeds), settings)


def seeds_of(rows: int) -> NDArray[np.uint8]:
    """Random seeds, one a row."""
    return np.random.default_rng(3).integers(0, 256, (rows, 32), dtype=np.uint8)


def draw(sd: int, seeds: NDArray[np.uint8], columns: int) -> NDArray[np.int64]:
    """Ours."""
    return _core.discrete_gaussian(256 * sd, seeds, columns)


def measure(
    name: str, ours: Callable[[], NDArray[np.int64]], sd: int, count: int, settings: Settings
) -> Iterator[Measurement]:
    """Ours, ours on the portable backend and numpy's in turn, in draws a second."""
    answer = ours()
    require(np.array_equal(answer, portable(ours)()), f"{name}: the backends disagree")
    require(abs(answer.std() / sd - 1) < 0.5, f"{name}: another width")
    generator = np.random.default_rng(4)
    tasks = [Task(ours), Task(portable(ours)), Task(lambda: np.rint(generator.normal(0, sd, count)).astype(np.int64))]
    wide, plain, peer = (count / time for time in interleaved(tasks, settings.rounds(ROUNDS)))
    yield against(name, wide, PEER, peer)
    yield against(f"{name}.portable", plain, PEER, peer)
