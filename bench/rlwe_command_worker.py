"""``pyfe evaluate`` in this process, and what its parts take.

``python -m bench.rlwe_command_worker FOLDER COHORT START`` prints JSON after what the command prints: the most resident
memory in bytes (VmHWM); seconds since START (``time.monotonic()`` of whoever started this) until all was imported; and
the processor seconds of the parts.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pyfe import cli
from pyfe.cli import commands  # noqa: F401  # all imports of a command
from pyfe.cohorts import chunks_of_files, rows, scoring

Spent = defaultdict[str, float]


def main(folder: Path, cohort: str, start: float) -> int:
    """Run it, and tell its parts after what it tells itself."""
    spent: Spent = defaultdict(float)
    chunks_of_files.chunks_of = metered(chunks_of_files.chunks_of, spent, "read")
    for owner, name, part in (
        (rows, "open_cohort", "read"),
        (chunks_of_files.EncodedChunk, "decoded", "score"),
        (scoring.Scores, "decrypt", "score"),
        (scoring.Scores, "lines", "write"),
    ):
        setattr(owner, name, timed(getattr(owner, name), spent, part))
    spent["start"] = time.monotonic() - start
    words = [str(folder / cohort), "-k", str(folder / "key"), "-p", str(folder / "public"), "--json", "--force"]
    words += ["--signed-by", str(folder / "owner"), "--state", str(folder / "state")]
    code = cli.main(["evaluate", *words, "-o", str(folder / "scores.csv")])
    print(json.dumps({**spent, "peak": most_resident()}))
    return code


def most_resident() -> int:
    """VmHWM of this process, in bytes; what getrusage tells has that of its parent in it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def timed(function: Callable[..., Any], spent: Spent, part: str) -> Callable[..., Any]:
    """The same function, which adds the processor time of its thread to a part."""

    def counted(*given: Any, **named: Any) -> Any:
        before = time.thread_time()
        try:
            return function(*given, **named)
        finally:
            spent[part] += time.thread_time() - before

    return counted


def metered(function: Callable[..., Iterator[Any]], spent: Spent, part: str) -> Callable[..., Iterator[Any]]:
    """Likewise of a generator: the time of its own steps."""

    def counted(*given: Any, **named: Any) -> Iterator[Any]:
        items = function(*given, **named)
        step = timed(lambda: next(items, None), spent, part)
        while (item := step()) is not None:
            yield item

    return counted


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
