"""Do two threads pay, and does the core leave the interpreter alone while it works?

What a second core can give differs from machine to machine (shared cores, other tenants), so the yardstick is a loop
that lives in registers and the first-level cache, ``hashlib.pbkdf2_hmac``, which releases the interpreter's lock: one
thread and two take turns at it, between the turns of encryption.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.ipfe import Case
from bench.measure import Measurement, Settings, Task, interleaved, seconds, threads
from pyfe.schemes import ipfe_ddh

BATCH = 256
ROUNDS = 9
GIL_ROUNDS = 5
GIL_SECONDS = 0.4


def run(settings: Settings) -> Iterator[Measurement]:
    """Both halves, n = 1,000."""
    case = Case(1000, 8, settings.batch(BATCH))
    wire = case.wire
    yield from gain(case, settings)
    yield from interpreter(case, wire, settings)


def gain(case: Case, settings: Settings) -> Iterator[Measurement]:
    """Encryption and the register loop, each on one thread and on two, all in turn."""

    def encrypt(count: int) -> None:
        with threads(count):
            ipfe_ddh.encrypt(case.mpk, case.x)

    encrypt(2)
    iterations = calibrate(seconds(lambda: encrypt(1)))
    tasks = [
        Task(lambda: encrypt(1)),
        Task(lambda: register_loop(iterations)),
        Task(lambda: encrypt(2)),
        Task(lambda: in_two_threads(lambda: register_loop(iterations // 2))),
    ]
    one, loop_one, two, loop_two = interleaved(tasks, settings.rounds(ROUNDS), time.perf_counter)
    us = 1e6 / case.batch
    yield Measurement("threads.register_loop.two", 1e3 * loop_two, "one thread", 1e3 * loop_one)
    yield Measurement("threads.encrypt.n1000.two", us * two, "one thread", us * one)
    ideal = one * loop_two / loop_one
    yield Measurement("threads.encrypt.n1000.gain", us * two, "one thread, sped up as the register loop", us * ideal)


def interpreter(case: Case, wire: bytes, settings: Settings) -> Iterator[Measurement]:
    """The speed of another Python thread while this one encrypts or decrypts on one core."""

    def decrypt() -> Any:
        return ipfe_ddh.decrypt(case.sk, ipfe_ddh.CiphertextBatch.from_bytes(wire))

    works: dict[str, Callable[[], object]] = {
        "alone": lambda: time.sleep(0.01),
        "register_loop": lambda: register_loop(100_000),
        "encrypting": lambda: ipfe_ddh.encrypt(case.mpk, case.x),
        "decrypting": decrypt,
    }
    best = dict.fromkeys(works, 0.0)
    with threads(1):
        for _ in range(settings.rounds(GIL_ROUNDS)):
            for name, work in works.items():
                best[name] = max(best[name], rate_beside(work))
    alone = best.pop("alone")
    for name, rate in best.items():
        yield Measurement(f"threads.python_beside.{name}", rate, "the same thread alone", alone)


def register_loop(iterations: int) -> bytes:
    """SHA-256 over and over, without the interpreter's lock."""
    return hashlib.pbkdf2_hmac("sha256", b"register", b"loop", iterations)


def calibrate(target: float) -> int:
    """An even number of iterations that takes about ``target`` seconds."""
    trial = 20_000
    return 2 * max(1, round(trial * target / seconds(lambda: register_loop(trial)) / 2))


def in_two_threads(work: Callable[[], object]) -> None:
    """The work twice, at the same time."""
    in_threads(2, work)


def in_threads(count: int, work: Callable[[], object]) -> None:
    """The work so many times, at the same time."""
    others = [threading.Thread(target=work) for _ in range(count - 1)]
    for other in others:
        other.start()
    work()
    for other in others:
        other.join()


def rate_beside(work: Callable[[], object]) -> float:
    """Rounds of a pure Python loop per second, in a second thread, while this one repeats ``work``.

    Time that the loop spent waiting for a processor is not counted: that is the machine's other work, not ours. Time
    waiting for the interpreter's lock is.
    """
    rates: list[float] = []

    def count() -> None:
        turns, start, queued = 0, time.perf_counter(), queueing()
        while (elapsed := time.perf_counter() - start) < GIL_SECONDS:
            turns += sum(1 for _ in range(100))
        rates.append(turns / (elapsed - (queueing() - queued)))

    counter = threading.Thread(target=count)
    counter.start()
    while counter.is_alive():
        work()
    counter.join()
    return rates[0]


def queueing() -> float:
    """Seconds this thread has been ready to run without a processor (Linux: schedstat; 0 where it is not kept)."""
    try:
        return 1e-9 * int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
