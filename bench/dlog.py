"""What does a small logarithm cost, is absence as cheap to prove, and what does the table cost in memory?

Batches of 64, one thread. The search reaches the ends of the interval last, so the worst case is the slower of a batch
near the lower end and one near the upper. Memory and opening are measured in processes of their own
(``dlog_worker``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from bench import peers
from bench.dlog_targets import BATCH, GtTargets, Targets, points_of
from bench.dlog_worker import Worker
from bench.measure import Measurement, Settings, Task, against, interleaved, require, threads
from pyfe import _core

ROUNDS = {30: 15, 40: 7}
GT_BITS, GT_ROUNDS = 32, 9
PEER_TARGETS = 4
PEER_SECONDS = 60.0


def run(settings: Settings) -> Iterator[Measurement]:
    """Searches, then the table."""
    with threads(1):
        for bits in ROUNDS:
            yield from searches(bits, settings)
        yield from searches_in_gt(settings)
    for bits in ROUNDS:
        yield from table(bits, settings)
    with tempfile.TemporaryDirectory() as folder:
        yield from memory({**os.environ, "PYFE_CACHE_DIR": folder}, settings)


def searches(bits: int, settings: Settings) -> Iterator[Measurement]:
    """Uniform, worst and absent targets in turn; at 2^30 the peer's search beside them."""
    _core.dlog.prepare(2**bits)
    targets = Targets(bits)
    require(targets.search_absent(), "found a logarithm that is not there")
    tasks = [Task(targets.search_absent)]
    for logs in (targets.uniform, targets.lowest, targets.highest):
        points = points_of(logs)
        require(np.array_equal(targets.search(points), logs), f"a wrong logarithm in an interval of 2^{bits}")
        tasks.append(Task(partial(targets.search, points)))
    peer = peers.pymife("mife.common") if bits == 30 else None
    if peer is not None:
        for logs in (targets.uniform, targets.lowest):
            tasks.append(Task(peer_search(peer, targets, logs[:PEER_TARGETS]), settings.rounds(2)))
    times = interleaved(tasks, settings.rounds(ROUNDS[bits]))
    absent, uniform, lowest, highest = (1e6 * time / BATCH for time in times[:4])
    name = peer.name if peer is not None else None
    peer_uniform, peer_worst = [1e6 * time / PEER_TARGETS for time in times[4:]] or [0.0, 0.0]
    yield against(f"dlog.w{bits}.uniform", uniform, name, peer_uniform)
    yield against(f"dlog.w{bits}.worst", max(lowest, highest), name, peer_worst)
    yield Measurement(f"dlog.w{bits}.absent", absent, "the worst present one", max(lowest, highest))


def searches_in_gt(settings: Settings) -> Iterator[Measurement]:
    """Uniform, worst and absent targets in turn; and the table."""
    targets = GtTargets(GT_BITS)
    with tempfile.TemporaryDirectory() as folder, Worker({**os.environ, "PYFE_CACHE_DIR": folder}) as builder:
        yield Measurement("dlog.gt.w32.build", 1e3 * builder.ask("prepare_gt", GT_BITS))
    yield Measurement("dlog.gt.w32.table", int(_core.dlog.plan(2**GT_BITS, targets.group)["table_bytes"]))
    _core.dlog.prepare(2**GT_BITS, targets.group)
    require(targets.search_absent(), "found a logarithm that is not there")
    tasks = [Task(targets.search_absent)]
    for logs in (targets.uniform, targets.lowest, targets.highest):
        elements = targets.powers(logs.tolist())
        require(np.array_equal(targets.search(elements), logs), "a wrong logarithm in GT")
        tasks.append(Task(partial(targets.search, elements)))
    times = interleaved(tasks, settings.rounds(GT_ROUNDS))
    absent, uniform, lowest, highest = (1e6 * time / BATCH for time in times)
    yield Measurement("dlog.gt.w32.uniform", uniform)
    yield Measurement("dlog.gt.w32.worst", max(lowest, highest))
    yield Measurement("dlog.gt.w32.absent", absent, "the worst present one", max(lowest, highest))


def peer_search(peer: peers.Peer, targets: Targets, logs: Any) -> Any:
    """PyMIFE's kangaroos on the same logarithms in its own group, over the same interval."""
    generator = peers.group_1024().generator()
    elements = [int(z) * generator for z in logs]
    bounds = (targets.lo, targets.hi)

    def search() -> list[int]:
        return [peer.module.discrete_log_bound(element, generator, bounds) for element in elements]

    return peers.limited(PEER_SECONDS, search)


def table(bits: int, settings: Settings) -> Iterator[Measurement]:
    """Its size; and in new processes, how long it takes to open and how long the first batch takes after that."""
    plan = _core.dlog.plan(2**bits)
    yield Measurement(f"dlog.w{bits}.table", int(plan["table_bytes"]))
    opened, first = [], []
    for _ in range(settings.rounds(5)):
        with Worker() as worker:
            opened.append(worker.ask("prepare", bits))
            first.append(worker.ask("batch", bits))
    yield Measurement(f"dlog.w{bits}.open", 1e3 * min(opened))
    yield Measurement(f"dlog.w{bits}.first_batch", 1e3 * min(first))


def memory(environment: Mapping[str, str], settings: Settings) -> Iterator[Measurement]:
    """In an empty cache folder, so that nobody else maps the file: the time to build the table; how the peak grows with
    use; and how much a second process adds to the memory that holds the table."""
    with Worker(environment) as builder:
        yield Measurement("dlog.w40.build", 1e3 * builder.ask("prepare", 40))
    with Worker(environment) as first, Worker(environment) as second:
        first.ask("prepare", 40)
        first.ask("batch", 40)
        before = first.ask("peak", 40)
        for _ in range(settings.rounds(20)):
            first.ask("batch", 40)
        yield Measurement("dlog.w40.memory_growth", int(first.ask("peak", 40) - before))
        alone = first.ask("table_share", 40)
        second.ask("prepare", 40)
        second.ask("batch", 40)
        together = first.ask("table_share", 40) + second.ask("table_share", 40)
        yield against("dlog.w40.second_process", int(together - alone), "the first process", alone)
