"""What do cohorts under Ring-LWE cost a patient: encrypted, and scored from memory and from Parquet?

Absolute rates say little about another processor, so beside each stands the loop of multiply-adds that stays in
registers (:mod:`bench.madd_loop`), in the same turns: the ratio is patients in the time of one of them. The transforms
that all of it is made of are measured too (:mod:`bench.ring`), and TenSEAL's CKKS on the same rows
(:mod:`bench.rlwe_peer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import ring, rlwe_command, rlwe_peer, rlwe_threads
from bench.madd_loop import NAME, multiply_adds
from bench.measure import Measurement, Settings, Task, against, interleaved, portable, threads
from bench.rlwe_case import Case
from bench.rlwe_cohort import Cohort
from pyfe.schemes import ipfe_rlwe

FULL = ipfe_rlwe.BLOCK_ROWS
CIPHERTEXTS = 64
"""In memory: 85 MB, which no cache of a core holds."""

ROWS = 1_000_000
LOOP, LOOP_REPEAT = 1 << 20, 4
KEY_ROUNDS, ROUNDS, TOGETHER_ROUNDS, COHORT_ROUNDS = 25, 60, 15, 9


@dataclass(frozen=True)
class Times:
    """Seconds of some runs on the lanes and on portable words, and of one multiply-add of the register loop, None
    without it."""

    lanes: list[float]
    plain: list[float]
    multiply_add: float | None

    def rates(self, name: str, patients: int, run: int = 0) -> Iterator[Measurement]:
        """Patients a second on both backends; the peer's is multiply-adds a second."""
        peer = 1 / self.multiply_add if self.multiply_add else None
        return _both(name, patients / self.lanes[run], patients / self.plain[run], peer)

    def each(self, name: str, patients: int, run: int = 0) -> Iterator[Measurement]:
        """Microseconds a patient on both backends; the peer's are those of a multiply-add."""
        peer = 1e6 * self.multiply_add if self.multiply_add else None
        return _both(name, 1e6 * self.lanes[run] / patients, 1e6 * self.plain[run] / patients, peer)


def timed(runs: Sequence[Callable[[], Any]], rounds: int) -> Times:
    """All of them on both backends, and the register loop, in turn."""
    loop = multiply_adds(LOOP)
    floor = [Task(loop, repeat=LOOP_REPEAT)] if loop else []
    tasks = [Task(run) for run in [*runs, *map(portable, runs)]]
    found = interleaved([*tasks, *floor], rounds)
    return Times(found[: len(runs)], found[len(runs) : len(tasks)], found[-1] / LOOP if floor else None)


def _both(name: str, wide: float, plain: float, peer: float | None) -> Iterator[Measurement]:
    for id, value in ((name, wide), (f"{name}.portable", plain)):
        yield against(id, value, None if peer is None else NAME, peer or 0.0)


def run(settings: Settings) -> Iterator[Measurement]:
    """Transforms, the verbs, a cohort in Parquet; one thread."""
    yield from ring.run(settings)
    with threads(1):
        case = Case(settings.batch(CIPHERTEXTS), settings.batch(FULL))
        yield from keys(case, settings)
        yield from memory(case, settings)
        yield from rlwe_peer.run(case, settings)
        with TemporaryDirectory() as folder:
            plain, signed = (Cohort(Path(folder), settings.batch(ROWS), signed=signed) for signed in (False, True))
            yield from cohort(plain, signed, settings)
            yield from rlwe_threads.run(case, plain, settings)
            yield from rlwe_command.run(signed, settings)


def keys(case: Case, settings: Settings) -> Iterator[Measurement]:
    """What is done once a study, and once a model."""
    times = timed([case.setup, case.keygen, case.verify], settings.rounds(KEY_ROUNDS))
    for verb, wide, plain in zip(("setup", "keygen", "verify_key"), times.lanes, times.plain, strict=True):
        yield Measurement(f"ipfe_rlwe.{verb}.n30", 1e3 * wide)
        yield Measurement(f"ipfe_rlwe.{verb}.n30.portable", 1e3 * plain)
    yield Measurement("ipfe_rlwe.public_key.n30", len(case.mpk.to_bytes()))


def memory(case: Case, settings: Settings) -> Iterator[Measurement]:
    """Encryption of a full ciphertext, and scores of many that are read and in memory."""
    yield from timed([case.encrypt], settings.rounds(ROUNDS)).each("ipfe_rlwe.encrypt.n30", len(case.one))
    scored = timed([case.score], settings.rounds(ROUNDS))
    yield from scored.rates("ipfe_rlwe.score.n30.memory", len(case.x))
    yield from together(case, settings)


def together(case: Case, settings: Settings) -> Iterator[Measurement]:
    """Eight models in one pass, beside a pass of each."""
    for name, choose in (("", lambda run: run), (".portable", portable)):
        tasks = [Task(choose(case.score_together)), Task(choose(case.score_one_by_one))]
        one, several = interleaved(tasks, settings.rounds(TOGETHER_ROUNDS))
        rates = len(case.x) / one, len(case.x) / several
        yield Measurement(f"ipfe_rlwe.score.n30.eight_keys{name}", rates[0], "a pass of each key", rates[1])


def cohort(plain: Cohort, signed: Cohort, settings: Settings) -> Iterator[Measurement]:
    """A million patients from a file in the page cache to scores, and what of it is reading; signed, and not."""
    times = timed([plain.score, plain.read, signed.score], settings.rounds(COHORT_ROUNDS))
    for run, name in enumerate(("parquet", "parquet.read", "parquet.signed")):
        yield from times.rates(f"ipfe_rlwe.score.n30.{name}", plain.rows, run)
    yield Measurement("ipfe_rlwe.cohort.n30", plain.bytes_a_patient)
