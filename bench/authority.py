"""What does the authority's transaction cost, once it is decided: record, wait for the disk, derive, sign?

The decision itself is the question ``policy``; here it is taken beforehand, and handed to the engine whenever it asks.
Every request is of a function of its own, so that nothing is had again. The rate is of one process on a disk file,
beside that of the disk: an append of 4 KB and an fsync, in the same folder and the same run.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from unittest import mock

import numpy as np

import pyfe
from bench.measure import Measurement, Settings, require, threads
from pyfe.authority import decisions
from pyfe.authority.decisions import Verdict
from pyfe.schema import number

ISSUES, SYNCS = 200, 100
ROWS = {"rows10": 10, "rows10000": 10_000}
DISK = "an append of 4 KB and an fsync, in the same folder"
PASSPHRASE = "a passphrase of the benchmark"
TAKEN = Verdict((), None)


class Asked:
    """Functions that nobody asked for before, n = 30."""

    def __init__(self) -> None:
        self.schema = pyfe.Schema({f"value {i}": number(0, 255, step=1) for i in range(30)})
        self._random = np.random.default_rng(30)

    def __call__(self) -> pyfe.Function:
        return pyfe.Function.from_integers(self.schema, self._random.integers(1, 128, 30))


@contextlib.contextmanager
def decided() -> Iterator[None]:
    """The decision is taken: what is timed is the rest."""
    with mock.patch.object(decisions, "judged", lambda *_: TAKEN):
        yield


@contextlib.contextmanager
def durable(asked: Asked, folder: Path) -> Iterator[pyfe.KeyAuthority]:
    """An authority on the disk."""
    policy = pyfe.Policy.unrestricted(reason="benchmark")
    with pyfe.KeyAuthority.create(asked.schema, policy=policy, path=folder, passphrase=PASSPHRASE) as authority:
        yield authority


def run(settings: Settings) -> Iterator[Measurement]:
    """One thread, one process."""
    asked, count = Asked(), settings.rounds(ISSUES)
    with threads(1), decided(), tempfile.TemporaryDirectory() as folder, durable(asked, Path(folder, "a")) as authority:
        issue(authority, asked)
        times = [issue(authority, asked) for _ in range(count)]
        yield Measurement("authority.issue", 1e3 * median(cpu for cpu, _ in times))
        rate = count / sum(wall for _, wall in times)
        disk = 1 / median(synced(Path(folder), settings.rounds(SYNCS)))
        yield Measurement("authority.issue.rate", rate, DISK, disk)
        for name, rows in ROWS.items():
            grown = min(rows, 50) if settings.smoke else rows
            while len(authority.issued) < grown:
                issue(authority, asked)
            few = [issue(authority, asked)[0] for _ in range(settings.rounds(50))]
            yield Measurement(f"authority.issue.{name}", 1e3 * median(few))


def issue(authority: pyfe.KeyAuthority, asked: Asked) -> tuple[float, float]:
    """Seconds of the processor and of the clock, function to verified key."""
    function = asked()
    cpu, wall = process_time(), perf_counter()
    key = authority.issue(function, purpose="benchmark", recipient="bench")
    taken = process_time() - cpu, perf_counter() - wall
    require(key.function.id == function.id and key.sequence == len(authority.issued), "authority: a wrong key")
    return taken


def synced(folder: Path, count: int) -> list[float]:
    """Seconds of an append of 4 KB that is on the disk."""
    found = []
    with (folder / "syncs").open("ab") as file:
        for _ in range(count):
            begun = perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            found.append(perf_counter() - begun)
    return found
