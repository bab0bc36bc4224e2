"""Is a build slower than another? compare_builds.py OLD_PYTHON NEW_PYTHON [SUITE ...] [--rounds N] [--share S]

Runs `python -m bench SUITE ...` of two environments in turn, each with the pyfe that is installed there and both with
the benchmark programs of this tree, without the peers. For every figure it prints the ratio of the throughputs, new
to old (above 1: faster), as the median over the rounds, with a 90 % interval from the order statistics. Exits 1 when
the interval of any id lies wholly below 0.97.

The rounds are interleaved, and each round starts with the other build, so that both have the same weather. --share
takes that part of every figure's repetitions in a round; --json keeps all figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import native

sys.path.insert(0, str(native.ROOT))

from bench.turns import CONFIDENCE, FEWEST, interval_of_the_median

LEAST = 0.97
SUITES = ("group", "ipfe", "pairing", "qfe")
RATES = ("per_s", "share")
"""Units in which more is better, a share being that of the least possible time; in others (seconds, bytes) less is."""


class Compared(NamedTuple):
    """The ratio of a figure: the median over the rounds, and its interval."""

    ratio: float
    low: float
    high: float

    @property
    def slower(self) -> bool:
        """Whether the whole interval lies below :data:`LEAST`."""
        return self.high < LEAST


def compare(ratios: Sequence[float]) -> Compared:
    """Median of the ratios, and an interval that holds the true median with probability :data:`CONFIDENCE`."""
    return Compared(statistics.median(ratios), *interval_of_the_median(ratios))


def ratio(old: Mapping[str, object], new: Mapping[str, object]) -> float:
    """Throughput of the new figure over that of the old one."""
    before, after = float(str(old["value"])), float(str(new["value"]))
    return float(after / before if new["unit"] in RATES else before / after)


def measured(python: str, folder: Path, suites: Sequence[str], share: float) -> dict[str, dict[str, object]]:
    """Figures by id, of the pyfe that an interpreter has."""
    command = [python, "-m", "bench", *suites, "--no-peers", "--share", str(share), "--json", "-"]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare: {python} -m bench failed ({done.returncode})\n{done.stderr[-4000:]}")
    return {str(result["id"]): result for result in json.loads(done.stdout)["results"]}


def rounds(
    pythons: Sequence[str], suites: Sequence[str], count: int, share: float
) -> list[list[dict[str, dict[str, object]]]]:
    """``[round][old, new]``: the figures of both; the programs are copied, so that neither tree's pyfe is imported."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(native.ROOT / "bench", Path(name, "bench"), ignore=shutil.ignore_patterns("__pycache__"))
        found = []
        for turn in range(count):
            start = time.monotonic()
            both: list[dict[str, dict[str, object]]] = [{}, {}]
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                both[which] = measured(pythons[which], Path(name), suites, share)
            found.append(both)
            print(f"round {turn + 1} of {count}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Measure, compare, print; 1 when a figure became slower."""
    options = parse()
    if options.rounds < FEWEST:
        sys.exit(f"compare: an interval needs {FEWEST} rounds")
    found = rounds((options.old, options.new), options.suites or SUITES, options.rounds, options.share)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n")
    names = [name for name in found[0][1] if name in found[0][0]]
    results = {name: compare([ratio(old[name], new[name]) for old, new in found]) for name in names}
    head = ("id", "new / old", "low", "high", "")
    shown = [
        (n, f"{r.ratio:.3f}", f"{r.low:.3f}", f"{r.high:.3f}", "SLOWER" if r.slower else "") for n, r in results.items()
    ]
    print(native.table([head, *shown]))
    slower = [name for name, result in results.items() if result.slower]
    print(
        f"\nintervals of {CONFIDENCE:.0%} from {len(found)} rounds; wholly below {LEAST}: {', '.join(slower) or 'none'}"
    )
    return int(bool(slower))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "old", type=os.path.abspath, metavar="OLD_PYTHON", help="the interpreter that has the build before"
    )
    parser.add_argument(
        "new", type=os.path.abspath, metavar="NEW_PYTHON", help="the interpreter that has the new build"
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of python -m bench; default {' '.join(SUITES)}")
    parser.add_argument("--rounds", type=int, default=7, help="of both builds (7)")
    parser.add_argument("--share", type=float, default=1.0, help="of the repetitions within a round, in (0, 1]")
    parser.add_argument("--json", metavar="FILE", help="keep every figure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
