#!/usr/bin/env python
"""Whether workers score any number of rows: two against one, beside what a second core gives; memory; and workers that
are killed.

    python scripts/measure_cluster.py [--rows 1000000] [--columns 30] [--folder build/cohorts] [--links 10] [--rounds 1]
        [--kills 3] [--signed]

Tables, keys and a cohort of ``--rows`` rows are made in the folder, once, as by measure_evaluate.py, and scored by one
process. Then the cohort is there ``--links`` times, by hard links, and each of them is scored into a table of its own,
with a manifest of its own, two at a time, so that the end of one is not waited for: by one worker, then by two. Every
worker has one thread. Time begins when all workers are there. In each round a loop that lives in registers takes turns
with them, once and twice at the same time (bench/threads.py): what a second core gives here. Memory is RssAnon of every
process, looked at every 20 ms: the most in the first third of the time and in the rest. Then one of the two workers is
killed (SIGKILL) at random instants. All tables must be those of one process, byte for byte.

PYFE_BACKEND=portable measures the portable code.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure_cohorts import ROOT, anonymous, asked_by, parser_of, python, require, timed
from measure_evaluate import SIGN

from bench.measure import seconds
from bench.threads import calibrate, in_two_threads, register_loop

SCORE = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import pyfe
from pyfe import cluster
from pyfe.identity import Identity

if __name__ == "__main__":
    workers, links, signed = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    key = pyfe.FunctionKey.from_bytes(Path("key").read_bytes())
    by = Identity.from_bytes(Path("owner").read_bytes()) if signed else None
    with cluster.connected(workers=workers) as connected, ThreadPoolExecutor(2) as pool:
        print("ready", flush=True)
        start = time.perf_counter()
        def scored(at):
            return cluster.score(f"links/{at}.parquet", key, f"scores/{at}.csv", cluster=connected, signed_by=by)
        made = list(pool.map(scored, range(links)))
        print(json.dumps({"seconds": time.perf_counter() - start, "rows": sum(each.rows for each in made)}), flush=True)
"""


class Run(NamedTuple):
    """Seconds of a run, its rows, and of every process the most memory in the first third and in the rest."""

    seconds: float
    rows: int
    memory: dict[str, tuple[float, float]]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--links", type=int, default=10)
    parser.add_argument("--signed", action="store_true", help="the cohort that is signed, with ids")
    parser.set_defaults(rounds=1, kills=3)
    given = asked_by(parser)
    folder: Path = given.folder
    if not (folder / "signed.parquet").exists():
        timed(folder, ["encrypt", "table.parquet", "-p", "public", "-o", "rows.parquet", "--json", "--force"])
        python(folder, SIGN)
    (folder / "score.py").write_text(SCORE)
    whole = linked(folder, "signed.parquet" if given.signed else "rows.parquet", given.links)
    runs: dict[int, list[Run]] = {1: [], 2: []}
    loops: dict[int, list[float]] = {1: [], 2: []}
    iterations = calibrate(2.0)
    for _ in range(given.rounds):
        for workers in runs:
            loops[1].append(seconds(lambda: register_loop(iterations)))
            loops[2].append(seconds(lambda: in_two_threads(lambda: register_loop(iterations // 2))))
            runs[workers].append(scored(folder, workers, given.links, given.signed))
            require_same(folder, whole, given.links)
    report(runs, loops)
    killed(folder, whole, given.links, given.signed, given.kills, min(run.seconds for run in runs[2]))


def linked(folder: Path, cohort: str, links: int) -> bytes:
    """The cohort so many times; its scores by one process."""
    shutil.rmtree(folder / "links", ignore_errors=True)
    (folder / "links").mkdir()
    for at in range(links):
        os.link(folder / cohort, folder / "links" / f"{at}.parquet")
    timed(folder, ["evaluate", cohort, "-k", "key", "-o", "scores.csv", "--json", "--force"])
    return (folder / "scores.csv").read_bytes()


def scored(folder: Path, workers: int, links: int, signed: bool, kill: float | None = None) -> Run:
    """Score all of them; ``kill``: after how many seconds a worker is killed."""
    shutil.rmtree(folder / "scores", ignore_errors=True)
    (folder / "scores").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYFE_NUM_THREADS": "1"}
    call = [sys.executable, "score.py", str(workers), str(links), str(int(signed))]
    process = subprocess.Popen(call, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    require(process.stdout.readline() == "ready\n", "the workers did not come")
    start, seen = time.perf_counter(), defaultdict[int, list[tuple[float, float]]](list)
    while process.poll() is None:
        now = time.perf_counter() - start
        for pid in (process.pid, *workers_of(process.pid)):
            seen[pid].append((now, anonymous(pid)))
        if kill is not None and now > kill:
            os.kill(random.choice(workers_of(process.pid)), signal.SIGKILL)
            kill = None
        time.sleep(0.02)
    require(process.returncode == 0 and kill is None, "the run failed, or ended before a worker was killed")
    said: dict[str, Any] = json.loads(process.stdout.read())
    names = {process.pid: "the command"}
    memory = {names.get(pid, f"worker {pid}"): thirds(looks, said["seconds"]) for pid, looks in seen.items()}
    return Run(said["seconds"], said["rows"], memory)


def workers_of(pid: int) -> list[int]:
    """The processes that a process has started and that work: not those that only look after others."""
    try:
        threads = [Path(f"/proc/{pid}/task/{each}/children") for each in os.listdir(f"/proc/{pid}/task")]
        children = [child for file in threads for child in file.read_text().split()]
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []


def thirds(looks: list[tuple[float, float]], whole: float) -> tuple[float, float]:
    """The most in the first third of the time, and in the rest."""
    first = max((most for at, most in looks if at < whole / 3), default=0.0)
    return first, max((most for at, most in looks if at >= whole / 3), default=0.0)


def require_same(folder: Path, whole: bytes, links: int) -> None:
    """All tables are those of one process, and nothing else is left."""
    tables = sorted((folder / "scores").iterdir())
    require(len(tables) == links and all(table.read_bytes() == whole for table in tables), "the scores are others")


def report(runs: dict[int, list[Run]], loops: dict[int, list[float]]) -> None:
    """Rows a second, what the second worker gives beside what a second core gives, and memory."""
    best = {workers: min(each, key=lambda run: run.seconds) for workers, each in runs.items()}
    for workers, run in best.items():
        print(f"{workers} workers: {run.rows} rows in {run.seconds:.1f} s, {run.rows / run.seconds:,.0f} rows/s")
        for name, (first, rest) in run.memory.items():
            print(f"  {name}: RssAnon {first / 1e6:.0f} MB at most in the first third, {rest / 1e6:.0f} MB in the rest")
    gain, loop = best[1].seconds / best[2].seconds, min(loops[1]) / min(loops[2])
    print(f"the second worker: {gain:.2f} times; a second core in the register loop: {loop:.2f} times")
    print(f"the same tables as one process; gain {gain / loop:.2f} of the loop's")


def killed(folder: Path, whole: bytes, links: int, signed: bool, kills: int, whole_seconds: float) -> None:
    """Kill a worker at random instants."""
    draw = random.Random(24)
    for _ in range(kills):
        at = draw.uniform(0.1, 0.8) * whole_seconds
        run = scored(folder, 2, links, signed, at)
        require_same(folder, whole, links)
        print(f"a worker killed after {at:.1f} s: {run.rows} rows in {run.seconds:.1f} s, the same tables")


if __name__ == "__main__":
    main()
