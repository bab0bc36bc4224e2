"""A process of its own for the logarithm table: what opening costs, and what its memory is made of.

``python -m bench.dlog_worker`` reads one request a line, ``NAME BITS``, and answers with one number a line.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.measure import BenchError, require, seconds

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """The asking side."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "bench.dlog_worker"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def ask(self, name: str, bits: int) -> float:
        """Send a request, wait for its answer."""
        if self._process.stdin is None or self._process.stdout is None:
            raise BenchError("the worker has no pipes")
        self._process.stdin.write(f"{name} {bits}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        require(answer, f"the worker for the logarithm table ended at {name!r}")
        return float(answer)


class Server:
    """The answering side."""

    def __init__(self) -> None:
        self._batches = 0

    def prepare(self, bits: int) -> float:
        """Seconds to open the table, building it first where needed."""
        from pyfe import _core

        return seconds(lambda: _core.dlog.prepare(2**bits))

    def prepare_gt(self, bits: int) -> float:
        """The same in GT."""
        from pyfe import _core

        return seconds(lambda: _core.dlog.prepare(2**bits, "bls12_381_gt"))

    def batch(self, bits: int) -> float:
        """Seconds for a batch of 64 targets near the lower end, other ones each time."""
        from bench.dlog_targets import Targets, points_of
        from pyfe import _core

        _core.set_num_threads(1)
        self._batches += 1
        targets = Targets(bits, seed=self._batches)
        points = points_of(targets.lowest)
        return seconds(lambda: targets.search(points))

    def peak(self, bits: int) -> float:
        """The largest resident set so far, in bytes."""
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def table_share(self, bits: int) -> float:
        """This process's proportional share (Pss) of the table's memory, in bytes."""
        from pyfe import _core

        path = _core.dlog.plan(2**bits)["path"]
        if not path:
            raise BenchError("the logarithm table is in memory: no cache folder can be written, so nothing is shared")
        return share_of(path, Path("/proc/self/smaps").read_text())


def share_of(path: str, smaps: str) -> int:
    """The sum of Pss over the mappings of a file, in bytes."""
    total, inside = 0, False
    for line in smaps.splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            inside = line.endswith(path)
        elif inside and first == "Pss:":
            total += 1024 * int(rest[0])
    return total


def main() -> None:
    """Answer until the input ends."""
    server = Server()
    answers = {
        "prepare": server.prepare,
        "prepare_gt": server.prepare_gt,
        "batch": server.batch,
        "peak": server.peak,
        "table_share": server.table_share,
    }
    for line in sys.stdin:
        name, bits = line.split()
        print(answers[name](int(bits)), flush=True)


if __name__ == "__main__":
    main()
