"""Do two threads score twice as many patients, from memory and from Parquet?

The yardstick of what a second core can give is the loop of multiply-adds that stays in registers, or where that cannot
be had :func:`bench.threads.register_loop`: one thread and two take turns at it, between those of scoring. From memory
the core divides the ciphertexts of a batch among its threads; from Parquet every thread scores files of its own, ten
in all, which are links to one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.madd_loop import multiply_adds
from bench.measure import Measurement, Settings, Task, interleaved, require, seconds, threads
from bench.rlwe_case import Case
from bench.rlwe_cohort import Cohort
from bench.threads import register_loop

FILES = 10
ROWS = 10_000_000
ROUNDS = 7
LOOP_SECONDS = 0.4
GAIN = "one thread, sped up as the register loop"


def run(case: Case, cohort: Cohort, settings: Settings) -> Iterator[Measurement]:
    """The loop, memory and Parquet, each on one thread and on two, all in turn."""
    loop = half_of_a_loop()
    passes = -(-settings.batch(ROWS) // len(case.x))
    links = [link(cohort.path, number) for number in range(FILES)]
    works: list[Callable[[int], object]] = [
        lambda count: in_threads(count, [loop, loop]),
        partial(from_memory, case, passes),
        lambda count: in_threads(count, [partial(from_files, cohort, links[at::2]) for at in (0, 1)]),
    ]
    tasks = [Task(partial(work, count)) for work in works for count in (1, 2)]
    times = interleaved(tasks, settings.rounds(ROUNDS), time.perf_counter)
    one, two = times[0], times[1]
    yield Measurement("ipfe_rlwe.two_threads.register_loop", 1e3 * two, "one thread", 1e3 * one)
    for name, at in (("memory", 2), ("parquet", 4)):
        ideal = times[at] * two / one
        yield Measurement(f"ipfe_rlwe.two_threads.{name}", 1e3 * times[at + 1], "one thread", 1e3 * times[at])
        yield Measurement(f"ipfe_rlwe.two_threads.{name}.gain", 1e3 * times[at + 1], GAIN, 1e3 * ideal)


def half_of_a_loop() -> Callable[[], object]:
    """Work in registers without the interpreter's lock, of half of :data:`LOOP_SECONDS`."""
    trial, many = multiply_adds(1 << 20), 1 << 20
    if trial is not None:
        return multiply_adds(round(many * LOOP_SECONDS / 2 / seconds(trial))) or trial
    iterations = 20_000
    return partial(register_loop, round(iterations * LOOP_SECONDS / 2 / seconds(partial(register_loop, iterations))))


def link(path: Path, number: int) -> Path:
    """The same file by another name."""
    name = path.with_name(f"{path.stem} {number}.parquet")
    os.link(path, name)
    return name


def from_memory(case: Case, passes: int, count: int) -> None:
    """All ciphertexts again and again, the core using so many threads."""
    with threads(count):
        for _ in range(passes):
            case.score()


def from_files(cohort: Cohort, files: list[Path]) -> None:
    """Files to scores, one after another."""
    for path in files:
        require(cohort.score(path) == cohort.rows, "a cohort: rows are missing")


def in_threads(count: int, works: list[Callable[[], object]]) -> None:
    """All works, one after another or each in a thread of its own; the core uses one thread in each."""
    with threads(1):
        others = [threading.Thread(target=work) for work in works[1:]] if count > 1 else []
        for other in others:
            other.start()
        for work in works[:1] if others else works:
            work()
        for other in others:
            other.join()
