"""How does cost grow, with coordinates, bits, rows and threads, and is it as the formula says? (:mod:`bench.growth`)"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from time import perf_counter

from bench.growth import ROUNDS, digits, measured, slope
from bench.ipfe import Case
from bench.measure import Measurement, Settings, Task, interleaved, threads
from bench.sweep_cases import SWEEPS
from bench.threads import in_threads, register_loop
from bench.turns import turns_of


def run(settings: Settings) -> Iterator[Measurement]:
    """Every curve; one thread, but for the curve of threads."""
    with threads(1):
        for sweep in SWEEPS:
            yield measured(sweep, settings)
        yield over_threads(settings)


def over_threads(settings: Settings) -> Measurement:
    """Encryption on 1, 2, 4 ... threads, as many as there are cores; beside it the loop that stays in registers, which
    is what the cores of this machine give. Wall time."""
    cores = len(os.sched_getaffinity(0))
    counts = sorted({2**power for power in range(cores.bit_length()) if 2**power <= cores} | {cores})
    case = Case(1000, 8, settings.batch(256))

    def encrypt(count: int) -> Callable[[], object]:
        def call() -> None:
            with threads(count):
                case.encrypt()

        return call

    def loop(count: int) -> Callable[[], object]:
        return lambda: in_threads(count, lambda: register_loop(200_000 // count))

    tasks = [Task(encrypt(count)) for count in counts]
    tasks[0].run()
    times = interleaved([*tasks, *(Task(loop(count)) for count in counts)], settings.rounds(ROUNDS), perf_counter)
    ours, bare = times[: len(counts)], times[len(counts) :]
    name = "a loop in registers on as many threads"
    curve = {
        "axis": "threads",
        "sizes": counts,
        "seconds": [digits(time) for time in ours],
        "turns": [[digits(turn) for turn in turns_of(time)] for time in ours],
        "predicted": [digits(ours[0] * time / bare[0]) for time in bare],
        "fixed": 0.0,
        "over_half": [True] * len(counts),
        "decades": digits(math.log10(counts[-1])),
    }
    if len(counts) < 2:
        return Measurement("sweep.ipfe_ddh.encrypt.threads", 0.0, f"{name} (one core)", None, curve)
    return Measurement("sweep.ipfe_ddh.encrypt.threads", slope(counts, ours), name, slope(counts, bare), curve)
