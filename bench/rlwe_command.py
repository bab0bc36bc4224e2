"""What does one command take that scores a million encrypted patients: its memory, and its time by parts?

``pyfe evaluate`` in a process of its own (:mod:`bench.rlwe_command_worker`), a cohort that is signed and its key
checked against the public key. Reading, scoring and writing are threads beside each other: their time is processor time
of their own, which adds up to more than the command takes where there are cores for all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measure import BenchError, Measurement, Settings
from bench.rlwe_cohort import Cohort

ROUNDS = 3
PARTS = ("start", "read", "score", "write", "whole")


def run(cohort: Cohort, settings: Settings) -> Iterator[Measurement]:
    """The least of several runs, of memory the most."""
    folder = cohort.path.parent
    for name, data in cohort.objects().items():
        (folder / name).write_bytes(data)
    runs = [command(folder, cohort) for _ in range(settings.rounds(ROUNDS))]
    yield Measurement("ipfe_rlwe.evaluate.peak", max(found["peak"] for found in runs))
    for part in PARTS:
        yield Measurement(f"ipfe_rlwe.evaluate.{part}", 1e3 * min(found[part] for found in runs))


def command(folder: Path, cohort: Cohort) -> dict[str, float]:
    """What one run tells. BenchError where it has not scored all rows."""
    (folder / "scores.csv").unlink(missing_ok=True)
    start = time.monotonic()
    words = [sys.executable, "-m", "bench.rlwe_command_worker", str(folder), cohort.path.name, repr(start)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    whole = time.monotonic() - start
    *_, last = done.stdout.splitlines()
    found: dict[str, float] = json.loads(last)
    with (folder / "scores.csv").open("rb") as file:
        if sum(1 for _ in file) != cohort.rows + 1:
            raise BenchError("the command has not scored all rows")
    return {**found, "whole": whole}
