"""Timing: alternatives run in turn, minimum of several rounds with the rest kept, and what a question hands back.

Other work on the machine makes a run slower, never faster, so the minimum is the estimate; where the alternatives run
in turn, it slows all of them alike. One-thread figures are processor time of the whole process, which on a quiet
machine is the wall time: on a busy one, wall time would favour whichever run is short enough to escape interruption.
"""

from __future__ import annotations

import gc
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any, TypeAlias

from bench.catalogue import entries
from bench.turns import Turns, middle, paired, spread, turns_of
from pyfe import _core

Clock: TypeAlias = Callable[[], float]

QUICK_SHARE = 0.15
"""Of the rounds, in a quick run."""

LARGEST_BATCH, COHORT_PART = 20_000, 8
"""What is larger than that is a cohort, of which a quick run takes an eighth."""

YARDSTICK = 1500
"""Iterations: about half a millisecond."""


class BenchError(Exception):
    """A benchmark that cannot be trusted: a wrong answer, or ids other than those promised."""


class PeerGaveUp(Exception):
    """A peer that did not finish within its time limit."""


@dataclass(frozen=True)
class Settings:
    """How thorough a run is. ``smoke`` exercises the code: two rounds, tiny batches, figures mean nothing. ``quick``
    measures what a full run does, but cohorts of a million rows are an eighth of that.

    ``share``: of the rounds of a full run.
    """

    smoke: bool = False
    share: float = 1.0
    quick: bool = False

    def rounds(self, full: int) -> int:
        """How often to repeat what a full run repeats ``full`` times; three times at least, if that often at all."""
        return min(full, 2 if self.smoke else max(3, round(full * self.share)))

    def batch(self, full: int) -> int:
        """The size of what is a batch of ``full`` in a full run; 5 stays 5, 4,099 stays an odd one."""
        if self.smoke:
            return min(full, 64 + full % 2)
        return full // COHORT_PART if self.quick and full > LARGEST_BATCH else full


@dataclass(frozen=True)
class Measurement:
    """One figure, in the unit of its id; ``peer`` is None when there is none or when it is absent."""

    id: str
    value: float
    peer: str | None = None
    peer_value: float | None = None
    curve: dict[str, Any] | None = None
    """What the figure was drawn from, for those that sum up a curve (:mod:`bench.sweep`)."""

    def ratio(self) -> float | None:
        """Peer's time divided by ours: above 1 we are faster."""
        if self.peer_value is None or self.peer_value == 0 or self.value == 0:
            return None
        if entries()[self.id].unit == "per_s":
            return self.value / self.peer_value
        return self.peer_value / self.value

    def ratios(self) -> list[float]:
        """The ratio of each turn that both had; what the ratio's own spread is taken from."""
        rate = entries()[self.id].unit == "per_s"
        return paired(turns_of(self.value), turns_of(self.peer_value), rate)

    def to_json(self) -> dict[str, object]:
        """The result as it is written out: the fastest turn and its ratio, then what the turns say."""
        turns, ratios = turns_of(self.value), self.ratios()
        out: dict[str, object] = {
            "id": self.id,
            "value": _rounded(self.value),
            "unit": entries()[self.id].unit,
            "peer": self.peer,
            "peer_value": _rounded(self.peer_value),
            "ratio": _rounded(self.ratio()),
            "median": _rounded(middle(turns)) if turns else None,
            "spread": [_rounded(end) for end in spread(turns)] if turns else None,
            "ratio_median": _rounded(middle(ratios)) if ratios else None,
            "ratio_spread": [_rounded(end) for end in spread(ratios)] if ratios else None,
            "turns": [_rounded(turn) for turn in turns],
            "yardstick": _rounded(self.value.yardstick) if isinstance(self.value, Turns) else None,
        }
        return out if self.curve is None else {**out, "curve": self.curve}


@dataclass(frozen=True)
class Task:
    """Something to time. ``rounds`` and ``repeat`` limit a slow one, or repeat a very short one within each round."""

    run: Callable[[], object]
    rounds: int | None = None
    repeat: int = 1


def interleaved(tasks: Sequence[Task], rounds: int, clock: Clock = process_time) -> list[float]:
    """The fastest run of each task in seconds, the tasks taking turns; ``math.inf`` for a peer that gave up.

    Each is a :class:`bench.turns.Turns`, which has the other turns too (of a task that repeats within a turn, its
    fastest in each), and the yardstick that was timed between them. Nothing is warmed up here: callers run each task
    once beforehand, to check its answer. Work on several threads needs the wall clock.
    """
    found: list[list[float]] = [[] for _ in tasks]
    given_up: set[int] = set()
    stick = math.inf
    with _no_collection():
        for turn in range(rounds):
            stick = min(stick, seconds(yardstick, clock))
            for index, task in enumerate(tasks):
                if index in given_up or turn >= (task.rounds or rounds):
                    continue
                try:
                    found[index].append(min(seconds(task.run, clock) for _ in range(task.repeat)))
                except PeerGaveUp:
                    given_up.add(index)
                    found[index] = []
    return [Turns.fastest(turns, stick) for turns in found]


def yardstick() -> bytes:
    """A loop that nothing of ours and of the peers' is part of, and that stays in registers: SHA-256 over and over.

    When it takes longer than in another run, or than earlier in the same one, the processor's clock is another.
    """
    return hashlib.pbkdf2_hmac("sha256", b"yard", b"stick", YARDSTICK)


def seconds(run: Callable[[], object], clock: Clock = perf_counter) -> float:
    """The time of one call, by the wall unless told otherwise."""
    start = clock()
    run()
    return clock() - start


def against(name: str, value: float, peer: str | None, peer_value: float) -> Measurement:
    """A figure beside its peer's, which may be absent (``peer`` None) or have given up (infinite)."""
    if peer is None:
        return Measurement(name, value)
    if math.isinf(peer_value):
        return Measurement(name, value, f"{peer} (gave up)")
    return Measurement(name, value, peer, peer_value)


def require(condition: object, complaint: str) -> None:
    """BenchError unless the condition holds: a wrong answer is not timed."""
    if not condition:
        raise BenchError(complaint)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let the core use so many threads meanwhile."""
    before = _core.num_threads()
    _core.set_num_threads(count)
    try:
        yield
    finally:
        _core.set_num_threads(before)


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Let the core use this backend meanwhile."""
    before = _core.backend()
    _core.set_backend(name)
    try:
        yield
    finally:
        _core.set_backend(before)


def portable(run: Callable[[], Any]) -> Callable[[], Any]:
    """The same call on the portable backend; switching costs well under a microsecond a call."""

    def switched() -> Any:
        with backend("portable"):
            return run()

    return switched


@contextmanager
def one_by_one() -> Iterator[None]:
    """Let decoders of BLS12-381 test every point by itself meanwhile, however many there are.

    Builds that know no other way, with which this one is compared, have no setting for it.
    """
    if not hasattr(_core.bls12_381, "set_batched_membership_from"):
        yield
        return
    before = _core.bls12_381.batched_membership_from()
    _core.bls12_381.set_batched_membership_from(2**62)
    try:
        yield
    finally:
        _core.bls12_381.set_batched_membership_from(before)


def exactly(run: Callable[[], Any]) -> Callable[[], Any]:
    """The same call with every point tested by itself."""

    def switched() -> Any:
        with one_by_one():
            return run()

    return switched


@contextmanager
def _no_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _rounded(value: float | None) -> float | None:
    """Six significant digits, more than any timing has."""
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.6g}")
