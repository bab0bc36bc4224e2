#!/usr/bin/env python
"""Whether ``pyfe evaluate`` takes any number of rows: its time beside the core's own, its memory, and whether it can be
killed.

    python scripts/measure_evaluate.py [--rows 1000000] [--columns 30] [--folder build/cohorts] [--rounds 3]
        [--kills 10]

Tables, keys and cohorts are made in the folder, once, as by measure_cohorts.py: one cohort as it is encrypted, and the
same rows signed, with ids. The core's own time is that of decoding the payloads of the chunks and of decrypting them,
one after the other, in a process that does nothing else; in each round it stands before the commands. Time is that of
the whole process, its start too. Then a run is killed (SIGKILL) at random instants and gone on with: the scores must
be the same, byte for byte, and parts that stood in the manifest as they were.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure_cohorts import asked, python, report, require, started, timed

COHORTS = {"as encrypted": ["rows.parquet"], "signed, with ids": ["signed.parquet", "--signed-by", "owner"]}
SIGN = """
from pyfe.cohorts import Chunk, open_cohort, write_part
from pyfe.identity import IdentitySecret
from pyfe.row_ids import RowIds
owner = IdentitySecret.generate("a hospital")
open("owner", "wb").write(owner.identity.to_bytes())
def signed():
    for chunk in open_cohort("rows.parquet").chunks():
        first = chunk.place.first_row
        ids = RowIds.clear([f"P{row:08}" for row in range(first, first + len(chunk))])
        yield Chunk(chunk.place, chunk.batch.with_ids(ids)).signed(owner)
write_part("signed.parquet", signed())
"""
CORE = """
import itertools, sys, time, pyfe
from pyfe.cohorts import open_cohort
rows = int(sys.argv[1])
key = pyfe.FunctionKey.from_bytes(open("key", "rb").read())
key.adapter.search.prepare(int((key.interval[:, 1] - key.interval[:, 0]).max()))
seconds, done = 0.0, 0
for chunk in itertools.islice(open_cohort("rows.parquet").chunks(), 200):
    payload = b"".join(chunk.batch.adapter.pieces(chunk.batch.native))
    key.decrypt(chunk.batch)
    start = time.perf_counter()
    native = chunk.batch.adapter.read_batch(memoryview(payload))
    key.adapter.decrypt(key.native, native)
    seconds += time.perf_counter() - start
    done += len(chunk)
print(seconds / done * rows)
"""


def main() -> None:
    given = asked(__doc__)
    folder: Path = given.folder
    if not (folder / "signed.parquet").exists():
        timed(folder, ["encrypt", "table.parquet", "-p", "public", "-o", "rows.parquet", "--json", "--force"])
        python(folder, SIGN)
    seconds = measure(folder, given.rows, given.rounds)
    for name in COHORTS:
        killed(folder, name, seconds[name], given.kills)


def measure(folder: Path, rows: int, rounds: int) -> dict[str, float]:
    """Times and memory, the best of the rounds; the seconds of each command."""
    best: dict[str, float] = {}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        own = float(python(folder, CORE, rows))
        best["core"] = min(own, best.get("core", own))
        for name in COHORTS:
            (folder / "scores.csv").unlink(missing_ok=True)
            seconds, most = timed(folder, command(name))
            best[name] = min(seconds, best.get(name, seconds))
            memory[name] = max(most, memory.get(name, 0.0))
    report(best, memory, rows)
    return best


def command(name: str, *more: str) -> list[str]:
    return ["evaluate", *COHORTS[name], "-k", "key", "-p", "public", "-o", "scores.csv", "--json", *more]


def killed(folder: Path, name: str, seconds: float, kills: int) -> None:
    """Kill a run again and again, go on, and look at what came out."""
    scores, work = folder / "scores.csv", folder / "scores.csv.parts"
    timed(folder, command(name))
    whole = scores.read_bytes()
    scores.unlink()
    draw, deaths, most = random.Random(24), 0, 0
    while deaths < kills:
        before = {path.name: path.stat().st_ino for path in work.glob("part-*")} if work.exists() else {}
        process = started(folder, command(name, "--resume"))
        time.sleep(draw.uniform(0.1, 1.0) * seconds / 2)
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            require(scores.read_bytes() == whole, "the scores are others")
            scores.unlink()
            continue
        deaths += 1
        after = {path.name: path.stat().st_ino for path in work.glob("part-*")} if work.exists() else {}
        most = max(most, len(after))
        again = [part for part, inode in before.items() if after and after.get(part) != inode]
        require(len(again) <= 1, "a finished part was made again")  # one may have stood there, not entered yet
    timed(folder, command(name, "--resume"))
    require(scores.read_bytes() == whole and not work.exists(), "the scores are others")
    print(f"{name}: killed {deaths} times, up to {most} parts kept, the same bytes")


if __name__ == "__main__":
    main()
